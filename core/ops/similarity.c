/* Rows of length 1, and the cosines between them. */
#include "ops.h"

/* Rows of x (axis last, contiguous) divided by their length; both belong to the call. */
static hy_status unit_rows(hy_ctx *cx, hy_call *c, const hy_tensor *x, double eps, hy_tensor **norm,
                           hy_tensor **y)
{
    const int64_t d = x->shape[x->ndim - 1], n = d > 0 ? hy_numel(x) / d : 0;
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &n, norm));
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, y));
    hy_kernels_of(x)->network->normalize(n, d, eps, hy_data(x), hy_data(*norm), hy_data(*y));
    return HY_OK;
}

static hy_status unit_rows_bwd(hy_ctx *cx, hy_call *c, const hy_tensor *y, const hy_tensor *norm,
                               double eps, const hy_tensor *g, hy_tensor **gx)
{
    HY_TRY(hy_temp(cx, c, y->dtype, y->ndim, y->shape, gx));
    hy_kernels_of(y)->network->normalize_bwd(norm->shape[0], y->shape[y->ndim - 1], eps, hy_data(y),
                                             hy_data(norm), hy_data(g), hy_data(*gx));
    return HY_OK;
}

static hy_status check_eps(hy_ctx *cx, double eps)
{
    return eps > 0 ? HY_OK : hy_fail(cx, HY_EARG, "eps is %g; it wants a number above 0", eps);
}

/* ---- normalize: arguments axis, eps; saved: y with the axis last, lengths ---- */

static hy_status normalize_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x, *y, *norm;
    const int axis = (int)c->arg[0].i, last = c->in[0]->ndim - 1;
    HY_TRY(hy_need_real(cx, c->in[0]));
    HY_TRY(check_eps(cx, c->arg[1].d));
    HY_TRY(hy_temp_last(cx, c, c->in[0], axis, &x));
    HY_TRY(unit_rows(cx, c, x, c->arg[1].d, &norm, &y));
    hy_save(c, y);
    hy_save(c, norm);
    if (axis != last)
        HY_TRY(hy_temp_swap(cx, c, y, axis, last, &y));
    return hy_out_tensor(cx, c, 0, y);
}

static hy_status normalize_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g, *gx;
    const int axis = (int)c->arg[0].i, last = c->saved[0]->ndim - 1;
    HY_TRY(hy_temp_last(cx, c, c->grad[0], axis, &g));
    HY_TRY(unit_rows_bwd(cx, c, c->saved[0], c->saved[1], c->arg[1].d, g, &gx));
    if (axis != last)
        HY_TRY(hy_temp_swap(cx, c, gx, axis, last, &gx));
    return hy_pass(cx, c, 0, gx);
}

/* ---- cosine_matrix: x, y; argument eps; saved: rows of length 1 and lengths, of x and of y ----
 */

static hy_status cosine_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *in[] = { c->in[0], c->in[1] };
    const double eps = c->arg[0].d;
    hy_tensor *unit[2], *norm, *y;
    HY_TRY(hy_need_real(cx, in[0]));
    HY_TRY(check_eps(cx, eps));
    if (in[1]) {
        HY_TRY(hy_need_same_dtype(cx, in[0], in[1]));
        if (in[0]->shape[1] != in[1]->shape[1])
            return hy_fail_shapes(cx, "rows differ in length", in[0], in[1]);
    }
    for (int i = 0; i < 2 && in[i]; i++) {
        HY_TRY(unit_rows(cx, c, in[i], eps, &norm, &unit[i]));
        hy_save(c, unit[i]);
        hy_save(c, norm);
    }
    HY_TRY(hy_temp_run(cx, c, "t", in[1] ? unit[1] : unit[0], NULL, NULL, &y));
    HY_TRY(hy_temp_run(cx, c, "matmul", unit[0], y, NULL, &y));
    return hy_out_tensor(cx, c, 0, y);
}

/* To input i from g, the gradient of its rows of length 1. */
static hy_status pass_unit(hy_ctx *cx, hy_call *c, int i, const hy_tensor *g)
{
    hy_tensor *gx;
    HY_TRY(unit_rows_bwd(cx, c, c->saved[2 * i], c->saved[2 * i + 1], c->arg[0].d, g, &gx));
    return hy_pass(cx, c, i, gx);
}

static hy_status cosine_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g = c->grad[0], *gt, *gx, *gy;
    const bool both = c->in[1] != NULL;
    HY_TRY(hy_temp_run(cx, c, "t", g, NULL, NULL, &gt));
    HY_TRY(hy_temp_run(cx, c, "matmul", g, c->saved[both ? 2 : 0], NULL, &gx));
    HY_TRY(hy_temp_run(cx, c, "matmul", gt, c->saved[0], NULL, &gy));
    if (!both) {
        HY_TRY(hy_temp_run(cx, c, "add", gx, gy, NULL, &gx));
        return pass_unit(cx, c, 0, gx);
    }
    if (hy_wants(c, 0))
        HY_TRY(pass_unit(cx, c, 0, gx));
    return hy_wants(c, 1) ? pass_unit(cx, c, 1, gy) : HY_OK;
}

const hy_op hy_ops_similarity[] = {
    { .name = "normalize",
      .signature = "x:tensor axis:axis=-1 {eps:number=1e-12} -> tensor",
      .forward = normalize_fwd,
      .backward = normalize_bwd,
      .doc = "x divided along an axis (the last) by its Euclidean length, or by eps where that is "
             "larger." },
    { .name = "cosine_matrix",
      .signature = "x:matrix y:matrix? {eps:number=1e-12} -> matrix",
      .forward = cosine_fwd,
      .backward = cosine_bwd,
      .doc =
          "Cosine of the angle between every row of x and every row of y, or of x. Rows of zeros "
          "give 0." },
    { 0 },
};
