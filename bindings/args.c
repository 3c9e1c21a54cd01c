/* Reads the arguments of a call by the op's signature. Everything wrong raises here, before core. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "suggest.h"

typedef struct reader {
    lua_State *L;
    const hyl_signature *s;
    hyl_call *call;
    int top;      /* last positional argument */
    int options;  /* stack index of the option table, or 0 */
    int narg;     /* non-tensor arguments so far */
    hy_tensor *first;   /* first tensor: axes count its dimensions */
    hy_tensor *operand; /* first tensor among operands: numbers adopt its dtype */
} reader;

static bool is_tensor_kind(hyl_kind k)
{
    return k == KIND_TENSOR || k == KIND_MATRIX || k == KIND_VECTOR || k == KIND_OPERAND ||
           k == KIND_TENSORS || k == KIND_INDEX;
}

/* Raises `sum: argument 2 (axis): expected …, got …`; position 0 names an option. */
static void bad(const reader *r, int position, const hyl_param *p, const char *wanted, int i)
{
    const char *got = hyl_typename(r->L, i);
    char number[64];
    if (lua_type(r->L, i) == LUA_TNUMBER) {
        snprintf(number, sizeof number, "%.14g", lua_tonumber(r->L, i));
        got = number;
    } else if (lua_type(r->L, i) == LUA_TSTRING &&
               (p->kind == KIND_DTYPE || p->kind == KIND_FLAG || p->kind == KIND_OP))
        got = lua_pushfstring(r->L, "\"%s\"", lua_tostring(r->L, i));
    if (position == 1 && r->top == 0 && is_tensor_kind(p->kind)) /* x.sum() */
        luaL_error(r->L, "%s: argument 1 (%s): expected %s, got nothing; a method wants a colon: "
                   "x:%s(…)", r->s->op->name, p->name, wanted, r->s->op->name);
    if (position > 0)
        luaL_error(r->L, "%s: argument %d (%s): expected %s, got %s", r->s->op->name, position, p->name,
                   wanted, got);
    luaL_error(r->L, "%s: option %s: expected %s, got %s", r->s->op->name, p->name, wanted, got);
}

/* ---- tensors ---- */

static void read_tensor(reader *r, int position, const hyl_param *p, int i, int slot)
{
    hy_tensor *t = hyl_check(r->L, i, r->s->op->name, position, p->name);
    char text[160];
    const int want = p->kind == KIND_MATRIX ? 2 : p->kind == KIND_VECTOR ? 1 : t->ndim;
    if (t->ndim != want)
        luaL_error(r->L, "%s: argument %d (%s): expected %s, got a tensor of shape %s", r->s->op->name,
                   position, p->name, want == 2 ? "a matrix (2 dimensions)" : "a vector (1 dimension)",
                   hy_shape_text(t, text));
    r->call->in[slot] = t;
    r->call->from[slot - r->call->listed] = i;
    if (!r->first)
        r->first = t;
}

/* A number among operands becomes a 0-dim tensor of the other operand's dtype. */
static void read_number_operand(reader *r, int i, int slot)
{
    hy_ctx *cx = hyl_ctx(r->L);
    const double value = lua_tonumber(r->L, i);
    hy_tensor **box = hyl_new(r->L);
    hyl_try(r->L, r->s->op->name, hy_tensor_new(cx, r->operand ? r->operand->dtype : HY_F32, 0, NULL, box));
    hyl_try(r->L, r->s->op->name, hy_set(cx, *box, 0, value));
    r->call->in[slot] = *box;
    r->call->from[slot - r->call->listed] = lua_gettop(r->L);
}

static void find_operand(reader *r)
{
    for (int i = 1; i <= r->top && !r->operand; i++) {
        const hyl_param *p = i <= r->s->nparam ? &r->s->param[i - 1] : NULL;
        hy_tensor *t = hyl_test(r->L, i);
        if (t && !t->released && p && p->kind == KIND_OPERAND)
            r->operand = t;
    }
}

