/* Layers between the products: dropout, batch and layer normalization. */
#include "ops.h"

/* ---- dropout: arguments p, rng; saved: mask ---- */

static hy_status dropout_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const double p = c->arg[0].d;
    hy_rng *rng = c->arg[1].rng;
    const int64_t n = hy_numel(x);
    hy_tensor *mask;
    HY_TRY(hy_need_real(cx, x));
    if (!(p >= 0 && p < 1))
        return hy_fail(cx, HY_EARG, "p is %g; it wants 0 ≤ p < 1", p);
    HY_TRY(hy_temp(cx, c, HY_U8, x->ndim, x->shape, &mask));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    hy_save(c, mask);
    hy_kernels_of(x)->index->dropout(rng->seed, rng->stream, rng->next, n, p, hy_data(x),
                                     hy_data(mask), hy_data(c->out[0]));
    rng->next += (uint64_t)n;
    return HY_OK;
}

static hy_status dropout_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g = c->grad[0], *mask;
    HY_TRY(hy_temp_to(cx, c, c->saved[0], g->dtype, &mask));
    HY_TRY(hy_temp_scale(cx, c, mask, 1 / (1 - c->arg[0].d), &mask));
    HY_TRY(hy_temp_run(cx, c, "mul", g, mask, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- batch_norm: x, gamma, beta, mean, var; arguments momentum, eps, mode ----
 * saved: normalized x, and 1 / standard deviation of each column */

enum { GAMMA = 1, BETA, MEAN, VAR };
enum { MODE_TRAIN = 1, MODE_BATCH, MODE_STORED };

static hy_status check_batch_norm(hy_ctx *cx, const hy_call *c)
{
    static const char *const names[] = { "x", "gamma", "beta", "mean", "var" };
    const hy_tensor *x = c->in[0];
    const int64_t mode = c->arg[2].i;
    HY_TRY(hy_need_real(cx, x));
    for (int i = GAMMA; i <= VAR; i++) {
        HY_TRY(hy_need_same_dtype(cx, x, c->in[i]));
        if (c->in[i]->shape[0] != x->shape[1])
            return hy_fail(cx, HY_EARG, "%s has %lld elements for %lld columns of x", names[i],
                           (long long)c->in[i]->shape[0], (long long)x->shape[1]);
    }
    if (mode < MODE_TRAIN || mode > MODE_STORED)
        return hy_fail(cx, HY_EARG, "mode is %lld; it wants 1 (train), 2 (batch) or 3 (stored)",
                       (long long)mode);
    if (mode != MODE_STORED && x->shape[0] < 2)
        return hy_fail(cx, HY_EARG, "x has %lld rows; statistics of a batch want 2 or more",
                       (long long)x->shape[0]);
    return HY_OK;
}

/* old + momentum · (new − old), not yet written */
static hy_status moved(hy_ctx *cx, hy_call *c, hy_tensor *old, hy_tensor *new, hy_tensor **out)
{
    HY_TRY(hy_temp_run(cx, c, "sub", new, old, NULL, &new));
    HY_TRY(hy_temp_scale(cx, c, new, c->arg[0].d, &new));
    return hy_temp_run(cx, c, "add", old, new, NULL, out);
}

/* Mean and variance to normalize with, and what the running averages become (NULL: they stay). */
static hy_status statistics(hy_ctx *cx, hy_call *c, hy_tensor **mean, hy_tensor **var,
                            hy_tensor *update[2])
{
    const hy_tensor *x = c->in[0];
    const int64_t n = x->shape[0], d = x->shape[1];
    hy_tensor *sumsq, *unbiased;
    if (c->arg[2].i == MODE_STORED) {
        *mean = c->in[MEAN];
        *var = c->in[VAR];
        return HY_OK;
    }
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &d, mean));
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &d, &sumsq));
    if (d > 0)
        hy_kernels_of(x)->reduce->moments(1, n, d, hy_data(x), hy_data(*mean), hy_data(sumsq));
    HY_TRY(hy_temp_scale(cx, c, sumsq, 1 / (double)n, var));
    if (c->arg[2].i == MODE_BATCH)
        return HY_OK;
    HY_TRY(hy_temp_scale(cx, c, sumsq, 1 / (double)(n - 1), &unbiased));
    HY_TRY(moved(cx, c, c->in[MEAN], *mean, &update[0]));
    return moved(cx, c, c->in[VAR], unbiased, &update[1]);
}

