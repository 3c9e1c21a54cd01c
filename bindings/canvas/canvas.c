/*
 * hyades.canvas: new(width, height, kind, scale) is a sheet on which Lua draws shapes, text and
 * images; kind is "png" (scale pixels per unit), "svg" or "pdf". Cairo does the drawing.
 */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

enum { MAX_SIDE = 16384 };
static const double POINTS = 0.75; /* a unit in a PDF: 96 to the inch */

int luaopen_hyades_canvas(lua_State *L);

void hyc_try(lua_State *L, cairo_status_t status)
{
    if (status != CAIRO_STATUS_SUCCESS)
        luaL_error(L, "plot: %s", cairo_status_to_string(status));
}

canvas *hyc_check(lua_State *L)
{
    canvas *c = luaL_checkudata(L, 1, HYC_CANVAS);
    if (!c->cr)
        luaL_error(L, "canvas: is finished");
    return c;
}

double hyc_number(lua_State *L, int i)
{
    const double v = luaL_checknumber(L, i);
    if (!isfinite(v))
        luaL_argerror(L, i, "expected a finite number");
    return fmin(fmax(v, -1e6), 1e6);
}

double hyc_scale_of(const canvas *c)
{
    return c->kind == HYC_PNG ? c->scale : HYC_RASTER;
}

double hyc_alpha(lua_State *L, int i)
{
    return lua_isnoneornil(L, i) ? 1 : fmin(fmax(luaL_checknumber(L, i), 0), 1);
}

void hyc_set_source(cairo_t *cr, lua_Integer color, double alpha)
{
    cairo_set_source_rgba(cr, (double)(color >> 16 & 255) / 255, (double)(color >> 8 & 255) / 255,
                          (double)(color & 255) / 255, alpha);
}

void hyc_color(lua_State *L, int color, int alpha)
{
    const lua_Integer v = luaL_checkinteger(L, color);
    if (v < 0 || v > 0xffffff)
        luaL_argerror(L, color, "expected a color 0xRRGGBB");
    hyc_set_source(hyc_check(L)->cr, v, alpha ? hyc_alpha(L, alpha) : 1);
}

/* ---- the sheet --------------------------------------------------------------------------------
 */

static cairo_status_t keep_bytes(void *arg, const unsigned char *data, unsigned n)
{
    canvas *c = arg;
    if (c->room - c->length < n) {
        const size_t room = 2 * c->room + n + 4096;
        char *bytes = realloc(c->bytes, room);
        if (!bytes)
            return CAIRO_STATUS_NO_MEMORY;
        c->bytes = bytes;
        c->room = room;
    }
    memcpy(c->bytes + c->length, data, n);
    c->length += n;
    return CAIRO_STATUS_SUCCESS;
}

/* Origin and clip count from here on; with an empty clip from the whole sheet. */
static void place(canvas *c)
{
    cairo_identity_matrix(c->cr);
    cairo_reset_clip(c->cr);
    const double unit = c->kind == HYC_PDF ? POINTS : c->kind == HYC_PNG ? c->scale : 1;
    cairo_scale(c->cr, unit, unit);
    if (c->clip[2] < c->w || c->clip[3] < c->h) {
        cairo_rectangle(c->cr, c->clip[0], c->clip[1], c->clip[2], c->clip[3]);
        cairo_clip(c->cr);
    }
    cairo_translate(c->cr, c->ox, c->oy);
}

/* canvas:move(x, y): where later coordinates start, counted from the corner of the sheet */
static int move(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double x = hyc_number(L, 2), y = hyc_number(L, 3);
    c->ox = x, c->oy = y;
    place(c);
    return 0;
}

/* A position on the sheet, between whole pixels. */
static double snap(const canvas *c, double v, double most)
{
    const double scale = hyc_scale_of(c);
    return fmin(fmax(round(v * scale) / scale, 0), most);
}

/* canvas:clip(x, y, w, h) limits what changes; without arguments it is the whole sheet again */
static int clip(lua_State *L)
{
    canvas *c = hyc_check(L);
    double x = 0, y = 0, x1 = c->w, y1 = c->h;
    if (!lua_isnoneornil(L, 2)) {
        x = hyc_number(L, 2) + c->ox, y = hyc_number(L, 3) + c->oy;
        x1 = x + hyc_number(L, 4), y1 = y + hyc_number(L, 5);
    }
    c->clip[0] = snap(c, x, c->w);
    c->clip[1] = snap(c, y, c->h);
    c->clip[2] = fmax(snap(c, x1, c->w) - c->clip[0], 0);
    c->clip[3] = fmax(snap(c, y1, c->h) - c->clip[1], 0);
    place(c);
    return 0;
}

