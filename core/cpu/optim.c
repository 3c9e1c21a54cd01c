/* Optimizer steps: one pass over parameters, gradients and state. */
#include "cpu.h"
#include "math.h"

typedef struct step_job {
    real *p, *m, *v, *buffer;
    const real *g;
    const hy_step *s;
} step_job;

static void adam_range(void *arg, int64_t begin, int64_t end)
{
    const step_job *j = arg;
    const hy_step *s = j->s;
    const real beta1 = (real)s->beta1, beta2 = (real)s->beta2, eps = (real)s->eps;
    const real rest1 = (real)(1 - s->beta1), rest2 = (real)(1 - s->beta2);
    const real l2 = s->decoupled ? 0 : (real)s->weight_decay;
    const real keep = s->decoupled ? (real)(1 - s->lr * s->weight_decay) : 1;
    const real step = (real)(s->lr / s->correction1), root = (real)(1 / sqrt(s->correction2));
    real *p = j->p, *m = j->m, *v = j->v;
    EACH (i, begin, end) {
        const real g = j->g[i] + l2 * p[i];
        m[i] = beta1 * m[i] + rest1 * g;
        v[i] = beta2 * v[i] + rest2 * g * g;
        p[i] = keep * p[i] - step * m[i] / (m_sqrt(v[i]) * root + eps);
    }
}

static void adam(int64_t n, void *p, const void *g, void *m, void *v, const hy_step *s)
{
    step_job j = { .p = p, .m = m, .v = v, .g = g, .s = s };
    hy_parallel_for(n, GRAIN, adam_range, &j);
}

static void sgd_range(void *arg, int64_t begin, int64_t end)
{
    const step_job *j = arg;
    const real lr = (real)j->s->lr, decay = (real)j->s->weight_decay;
    real *p = j->p;
    EACH (i, begin, end)
        p[i] -= lr * (j->g[i] + decay * p[i]);
}

static void momentum_range(void *arg, int64_t begin, int64_t end)
{
    const step_job *j = arg;
    const real lr = (real)j->s->lr, decay = (real)j->s->weight_decay, momentum = (real)j->s->beta1;
    const real ahead = j->s->nesterov ? 1 : 0;
    const real along = j->s->nesterov ? momentum : 1;
    real *p = j->p, *buffer = j->m;
    EACH (i, begin, end) {
        const real g = j->g[i] + decay * p[i];
        buffer[i] = momentum * buffer[i] + g;
        p[i] -= lr * (ahead * g + along * buffer[i]);
    }
}

static void sgd(int64_t n, void *p, const void *g, void *buffer, const hy_step *s)
{
    step_job j = { .p = p, .m = buffer, .g = g, .s = s };
    hy_parallel_for(n, GRAIN, buffer && s->beta1 != 0 ? momentum_range : sgd_range, &j);
}

static void rmsprop_range(void *arg, int64_t begin, int64_t end)
{
    const step_job *j = arg;
    const hy_step *s = j->s;
    const real lr = (real)s->lr, decay = (real)s->weight_decay, eps = (real)s->eps;
    const real momentum = (real)s->beta1, keep = (real)s->beta2, rest = (real)(1 - s->beta2);
    real *p = j->p, *v = j->v, *mean = j->m, *buffer = j->buffer;
    EACH (i, begin, end) {
        const real g = j->g[i] + decay * p[i];
        real spread = v[i] = keep * v[i] + rest * g * g;
        if (mean) {
            mean[i] = keep * mean[i] + rest * g;
            spread -= mean[i] * mean[i];
            spread = spread > 0 ? spread : 0;
        }
        real step = g / (m_sqrt(spread) + eps);
        if (buffer)
            step = buffer[i] = momentum * buffer[i] + step;
        p[i] -= lr * step;
    }
}

static void rmsprop(int64_t n, void *p, const void *g, void *v, void *mean, void *buffer,
                    const hy_step *s)
{
    step_job j = { .p = p, .m = mean, .v = v, .buffer = buffer, .g = g, .s = s };
    hy_parallel_for(n, GRAIN, rmsprop_range, &j);
}

extern const hy_optim_kernels HY_TABLE;
const hy_optim_kernels HY_TABLE = { .adam = adam, .sgd = sgd, .rmsprop = rmsprop };
