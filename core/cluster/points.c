/* Passes over the points, shared by the clustering routines. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum { BLOCK_NUMBERS = 1 << 20 }; /* that are converted at a time */

hy_status hy_points_weights(hy_ctx *cx, hy_call *c, const hy_points *p, hy_tensor *weights,
                            const void **out)
{
    hy_tensor *w;
    double sum = 0;

    *out = NULL;
    if (!weights)
        return HY_OK;
    if (weights->shape[0] != p->n)
        return hy_fail_shapes(cx, "x and weights differ in length", c->in[0], weights);
    HY_TRY(hy_temp(cx, c, p->dtype, 1, &p->n, &w));
    HY_TRY(hy_copy_into(cx, weights, w));
    for (int64_t i = 0; i < p->n; i++) {
        const double weight = hy_number(p->dtype, hy_data(w), i);
        if (!(weight >= 0 && isfinite(weight)))
            return hy_fail(cx, HY_EARG, "weights is %g at %lld; weights are 0 or more", weight,
                           (long long)i + 1);
        sum += weight;
    }
    if (sum == 0)
        return hy_fail(cx, HY_EARG, "all weights are 0; at least one must be positive");
    *out = hy_data(w);
    return HY_OK;
}

double hy_number(hy_dtype dtype, const void *numbers, int64_t i)
{
    return dtype == HY_F64 ? ((const double *)numbers)[i] : (double)((const float *)numbers)[i];
}

/* ---- every value finite? ---- */

typedef struct scan {
    hy_dtype dtype;
    const void *x;
    _Atomic int64_t first; /* smallest position of a value that is not finite */
} scan;

/* x − x is 0 for finite numbers and NaN for all others, so one sum tells about a whole range. */
static bool all_finite(const scan *s, int64_t begin, int64_t end)
{
    enum { SIDE_BY_SIDE = 16 };
    float f[SIDE_BY_SIDE] = { 0 };
    double sum = 0;
    int64_t i = begin;

    if (s->dtype == HY_F64) {
        for (const double *x = s->x; i < end; i++)
            sum += x[i] - x[i];
        return sum == 0;
    }
    const float *x = s->x;
    for (; i + SIDE_BY_SIDE <= end; i += SIDE_BY_SIDE)
        for (int l = 0; l < SIDE_BY_SIDE; l++)
            f[l] += x[i + l] - x[i + l];
    for (int l = 0; l < SIDE_BY_SIDE; l++)
        sum += (double)f[l];
    for (; i < end; i++)
        sum += (double)(x[i] - x[i]);
    return sum == 0;
}

static void scan_range(void *arg, int64_t begin, int64_t end)
{
    scan *s = arg;
    int64_t i = begin;

    if (all_finite(s, begin, end))
        return;
    while (isfinite(hy_number(s->dtype, s->x, i)))
        i++;
    int64_t first = atomic_load(&s->first);
    while (i < first && !atomic_compare_exchange_weak(&s->first, &first, i))
        continue;
}

static hy_status need_finite(hy_ctx *cx, const hy_points *p, const char *name)
{
    scan s = { .dtype = p->dtype, .x = p->x, .first = INT64_MAX };

    hy_parallel_for(p->n * p->d, 1 << 18, scan_range, &s);
    const int64_t at = s.first;
    if (at == INT64_MAX)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s is %s at row %lld, column %lld; every value must be finite",
                   name, isnan(hy_number(p->dtype, p->x, at)) ? "NaN" : "infinite",
                   (long long)(at / p->d) + 1, (long long)(at % p->d) + 1);
}

hy_status hy_points_read(hy_ctx *cx, hy_call *c, hy_tensor *x, const char *name, hy_points *out)
{
    const bool bytes = x->dtype == HY_U8;
    if (!bytes)
        HY_TRY(hy_need_real(cx, x));
    if (x->shape[1] == 0)
        return hy_fail(cx, HY_EARG, "%s has no columns", name);
    hy_points p = { .dtype = bytes ? HY_F32 : x->dtype, .n = x->shape[0], .d = x->shape[1] };
    p.size = hy_dtype_size(p.dtype);
    p.kernels = x->storage->device->kernels[p.dtype]->distance;
    p.nearest = x->storage->device->kernels[p.dtype]->nearest;
    if (!p.kernels || !p.nearest)
        return hy_fail(cx, HY_EARG, "no distances on device %s yet; use x:to(\"cpu\")",
                       x->storage->device->name);
    if (bytes) {
        hy_tensor *block;
        p.bytes = hy_data(x);
        p.block_rows = BLOCK_NUMBERS / p.d > 0 ? BLOCK_NUMBERS / p.d : 1;
        p.block_rows = p.block_rows < p.n ? p.block_rows : p.n;
        HY_TRY(hy_temp(cx, c, HY_F32, 2, (int64_t[]){ p.block_rows, p.d }, &block));
        p.block = hy_data(block);
    } else {
        p.x = hy_data(x);
    }
    *out = p;
    return bytes ? HY_OK : need_finite(cx, out, name);
}

