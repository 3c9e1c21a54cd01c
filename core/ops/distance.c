/* Squared distances between the rows of two matrices, and the similarity made of them. */
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

static hy_status student_t_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *z = c->in[0], *centers = c->in[1];
    const int64_t n = z->shape[0], k = centers->shape[0];
    const double alpha = c->arg[0].d;
    hy_tensor *distance;
    HY_TRY(check_rows(cx, z, centers));
    if (!(alpha > 0 && alpha < INFINITY))
        return hy_fail(cx, HY_EARG, "alpha is %g; it wants a number above 0", alpha);
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
    { 0 },
};
