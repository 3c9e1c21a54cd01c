/*
 * A typical call of every op, made from its signature: its tensors have sides of SIDE, which the
 * test defines, with SIDES, two of them as text, before it includes this.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "../../core/hyades.h"
#include "check.h"

enum { MAX_IN = 8, MAX_TEXT = 256 };

typedef struct sample {
    int nin;
    hy_tensor *in[MAX_IN];
    void *before[MAX_IN]; /* the bytes of each input: a failing call changes nothing */
    int narg;
    hy_arg arg[HY_MAX_ARG];
    hy_rng rng;
} sample;

/* Where the signature alone does not lead to a valid call: "op.parameter" and its value. Tensors:
 * a letter (d f64, w f64 of whole numbers, i index, u u8), then the sizes: digits, or s for SIDE. */
static const struct {
    const char *parameter, *value;
} special[] = {
    { "where.condition", "uss" },
    { "masked_select.mask", "uss" },
    { "masked_fill.mask", "uss" },
    { "all.x", "uss" },
    { "equalize.x", "uss" },
    { "any.x", "uss" },
    { "crop_resize.x", "d41ss" },
    { "crop_resize.boxes", "d44" },
    { "adjust_color.x", "d43ss" },
    { "adjust_color.amounts", "d44" },
    { "gather.index", "iss" },
    { "expected_mutual_information.a", "w4" },
    { "expected_mutual_information.b", "w4" },
    { "batch_norm.gamma", "ds" },
    { "batch_norm.beta", "ds" },
    { "batch_norm.running_mean", "ds" },
    { "batch_norm.running_var", "ds" },
    { "single_linkage.edges", "i12" },
    { "tree_distances.merges", "i12" },
    { "tree_distances.heights", "d1" },
    { "tree_distances.marked", "u2" },
    { "reshape.shape", "2 -1" },
    { "full.value", "7" },
    { "unsqueeze.axis", "1" },
    { "narrow.first", "2" },
    { "gmm_e_step.covariances", "ds1s" },
    { "diag.x", "dss" },
    { "eigh_low_rank.a", "d24" },
    { "eigh_low_rank.weights", "d2" },
    { "eigh_batch.x", "d244" },
    { "eigh_largest.x", "d44" },
    { "label_covariances.x", "d44" },
    { "label_covariances.labels", "i4" },
    { "kmedoids.medoids", "i2" },
    { "gibbs_sweep.x", "d44" },
    { "gibbs_sweep.weights", "d44" },
    { "gibbs_sweep.labels", "i4" },
    { "affinity_merge.x", "d44" },
    { "affinity_merge.neighbors", "i42" },
    { "affinity_merge.weights", "d42" },
    { "oriented_sqdist.x", "ds4" },
    { "oriented_sqdist.centers", "d44" },
    { "oriented_sqdist.bases", "d444" },
    { "neighbor_covariances.x", "d44" },
    { "neighbor_covariances.start", "i5" },
    { "neighbor_covariances.list", "i4" },
    { "neighbor_sqdist.x", "d44" },
    { "neighbor_sqdist.start", "i5" },
    { "neighbor_sqdist.list", "i4" },
    { "neighbor_sqdist.vectors", "d244" },
    { "neighbor_sqdist.weights", "d24" },
    { "mutual_neighbors.start", "i5" },
    { "mutual_neighbors.list", "i4" },
    { "mutual_neighbors.distance", "d4" },
    { "grow_clusters.start", "i5" },
    { "grow_clusters.list", "i4" },
    { "grow_clusters.core", "u4" },
    { "grow_clusters.joins", "u4" },
    { "rotate_apart.a", "d244" },
    { "rotate_apart.weights", "d2" },
    { "rotate_apart.v", "d44" },
    { "cholesky.x", "d44" },
    { "svd.x", "d44" },
    { "qr.x", "d44" },
    { "eigh.x", "d44" },
    { "solve.a", "d44" },
    { "solve.b", "d44" },
};

static const char *special_value(const char *op, const char *parameter)
{
    char key[MAX_TEXT];
    snprintf(key, sizeof key, "%s.%s", op, parameter);
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (strcmp(special[i].parameter, key) == 0)
            return special[i].value;
    return NULL;
}

