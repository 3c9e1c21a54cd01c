/* Tensors as Lua values: making them, reading them, fields, indexing, printing. */
#include "tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

hy_tensor **hyl_new(lua_State *L)
{
    hy_tensor **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, HYL_TENSOR);
    return box;
}

/* Its size is asked too: debug.setmetatable may have given our metatable to anything. */
static hy_tensor **box_at(lua_State *L, int i)
{
    hy_tensor **box = luaL_testudata(L, i, HYL_TENSOR);
    return box && lua_rawlen(L, i) == sizeof *box ? box : NULL;
}

hy_tensor *hyl_test(lua_State *L, int i)
{
    hy_tensor **box = box_at(L, i);
    return box ? *box : NULL;
}

hy_tensor *hyl_check(lua_State *L, int i, const char *fn, int argument, const char *name)
{
    hy_tensor **box = box_at(L, i);
    if (!box)
        luaL_error(L, "%s: argument %d (%s): expected tensor, got %s%s", fn, argument, name,
                   hyl_typename(L, i),
                   lua_type(L, i) == LUA_TTABLE ? "; make one with hy.tensor" : "");
    if (!*box)
        luaL_error(L, "%s: argument %d (%s): the tensor was closed", fn, argument, name);
    if ((*box)->released)
        luaL_error(L,
                   "%s: argument %d (%s): tensor was released when its tape closed; use :detach() to keep it",
                   fn, argument, name);
    return *box;
}

/* The tensor before the colon. */
static hy_tensor *self(lua_State *L, const char *fn)
{
    return hyl_check(L, 1, fn, 1, "x");
}

static int tensor_gc(lua_State *L)
{
    hyl_ctx(L);
    hy_tensor **box = box_at(L, 1);
    if (!box)
        return luaL_error(L, "close: expected tensor, got %s", hyl_typename(L, 1));
    hy_tensor *x = *box;
    *box = NULL;
    hy_unref(x);
    return 0;
}

/* ---- reading ---- */

