/* Choosing, gathering and scattering by position or by mask. */
#include <string.h>

#include "ops.h"

/* Positions in 0..n−1, or an error that names the 1-based one. */
static hy_status need_inside(hy_ctx *cx, const hy_tensor *index, int64_t n, const char *what)
{
    const int32_t *p = hy_data(index);
    const int64_t count = hy_numel(index);
    for (int64_t i = 0; i < count; i++) {
        if (p[i] == -1)
            return hy_fail(cx, HY_EARG, "-1 (none) is no %s that could be read", what);
        if (p[i] < 0 || p[i] >= n)
            return hy_fail(cx, HY_EARG, "%s %lld is outside 1..%lld", what, (long long)p[i] + 1,
                           (long long)n);
    }
    return HY_OK;
}

static hy_status need_index(hy_ctx *cx, const hy_tensor *x, const char *name)
{
    if (x->dtype == HY_INDEX)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s must be index, got %s; convert with :to(\"index\")", name,
                   hy_dtype_name(x->dtype));
}

/* Positions (row order) at which a contiguous mask is not 0. */
static hy_status positions_of(hy_ctx *cx, hy_call *c, const hy_tensor *mask, hy_tensor **out)
{
    const uint8_t *on = hy_data(mask);
    const int64_t n = hy_numel(mask);
    int64_t count = 0;
    if (n > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld elements are more than positions can count",
                       (long long)n);
    for (int64_t i = 0; i < n; i++)
        count += on[i] != 0;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &count, out));
    int32_t *p = hy_data(*out);
    for (int64_t i = 0; i < n; i++)
        if (on[i])
            *p++ = (int32_t)i;
    return HY_OK;
}

/* ---- index: x, rows; argument axis; saved: positions ---- */

/* Positions from what the user gave: index of any shape, or a mask over the axis. */
static hy_status chosen(hy_ctx *cx, hy_call *c, hy_tensor *rows, int64_t n, const char *what,
                        hy_tensor **out)
{
    *out = rows;
    if (rows->dtype == HY_U8) {
        if (rows->ndim != 1 || rows->shape[0] != n) {
            char text[160];
            return hy_fail(cx, HY_EARG, "the mask is %s; it wants %lld elements, one for each %s",
                           hy_shape_text(rows, text), (long long)n, what);
        }
        return positions_of(cx, c, rows, out);
    }
    HY_TRY(need_index(cx, rows, "rows"));
    return need_inside(cx, rows, n, what);
}

static hy_status index_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const int axis = (int)c->arg[0].i;
    hy_tensor *rows;
    int64_t outer, n, inner, shape[2 * HY_MAX_DIM];
    hy_split_axis(x, axis, &outer, &n, &inner);
    HY_TRY(chosen(cx, c, c->in[1], n, axis == 0 ? "row" : "position", &rows));
    int ndim = axis;
    memcpy(shape, x->shape, (size_t)axis * sizeof *shape);
    for (int d = 0; d < rows->ndim; d++)
        shape[ndim++] = rows->shape[d];
    for (int d = axis + 1; d < x->ndim; d++)
        shape[ndim++] = x->shape[d];
    HY_TRY(hy_out(cx, c, 0, x->dtype, ndim, shape));
    hy_save(c, rows);
    if (hy_numel(c->out[0]) > 0)
        hy_kernels_of(x)->move->take(outer, n, inner, hy_numel(rows), hy_data(x), hy_data(rows),
                                     hy_data(c->out[0]));
    return HY_OK;
}

static hy_status index_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *gx;
    int64_t outer, n, inner;
    hy_split_axis(c->source[0], c->arg[0].i, &outer, &n, &inner);
    HY_TRY(hy_temp_zeros(cx, c, c->source[0], &gx));
    if (hy_numel(c->grad[0]) > 0)
        hy_kernels_of(gx)->index->put_add(outer, n, inner, hy_numel(c->saved[0]),
                                          hy_data(c->grad[0]), hy_data(c->saved[0]), hy_data(gx));
    return hy_pass(cx, c, 0, gx);
}

/* ---- scatter_add: x, rows, src; argument axis ---- */

