/*
 * core.canvas(width, height, scale): a white RGB sheet with anti-aliased shapes, text and images.
 *
 * Everything is a closed outline. `hyl_edge` adds the signed area that an outline covers to each pixel,
 * `paint` sums a row from left to right, which turns that into exact coverage, and blends. Strokes,
 * discs and letters reach the sheet this way too.
 */
#include <math.h>
#include <string.h>

#include "bindings.h"
#include "canvas.h"

#define CANVAS "hyades.canvas"
#define PI 3.14159265358979323846

enum { MAX_SIDE = 16384 };

/* ---- outlines --------------------------------------------------------------------------------- */

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* The part of an edge within one row of pixels, going from column xa to xb ≥ xa, height d. */
static void edge_in_row(canvas *c, float *row, double xa, double xb, double d)
{
    const int i = (int)xa, end = (int)ceil(xb);
    if (i < c->x0)
        c->x0 = i;
    if (end > c->x1)
        c->x1 = end;
    if (end <= i + 1) { /* one pixel: the area to the right of the edge's middle */
        const double right = d * (0.5 * (xa + xb) - i);
        row[i] += (float)(d - right);
        row[i + 1] += (float)right;
        return;
    }
    const double slope = d / (xb - xa);
    double before = 0; /* area to the right of the edge in all pixels so far */
    for (int x = i; x <= end; x++) {
        const double from = clamp(xa, x, x + 1), to = clamp(xb, x, x + 1);
        const double inside = slope * (to - from) * (x + 1 - 0.5 * (from + to));
        const double passed = slope * (fmin(from, xb) - xa);
        row[x] += (float)(inside + passed - before);
        before = inside + passed;
    }
}

/* Add one edge of an outline, in pixels. Left of the clip counts as on its border. */
void hyl_edge(canvas *c, double xa, double ya, double xb, double yb)
{
    double sign = 1;
    if (ya > yb) {
        double t = xa;
        xa = xb, xb = t, t = ya;
        ya = yb, yb = t, sign = -1;
    }
    if (!(yb > c->top && ya < c->bottom && yb > ya))
        return;
    const double slope = (xb - xa) / (yb - ya);
    const double first = fmax(ya, c->top), last = fmin(yb, c->bottom);
    double x = xa + (first - ya) * slope;
    for (int y = (int)first; y < last; y++) {
        const double height = fmin(last, y + 1) - fmax(first, y);
        const double next = x + slope * height;
        const double lo = clamp(fmin(x, next), c->left, c->right);
        const double hi = clamp(fmax(x, next), c->left, c->right);
        edge_in_row(c, c->area + (int64_t)y * (c->w + 2), lo, hi, sign * height);
        x = next;
    }
    if ((int)first < c->y0)
        c->y0 = (int)first;
    if ((int)ceil(last) > c->y1)
        c->y1 = (int)ceil(last);
}

static void blend(uint8_t *p, uint32_t color, double alpha)
{
    for (int i = 0; i < 3; i++) {
        const double to = (color >> (16 - 8 * i)) & 255;
        p[i] = (uint8_t)(p[i] + (to - p[i]) * alpha + 0.5);
    }
}

/* Fill what the edges enclose and forget them. */
static void paint(canvas *c, uint32_t color, double alpha)
{
    for (int y = c->y0; y < c->y1; y++) {
        float *row = c->area + (int64_t)y * (c->w + 2);
        double sum = 0;
        for (int x = c->x0; x <= c->x1; x++) {
            sum += row[x];
            row[x] = 0;
            const double cover = fmin(fabs(sum), 1);
            if (cover > 1.0 / 512 && x < c->right)
                blend(c->pixel + 3 * ((int64_t)y * c->w + x), color, cover * alpha);
        }
    }
    c->x0 = c->w, c->y0 = c->h, c->x1 = c->y1 = 0;
}

/* A pie slice around (x, y); strokes use it for joins and ends, 2π gives a disc. */
static void slice(canvas *c, double x, double y, double r, double from, double sweep)
{
    if (sweep < 0)
        from += sweep, sweep = -sweep;
    const double widest = r > 0.5 ? 2 * acos(1 - 0.02 / r) : 0.5; /* a chord is off by 1/50 pixel */
    const int n = (int)ceil(sweep / widest);
    double px = x + r * cos(from), py = y + r * sin(from);
    hyl_edge(c, x, y, px, py);
    for (int i = 1; i <= n; i++) {
        const double a = from + sweep * i / n;
        const double qx = x + r * cos(a), qy = y + r * sin(a);
        hyl_edge(c, px, py, qx, qy);
        px = qx, py = qy;
    }
    hyl_edge(c, px, py, x, y);
}

