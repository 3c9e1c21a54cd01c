/* What both steps of EM share: gmm.c and gmm_m_step.c. Blocks of rows are fixed by the sizes alone, and
 * so is the order of every sum: the same bits for any thread count. */
#ifndef HY_GMM_H
#define HY_GMM_H

#include "../ops/ops.h"
#include "cluster.h"

enum {
    NARROW = 128, /* columns up to which everything about a component fits the nearest cache */
    WIDE = 1024,  /* columns from which more points would take too long between looks */
    TASKS = 16,   /* parts of a sum, at least so many for all components together */
};

static inline int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t parts_of(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

/* Points of a block. */
static inline int64_t block_rows(int64_t n, int64_t d)
{
    /* Two blocks at least: a single one would run outside a parallel loop, on BLAS's threads. */
    return min_of(d <= NARROW || d > WIDE ? 64 : 256, parts_of(n, 2));
}

/* Rows of a triangle that are multiplied together; what is 0 beyond them is left out. */
static inline int64_t panel_rows(int64_t d)
{
    return d <= NARROW ? 16 : 64;
}

/* How many of n equal pieces of work go between two looks at the user: a multiple of `step`. */
static inline int64_t per_look(int64_t n, double work, int64_t step)
{
    const double look = 2e9; /* multiplications between two of them */
    const double fit = look / (work + 1);
    return fit >= (double)n ? n : fit < (double)step ? step : (int64_t)fit / step * step;
}

static inline hy_status f64_scratch(hy_ctx *cx, hy_call *c, int64_t n, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *out = hy_data(t);
    return HY_OK;
}

static inline const hy_matrix_kernels *products(const hy_tensor *x)
{
    return x->storage->device->kernels[HY_F64]->matrix;
}

static inline hy_status read_points(hy_ctx *cx, hy_call *c, hy_points *p)
{
    HY_TRY(hy_need_real(cx, c->in[0]));
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", p));
    if (p->n == 0)
        return hy_fail(cx, HY_EARG, "x has no rows");
    return HY_OK;
}

hy_status hy_gmm_m_step_fwd(hy_ctx *cx, hy_call *c); /* gmm_m_step.c */

#endif
