/* Layers and losses that would otherwise take several passes over the same rows. */
#include <math.h>

#include "cpu.h"
#include "math.h"

typedef struct network_job {
    int row; /* of elementwise.def */
    int64_t n, d;
    double number; /* slope, eps, alpha, factor */
    const real *x, *y, *g, *a, *b, *p, *q;
    const int32_t *target;
    const double *weight;
    real *out, *more, *column;
    double *sum;
} network_job;

/* ---- bias and activation, in place ---- */

#define ACTIVATE(f)                    \
    EACH (l, 0, d) {                   \
        const real x = y[l] + bias[l]; \
        y[l] = f;                      \
    }                                  \
    break

static void bias_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const int64_t d = j->d;
    const real *bias = j->b, p = (real)j->number;
    for (int64_t i = begin; i < end; i++) {
        real *y = j->out + i * d;
        switch (j->row) {
        case HY_UNARY_relu: ACTIVATE(x > 0 ? x : (x != x ? x : 0));
        case HY_UNARY_leaky_relu: ACTIVATE(x > 0 ? x : p * x);
        case HY_UNARY_tanh: ACTIVATE(m_tanh(x));
        case HY_UNARY_sigmoid: ACTIVATE(m_sigmoid(x));
        default: ACTIVATE(x);
        }
    }
}

static void bias_activation(int row, double slope, int64_t n, int64_t d, const void *bias, void *y)
{
    network_job j = { .row = row, .d = d, .number = slope, .b = bias, .out = y };
    hy_parallel_for(n, row_grain(d), bias_range, &j);
}

/* ---- columns to mean 0 and variance 1 ---- */

static void standardize_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real *mean = j->p, *scale = j->q, *gamma = j->a, *beta = j->b;
    for (int64_t i = begin; i < end; i++) {
        const real *x = j->x + i * j->d;
        real *hat = j->more + i * j->d, *y = j->out + i * j->d;
        EACH (l, 0, j->d) {
            hat[l] = (x[l] - mean[l]) * scale[l];
            y[l] = hat[l] * gamma[l] + beta[l];
        }
    }
}

static void standardize(int64_t n, int64_t d, const void *x, const void *mean, const void *scale,
                        const void *gamma, const void *beta, void *hat, void *y)
{
    network_job j = {
        .d = d, .x = x, .p = mean, .q = scale, .a = gamma, .b = beta, .more = hat, .out = y
    };
    hy_parallel_for(n, row_grain(d), standardize_range, &j);
}

static void standardize_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real *factor = j->a, *mean_g = j->p, *mean_gy = j->q;
    for (int64_t i = begin; i < end; i++) {
        const real *g = j->g + i * j->d, *hat = j->y + i * j->d;
        real *out = j->out + i * j->d;
        EACH (l, 0, j->d)
            out[l] = factor[l] * (g[l] - mean_g[l] - hat[l] * mean_gy[l]);
    }
}

static void standardize_bwd(int64_t n, int64_t d, const void *g, const void *hat,
                            const void *factor, const void *mean_g, const void *mean_gy, void *gx)
{
    network_job j = { .d = d, .g = g, .y = hat, .a = factor, .p = mean_g, .q = mean_gy, .out = gx };
    hy_parallel_for(n, row_grain(d), standardize_bwd_range, &j);
}

/* ---- rows to mean 0 and variance 1 ---- */

static void layer_norm_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const int64_t d = j->d;
    for (int64_t row = begin; row < end; row++) {
        const real *x = j->x + row * d;
        real *hat = j->more + row * d, *y = j->out + row * d;
        double sum = 0, squares = 0;
        LANE_SUM(sum, double, d, (double)x[i]);
        const real mean = (real)(sum / (double)d);
        LANE_SUM(squares, double, d, (double)(x[i] - mean) * (double)(x[i] - mean));
        const real scale = (real)(1 / sqrt(squares / (double)d + j->number));
        j->column[row] = scale;
        EACH (l, 0, d)
            hat[l] = (x[l] - mean) * scale;
        EACH (l, 0, d)
            y[l] = hat[l] * (j->a ? j->a[l] : 1) + (j->b ? j->b[l] : 0);
    }
}