hy_tensor *hyl_push_index(lua_State *L, int i, const char *what)
{
    hy_ctx *cx = hyl_ctx(L);
    const int64_t n = (int64_t)lua_rawlen(L, i);
    hy_tensor **box = hyl_new(L);
    hyl_try(L, what, hy_tensor_new(cx, HY_INDEX, 1, &n, box));
    for (int64_t j = 0; j < n; j++) {
        lua_rawgeti(L, i, j + 1);
        if (!lua_isnumber(L, -1))
            luaL_error(L, "%s: element %d: expected a position, got %s", what, (int)j + 1,
                       hyl_typename(L, -1));
        const double value = lua_tonumber(L, -1);
        lua_pop(L, 1);
        hyl_try(L, what, hy_set(cx, *box, j, value));
    }
    return *box;
}

static void read_index(reader *r, int position, const hyl_param *p, int i, int slot)
{
    if (lua_type(r->L, i) == LUA_TTABLE) {
        char what[80];
        snprintf(what, sizeof what, "%s: argument %d (%s)", r->s->op->name, position, p->name);
        r->call->in[slot] = hyl_push_index(r->L, i, what);
        r->call->from[slot - r->call->listed] = lua_gettop(r->L);
        return;
    }
    if (!luaL_testudata(r->L, i, HYL_TENSOR))
        bad(r, position, p, "an index tensor or a list of positions", i);
    hy_tensor *t = hyl_check(r->L, i, r->s->op->name, position, p->name);
    if (t->dtype != HY_INDEX && t->dtype != HY_U8)
        luaL_error(r->L, "%s: argument %d (%s): expected index, got %s; convert with :to(\"index\")",
                   r->s->op->name, position, p->name, hy_dtype_name(t->dtype));
    r->call->in[slot] = t;
    r->call->from[slot - r->call->listed] = i;
}

/* A list of tensors fills slots of its own; the array of inputs lives on the stack. */
static void read_tensors(reader *r, int position, const hyl_param *p, int i, int after)
{
    if (lua_type(r->L, i) != LUA_TTABLE)
        bad(r, position, p, "a list of tensors", i);
    enum { MOST = 1 << 24 };
    const lua_Unsigned length = lua_rawlen(r->L, i);
    if (length == 0)
        luaL_error(r->L, "%s: argument %d (%s): the list is empty", r->s->op->name, position, p->name);
    if (length > MOST)
        luaL_error(r->L, "%s: argument %d (%s): at most %d tensors are possible", r->s->op->name,
                   position, p->name, MOST);
    const int n = (int)length;
    hy_tensor **in = lua_newuserdatauv(r->L, (size_t)(n + after) * sizeof *in, 0);
    memset(in, 0, (size_t)(n + after) * sizeof *in);
    r->call->in = in;
    r->call->nin = r->call->listed = n;
    r->call->list = i;
    for (int j = 0; j < n; j++) {
        lua_rawgeti(r->L, i, j + 1);
        if (!luaL_testudata(r->L, -1, HYL_TENSOR))
            luaL_error(r->L, "%s: argument %d (%s): element %d: expected tensor, got %s", r->s->op->name,
                       position, p->name, j + 1, hyl_typename(r->L, -1));
        in[j] = hyl_check(r->L, -1, r->s->op->name, position, p->name);
        lua_pop(r->L, 1);
    }
    r->first = in[0];
}

/* ---- plain values ---- */

static int64_t read_integer(reader *r, int position, const hyl_param *p, int i)
{
    int ok;
    const lua_Integer value = lua_tointegerx(r->L, i, &ok);
    if (!ok || lua_type(r->L, i) != LUA_TNUMBER)
        bad(r, position, p, "integer", i);
    return value;
}

