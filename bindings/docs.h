/* What help() knows about native functions. */
#ifndef HYL_DOCS_H
#define HYL_DOCS_H

#include "bindings.h"

/* The function on top of the stack is known by this name from now on. */
void hyl_name_function(lua_State *L, const char *name);
/* Pushes {name, signature, doc}. */
void hyl_push_doc(lua_State *L, const char *name, const char *signature, const char *doc);
void hyl_open_docs(lua_State *L); /* core.about */

#endif
