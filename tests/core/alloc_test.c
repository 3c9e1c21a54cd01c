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

enum { SIDE = 4, MAX_FAILURES = 2000 };
#define SIDES "4 4"
#include "sample.h"

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