static hy_status scatter_add_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *rows = c->in[1], *src = c->in[2];
    const int axis = (int)c->arg[0].i;
    int64_t outer, n, inner;
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, src));
    HY_TRY(need_index(cx, rows, "rows"));
    hy_split_axis(x, axis, &outer, &n, &inner);
    bool fits = rows->ndim == 1 && src->ndim == x->ndim;
    for (int d = 0; fits && d < x->ndim; d++)
        fits = src->shape[d] == (d == axis ? rows->shape[0] : x->shape[d]);
    if (!fits)
        return hy_fail_shapes(cx, "src must have one row for each of rows, shaped like those of x",
                              x, src);
    HY_TRY(need_inside(cx, rows, n, axis == 0 ? "row" : "position"));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    HY_TRY(hy_copy_into(cx, x, c->out[0]));
    if (hy_numel(src) > 0)
        hy_kernels_of(x)->index->put_add(outer, n, inner, rows->shape[0], hy_data(src),
                                         hy_data(rows), hy_data(c->out[0]));
    return HY_OK;
}

static hy_status scatter_add_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *gsrc;
    if (hy_wants(c, 0))
        HY_TRY(hy_pass(cx, c, 0, c->grad[0]));
    if (!hy_wants(c, 2))
        return HY_OK;
    HY_TRY(hy_temp_run(cx, c, "index", c->grad[0], c->in[1], c->arg, &gsrc));
    return hy_pass(cx, c, 2, gsrc);
}

/* ---- gather: x, index; argument axis ---- */

static hy_status gather_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *index = c->in[1];
    const int axis = (int)c->arg[0].i;
    int64_t outer, n, inner;
    HY_TRY(need_index(cx, index, "index"));
    hy_split_axis(x, axis, &outer, &n, &inner);
    bool fits = index->ndim == x->ndim;
    for (int d = 0; fits && d < x->ndim; d++)
        fits = d == axis || index->shape[d] == x->shape[d];
    if (!fits)
        return hy_fail_shapes(cx, "index must be shaped like x except along the axis", x, index);
    HY_TRY(need_inside(cx, index, n, "position"));
    HY_TRY(hy_out(cx, c, 0, x->dtype, index->ndim, index->shape));
    if (hy_numel(index) > 0)
        hy_kernels_of(x)->move->gather(outer, n, inner, index->shape[axis], hy_data(x),
                                       hy_data(index), hy_data(c->out[0]));
    return HY_OK;
}

static hy_status gather_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *index = c->in[1];
    hy_tensor *gx;
    int64_t outer, n, inner;
    hy_split_axis(c->source[0], c->arg[0].i, &outer, &n, &inner);
    HY_TRY(hy_temp_zeros(cx, c, c->source[0], &gx));
    if (hy_numel(index) > 0)
        hy_kernels_of(gx)->index->gather_bwd(outer, n, inner, index->shape[c->arg[0].i],
                                             hy_data(c->grad[0]), hy_data(index), hy_data(gx));
    return hy_pass(cx, c, 0, gx);
}

/* ---- masks ---- */

/* The mask stretched to the shape of x, contiguous. */
static hy_status need_mask(hy_ctx *cx, hy_call *c, const hy_tensor *x, hy_tensor **mask)
{
    if ((*mask)->dtype != HY_U8)
        return hy_fail(cx, HY_EARG, "mask must be u8, got %s", hy_dtype_name((*mask)->dtype));
    if (hy_same_shape(x, *mask))
        return HY_OK;
    hy_arg to[HY_MAX_ARG] = { { .given = true, .n = x->ndim } };
    memcpy(to[0].list, x->shape, sizeof x->shape);
    HY_TRY(hy_temp_run(cx, c, "expand", *mask, NULL, to, mask));
    return hy_temp_contiguous(cx, c, *mask, mask);
}

static hy_status masked_select_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    hy_tensor *mask = c->in[1], *at;
    HY_TRY(need_mask(cx, c, x, &mask));
    HY_TRY(positions_of(cx, c, mask, &at));
    HY_TRY(hy_out(cx, c, 0, x->dtype, 1, at->shape));
    hy_save(c, at);
    if (at->shape[0] > 0)
        hy_kernels_of(x)->move->take(1, hy_numel(x), 1, at->shape[0], hy_data(x), hy_data(at),
                                     hy_data(c->out[0]));
    return HY_OK;
}

static hy_status masked_select_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *gx;
    HY_TRY(hy_temp_zeros(cx, c, c->source[0], &gx));
    if (c->saved[0]->shape[0] > 0)
        hy_kernels_of(gx)->index->put_add(1, hy_numel(gx), 1, c->saved[0]->shape[0],
                                          hy_data(c->grad[0]), hy_data(c->saved[0]), hy_data(gx));
    return hy_pass(cx, c, 0, gx);
}

