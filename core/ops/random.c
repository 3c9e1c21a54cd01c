/* Random tensors. A generator moves on only when the op has succeeded. */
#include <math.h>

#include "ops.h"

static hy_status need_real_dtype(hy_ctx *cx, hy_dtype dtype)
{
    if (dtype == HY_F32 || dtype == HY_F64)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "dtype must be f32 or f64, got %s", hy_dtype_name(dtype));
}

/* Arguments of rand and randn: shape, dtype, rng, and two numbers. */
static hy_status rand_fwd(hy_ctx *cx, hy_call *c)
{
    hy_rng *rng = c->arg[2].rng;
    HY_TRY(need_real_dtype(cx, (hy_dtype)c->arg[1].i));
    HY_TRY(hy_out(cx, c, 0, (hy_dtype)c->arg[1].i, c->arg[0].n, c->arg[0].list));
    const hy_tensor *y = c->out[0];
    const int64_t n = hy_numel(y);
    hy_kernels_of(y)->index->uniform(rng->seed, rng->stream, rng->next, n, c->arg[3].d, c->arg[4].d,
                                     hy_data(y));
    rng->next += (uint64_t)n;
    return HY_OK;
}

static hy_status randn_fwd(hy_ctx *cx, hy_call *c)
{
    hy_rng *rng = c->arg[2].rng;
    HY_TRY(need_real_dtype(cx, (hy_dtype)c->arg[1].i));
    if (c->arg[4].d < 0)
        return hy_fail(cx, HY_EARG, "std is %g; it wants 0 or more", c->arg[4].d);
    HY_TRY(hy_out(cx, c, 0, (hy_dtype)c->arg[1].i, c->arg[0].n, c->arg[0].list));
    const hy_tensor *y = c->out[0];
    const int64_t n = hy_numel(y);
    hy_kernels_of(y)->index->normal(rng->seed, rng->stream, rng->next, n, c->arg[3].d, c->arg[4].d,
                                    hy_data(y));
    rng->next += (uint64_t)n;
    return HY_OK;
}

/* ---- rand_rows, randn_rows: rows; arguments columns, dtype, rng, and two numbers ----
 * Row r draws from a stream of its own, derived in a part of the counter space that draws and splits
 * never reach: what it gets depends on its number alone, not on the rows beside it. */

enum { ROW_SPACE = 61 };

static hy_status fill_rows(hy_ctx *cx, hy_call *c, bool normal)
{
    const hy_tensor *rows = c->in[0];
    const int64_t n = hy_numel(rows), columns = c->arg[0].i;
    const hy_dtype dtype = (hy_dtype)c->arg[1].i;
    const double a = c->arg[3].d, b = c->arg[4].d;
    hy_rng *rng = c->arg[2].rng;
    HY_TRY(need_real_dtype(cx, dtype));
    if (columns < 0)
        return hy_fail(cx, HY_EARG, "columns is %lld; it wants 0 or more", (long long)columns);
    if (normal && b < 0)
        return hy_fail(cx, HY_EARG, "std is %g; it wants 0 or more", b);
    HY_TRY(hy_out(cx, c, 0, dtype, 2, (int64_t[]){ n, columns }));
    const hy_index_kernels *draws = hy_kernels_of(c->out[0])->index;
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = ((const int32_t *)hy_data(rows))[i];
        char *to = (char *)hy_data(c->out[0]) + i * columns * hy_dtype_size(dtype);
        uint32_t u[4];
        if (row < 0)
            return hy_fail(cx, HY_EARG, "rows holds -1 at %lld; rows have numbers", (long long)i + 1);
        if (i % 256 == 0)
            HY_TRY(hy_poll(cx, i, n));
        hy_philox(rng->seed, rng->stream, ((uint64_t)1 << ROW_SPACE) + (uint64_t)row, u);
        const uint64_t stream = (uint64_t)u[0] << 32 | u[1];
        if (normal)
            draws->normal(rng->seed, stream, rng->next, columns, a, b, to);
        else
            draws->uniform(rng->seed, stream, rng->next, columns, a, b, to);
    }
    rng->next += (uint64_t)columns;
    return HY_OK;
}

static hy_status rand_rows_fwd(hy_ctx *cx, hy_call *c)
{
    return fill_rows(cx, c, false);
}

static hy_status randn_rows_fwd(hy_ctx *cx, hy_call *c)
{
    return fill_rows(cx, c, true);
}

