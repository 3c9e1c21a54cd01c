/*
 * What the files of bindings/ share. The pattern of every binding: check all arguments (may raise;
 * nothing is owned yet), push the result closed with hyl_new, run core into it, and hand the status
 * to hyl_try, which raises `name: sentence`. So an error in between leaks nothing.
 */
#ifndef HY_BINDINGS_H
#define HY_BINDINGS_H

#include <lauxlib.h>
#include <lua.h>

#include "../core/hyades.h"

#define HYL_TENSOR "hyades.tensor"
#define HYL_RNG "hyades.rng"
#define HYL_TAPE "hyades.tape"

hy_ctx *hyl_ctx(lua_State *L); /* the context of this Lua state; sets cx->thread to L */

/* Pushes a closed tensor and returns its slot; core writes one reference into it. */
hy_tensor **hyl_new(lua_State *L);
hy_tensor *hyl_test(lua_State *L, int i);         /* NULL when value i is no tensor */
/* Open tensor at i, or an error: `fn: argument 2 (x): expected tensor, got string`. */
hy_tensor *hyl_check(lua_State *L, int i, const char *fn, int argument, const char *name);
hy_rng *hyl_test_rng(lua_State *L, int i);

/* HY_OK: returns. Else raises `fn: message`, or the Lua error a callback left behind. */
void hyl_try(lua_State *L, const char *fn, hy_status status);
/* Collects garbage when tensor memory grew enough since the last collection. Call before an op. */
void hyl_relieve(lua_State *L);
/* luaL_typename, but says tensor, rng, tape for our own types. Pushes nothing. */
const char *hyl_typename(lua_State *L, int i);

/* A native function that is no op, with what help() says about it. */
typedef struct hyl_function {
    const char *name;
    lua_CFunction call;
    const char *signature, *doc;
} hyl_function;

/* Adds functions (ended by a row without a name) to the table on top of the stack. */
void hyl_register(lua_State *L, const hyl_function *functions);

/* Each adds its functions to the module table on top of the stack. */
void hyl_open_tensor(lua_State *L);
void hyl_open_ops(lua_State *L);
void hyl_open_tape(lua_State *L);
void hyl_open_rng(lua_State *L);
void hyl_open_memory(lua_State *L);
void hyl_open_files(lua_State *L);
void hyl_open_json(lua_State *L);
void hyl_open_terminal(lua_State *L);

#endif