/* One straight piece of a stroke; turns the same way round as a slice, so that overlaps add up. */
static void segment(canvas *c, double xa, double ya, double xb, double yb, double half)
{
    const double length = hypot(xb - xa, yb - ya);
    const double nx = -(yb - ya) / length * half, ny = (xb - xa) / length * half;
    hyl_edge(c, xa + nx, ya + ny, xa - nx, ya - ny);
    hyl_edge(c, xa - nx, ya - ny, xb - nx, yb - ny);
    hyl_edge(c, xb - nx, yb - ny, xb + nx, yb + ny);
    hyl_edge(c, xb + nx, yb + ny, xa + nx, ya + ny);
}

/* ---- the Lua side ----------------------------------------------------------------------------- */

static canvas *check_canvas(lua_State *L)
{
    return luaL_checkudata(L, 1, CANVAS);
}

static double check_number(lua_State *L, int i)
{
    const double v = luaL_checknumber(L, i);
    if (!isfinite(v))
        luaL_argerror(L, i, "expected a finite number");
    return clamp(v, -1e6, 1e6);
}

static double check_x(lua_State *L, const canvas *c, int i)
{
    return (check_number(L, i) + c->ox) * c->scale;
}

static double check_y(lua_State *L, const canvas *c, int i)
{
    return (check_number(L, i) + c->oy) * c->scale;
}

static uint32_t check_color(lua_State *L, int i)
{
    const lua_Integer v = luaL_checkinteger(L, i);
    if (v < 0 || v > 0xffffff)
        luaL_argerror(L, i, "expected a color 0xRRGGBB");
    return (uint32_t)v;
}

static double opt_alpha(lua_State *L, int i)
{
    return lua_isnoneornil(L, i) ? 1 : clamp(luaL_checknumber(L, i), 0, 1);
}

/* Number of points in the table x1, y1, x2, y2, … at slot 2, all of them finite. */
static lua_Integer check_points(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    const lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 2, i) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
            luaL_argerror(L, 2, "expected finite numbers x1, y1, x2, y2, …");
        lua_pop(L, 1);
    }
    if (n % 2 != 0 || n == 0)
        luaL_argerror(L, 2, "expected pairs x, y");
    return n / 2;
}

static void get_point(lua_State *L, const canvas *c, lua_Integer i, double *x, double *y)
{
    lua_rawgeti(L, 2, 2 * i - 1);
    lua_rawgeti(L, 2, 2 * i);
    *x = (clamp(lua_tonumber(L, -2), -1e6, 1e6) + c->ox) * c->scale;
    *y = (clamp(lua_tonumber(L, -1), -1e6, 1e6) + c->oy) * c->scale;
    lua_pop(L, 2);
}

/* canvas:rect(x, y, w, h, color, alpha) */
static int canvas_rect(lua_State *L)
{
    canvas *c = check_canvas(L);
    const double x = check_x(L, c, 2), y = check_y(L, c, 3);
    const double x1 = x + check_number(L, 4) * c->scale, y1 = y + check_number(L, 5) * c->scale;
    const uint32_t color = check_color(L, 6);
    const double alpha = opt_alpha(L, 7);
    hyl_edge(c, x, y, x, y1);
    hyl_edge(c, x1, y1, x1, y);
    paint(c, color, alpha);
    return 0;
}

/* canvas:disc(x, y, r, color, alpha) */
static int canvas_disc(lua_State *L)
{
    canvas *c = check_canvas(L);
    const double x = check_x(L, c, 2), y = check_y(L, c, 3), r = check_number(L, 4) * c->scale;
    const uint32_t color = check_color(L, 5);
    const double alpha = opt_alpha(L, 6);
    slice(c, x, y, r, 0, 2 * PI);
    paint(c, color, alpha);
    return 0;
}

/* canvas:polygon({x1, y1, …}, color, alpha) */
static int canvas_polygon(lua_State *L)
{
    canvas *c = check_canvas(L);
    const lua_Integer n = check_points(L);
    const uint32_t color = check_color(L, 3);
    const double alpha = opt_alpha(L, 4);
    double xa, ya, xb, yb;
    get_point(L, c, n, &xa, &ya);
    for (lua_Integer i = 1; i <= n; i++) {
        get_point(L, c, i, &xb, &yb);
        hyl_edge(c, xa, ya, xb, yb);
        xa = xb, ya = yb;
    }
    paint(c, color, alpha);
    return 0;
}

