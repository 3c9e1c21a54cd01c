/* Letters: DejaVu Sans where it is installed, else what Cairo takes for sans. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "canvas.h"

/* The length of the character at p, 0 where bytes are no UTF-8. */
static int character(const unsigned char *p, const unsigned char *end)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const int n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    if (n == 0 || end - p < n)
        return 0;
    uint32_t code = n == 1 ? *p : *p & (127u >> n);
    for (int i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        code = code << 6 | (p[i] & 63);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

/* The text at i as Cairo accepts it: bytes that are no UTF-8 become U+FFFD, line ends and other
 * control characters blanks. Stays on the stack. */
static const char *check_text(lua_State *L, int i)
{
    size_t length;
    const unsigned char *p = (const unsigned char *)luaL_checklstring(L, i, &length);
    const unsigned char *const end = p + length;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while (p < end) {
        const int n = character(p, end);
        if (n == 0)
            luaL_addlstring(&buffer, "\xef\xbf\xbd", 3);
        else if (n == 1 && (*p < 32 || *p == 127))
            luaL_addchar(&buffer, ' ');
        else
            luaL_addlstring(&buffer, (const char *)p, (size_t)n);
        p += n > 0 ? n : 1;
    }
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
}

static void set_letters(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

static double advance(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

/* canvas:text(string, x, y, size, color, anchor, turn, bold, halo): y is the baseline; anchor 0 … 1
 * is the part of the text that lies before x; turn in degrees, clockwise; halo is the color of a
 * seam around the letters */
int hyc_text(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double x = hyc_number(L, 3), y = hyc_number(L, 4), size = fabs(hyc_number(L, 5));
    const double anchor = luaL_optnumber(L, 7, 0), turn = luaL_optnumber(L, 8, 0);
    const bool bold = lua_toboolean(L, 9), halo = !lua_isnoneornil(L, 10);
    lua_settop(L, 10);
    const char *text = check_text(L, 2);
    if (size < 0.1 || !*text)
        return 0;
    cairo_save(c->cr);
    set_letters(c->cr, size, bold);
    cairo_translate(c->cr, x, y);
    cairo_rotate(c->cr, turn * M_PI / 180);
    cairo_move_to(c->cr, anchor != 0 ? -anchor * advance(c->cr, text) : 0, 0);
    if (halo) {
        cairo_text_path(c->cr, text);
        cairo_set_line_width(c->cr, size * 0.28);
        hyc_set_source(c->cr, luaL_checkinteger(L, 10), 0.85);
        cairo_stroke_preserve(c->cr);
        hyc_color(L, 6, 0);
        cairo_fill(c->cr);
    } else {
        hyc_color(L, 6, 0);
        cairo_show_text(c->cr, text);
    }
    cairo_restore(c->cr);
    hyc_try(L, cairo_status(c->cr));
    return 0;
}

/* canvas:extent(string, size, bold) → width */
int hyc_extent(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double size = fabs(hyc_number(L, 3));
    const bool bold = lua_toboolean(L, 4);
    const char *text = check_text(L, 2);
    set_letters(c->cr, fmax(size, 0.1), bold);
    lua_pushnumber(L, *text ? advance(c->cr, text) : 0);
    hyc_try(L, cairo_status(c->cr));
    return 1;
}
