/* Lua tables ↔ JSON text, through cJSON. Arrays are tables with the keys 1..n, n ≥ 1. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"

#define TREE "hyades.json"

enum { DEPTH_LIMIT = 200 };

/* Owns the tree, so that a Lua error on the way frees it. */
static cJSON **new_tree(lua_State *L)
{
    cJSON **root = lua_newuserdatauv(L, sizeof *root, 0);
    *root = NULL;
    luaL_setmetatable(L, TREE);
    return root;
}

static int tree_gc(lua_State *L)
{
    cJSON **root = lua_touserdata(L, 1);
    cJSON_Delete(*root);
    *root = NULL;
    return 0;
}

/* ---- encoding ---------------------------------------------------------------------------------
 */

static cJSON *need(lua_State *L, cJSON *item)
{
    if (!item)
        luaL_error(L, "json_encode: out of memory");
    return item;
}

static bool is_array(lua_State *L, int i)
{
    const lua_Unsigned n = lua_rawlen(L, i);
    lua_Unsigned keys = 0;
    for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1))
        keys++;
    return n > 0 && keys == n;
}

static const char *check_text(lua_State *L, int i)
{
    size_t length;
    const char *text = lua_tolstring(L, i, &length);
    if (strlen(text) != length)
        luaL_error(L, "json_encode: a string holds a zero byte");
    return text;
}

/* cJSON's own printing takes numbers for equal that differ in the last bit. */
static cJSON *number(lua_State *L, int i)
{
    char text[40];
    const double v = lua_tonumber(L, i);
    if (lua_isinteger(L, i)) {
        snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, i));
        return cJSON_CreateRaw(text);
    }
    if (!isfinite(v))
        luaL_error(L, "json_encode: JSON has no %f", v);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    char *comma = strchr(text, ','); /* of the locale */
    if (comma)
        *comma = '.';
    return cJSON_CreateRaw(text);
}

static cJSON *scalar(lua_State *L, int i)
{
    switch (lua_type(L, i)) {
    case LUA_TSTRING: return need(L, cJSON_CreateString(check_text(L, i)));
    case LUA_TBOOLEAN: return need(L, cJSON_CreateBool(lua_toboolean(L, i)));
    case LUA_TNUMBER: return need(L, number(L, i));
    case LUA_TTABLE: return NULL;
    default: luaL_error(L, "json_encode: JSON has no %s", hyl_typename(L, i)); return NULL;
    }
}

static void fill(lua_State *L, int i, cJSON *into, int depth);

/* The value on top of the stack as a member of `into`; a table joins it before it is filled. */
static void add(lua_State *L, cJSON *into, const char *key, int depth)
{
    cJSON *item = scalar(L, -1);
    const bool table = !item;
    if (table)
        item = need(L, is_array(L, lua_gettop(L)) ? cJSON_CreateArray() : cJSON_CreateObject());
    if (key ? !cJSON_AddItemToObject(into, key, item) : !cJSON_AddItemToArray(into, item)) {
        cJSON_Delete(item);
        need(L, NULL);
    }
    if (table)
        fill(L, lua_gettop(L), item, depth + 1);
}

static void fill(lua_State *L, int i, cJSON *into, int depth)
{
    if (depth > DEPTH_LIMIT)
        luaL_error(L, "json_encode: a table contains itself, or is nested deeper than %d",
                   DEPTH_LIMIT);
    luaL_checkstack(L, 8, "json_encode");
    if (cJSON_IsArray(into)) {
        const lua_Integer n = (lua_Integer)lua_rawlen(L, i);
        for (lua_Integer j = 1; j <= n; j++) {
            lua_rawgeti(L, i, j);
            add(L, into, NULL, depth);
            lua_pop(L, 1);
        }
        return;
    }
    for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "json_encode: the keys of a table are neither 1..n nor strings");
        add(L, into, check_text(L, -2), depth);
    }
}

static int encode(lua_State *L) /* value → text */
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    cJSON **root = new_tree(L);
    *root = need(L, cJSON_CreateArray());
    lua_pushvalue(L, 1);
    add(L, *root, NULL, 0);
    char *text = cJSON_PrintUnformatted(cJSON_GetArrayItem(*root, 0));
    if (!text)
        return luaL_error(L, "json_encode: out of memory");
    /* The text joins the tree, so that it is freed even when Lua finds no memory for its copy. */
    cJSON *holder = cJSON_CreateRaw("");
    if (!holder) {
        cJSON_free(text);
        return luaL_error(L, "json_encode: out of memory");
    }
    cJSON_free(holder->valuestring);
    holder->valuestring = text;
    cJSON_AddItemToArray(*root, holder);
    lua_pushstring(L, text);
    return 1;
}

/* ---- decoding ---------------------------------------------------------------------------------
 */

static void push_number(lua_State *L, double v)
{
    if (v == floor(v) && fabs(v) <= 0x1p53)
        lua_pushinteger(L, (lua_Integer)v);
    else
        lua_pushnumber(L, v);
}

static void push(lua_State *L, const cJSON *item)
{
    luaL_checkstack(L, 8, "json_decode");
    if (cJSON_IsString(item)) {
        lua_pushstring(L, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        push_number(L, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        lua_pushboolean(L, cJSON_IsTrue(item));
    } else if (cJSON_IsArray(item) || cJSON_IsObject(item)) {
        lua_newtable(L);
        lua_Integer n = 0;
        for (const cJSON *child = item->child; child; child = child->next) {
            push(L, child);
            if (child->string)
                lua_setfield(L, -2, child->string);
            else
                lua_rawseti(L, -2, ++n);
        }
    } else {
        lua_pushnil(L);
    }
}

static int decode(lua_State *L) /* text → value; null becomes nil */
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length), *after = text;
    cJSON **root = new_tree(L);
    *root = cJSON_ParseWithOpts(text, &after, true);
    if (!*root || (size_t)(after - text) != length)
        return luaL_error(L, "json_decode: no JSON at byte %d", (int)(after - text) + 1);
    push(L, *root);
    return 1;
}

void hyl_open_json(lua_State *L)
{
    if (luaL_newmetatable(L, TREE)) {
        lua_pushcfunction(L, tree_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    lua_pushcfunction(L, encode);
    lua_setfield(L, -2, "json_encode");
    lua_pushcfunction(L, decode);
    lua_setfield(L, -2, "json_decode");
}