/* 1-based, negative from the end, to 0-based; `ndim` is the number of axes. */
static int64_t read_axis(reader *r, int position, const hyl_param *p, int i)
{
    const int ndim = r->first ? r->first->ndim : 0;
    const int64_t axis = read_integer(r, position, p, i);
    if (axis == 0 || axis > ndim || axis < -ndim)
        luaL_error(r->L, "%s: argument %d (%s): axis %I does not exist; the tensor has %d dimension%s",
                   r->s->op->name, position, p->name, (LUAI_UACINT)axis, ndim, ndim == 1 ? "" : "s");
    return axis > 0 ? axis - 1 : axis + ndim;
}

static int64_t read_dtype(reader *r, int position, const hyl_param *p, int i)
{
    const char *name = lua_type(r->L, i) == LUA_TSTRING ? lua_tostring(r->L, i) : "";
    for (int t = 0; t < HY_DTYPES; t++)
        if (strcmp(name, hy_dtype_name((hy_dtype)t)) == 0)
            return t;
    bad(r, position, p, "\"f32\", \"f64\", \"u8\" or \"index\"", i);
    return 0;
}

static void read_list_item(reader *r, int position, const hyl_param *p, int i, hy_arg *out)
{
    if (out->n == HY_MAX_DIM)
        luaL_error(r->L, "%s: argument %d (%s): at most %d numbers are possible", r->s->op->name, position,
                   p->name, HY_MAX_DIM);
    out->list[out->n++] =
        p->kind == KIND_AXES ? read_axis(r, position, p, i) : read_integer(r, position, p, i);
}

/* integers, shape, axes: a table, or the remaining numbers */
static void read_list(reader *r, int position, const hyl_param *p, int i, hy_arg *out)
{
    *out = (hy_arg){ .given = true };
    if (lua_type(r->L, i) == LUA_TTABLE) {
        if (p->rest && r->top > i)
            luaL_error(r->L, "%s: argument %d: nothing may follow the table (%s)", r->s->op->name,
                       i + 1, p->name);
        const lua_Unsigned n = lua_rawlen(r->L, i);
        for (lua_Unsigned j = 1; j <= n; j++) {
            lua_rawgeti(r->L, i, (lua_Integer)j);
            read_list_item(r, position, p, -1, out);
            lua_pop(r->L, 1);
        }
        return;
    }
    if (!p->rest)
        bad(r, position, p, "a table of integers", i);
    for (int j = i; j <= r->top; j++)
        read_list_item(r, position, p, j, out);
}

/* `true` and nil stand for the default generator. */
static hy_rng *read_rng(reader *r, int position, const hyl_param *p, int i)
{
    if (i == 0 || lua_isnoneornil(r->L, i) || (lua_isboolean(r->L, i) && lua_toboolean(r->L, i))) {
        lua_getfield(r->L, LUA_REGISTRYINDEX, "hyades.rng.default");
        hy_rng *found = hyl_test_rng(r->L, -1);
        lua_pop(r->L, 1);
        return found;
    }
    hy_rng *found = hyl_test_rng(r->L, i);
    if (!found)
        bad(r, position, p, "a generator such as hy.rng(7)", i);
    return found;
}

static void read_value(reader *r, int position, const hyl_param *p, int i, hy_arg *out)
{
    out->given = true;
    switch (p->kind) {
    case KIND_NUMBER:
        if (lua_type(r->L, i) != LUA_TNUMBER)
            bad(r, position, p, "number", i);
        out->d = lua_tonumber(r->L, i);
        break;
    case KIND_INTEGER:
        out->i = read_integer(r, position, p, i);
        out->d = (double)out->i;
        break;
    case KIND_AXIS: out->i = read_axis(r, position, p, i); break;
    case KIND_FLAG:
        if (!lua_isboolean(r->L, i))
            bad(r, position, p, "true or false", i);
        out->i = lua_toboolean(r->L, i);
        break;
    case KIND_DTYPE: out->i = read_dtype(r, position, p, i); break;
    case KIND_OP:
        out->op = lua_type(r->L, i) == LUA_TSTRING ? hy_op_find(lua_tostring(r->L, i)) : NULL;
        if (!out->op)
            bad(r, position, p, "the name of an op", i);
        break;
    case KIND_RNG: out->rng = read_rng(r, position, p, i); break;
    default: read_list(r, position, p, i, out); break;
    }
}

