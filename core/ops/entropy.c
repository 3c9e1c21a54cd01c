/* Cross-entropy of logits, averaged over the rows: of labels, and of probabilities. */
#include <math.h>

#include "ops.h"

static hy_status log_probabilities(hy_ctx *cx, hy_call *c, const hy_tensor *logits, hy_tensor **out)
{
    const int64_t n = logits->shape[0], k = logits->shape[1];
    HY_TRY(hy_temp(cx, c, logits->dtype, 2, logits->shape, out));
    hy_kernels_of(logits)->reduce->softmax(true, n, k, hy_data(logits), hy_data(*out));
    return HY_OK;
}

static hy_status check_mask(hy_ctx *cx, const hy_tensor *mask, int64_t n)
{
    if (!mask)
        return HY_OK;
    if (mask->dtype != HY_U8)
        return hy_fail(cx, HY_EARG, "mask must be u8, got %s", hy_dtype_name(mask->dtype));
    if (hy_numel(mask) == n)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "the mask has %lld elements for %lld rows",
                   (long long)hy_numel(mask), (long long)n);
}

static bool is_on(const hy_tensor *mask, int64_t i)
{
    return !mask || ((const uint8_t *)hy_data(mask))[i] != 0;
}

/* Divide the weights of the rows by their sum; all stay 0 when that is 0. */
static void share(int64_t n, double *weight)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += weight[i];
    for (int64_t i = 0; total > 0 && i < n; i++)
        weight[i] /= total;
}

static hy_status out_scalar(hy_ctx *cx, hy_call *c, double value)
{
    HY_TRY(hy_out(cx, c, 0, c->in[0]->dtype, 0, NULL));
    return hy_fill(cx, c->out[0], value);
}

/* The weights of the rows times the incoming gradient. */
static hy_status weighted(hy_ctx *cx, hy_call *c, hy_tensor **out)
{
    return hy_temp_scale(cx, c, *out, hy_get(c->grad[0], 0), out);
}

/* ---- cross_entropy: logits, target, weights, mask; saved: log p, targets, weights of rows ---- */

enum { LOGITS, TARGET, WEIGHTS, LABEL_MASK };

static hy_status check_labels(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *logits = c->in[LOGITS], *target = c->in[TARGET], *weights = c->in[WEIGHTS];
    const int64_t n = logits->shape[0], k = logits->shape[1];
    HY_TRY(hy_need_real(cx, logits));
    if (target->dtype != HY_INDEX)
        return hy_fail(cx, HY_EARG, "target must be index, got %s", hy_dtype_name(target->dtype));
    if (hy_numel(target) != n)
        return hy_fail(cx, HY_EARG, "target has %lld labels for %lld rows",
                       (long long)hy_numel(target), (long long)n);
    if (weights && weights->shape[0] != k)
        return hy_fail(cx, HY_EARG, "weights has %lld elements for %lld classes",
                       (long long)weights->shape[0], (long long)k);
    const int32_t *label = hy_data(target);
    for (int64_t i = 0; i < n; i++)
        if (label[i] >= k)
            return hy_fail(cx, HY_EARG, "label %lld is outside 1..%lld", (long long)label[i] + 1,
                           (long long)k);
    return check_mask(cx, c->in[LABEL_MASK], n);
}

/* Targets that may be read, and the weight of every row: 0 without a label or a mask. */
static hy_status weigh_rows(hy_ctx *cx, hy_call *c, hy_tensor *at, hy_tensor *rows)
{
    const int32_t *label = hy_data(c->in[TARGET]);
    hy_tensor *weights = c->in[WEIGHTS];
    const double *class = NULL;
    if (weights) {
        HY_TRY(hy_temp_to(cx, c, weights, HY_F64, &weights));
        class = hy_data(weights);
        for (int64_t j = 0; j < weights->shape[0]; j++)
            if (!(class[j] >= 0 && class[j] < INFINITY))
                return hy_fail(cx, HY_EARG, "weight %lld is %g; weights are finite and 0 or more",
                               (long long)j + 1, class[j]);
    }
    int32_t *safe = hy_data(at);
    double *row = hy_data(rows);
    for (int64_t i = 0; i < at->shape[0]; i++) {
        const bool counts = label[i] >= 0 && is_on(c->in[LABEL_MASK], i);
        safe[i] = counts ? label[i] : 0;
        row[i] = !counts ? 0 : class ? class[label[i]] : 1;
    }
    share(at->shape[0], row);
    return HY_OK;
}

