/*
 * Points: many small equal shapes. On pixels each is a stamp, cut once for every eighth of a pixel
 * that it may be shifted by. In an SVG or PDF few are paths, and many are one picture.
 */
#include <math.h>
#include <stdint.h>

#include "canvas.h"

enum { PHASES = 8, LARGEST_STAMP = 64, MOST_PATHS = 20000 };

typedef enum { DISC, SQUARE, TRIANGLE, DIAMOND, DOWN, PLUS, CROSS, STAR } outline;

/* All markers of one call. */
typedef struct markers {
    lua_State *L;
    lua_Integer n;
    outline shape;
    double r;         /* in units */
    bool many_colors; /* argument 6 is a table */
    lua_Integer color;
    double alpha;
    lua_Hook hook; /* at entry: Ctrl-C sets another one */
} markers;

/* Where pixels are: position in pixels = scale · units + offset. */
typedef struct pixels {
    cairo_t *cr;
    double scale, ox, oy;
    cairo_surface_t *stamp[PHASES * PHASES];
} pixels;

static void polygon_path(cairo_t *cr, double x, double y, int corners, double r, double inner,
                         double turn)
{
    for (int i = 0; i < corners; i++) {
        const double a = turn + 2 * M_PI * i / corners, radius = i % 2 ? inner : r;
        cairo_line_to(cr, x + radius * sin(a), y - radius * cos(a));
    }
    cairo_close_path(cr);
}

/* A cross of four arms, r long and as thick as legible. */
static void cross_path(cairo_t *cr, double x, double y, double r, double turn)
{
    static const int arm[12][2] = { { -1, -3 }, { 1, -3 }, { 1, -1 },  { 3, -1 },
                                    { 3, 1 },   { 1, 1 },  { 1, 3 },   { -1, 3 },
                                    { -1, 1 },  { -3, 1 }, { -3, -1 }, { -1, -1 } };
    const double s = sin(turn), c = cos(turn);
    for (int i = 0; i < 12; i++) {
        const double u = arm[i][0] * r / 3, v = arm[i][1] * r / 3;
        cairo_line_to(cr, x + u * c - v * s, y + u * s + v * c);
    }
    cairo_close_path(cr);
}

/* Shapes of about the area of the disc. */
static void shape_path(cairo_t *cr, outline shape, double x, double y, double r)
{
    cairo_new_path(cr);
    switch (shape) {
    case SQUARE: cairo_rectangle(cr, x - 0.886 * r, y - 0.886 * r, 1.772 * r, 1.772 * r); break;
    case TRIANGLE: polygon_path(cr, x, y + 0.15 * r, 3, 1.4 * r, 1.4 * r, 0); break;
    case DOWN: polygon_path(cr, x, y - 0.15 * r, 3, 1.4 * r, 1.4 * r, M_PI); break;
    case DIAMOND: polygon_path(cr, x, y, 4, 1.253 * r, 1.253 * r, 0); break;
    case PLUS: cross_path(cr, x, y, 1.25 * r, 0); break;
    case CROSS: cross_path(cr, x, y, 1.3 * r, M_PI / 4); break;
    case STAR: polygon_path(cr, x, y, 10, 1.6 * r, 0.72 * r, 0); break;
    default: cairo_arc(cr, x, y, r, 0, 2 * M_PI);
    }
}

/* Position i of the call in units, and its color; false for one that is not finite. */
static bool get_marker(const markers *m, lua_Integer i, double *x, double *y, lua_Integer *color)
{
    lua_State *L = m->L;
    *color = m->color;
    lua_rawgeti(L, 3, i);
    lua_rawgeti(L, 4, i);
    *x = lua_tonumber(L, -2);
    *y = lua_tonumber(L, -1);
    lua_pop(L, 2);
    if (m->many_colors) {
        lua_rawgeti(L, 6, i);
        *color = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return fabs(*x) < 1e6 && fabs(*y) < 1e6;
}

/* Whether to go on after i markers. After Ctrl-C its hook raises the error as soon as Lua runs
 * again. */
static bool goes_on(const markers *m, lua_Integer i)
{
    return i % 1024 != 0 || lua_gethook(m->L) == m->hook;
}

static cairo_surface_t *cut_stamp(const markers *m, double r, int phase, int half)
{
    const int side = 2 * half + 1;
    cairo_surface_t *stamp = cairo_image_surface_create(CAIRO_FORMAT_A8, side, side);
    cairo_t *cr = cairo_create(stamp);
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_BEST);
    cairo_set_tolerance(cr, 0.01);
    shape_path(cr, m->shape, half + (phase % PHASES) / (double)PHASES,
               half + (phase / PHASES) / (double)PHASES, r);
    cairo_fill(cr);
    cairo_destroy(cr);
    return stamp;
}

