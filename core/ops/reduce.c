/* Sums, means, extremes and the like, over everything or along one axis. */
#include <math.h>
#include <string.h>

#include "ops.h"

/* What is folded into what. */
typedef struct fold {
    int64_t axis; /* −1: over everything */
    int64_t outer, r, inner;
    int ndim, kept_ndim;
    int64_t shape[HY_MAX_DIM],
        kept[HY_MAX_DIM]; /* of the result, without and with the folded axes */
} fold;

static fold fold_of(const hy_tensor *x, const hy_arg *axis, bool keep)
{
    fold f = { .axis = axis->given ? axis->i : -1, .kept_ndim = x->ndim };
    hy_split_axis(x, f.axis, &f.outer, &f.r, &f.inner);
    for (int d = 0; d < x->ndim; d++) {
        f.kept[d] = f.axis < 0 || d == f.axis ? 1 : x->shape[d];
        if (f.axis >= 0 && d != f.axis)
            f.shape[f.ndim++] = x->shape[d];
    }
    if (keep) {
        f.ndim = f.kept_ndim;
        memcpy(f.shape, f.kept, sizeof f.shape);
    }
    return f;
}

/* x in a dtype that computes, contiguous: u8 and index become f64. */
static hy_status need_numbers(hy_ctx *cx, hy_call *c, hy_tensor **x)
{
    if ((*x)->dtype == HY_F32 || (*x)->dtype == HY_F64)
        return hy_temp_contiguous(cx, c, *x, x);
    return hy_temp_to(cx, c, *x, HY_F64, x);
}

static hy_status out_fold(hy_ctx *cx, hy_call *c, int i, hy_dtype dtype, const fold *f)
{
    return hy_out(cx, c, i, dtype, f->ndim, f->shape);
}

static hy_status reduce_into(hy_ctx *cx, hy_reduction kind, const fold *f, const hy_tensor *x,
                             hy_tensor *y)
{
    if (f->r == 0)
        return hy_fill(cx, y, kind == HY_REDUCE_LOGSUMEXP ? -INFINITY : 0);
    if (f->outer * f->inner > 0)
        hy_kernels_of(x)->reduce->reduce(kind, f->outer, f->r, f->inner, hy_data(x), hy_data(y));
    return HY_OK;
}

/* A result (or its gradient) with the folded axes back at size 1, so that it broadcasts against x.
 */
static hy_status keep_axes(hy_ctx *cx, hy_call *c, const fold *f, hy_tensor *y, hy_tensor **out)
{
    return hy_temp_reshape(cx, c, y, f->kept_ndim, f->kept, out);
}

static hy_status pass_stretched(hy_ctx *cx, hy_call *c, hy_tensor *g)
{
    const hy_tensor *x = c->source[0];
    hy_arg to[HY_MAX_ARG] = { { .given = true, .n = x->ndim } };
    memcpy(to[0].list, x->shape, sizeof x->shape);
    HY_TRY(hy_temp_run(cx, c, "expand", g, NULL, to, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- sum, mean: arguments axis, keep ---- */

static hy_status sum_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0];
    HY_TRY(need_numbers(cx, c, &x));
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(out_fold(cx, c, 0, x->dtype, &f));
    return reduce_into(cx, HY_REDUCE_SUM, &f, x, c->out[0]);
}

static hy_status sum_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *g;
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    return pass_stretched(cx, c, g);
}

static hy_status mean_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *sum, *count, *mean;
    HY_TRY(need_numbers(cx, c, &x));
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(hy_temp(cx, c, x->dtype, f.ndim, f.shape, &sum));
    HY_TRY(reduce_into(cx, HY_REDUCE_SUM, &f, x, sum));
    HY_TRY(hy_temp_number(cx, c, x->dtype, (double)f.r, &count));
    HY_TRY(hy_temp_run(cx, c, "div", sum, count, NULL, &mean));
    return hy_out_tensor(cx, c, 0, mean);
}