static int push_size(lua_State *L)
{
    lua_createtable(L, HY_MAX_DIM, 0);
    const hy_tensor *t = self(L, "size"); /* after the table: making that may run finalizers */
    for (int i = 0; i < t->ndim; i++) {
        lua_pushinteger(L, t->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int size(lua_State *L)
{
    if (lua_isnoneornil(L, 2))
        return push_size(L);
    const hy_tensor *t = self(L, "size");
    int ok;
    lua_Integer axis = lua_tointegerx(L, 2, &ok);
    if (ok && axis < 0)
        axis += t->ndim + 1;
    if (!ok || axis < 1 || axis > t->ndim)
        return luaL_error(L, "size: argument 2 (axis): expected 1..%d or -%d..-1, got %s", t->ndim, t->ndim,
                          luaL_tolstring(L, 2, NULL));
    lua_pushinteger(L, t->shape[axis - 1]);
    return 1;
}

static int dim(lua_State *L)
{
    lua_pushinteger(L, self(L, "dim")->ndim);
    return 1;
}

static int numel(lua_State *L)
{
    lua_pushinteger(L, hy_numel(self(L, "numel")));
    return 1;
}

/* Whole numbers of index and u8 come as Lua integers. */
static void push_value(lua_State *L, const hy_tensor *t, int64_t i)
{
    const double value = hy_get(t, i);
    if (t->dtype == HY_INDEX || t->dtype == HY_U8)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
}

static int item(lua_State *L)
{
    const hy_tensor *t = self(L, "item");
    char text[160];
    if (hy_numel(t) != 1)
        return luaL_error(L, "item: expected a tensor with one element, got shape %s",
                          hy_shape_text(t, text));
    push_value(L, t, 0);
    return 1;
}

/* Every table that is made may run finalizers, which may close the tensor: look again. */
static void push_nested(lua_State *L, int axis, int64_t first)
{
    const hy_tensor *t = self(L, "totable");
    if (axis == t->ndim) {
        push_value(L, t, first);
        return;
    }
    luaL_checkstack(L, 4, "totable");
    const int64_t n = t->shape[axis];
    int64_t step = 1;
    for (int i = axis + 1; i < t->ndim; i++)
        step *= t->shape[i];
    lua_createtable(L, (int)n, 0);
    for (int64_t i = 0; i < n; i++) {
        push_nested(L, axis + 1, first + i * step);
        lua_rawseti(L, -2, i + 1);
    }
}

static int totable(lua_State *L)
{
    const hy_tensor *t = self(L, "totable");
    if (hy_numel(t) > INT32_MAX)
        return luaL_error(L, "totable: %I elements are more than a table can hold",
                          (lua_Integer)hy_numel(t));
    lua_settop(L, 1);
    push_nested(L, 0, 0);
    return 1;
}

static int text(lua_State *L)
{
    const hy_tensor *t = hyl_test(L, 1);
    if (!t && !box_at(L, 1))
        return luaL_error(L, "tostring: expected tensor, got %s", hyl_typename(L, 1));
    if (!t || t->released) {
        lua_pushliteral(L, "tensor (released when its tape closed)");
        return 1;
    }
    char *buffer = NULL;
    hyl_try(L, "tostring", hy_tensor_text(hyl_ctx(L), t, 80, &buffer));
    lua_pushstring(L, buffer);
    free(buffer);
    return 1;
}

static int is_contiguous(lua_State *L)
{
    lua_pushboolean(L, hy_is_contiguous(self(L, "is_contiguous")));
    return 1;
}

/* ---- indexing ---- */

/* Position i of an axis of length n, 1-based or negative from the end, to 0-based. */
static int64_t check_position(lua_State *L, lua_Integer i, int64_t n, int axis)
{
    if (i == 0 || i > n || i < -n)
        luaL_error(L, "index: position %I is outside 1..%I of axis %d", i, (lua_Integer)n, axis + 1);
    return i > 0 ? i - 1 : i + n;
}

/* The view that key (an integer or a list of integers) selects, pushed. */
static hy_tensor *push_selected(lua_State *L, hy_tensor *t, int key)
{
    lua_Integer position[HY_MAX_DIM];
    int n = 0;
    if (lua_type(L, key) == LUA_TTABLE) {
        const lua_Unsigned length = lua_rawlen(L, key);
        if (length > (lua_Unsigned)t->ndim)
            luaL_error(L, "index: %I positions for a tensor of %d dimensions", (lua_Integer)length,
                       t->ndim);
        n = (int)length;
        for (int i = 0; i < n; i++) {
            int ok;
            lua_rawgeti(L, key, i + 1);
            position[i] = lua_tointegerx(L, -1, &ok);
            if (!ok)
                luaL_error(L, "index: position %d: expected integer, got %s", i + 1, hyl_typename(L, -1));
            lua_pop(L, 1);
        }
    } else {
        if (t->ndim == 0)
            luaL_error(L, "index: a 0-dim tensor has no positions; read it with :item()");
        position[n++] = lua_tointeger(L, key);
    }
    /* as ops, so that a tape sees it */
    lua_pushvalue(L, 1);
    for (int i = 0; i < n; i++) {
        const hy_tensor *now = hyl_check(L, -1, "index", 1, "x");
        const int64_t at = check_position(L, position[i], now->shape[0], i);
        luaL_getmetafield(L, 1, "methods");
        lua_getfield(L, -1, "select");
        lua_remove(L, -2);
        lua_insert(L, -2);
        lua_pushinteger(L, 1);
        lua_pushinteger(L, at + 1);
        lua_call(L, 3, 1);
    }
    return hyl_check(L, -1, "index", 1, "x");
}

static void push_grad(lua_State *L)
{
    hy_tensor **box = hyl_new(L);
    *box = hy_ref(self(L, "grad")->grad);
    if (!*box)
        lua_pushnil(L);
}

static int push_field(lua_State *L, hy_tensor *t, const char *name)
{
    if (strcmp(name, "dtype") == 0)
        lua_pushstring(L, hy_dtype_name(t->dtype));
    else if (strcmp(name, "device") == 0)
        lua_pushstring(L, t->storage->device->name);
    else if (strcmp(name, "grad") == 0)
        push_grad(L);
    else if (strcmp(name, "requires_grad") == 0)
        lua_pushboolean(L, t->requires_grad);
    else
        return 0;
    return 1;
}

/* Unknown name: suggest among the methods and fields. Upvalue 1: methods. */
static int unknown_name(lua_State *L, const char *name)
{
    enum { MOST = 256 };
    const char *words[MOST] = { "dtype", "device", "grad", "requires_grad" };
    int n = 4;
    lua_pushnil(L);
    while (n < MOST && lua_next(L, lua_upvalueindex(1))) {
        if (lua_type(L, -2) == LUA_TSTRING)
            words[n++] = lua_tostring(L, -2);
        lua_pop(L, 1);
    }
    const char *nearest = hyl_nearest(name, n, words);
    if (nearest)
        return luaL_error(L, "tensor has no field or method \"%s\"; did you mean \"%s\"?", name, nearest);
    return luaL_error(L, "tensor has no field or method \"%s\"", name);
}

static int get(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
            return 1;
        const char *name = lua_tostring(L, 2);
        return push_field(L, self(L, name), name) ? 1 : unknown_name(L, name);
    }
    hy_tensor *t = self(L, "index");
    if (!lua_isinteger(L, 2) && lua_type(L, 2) != LUA_TTABLE)
        return luaL_error(L, "index: expected a position or a list of positions, got %s", hyl_typename(L, 2));
    push_selected(L, t, 2);
    return 1;
}

/* x[i] = v, x[{i, j}] = v: writes into the storage; v is a number or a tensor that broadcasts. */
static int set(lua_State *L)
{
    hy_tensor *t = self(L, "assignment");
    hy_ctx *cx = hyl_ctx(L);
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "grad") == 0) {
        hy_tensor *g = lua_isnil(L, 3) ? NULL : hyl_check(L, 3, "assignment", 1, "grad");
        if (g && (!hy_same_shape(g, t) || g->dtype != t->dtype))
            return luaL_error(L, "assignment: grad must have the shape and dtype of its tensor");
        for (const hy_tensor *other = g; other; other = other->grad)
            if (other == t)
                return luaL_error(L, "assignment: a tensor cannot be its own gradient");
        hy_ref(g);
        hy_unref(t->grad);
        t->grad = g;
        return 0;
    }
    if (!lua_isinteger(L, 2) && lua_type(L, 2) != LUA_TTABLE)
        return luaL_error(L, "assignment: expected a position or a list of positions, got %s",
                          hyl_typename(L, 2));
    if (t->requires_grad && !t->leaf)
        return luaL_error(L, "assignment: the tensor is recorded on a tape; :detach():clone() it first");
    lua_settop(L, 3);
    hy_tensor *part = push_selected(L, t, 2);
    if (lua_type(L, 3) == LUA_TNUMBER && part->ndim == 0)
        hyl_try(L, "assignment", hy_set(cx, part, 0, lua_tonumber(L, 3)));
    else if (lua_type(L, 3) == LUA_TNUMBER)
        hyl_try(L, "assignment", hy_fill(cx, part, lua_tonumber(L, 3)));
    else
        hyl_try(L, "assignment", hy_copy_into(cx, hyl_check(L, 3, "assignment", 2, "value"), part));
    part->storage->version++;
    return 0;
}