/* canvas:line({x1, y1, …}, width, color, alpha): a stroke with round joins and ends */
static int canvas_line(lua_State *L)
{
    canvas *c = check_canvas(L);
    const lua_Integer n = check_points(L);
    const double half = 0.5 * check_number(L, 3) * c->scale;
    const uint32_t color = check_color(L, 4);
    const double alpha = opt_alpha(L, 5);
    double xa, ya, xb, yb, before = 0;
    bool started = false;
    get_point(L, c, 1, &xa, &ya);
    for (lua_Integer i = 2; i <= n; i++) {
        get_point(L, c, i, &xb, &yb);
        if (hypot(xb - xa, yb - ya) < 1e-3)
            continue;
        const double angle = atan2(yb - ya, xb - xa);
        const double turn = started ? remainder(angle - before, 2 * PI) : PI;
        slice(c, xa, ya, half, started ? before + (turn > 0 ? -PI / 2 : PI / 2) : angle + PI / 2, turn);
        segment(c, xa, ya, xb, yb, half);
        xa = xb, ya = yb, before = angle, started = true;
    }
    if (started)
        slice(c, xa, ya, half, before - PI / 2, PI);
    else
        slice(c, xa, ya, half, 0, 2 * PI);
    paint(c, color, alpha);
    return 0;
}

/* canvas:text(string, x, y, size, color, anchor, turn, bold): y is the baseline; anchor 0 … 1 is the
 * part of the text that lies before x; turn in degrees, clockwise */
static int canvas_text(lua_State *L)
{
    canvas *c = check_canvas(L);
    const char *text = luaL_checkstring(L, 2);
    place at = { check_x(L, c, 3), check_y(L, c, 4), 1, 0 };
    const double size = check_number(L, 5) * c->scale;
    const uint32_t color = check_color(L, 6);
    const double anchor = luaL_optnumber(L, 7, 0), turn = luaL_optnumber(L, 8, 0) * PI / 180;
    font *f = hyl_font(L, lua_toboolean(L, 9));
    const double width = anchor ? hyl_text_run(NULL, f, text, size, NULL) : 0;
    at.cos = cos(turn), at.sin = sin(turn);
    at.x -= anchor * width * at.cos;
    at.y -= anchor * width * at.sin;
    const bool whole = hyl_text_run(c, f, text, size, &at) >= 0;
    paint(c, color, 1);
    if (!whole)
        return luaL_error(L, "canvas: out of memory for text");
    return 0;
}

/* canvas:extent(string, size, bold) → width */
static int canvas_extent(lua_State *L)
{
    canvas *c = check_canvas(L);
    const char *text = luaL_checkstring(L, 2);
    const double size = check_number(L, 3) * c->scale;
    lua_pushnumber(L, hyl_text_run(NULL, hyl_font(L, lua_toboolean(L, 4)), text, size, NULL) / c->scale);
    return 1;
}

/* canvas:image(x, y, w, h, rows, columns, bytes): gray or RGB samples, each a sharp rectangle */
static int canvas_image(lua_State *L)
{
    canvas *c = check_canvas(L);
    const double x = round(check_x(L, c, 2)), y = round(check_y(L, c, 3));
    const double w = round(check_number(L, 4) * c->scale), h = round(check_number(L, 5) * c->scale);
    const lua_Integer rows = luaL_checkinteger(L, 6), columns = luaL_checkinteger(L, 7);
    size_t bytes;
    const char *sample = luaL_checklstring(L, 8, &bytes);
    if (rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE)
        luaL_argerror(L, 6, "expected 1 to 16384 rows and columns");
    const size_t n = (size_t)(rows * columns);
    if (bytes != n && bytes != 3 * n)
        luaL_argerror(L, 8, "expected one byte (gray) or three (RGB) per pixel");
    const int depth = bytes == n ? 1 : 3;
    const int first_x = (int)fmax(x, c->left), first_y = (int)fmax(y, c->top);
    for (int j = first_y; j < fmin(y + h, c->bottom); j++) {
        const lua_Integer row = (lua_Integer)((j - y) * (double)rows / h);
        for (int i = first_x; i < fmin(x + w, c->right); i++) {
            const lua_Integer column = (lua_Integer)((i - x) * (double)columns / w);
            const char *s = sample + (row * columns + column) * depth;
            uint8_t *p = c->pixel + 3 * ((int64_t)j * c->w + i);
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)s[depth == 1 ? 0 : k];
        }
    }
    return 0;
}