/* 1 / sqrt(var + eps) */
static hy_status inverse_deviation(hy_ctx *cx, hy_call *c, hy_tensor *var, double eps,
                                   hy_tensor **out)
{
    hy_tensor *number;
    HY_TRY(hy_temp_number(cx, c, var->dtype, eps, &number));
    HY_TRY(hy_temp_run(cx, c, "add", var, number, NULL, out));
    return hy_temp_run(cx, c, "rsqrt", *out, NULL, NULL, out);
}

static hy_status batch_norm_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    hy_tensor *mean, *var, *scale, *hat, *update[2] = { NULL };
    HY_TRY(check_batch_norm(cx, c));
    HY_TRY(statistics(cx, c, &mean, &var, update));
    HY_TRY(inverse_deviation(cx, c, var, c->arg[1].d, &scale));
    HY_TRY(hy_temp(cx, c, x->dtype, 2, x->shape, &hat));
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, x->shape));
    hy_save(c, hat);
    hy_save(c, scale);
    hy_kernels_of(x)->network->standardize(x->shape[0], x->shape[1], hy_data(x), hy_data(mean),
                                           hy_data(scale), hy_data(c->in[GAMMA]),
                                           hy_data(c->in[BETA]), hy_data(hat), hy_data(c->out[0]));
    for (int i = 0; i < 2; i++) { /* nothing here can fail: shapes and dtypes agree */
        hy_tensor *running = c->source[MEAN + i];
        if (update[i]) {
            HY_TRY(hy_copy_into(cx, update[i], running));
            running->storage->version++;
        }
        c->source[MEAN + i] = NULL; /* the tape must not watch it: the next call may move it */
        hy_unref(running);
    }
    return HY_OK;
}

/* Column sums of a contiguous matrix. */
static hy_status column_sums(hy_ctx *cx, hy_call *c, hy_tensor *x, int64_t n, int64_t d,
                             hy_tensor **out)
{
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &d, out));
    if (d > 0)
        hy_kernels_of(x)->reduce->reduce(HY_REDUCE_SUM, 1, n, d, hy_data(x), hy_data(*out));
    return HY_OK;
}

/* gamma · scale · (g − mean(g) − y · mean(g · y)) for y the normalized x; with stored averages the
 * two means do not depend on x and drop out */
static hy_status batch_norm_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *hat = c->saved[0], *scale = c->saved[1], *g = c->grad[0], *product;
    hy_tensor *sum_g, *sum_product;
    const int64_t n = hat->shape[0], d = hat->shape[1];
    const double share = c->arg[2].i == MODE_STORED || n == 0 ? 0 : 1 / (double)n;
    HY_TRY(hy_temp_run(cx, c, "mul", g, hat, NULL, &product));
    HY_TRY(column_sums(cx, c, g, n, d, &sum_g));
    HY_TRY(column_sums(cx, c, product, n, d, &sum_product));
    if (hy_wants(c, GAMMA))
        HY_TRY(hy_pass(cx, c, GAMMA, sum_product));
    if (hy_wants(c, BETA))
        HY_TRY(hy_pass(cx, c, BETA, sum_g));
    if (!hy_wants(c, 0))
        return HY_OK;
    HY_TRY(hy_temp_scale(cx, c, sum_g, share, &sum_g));
    HY_TRY(hy_temp_scale(cx, c, sum_product, share, &sum_product));
    HY_TRY(hy_temp_run(cx, c, "mul", c->in[GAMMA], scale, NULL, &scale));
    hy_kernels_of(g)->network->standardize_bwd(n, d, hy_data(g), hy_data(hat), hy_data(scale),
                                               hy_data(sum_g), hy_data(sum_product),
                                               hy_data(product));
    return hy_pass(cx, c, 0, product);
}