/* An absent argument: its default, with a negative axis resolved now that the tensor is known. */
static void use_default(reader *r, int position, const hyl_param *p, hy_arg *out)
{
    *out = p->value;
    if (p->kind == KIND_RNG)
        out->rng = read_rng(r, position, p, 0);
    if (p->kind == KIND_AXIS && out->given && out->i < 0)
        out->i += r->first ? r->first->ndim : 0;
    if (p->kind == KIND_AXIS && out->given && r->first && (out->i < 0 || out->i >= r->first->ndim))
        luaL_error(r->L, "%s: the tensor has %d dimension%s, axis %d is wanted", r->s->op->name,
                   r->first->ndim, r->first->ndim == 1 ? "" : "s",
                   (int)p->value.i + (p->value.i >= 0));
}

/* ---- the option table ---- */

/* The last argument is one when it is a plain table with a string for a key. An empty table is one
 * only where all required arguments stand before it: x:index{} selects no rows. */
static bool is_options(lua_State *L, const hyl_signature *s, int i)
{
    if (lua_type(L, i) != LUA_TTABLE || lua_getmetatable(L, i))
        return false;
    lua_pushnil(L);
    if (!lua_next(L, i)) {
        int required = 0;
        for (int k = 0; k < s->nparam; k++)
            required += !s->param[k].optional;
        return i > required;
    }
    const bool named = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return named;
}

static const hyl_param *find_param(const hyl_signature *s, const char *name)
{
    for (int k = 0; k < s->nparam; k++)
        if (s->param[k].optional && strcmp(s->param[k].name, name) == 0)
            return &s->param[k];
    return NULL;
}

/* Creating ops take device= beside dtype=; this build has one device. */
static bool is_device_option(reader *r, const char *name)
{
    if (strcmp(name, "device") != 0 || !find_param(r->s, "dtype"))
        return false;
    const char *device = lua_tostring(r->L, -1);
    if (!device || strcmp(device, "cpu") != 0)
        luaL_error(r->L, "%s: option device: \"%s\" is not part of this build; it has \"cpu\"",
                   r->s->op->name, luaL_tolstring(r->L, -1, NULL));
    return true;
}

static void check_options(reader *r)
{
    lua_pushnil(r->L);
    while (lua_next(r->L, r->options)) {
        if (lua_type(r->L, -2) != LUA_TSTRING)
            luaL_error(r->L, "%s: the option table mixes names and positions", r->s->op->name);
        const char *name = lua_tostring(r->L, -2);
        if (!find_param(r->s, name) && !is_device_option(r, name)) {
            const char *words[HYL_MAX_PARAM];
            int n = 0;
            for (int k = 0; k < r->s->nparam; k++)
                if (r->s->param[k].optional)
                    words[n++] = r->s->param[k].name;
            const char *nearest = hyl_nearest(name, n, words);
            luaL_error(r->L, nearest ? "%s: unknown option \"%s\"; did you mean \"%s\"?"
                                     : "%s: unknown option \"%s\"", r->s->op->name, name, nearest);
        }
        lua_pop(r->L, 1);
    }
}

/* ---- the whole call ---- */

static const char *kind_wanted(hyl_kind k)
{
    switch (k) {
    case KIND_OPERAND: return "tensor or number";
    case KIND_TENSORS: return "a list of tensors";
    case KIND_INDEX: return "an index tensor or a list of positions";
    case KIND_NUMBER: return "number";
    case KIND_INTEGER: return "integer";
    case KIND_AXIS: return "an axis (1, 2, … or -1, -2, … from the end)";
    case KIND_INTEGERS: case KIND_SHAPE: case KIND_AXES: return "a table of integers";
    case KIND_FLAG: return "true or false";
    case KIND_DTYPE: return "a dtype";
    case KIND_OP: return "the name of an op";
    default: return "tensor";
    }
}

