/* hy.tensor lives in a file of its own. */
#ifndef HYL_TENSOR_H
#define HYL_TENSOR_H

#include "bindings.h"

int hyl_tensor_from_lua(lua_State *L); /* hy.tensor(value, {dtype=}) */

#endif
