/* Generators: hy.rng is the default one, hy.rng(seed) makes another, r:split() derives a stream. */
#include "bindings.h"

static const char DEFAULT_KEY[] = "hyades.rng.default";

hy_rng *hyl_test_rng(lua_State *L, int i)
{
    hy_rng *r = luaL_testudata(L, i, HYL_RNG);
    return r && lua_rawlen(L, i) == sizeof *r ? r : NULL; /* debug.setmetatable may have lied */
}

static hy_rng *self(lua_State *L, const char *fn)
{
    hy_rng *r = hyl_test_rng(L, 1);
    if (!r)
        luaL_error(L, "rng:%s: expected a generator before the colon, got %s", fn, hyl_typename(L, 1));
    return r;
}

static int push_rng(lua_State *L, hy_rng r)
{
    hy_rng *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = r;
    luaL_setmetatable(L, HYL_RNG);
    return 1;
}

static uint64_t check_seed(lua_State *L, int i, const char *fn)
{
    int is_integer;
    const lua_Integer seed = lua_tointegerx(L, i, &is_integer);
    if (!is_integer)
        luaL_error(L, "%s: argument 1 (seed): expected integer, got %s", fn, hyl_typename(L, i));
    return (uint64_t)seed;
}

static int new_rng(lua_State *L) /* hy.rng(seed): a call of the default generator */
{
    return push_rng(L, hy_rng_new(check_seed(L, 2, "rng")));
}

static int seed_default(lua_State *L)
{
    const uint64_t seed = check_seed(L, 1, "seed");
    lua_getfield(L, LUA_REGISTRYINDEX, DEFAULT_KEY);
    *hyl_test_rng(L, -1) = hy_rng_new(seed);
    return 0;
}

static int split(lua_State *L)
{
    return push_rng(L, hy_rng_split(self(L, "split")));
}

static int uniform(lua_State *L)
{
    lua_pushnumber(L, hy_rng_uniform(self(L, "uniform")));
    return 1;
}

static int integer(lua_State *L)
{
    hy_rng *r = self(L, "integer");
    const lua_Integer n = lua_tointeger(L, 2);
    if (n < 1)
        return luaL_error(L, "rng:integer: argument 1 (n): expected an integer of at least 1, got %s",
                          luaL_tolstring(L, 2, NULL));
    lua_pushinteger(L, hy_rng_below(r, n) + 1);
    return 1;
}

/* The four numbers that continue the stream, and back: for checkpoints. */
static int state(lua_State *L)
{
    hy_rng *r = self(L, "state");
    if (lua_istable(L, 2)) {
        uint64_t v[4];
        for (int i = 0; i < 4; i++) {
            lua_rawgeti(L, 2, i + 1);
            v[i] = (uint64_t)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
        *r = (hy_rng){ .seed = v[0], .stream = v[1], .next = v[2], .splits = v[3] };
        lua_settop(L, 1);
        return 1;
    }
    const uint64_t v[4] = { r->seed, r->stream, r->next, r->splits };
    lua_createtable(L, 4, 0);
    for (int i = 0; i < 4; i++) {
        lua_pushinteger(L, (lua_Integer)v[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int text(lua_State *L)
{
    const hy_rng *r = self(L, "tostring");
    lua_pushfstring(L, "rng(seed %I, stream %I, draw %I)", (lua_Integer)r->seed, (lua_Integer)r->stream,
                    (lua_Integer)r->next);
    return 1;
}

static const hyl_function methods[] = {
    { "split", split, "(r) → rng",
      "A generator with a stream of its own; how many were split before decides which." },
    { "uniform", uniform, "(r) → number", "A number in (0, 1)." },
    { "integer", integer, "(r, n) → integer", "One of 1..n with equal probability." },
    { "state", state, "(r, state?) → state or r",
      "The four integers that continue the stream; given them, the generator goes on from there." },
    { NULL },
};

static const luaL_Reg events[] = { { "__call", new_rng }, { "__tostring", text }, { NULL, NULL } };

static const hyl_function functions[] = {
    { "seed", seed_default, "(n)", "Start the default generator again from seed n, in place." },
    { NULL },
};

void hyl_open_rng(lua_State *L)
{
    if (luaL_newmetatable(L, HYL_RNG)) {
        lua_pushvalue(L, -1);
        lua_setfield(L, -2, "__index");
    }
    hyl_register(L, methods);
    luaL_setfuncs(L, events, 0);
    lua_pop(L, 1);
    if (lua_getfield(L, LUA_REGISTRYINDEX, DEFAULT_KEY) == LUA_TNIL) {
        lua_pop(L, 1);
        push_rng(L, hy_rng_new(0));
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, DEFAULT_KEY);
    }
    lua_setfield(L, -2, "rng");
    hyl_register(L, functions);
}
