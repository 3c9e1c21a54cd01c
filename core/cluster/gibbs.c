/*
 * One sweep of a nonparametric mixture whose components are weight vectors that want a margin: points
 * in random order leave their cluster, draw one again, perhaps a new one, and move the weights of it
 * and of its strongest rival. After Chen, Deep learning with nonparametric clustering, 2015; the
 * passive-aggressive step: Crammer et al., JMLR 2006.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

typedef struct sweep {
    int64_t n, d, most; /* components at most, and how many slots there are */
    const double *x;
    double *weights; /* most × d */
    double *count;   /* most: points of each; 0: the slot is free */
    double *score;   /* most + 1: θ·x, the last of what would be new */
    double *chance;  /* most + 1: running sums */
    double *fresh;   /* d: the weights of what would be new */
    int32_t *label;  /* n */
    double alpha, sigma, margin, step;
    hy_rng rng;
    const hy_index_kernels *draws;
} sweep;

static double dot(int64_t d, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t l = 0; l < d; l++)
        sum += x[l] * y[l];
    return sum;
}

static int64_t free_slot(const sweep *s)
{
    for (int64_t k = 0; k < s->most; k++)
        if (s->count[k] == 0)
            return k;
    return -1;
}

/* Each component's share of chance e^score · points, a new one's e^score · alpha. */
static int64_t draw(sweep *s, const double *x, int64_t vacant)
{
    double largest = -INFINITY, sum = 0;

    for (int64_t k = 0; k <= s->most; k++) {
        const bool is_new = k == s->most;
        const double weight = is_new ? (vacant < 0 ? 0 : s->alpha) : s->count[k];
        s->chance[k] = -INFINITY;
        if (weight == 0)
            continue;
        s->score[k] = dot(s->d, is_new ? s->fresh : s->weights + k * s->d, x);
        s->chance[k] = s->score[k] + log(weight);
        largest = fmax(largest, s->chance[k]);
    }
    for (int64_t k = 0; k <= s->most; k++)
        s->chance[k] = sum += exp(s->chance[k] - largest);
    const double goal = hy_rng_uniform(&s->rng) * sum;
    int64_t k = 0;
    while (k < s->most && s->chance[k] <= goal)
        k++;
    while (k > 0 && s->chance[k] == s->chance[k - 1]) /* the goal rounded up to the sum */
        k--;
    return k;
}

/* Own and strongest rival move apart until the margin holds, by `step` at most. */
static void widen(sweep *s, int64_t own, const double *x)
{
    const double length = dot(s->d, x, x);
    int64_t rival = -1;

    for (int64_t k = 0; k < s->most; k++)
        if (k != own && s->count[k] > 0 && (rival < 0 || s->score[k] > s->score[rival]))
            rival = k;
    if (rival < 0 || length == 0)
        return;
    const double loss = s->margin - (s->score[own] - s->score[rival]);
    const double tau = fmin(s->step, loss / (2 * length));
    for (int64_t l = 0; loss > 0 && l < s->d; l++) {
        s->weights[own * s->d + l] += tau * x[l];
        s->weights[rival * s->d + l] -= tau * x[l];
    }
}

static void visit(sweep *s, int64_t i)
{
    const double *x = s->x + i * s->d;
    if (s->label[i] >= 0)
        s->count[s->label[i]]--;
    const int64_t vacant = free_slot(s);
    s->draws->normal(s->rng.seed, s->rng.stream, s->rng.next, s->d, 0, s->sigma, s->fresh);
    s->rng.next += (uint64_t)s->d;
    int64_t own = draw(s, x, vacant);
    if (own == s->most) {
        own = vacant;
        memcpy(s->weights + own * s->d, s->fresh, (size_t)s->d * sizeof *s->fresh);
        s->score[own] = s->score[s->most];
    }
    s->label[i] = (int32_t)own;
    s->count[own]++;
    widen(s, own, x);
}

/* ---- the op ------------------------------------------------------------------------------------ */

/* Arguments: alpha, sigma, margin, step, max_clusters, rng. */
static hy_status check_sweep(hy_ctx *cx, const hy_call *c)
{
    static const char *const names[] = { "alpha", "sigma", "margin", "step" };
    const hy_tensor *x = c->in[0], *weights = c->in[1], *labels = c->in[2];
    HY_TRY(hy_need_same_dtype(cx, x, weights));
    if (weights->shape[1] != x->shape[1])
        return hy_fail_shapes(cx, "x and weights differ in columns", x, weights);
    if (hy_numel(labels) != x->shape[0])
        return hy_fail(cx, HY_EARG, "labels has %lld elements for %lld rows",
                       (long long)hy_numel(labels), (long long)x->shape[0]);
    for (int64_t i = 0; i < hy_numel(labels); i++)
        if (((const int32_t *)hy_data(labels))[i] >= weights->shape[0])
            return hy_fail(cx, HY_EARG, "label %lld is outside 1..%lld",
                           (long long)((const int32_t *)hy_data(labels))[i] + 1,
                           (long long)weights->shape[0]);
    for (int i = 0; i < 4; i++)
        if (!(c->arg[i].d >= 0 && isfinite(c->arg[i].d)))
            return hy_fail(cx, HY_EARG, "%s is %g; it wants 0 or more", names[i], c->arg[i].d);
    if (c->arg[0].d == 0)
        return hy_fail(cx, HY_EARG, "alpha is 0; it wants a number above");
    if (c->arg[4].i < 1 || c->arg[4].i < weights->shape[0] || c->arg[4].i > INT32_MAX)
        return hy_fail(cx, HY_EARG, "max_clusters is %lld for the %lld there are",
                       (long long)c->arg[4].i, (long long)weights->shape[0]);
    return HY_OK;
}