static void layer_norm(int64_t n, int64_t d, double eps, const void *x, const void *gamma,
                       const void *beta, void *hat, void *scale, void *y)
{
    network_job j = {
        .d = d, .number = eps, .x = x, .a = gamma, .b = beta, .more = hat, .column = scale, .out = y
    };
    hy_parallel_for(n, row_grain(d), layer_norm_range, &j);
}

static void layer_norm_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const int64_t d = j->d;
    for (int64_t row = begin; row < end; row++) {
        const real *hat = j->y + row * d, *g = j->g + row * d, *gamma = j->a;
        real *out = j->out + row * d;
        double sum = 0, product = 0;
        EACH (l, 0, d)
            out[l] = g[l] * (gamma ? gamma[l] : 1);
        LANE_SUM(sum, double, d, (double)out[i]);
        LANE_SUM(product, double, d, (double)out[i] * (double)hat[i]);
        const real mean = (real)(sum / (double)d), along = (real)(product / (double)d);
        EACH (l, 0, d)
            out[l] = j->p[row] * (out[l] - mean - hat[l] * along);
    }
}

static void layer_norm_bwd(int64_t n, int64_t d, const void *g, const void *hat, const void *scale,
                           const void *gamma, void *gx)
{
    network_job j = { .d = d, .g = g, .y = hat, .p = scale, .a = gamma, .out = gx };
    hy_parallel_for(n, row_grain(d), layer_norm_bwd_range, &j);
}

/* ---- rows to length 1 ---- */

static void normalize_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    for (int64_t row = begin; row < end; row++) {
        const real *x = j->x + row * j->d;
        real *y = j->out + row * j->d;
        double squares = 0;
        LANE_SUM(squares, double, j->d, (double)x[i] * (double)x[i]);
        const double norm = sqrt(squares);
        const real divisor = (real)(norm < j->number ? j->number : norm); /* NaN stays */
        j->column[row] = (real)norm;
        EACH (l, 0, j->d)
            y[l] = x[l] / divisor;
    }
}

static void normalize(int64_t n, int64_t d, double eps, const void *x, void *norm, void *y)
{
    network_job j = { .d = d, .number = eps, .x = x, .column = norm, .out = y };
    hy_parallel_for(n, row_grain(d), normalize_range, &j);
}

static void normalize_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real eps = (real)j->number;
    for (int64_t row = begin; row < end; row++) {
        const real *y = j->y + row * j->d, *g = j->g + row * j->d, norm = j->p[row];
        real *out = j->out + row * j->d;
        double product = 0;
        if (norm >= eps) /* else divided by a constant */
            LANE_SUM(product, double, j->d, (double)y[i] * (double)g[i]);
        const real along = (real)product, divisor = norm < eps ? eps : norm;
        EACH (l, 0, j->d)
            out[l] = (g[l] - y[l] * along) / divisor;
    }
}

static void normalize_bwd(int64_t n, int64_t d, double eps, const void *y, const void *norm,
                          const void *g, void *gx)
{
    network_job j = { .d = d, .number = eps, .y = y, .p = norm, .g = g, .out = gx };
    hy_parallel_for(n, row_grain(d), normalize_bwd_range, &j);
}

/* ---- cross-entropy ---- */

static void label_loss_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        const real *log_p = j->y + i * j->d, weight = (real)j->weight[i];
        real *out = j->out + i * j->d;
        EACH (l, 0, j->d)
            out[l] = weight != 0 ? weight * m_exp(log_p[l]) : 0; /* also where log_p is NaN */
        out[j->target[i]] -= weight;
    }
}

static void label_loss_bwd(int64_t n, int64_t k, const void *log_p, const int32_t *target,
                           const double *weight, void *gx)
{
    network_job j = { .d = k, .y = log_p, .target = target, .weight = weight, .out = gx };
    hy_parallel_for(n, row_grain(k), label_loss_bwd_range, &j);
}