static hy_status mean_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *g;
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    HY_TRY(hy_temp_scale(cx, c, g, 1 / (double)f.r, &g));
    return pass_stretched(cx, c, g);
}

/* ---- var, std: arguments axis, ddof, keep; saved: mean with the folded axes ---- */

/* What the squared deviations are divided by; NaN when too few values leave none. */
static double freedom(const hy_call *c, const fold *f)
{
    const double n = (double)(f->r - c->arg[1].i);
    return n > 0 ? n : NAN;
}

static hy_status variance(hy_ctx *cx, hy_call *c, const fold *f, hy_tensor *x, hy_tensor **out)
{
    hy_tensor *mean, *sumsq;
    HY_TRY(hy_temp(cx, c, x->dtype, f->kept_ndim, f->kept, &mean));
    HY_TRY(hy_temp(cx, c, x->dtype, f->ndim, f->shape, &sumsq));
    HY_TRY(hy_fill(cx, mean, NAN));
    HY_TRY(hy_fill(cx, sumsq, NAN));
    if (f->r * f->outer * f->inner > 0)
        hy_kernels_of(x)->reduce->moments(f->outer, f->r, f->inner, hy_data(x), hy_data(mean),
                                          hy_data(sumsq));
    hy_save(c, mean);
    return hy_temp_scale(cx, c, sumsq, 1 / freedom(c, f), out);
}

static hy_status var_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *var;
    HY_TRY(need_numbers(cx, c, &x));
    const fold f = fold_of(x, &c->arg[0], c->arg[2].i);
    HY_TRY(variance(cx, c, &f, x, &var));
    return hy_out_tensor(cx, c, 0, var);
}

static hy_status std_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *var, *std;
    HY_TRY(need_numbers(cx, c, &x));
    const fold f = fold_of(x, &c->arg[0], c->arg[2].i);
    HY_TRY(variance(cx, c, &f, x, &var));
    HY_TRY(hy_temp_run(cx, c, "sqrt", var, NULL, NULL, &std));
    return hy_out_tensor(cx, c, 0, std);
}

