/* Tapes: local tape <close> = hy.tape(); tape:backward(value); tape:grad(value, {x, …}). */
#include "bindings.h"

/* Of another size than the userdata of other kinds. */
typedef struct hyl_tape {
    uint64_t id, unused[2];
} hyl_tape;

static uint64_t *self(lua_State *L, const char *fn)
{
    hyl_tape *t = luaL_testudata(L, 1, HYL_TAPE);
    if (!t || lua_rawlen(L, 1) != sizeof *t) /* debug.setmetatable may have made it one */
        luaL_error(L, "tape:%s: expected a tape before the colon, got %s", fn, hyl_typename(L, 1));
    return &t->id;
}

static hy_tape *open_tape(lua_State *L, hy_ctx *cx, const char *fn)
{
    hy_tape *tape = hy_tape_find(cx, *self(L, fn));
    if (!tape)
        luaL_error(L, "tape:%s: the tape is closed", fn);
    return tape;
}

static int new_tape(lua_State *L, bool blocked)
{
    hy_ctx *cx = hyl_ctx(L);
    hyl_tape *t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = (hyl_tape){ 0 };
    luaL_setmetatable(L, HYL_TAPE);
    hyl_try(L, "tape", hy_tape_open(cx, blocked, &t->id));
    return 1;
}

static int tape(lua_State *L)
{
    return new_tape(L, false);
}

/* While it is open its coroutine records nothing: the inside of hy.no_grad. */
static int blocked_tape(lua_State *L)
{
    return new_tape(L, true);
}

static int close_tape(lua_State *L)
{
    hy_ctx *cx = hyl_ctx(L);
    hy_tape *t = hy_tape_find(cx, *self(L, "close"));
    if (t)
        hy_tape_close(cx, t);
    return 0;
}

static int backward(lua_State *L)
{
    hyl_relieve(L);
    hy_ctx *cx = hyl_ctx(L);
    hy_tape *t = open_tape(L, cx, "backward");
    hy_tensor *value = hyl_check(L, 2, "tape:backward", 1, "value");
    hy_status status = hy_tape_backward(cx, t, value);
    if (status == HY_EMEM) {
        lua_gc(L, LUA_GCCOLLECT); /* finalizers may close either */
        t = open_tape(L, cx, "backward");
        value = hyl_check(L, 2, "tape:backward", 1, "value");
        status = hy_tape_backward(cx, t, value);
    }
    hyl_try(L, "tape:backward", status);
    return 0;
}

enum { MAX_WANTED = 256 };

static int grad(lua_State *L)
{
    hy_tensor *x[MAX_WANTED], *g[MAX_WANTED], **box[MAX_WANTED];
    hyl_relieve(L);
    if (!lua_istable(L, 3))
        return luaL_error(L, "tape:grad: argument 2 (inputs): expected a list of tensors, got %s",
                          hyl_typename(L, 3));
    const lua_Unsigned length = lua_rawlen(L, 3);
    if (length < 1 || length > MAX_WANTED)
        return luaL_error(L, "tape:grad: argument 2 (inputs): expected 1 to %d tensors, got %I",
                          MAX_WANTED, (lua_Integer)length);
    const int n = (int)length;
    luaL_checkstack(L, n + 8, "too many gradients");
    for (int i = 0; i < n; i++)
        box[i] = hyl_new(L);
    /* Nothing below allocates in Lua, so no finalizer closes what is read here. */
    hy_ctx *cx = hyl_ctx(L);
    hy_tape *t = open_tape(L, cx, "grad");
    hy_tensor *value = hyl_check(L, 2, "tape:grad", 1, "value");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 3, i + 1);
        x[i] = hyl_check(L, -1, "tape:grad", 2, "inputs");
        lua_pop(L, 1);
        if (!x[i]->requires_grad)
            return luaL_error(
                L, "tape:grad: input %d was not recorded; wrap it in hy.param before it is used",
                i + 1);
    }
    const hy_status status = hy_tape_grad(cx, t, value, n, x, g);
    for (int i = 0; i < n; i++)
        *box[i] = g[i];
    hyl_try(L, "tape:grad", status);
    return n;
}

static int text(lua_State *L)
{
    const hy_tape *t = hy_tape_find(hyl_ctx(L), *self(L, "tostring"));
    lua_pushstring(L, t ? "tape (open)" : "tape (closed)");
    return 1;
}

static const hyl_function methods[] = {
    { "backward", backward, "(tape, value)",
      "Adds the gradient of value, a single number, into p.grad of every parameter it depends on." },
    { "grad", grad, "(tape, value, list of tensors) → tensors",
      "The gradient of value for each of the tensors; p.grad of the parameters stays as it is." },
    { "close", close_tape, "(tape)",
      "Releases every tensor recorded; a <close> variable does it at the end of its block." },
    { NULL },
};

static const luaL_Reg events[] = {
    { "__close", close_tape }, { "__gc", close_tape }, { "__tostring", text }, { NULL, NULL },
};

static const hyl_function functions[] = {
    { "tape", tape, "() → tape",
      "Record what this coroutine computes with parameters: local tape <close> = hy.tape()." },
    { "blocked_tape", blocked_tape, "() → tape", "While it is open nothing is recorded: see hy.no_grad." },
    { NULL },
};

void hyl_open_tape(lua_State *L)
{
    if (luaL_newmetatable(L, HYL_TAPE)) {
        lua_pushvalue(L, -1);
        lua_setfield(L, -2, "__index");
    }
    hyl_register(L, methods);
    luaL_setfuncs(L, events, 0);
    lua_pop(L, 1);
    hyl_register(L, functions);
}