/* x:slice{ {1, 10}, {}, {3, -1} }: first and last of each axis, inclusive; {} or nil keeps an axis. */
static int slice(lua_State *L)
{
    hy_tensor *t = self(L, "slice");
    if (lua_type(L, 2) != LUA_TTABLE || lua_rawlen(L, 2) > (lua_Unsigned)t->ndim)
        return luaL_error(L, "slice: expected a table of up to %d {first, last} pairs, got %s", t->ndim,
                          hyl_typename(L, 2));
    const int n = (int)lua_rawlen(L, 2);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    for (int axis = 0; axis < n; axis++) {
        lua_rawgeti(L, 2, axis + 1);
        if (lua_type(L, -1) != LUA_TTABLE)
            return luaL_error(L, "slice: axis %d: expected {first, last} or {}, got %s", axis + 1,
                              hyl_typename(L, -1));
        const int64_t length = self(L, "slice")->shape[axis];
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        int ok1, ok2;
        lua_Integer first = lua_tointegerx(L, -2, &ok1), last = lua_tointegerx(L, -1, &ok2);
        if ((!ok1 && !lua_isnil(L, -2)) || (!ok2 && !lua_isnil(L, -1)))
            return luaL_error(L, "slice: axis %d: first and last must be integers", axis + 1);
        first = !ok1 ? 1 : first < 0 ? first + length + 1 : first;
        last = !ok2 ? length : last < 0 ? last + length + 1 : last;
        lua_pop(L, 3);
        if (first < 1 || last > length || last < first - 1)
            return luaL_error(L, "slice: axis %d: %I..%I is outside 1..%I", axis + 1, first, last,
                              (lua_Integer)length);
        luaL_getmetafield(L, 1, "methods");
        lua_getfield(L, -1, "narrow");
        lua_remove(L, -2);
        lua_insert(L, -2);
        lua_pushinteger(L, axis + 1);
        lua_pushinteger(L, first);
        lua_pushinteger(L, last - first + 1);
        lua_call(L, 4, 1);
    }
    return 1;
}