static hy_status room(hy_ctx *cx, hy_call *c, int64_t rows, int64_t columns, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ rows, columns }, &t));
    *out = memset(hy_data(t), 0, (size_t)(rows * columns) * sizeof **out);
    return HY_OK;
}

/* Components without points go; the others are numbered in their order. */
static hy_status write_sweep(hy_ctx *cx, hy_call *c, const sweep *s)
{
    int64_t k = 0;
    hy_tensor *kept, *at, *numbers;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &s->most, &numbers));
    int32_t *number = hy_data(numbers);
    for (int64_t j = 0; j < s->most; j++)
        if (s->count[j] > 0)
            number[j] = (int32_t)k++;
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &s->n));
    for (int64_t i = 0; i < s->n; i++)
        ((int32_t *)hy_data(c->out[0]))[i] = number[s->label[i]];
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ k, s->d }, &kept));
    for (int64_t j = 0; j < s->most; j++)
        if (s->count[j] > 0)
            memcpy((double *)hy_data(kept) + number[j] * s->d, s->weights + j * s->d,
                   (size_t)s->d * sizeof(double));
    HY_TRY(hy_temp_to(cx, c, kept, c->in[0]->dtype, &at));
    return hy_out_tensor(cx, c, 1, at);
}

static hy_status gibbs_sweep_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_arg *a = c->arg;
    hy_tensor *order, *x, *weights, *labels;
    hy_points p, w;
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    HY_TRY(check_sweep(cx, c));
    HY_TRY(hy_points_read(cx, c, c->in[1], "weights", &w));
    sweep s = { .n = p.n, .d = p.d, .most = a[4].i, .alpha = a[0].d, .sigma = a[1].d,
                .margin = a[2].d, .step = a[3].d, .rng = *a[5].rng,
                .draws = c->in[0]->storage->device->kernels[HY_F64]->index };
    hy_arg drawn[HY_MAX_ARG] = { { .given = true, .i = s.n }, { .given = true, .rng = &s.rng } };
    HY_TRY(hy_temp_run(cx, c, "randperm", NULL, NULL, drawn, &order));
    HY_TRY(hy_temp_to(cx, c, c->in[0], HY_F64, &x));
    HY_TRY(hy_temp_to(cx, c, c->in[1], HY_F64, &weights));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &s.n, &labels));
    HY_TRY(room(cx, c, s.most, s.d, &s.weights));
    HY_TRY(room(cx, c, 1, s.most, &s.count));
    HY_TRY(room(cx, c, 1, s.most + 1, &s.score));
    HY_TRY(room(cx, c, 1, s.most + 1, &s.chance));
    HY_TRY(room(cx, c, 1, s.d, &s.fresh));
    s.x = hy_data(x);
    s.label = memcpy(hy_data(labels), hy_data(c->in[2]), (size_t)s.n * sizeof *s.label);
    memcpy(s.weights, hy_data(weights), (size_t)hy_numel(weights) * sizeof *s.weights);
    for (int64_t i = 0; i < s.n; i++)
        if (s.label[i] >= 0)
            s.count[s.label[i]]++;
    for (int64_t i = 0; i < s.n; i++) {
        if (i % 16 == 0)
            HY_TRY(hy_poll(cx, i, s.n));
        visit(&s, ((const int32_t *)hy_data(order))[i]);
    }
    HY_TRY(write_sweep(cx, c, &s));
    *a[5].rng = s.rng;
    return HY_OK;
}

const hy_op hy_ops_gibbs[] = {
    { .name = "gibbs_sweep",
      .signature = "x:matrix weights:matrix labels:index {alpha:number=1 sigma:number=1 "
                   "margin:number=1 step:number=1 max_clusters:integer=100 rng:rng} -> index matrix",
      .forward = gibbs_sweep_fwd,
      .doc = "A sweep of a mixture that finds its number of clusters: in random order every row of "
             "x leaves its cluster (label -1: it had none) and draws one, with chances of points · "
             "e^(weights·x), or alpha · e^(w·x) for a new one whose w is normal of deviation sigma, "
             "as long as there are fewer than max_clusters. Where the own score does not beat the "
             "next by margin, both weights move apart, by at most step · x. Gives labels and the "
             "weights of the clusters that have points; start with hy.zeros(0, d)." },
    { 0 },
};
