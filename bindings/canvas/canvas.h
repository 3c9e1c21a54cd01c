/* What the files of the canvas share: a sheet to draw on, over Cairo. */
#ifndef HY_CANVAS_H
#define HY_CANVAS_H

#include <cairo.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#define HYC_CANVAS "hyades.canvas"

typedef enum { HYC_PNG, HYC_SVG, HYC_PDF } hyc_kind;

typedef struct canvas {
    hyc_kind kind;
    cairo_surface_t *surface;
    cairo_t *cr;        /* its unit is the caller's */
    double w, h, scale; /* of the sheet in units; device pixels per unit */
    double ox, oy;      /* where coordinates start, in units from the corner */
    double clip[4];     /* x, y, w, h of what may change, from the corner of the sheet */
    char *bytes;        /* of an SVG or PDF so far */
    size_t length, room;
} canvas;

/* Pictures that go into an SVG or PDF have this many pixels per unit. */
enum { HYC_RASTER = 2 };

canvas *hyc_check(lua_State *L); /* the open canvas at 1 */
double hyc_number(lua_State *L, int i);
double hyc_scale_of(const canvas *c); /* device pixels per unit, those of a picture in it else */
/* Sets the canvas's source from stack positions; alpha 0: opaque. */
void hyc_color(lua_State *L, int color, int alpha);
void hyc_set_source(cairo_t *cr, lua_Integer color, double alpha);
double hyc_alpha(lua_State *L, int i);
/* Lays a picture of HYC_RASTER pixels per unit at x, y, and destroys it. */
void hyc_paste(canvas *c, cairo_surface_t *picture, double x, double y);

/* Raises when Cairo ran out of memory. */
void hyc_try(lua_State *L, cairo_status_t status);

/* Methods; each says in its file what it takes. */
int hyc_rect(lua_State *L);
int hyc_polygon(lua_State *L);
int hyc_line(lua_State *L);
int hyc_markers(lua_State *L);
int hyc_image(lua_State *L);
int hyc_text(lua_State *L);
int hyc_extent(lua_State *L);

#endif
