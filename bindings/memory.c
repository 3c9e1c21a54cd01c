/*
 * Tensor memory is invisible to Lua's collector. So before an op, and never inside an allocation,
 * the binding collects when more than max(32 MB, live / 8) was allocated since the last collection.
 */
#include "bindings.h"

enum { FLOOR_BYTES = 32 << 20 };

void hyl_relieve(lua_State *L)
{
    hy_ctx *cx = hyl_ctx(L);
    const int64_t limit = cx->live / 8 > FLOOR_BYTES ? cx->live / 8 : FLOOR_BYTES;
    if (cx->fresh <= limit)
        return;
    cx->fresh = 0;
    lua_gc(L, LUA_GCCOLLECT);
}

static int memory(lua_State *L)
{
    const hy_ctx *cx = hyl_ctx(L);
    lua_pushinteger(L, cx->live);
    lua_pushinteger(L, cx->peak);
    return 2;
}

static const hyl_function functions[] = {
    { "memory", memory, "() → live, peak", "Bytes of tensor memory now, and at most so far." },
    { NULL },
};

void hyl_open_memory(lua_State *L)
{
    hyl_register(L, functions);
}