static cairo_surface_t *new_surface(canvas *c)
{
    if (c->kind == HYC_PNG)
        return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(c->w * c->scale),
                                          (int)ceil(c->h * c->scale));
    if (c->kind == HYC_PDF) {
        cairo_surface_t *s =
            cairo_pdf_surface_create_for_stream(keep_bytes, c, c->w * POINTS, c->h * POINTS);
        cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
        return s;
    }
    cairo_surface_t *s = cairo_svg_surface_create_for_stream(keep_bytes, c, c->w, c->h);
    cairo_svg_surface_set_document_unit(s, CAIRO_SVG_UNIT_PX);
    return s;
}

/* Letters keep their shape and width at every size, so that all formats agree. */
static void set_font(cairo_t *cr)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
}

static int new (lua_State *L)
{
    static const char *const kinds[] = { "png", "svg", "pdf", NULL };
    const double w = luaL_checknumber(L, 1), h = luaL_checknumber(L, 2);
    const int kind = luaL_checkoption(L, 3, "png", kinds);
    const double scale = luaL_optnumber(L, 4, 1), pixels = scale > 1 ? scale : 1;
    if (!(w >= 1 && h >= 1 && w * pixels <= MAX_SIDE && h * pixels <= MAX_SIDE && scale > 0))
        return luaL_error(L, "canvas: expected 1 to %d pixels each way, got %f by %f",
                          (int)MAX_SIDE, w * scale, h * scale);
    canvas *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (canvas){ .kind = (hyc_kind)kind, .w = w, .h = h, .scale = scale };
    luaL_setmetatable(L, HYC_CANVAS);
    c->surface = new_surface(c);
    c->cr = cairo_create(c->surface);
    c->clip[2] = w, c->clip[3] = h;
    place(c);
    set_font(c->cr);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    hyc_try(L, cairo_status(c->cr));
    return 1;
}

static int gc(lua_State *L)
{
    canvas *c = luaL_checkudata(L, 1, HYC_CANVAS);
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
    free(c->bytes);
    *c = (canvas){ 0 };
    return 0;
}

/* ---- what comes out ---------------------------------------------------------------------------
 */

/* canvas:finish() → the bytes of the SVG or PDF; nothing can be drawn any more */
static int finish(lua_State *L)
{
    canvas *c = hyc_check(L);
    if (c->kind == HYC_PNG)
        return luaL_error(L, "canvas: a png has pixels, no bytes");
    hyc_try(L, cairo_status(c->cr));
    cairo_surface_finish(c->surface);
    hyc_try(L, cairo_surface_status(c->surface));
    cairo_destroy(c->cr);
    c->cr = NULL;
    lua_pushlstring(L, c->bytes, c->length);
    return 1;
}

static canvas *check_pixels(lua_State *L)
{
    canvas *c = hyc_check(L);
    if (c->kind != HYC_PNG)
        luaL_error(L, "canvas: only a png has pixels");
    hyc_try(L, cairo_status(c->cr));
    cairo_surface_flush(c->surface);
    return c;
}

static const uint32_t *row_of(const canvas *c, int y)
{
    const unsigned char *data = cairo_image_surface_get_data(c->surface);
    return (const uint32_t *)(const void *)(data + (ptrdiff_t)y *
                                                       cairo_image_surface_get_stride(c->surface));
}

/* canvas:pixels() → RGB samples, row by row, as a string; columns; rows */
static int pixels(lua_State *L)
{
    const canvas *c = check_pixels(L);
    const int w = cairo_image_surface_get_width(c->surface);
    const int h = cairo_image_surface_get_height(c->surface);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, (size_t)w * (size_t)h * 3);
    for (int y = 0; y < h; y++) {
        const uint32_t *row = row_of(c, y);
        for (int x = 0; x < w; x++, out += 3) {
            out[0] = (char)(row[x] >> 16);
            out[1] = (char)(row[x] >> 8);
            out[2] = (char)row[x];
        }
    }
    luaL_pushresultsize(&buffer, (size_t)w * (size_t)h * 3);
    lua_pushinteger(L, w);
    lua_pushinteger(L, h);
    return 3;
}

/* canvas:pixel(column, row) → 0xRRGGBB, from 0 */
static int pixel(lua_State *L)
{
    const canvas *c = check_pixels(L);
    const lua_Integer x = luaL_checkinteger(L, 2), y = luaL_checkinteger(L, 3);
    luaL_argcheck(L, x >= 0 && x < cairo_image_surface_get_width(c->surface), 2,
                  "outside the canvas");
    luaL_argcheck(L, y >= 0 && y < cairo_image_surface_get_height(c->surface), 3,
                  "outside the canvas");
    lua_pushinteger(L, row_of(c, (int)y)[x] & 0xffffff);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_hyades_canvas(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "rect", hyc_rect },     { "polygon", hyc_polygon }, { "line", hyc_line },
        { "image", hyc_image },   { "markers", hyc_markers }, { "text", hyc_text },
        { "extent", hyc_extent }, { "move", move },           { "clip", clip },
        { "finish", finish },     { "pixels", pixels },       { "pixel", pixel },
        { NULL, NULL },
    };
    luaL_checkversion(L);
    luaL_newmetatable(L, HYC_CANVAS);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, new);
    lua_setfield(L, -2, "new");
    return 1;
}
