/* Outlines, strokes and images. */
#include <math.h>
#include <stdint.h>

#include "canvas.h"

enum { MAX_IMAGE = 16384 };

/* canvas:rect(x, y, w, h, color, alpha) */
int hyc_rect(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double x = hyc_number(L, 2), y = hyc_number(L, 3);
    const double w = hyc_number(L, 4), h = hyc_number(L, 5);
    hyc_color(L, 6, 7);
    cairo_rectangle(c->cr, x, y, w, h);
    cairo_fill(c->cr);
    return 0;
}

/* The table x1, y1, x2, y2, … at slot 2 as a path. */
static void trace(lua_State *L, cairo_t *cr)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    const lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    if (n % 2 != 0 || n == 0)
        luaL_argerror(L, 2, "expected pairs x, y");
    cairo_new_path(cr);
    for (lua_Integer i = 1; i <= n; i += 2) {
        const int kx = lua_rawgeti(L, 2, i), ky = lua_rawgeti(L, 2, i + 1);
        if (kx != LUA_TNUMBER || ky != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)) ||
            !isfinite(lua_tonumber(L, -2))) {
            cairo_new_path(cr);
            luaL_argerror(L, 2, "expected finite numbers x1, y1, x2, y2, …");
        }
        cairo_line_to(cr, hyc_number(L, -2), hyc_number(L, -1));
        lua_pop(L, 2);
    }
}

/* canvas:polygon({x1, y1, …}, color, alpha) */
int hyc_polygon(lua_State *L)
{
    canvas *c = hyc_check(L);
    hyc_color(L, 3, 4);
    trace(L, c->cr);
    cairo_close_path(c->cr);
    cairo_fill(c->cr);
    return 0;
}

/* canvas:line({x1, y1, …}, width, color, alpha, dash): a stroke with round joins and ends; dash is
 * the length of its pieces and of the gaps between */
int hyc_line(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double width = hyc_number(L, 3), dash = lua_isnoneornil(L, 6) ? 0 : hyc_number(L, 6);
    hyc_color(L, 4, 5);
    trace(L, c->cr);
    cairo_set_line_width(c->cr, width);
    cairo_set_line_cap(c->cr, dash > 0 ? CAIRO_LINE_CAP_BUTT : CAIRO_LINE_CAP_ROUND);
    cairo_set_dash(c->cr, (double[]){ dash, dash * 0.7 }, dash > 0 ? 2 : 0, 0);
    cairo_stroke(c->cr);
    return 0;
}

/* Gray or RGB samples as an image. */
static cairo_surface_t *samples_to_image(const unsigned char *sample, int rows, int columns,
                                         int depth)
{
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows);
    unsigned char *data = cairo_image_surface_get_data(image);
    const int stride = cairo_image_surface_get_stride(image);
    for (int y = 0; data && y < rows; y++) {
        uint32_t *row = (uint32_t *)(void *)(data + (ptrdiff_t)y * stride);
        for (int x = 0; x < columns; x++, sample += depth)
            row[x] = (uint32_t)(sample[0] << 16 | sample[depth / 2] << 8 | sample[depth - 1]);
    }
    cairo_surface_mark_dirty(image);
    return image;
}

/* The image over whole pixels: sharp squares when it grows (unless smooth), means of pixels when it
 * shrinks. */
static void paint_image(cairo_t *cr, cairo_surface_t *image, bool smooth, double x, double y,
                        double w, double h)
{
    const double fx = cairo_image_surface_get_width(image) / w;
    const double fy = cairo_image_surface_get_height(image) / h;
    cairo_matrix_t matrix;
    cairo_matrix_init(&matrix, fx, 0, 0, fy, -x * fx, -y * fy);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_pattern_t *pattern = cairo_get_source(cr);
    cairo_pattern_set_matrix(pattern, &matrix);
    cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD);
    cairo_pattern_set_filter(pattern,
                             fx > 1 || fy > 1 || smooth ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
    cairo_rectangle(cr, x, y, w, h);
    cairo_fill(cr);
}

static void paint_on_pixels(canvas *c, cairo_surface_t *image, bool smooth, double x, double y,
                            double w, double h)
{
    cairo_save(c->cr);
    cairo_user_to_device(c->cr, &x, &y);
    cairo_identity_matrix(c->cr);
    paint_image(c->cr, image, smooth, x, y, w, h);
    cairo_restore(c->cr);
}

void hyc_paste(canvas *c, cairo_surface_t *picture, double x, double y)
{
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, 1.0 / HYC_RASTER, 1.0 / HYC_RASTER);
    cairo_set_source_surface(c->cr, picture, 0, 0);
    cairo_paint(c->cr);
    cairo_restore(c->cr);
    cairo_surface_destroy(picture);
}

/* A drawing of paths gets the pixels as a PNG has them: what shows it must not blur small images.
 */
static void embed(canvas *c, cairo_surface_t *image, bool smooth, double x, double y, double w,
                  double h)
{
    cairo_surface_t *grown = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    cairo_t *cr = cairo_create(grown);
    paint_image(cr, image, smooth, 0, 0, w, h);
    cairo_destroy(cr);
    hyc_paste(c, grown, x, y);
}

/* canvas:image(x, y, w, h, rows, columns, bytes, smooth): gray or RGB samples, each a sharp
 * rectangle unless smooth */
int hyc_image(lua_State *L)
{
    canvas *c = hyc_check(L);
    const double scale = hyc_scale_of(c);
    const double x = round((hyc_number(L, 2) + c->ox) * scale) / scale - c->ox;
    const double y = round((hyc_number(L, 3) + c->oy) * scale) / scale - c->oy;
    const double w = fmax(1, round(hyc_number(L, 4) * scale));
    const double h = fmax(1, round(hyc_number(L, 5) * scale));
    const lua_Integer rows = luaL_checkinteger(L, 6), columns = luaL_checkinteger(L, 7);
    size_t bytes;
    const char *sample = luaL_checklstring(L, 8, &bytes);
    if (rows < 1 || columns < 1 || rows > MAX_IMAGE || columns > MAX_IMAGE)
        luaL_argerror(L, 6, "expected 1 to 16384 rows and columns");
    const size_t n = (size_t)(rows * columns);
    if (bytes != n && bytes != 3 * n)
        luaL_argerror(L, 8, "expected one byte (gray) or three (RGB) per pixel");
    if (w > MAX_IMAGE || h > MAX_IMAGE)
        luaL_argerror(L, 4, "expected a width and height up to 16384 pixels");
    cairo_surface_t *image = samples_to_image((const unsigned char *)sample, (int)rows,
                                              (int)columns, bytes == n ? 1 : 3);
    (c->kind == HYC_PNG ? paint_on_pixels : embed)(c, image, lua_toboolean(L, 9), x, y, w, h);
    cairo_surface_destroy(image);
    hyc_try(L, cairo_status(c->cr));
    return 0;
}