/* Uniform draws are kept this far from 0 and 1, where the logarithms end. */
static const double gumbel_low = 1e-12, gumbel_high = 1 - 1e-7;

hy_status hy_temp_gumbel(hy_ctx *cx, hy_call *c, hy_dtype dtype, int ndim, const int64_t *shape,
                         const hy_rng *rng, hy_tensor **out)
{
    hy_tensor *noise;
    HY_TRY(hy_temp(cx, c, HY_F64, ndim, shape, &noise));
    const int64_t n = hy_numel(noise);
    double *y = hy_data(noise);
    hy_kernels_of(noise)->index->uniform(rng->seed, rng->stream, rng->next, n, gumbel_low,
                                         gumbel_high, y);
    for (int64_t i = 0; i < n; i++)
        y[i] = -log(-log(y[i]));
    return hy_temp_to(cx, c, noise, dtype, out);
}

static hy_status gumbel_fwd(hy_ctx *cx, hy_call *c)
{
    hy_rng *rng = c->arg[2].rng;
    const hy_dtype dtype = (hy_dtype)c->arg[1].i;
    hy_tensor *y;
    HY_TRY(need_real_dtype(cx, dtype));
    HY_TRY(hy_temp_gumbel(cx, c, dtype, c->arg[0].n, c->arg[0].list, rng, &y));
    HY_TRY(hy_out_tensor(cx, c, 0, y));
    rng->next += (uint64_t)hy_numel(y);
    return HY_OK;
}

/* Integers lo..hi, each as likely. */
static hy_status randint_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t lo = c->arg[1].i, hi = c->arg[2].i;
    hy_rng rng = *c->arg[4].rng;
    hy_tensor *values;
    if (lo > hi || lo < -((int64_t)1 << 52) || hi > (int64_t)1 << 52)
        return hy_fail(cx, HY_EARG, "there is nothing to draw from %lld..%lld", (long long)lo,
                       (long long)hi);
    HY_TRY(hy_temp(cx, c, HY_F64, c->arg[0].n, c->arg[0].list, &values));
    double *v = hy_data(values);
    for (int64_t i = 0; i < hy_numel(values); i++)
        v[i] = (double)(lo + hy_rng_below(&rng, hi - lo + 1));
    HY_TRY(hy_out(cx, c, 0, (hy_dtype)c->arg[3].i, values->ndim, values->shape));
    HY_TRY(hy_copy_into(cx, values, c->out[0]));
    *c->arg[4].rng = rng;
    return HY_OK;
}

static hy_status randperm_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t n = c->arg[0].i;
    hy_rng rng = *c->arg[1].rng;
    if (n < 0 || n > INT32_MAX)
        return hy_fail(cx, HY_EARG, "n is %lld; it wants 0..%d", (long long)n, INT32_MAX);
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &n));
    int32_t *p = hy_data(c->out[0]);
    for (int64_t i = 0; i < n; i++)
        p[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = hy_rng_below(&rng, i + 1);
        const int32_t swap = p[i];
        p[i] = p[j];
        p[j] = swap;
    }
    *c->arg[1].rng = rng;
    return HY_OK;
}

static hy_status bernoulli_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *p = c->in[0], *u, *hit;
    hy_rng *rng = c->arg[0].rng;
    const int64_t n = hy_numel(p);
    HY_TRY(hy_need_real(cx, p));
    HY_TRY(hy_temp(cx, c, p->dtype, p->ndim, p->shape, &u));
    hy_kernels_of(p)->index->uniform(rng->seed, rng->stream, rng->next, n, 0, 1, hy_data(u));
    HY_TRY(hy_temp_run(cx, c, "lt", u, p, NULL, &hit));
    HY_TRY(hy_temp_to(cx, c, hit, p->dtype, &hit));
    HY_TRY(hy_out_tensor(cx, c, 0, hit));
    rng->next += (uint64_t)n;
    return HY_OK;
}

/* Running sums of k weights; an error when they cannot be drawn from. */
static hy_status prefix_sums(hy_ctx *cx, int64_t k, const double *weight, double *sum)
{
    double total = 0;
    for (int64_t j = 0; j < k; j++) {
        if (!(weight[j] >= 0) || isinf(weight[j]))
            return hy_fail(cx, HY_EARG, "weight %lld is %g; weights are finite and 0 or more",
                           (long long)j + 1, weight[j]);
        sum[j] = total += weight[j];
    }
    return total > 0 ? HY_OK : hy_fail(cx, HY_EARG, "the weights sum to 0");
}

