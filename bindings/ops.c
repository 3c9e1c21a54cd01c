/* Walks the registry: every op becomes a function of the module, and a method when it starts with a
 * tensor. Nothing is written per op. */
#include <string.h>

#include "args.h"
#include "docs.h"

static int call_op(lua_State *L)
{
    const hyl_signature *s = lua_touserdata(L, lua_upvalueindex(1));
    hy_tensor *inputs[HYL_MAX_PARAM], *out[HY_MAX_OUT], **box[HY_MAX_OUT];
    hyl_call call = { .in = inputs };
    hyl_relieve(L);
    hyl_read(L, s, &call);
    for (int k = 0; k < s->nout; k++)
        box[k] = hyl_new(L);
    hyl_recheck(L, s, &call);
    hy_ctx *cx = hyl_ctx(L);
    hy_status status = hy_run(cx, s->op, call.nin, call.in, call.arg, out);
    if (status == HY_EMEM) {
        lua_gc(L, LUA_GCCOLLECT);
        hyl_recheck(L, s, &call);
        status = hy_run(cx, s->op, call.nin, call.in, call.arg, out);
    }
    hyl_try(L, s->op->name, status);
    int n = 0;
    while (n < s->nout && out[n]) {
        *box[n] = out[n];
        n++;
    }
    lua_pop(L, s->nout - n);
    return n;
}

static bool starts_with_tensor(const hyl_signature *s)
{
    if (s->nparam == 0)
        return false;
    const hyl_kind k = s->param[0].kind;
    return k == KIND_TENSOR || k == KIND_MATRIX || k == KIND_VECTOR || k == KIND_OPERAND || k == KIND_INDEX;
}

/* In the module, among the methods of tensors, and known to help; the rest are stack indices. */
static void add_op(lua_State *L, const hy_op *op, int module, int methods)
{
    hyl_signature *s = lua_newuserdatauv(L, sizeof *s, 0);
    if (!hyl_parse(op, s))
        luaL_error(L, "hyades: malformed signature of %s: %s", op->name, op->signature);
    lua_pushcclosure(L, call_op, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, module, op->name);
    hyl_name_function(L, op->name);
    if (starts_with_tensor(s)) {
        lua_pushvalue(L, -1);
        lua_setfield(L, methods, op->name);
    }
    lua_pop(L, 1);
}

/* {name, signature, doc, differentiable, lo, hi} */
static void push_op(lua_State *L, const hy_op *op)
{
    hyl_push_doc(L, op->name, op->signature, op->doc);
    lua_pushboolean(L, op->backward != NULL);
    lua_setfield(L, -2, "differentiable");
    lua_pushnumber(L, op->lo);
    lua_setfield(L, -2, "lo");
    lua_pushnumber(L, op->hi);
    lua_setfield(L, -2, "hi");
}

/* core.ops() → list of what there is to know about each op */
static int all_ops(lua_State *L)
{
    const int n = hy_op_count();
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_op(L, hy_op_at(i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const struct { const char *metamethod, *op; } operators[] = {
    { "__add", "add" }, { "__sub", "sub" }, { "__mul", "mul" }, { "__div", "div" },
    { "__pow", "pow" },
};

/* -x: Lua passes the operand twice */
static int negate(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static const hyl_function functions[] = {
    { "ops", all_ops, "() → list",
      "All ops: name, signature, doc, differentiable, and the range in which the gradient is "
      "tested." },
    { NULL },
};

void hyl_open_ops(lua_State *L)
{
    const int module = lua_gettop(L);
    luaL_getmetatable(L, HYL_TENSOR);
    lua_getfield(L, -1, "methods");
    const int meta = module + 1, methods = module + 2;
    for (int i = 0; i < hy_op_count(); i++)
        add_op(L, hy_op_at(i), module, methods);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        lua_getfield(L, module, operators[i].op);
        lua_setfield(L, meta, operators[i].metamethod);
    }
    lua_getfield(L, module, "neg");
    lua_pushcclosure(L, negate, 1);
    lua_setfield(L, meta, "__unm");
    lua_settop(L, module);
    hyl_register(L, functions);
}