static void read_param(reader *r, const hyl_param *p, int position, int i, int slot)
{
    const bool absent = i == 0;
    if (absent && !p->optional && !p->rest) {
        lua_pushnil(r->L);
        bad(r, position, p, kind_wanted(p->kind), -1);
    }
    if (!is_tensor_kind(p->kind)) {
        hy_arg *out = &r->call->arg[r->narg++];
        *out = (hy_arg){ 0 };
        if (absent)
            use_default(r, position, p, out);
        else
            read_value(r, position, p, i, out);
    } else if (absent)
        r->call->in[slot] = NULL;
    else if (p->kind == KIND_INDEX)
        read_index(r, position, p, i, slot);
    else if (p->kind == KIND_OPERAND && lua_type(r->L, i) == LUA_TNUMBER)
        read_number_operand(r, i, slot);
    else
        read_tensor(r, position, p, i, slot);
}

/* Stack index of the value for parameter k: positional, or pushed from the option table; 0: none. */
static int locate(reader *r, int k, int *position)
{
    const hyl_param *p = &r->s->param[k];
    *position = p->named ? 0 : k + 1;
    if (!p->named && k + 1 <= r->top && !lua_isnil(r->L, k + 1))
        return k + 1;
    if (!r->options || !p->optional)
        return 0;
    if (lua_getfield(r->L, r->options, p->name) == LUA_TNIL) {
        lua_pop(r->L, 1);
        return 0;
    }
    *position = 0;
    return lua_gettop(r->L);
}

static int count_positional(const hyl_signature *s)
{
    int n = 0;
    for (int k = 0; k < s->nparam; k++) {
        n += !s->param[k].named;
        if (s->param[k].rest)
            return LUAI_MAXSTACK;
    }
    return n;
}

void hyl_read(lua_State *L, const hyl_signature *s, hyl_call *call)
{
    reader r = { .L = L, .s = s, .call = call, .top = lua_gettop(L) };
    bool may_have_options = false;
    for (int k = 0; k < s->nparam; k++)
        may_have_options = may_have_options || s->param[k].optional;
    if (may_have_options && r.top > 0 && is_options(L, s, r.top)) {
        r.options = r.top--;
        check_options(&r);
    }
    const int positional = count_positional(s);
    if (r.top > positional)
        luaL_error(L, "%s: expected at most %d argument%s, got %d", s->op->name, positional,
                   positional == 1 ? "" : "s", r.top);
    luaL_checkstack(L, 2 * HYL_MAX_PARAM + HY_MAX_OUT, s->op->name);
    find_operand(&r);
    for (int k = 0; k < s->nparam; k++) {
        const hyl_param *p = &s->param[k];
        int position, i = locate(&r, k, &position);
        if (p->kind == KIND_TENSORS) {
            int after = 0;
            for (int j = k + 1; j < s->nparam; j++)
                after += is_tensor_kind(s->param[j].kind);
            read_tensors(&r, position, p, i ? i : r.top + 1, after);
            continue;
        }
        read_param(&r, p, position, i, call->nin);
        call->nin += is_tensor_kind(p->kind);
    }
}

void hyl_recheck(lua_State *L, const hyl_signature *s, const hyl_call *call)
{
    for (int i = 0; i < call->nin; i++) {
        if (!call->in[i])
            continue;
        if (i < call->listed)
            lua_rawgeti(L, call->list, i + 1);
        else
            lua_pushvalue(L, call->from[i - call->listed]);
        if (hyl_test(L, -1) != call->in[i])
            luaL_error(L, "%s: a tensor was closed while its arguments were read", s->op->name);
        lua_pop(L, 1);
    }
}