/* First position whose running sum exceeds u times the total: never one of weight 0. */
static int32_t pick(int64_t k, const double *sum, double u)
{
    const double goal = u * sum[k - 1];
    int64_t low = 0, high = k - 1;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (sum[middle] > goal)
            high = middle;
        else
            low = middle + 1;
    }
    while (low > 0 && sum[low] == sum[low - 1]) /* u·total rounded up to the total */
        low--;
    return (int32_t)low;
}

static hy_status categorical_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *weights = c->in[0], *sums;
    const bool rows = weights->ndim == 2;
    const int64_t n = c->arg[0].given ? c->arg[0].i : 1;
    hy_rng rng = *c->arg[1].rng;
    if (weights->ndim != 1 && !rows)
        return hy_fail(cx, HY_EARG, "weights have %d axes; they want 1 or 2", weights->ndim);
    if (n < 0)
        return hy_fail(cx, HY_EARG, "draws is %lld; it wants 0 or more", (long long)n);
    const int64_t m = rows ? weights->shape[0] : 1, k = weights->shape[weights->ndim - 1];
    HY_TRY(hy_temp_to(cx, c, weights, HY_F64, &weights));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &k, &sums));
    const int64_t shape[] = { rows ? m : n, n };
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, rows && c->arg[0].given ? 2 : 1, shape));
    const double *weight = hy_data(weights);
    int32_t *y = hy_data(c->out[0]);
    for (int64_t i = 0; i < m; i++) {
        HY_TRY(prefix_sums(cx, k, weight + i * k, hy_data(sums)));
        for (int64_t j = 0; j < n; j++)
            *y++ = pick(k, hy_data(sums), hy_rng_uniform(&rng));
    }
    *c->arg[1].rng = rng;
    return HY_OK;
}

const hy_op hy_ops_random[] = {
    { .name = "rand",
      .signature = "shape:shape... {dtype:dtype=f32 rng:rng lo:number=0 hi:number=1} -> tensor",
      .forward = rand_fwd,
      .doc = "Uniform random numbers between lo and hi, neither included in f64." },
    { .name = "randn",
      .signature = "shape:shape... {dtype:dtype=f32 rng:rng mean:number=0 std:number=1} -> tensor",
      .forward = randn_fwd,
      .doc = "Normal random numbers." },
    { .name = "rand_rows",
      .signature = "rows:index columns:integer {dtype:dtype=f32 rng:rng lo:number=0 hi:number=1} -> "
                   "matrix",
      .forward = rand_rows_fwd,
      .doc = "Uniform random numbers, a row for each of the given rows of a data set. What row 7 gets "
             "depends on the generator and on 7, not on the rows beside it; the next call gives "
             "others." },
    { .name = "randn_rows",
      .signature = "rows:index columns:integer {dtype:dtype=f32 rng:rng mean:number=0 std:number=1} "
                   "-> matrix",
      .forward = randn_rows_fwd,
      .doc = "Normal random numbers by row, as rand_rows draws uniform ones." },
    { .name = "gumbel",
      .signature = "shape:shape... {dtype:dtype=f32 rng:rng} -> tensor",
      .forward = gumbel_fwd,
      .doc =
          "Gumbel noise: -log(-log u) of uniform u. Added to logits, their argmax is a draw from "
          "softmax." },
    { .name = "randint",
      .signature = "shape:shape lo:integer hi:integer {dtype:dtype=index rng:rng} -> tensor",
      .forward = randint_fwd,
      .doc = "Random integers lo..hi, both included, as positions unless dtype says otherwise: "
             "hy.randint({5}, 1, 10)." },
    { .name = "randperm",
      .signature = "n:integer {rng:rng} -> index",
      .forward = randperm_fwd,
      .doc = "The positions 1..n in random order." },
    { .name = "bernoulli",
      .signature = "p:tensor {rng:rng} -> tensor",
      .forward = bernoulli_fwd,
      .doc = "1 with the probability that p gives, else 0, element by element. No gradient." },
    { .name = "categorical",
      .signature = "weights:tensor draws:integer? {rng:rng} -> index",
      .forward = categorical_fwd,
      .doc = "Positions drawn with replacement, in proportion to the weights. A vector gives "
             "`draws` (1) positions; each row of a matrix gives one, or a row of `draws`." },
    { 0 },
};
