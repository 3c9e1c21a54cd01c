/* Squared distances between the rows of two matrices, the similarity made of them, and its
 * divergence from a target. */
#include <math.h>

#include "ops.h"

static hy_status check_rows(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y)
{
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, y));
    return x->shape[1] == y->shape[1] ? HY_OK : hy_fail_shapes(cx, "rows differ in length", x, y);
}

/* out n×k of x n×d, y k×d */
static hy_status measure(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y, hy_tensor *out)
{
    const int64_t n = x->shape[0], k = y->shape[0], d = x->shape[1];
    if (n == 0 || k == 0 || d == 0)
        return hy_fill(cx, out, 0);
    return hy_kernels_of(x)->distance->sqdist(cx, n, k, d, hy_data(x), hy_data(y), hy_data(out));
}

static hy_status sqdist_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *y = c->in[1];
    HY_TRY(check_rows(cx, x, y));
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, (int64_t[]){ x->shape[0], y->shape[0] }));
    return measure(cx, x, y, c->out[0]);
}

/* 2 (rowsum(g) ∘ a − g·b) for g n×k; a n×d and b k×d are centered, so that little cancels. */
static hy_status side_bwd(hy_ctx *cx, hy_call *c, int side, hy_tensor *g, hy_tensor *a,
                          hy_tensor *b)
{
    hy_tensor *minus, *sums, *out;
    HY_TRY(hy_temp_scale(cx, c, g, -2, &minus));
    HY_TRY(hy_temp_fold(cx, c, "sum", minus, 1, &sums));
    HY_TRY(hy_temp_run(cx, c, "mul", a, sums, NULL, &out));
    const int64_t n = a->shape[0], k = b->shape[0], d = a->shape[1];
    if (n > 0 && k > 0 && d > 0)
        hy_kernels_of(out)->matrix->gemm(cx, false, false, n, d, k, hy_data(minus), k, hy_data(b),
                                         d, -1, hy_data(out), d);
    return hy_pass(cx, c, side, out);
}

/* From g, the gradient of the distances, to x and y. */
static hy_status pass_distances(hy_ctx *cx, hy_call *c, hy_tensor *g)
{
    hy_tensor *x = c->in[0], *y = c->in[1], *mean;
    if (y->shape[0] > 0) {
        HY_TRY(hy_temp_fold(cx, c, "mean", y, 0, &mean));
        HY_TRY(hy_temp_run(cx, c, "sub", x, mean, NULL, &x));
        HY_TRY(hy_temp_run(cx, c, "sub", y, mean, NULL, &y));
    }
    if (hy_wants(c, 0))
        HY_TRY(side_bwd(cx, c, 0, g, x, y));
    if (!hy_wants(c, 1))
        return HY_OK;
    HY_TRY(hy_temp_run(cx, c, "t", g, NULL, NULL, &g));
    HY_TRY(hy_temp_contiguous(cx, c, g, &g));
    return side_bwd(cx, c, 1, g, y, x);
}

static hy_status sqdist_bwd(hy_ctx *cx, hy_call *c)
{
    return pass_distances(cx, c, c->grad[0]);
}

/* ---- student_t: argument alpha; saved: the squared distances ---- */

static hy_status check_alpha(hy_ctx *cx, double alpha)
{
    if (alpha > 0 && alpha < INFINITY)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "alpha is %g; it wants a number above 0", alpha);
}

static hy_status student_t_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *z = c->in[0], *centers = c->in[1];
    const int64_t n = z->shape[0], k = centers->shape[0];
    const double alpha = c->arg[0].d;
    hy_tensor *distance;
    HY_TRY(check_rows(cx, z, centers));
    HY_TRY(check_alpha(cx, alpha));
    HY_TRY(hy_temp(cx, c, z->dtype, 2, (int64_t[]){ n, k }, &distance));
    HY_TRY(hy_out(cx, c, 0, z->dtype, 2, distance->shape));
    HY_TRY(measure(cx, z, centers, distance));
    hy_save(c, distance);
    if (k > 0)
        hy_kernels_of(z)->network->student_t(n, k, alpha, hy_data(distance), hy_data(c->out[0]));
    return HY_OK;
}

static hy_status student_t_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *q = c->out[0];
    hy_tensor *g;
    HY_TRY(hy_temp(cx, c, q->dtype, 2, q->shape, &g));
    if (q->shape[1] > 0)
        hy_kernels_of(q)->network->student_t_bwd(q->shape[0], q->shape[1], c->arg[0].d,
                                                 hy_data(c->saved[0]), hy_data(q),
                                                 hy_data(c->grad[0]), hy_data(g));
    return pass_distances(cx, c, g);
}

/* ---- student_kl: z, centers, target; argument alpha
 * saved: the gradient of the sum by the squared distances; similarity and target where that has one
 * ---- */

enum { TARGET = 2 };