/* ---- passes ---- */

typedef struct widening {
    const uint8_t *from;
    float *to;
} widening;

static void widen(void *arg, int64_t begin, int64_t end)
{
    const widening *w = arg;
    for (int64_t i = begin; i < end; i++)
        w->to[i] = w->from[i];
}

int64_t hy_points_most(const hy_points *p, int64_t wanted)
{
    return p->x || wanted < p->block_rows ? wanted : p->block_rows;
}

const void *hy_points_block(const hy_points *p, int64_t begin, int64_t n)
{
    if (p->x)
        return p->x + begin * p->d * p->size;
    widening w = { p->bytes + begin * p->d, p->block };
    hy_parallel_for(n * p->d, 1 << 17, widen, &w);
    return p->block;
}

void hy_points_copy(const hy_points *p, int64_t i, void *to)
{
    widening w = { p->bytes + (p->x ? 0 : i * p->d), to };
    if (p->x)
        memcpy(to, p->x + i * p->d * p->size, (size_t)(p->d * p->size));
    else
        widen(&w, 0, p->d);
}

/* Rows per block, so that a block is some 0.1 s of work when a row needs `work` operations. */
static int64_t block_rows(int64_t work)
{
    const int64_t rows = ((int64_t)1 << 31) / (work > 0 ? work : 1);
    return rows > 4096 ? rows : 4096;
}

static int64_t block_end(const hy_points *p, int64_t begin, int64_t rows)
{
    return p->n - begin < rows ? p->n : begin + rows;
}

hy_status hy_points_search(hy_ctx *cx, const hy_points *p, hy_search *s)
{
    s->n = p->n;
    s->d = p->d;
    s->bytes = !p->x;
    s->x = p->x ? (const void *)p->x : p->bytes;
    return p->nearest->search(cx, s);
}

hy_status hy_points_sums(hy_ctx *cx, const hy_points *p, int64_t k, const void *weight,
                         const int32_t *label, double *sums, double *counts, double *part,
                         double *part_count)
{
    const int64_t rows = hy_points_most(p, block_rows(16 * p->d));

    memset(sums, 0, (size_t)(k * p->d) * sizeof *sums);
    memset(counts, 0, (size_t)k * sizeof *counts);
    for (int64_t i = 0; i < p->n; i += rows) {
        const char *w = weight ? (const char *)weight + i * p->size : NULL;
        const int64_t n = block_end(p, i, rows) - i;
        HY_TRY(hy_poll(cx, i, p->n));
        HY_TRY(p->kernels->label_sums(cx, n, k, p->d, hy_points_block(p, i, n), w, label + i, part,
                                      part_count));
        for (int64_t j = 0; j < k * p->d; j++)
            sums[j] += part[j];
        for (int64_t j = 0; j < k; j++)
            counts[j] += part_count[j];
    }
    return HY_OK;
}

hy_status hy_points_reach(hy_ctx *cx, const hy_points *p, double *reach, void *room)
{
    if (p->x)
        HY_TRY(p->nearest->reach(cx, p->n, p->d, p->x, room));
    for (int64_t l = 0; l < p->d; l++)
        reach[l] = p->x ? hy_number(p->dtype, room, l) : UINT8_MAX;
    return HY_OK;
}

hy_status hy_points_cost(hy_ctx *cx, const hy_points *p, const void *centers, const int32_t *label,
                         double *cost)
{
    const int64_t rows = hy_points_most(p, block_rows(16 * p->d));

    for (int64_t i = 0; i < p->n; i += rows) {
        HY_TRY(hy_poll(cx, i, p->n));
        const int64_t n = block_end(p, i, rows) - i;
        p->kernels->to_center(n, p->d, hy_points_block(p, i, n), centers, label + i, cost + i);
    }
    return HY_OK;
}