/* Positive numbers, symmetric and diagonally dominant when square; positions for index. */
static hy_tensor *make_tensor(hy_ctx *cx, const hy_op *op, const char *form)
{
    const hy_dtype dtype = form[0] == 'i' ? HY_INDEX : form[0] == 'u' ? HY_U8 : HY_F64;
    const int ndim = (int)strlen(form) - 1;
    int64_t shape[HY_MAX_DIM];
    for (int d = 0; d < ndim; d++)
        shape[d] = form[d + 1] == 's' ? SIDE : form[d + 1] - '0';
    hy_tensor *t;
    CHECK(hy_tensor_new(cx, dtype, ndim, shape, &t) == HY_OK);
    const double lo = op->hi > op->lo && op->lo > 0 ? op->lo : 0.2;
    const double hi = op->hi > lo && op->hi < 1 ? op->hi : 0.8;
    const int64_t width = ndim > 0 ? shape[ndim - 1] : 1;
    for (int64_t i = 0; i < hy_numel(t); i++) {
        const int64_t row = i / width % (ndim == 3 ? shape[1] : INT64_MAX), column = i % width;
        const double u = (double)((row + 1) * (column + 1) * 7 % 16) / 16;
        double value = ndim >= 2 && row == column ? hi : lo + (hi - lo) * u / 2;
        if (dtype != HY_F64 || form[0] == 'w')
            value = dtype == HY_INDEX ? (double)column + 1 : (double)(i % 2 + (form[0] == 'w'));
        CHECK(hy_set(cx, t, i, value) == HY_OK);
    }
    t->requires_grad = t->leaf = dtype == HY_F64 && op->backward;
    return t;
}

static bool is(const char *kind, const char *name)
{
    return strcmp(kind, name) == 0;
}

static void add_input(hy_ctx *cx, const hy_op *op, sample *s, const char *form)
{
    hy_tensor *t = form ? make_tensor(cx, op, form) : NULL;
    s->before[s->nin] = t ? malloc((size_t)t->storage->bytes + 1) : NULL;
    s->in[s->nin++] = t;
}

static void add_number(hy_arg *a, double value)
{
    a->d = value;
    a->i = (int64_t)value;
}

static void add_list(hy_arg *a, const char *text)
{
    for (char *end; *text; text = end) {
        a->list[a->n++] = strtoll(text, &end, 10);
        if (end == text)
            break;
    }
}

static void add_default(hy_arg *a, const char *kind, const char *value)
{
    if (is(kind, "dtype"))
        a->i = is(value, "f32") ? HY_F32 : is(value, "u8") ? HY_U8 : is(value, "index") ? HY_INDEX : HY_F64;
    else if (is(kind, "flag"))
        a->i = is(value, "true");
    else if (is(kind, "axis"))
        a->i = atoi(value) < 0 ? atoi(value) + 2 : atoi(value) - 1;
    else
        add_number(a, strtod(value, NULL));
}

static void add_argument(sample *s, const char *kind, bool optional, const char *value)
{
    hy_arg *a = &s->arg[s->narg++];
    a->rng = &s->rng;
    a->given = value || !optional;
    if (is(kind, "shape") || is(kind, "integers"))
        add_list(a, value ? value : SIDES);
    else if (is(kind, "axes"))
        add_list(a, "1 0");
    else if (value)
        add_default(a, kind, value);
    else if (is(kind, "dtype"))
        a->i = HY_F64;
    else if (is(kind, "integer"))
        add_number(a, 2);
    else if (is(kind, "number"))
        add_number(a, 0.5);
}

/* One word of a signature: name:kind, then `...`, `?` or =default. */
static void add_parameter(hy_ctx *cx, const hy_op *op, sample *s, char *word)
{
    char *kind = strchr(word, ':'), *value = strchr(word, '=');
    if (!kind)
        return;
    *kind++ = 0;
    if (value)
        *value++ = 0;
    const bool optional = strchr(kind, '?') != NULL;
    kind[strcspn(kind, "?.")] = 0;
    const char *own = special_value(op->name, word);
    if (own && !(is(kind, "tensor") || is(kind, "vector") || is(kind, "matrix") || is(kind, "index")))
        add_argument(s, kind, false, own);
    else if (is(kind, "tensors")) {
        add_input(cx, op, s, "dss");
        add_input(cx, op, s, "dss");
    } else if (is(kind, "tensor") || is(kind, "operand") || is(kind, "matrix"))
        add_input(cx, op, s, own ? own : optional ? NULL : "dss");
    else if (is(kind, "vector"))
        add_input(cx, op, s, own ? own : optional ? NULL : "ds");
    else if (is(kind, "index"))
        add_input(cx, op, s, own ? own : optional ? NULL : "is");
    else
        add_argument(s, kind, optional, value);
}

static void make_sample(hy_ctx *cx, const hy_op *op, sample *s)
{
    char text[MAX_TEXT], *end, *rest = text;
    memset(s, 0, sizeof *s);
    s->rng = hy_rng_new(1);
    snprintf(text, sizeof text, "%s", op->signature);
    if ((end = strstr(text, "->")))
        *end = 0;
    for (char *word; (word = strsep(&rest, " {}"));)
        add_parameter(cx, op, s, word);
}

static void free_sample(sample *s)
{
    for (int i = 0; i < s->nin; i++) {
        hy_unref(s->in[i]);
        free(s->before[i]);
    }
}

static hy_status gradient(hy_ctx *cx, hy_tape *tape, hy_tensor *y)
{
    hy_tensor *sum[HY_MAX_OUT];
    HY_TRY(hy_run(cx, hy_op_find("sum"), 1, &y, (hy_arg[HY_MAX_ARG]){ { 0 } }, sum));
    const hy_status status = hy_tape_backward(cx, tape, sum[0]);
    hy_unref(sum[0]);
    return status;
}

#endif