/* The target that is given, or room for one, and what it takes to make it. */
static hy_status prepare_target(hy_ctx *cx, hy_call *c, const hy_tensor *q, hy_tensor **p,
                                hy_tensor **frequency)
{
    const int64_t n = q->shape[0], k = q->shape[1];
    *p = c->in[TARGET];
    *frequency = NULL;
    if (!*p) {
        HY_TRY(hy_temp(cx, c, q->dtype, 2, q->shape, p));
        HY_TRY(hy_temp(cx, c, q->dtype, 1, &k, frequency));
        hy_kernels_of(q)->reduce->reduce(HY_REDUCE_SUM, 1, n, k, hy_data(q), hy_data(*frequency));
        return HY_OK;
    }
    HY_TRY(hy_need_same_dtype(cx, q, *p));
    return hy_same_shape(q, *p)
               ? HY_OK
               : hy_fail_shapes(cx, "similarity and target differ in shape", q, *p);
}

static hy_status student_kl_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *z = c->in[0], *centers = c->in[1];
    const int64_t shape[] = { z->shape[0], centers->shape[0] }, n = shape[0];
    const double alpha = c->arg[0].d;
    hy_tensor *distance, *q, *p, *frequency, *g, *rows;
    HY_TRY(check_rows(cx, z, centers));
    HY_TRY(check_alpha(cx, alpha));
    if (shape[1] == 0)
        return hy_fail(cx, HY_EARG, "there are no centers");
    HY_TRY(hy_temp(cx, c, z->dtype, 2, shape, &distance));
    HY_TRY(hy_temp(cx, c, z->dtype, 2, shape, &q));
    HY_TRY(hy_temp(cx, c, z->dtype, 2, shape, &g));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &rows));
    HY_TRY(measure(cx, z, centers, distance));
    const hy_network_kernels *kernels = hy_kernels_of(z)->network;
    kernels->student_t(n, shape[1], alpha, hy_data(distance), hy_data(q));
    HY_TRY(prepare_target(cx, c, q, &p, &frequency));
    kernels->student_kl(n, shape[1], alpha, hy_data(distance), hy_data(q),
                        frequency ? hy_data(frequency) : NULL, hy_data(p), hy_data(g),
                        hy_data(rows));
    hy_save(c, g);
    if (hy_wants(c, TARGET))
        hy_save(c, q);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ((const double *)hy_data(rows))[i];
    HY_TRY(hy_out(cx, c, 0, z->dtype, 0, NULL));
    return hy_fill(cx, c->out[0], sum / (double)n);
}

/* log(p) − log(q) + 1 */
static hy_status target_bwd(hy_ctx *cx, hy_call *c, double share)
{
    hy_tensor *tiny, *one, *p, *q;
    HY_TRY(hy_temp_number(cx, c, c->in[0]->dtype, 1e-37, &tiny));
    HY_TRY(hy_temp_number(cx, c, c->in[0]->dtype, 1, &one));
    HY_TRY(hy_temp_run(cx, c, "maximum", c->in[TARGET], tiny, NULL, &p));
    HY_TRY(hy_temp_run(cx, c, "maximum", c->saved[1], tiny, NULL, &q));
    HY_TRY(hy_temp_run(cx, c, "log", p, NULL, NULL, &p));
    HY_TRY(hy_temp_run(cx, c, "log", q, NULL, NULL, &q));
    HY_TRY(hy_temp_run(cx, c, "sub", p, q, NULL, &p));
    HY_TRY(hy_temp_run(cx, c, "add", p, one, NULL, &p));
    HY_TRY(hy_temp_scale(cx, c, p, share, &p));
    return hy_pass(cx, c, TARGET, p);
}

static hy_status student_kl_bwd(hy_ctx *cx, hy_call *c)
{
    const double share = hy_get(c->grad[0], 0) / (double)c->in[0]->shape[0];
    hy_tensor *g;
    if (hy_wants(c, TARGET))
        HY_TRY(target_bwd(cx, c, share));
    HY_TRY(hy_temp_scale(cx, c, c->saved[0], share, &g));
    return pass_distances(cx, c, g);
}

const hy_op hy_ops_distance[] = {
    { .name = "sqdist",
      .signature = "x:matrix y:matrix -> matrix",
      .forward = sqdist_fwd,
      .backward = sqdist_bwd,
      .doc = "Squared Euclidean distance from every row of x to every row of y." },
    { .name = "student_t",
      .signature = "z:matrix centers:matrix {alpha:number=1} -> matrix",
      .forward = student_t_fwd,
      .backward = student_t_bwd,
      .doc = "Student-t similarity of every row of z to every center, with alpha degrees of "
             "freedom: (1 + sqdist / alpha)^(-(alpha + 1) / 2), each row divided by its sum. Far "
             "points keep their differences." },
    { .name = "student_kl",
      .signature = "z:matrix centers:matrix target:matrix? {alpha:number=1} -> tensor",
      .forward = student_kl_fwd,
      .backward = student_kl_bwd,
      .doc =
          "Mean over the rows of the divergence KL(p, q) of q = student_t(z, centers) from a "
          "target p: the one given, or that of deep embedded clustering, q squared, divided by "
          "its column sums and brought to row sums of 1, which is a constant for the gradient." },
    { 0 },
};