/* ---- layer_norm: x, gamma, beta; argument eps; saved: normalized x, 1 / deviation of each row */

static hy_status layer_norm_fwd(hy_ctx *cx, hy_call *c)
{
    static const char *const names[] = { "x", "gamma", "beta" };
    const hy_tensor *x = c->in[0], *gamma = c->in[GAMMA], *beta = c->in[BETA];
    hy_tensor *hat, *scale;
    HY_TRY(hy_need_real(cx, x));
    if (x->ndim == 0)
        return hy_fail(cx, HY_EARG, "x is 0-dim; it wants rows");
    const int64_t d = x->shape[x->ndim - 1], n = d > 0 ? hy_numel(x) / d : 0;
    for (int i = GAMMA; i <= BETA; i++) {
        if (!c->in[i])
            continue;
        HY_TRY(hy_need_same_dtype(cx, x, c->in[i]));
        if (c->in[i]->shape[0] != d)
            return hy_fail(cx, HY_EARG, "%s has %lld elements for rows of length %lld", names[i],
                           (long long)c->in[i]->shape[0], (long long)d);
    }
    if (!(c->arg[0].d >= 0))
        return hy_fail(cx, HY_EARG, "eps is %g; it wants 0 or more", c->arg[0].d);
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, &hat));
    HY_TRY(hy_temp(cx, c, x->dtype, 1, &n, &scale));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    hy_save(c, hat);
    hy_save(c, scale);
    hy_kernels_of(x)->network->layer_norm(
        n, d, c->arg[0].d, hy_data(x), gamma ? hy_data(gamma) : NULL, beta ? hy_data(beta) : NULL,
        hy_data(hat), hy_data(scale), hy_data(c->out[0]));
    return HY_OK;
}

static hy_status layer_norm_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *hat = c->saved[0], *scale = c->saved[1], *g = c->grad[0], *product, *sums, *gx;
    const int64_t n = scale->shape[0], d = hat->shape[hat->ndim - 1];
    if (hy_wants(c, GAMMA)) {
        HY_TRY(hy_temp_run(cx, c, "mul", g, hat, NULL, &product));
        HY_TRY(column_sums(cx, c, product, n, d, &sums));
        HY_TRY(hy_pass(cx, c, GAMMA, sums));
    }
    if (hy_wants(c, BETA)) {
        HY_TRY(column_sums(cx, c, g, n, d, &sums));
        HY_TRY(hy_pass(cx, c, BETA, sums));
    }
    if (!hy_wants(c, 0))
        return HY_OK;
    HY_TRY(hy_temp(cx, c, hat->dtype, hat->ndim, hat->shape, &gx));
    hy_kernels_of(g)->network->layer_norm_bwd(n, d, hy_data(g), hy_data(hat), hy_data(scale),
                                              c->in[GAMMA] ? hy_data(c->in[GAMMA]) : NULL,
                                              hy_data(gx));
    return hy_pass(cx, c, 0, gx);
}

const hy_op hy_ops_network[] = {
    { .name = "dropout",
      .signature = "x:tensor {p:number=0.5 rng:rng} -> tensor",
      .forward = dropout_fwd,
      .backward = dropout_bwd,
      .doc = "Each element set to 0 with probability p, the others divided by 1 - p." },
    { .name = "batch_norm",
      .signature = "x:matrix gamma:vector beta:vector mean:vector var:vector "
                   "{momentum:number=0.1 eps:number=1e-5 mode:integer=1} -> matrix",
      .forward = batch_norm_fwd,
      .backward = batch_norm_bwd,
      .doc = "Columns of x brought to mean 0 and variance 1, times gamma, plus beta. mode 1: by "
             "the batch, and the running mean and var (unbiased) move towards it in place; 2: by "
             "the batch; 3: by the running averages." },
    { .name = "layer_norm",
      .signature = "x:tensor gamma:vector? beta:vector? {eps:number=1e-5} -> tensor",
      .forward = layer_norm_fwd,
      .backward = layer_norm_bwd,
      .doc =
          "Rows of x (its last axis) brought to mean 0 and variance 1, times gamma, plus beta." },
    { 0 },
};