static void soft_loss_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    for (int64_t row = begin; row < end; row++) {
        const real *log_p = j->y + row * j->d, *t = j->x + row * j->d;
        double sum = 0;
        LANE_SUM(sum, double, j->d, t[i] == 0 ? 0 : (double)t[i] * (double)log_p[i]);
        j->sum[row] = -sum;
    }
}

static void soft_loss(int64_t n, int64_t k, const void *log_p, const void *target, double *loss)
{
    network_job j = { .d = k, .y = log_p, .x = target, .sum = loss };
    hy_parallel_for(n, row_grain(k), soft_loss_range, &j);
}

static void soft_loss_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    for (int64_t row = begin; row < end; row++) {
        const real *log_p = j->y + row * j->d, *t = j->x + row * j->d;
        const real weight = (real)j->weight[row];
        real *out = j->out + row * j->d;
        double sum = 0;
        LANE_SUM(sum, double, j->d, (double)t[i]);
        const real total = (real)sum;
        EACH (l, 0, j->d)
            out[l] = weight != 0 ? weight * (m_exp(log_p[l]) * total - t[l]) : 0;
    }
}

static void soft_loss_bwd(int64_t n, int64_t k, const void *log_p, const void *target,
                          const double *weight, void *gx)
{
    network_job j = { .d = k, .y = log_p, .x = target, .weight = weight, .out = gx };
    hy_parallel_for(n, row_grain(k), soft_loss_bwd_range, &j);
}

/* ---- squared error ---- */

enum { ERROR_PARTS = 32, ERROR_BLOCK = 4096 };

static void square_error_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    for (int64_t part = begin; part < end; part++) {
        const int64_t stop = min_of(j->n, (part + 1) * j->d);
        double total = 0;
        for (int64_t at = part * j->d; at < stop; at += ERROR_BLOCK) {
            const real *x = j->x + at, *y = j->y + at;
            LANE_SUM(total, real, min_of(ERROR_BLOCK, stop - at), (x[i] - y[i]) * (x[i] - y[i]));
        }
        j->sum[part] = total;
    }
}

static double square_error(int64_t n, const void *x, const void *y)
{
    double partial[ERROR_PARTS], total = 0;
    const int64_t blocks = max_of(4, parts_of(parts_of(n, ERROR_BLOCK), ERROR_PARTS));
    network_job j = { .n = n, .d = blocks * ERROR_BLOCK, .x = x, .y = y, .sum = partial };
    const int64_t parts = parts_of(n, j.d);
    hy_parallel_for(parts, 1, square_error_range, &j);
    for (int64_t part = 0; part < parts; part++)
        total += partial[part];
    return total;
}

static void difference_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real factor = (real)j->number;
    EACH (i, begin, end)
        j->out[i] = factor * (j->x[i] - j->y[i]);
}

static void difference(int64_t n, double factor, const void *x, const void *y, void *out)
{
    network_job j = { .number = factor, .x = x, .y = y, .out = out };
    hy_parallel_for(n, GRAIN, difference_range, &j);
}

/* ---- Student-t similarity ---- */

/* Relative to the nearest center, so that far points underflow in no term that matters:
 * ((α + smallest) / (α + distance))^((α + 1) / 2), divided by the sum of the row. */
static void student_t_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real alpha = (real)j->number, power = (real)((j->number + 1) / 2);
    for (int64_t row = begin; row < end; row++) {
        const real *x = j->x + row * j->d;
        real *q = j->out + row * j->d, smallest = x[0];
        double sum = 0;
        for (int64_t l = 1; l < j->d; l++)
            smallest = x[l] < smallest ? x[l] : smallest;
        if (power == 1)
            EACH (l, 0, j->d)
                q[l] = (alpha + smallest) / (alpha + x[l]);
        else
            EACH (l, 0, j->d)
                q[l] = m_exp(power * m_log((alpha + smallest) / (alpha + x[l])));
        LANE_SUM(sum, double, j->d, (double)q[i]);
        const real total = (real)sum;
        EACH (l, 0, j->d)
            q[l] /= total;
    }
}

