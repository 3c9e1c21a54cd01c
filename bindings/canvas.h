/* What canvas.c (shapes) and canvas_text.c (letters) share. */
#ifndef HY_CANVAS_H
#define HY_CANVAS_H

#include "bindings.h"

typedef struct canvas {
    int w, h; /* in pixels; a unit of the caller is `scale` pixels */
    double scale, ox, oy;
    int left, top, right, bottom; /* only these pixels change */
    int x0, y0, x1, y1;           /* pixels that the outline has touched so far */
    float *area;                  /* h × (w + 2), all zero between shapes */
    uint8_t *pixel;               /* h × w × 3 */
} canvas;

/* Add one edge of an outline, in pixels. Left of the clip counts as on its border. */
void hyl_edge(canvas *c, double xa, double ya, double xb, double yb);

typedef struct font font;

/* Letters to pixels: (u, v) of the line of text lies at (x + u·cos + v·sin, y + u·sin − v·cos). */
typedef struct place {
    double x, y, cos, sin;
} place;

/* The font is read once per Lua state and stays in the registry. */
font *hyl_font(lua_State *L, bool bold);
/* Add the outline of UTF-8 text to the canvas (NULL: only measure); size is the height of an em in
 * pixels. Returns its width, −1 when there was no memory for a letter. */
double hyl_text_run(canvas *c, font *f, const char *text, double size, const place *at);

#endif