/* canvas:move(x, y): where later coordinates start, counted from the corner of the sheet */
static int canvas_move(lua_State *L)
{
    canvas *c = check_canvas(L);
    const double x = check_number(L, 2), y = check_number(L, 3);
    c->ox = x, c->oy = y;
    return 0;
}

/* canvas:clip(x, y, w, h) limits what changes; without arguments it is the whole sheet again */
static int canvas_clip(lua_State *L)
{
    canvas *c = check_canvas(L);
    double x = 0, y = 0, x1 = c->w, y1 = c->h;
    if (!lua_isnoneornil(L, 2)) {
        x = check_x(L, c, 2), y = check_y(L, c, 3);
        x1 = x + check_number(L, 4) * c->scale, y1 = y + check_number(L, 5) * c->scale;
    }
    c->left = (int)clamp(round(x), 0, c->w);
    c->top = (int)clamp(round(y), 0, c->h);
    c->right = (int)clamp(round(x1), c->left, c->w);
    c->bottom = (int)clamp(round(y1), c->top, c->h);
    return 0;
}

/* canvas:size() → width, height in pixels */
static int canvas_size(lua_State *L)
{
    const canvas *c = check_canvas(L);
    lua_pushinteger(L, c->w);
    lua_pushinteger(L, c->h);
    return 2;
}

/* canvas:pixel(column, row) → 0xRRGGBB, from 0 */
static int canvas_pixel(lua_State *L)
{
    const canvas *c = check_canvas(L);
    const lua_Integer x = luaL_checkinteger(L, 2), y = luaL_checkinteger(L, 3);
    luaL_argcheck(L, x >= 0 && x < c->w, 2, "outside the canvas");
    luaL_argcheck(L, y >= 0 && y < c->h, 3, "outside the canvas");
    const uint8_t *p = c->pixel + 3 * (y * c->w + x);
    lua_pushinteger(L, (lua_Integer)p[0] << 16 | p[1] << 8 | p[2]);
    return 1;
}

/* canvas:save(path): a PNG */
static int canvas_save(lua_State *L)
{
    const canvas *c = check_canvas(L);
    const char *path = luaL_checkstring(L, 2);
    hyl_try(L, "save", hy_write_png(hyl_ctx(L), path, c->h, c->w, 3, c->pixel));
    return 0;
}

static int canvas_new(lua_State *L)
{
    const double scale = luaL_optnumber(L, 3, 1);
    const double w = ceil(luaL_checknumber(L, 1) * scale), h = ceil(luaL_checknumber(L, 2) * scale);
    if (!(w >= 1 && h >= 1 && w <= MAX_SIDE && h <= MAX_SIDE && scale > 0))
        return luaL_error(L, "canvas: expected 1 to %d pixels each way, got %f by %f", (int)MAX_SIDE, w, h);
    const size_t pixels = (size_t)w * (size_t)h, areas = (size_t)h * ((size_t)w + 2);
    canvas *c = lua_newuserdatauv(L, sizeof *c + areas * sizeof *c->area + 3 * pixels, 0);
    *c = (canvas){ .w = (int)w, .h = (int)h, .scale = scale };
    c->right = c->x0 = c->w;
    c->bottom = c->y0 = c->h;
    c->area = (float *)(c + 1);
    c->pixel = (uint8_t *)(c->area + areas);
    memset(c->area, 0, areas * sizeof *c->area);
    memset(c->pixel, 255, 3 * pixels);
    luaL_setmetatable(L, CANVAS);
    return 1;
}

void hyl_open_canvas(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "rect", canvas_rect },     { "disc", canvas_disc },   { "polygon", canvas_polygon },
        { "line", canvas_line },     { "text", canvas_text },   { "extent", canvas_extent },
        { "image", canvas_image },   { "move", canvas_move },   { "clip", canvas_clip },
        { "size", canvas_size },     { "pixel", canvas_pixel }, { "save", canvas_save },
        { NULL, NULL },
    };
    luaL_newmetatable(L, CANVAS);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, canvas_new);
    lua_setfield(L, -2, "canvas");
}