static void student_t(int64_t n, int64_t k, double alpha, const void *distance, void *q)
{
    network_job j = { .d = k, .number = alpha, .x = distance, .out = q };
    hy_parallel_for(n, row_grain(k), student_t_range, &j);
}

static void student_t_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const real alpha = (real)j->number, power = (real)((j->number + 1) / 2);
    for (int64_t row = begin; row < end; row++) {
        const real *x = j->x + row * j->d, *q = j->y + row * j->d, *g = j->g + row * j->d;
        real *out = j->out + row * j->d;
        double product = 0;
        LANE_SUM(product, double, j->d, (double)q[i] * (double)g[i]);
        const real along = (real)product;
        EACH (l, 0, j->d)
            out[l] = power * q[l] * (along - g[l]) / (alpha + x[l]);
    }
}

static void student_t_bwd(int64_t n, int64_t k, double alpha, const void *distance, const void *q,
                          const void *g, void *gdistance)
{
    network_job j = { .d = k, .number = alpha, .x = distance, .y = q, .g = g, .out = gdistance };
    hy_parallel_for(n, row_grain(k), student_t_bwd_range, &j);
}

/* ---- divergence of the Student-t similarity from a target ---- */

#define AT_LEAST_TINY(x) ((x) < R(1e-37) ? R(1e-37) : (x)) /* near the smallest f32; NaN stays */

/* p = q² / frequency, divided by its sum */
static void sharpen(int64_t k, const real *q, const real *frequency, real *p)
{
    double sum = 0;
    EACH (l, 0, k)
        p[l] = q[l] * q[l] / AT_LEAST_TINY(frequency[l]);
    LANE_SUM(sum, double, k, (double)p[i]);
    const real total = (real)sum;
    EACH (l, 0, k)
        p[l] /= total;
}

static void student_kl_range(void *arg, int64_t begin, int64_t end)
{
    const network_job *j = arg;
    const int64_t k = j->d;
    const real alpha = (real)j->number, power = (real)((j->number + 1) / 2);
    for (int64_t row = begin; row < end; row++) {
        const real *q = j->y + row * k, *distance = j->x + row * k;
        real *p = j->more + row * k, *out = j->out + row * k;
        double kl = 0, sum = 0;
        if (j->a)
            sharpen(k, q, j->a, p);
        EACH (l, 0, k)
            out[l] = p[l] * (m_log(AT_LEAST_TINY(p[l])) - m_log(AT_LEAST_TINY(q[l])));
        LANE_SUM(kl, double, k, (double)out[i]);
        LANE_SUM(sum, double, k, (double)p[i]);
        const real total = (real)sum;
        EACH (l, 0, k)
            out[l] = power * (p[l] - total * q[l]) / (alpha + distance[l]);
        j->sum[row] = kl;
    }
}

static void student_kl(int64_t n, int64_t k, double alpha, const void *distance, const void *q,
                       const void *frequency, void *p, void *gdistance, double *kl)
{
    network_job j = { .d = k,
                      .number = alpha,
                      .x = distance,
                      .y = q,
                      .a = frequency,
                      .more = p,
                      .out = gdistance,
                      .sum = kl };
    hy_parallel_for(n, row_grain(k), student_kl_range, &j);
}

extern const hy_network_kernels HY_TABLE;
const hy_network_kernels HY_TABLE = {
    .bias_activation = bias_activation,
    .standardize = standardize,
    .standardize_bwd = standardize_bwd,
    .layer_norm = layer_norm,
    .layer_norm_bwd = layer_norm_bwd,
    .normalize = normalize,
    .normalize_bwd = normalize_bwd,
    .label_loss_bwd = label_loss_bwd,
    .soft_loss = soft_loss,
    .soft_loss_bwd = soft_loss_bwd,
    .square_error = square_error,
    .difference = difference,
    .student_t = student_t,
    .student_t_bwd = student_t_bwd,
    .student_kl = student_kl,
};