/* out = value where mask, else x */
static hy_status fill_where(hy_ctx *cx, hy_call *c, hy_tensor *x, hy_tensor *mask, double value,
                            hy_tensor *out)
{
    hy_tensor *number;
    hy_grid grid;
    HY_TRY(hy_temp_number(cx, c, x->dtype, value, &number));
    hy_grid_make(&grid, x->ndim, x->shape, 4, (hy_tensor *[]){ mask, number, x, out });
    if (hy_numel(x) > 0)
        hy_kernels_of(x)->move->where(&grid, hy_data(mask), hy_data(number), hy_data(x),
                                      hy_data(out));
    return HY_OK;
}

static hy_status masked_fill_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *mask = c->in[1];
    HY_TRY(need_mask(cx, c, x, &mask));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    hy_save(c, mask);
    return fill_where(cx, c, x, mask, c->arg[0].d, c->out[0]);
}

static hy_status masked_fill_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g = c->grad[0], *gx;
    HY_TRY(hy_temp(cx, c, g->dtype, g->ndim, g->shape, &gx));
    HY_TRY(fill_where(cx, c, g, c->saved[0], 0, gx));
    return hy_pass(cx, c, 0, gx);
}

/* Row number i of shape, into one column for each axis. */
static void unravel(const hy_tensor *x, int64_t i, int32_t *row)
{
    for (int d = x->ndim - 1; d >= 0; d--) {
        row[d] = (int32_t)(i % x->shape[d]);
        i /= x->shape[d];
    }
}

static hy_status nonzero_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *zero, *mask, *at;
    if (x->dtype == HY_INDEX)
        return hy_fail(cx, HY_EARG,
                       "x is index, which holds no zeros; compare it first, as in x:eq(1)");
    HY_TRY(hy_temp_number(cx, c, x->dtype, 0, &zero));
    HY_TRY(hy_temp_run(cx, c, "ne", x, zero, NULL, &mask));
    HY_TRY(positions_of(cx, c, mask, &at));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 2, (int64_t[]){ at->shape[0], x->ndim }));
    const int32_t *p = hy_data(at);
    int32_t *rows = hy_data(c->out[0]);
    for (int64_t i = 0; i < at->shape[0]; i++)
        unravel(x, p[i], rows + i * x->ndim);
    return HY_OK;
}

/* ---- labels ---- */

/* Number of classes: argument 0, or the largest label. Labels above it are an error, −1 is fine. */
static hy_status need_classes(hy_ctx *cx, const hy_call *c, const hy_tensor *labels, int64_t *k)
{
    const int32_t *p = hy_data(labels);
    int64_t largest = 0;
    HY_TRY(need_index(cx, labels, "labels"));
    for (int64_t i = 0; i < hy_numel(labels); i++)
        if (p[i] >= largest)
            largest = p[i] + 1;
    *k = c->arg[0].given ? c->arg[0].i : largest;
    if (*k < 0)
        return hy_fail(cx, HY_EARG, "k is %lld; it wants 0 or more", (long long)*k);
    if (largest > *k)
        return hy_fail(cx, HY_EARG, "label %lld is outside 1..%lld", (long long)largest,
                       (long long)*k);
    return HY_OK;
}

static hy_status one_hot_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *labels = c->in[0];
    const hy_dtype dtype = (hy_dtype)c->arg[1].i;
    int64_t k = 0, shape[HY_MAX_DIM + 1];
    HY_TRY(need_classes(cx, c, labels, &k));
    memcpy(shape, labels->shape, sizeof labels->shape);
    shape[labels->ndim] = k;
    if (dtype == HY_INDEX)
        return hy_fail(cx, HY_EARG, "index holds no zeros; dtype wants f32, f64 or u8");
    HY_TRY(hy_out(cx, c, 0, dtype, labels->ndim + 1, shape));
    HY_TRY(hy_fill(cx, c->out[0], 0));
    const int32_t *p = hy_data(labels);
    void *y = hy_data(c->out[0]);
    for (int64_t i = 0; i < hy_numel(labels); i++) {
        if (p[i] < 0)
            continue;
        const int64_t at = i * k + p[i];
        switch (dtype) {
        case HY_F32: ((float *)y)[at] = 1; break;
        case HY_F64: ((double *)y)[at] = 1; break;
        default: ((uint8_t *)y)[at] = 1; break;
        }
    }
    return HY_OK;
}

static hy_status bincount_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *labels = c->in[0];
    int64_t k = 0;
    HY_TRY(need_classes(cx, c, labels, &k));
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &k));
    HY_TRY(hy_fill(cx, c->out[0], 0));
    const int32_t *p = hy_data(labels);
    double *count = hy_data(c->out[0]);
    for (int64_t i = 0; i < hy_numel(labels); i++)
        if (p[i] >= 0)
            count[p[i]]++;
    return HY_OK;
}

