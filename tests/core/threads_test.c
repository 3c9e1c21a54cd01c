/*
 * Every op in several threads: the same bits as with one, forward and backward, for all that is not
 * BLAS; and two contexts in two threads, each as if it were alone. The sides are long enough for
 * several chunks. `make tsan` runs this with ThreadSanitizer watching.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

enum { SIDE = 160 };
#define SIDES "160 160"
#include "sample.h"

enum { THREADS = 3, MOST = 2 * HY_MAX_OUT + 2 * MAX_IN };

/* What a call gave: outputs, then inputs as they are now, then their gradients. */
typedef struct result {
    int n;
    hy_tensor *tensor[MOST];
} result;

static void keep(hy_ctx *cx, result *r, hy_tensor *t)
{
    r->tensor[r->n] = NULL;
    if (t)
        CHECK(hy_contiguous(cx, t, &r->tensor[r->n]) == HY_OK);
    r->n++;
}

static void free_result(result *r)
{
    for (int i = 0; i < r->n; i++)
        hy_unref(r->tensor[i]);
}

static hy_status call(hy_ctx *cx, const hy_op *op, sample *s, result *r)
{
    hy_tensor *out[HY_MAX_OUT];
    uint64_t id;
    HY_TRY(hy_tape_open(cx, false, &id));
    hy_status status = hy_run(cx, op, s->nin, s->in, s->arg, out);
    if (status == HY_OK && out[0] && out[0]->requires_grad)
        status = gradient(cx, hy_tape_find(cx, id), out[0]);
    r->n = 0;
    for (int i = 0; status == HY_OK && i < HY_MAX_OUT; i++)
        keep(cx, r, out[i]);
    for (int i = 0; status == HY_OK && i < s->nin; i++) {
        keep(cx, r, s->in[i]);
        keep(cx, r, s->in[i] ? s->in[i]->grad : NULL);
    }
    for (int i = 0; i < HY_MAX_OUT; i++)
        hy_unref(out[i]);
    return status;
}

static bool run(hy_ctx *cx, const hy_op *op, result *r)
{
    sample s;
    make_sample(cx, op, &s);
    const hy_status status = call(cx, op, &s, r);
    CHECK_NAMED(status == HY_OK, status == HY_OK ? op->name : cx->message);
    while (cx->tapes && status != HY_OK)
        hy_tape_close(cx, cx->tapes);
    free_sample(&s);
    return status == HY_OK;
}

static void end_run(hy_ctx *cx, result *r)
{
    free_result(r);
    while (cx->tapes)
        hy_tape_close(cx, cx->tapes);
}

/* BLAS and LAPACK may add up in another order with more threads. */
static bool may_round(const char *name)
{
    static const char *const blas[] = { "matmul",       "mm",     "linear",    "solve",    "spectral_norm",
                                        "eigh",         "svd",    "qr",        "det",
                                        "eigh_largest", "pinv",   "inverse",   "cholesky",
                                        "eigh_batch",   "sqdist", "student_t", "student_kl",
                                        "cosine_matrix", "eigh_low_rank", NULL };
    for (int i = 0; blas[i]; i++)
        if (strcmp(blas[i], name) == 0)
            return true;
    return false;
}

static bool agree(const hy_tensor *a, const hy_tensor *b, bool rounding)
{
    if (!a || !b)
        return a == b;
    if (!hy_same_shape(a, b))
        return false;
    if (!rounding || a->dtype == HY_U8 || a->dtype == HY_INDEX)
        return !memcmp(hy_data(a), hy_data(b), (size_t)(hy_numel(a) * hy_dtype_size(a->dtype)));
    for (int64_t i = 0; i < hy_numel(a); i++)
        if (!(fabs(hy_get(a, i) - hy_get(b, i)) <= 1e-8 * fmax(1, fabs(hy_get(a, i)))))
            return false;
    return true;
}

static void same_bits(hy_ctx *cx, const hy_op *op)
{
    result one, many;
    hy_threads(1);
    if (!run(cx, op, &one))
        return;
    hy_threads(THREADS);
    if (run(cx, op, &many)) {
        CHECK_NAMED(one.n == many.n, op->name);
        for (int i = 0; i < one.n && i < many.n; i++)
            CHECK_NAMED(agree(one.tensor[i], many.tensor[i], may_round(op->name)), op->name);
        free_result(&many);
    }
    end_run(cx, &one);
    CHECK_NAMED(cx->live == 0, op->name);
}

/* ---- two contexts in two threads ------------------------------------------------------------- */

static void *all_ops(void *arg)
{
    int *failed = arg;
    hy_ctx *cx = hy_ctx_new();
    for (int i = 0; cx && i < hy_op_count(); i++) {
        sample s;
        result r;
        make_sample(cx, hy_op_at(i), &s);
        *failed += call(cx, hy_op_at(i), &s, &r) != HY_OK;
        end_run(cx, &r);
        free_sample(&s);
    }
    *failed += !cx || cx->live != 0;
    hy_ctx_free(cx);
    return NULL;
}

static void contexts_share_nothing(void)
{
    pthread_t thread[2];
    int failed[2] = { 0, 0 };
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&thread[i], NULL, all_ops, &failed[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    CHECK(failed[0] == 0 && failed[1] == 0);
}

/* ---- a race, planted so that one can see whether it would be found: threads_test race --------- */

static void add_up(void *arg, int64_t begin, int64_t end)
{
    *(int64_t *)arg += end - begin;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "race") == 0) {
        int64_t total = 0;
        hy_threads(THREADS);
        hy_parallel_for(1000, 1, add_up, &total);
        return total < 0;
    }
    hy_ctx *cx = hy_ctx_new();
    for (int i = 0; i < hy_op_count(); i++)
        RUN(same_bits(cx, hy_op_at(i)));
    RUN(contexts_share_nothing());
    hy_ctx_free(cx);
    return check_done();
}
