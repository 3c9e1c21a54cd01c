/* Walks over all pairs of points. */
#include <float.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum { MEAN_POINTS = 1024 }; /* are enough to find the middle of the data */

/* Any point amid the data serves as origin of the products, so a sample of them is averaged. */
static hy_status find_middle(hy_ctx *cx, hy_call *c, const hy_points *p, void **out)
{
    const int64_t n = p->n < MEAN_POINTS ? p->n : MEAN_POINTS;
    hy_tensor *mean, *row, *sums;

    HY_TRY(hy_temp(cx, c, p->dtype, 1, &p->d, &mean));
    HY_TRY(hy_temp(cx, c, p->dtype, 1, &p->d, &row));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &p->d, &sums));
    double *sum = hy_data(sums);
    memset(sum, 0, (size_t)p->d * sizeof *sum);
    for (int64_t i = 0; i < n; i++) {
        hy_points_copy(p, i * (p->n / n), hy_data(row));
        for (int64_t l = 0; l < p->d; l++)
            sum[l] += hy_number(p->dtype, hy_data(row), l) / (double)n;
    }
    HY_TRY(hy_copy_into(cx, sums, mean));
    *out = hy_data(mean);
    return HY_OK;
}

hy_status hy_pairs_prepare(hy_ctx *cx, hy_call *c, hy_pairs *j)
{
    const hy_points *p = j->p;
    const int64_t half = (p->n + 1) / 2; /* two blocks at least, so that all run in parallel loops */
    hy_tensor *scratch;

    const hy_device *device = c->in[0]->storage->device;
    j->kernels = device->kernels[p->dtype]->pairs;
    if (!j->kernels)
        return hy_fail(cx, HY_EARG, "no distances of all pairs on device %s yet; use x:to(\"cpu\")",
                       device->name);
    j->block = half < HY_PAIR_BLOCK ? half : HY_PAIR_BLOCK;
    j->blocks = (p->n + j->block - 1) / j->block;
    j->strands = hy_threads(0) < 2 ? 2 : hy_threads(0);
    j->strands = j->strands < j->blocks ? j->strands : j->blocks;
    j->scratch_size = 2 * j->block * (p->d + 1) + j->block * j->block;
    HY_TRY(hy_temp(cx, c, p->dtype, 2, (int64_t[]){ j->strands, j->scratch_size }, &scratch));
    j->scratch = hy_data(scratch);
    return find_middle(cx, c, p, &j->mean);
}

double hy_pairs_error(const hy_points *p)
{
    enum { ROUNDINGS = 32 }; /* beside those of the sum over the dimensions */
    return (double)(p->d + ROUNDINGS) * (p->dtype == HY_F64 ? DBL_EPSILON : (double)FLT_EPSILON);
}

static int64_t size_of(const hy_pairs *j, int64_t block)
{
    const int64_t left = j->p->n - block * j->block;
    return left < j->block ? left : j->block;
}

static void load_block(const hy_pairs *j, int64_t block, char *to, void *norm)
{
    const hy_points *p = j->p;
    const int64_t first = block * j->block, n = size_of(j, block), bytes = p->d * p->size;

    if (p->x && !j->order) {
        j->kernels->center(n, p->d, p->x + first * bytes, j->mean, to, norm);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        hy_points_copy(p, j->order ? j->order[first + i] : first + i, to + i * bytes);
    j->kernels->center(n, p->d, to, j->mean, to, norm);
}

static void strand_range(void *arg, int64_t strand, int64_t end)
{
    const hy_pairs *j = arg;
    const hy_points *p = j->p;

    for (; strand < end && j->first + strand < j->blocks; strand++) {
        char *x = j->scratch + strand * j->scratch_size * p->size;
        char *y = x + j->block * p->d * p->size, *xnorm = y + j->block * p->d * p->size;
        char *ynorm = xnorm + j->block * p->size, *out = ynorm + j->block * p->size;
        const int64_t b = j->first + strand;
        hy_tile t = { .strand = strand, .row = b * j->block, .rows = size_of(j, b),
                      .distance = out, .row_norm = xnorm, .column_norm = ynorm };
        if (j->from == 0)
            load_block(j, b, x, xnorm);
        for (int64_t other = j->from; other < j->to; other++) {
            t.column = other * j->block;
            t.columns = size_of(j, other);
            load_block(j, other, y, ynorm);
            j->kernels->distances(t.rows, t.columns, p->d, x, xnorm, y, ynorm, j->careful, out);
            j->visit(j->arg, &t);
        }
    }
}

hy_status hy_pairs_run(hy_ctx *cx, hy_pairs *j)
{
    enum { PER_LOOK = 1 << 28 }; /* multiplications of a strand between two looks at the user */
    const int64_t work = PER_LOOK / (j->block * j->block * j->p->d), look = work > 1 ? work : 1;

    for (j->first = 0; j->first < j->blocks; j->first += j->strands)
        for (j->from = 0; j->from < j->blocks; j->from = j->to) {
            HY_TRY(hy_poll(cx, j->first, j->blocks));
            j->to = j->blocks - j->from < look ? j->blocks : j->from + look;
            hy_parallel_for(j->strands, 1, strand_range, j);
        }
    return HY_OK;
}
