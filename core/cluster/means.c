/* Means by label, and distances to them: the steps that clusterings in subspaces are made of. */
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

typedef struct sums {
    double *sum, *count; /* k×d, k: the outputs */
    double *part, *part_count;
} sums;

static hy_status f64_new(hy_ctx *cx, hy_call *c, int64_t n, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *out = hy_data(t);
    return HY_OK;
}

/* Outputs i (means, k×d) and i + 1 (counts, k), both f64. */
static hy_status new_sums(hy_ctx *cx, hy_call *c, int i, int64_t k, int64_t d, sums *s)
{
    HY_TRY(hy_out(cx, c, i, HY_F64, 2, (int64_t[]){ k, d }));
    HY_TRY(hy_out(cx, c, i + 1, HY_F64, 1, &k));
    s->sum = hy_data(c->out[i]);
    s->count = hy_data(c->out[i + 1]);
    HY_TRY(f64_new(cx, c, k * d, &s->part));
    return f64_new(cx, c, k, &s->part_count);
}

static void sums_to_means(int64_t k, int64_t d, sums *s)
{
    for (int64_t i = 0; i < k * d; i++)
        s->sum[i] /= s->count[i / d] > 0 ? s->count[i / d] : 1;
}

/* The centers in the points' type, every value finite. */
static hy_status read_centers(hy_ctx *cx, hy_call *c, const hy_points *p, hy_tensor **out)
{
    const hy_tensor *centers = c->in[1];
    hy_points ignored;

    HY_TRY(hy_need_real(cx, centers));
    if (centers->shape[0] == 0)
        return hy_fail(cx, HY_EARG, "centers has no rows");
    if (centers->shape[1] != p->d)
        return hy_fail_shapes(cx, "rows of x and centers differ in length", c->in[0], centers);
    HY_TRY(hy_temp(cx, c, p->dtype, 2, centers->shape, out));
    HY_TRY(hy_copy_into(cx, centers, *out));
    return hy_points_read(cx, c, *out, "centers", &ignored);
}

/* One label a point, below k; a k of 0 becomes the largest label. */
static hy_status read_labels(hy_ctx *cx, const hy_tensor *labels, int64_t n, int64_t *k)
{
    int32_t largest = -1;
    const int32_t *label = hy_data(labels);

    if (labels->dtype != HY_INDEX)
        return hy_fail(cx, HY_EARG, "labels must be index, not %s; use :to(\"index\")",
                       hy_dtype_name(labels->dtype));
    if (hy_numel(labels) != n)
        return hy_fail(cx, HY_EARG, "%lld labels for %lld rows of x", (long long)hy_numel(labels),
                       (long long)n);
    for (int64_t i = 0; i < n; i++)
        largest = label[i] > largest ? label[i] : largest;
    if (*k == 0)
        *k = (int64_t)largest + 1;
    return largest < *k ? HY_OK
                        : hy_fail(cx, HY_EARG, "labels holds %d, but there are %lld clusters",
                                  (int)largest + 1, (long long)*k);
}

static hy_status cluster_means_fwd(hy_ctx *cx, hy_call *c)
{
    hy_points p;
    sums s;
    int64_t k = c->arg[0].given ? c->arg[0].i : 0;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    if (c->arg[0].given && k < 1)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be 1 or more", (long long)k);
    HY_TRY(read_labels(cx, c->in[1], p.n, &k));
    HY_TRY(new_sums(cx, c, 0, k, p.d, &s));
    if (k > 0)
        HY_TRY(hy_points_sums(cx, &p, k, NULL, hy_data(c->in[1]), s.sum, s.count, s.part,
                              s.part_count));
    sums_to_means(k, p.d, &s);
    return HY_OK;
}

static hy_status nearest_means_fwd(hy_ctx *cx, hy_call *c)
{
    hy_points p;
    hy_tensor *centers;
    sums s;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    HY_TRY(read_centers(cx, c, &p, &centers));
    const int64_t k = centers->shape[0];
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &p.n));
    HY_TRY(new_sums(cx, c, 1, k, p.d, &s));
    hy_search nearest = { .k = k, .y = hy_data(centers), .label = hy_data(c->out[0]) };
    memset(nearest.label, -1, (size_t)p.n * sizeof *nearest.label);
    HY_TRY(hy_points_search(cx, &p, &nearest));
    HY_TRY(hy_points_sums(cx, &p, k, NULL, nearest.label, s.sum, s.count, s.part, s.part_count));
    sums_to_means(k, p.d, &s);
    return HY_OK;
}

static hy_status center_distance_fwd(hy_ctx *cx, hy_call *c)
{
    hy_points p;
    hy_tensor *centers;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    HY_TRY(read_centers(cx, c, &p, &centers));
    int64_t k = centers->shape[0];
    HY_TRY(read_labels(cx, c->in[2], p.n, &k));
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &p.n));
    return hy_points_cost(cx, &p, hy_data(centers), hy_data(c->in[2]), hy_data(c->out[0]));
}

const hy_op hy_ops_means[] = {
    { .name = "cluster_means",
      .signature = "x:matrix labels:index k:integer? -> matrix vector",
      .forward = cluster_means_fwd,
      .doc = "Mean row of x for each label 1..k (zeros where there is none) and the counts, both "
             "f64 whatever the type of x; -1 is skipped." },
    { .name = "nearest_means",
      .signature = "x:matrix centers:matrix -> index matrix vector",
      .forward = nearest_means_fwd,
      .doc = "A step of Lloyd: the nearest center of every row of x (ties to the "
             "first), and of the rows of each center the mean and the count, both f64." },
    { .name = "center_distance",
      .signature = "x:matrix centers:matrix labels:index -> vector",
      .forward = center_distance_fwd,
      .doc = "Squared distance of every row of x to the center of its label, f64, from the "
             "differences themselves; 0 where the label is -1." },
    { 0 },
};