static hy_status cross_entropy_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *logits = c->in[LOGITS];
    const int64_t n = logits->shape[0], k = logits->shape[1];
    hy_tensor *log_p, *at, *rows, *picked;
    HY_TRY(check_labels(cx, c));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &at));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &rows));
    HY_TRY(hy_temp(cx, c, logits->dtype, 1, &n, &picked));
    HY_TRY(weigh_rows(cx, c, at, rows));
    HY_TRY(log_probabilities(cx, c, logits, &log_p));
    if (n > 0 && k > 0)
        hy_kernels_of(log_p)->move->gather(n, k, 1, 1, hy_data(log_p), hy_data(at),
                                           hy_data(picked));
    HY_TRY(hy_temp_to(cx, c, picked, HY_F64, &picked));
    hy_save(c, log_p);
    hy_save(c, at);
    hy_save(c, rows);
    const double *row = hy_data(rows), *value = hy_data(picked);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum -= row[i] > 0 ? row[i] * value[i] : 0;
    return out_scalar(cx, c, sum);
}

static hy_status cross_entropy_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *log_p = c->saved[0];
    hy_tensor *rows = c->saved[2], *gx;
    HY_TRY(weighted(cx, c, &rows));
    HY_TRY(hy_temp(cx, c, log_p->dtype, 2, log_p->shape, &gx));
    if (log_p->shape[1] > 0)
        hy_kernels_of(log_p)->network->label_loss_bwd(log_p->shape[0], log_p->shape[1],
                                                      hy_data(log_p), hy_data(c->saved[1]),
                                                      hy_data(rows), hy_data(gx));
    return hy_pass(cx, c, LOGITS, gx);
}

/* ---- soft_cross_entropy: logits, target, mask; saved: log p, weights of rows ---- */

enum { SOFT_MASK = 2 };

static hy_status soft_cross_entropy_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *logits = c->in[LOGITS], *target = c->in[TARGET];
    const int64_t n = logits->shape[0], k = logits->shape[1];
    hy_tensor *log_p, *rows, *losses;
    HY_TRY(hy_need_real(cx, logits));
    HY_TRY(hy_need_same_dtype(cx, logits, target));
    if (!hy_same_shape(logits, target))
        return hy_fail_shapes(cx, "logits and target differ in shape", logits, target);
    HY_TRY(check_mask(cx, c->in[SOFT_MASK], n));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &rows));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &losses));
    HY_TRY(log_probabilities(cx, c, logits, &log_p));
    hy_save(c, log_p);
    hy_save(c, rows);
    hy_kernels_of(log_p)->network->soft_loss(n, k, hy_data(log_p), hy_data(target),
                                             hy_data(losses));
    double *row = hy_data(rows), *value = hy_data(losses), sum = 0;
    for (int64_t i = 0; i < n; i++)
        row[i] = is_on(c->in[SOFT_MASK], i);
    share(n, row);
    for (int64_t i = 0; i < n; i++)
        sum += row[i] > 0 ? row[i] * value[i] : 0;
    return out_scalar(cx, c, sum);
}

static hy_status soft_cross_entropy_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *log_p = c->saved[0], *target = c->in[TARGET], *rows = c->saved[1], *gx;
    const int64_t n = log_p->shape[0], k = log_p->shape[1];
    HY_TRY(weighted(cx, c, &rows));
    if (hy_wants(c, LOGITS)) {
        HY_TRY(hy_temp(cx, c, log_p->dtype, 2, log_p->shape, &gx));
        hy_kernels_of(log_p)->network->soft_loss_bwd(n, k, hy_data(log_p), hy_data(target),
                                                     hy_data(rows), hy_data(gx));
        HY_TRY(hy_pass(cx, c, LOGITS, gx));
    }
    if (!hy_wants(c, TARGET))
        return HY_OK;
    HY_TRY(hy_temp_scale(cx, c, rows, -1, &rows));
    HY_TRY(hy_temp_to(cx, c, rows, log_p->dtype, &rows));
    HY_TRY(hy_temp_reshape(cx, c, rows, 2, (int64_t[]){ n, 1 }, &rows));
    HY_TRY(hy_temp_run(cx, c, "mul", log_p, rows, NULL, &gx));
    return hy_pass(cx, c, TARGET, gx);
}

const hy_op hy_ops_entropy[] = {
    { .name = "cross_entropy",
      .signature = "logits:matrix target:index {weights:vector? mask:tensor?} -> tensor",
      .forward = cross_entropy_fwd,
      .backward = cross_entropy_bwd,
      .doc = "Mean over the rows of -log softmax at the label, weighted by class with `weights`. "
             "Rows labeled -1, or where a mask (u8) is 0, are left out; of no rows it is 0." },
    { .name = "soft_cross_entropy",
      .signature = "logits:matrix target:matrix {mask:tensor?} -> tensor",
      .forward = soft_cross_entropy_fwd,
      .backward = soft_cross_entropy_bwd,
      .doc =
          "Mean over the rows of -sum(target · log softmax(logits)). Rows where a mask (u8) is 0 "
          "are left out; of no rows it is 0." },
    { 0 },
};
