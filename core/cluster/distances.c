/* Rows of the matrix of distances between all points. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "medoids.h"

enum { ROOM = 256 }; /* rows that are computed together */

/* ---- computing ------------------------------------------------------------------------------- */

typedef struct rows_job {
    const hy_distances *from;
    int64_t first, count;
    char *to;
    bool lost[ROOM]; /* of each row: a distance is too large for its type */
} rows_job;

/* Columns become rows. */
static void turn_range(void *arg, int64_t begin, int64_t end)
{
    const rows_job *job = arg;
    const int64_t n = job->from->n, count = job->count;
    for (int64_t b = 0; b < count; b++)
        if (job->from->dtype == HY_F64)
            for (int64_t i = begin; i < end; i++)
                ((double *)job->to)[b * n + i] =
                    ((const double *)job->from->columns)[i * count + b];
        else
            for (int64_t i = begin; i < end; i++)
                ((float *)job->to)[b * n + i] = ((const float *)job->from->columns)[i * count + b];
}

static double direct(const hy_distances *from, int64_t a, int64_t b)
{
    double sum = 0;
    for (int64_t j = 0; j < from->d; j++) {
        const double step = hy_number(from->dtype, from->x, a * from->d + j) -
                            hy_number(from->dtype, from->x, b * from->d + j);
        sum += step * step;
    }
    return sum;
}

/* Squared distances through matrix products lose the small ones: these again by differences. Then
 * the roots. */
static void finish_range(void *arg, int64_t begin, int64_t end)
{
    const double small = 1e-3; /* of the largest in the row */
    rows_job *job = arg;
    const hy_distances *from = job->from;
    const double most = from->dtype == HY_F64 ? DBL_MAX : FLT_MAX;
    for (int64_t b = begin; b < end; b++) {
        double *wide = (double *)job->to + b * from->n, largest = 0;
        float *narrow = (float *)job->to + b * from->n;
        for (int64_t i = 0; i < from->n; i++)
            largest = fmax(largest, from->dtype == HY_F64 ? wide[i] : (double)narrow[i]);
        for (int64_t i = 0; i < from->n; i++) {
            double v = from->dtype == HY_F64 ? wide[i] : (double)narrow[i];
            if (!from->manhattan && v < small * largest)
                v = direct(from, job->first + b, i);
            v = from->manhattan || from->squared ? v : sqrt(v);
            job->lost[b] |= !(v <= most);
            if (from->dtype == HY_F64)
                wide[i] = v;
            else
                narrow[i] = (float)v;
        }
    }
}

