/* Sorting along an axis: stable, NaN last. */
#include <string.h>

#include "ops.h"

/* Rows of x (the axis last) in order, with the positions they had. */
static hy_status ordered(hy_ctx *cx, hy_call *c, int axis, bool descending, hy_tensor **values,
                         hy_tensor **positions)
{
    hy_tensor *x;
    const int64_t r = c->in[0]->shape[axis];
    if (r > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld elements are more than positions can count",
                       (long long)r);
    HY_TRY(hy_temp_last(cx, c, c->in[0], axis, &x));
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, values));
    HY_TRY(hy_temp(cx, c, HY_INDEX, x->ndim, x->shape, positions));
    if (hy_numel(x) == 0)
        return HY_OK;
    return hy_kernels_of(x)->move->sort(cx, hy_numel(x) / r, r, descending, hy_data(x),
                                        hy_data(*values), hy_data(*positions));
}

/* Output i is t with its last axis moved back. */
static hy_status out_axis(hy_ctx *cx, hy_call *c, int i, hy_tensor *t, int axis)
{
    if (axis != t->ndim - 1)
        HY_TRY(hy_temp_swap(cx, c, t, axis, t->ndim - 1, &t));
    return hy_out_tensor(cx, c, i, t);
}

static hy_status sort_fwd(hy_ctx *cx, hy_call *c)
{
    const int axis = (int)c->arg[0].i;
    hy_tensor *values, *positions;
    HY_TRY(ordered(cx, c, axis, c->arg[1].i, &values, &positions));
    hy_save(c, positions);
    HY_TRY(out_axis(cx, c, 0, values, axis));
    return out_axis(cx, c, 1, positions, axis);
}

static hy_status argsort_fwd(hy_ctx *cx, hy_call *c)
{
    const int axis = (int)c->arg[0].i;
    hy_tensor *values, *positions;
    HY_TRY(ordered(cx, c, axis, c->arg[1].i, &values, &positions));
    return out_axis(cx, c, 0, positions, axis);
}

/* The first k of the last axis, in memory of their own. */
static hy_status head(hy_ctx *cx, hy_call *c, hy_tensor *t, int64_t k, hy_tensor **out)
{
    const hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = t->ndim - 1 },
                                     { .given = true, .i = 1 },
                                     { .given = true, .i = k } };
    HY_TRY(hy_temp_run(cx, c, "narrow", t, NULL, arg, &t));
    return hy_temp_run(cx, c, "clone", t, NULL, NULL, out);
}

static hy_status topk_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t k = c->arg[0].i;
    const int axis = (int)c->arg[1].i;
    const int64_t size = c->in[0]->shape[axis];
    hy_tensor *values, *positions;
    if (k < 0 || k > size)
        return hy_fail(cx, HY_EARG, "k is %lld; axis %d has %lld elements", (long long)k, axis + 1,
                       (long long)size);
    HY_TRY(ordered(cx, c, axis, c->arg[2].i, &values, &positions));
    HY_TRY(head(cx, c, values, k, &values));
    HY_TRY(head(cx, c, positions, k, &positions));
    hy_save(c, positions);
    HY_TRY(out_axis(cx, c, 0, values, axis));
    return out_axis(cx, c, 1, positions, axis);
}

static hy_status scatter_back(hy_ctx *cx, hy_call *c, int axis)
{
    const hy_tensor *positions = c->saved[0];
    const int last = positions->ndim - 1;
    hy_tensor *g, *gx;
    int64_t shape[HY_MAX_DIM];
    if (!c->grad[0])
        return HY_OK;
    HY_TRY(hy_temp_last(cx, c, c->grad[0], axis, &g));
    memcpy(shape, positions->shape, sizeof shape);
    shape[last] = c->source[0]->shape[axis];
    HY_TRY(hy_temp(cx, c, g->dtype, last + 1, shape, &gx));
    HY_TRY(hy_fill(cx, gx, 0));
    const int64_t k = positions->shape[last];
    if (hy_numel(g) > 0)
        hy_kernels_of(g)->index->gather_bwd(hy_numel(g) / k, shape[last], 1, k, hy_data(g),
                                            hy_data(positions), hy_data(gx));
    if (axis != last)
        HY_TRY(hy_temp_swap(cx, c, gx, axis, last, &gx));
    return hy_pass(cx, c, 0, gx);
}

