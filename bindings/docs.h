/* What help() knows about native functions. */
#ifndef HYL_DOCS_H
#define HYL_DOCS_H

#include "bindings.h"

/* The function on top of the stack is known by this name from now on. */
void hyl_name_function(lua_State *L, const char *name);
void hyl_open_docs(lua_State *L); /* core.about */

#endif
