/*
 * Every op with failing memory. A typical call is made from the op's signature; then its first,
 * second, third … allocation fails until the call succeeds, forward alone and with a backward pass.
 * A failing call says so, returns every byte and leaves its inputs as they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/hyades.h"
#include "check.h"

enum { SIDE = 4, MAX_IN = 8, MAX_FAILURES = 2000, MAX_TEXT = 256 };

typedef struct sample {
    int nin;
    hy_tensor *in[MAX_IN];
    void *before[MAX_IN]; /* the bytes of each input: a failing call changes nothing */
    int narg;
    hy_arg arg[HY_MAX_ARG];
    hy_rng rng;
} sample;

/* Where the signature alone does not lead to a valid call: "op.parameter" and its value. Tensors:
 * a letter (d f64, w f64 of whole numbers, i index, p index that counts up, u u8), then the sizes. */
static const struct {
    const char *parameter, *value;
} special[] = {
    { "where.condition", "u44" },
    { "masked_select.mask", "u44" },
    { "masked_fill.mask", "u44" },
    { "all.x", "u44" },
    { "any.x", "u44" },
    { "gather.index", "i44" },
    { "expected_mutual_information.a", "w4" },
    { "expected_mutual_information.b", "w4" },
    { "batch_norm.gamma", "d4" },
    { "batch_norm.beta", "d4" },
    { "batch_norm.running_mean", "d4" },
    { "batch_norm.running_var", "d4" },
    { "reshape.shape", "2 8" },
    { "full.value", "7" },
    { "unsqueeze.axis", "1" },
    { "narrow.first", "2" },
    { "diag.x", "d44" },
    { "eigh_batch.x", "d244" },
    { "kmedoids.medoids", "i2" },
    { "oriented_sqdist.bases", "d444" },
    { "neighbor_covariances.start", "p5" },
    { "neighbor_sqdist.start", "p5" },
    { "neighbor_sqdist.vectors", "d244" },
    { "neighbor_sqdist.weights", "d24" },
    { "mutual_neighbors.start", "p5" },
    { "grow_clusters.start", "p5" },
    { "grow_clusters.core", "u4" },
    { "grow_clusters.joins", "u4" },
    { "rotate_apart.a", "d244" },
    { "rotate_apart.weights", "d2" },
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
    const bool positions = form[0] == 'i' || form[0] == 'p';
    const hy_dtype dtype = positions ? HY_INDEX : form[0] == 'u' ? HY_U8 : HY_F64;
    const int ndim = (int)strlen(form) - 1;
    int64_t shape[HY_MAX_DIM];
    for (int d = 0; d < ndim; d++)
        shape[d] = form[d + 1] - '0';
    hy_tensor *t;
    CHECK(hy_tensor_new(cx, dtype, ndim, shape, &t) == HY_OK);
    const double lo = op->hi > op->lo && op->lo > 0 ? op->lo : 0.2;
    const double hi = op->hi > lo && op->hi < 1 ? op->hi : 0.8;
    for (int64_t i = 0; i < hy_numel(t); i++) {
        const int64_t row = ndim == 3 ? i / SIDE % SIDE : i / SIDE, column = i % SIDE;
        const double u = (double)((row + 1) * (column + 1) * 7 % 16) / 16;
        double value = ndim >= 2 && row == column ? hi : lo + (hi - lo) * u / 2;
        if (dtype != HY_F64 || form[0] == 'w')
            value = dtype == HY_INDEX ? (double)column + 1 : (double)(i % 2 + (form[0] == 'w'));
        CHECK(hy_set(cx, t, i, form[0] == 'p' ? (double)i + 1 : value) == HY_OK);
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
        add_list(a, value ? value : "4 4");
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
        add_input(cx, op, s, "d44");
        add_input(cx, op, s, "d44");
    } else if (is(kind, "tensor") || is(kind, "operand") || is(kind, "matrix"))
        add_input(cx, op, s, own ? own : optional ? NULL : "d44");
    else if (is(kind, "vector"))
        add_input(cx, op, s, own ? own : optional ? NULL : "d4");
    else if (is(kind, "index"))
        add_input(cx, op, s, own ? own : optional ? NULL : "i4");
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

static hy_status run(hy_ctx *cx, const hy_op *op, const sample *s, hy_tape *tape)
{
    hy_tensor *out[HY_MAX_OUT];
    HY_TRY(hy_run(cx, op, s->nin, s->in, s->arg, out));
    hy_status status = HY_OK;
    if (tape && out[0] && out[0]->requires_grad)
        status = gradient(cx, tape, out[0]);
    for (int i = 0; i < HY_MAX_OUT; i++)
        hy_unref(out[i]);
    return status;
}

static hy_status attempt(hy_ctx *cx, const hy_op *op, sample *s, bool record)
{
    uint64_t id = 0;
    if (record)
        HY_TRY(hy_tape_open(cx, false, &id));
    hy_tape *tape = record ? hy_tape_find(cx, id) : NULL;
    const hy_status status = run(cx, op, s, tape);
    if (tape)
        hy_tape_close(cx, tape);
    return status;
}

static void remember(sample *s)
{
    for (int i = 0; i < s->nin; i++)
        if (s->in[i])
            memcpy(s->before[i], s->in[i]->storage->data, (size_t)s->in[i]->storage->bytes);
}

/* After a failure: do the inputs hold what they held, and no gradient? */
static bool unchanged(const sample *s, bool values)
{
    bool same = true;
    for (int i = 0; i < s->nin; i++) {
        const hy_tensor *t = s->in[i];
        if (!t)
            continue;
        same = same && !t->grad && !t->adjoint;
        if (values)
            same = same && !memcmp(s->before[i], t->storage->data, (size_t)t->storage->bytes);
    }
    return same;
}

static void drop_gradients(sample *s)
{
    for (int i = 0; i < s->nin; i++)
        if (s->in[i]) {
            hy_unref(s->in[i]->grad);
            s->in[i]->grad = NULL;
        }
}

/* With a tape the forward pass may succeed and, rightly, move a generator or a running average
 * before the backward pass fails. */
static void fail_everywhere(hy_ctx *cx, const hy_op *op, sample *s, bool record)
{
    const int64_t live = cx->live;
    const uint64_t drawn = s->rng.next;
    hy_status status = HY_EMEM;
    remember(s);
    for (int n = 1; status == HY_EMEM && n < MAX_FAILURES; n++) {
        cx->fail_at = cx->allocations + n;
        status = attempt(cx, op, s, record);
        cx->fail_at = 0;
        if (status == HY_EMEM) {
            CHECK_NAMED(unchanged(s, !record), op->name);
            CHECK_NAMED(record || s->rng.next == drawn, op->name);
            CHECK_NAMED(strstr(cx->message, "out of memory"), op->name);
        }
        drop_gradients(s);
        CHECK_NAMED(cx->live == live, op->name);
    }
    CHECK_NAMED(status == HY_OK, status == HY_OK ? op->name : cx->message);
}

static void survives(hy_ctx *cx, const hy_op *op)
{
    sample s;
    make_sample(cx, op, &s);
    fail_everywhere(cx, op, &s, false);
    if (op->backward)
        fail_everywhere(cx, op, &s, true);
    free_sample(&s);
    CHECK_NAMED(cx->live == 0, op->name);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    hy_threads(1);
    for (int i = 0; i < hy_op_count(); i++)
        RUN(survives(cx, hy_op_at(i)));
    hy_ctx_free(cx);
    return check_done();
}