static hy_status sort_bwd(hy_ctx *cx, hy_call *c)
{
    return scatter_back(cx, c, (int)c->arg[0].i);
}

static hy_status topk_bwd(hy_ctx *cx, hy_call *c)
{
    return scatter_back(cx, c, (int)c->arg[1].i);
}

/* ---- unique ---- */

/* Contiguous elements i and j are the same value; NaN equals NaN here. */
static bool same_value(const hy_tensor *x, int64_t i, int64_t j)
{
    const void *p = hy_data(x);
    switch (x->dtype) {
    case HY_F32: {
        const float a = ((const float *)p)[i], b = ((const float *)p)[j];
        return a == b || (a != a && b != b);
    }
    case HY_F64: {
        const double a = ((const double *)p)[i], b = ((const double *)p)[j];
        return a == b || (a != a && b != b);
    }
    case HY_U8: return ((const uint8_t *)p)[i] == ((const uint8_t *)p)[j];
    default: return ((const int32_t *)p)[i] == ((const int32_t *)p)[j];
    }
}

static hy_status unique_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *values, *positions, *first;
    const int64_t n = hy_numel(x);
    if (n > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld elements are more than positions can count",
                       (long long)n);
    HY_TRY(hy_temp_reshape(cx, c, x, 1, &n, &x));
    HY_TRY(hy_temp_contiguous(cx, c, x, &x));
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &n, &values));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &positions));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &first));
    if (n > 0)
        HY_TRY(hy_kernels_of(x)->move->sort(cx, 1, n, false, hy_data(x), hy_data(values),
                                            hy_data(positions)));

    HY_TRY(hy_out(cx, c, 1, HY_INDEX, c->in[0]->ndim, c->in[0]->shape));
    const int32_t *from = hy_data(positions);
    int32_t *start = hy_data(first), *inverse = hy_data(c->out[1]);
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || !same_value(values, i - 1, i))
            start[k++] = (int32_t)i;
        inverse[from[i]] = (int32_t)k - 1;
    }
    HY_TRY(hy_out(cx, c, 0, x->dtype, 1, &k));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 1, &k));
    double *count = hy_data(c->out[2]);
    for (int64_t j = 0; j < k; j++)
        count[j] = (double)((j + 1 < k ? start[j + 1] : n) - start[j]);
    if (k > 0)
        hy_kernels_of(x)->move->take(1, n, 1, k, hy_data(values), start, hy_data(c->out[0]));
    return HY_OK;
}

const hy_op hy_ops_sort[] = {
    { .name = "sort",
      .signature = "x:tensor axis:axis=-1 {descending:flag=false} -> tensor index",
      .forward = sort_fwd,
      .backward = sort_bwd,
      .strided = true,
      .doc = "Values in order along an axis (the last) and the positions they had. Stable; NaN "
             "comes last." },
    { .name = "argsort",
      .signature = "x:tensor axis:axis=-1 {descending:flag=false} -> index",
      .forward = argsort_fwd,
      .strided = true,
      .doc = "Positions that sort x along an axis (the last). Stable; NaN comes last." },
    { .name = "topk",
      .signature = "x:tensor k:integer axis:axis=-1 {largest:flag=true} -> tensor index",
      .forward = topk_fwd,
      .backward = topk_bwd,
      .strided = true,
      .doc = "The k largest (or smallest) values along an axis (the last), best first, and their "
             "positions." },
    { .name = "unique",
      .signature = "x:tensor -> vector index vector",
      .forward = unique_fwd,
      .strided = true,
      .doc = "The different values in order, for each element the position of its value, and how "
             "often each occurs (f64). NaN counts as one value." },
    { 0 },
};