static void stamp_all(const markers *m, pixels *p)
{
    const double r = m->r * p->scale;
    const int half = (int)ceil(1.7 * r) + 1;
    cairo_save(p->cr);
    cairo_identity_matrix(p->cr);
    for (lua_Integer i = 1; i <= m->n && goes_on(m, i); i++) {
        double x, y;
        lua_Integer color;
        if (!get_marker(m, i, &x, &y, &color))
            continue;
        const int64_t px = llround((p->scale * x + p->ox) * PHASES);
        const int64_t py = llround((p->scale * y + p->oy) * PHASES);
        const int phase = (int)((py & (PHASES - 1)) * PHASES + (px & (PHASES - 1)));
        if (!p->stamp[phase])
            p->stamp[phase] = cut_stamp(m, r, phase, half);
        hyc_set_source(p->cr, color, m->alpha);
        cairo_mask_surface(p->cr, p->stamp[phase], (double)((px - phase % PHASES) / PHASES - half),
                           (double)((py - phase / PHASES) / PHASES - half));
    }
    cairo_restore(p->cr);
    for (int i = 0; i < PHASES * PHASES; i++)
        cairo_surface_destroy(p->stamp[i]);
}

static void path_all(const markers *m, cairo_t *cr)
{
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_dash(cr, NULL, 0, 0);
    cairo_set_line_width(cr, 2 * m->r);
    for (lua_Integer i = 1; i <= m->n && goes_on(m, i); i++) {
        double x, y;
        lua_Integer color;
        if (!get_marker(m, i, &x, &y, &color))
            continue;
        hyc_set_source(cr, color, m->alpha);
        if (m->shape == DISC) { /* a stroke without length is a disc in few bytes */
            cairo_move_to(cr, x, y);
            cairo_line_to(cr, x, y);
            cairo_stroke(cr);
        } else {
            shape_path(cr, m->shape, x, y, m->r);
            cairo_fill(cr);
        }
    }
}

/* The part inside the clip as pixels, which then lie on the sheet. */
static void embed_all(const markers *m, canvas *c)
{
    const double left = c->clip[0], top = c->clip[1];
    cairo_surface_t *picture =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(c->clip[2] * HYC_RASTER) + 1,
                                   (int)ceil(c->clip[3] * HYC_RASTER) + 1);
    pixels p = { .cr = cairo_create(picture), .scale = HYC_RASTER };
    p.ox = (c->ox - left) * HYC_RASTER;
    p.oy = (c->oy - top) * HYC_RASTER;
    stamp_all(m, &p);
    cairo_destroy(p.cr);
    hyc_paste(c, picture, left - c->ox, top - c->oy);
}

/* canvas:markers(shape, xs, ys, r, color, alpha): color is one or an array of as many as there are
 * points; what is not finite is left out */
int hyc_markers(lua_State *L)
{
    static const char *const names[] = { "disc", "square", "triangle", "diamond", "down",
                                         "plus", "cross",  "star",     NULL };
    canvas *c = hyc_check(L);
    markers m = { .L = L, .hook = lua_gethook(L) };
    m.shape = (outline)luaL_checkoption(L, 2, NULL, names);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    m.n = (lua_Integer)lua_rawlen(L, 3);
    m.r = fmax(hyc_number(L, 5), 0);
    m.many_colors = lua_istable(L, 6);
    m.color = m.many_colors ? 0 : luaL_checkinteger(L, 6);
    m.alpha = hyc_alpha(L, 7);
    if ((lua_Integer)lua_rawlen(L, 4) != m.n ||
        (m.many_colors && (lua_Integer)lua_rawlen(L, 6) != m.n))
        return luaL_error(L, "canvas: markers: the arrays differ in length");
    luaL_checkstack(L, 4, "markers");
    if (c->kind == HYC_PNG && m.r * c->scale <= LARGEST_STAMP) {
        pixels p = {
            .cr = c->cr, .scale = c->scale, .ox = c->ox * c->scale, .oy = c->oy * c->scale
        };
        stamp_all(&m, &p);
    } else if (m.n > MOST_PATHS && m.r * HYC_RASTER <= LARGEST_STAMP) {
        embed_all(&m, c);
    } else {
        path_all(&m, c->cr);
    }
    hyc_try(L, cairo_status(c->cr));
    return 0;
}