/* Length of part i of an axis that has `left` to give: as listed, or as given for all. */
static lua_Integer part_length(lua_State *L, lua_Integer i, lua_Integer left)
{
    int is_integer;
    const bool listed = lua_type(L, 2) == LUA_TTABLE;
    if (listed)
        lua_rawgeti(L, 2, i);
    const lua_Integer length = lua_tointegerx(L, listed ? -1 : 2, &is_integer);
    if (!is_integer || length < (listed ? 0 : 1))
        luaL_error(L, "split: sizes: expected a positive integer or a list of lengths, got %s%s",
                   hyl_typename(L, listed ? -1 : 2), listed ? " in the list" : "");
    if (listed)
        lua_pop(L, 1);
    return listed || length < left ? length : left;
}

/* x:split(3) or x:split({2, 5}, axis): a list of views. */
static int split(lua_State *L)
{
    enum { MOST = 1 << 20 };
    const hy_tensor *t = self(L, "split");
    int is_integer = true;
    const lua_Integer wanted = lua_isnoneornil(L, 3) ? 1 : lua_tointegerx(L, 3, &is_integer);
    const lua_Integer axis = wanted < 0 ? wanted + t->ndim : wanted - 1;
    if (!is_integer)
        return luaL_error(L, "split: axis: expected an integer, got %s", hyl_typename(L, 3));
    if (axis < 0 || axis >= t->ndim)
        return luaL_error(L, "split: axis %I does not exist; the tensor has %d dimensions", wanted,
                          t->ndim);
    const lua_Integer length = t->shape[axis];
    const bool listed = lua_type(L, 2) == LUA_TTABLE;
    const lua_Integer parts = listed ? (lua_Integer)lua_rawlen(L, 2) : MOST;
    lua_Integer first = 1;
    if (!listed && length > 0 && length / part_length(L, 1, length) >= MOST)
        return luaL_error(L, "split: %I elements are more than %d such parts", length, MOST);
    lua_settop(L, 2);
    lua_newtable(L);
    luaL_getmetafield(L, 1, "methods");
    lua_getfield(L, -1, "narrow");
    for (lua_Integer i = 1; i <= parts && (listed || first <= length || i == 1); i++) {
        const lua_Integer size = part_length(L, i, length - first + 1);
        if (size > length - first + 1)
            return luaL_error(L, "split: the sizes ask for more than the %I of axis %I", length, wanted);
        lua_pushvalue(L, -1);
        lua_pushvalue(L, 1);
        lua_pushinteger(L, axis + 1);
        lua_pushinteger(L, first);
        lua_pushinteger(L, size);
        lua_call(L, 4, 1);
        lua_rawseti(L, 3, i);
        first += size;
    }
    if (first <= length)
        return luaL_error(L, "split: the sizes leave %I of the %I of axis %I", length - first + 1, length,
                          wanted);
    lua_settop(L, 3);
    return 1;
}

/* ---- parameters ---- */

/* hy.param(x): a leaf that backward fills with gradients; shares x's storage. */
static int param(lua_State *L)
{
    hy_tensor **box = hyl_new(L), *x = hyl_check(L, 1, "param", 1, "x");
    if (x->dtype != HY_F32 && x->dtype != HY_F64)
        return luaL_error(L, "param: argument 1 (x): expected f32 or f64, got %s", hy_dtype_name(x->dtype));
    hyl_try(L, "param", hy_tensor_view(hyl_ctx(L), x, x->ndim, x->shape, x->stride, x->offset, box));
    (*box)->requires_grad = (*box)->leaf = true;
    return 1;
}

