/* Printing like NumPy: aligned columns, shortened beyond 1,000 elements, a footer with the facts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hyades.h"

enum { MOST = 1000, EDGE = 3, DIGITS = 4, CELL = 32 };

typedef struct printer {
    FILE *to;
    const hy_tensor *t;
    int width;       /* columns of the page */
    int cell;        /* columns of one number */
    int decimals;
    bool scientific, shortened;
} printer;

static void number_text(const printer *p, double value, char *text)
{
    if (isnan(value))
        strcpy(text, "nan");
    else if (isinf(value))
        strcpy(text, value > 0 ? "inf" : "-inf");
    else if (p->scientific)
        snprintf(text, CELL, "%.*e", DIGITS - 1, value);
    else
        snprintf(text, CELL, "%.*f", p->decimals, value);
}

/* Call visit for the elements that will be shown. */
typedef void visit_fn(printer *p, double value);

static bool hidden(const printer *p, int64_t i, int64_t n)
{
    return p->shortened && n > 2 * EDGE && i >= EDGE && i < n - EDGE;
}

/* The next position; of the hidden ones only the first is visited. */
static int64_t after(const printer *p, int64_t i, int64_t n)
{
    return hidden(p, i, n) ? n - EDGE : i + 1;
}

static void each_shown(printer *p, int axis, int64_t first, visit_fn *visit)
{
    if (axis == p->t->ndim) {
        visit(p, hy_get(p->t, first));
        return;
    }
    const int64_t n = p->t->shape[axis];
    for (int64_t i = 0; i < n; i = after(p, i, n))
        if (!hidden(p, i, n))
            each_shown(p, axis + 1, first * n + i, visit);
}

/* Decimals that show the value to DIGITS places, without zeros at the end. */
static void note_decimals(printer *p, double value)
{
    char text[CELL + 300];
    if (!isfinite(value))
        return;
    const double size = fabs(value);
    if (size >= 1e7 || (size > 0 && size < 1e-4))
        p->scientific = true;
    if (p->scientific)
        return;
    snprintf(text, sizeof text, "%.*f", DIGITS, value);
    int decimals = DIGITS;
    for (char *end = text + strlen(text) - 1; decimals > 0 && *end == '0'; end--)
        decimals--;
    if (decimals > p->decimals)
        p->decimals = decimals;
}

static void note_width(printer *p, double value)
{
    char text[CELL];
    number_text(p, value, text);
    if ((int)strlen(text) > p->cell)
        p->cell = (int)strlen(text);
}

static void put_row(const printer *p, int64_t first, int64_t n, int depth)
{
    int column = depth + 1;
    fputc('[', p->to);
    for (int64_t i = 0; i < n; i = after(p, i, n)) {
        char text[CELL];
        if (hidden(p, i, n)) {
            fputs(" …", p->to);
            column += 2;
            continue;
        }
        number_text(p, hy_get(p->t, first + i), text);
        if (i > 0 && column + 1 + p->cell > p->width - 1) {
            fprintf(p->to, "\n%*s", depth + 1, "");
            column = depth + 1;
        } else if (i > 0) {
            fputc(' ', p->to);
            column++;
        }
        fprintf(p->to, "%*s", p->cell, text);
        column += p->cell;
    }
    fputc(']', p->to);
}

static void put_block(const printer *p, int axis, int64_t first)
{
    const int64_t n = p->t->shape[axis];
    if (axis == p->t->ndim - 1) {
        put_row(p, first * n, n, axis);
        return;
    }
    fputc('[', p->to);
    for (int64_t i = 0; i < n; i = after(p, i, n)) {
        for (int line = axis; i > 0 && line < p->t->ndim - 1; line++)
            fputc('\n', p->to);
        if (i > 0)
            fprintf(p->to, "%*s", axis + 1, "");
        if (hidden(p, i, n))
            fputs("…", p->to);
        else
            put_block(p, axis + 1, first * n + i);
    }
    fputc(']', p->to);
}

static void put_footer(const printer *p)
{
    char shape[160];
    if (p->t->ndim == 0)
        fprintf(p->to, "  [%s %s]", hy_dtype_name(p->t->dtype), p->t->storage->device->name);
    else
        fprintf(p->to, "\n[%s %s %s]", hy_dtype_name(p->t->dtype), hy_shape_text(p->t, shape),
                p->t->storage->device->name);
}

hy_status hy_tensor_text(hy_ctx *cx, const hy_tensor *t, int width, char **out)
{
    size_t size;
    printer p = { .t = t, .width = width, .shortened = hy_numel(t) > MOST };
    p.to = open_memstream(out, &size);
    if (!p.to)
        return hy_fail(cx, HY_EMEM, "out of memory while printing");
    each_shown(&p, 0, 0, note_decimals);
    each_shown(&p, 0, 0, note_width);
    if (t->ndim == 0) {
        char text[CELL];
        number_text(&p, hy_get(t, 0), text);
        fputs(text, p.to);
    } else
        put_block(&p, 0, 0);
    put_footer(&p);
    const bool failed = ferror(p.to) != 0;
    if (fclose(p.to) != 0 || failed) {
        free(*out);
        *out = NULL;
        return hy_fail(cx, HY_EMEM, "out of memory while printing");
    }
    return HY_OK;
}
