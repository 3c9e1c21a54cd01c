/* hy.tensor: nested Lua lists of numbers to a tensor. */
#include <string.h>

#include "tensor.h"

typedef struct builder {
    lua_State *L;
    hy_ctx *cx;
    hy_tensor *out;
    int ndim;
    int64_t shape[HY_MAX_DIM], next;
} builder;

/* The shape is that of the first elements; fill() finds lists that differ. */
static void measure(builder *b, int i)
{
    lua_pushvalue(b->L, i);
    while (lua_type(b->L, -1) == LUA_TTABLE) {
        if (b->ndim == HY_MAX_DIM)
            luaL_error(b->L, "tensor: lists are nested deeper than %d", HY_MAX_DIM);
        b->shape[b->ndim] = (int64_t)lua_rawlen(b->L, -1);
        if (b->shape[b->ndim] == 0 && (lua_pushnil(b->L), lua_next(b->L, -2)))
            luaL_error(b->L, "tensor: expected a list of numbers, got a table with named fields");
        if (b->shape[b->ndim++] == 0)
            break;
        lua_rawgeti(b->L, -1, 1);
        lua_remove(b->L, -2);
    }
    lua_pop(b->L, 1);
}

static void fill_from(builder *b, int axis)
{
    lua_State *L = b->L;
    if (axis == b->ndim) {
        double value = 0;
        if (lua_type(L, -1) == LUA_TBOOLEAN)
            value = lua_toboolean(L, -1);
        else if (lua_type(L, -1) == LUA_TNUMBER)
            value = lua_tonumber(L, -1);
        else
            luaL_error(L, "tensor: element %d: expected number, got %s", (int)b->next + 1,
                       hyl_typename(L, -1));
        hyl_try(L, "tensor", hy_set(b->cx, b->out, b->next++, value));
        return;
    }
    if (lua_type(L, -1) != LUA_TTABLE)
        luaL_error(L, "tensor: lists differ in depth: expected a list, got %s", hyl_typename(L, -1));
    const int64_t n = (int64_t)lua_rawlen(L, -1);
    if (n != b->shape[axis])
        luaL_error(L, "tensor: lists differ in length: %d and %d", (int)b->shape[axis], (int)n);
    luaL_checkstack(L, 2, "tensor");
    for (int64_t i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        fill_from(b, axis + 1);
        lua_pop(L, 1);
    }
}

static hy_dtype check_dtype(lua_State *L, int i)
{
    const char *name = NULL;
    if (lua_isnoneornil(L, i))
        return HY_F32;
    if (lua_type(L, i) == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, i)) {
            const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
            if (strcmp(key, "dtype") != 0 && strcmp(key, "device") != 0)
                luaL_error(L, "tensor: unknown option \"%s\"; it knows dtype and device", key);
            lua_pop(L, 1);
        }
        lua_getfield(L, i, "device");
        if (!lua_isnil(L, -1) && strcmp(luaL_tolstring(L, -1, NULL), "cpu") != 0)
            luaL_error(L, "tensor: option device: \"%s\" is not part of this build; it has \"cpu\"",
                       lua_tostring(L, -1));
        lua_getfield(L, i, "dtype");
        if (lua_isnil(L, -1))
            return HY_F32;
        i = lua_gettop(L);
    }
    name = lua_tostring(L, i);
    for (int t = 0; name && t < HY_DTYPES; t++)
        if (strcmp(name, hy_dtype_name((hy_dtype)t)) == 0)
            return (hy_dtype)t;
    luaL_error(L, "tensor: option dtype: expected \"f32\", \"f64\", \"u8\" or \"index\", got %s",
               luaL_tolstring(L, i, NULL));
    return HY_F32;
}

int hyl_tensor_from_lua(lua_State *L)
{
    builder b = { .L = L, .cx = hyl_ctx(L) };
    lua_settop(L, 2);
    hyl_relieve(L);
    const int type = lua_type(L, 1);
    if (luaL_testudata(L, 1, HYL_TENSOR)) {
        const hy_dtype given = check_dtype(L, 2);
        hy_tensor **box = hyl_new(L);
        const hy_tensor *x = hyl_check(L, 1, "tensor", 1, "value");
        const hy_dtype dtype = lua_isnil(L, 2) ? x->dtype : given;
        hyl_try(L, "tensor", hy_tensor_new(b.cx, dtype, x->ndim, x->shape, box));
        hyl_try(L, "tensor", hy_copy_into(b.cx, x, *box));
        return 1;
    }
    if (type != LUA_TTABLE && type != LUA_TNUMBER)
        return luaL_error(
            L, "tensor: argument 1 (value): expected a number or nested lists of numbers, got %s",
            hyl_typename(L, 1));
    const hy_dtype dtype = check_dtype(L, 2);
    measure(&b, 1);
    hy_tensor **box = hyl_new(L);
    hyl_try(L, "tensor", hy_tensor_new(b.cx, dtype, b.ndim, b.shape, box));
    b.out = *box;
    lua_pushvalue(L, 1);
    fill_from(&b, 0);
    lua_pop(L, 1);
    return 1;
}