/* x:set_requires_grad(flag): freeze or thaw a parameter. */
static int set_requires_grad(lua_State *L)
{
    hy_tensor *x = self(L, "set_requires_grad");
    if (!x->leaf)
        return luaL_error(L, "set_requires_grad: only parameters made by hy.param can be frozen");
    x->requires_grad = lua_toboolean(L, 2);
    lua_settop(L, 1);
    return 1;
}

/* x:copy(y): overwrite the values of a parameter or buffer; y broadcasts, dtypes convert. */
static int copy(lua_State *L)
{
    hy_tensor *x = self(L, "copy");
    hy_tensor *y = hyl_check(L, 2, "copy", 2, "y");
    if (x->requires_grad && !x->leaf)
        return luaL_error(L, "copy: the tensor is recorded on a tape; :detach():clone() it first");
    hyl_try(L, "copy", hy_copy_into(hyl_ctx(L), y, x));
    x->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* x:fill(v): the same for one number. */
static int fill(lua_State *L)
{
    hy_tensor *x = self(L, "fill");
    if (lua_type(L, 2) != LUA_TNUMBER)
        return luaL_error(L, "fill: argument 2 (value): expected number, got %s", hyl_typename(L, 2));
    if (x->requires_grad && !x->leaf)
        return luaL_error(L, "fill: the tensor is recorded on a tape; :detach():clone() it first");
    hyl_try(L, "fill", hy_fill(hyl_ctx(L), x, lua_tonumber(L, 2)));
    x->storage->version++;
    lua_settop(L, 1);
    return 1;
}

static int is_tensor(lua_State *L)
{
    lua_pushboolean(L, luaL_testudata(L, 1, HYL_TENSOR) != NULL);
    return 1;
}

static const hyl_function methods[] = {
    { "size", size, "(x, axis?) → array or integer", "The shape, or the length of one axis." },
    { "dim", dim, "(x) → integer", "The number of axes." },
    { "numel", numel, "(x) → integer", "The number of elements." },
    { "item", item, "(x) → number", "The value of a tensor with one element." },
    { "totable", totable, "(x) → nested arrays",
      "The values as Lua numbers; positions count from 1." },
    { "is_contiguous", is_contiguous, "(x) → boolean",
      "Do the elements lie in row order without gaps?" },
    { "slice", slice, "(x, {{first, last}, {}, …}) → tensor",
      "A view of the elements first..last of each axis, ends included; {} keeps an axis whole." },
    { "split", split, "(x, sizes, axis=1) → list of tensors",
      "Views of consecutive parts along an axis: of one length, the last perhaps shorter, or of those "
      "in a list, which must sum to the axis. hy.cat joins them again." },
    { "set_requires_grad", set_requires_grad, "(p, flag) → p",
      "Freeze (false) or thaw (true) a parameter; frozen ones get no gradient." },
    { "copy", copy, "(x, y) → x",
      "Overwrite the values of x with those of y, which broadcasts; dtypes convert." },
    { "fill", fill, "(x, value) → x", "Overwrite every value of x with one number." },
    { NULL },
};

static const hyl_function functions[] = {
    { "tensor", hyl_tensor_from_lua, "(value, {dtype=\"f32\"}?) → tensor",
      "A tensor from a number or nested lists of numbers; from a tensor, a copy." },
    { "param", param, "(x) → tensor",
      "A parameter: a tensor on the storage of x (f32 or f64) for which tapes find gradients." },
    { "is_tensor", is_tensor, "(value) → boolean", "Is the value a tensor?" },
    { NULL },
};

static const luaL_Reg events[] = {
    { "__newindex", set }, { "__gc", tensor_gc }, { "__close", tensor_gc }, { "__tostring", text },
    { NULL, NULL },
};

void hyl_open_tensor(lua_State *L)
{
    luaL_newmetatable(L, HYL_TENSOR);
    lua_newtable(L);
    hyl_register(L, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    luaL_setfuncs(L, events, 0);
    lua_pop(L, 1);
    hyl_register(L, functions);
}
