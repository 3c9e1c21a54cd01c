/* Running sums over the middle of outer × r × inner, in f64, rows or strips of columns at a time. */
#ifndef HY_CPU_SCAN_H
#define HY_CPU_SCAN_H

#include "cpu.h"

enum { SCAN_WIDTH = 256 }; /* columns of a strip */

typedef struct scan_job {
    bool reverse;
    int64_t r, inner, tiles;
    const real *x;
    real *y;
} scan_job;

static void scan_row(const scan_job *j, const real *x, real *y)
{
    double sum = 0;
    for (int64_t k = 0; k < j->r; k++) {
        const int64_t at = j->reverse ? j->r - 1 - k : k;
        sum += (double)x[at];
        y[at] = (real)sum;
    }
}

static void scan_tasks(void *arg, int64_t begin, int64_t end)
{
    const scan_job *j = arg;
    for (int64_t task = begin; task < end; task++) {
        if (j->inner == 1) {
            scan_row(j, j->x + task * j->r, j->y + task * j->r);
            continue;
        }
        const int64_t first = task % j->tiles * SCAN_WIDTH;
        const int64_t width = min_of(SCAN_WIDTH, j->inner - first);
        double sum[SCAN_WIDTH];
        for (int64_t i = 0; i < width; i++)
            sum[i] = 0;
        for (int64_t k = 0; k < j->r; k++) {
            const int64_t row = task / j->tiles * j->r + (j->reverse ? j->r - 1 - k : k);
            const real *x = j->x + row * j->inner + first;
            real *y = j->y + row * j->inner + first;
            EACH (i, 0, width) {
                sum[i] += (double)x[i];
                y[i] = (real)sum[i];
            }
        }
    }
}

static void cumsum(bool reverse, int64_t outer, int64_t r, int64_t inner, const void *x, void *y)
{
    scan_job j = { .reverse = reverse, .r = r, .inner = inner, .x = x, .y = y,
                   .tiles = parts_of(inner, SCAN_WIDTH) };
    hy_parallel_for(outer * j.tiles, row_grain(r * min_of(SCAN_WIDTH, inner)), scan_tasks, &j);
}

#endif