static hy_status compute(hy_ctx *cx, const hy_distances *from, int64_t first, int64_t count,
                         char *to)
{
    rows_job job = { .from = from, .first = first, .count = count, .to = to };
    const char *y = from->x + first * from->d * from->size;
    if (from->manhattan)
        from->city->manhattan(from->n, count, from->d, from->x, y, from->columns);
    else
        HY_TRY(from->kernels->sqdist(cx, from->n, count, from->d, from->x, y, from->columns));
    hy_parallel_for(from->n, 512, turn_range, &job);
    hy_parallel_for(count, 4, finish_range, &job);
    for (int64_t b = 0; b < count; b++)
        if (job.lost[b])
            return hy_fail(cx, HY_ENUMERIC, "distances from row %lld of x overflow %s; scale x down",
                           (long long)(first + b) + 1, hy_dtype_name(from->dtype));
    return HY_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static hy_status read_matrix(hy_ctx *cx, const hy_tensor *x, const hy_points *p, hy_distances *out)
{
    char text[160];
    if (x->shape[0] != x->shape[1])
        return hy_fail(cx, HY_EARG, "x must be square to be a matrix of distances, got %s",
                       hy_shape_text(x, text));
    double largest = 0;
    for (int64_t i = 0; i < hy_numel(x); i++)
        largest = fmax(largest, hy_number(p->dtype, p->x, i));
    for (int64_t i = 0; i < hy_numel(x); i++)
        if (hy_number(p->dtype, p->x, i) < -1e-6 * largest) /* 1 − cos may round below 0 */
            return hy_fail(cx, HY_EARG, "x holds the negative distance %g in row %lld",
                           hy_number(p->dtype, p->x, i), (long long)(i / p->d) + 1);
    out->matrix = p->x;
    return HY_OK;
}

static hy_status keep_matrix(hy_ctx *cx, hy_call *c, hy_distances *out)
{
    hy_tensor *matrix;
    HY_TRY(hy_temp(cx, c, out->dtype, 2, (int64_t[]){ out->n, out->n }, &matrix));
    char *to = hy_data(matrix);
    for (int64_t i = 0; i < out->n; i += out->room) {
        HY_TRY(hy_poll(cx, i, out->n));
        HY_TRY(compute(cx, out, i, out->n - i < out->room ? out->n - i : out->room,
                       to + i * out->n * out->size));
    }
    out->matrix = to;
    return HY_OK;
}

hy_status hy_distances_read(hy_ctx *cx, hy_call *c, const hy_arg *arg, hy_distances *out)
{
    hy_tensor *x = c->in[0], *columns, *block, *lone;
    hy_points p;
    *out = (hy_distances){ .squared = arg[0].i, .manhattan = arg[1].i, .given = arg[2].i };
    if (x->dtype == HY_U8)
        HY_TRY(hy_temp_to(cx, c, x, HY_F32, &x));
    HY_TRY(hy_points_read(cx, c, x, "x", &p));
    out->dtype = p.dtype;
    out->n = p.n;
    out->d = p.d;
    out->size = p.size;
    out->x = p.x;
    out->kernels = p.kernels;
    out->city = x->storage->device->kernels[p.dtype]->manhattan;
    if (p.n == 0)
        return hy_fail(cx, HY_EARG, "x has no rows");
    if (out->given)
        return read_matrix(cx, x, &p, out);
    if (out->manhattan && !out->city)
        return hy_fail(cx, HY_EARG, "no city-block distances on device %s yet; use x:to(\"cpu\")",
                       x->storage->device->name);
    out->room = p.n < ROOM ? p.n : ROOM;
    HY_TRY(hy_temp(cx, c, p.dtype, 2, (int64_t[]){ p.n, out->room }, &columns));
    out->columns = hy_data(columns);
    if (p.n <= arg[3].i / p.size / p.n)
        return keep_matrix(cx, c, out);
    HY_TRY(hy_temp(cx, c, p.dtype, 2, (int64_t[]){ out->room, p.n }, &block));
    HY_TRY(hy_temp(cx, c, p.dtype, 1, &p.n, &lone));
    out->block = hy_data(block);
    out->lone = hy_data(lone);
    return HY_OK;
}

hy_status hy_distances_rows(hy_ctx *cx, hy_distances *from, int64_t first, int64_t *count,
                            const char **rows)
{
    const int64_t bytes = from->n * from->size;
    if (from->matrix) {
        *rows = from->matrix + first * bytes;
        return HY_OK;
    }
    if (first < from->first || first >= from->first + from->count) {
        from->first = first;
        from->count = from->n - first < from->room ? from->n - first : from->room;
        HY_TRY(compute(cx, from, first, from->count, from->block));
    }
    const int64_t left = from->first + from->count - first;
    *count = *count < left ? *count : left;
    *rows = from->block + (first - from->first) * bytes;
    return HY_OK;
}

hy_status hy_distances_row(hy_ctx *cx, hy_distances *from, int64_t at, const char **row)
{
    const int64_t bytes = from->n * from->size;
    if (from->matrix) {
        *row = from->matrix + at * bytes;
        return HY_OK;
    }
    *row = from->lone;
    return compute(cx, from, at, 1, from->lone);
}

hy_status hy_distances_exact(hy_ctx *cx, hy_call *c, const hy_distances *from, int64_t k,
                             const int32_t *member, const int32_t *label, double *distance)
{
    hy_tensor *centers;
    const int64_t bytes = from->d * from->size;
    if (from->given || from->manhattan)
        return HY_OK;
    HY_TRY(hy_temp(cx, c, from->dtype, 2, (int64_t[]){ k, from->d }, &centers));
    for (int64_t j = 0; j < k; j++)
        memcpy((char *)hy_data(centers) + j * bytes, from->x + member[j] * bytes, (size_t)bytes);
    from->kernels->to_center(from->n, from->d, from->x, hy_data(centers), label, distance);
    for (int64_t i = 0; i < from->n; i++)
        distance[i] = from->squared ? distance[i] : sqrt(distance[i]);
    return HY_OK;
}