static hy_status label_means_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *labels = c->in[1];
    const int64_t n = x->shape[0], d = x->shape[1];
    int64_t k = 0;
    hy_tensor *sums;
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(need_classes(cx, c, labels, &k));
    if (hy_numel(labels) != n)
        return hy_fail(cx, HY_EARG, "%lld labels for %lld rows", (long long)hy_numel(labels),
                       (long long)n);
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ k, d }, &sums));
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, sums->shape));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 1, &k));
    HY_TRY(hy_fill(cx, sums, 0));
    HY_TRY(hy_fill(cx, c->out[1], 0));
    double *sum = hy_data(sums), *count = hy_data(c->out[1]);
    if (n > 0 && k > 0)
        HY_TRY(hy_kernels_of(x)->distance->label_sums(cx, n, k, d, hy_data(x), NULL,
                                                      hy_data(labels), sum, count));
    for (int64_t i = 0; i < k * d; i++)
        sum[i] /= count[i / d] > 0 ? count[i / d] : 1;
    return hy_copy_into(cx, sums, c->out[0]);
}

/* Each row gets its center's gradient, divided by the number of rows there; −1 gets none. */
static hy_status label_means_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g = c->grad[0], *labels = c->in[1], *count, *one, *hot;
    if (!g)
        return HY_OK;
    const int64_t k = g->shape[0], n = hy_numel(labels);
    const hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = k }, { .given = true, .i = g->dtype } };
    HY_TRY(hy_temp_number(cx, c, HY_F64, 1, &one));
    HY_TRY(hy_temp_run(cx, c, "maximum", c->out[1], one, NULL, &count));
    HY_TRY(hy_temp_to(cx, c, count, g->dtype, &count));
    HY_TRY(hy_temp_reshape(cx, c, count, 2, (int64_t[]){ k, 1 }, &count));
    HY_TRY(hy_temp_run(cx, c, "div", g, count, NULL, &g));
    HY_TRY(hy_temp_reshape(cx, c, labels, 1, &n, &labels));
    HY_TRY(hy_temp_run(cx, c, "one_hot", labels, NULL, arg, &hot));
    HY_TRY(hy_temp_run(cx, c, "matmul", hot, g, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

const hy_op hy_ops_index[] = {
    { .name = "index",
      .signature = "x:tensor rows:index axis:axis=1 -> tensor",
      .forward = index_fwd,
      .backward = index_bwd,
      .doc = "The chosen positions along an axis, in the order given; or those where a mask (u8) "
             "is not 0. Repeated positions add up in the gradient." },
    { .name = "gather",
      .signature = "x:tensor axis:axis index:index -> tensor",
      .forward = gather_fwd,
      .backward = gather_bwd,
      .doc = "One element of an axis for each entry of index, which is shaped like x except "
             "along the axis." },
    { .name = "scatter_add",
      .signature = "x:tensor rows:index src:tensor axis:axis=1 -> tensor",
      .forward = scatter_add_fwd,
      .backward = scatter_add_bwd,
      .doc = "x with row i of src added to its row rows[i]; repeated positions add up." },
    { .name = "masked_select",
      .signature = "x:tensor mask:tensor -> vector",
      .forward = masked_select_fwd,
      .backward = masked_select_bwd,
      .doc = "The elements where mask (u8, stretched to the shape of x) is not 0, in row order." },
    { .name = "masked_fill",
      .signature = "x:tensor mask:tensor value:number -> tensor",
      .forward = masked_fill_fwd,
      .backward = masked_fill_bwd,
      .doc = "x with `value` where mask (u8, stretched to the shape of x) is not 0; no gradient "
             "passes there." },
    { .name = "nonzero",
      .signature = "x:tensor -> index",
      .forward = nonzero_fwd,
      .doc = "Positions of the elements that are not 0, one row each, one column for each axis." },
    { .name = "one_hot",
      .signature = "labels:index k:integer? {dtype:dtype=f32} -> tensor",
      .forward = one_hot_fwd,
      .doc = "A row of k numbers for each label: 1 at the label, else 0; -1 gives zeros. k is "
             "the largest label unless given." },
    { .name = "bincount",
      .signature = "labels:index k:integer? -> vector",
      .forward = bincount_fwd,
      .doc = "How often each label 1..k occurs (f64); -1 is not counted. k is the largest label "
             "unless given." },
    { .name = "label_means",
      .signature = "x:matrix labels:index k:integer? -> matrix vector",
      .forward = label_means_fwd,
      .backward = label_means_bwd,
      .doc = "Mean row of x for each label 1..k (zeros where there is none) and the counts "
             "(f64); -1 is skipped." },
    { 0 },
};