static hy_status var_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *g, *deviation;
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    HY_TRY(hy_temp_scale(cx, c, g, 2 / freedom(c, &f), &g));
    HY_TRY(hy_temp_run(cx, c, "sub", c->in[0], c->saved[0], NULL, &deviation));
    HY_TRY(hy_temp_run(cx, c, "mul", deviation, g, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

/* top · g / y, where y = 0 comes with top = 0 and gives 0. y and g broadcast. */
static hy_status pass_quotient(hy_ctx *cx, hy_call *c, hy_tensor *top, hy_tensor *g, hy_tensor *y)
{
    hy_tensor *tiny;
    HY_TRY(hy_temp_number(cx, c, y->dtype, y->dtype == HY_F32 ? 1e-37 : 1e-300, &tiny));
    HY_TRY(hy_temp_run(cx, c, "maximum", y, tiny, NULL, &y));
    HY_TRY(hy_temp_run(cx, c, "mul", top, g, NULL, &g));
    HY_TRY(hy_temp_run(cx, c, "div", g, y, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

static hy_status std_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *g, *std, *deviation;
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    HY_TRY(keep_axes(cx, c, &f, c->out[0], &std));
    HY_TRY(hy_temp_scale(cx, c, g, 1 / freedom(c, &f), &g));
    HY_TRY(hy_temp_run(cx, c, "sub", c->in[0], c->saved[0], NULL, &deviation));
    return pass_quotient(cx, c, deviation, g, std);
}

/* ---- norm: arguments axis, p, keep ---- */

static hy_status norm_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *norm;
    const double p = c->arg[1].d;
    HY_TRY(hy_need_real(cx, x));
    if (p != 1 && p != 2)
        return hy_fail(cx, HY_EARG, "p is %g; it wants 1 or 2", p);
    const fold f = fold_of(x, &c->arg[0], c->arg[2].i);
    HY_TRY(hy_temp(cx, c, x->dtype, f.ndim, f.shape, &norm));
    HY_TRY(reduce_into(cx, p == 2 ? HY_REDUCE_SUMSQ : HY_REDUCE_SUMABS, &f, x, norm));
    if (p == 2)
        HY_TRY(hy_temp_run(cx, c, "sqrt", norm, NULL, NULL, &norm));
    return hy_out_tensor(cx, c, 0, norm);
}

static hy_status norm_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *g, *norm, *sign;
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    if (c->arg[1].d == 2) {
        HY_TRY(keep_axes(cx, c, &f, c->out[0], &norm));
        return pass_quotient(cx, c, c->in[0], g, norm);
    }
    HY_TRY(hy_temp_run(cx, c, "sign", c->in[0], NULL, NULL, &sign));
    HY_TRY(hy_temp_run(cx, c, "mul", sign, g, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- min, max, argmin, argmax: arguments axis, keep; saved: positions ---- */

/* Asked before anything is copied. */
static hy_status need_positions(hy_ctx *cx, const fold *f)
{
    if (f->r == 0 && f->axis < 0)
        return hy_fail(cx, HY_EARG, "x has no elements");
    if (f->r == 0)
        return hy_fail(cx, HY_EARG, "axis %d has no elements", (int)f->axis + 1);
    if (f->r > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld elements are more than positions can count",
                       (long long)f->r);
    return HY_OK;
}

static void extreme(int sign, const fold *f, const hy_tensor *x, hy_tensor *value,
                    hy_tensor *position)
{
    if (f->outer * f->inner > 0)
        hy_kernels_of(x)->reduce->extreme(sign, f->outer, f->r, f->inner, hy_data(x),
                                          hy_data(value), hy_data(position));
}

/* Values keep the dtype of x; u8 and index travel through f64, which holds them exactly. */
static hy_status extreme_fwd(hy_ctx *cx, hy_call *c, int sign)
{
    hy_tensor *x = c->in[0], *value, *position;
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(need_positions(cx, &f));
    HY_TRY(need_numbers(cx, c, &x));
    HY_TRY(hy_temp(cx, c, x->dtype, f.ndim, f.shape, &value));
    HY_TRY(hy_temp(cx, c, HY_INDEX, f.ndim, f.shape, &position));
    extreme(sign, &f, x, value, position);
    if (value->dtype != c->in[0]->dtype)
        HY_TRY(hy_temp_to(cx, c, value, c->in[0]->dtype, &value));
    hy_save(c, position);
    HY_TRY(hy_out_tensor(cx, c, 0, value));
    return f.axis < 0 ? HY_OK : hy_out_tensor(cx, c, 1, position);
}

static hy_status min_fwd(hy_ctx *cx, hy_call *c)
{
    return extreme_fwd(cx, c, -1);
}

static hy_status max_fwd(hy_ctx *cx, hy_call *c)
{
    return extreme_fwd(cx, c, +1);
}

static hy_status extreme_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *gx;
    if (!c->grad[0])
        return HY_OK;
    HY_TRY(hy_temp_zeros(cx, c, c->source[0], &gx));
    hy_kernels_of(gx)->index->gather_bwd(f.outer, f.r, f.inner, 1, hy_data(c->grad[0]),
                                         hy_data(c->saved[0]), hy_data(gx));
    return hy_pass(cx, c, 0, gx);
}

static hy_status position_fwd(hy_ctx *cx, hy_call *c, int sign)
{
    hy_tensor *x = c->in[0], *value;
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(need_positions(cx, &f));
    HY_TRY(need_numbers(cx, c, &x));
    HY_TRY(hy_temp(cx, c, x->dtype, f.ndim, f.shape, &value));
    HY_TRY(out_fold(cx, c, 0, HY_INDEX, &f));
    extreme(sign, &f, x, value, c->out[0]);
    return HY_OK;
}

static hy_status argmin_fwd(hy_ctx *cx, hy_call *c)
{
    return position_fwd(cx, c, -1);
}

static hy_status argmax_fwd(hy_ctx *cx, hy_call *c)
{
    return position_fwd(cx, c, +1);
}

/* ---- prod: arguments axis, keep ---- */

/* In f64, from the first to the last. */
static hy_status product(hy_ctx *cx, hy_call *c, const fold *f, hy_tensor *x, hy_tensor **out)
{
    const hy_dtype dtype = x->dtype;
    hy_tensor *y;
    HY_TRY(hy_temp_to(cx, c, x, HY_F64, &x));
    HY_TRY(hy_temp(cx, c, HY_F64, f->ndim, f->shape, &y));
    const double *from = hy_data(x);
    double *to = hy_data(y);
    for (int64_t o = 0; o < f->outer; o++)
        for (int64_t i = 0; i < f->inner; i++) {
            double p = 1;
            for (int64_t j = 0; j < f->r; j++)
                p *= from[(o * f->r + j) * f->inner + i];
            to[o * f->inner + i] = p;
        }
    return hy_temp_to(cx, c, y, dtype, out);
}

static hy_status prod_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *y;
    HY_TRY(need_numbers(cx, c, &x));
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(product(cx, c, &f, x, &y));
    return hy_out_tensor(cx, c, 0, y);
}

/* Each element's gradient is the product of the others: the product of the nonzero ones over x, and
 * 0 where another element is zero. */
static hy_status prod_bwd(hy_ctx *cx, hy_call *c)
{
    const fold f = fold_of(c->source[0], &c->arg[0], true);
    hy_tensor *x = c->in[0], *number, *zero, *zeros, *alone, *safe, *others, *g;
    HY_TRY(hy_temp_number(cx, c, x->dtype, 0, &number));
    HY_TRY(hy_temp_run(cx, c, "eq", x, number, NULL, &zero));
    HY_TRY(hy_temp_to(cx, c, zero, x->dtype, &zero));
    HY_TRY(hy_temp(cx, c, x->dtype, f.ndim, f.shape, &zeros));
    HY_TRY(reduce_into(cx, HY_REDUCE_SUM, &f, zero, zeros));
    HY_TRY(hy_temp_run(cx, c, "eq", zeros, zero, NULL, &alone));
    HY_TRY(hy_temp_to(cx, c, alone, x->dtype, &alone));
    HY_TRY(hy_temp_run(cx, c, "add", x, zero, NULL, &safe));
    HY_TRY(product(cx, c, &f, safe, &others));
    HY_TRY(keep_axes(cx, c, &f, c->grad[0], &g));
    HY_TRY(hy_temp_run(cx, c, "mul", g, others, NULL, &g));
    HY_TRY(hy_temp_run(cx, c, "div", g, safe, NULL, &g));
    HY_TRY(hy_temp_run(cx, c, "mul", g, alone, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- cumsum: argument axis ---- */

static void cumulate(const hy_call *c, bool reverse, const hy_tensor *x, hy_tensor *y)
{
    int64_t outer, r, inner;
    hy_split_axis(x, c->arg[0].i, &outer, &r, &inner);
    if (outer * r * inner > 0)
        hy_kernels_of(x)->reduce->cumsum(reverse, outer, r, inner, hy_data(x), hy_data(y));
}

static hy_status cumsum_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0];
    HY_TRY(need_numbers(cx, c, &x));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    cumulate(c, false, x, c->out[0]);
    return HY_OK;
}

static hy_status cumsum_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *g = c->grad[0];
    hy_tensor *gx;
    HY_TRY(hy_temp(cx, c, g->dtype, g->ndim, g->shape, &gx));
    cumulate(c, true, g, gx);
    return hy_pass(cx, c, 0, gx);
}

/* ---- any, all: arguments axis, keep ---- */

/* How many elements of a mask are not 0, compared with a bound, as a mask. */
static hy_status count_mask(hy_ctx *cx, hy_call *c, const char *compare, bool every)
{
    hy_tensor *x = c->in[0], *number, *count, *y;
    if (x->dtype != HY_U8)
        return hy_fail(cx, HY_EARG, "x must be a mask (u8), got %s", hy_dtype_name(x->dtype));
    const fold f = fold_of(x, &c->arg[0], c->arg[1].i);
    HY_TRY(hy_temp_number(cx, c, HY_U8, 0, &number));
    HY_TRY(hy_temp_run(cx, c, "ne", x, number, NULL, &x));
    HY_TRY(hy_temp_to(cx, c, x, HY_F64, &x));
    HY_TRY(hy_temp(cx, c, HY_F64, f.ndim, f.shape, &count));
    HY_TRY(reduce_into(cx, HY_REDUCE_SUM, &f, x, count));
    HY_TRY(hy_temp_number(cx, c, HY_F64, every ? (double)f.r : 0, &number));
    HY_TRY(hy_temp_run(cx, c, compare, count, number, NULL, &y));
    return hy_out_tensor(cx, c, 0, y);
}

static hy_status any_fwd(hy_ctx *cx, hy_call *c)
{
    return count_mask(cx, c, "gt", false);
}

static hy_status all_fwd(hy_ctx *cx, hy_call *c)
{
    return count_mask(cx, c, "eq", true);
}

const hy_op hy_ops_reduce[] = {
    { .name = "sum",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = sum_fwd,
      .backward = sum_bwd,
      .doc = "Sum over everything, or along an axis. u8 and index sum in f64; nothing sums to 0." },
    { .name = "mean",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = mean_fwd,
      .backward = mean_bwd,
      .doc = "Mean over everything, or along an axis. u8 and index give f64; the mean of nothing "
             "is NaN." },
    { .name = "var",
      .signature = "x:tensor axis:axis? {ddof:integer=1 keep:flag=false} -> tensor",
      .forward = var_fwd,
      .backward = var_bwd,
      .doc = "Variance: squared deviations divided by n - ddof; NaN when that is not positive." },
    { .name = "std",
      .signature = "x:tensor axis:axis? {ddof:integer=1 keep:flag=false} -> tensor",
      .forward = std_fwd,
      .backward = std_bwd,
      .doc = "Standard deviation, the square root of var. The gradient at 0 is 0." },
    { .name = "norm",
      .signature = "x:tensor axis:axis? {p:number=2 keep:flag=false} -> tensor",
      .forward = norm_fwd,
      .backward = norm_bwd,
      .doc = "Length of x: Euclidean (p = 2) or sum of absolute values (p = 1). The gradient at "
             "0 is 0." },
    { .name = "min",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor index?",
      .forward = min_fwd,
      .backward = extreme_bwd,
      .strided = true, /* nothing is copied before the positions are known to fit */
      .doc = "Smallest value; along an axis also its position, the lowest at ties. NaN wins. The "
             "gradient goes to that position." },
    { .name = "max",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor index?",
      .forward = max_fwd,
      .backward = extreme_bwd,
      .strided = true,
      .doc = "Largest value; along an axis also its position, the lowest at ties. NaN wins. The "
             "gradient goes to that position." },
    { .name = "argmin",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> index",
      .forward = argmin_fwd,
      .strided = true,
      .doc = "Position of the smallest value, the lowest at ties; without an axis in row order." },
    { .name = "argmax",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> index",
      .forward = argmax_fwd,
      .strided = true,
      .doc = "Position of the largest value, the lowest at ties; without an axis in row order." },
    { .name = "prod",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = prod_fwd,
      .backward = prod_bwd,
      .doc = "Product over everything, or along an axis; of nothing 1." },
    { .name = "any",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = any_fwd,
      .doc = "1 where a mask (u8) holds anything but 0, else 0." },
    { .name = "all",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = all_fwd,
      .doc = "1 where a mask (u8) holds no 0, else 0." },
    { .name = "cumsum",
      .signature = "x:tensor axis:axis=1 -> tensor",
      .forward = cumsum_fwd,
      .backward = cumsum_bwd,
      .doc = "Running sum along an axis. u8 and index sum in f64." },
    { 0 },
};
