/* core.about(function or name): the words behind help(), for ops and for other native functions. */
#include "docs.h"

static const char NAMES_KEY[] = "hyades.names"; /* function → name, or its doc table */

/* Pushes the table under NAMES_KEY. */
static void push_names(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, NAMES_KEY);
}

void hyl_name_function(lua_State *L, const char *name)
{
    push_names(L);
    lua_pushvalue(L, -2);
    lua_pushstring(L, name);
    lua_settable(L, -3);
    lua_pop(L, 1);
}

void hyl_push_doc(lua_State *L, const char *name, const char *signature, const char *doc)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, signature);
    lua_setfield(L, -2, "signature");
    lua_pushstring(L, doc);
    lua_setfield(L, -2, "doc");
}

void hyl_register(lua_State *L, const hyl_function *functions)
{
    for (const hyl_function *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->call);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, f->name);
        push_names(L);
        lua_insert(L, -2);
        hyl_push_doc(L, f->name, f->signature, f->doc);
        lua_settable(L, -3);
        lua_pop(L, 1);
    }
}

/* → {name, signature, doc}, for ops also differentiable; nil when it is none of ours */
static int about(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TFUNCTION) {
        push_names(L);
        lua_insert(L, 1);
        if (lua_rawget(L, 1) != LUA_TSTRING)
            return 1; /* a doc table or nil */
    }
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    const hy_op *op = hy_op_find(name);
    if (!op)
        return 0;
    hyl_push_doc(L, op->name, op->signature, op->doc);
    lua_pushboolean(L, op->backward != NULL);
    lua_setfield(L, -2, "differentiable");
    return 1;
}

static const hyl_function functions[] = {
    { "about", about, "(function or name) → table or nil",
      "What help() knows about a native function: name, signature, doc." },
    { NULL },
};

void hyl_open_docs(lua_State *L)
{
    hyl_register(L, functions);
}
