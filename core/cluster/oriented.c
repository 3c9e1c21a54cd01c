/* Distances to centers within a space of each center's own. */
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum { ROWS = 512 };

typedef struct oriented {
    hy_ctx *cx;
    const hy_matrix_kernels *matrix;
    hy_dtype dtype;
    int64_t n, k, d, l, size;
    const char *x;     /* the block: n×d, moved by the mean of the centers */
    const char *bases; /* k×d×l */
    const double *own; /* k×l: the projected centers */
    char *projected;   /* k × ROWS×l */
    double *out;       /* k × ROWS */
} oriented;

static void measure(void *arg, int64_t begin, int64_t end)
{
    const oriented *o = arg;
    for (int64_t c = begin; c < end; c++) {
        char *z = o->projected + c * ROWS * o->l * o->size;
        const double *own = o->own + c * o->l;
        o->matrix->gemm(o->cx, false, false, o->n, o->l, o->d, o->x, o->d,
                        o->bases + c * o->d * o->l * o->size, o->l, 0, z, o->l);
        for (int64_t i = 0; i < o->n; i++) {
            double sum = 0;
            for (int64_t j = 0; j < o->l; j++) {
                const double step = hy_number(o->dtype, z, i * o->l + j) - own[j];
                sum += step * step;
            }
            o->out[c * ROWS + i] = sum;
        }
    }
}

/* to = from − mean, row by row */
static void move_rows(hy_dtype dtype, int64_t n, int64_t d, const void *from, const double *mean,
                      void *to)
{
    for (int64_t i = 0; i < n * d; i++) {
        const double v = hy_number(dtype, from, i) - mean[i % d];
        if (dtype == HY_F64)
            ((double *)to)[i] = v;
        else
            ((float *)to)[i] = (float)v;
    }
}

static hy_status check_shapes(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *x = c->in[0], *centers = c->in[1], *bases = c->in[2];
    char text[160];
    if (centers->shape[1] != x->shape[1])
        return hy_fail_shapes(cx, "rows of x and centers differ in length", x, centers);
    if (bases->ndim != 3 || bases->shape[0] != centers->shape[0] ||
        bases->shape[1] != centers->shape[1])
        return hy_fail(cx, HY_EARG, "bases must be k×d×l for %lld centers of length %lld, got %s",
                       (long long)centers->shape[0], (long long)centers->shape[1],
                       hy_shape_text(bases, text));
    if (hy_numel(bases) == 0)
        return hy_fail(cx, HY_EARG, "bases is empty: %s", hy_shape_text(bases, text));
    HY_TRY(hy_need_real(cx, centers));
    return hy_need_real(cx, bases);
}

/* The mean of the centers, and what is left of each of them in its own space. */
static void project_centers(const oriented *o, const double *centers, const double *bases,
                            double *mean, double *own)
{
    memset(mean, 0, (size_t)o->d * sizeof *mean);
    for (int64_t i = 0; i < o->k * o->d; i++)
        mean[i % o->d] += centers[i] / (double)o->k;
    memset(own, 0, (size_t)(o->k * o->l) * sizeof *own);
    for (int64_t i = 0; i < o->k * o->d; i++)
        for (int64_t j = 0; j < o->l; j++)
            own[i / o->d * o->l + j] += (centers[i] - mean[i % o->d]) * bases[i * o->l + j];
}

typedef struct room {
    double *mean, *own;
    void *moved;
} room;

static hy_status prepare(hy_ctx *cx, hy_call *c, const hy_points *p, oriented *o, room *r)
{
    hy_tensor *centers, *bases, *own_type, *mean, *own, *moved, *projected, *out;
    HY_TRY(hy_temp_to(cx, c, c->in[1], HY_F64, &centers));
    HY_TRY(hy_temp_to(cx, c, c->in[2], HY_F64, &bases));
    HY_TRY(hy_temp_to(cx, c, c->in[2], p->dtype, &own_type));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &o->d, &mean));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ o->k, o->l }, &own));
    HY_TRY(hy_temp(cx, c, p->dtype, 2, (int64_t[]){ ROWS, o->d }, &moved));
    HY_TRY(hy_temp(cx, c, p->dtype, 3, (int64_t[]){ o->k, ROWS, o->l }, &projected));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ o->k, ROWS }, &out));
    *r = (room){ hy_data(mean), hy_data(own), hy_data(moved) };
    o->matrix = c->in[0]->storage->device->kernels[p->dtype]->matrix;
    o->cx = cx;
    hy_onednn_used(cx); /* sought now: the threads that multiply only look what was found */
    o->dtype = p->dtype;
    o->size = p->size;
    o->x = r->moved;
    o->bases = hy_data(own_type);
    o->own = r->own;
    o->projected = hy_data(projected);
    o->out = hy_data(out);
    project_centers(o, hy_data(centers), hy_data(bases), r->mean, r->own);
    return HY_OK;
}

static hy_status oriented_sqdist_fwd(hy_ctx *cx, hy_call *c)
{
    hy_points p;
    room r;
    HY_TRY(check_shapes(cx, c));
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    oriented o = { .k = c->in[1]->shape[0], .d = p.d, .l = c->in[2]->shape[2] };
    HY_TRY(prepare(cx, c, &p, &o, &r));
    HY_TRY(hy_out(cx, c, 0, p.dtype, 2, (int64_t[]){ p.n, o.k }));
    const int64_t rows = hy_points_most(&p, ROWS);
    for (int64_t first = 0; first < p.n; first += rows) {
        HY_TRY(hy_poll(cx, first, p.n));
        o.n = p.n - first < rows ? p.n - first : rows;
        move_rows(p.dtype, o.n, p.d, hy_points_block(&p, first, o.n), r.mean, r.moved);
        hy_parallel_for(o.k, 1, measure, &o);
        for (int64_t i = 0; i < o.n * o.k; i++) {
            const double v = o.out[i % o.k * ROWS + i / o.k];
            if (p.dtype == HY_F64)
                ((double *)hy_data(c->out[0]))[first * o.k + i] = v;
            else
                ((float *)hy_data(c->out[0]))[first * o.k + i] = (float)v;
        }
    }
    return HY_OK;
}

const hy_op hy_ops_oriented[] = {
    { .name = "oriented_sqdist",
      .signature = "x:matrix centers:matrix bases:tensor -> matrix",
      .forward = oriented_sqdist_fwd,
      .doc = "Squared distance from every row of x to every center, in the space that the columns "
             "of the center's own basis span: |Eᵀ(x − c)|² for bases k×d×l." },
    { 0 },
};
