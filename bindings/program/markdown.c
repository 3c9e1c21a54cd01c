/* Markdown as HTML by MD4C, as the Lua module hyades.markdown. Loaded when a page is made. */
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <md4c-html.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char TEXT[] = "hyades.markdown.text";

typedef struct text {
    char *bytes;
    size_t length, size;
    bool failed;
} text;

static int text_gc(lua_State *L)
{
    text *t = lua_touserdata(L, 1);
    free(t->bytes);
    *t = (text){ 0 };
    return 0;
}

/* MD4C calls this: no error of Lua's may jump across it. */
static void append(const MD_CHAR *bytes, MD_SIZE n, void *target)
{
    text *t = target;
    if (t->failed)
        return;
    if (t->size - t->length < n) {
        const size_t size = 2 * t->size + n;
        char *grown = realloc(t->bytes, size);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->bytes = grown;
        t->size = size;
    }
    memcpy(t->bytes + t->length, bytes, n);
    t->length += n;
}

/* html(markdown) → string: GitHub's dialect; HTML inside it is shown as text. */
static int html(lua_State *L)
{
    size_t n;
    const char *markdown = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n < INT_MAX, 1, "too long");
    text *t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = (text){ 0 };
    luaL_setmetatable(L, TEXT);
    const int status = md_html(markdown, (MD_SIZE)n, append, t, MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
                               MD_HTML_FLAG_SKIP_UTF8_BOM);
    if (status != 0 || t->failed)
        return luaL_error(L, "markdown: out of memory");
    lua_pushlstring(L, t->bytes ? t->bytes : "", t->length);
    return 1;
}

int luaopen_hyades_markdown(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_markdown(lua_State *L)
{
    static const luaL_Reg functions[] = { { "html", html }, { NULL, NULL } };
    if (luaL_newmetatable(L, TEXT)) {
        lua_pushcfunction(L, text_gc);
        lua_setfield(L, -2, "__gc");
    }
    luaL_newlib(L, functions);
    return 1;
}
