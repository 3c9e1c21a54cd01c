/*
 * The tape: an array of calls in the order in which they ran. It owns what they produced; closing
 * it releases every tensor that was recorded, at once, without waiting for a collector.
 */
#include <stdlib.h>
#include <string.h>

#include "../ops/call.h"
#include "tape.h"

struct hy_tape {
    hy_tape *outer;
    uint64_t id;
    const void *thread; /* the coroutine that opened it */
    bool blocked;
    int64_t n, room;
    hy_call **call;
};

hy_status hy_tape_open(hy_ctx *cx, bool blocked, uint64_t *id)
{
    void *memory;
    HY_TRY(hy_alloc(cx, sizeof(hy_tape), &memory));
    hy_tape *tape = memory;
    *id = ++cx->tape_ids;
    *tape = (hy_tape){ .outer = cx->tapes, .id = *id, .thread = cx->thread, .blocked = blocked };
    cx->tapes = tape;
    return HY_OK;
}

hy_tape *hy_tape_find(const hy_ctx *cx, uint64_t id)
{
    hy_tape *t = cx->tapes;
    while (t && t->id != id)
        t = t->outer;
    return t;
}

static void release(hy_ctx *cx, hy_tape *tape)
{
    for (int64_t i = tape->n - 1; i >= 0; i--) {
        hy_call *c = tape->call[i];
        for (int k = 0; k < c->nout; k++)
            if (c->out[k])
                hy_tensor_drop(c->out[k]);
        hy_call_free(cx, c);
    }
    hy_free(cx, tape->call, tape->room * (int64_t)sizeof *tape->call);
    hy_free(cx, tape, sizeof *tape);
}

void hy_tape_close(hy_ctx *cx, hy_tape *tape)
{
    const void *thread = tape->thread;
    bool done = false;
    for (hy_tape **link = &cx->tapes; !done;) {
        hy_tape *t = *link;
        done = t == tape;
        if (done || t->thread == thread) { /* inner tapes of other coroutines stay open */
            *link = t->outer;
            release(cx, t);
        } else
            link = &t->outer;
    }
}

hy_tape *hy_tape_current(const hy_ctx *cx)
{
    hy_tape *t = cx->tapes;
    while (t && t->thread != cx->thread)
        t = t->outer;
    return t && !t->blocked ? t : NULL;
}

hy_status hy_tape_reserve(hy_ctx *cx, hy_tape *tape)
{
    if (tape->n < tape->room)
        return HY_OK;
    const int64_t room = tape->room ? 2 * tape->room : 64;
    void *memory;
    HY_TRY(hy_alloc(cx, room * (int64_t)sizeof *tape->call, &memory));
    if (tape->n)
        memcpy(memory, tape->call, (size_t)tape->n * sizeof *tape->call);
    hy_free(cx, tape->call, tape->room * (int64_t)sizeof *tape->call);
    tape->call = memory;
    tape->room = room;
    return HY_OK;
}

void hy_tape_record(hy_tape *tape, hy_call *c)
{
    tape->call[tape->n++] = c;
    c->recorded = true;
    for (int k = 0; k < c->nout; k++)
        if (c->out[k])
            c->out[k]->requires_grad = c->out[k]->dtype == HY_F32 || c->out[k]->dtype == HY_F64;
}

/* ---- backward ---- */

static hy_status check_call(hy_ctx *cx, const hy_call *c)
{
    for (int i = 0; i < c->nin; i++) {
        const hy_tensor *x = c->source[i];
        if (!x)
            continue;
        if (x->released)
            return hy_fail(cx, HY_EARG, "an input of %s was released when its own tape closed", c->op->name);
        if (x->storage->version != c->version[i])
            return hy_fail(cx, HY_EARG,
                           "an input of %s was changed in place after the tape recorded it", c->op->name);
    }
    return HY_OK;
}

/* Move the adjoints of the outputs into c->grad; tells whether there is any. */
static hy_status collect_grads(hy_ctx *cx, hy_call *c, bool *any)
{
    *any = false;
    for (int k = 0; k < c->nout; k++) {
        hy_tensor *g = c->out[k] ? c->out[k]->adjoint : NULL;
        if (!g)
            continue;
        HY_TRY(hy_contiguous(cx, g, &c->grad[k]));
        *any = true;
    }
    return HY_OK;
}

static void drop_grads(hy_call *c)
{
    for (int k = 0; k < c->nout; k++) {
        hy_unref(c->grad[k]);
        c->grad[k] = NULL;
    }
}

static void drop_adjoint(hy_tensor *t)
{
    if (t) {
        hy_unref(t->adjoint);
        t->adjoint = NULL;
        t->summed = false;
    }
}

static void drop_adjoints(hy_tape *tape, hy_tensor *value)
{
    drop_adjoint(value);
    for (int64_t i = 0; i < tape->n; i++) {
        for (int k = 0; k < tape->call[i]->nin; k++)
            drop_adjoint(tape->call[i]->source[k]);
        for (int k = 0; k < tape->call[i]->nout; k++)
            drop_adjoint(tape->call[i]->out[k]);
    }
}

static bool among(hy_tensor *t, int n, hy_tensor *const *x)
{
    for (int i = 0; i < n; i++)
        if (x[i] == t)
            return true;
    return false;
}

/* Walk the calls backward from value. Adjoints of outputs are dropped as soon as they are used,
 * except those of the `n` wanted tensors. */
static hy_status walk(hy_ctx *cx, hy_tape *tape, hy_tensor *value, int n, hy_tensor *const *wanted)
{
    HY_TRY(hy_tensor_new(cx, value->dtype, value->ndim, value->shape, &value->adjoint));
    HY_TRY(hy_fill(cx, value->adjoint, 1));
    for (int64_t i = tape->n - 1; i >= 0; i--) {
        hy_call *c = tape->call[i];
        bool any;
        hy_status status = collect_grads(cx, c, &any);
        if (status == HY_OK && any) {
            status = check_call(cx, c);
            for (int k = 0; k < c->nout; k++)
                if (c->out[k] && !among(c->out[k], n, wanted))
                    drop_adjoint(c->out[k]);
            if (status == HY_OK)
                status = hy_call_backward(cx, c);
        }
        drop_grads(c);
        HY_TRY(status);
    }
    return HY_OK;
}

/* The value is mostly what was recorded last. */
static bool on_tape(const hy_tape *tape, const hy_tensor *value)
{
    for (int64_t i = tape->n - 1; i >= 0; i--)
        for (int k = 0; k < tape->call[i]->nout; k++)
            if (tape->call[i]->out[k] == value)
                return true;
    return false;
}

static hy_status check_value(hy_ctx *cx, const hy_tape *tape, const hy_tensor *value)
{
    char text[160];
    if (hy_numel(value) != 1)
        return hy_fail(
            cx, HY_EARG,
            "the value must be a single number, got %s; reduce it with :sum() or :mean()",
            hy_shape_text(value, text));
    if (!value->requires_grad || (!value->leaf && !on_tape(tape, value)))
        return hy_fail(cx, HY_EARG,
                       "the value does not depend on a parameter recorded on this tape; make inputs with "
                       "hy.param and compute while the tape is open");
    return HY_OK;
}

/* Leaf gradients are added in two passes: all sums first, then the exchange, which cannot fail. So
 * a backward pass that ran out of memory has changed nothing and may be repeated. */
static hy_status sum_leaf(hy_ctx *cx, hy_tensor *x)
{
    hy_tensor *sum[HY_MAX_OUT];
    if (!x->leaf || !x->adjoint || x->summed)
        return HY_OK;
    if (x->grad) {
        hy_tensor *in[] = { x->grad, x->adjoint };
        HY_TRY(hy_run(cx, hy_op_find("add"), 2, in, NULL, sum));
    } else
        HY_TRY(hy_contiguous(cx, x->adjoint, &sum[0]));
    hy_unref(x->adjoint);
    x->adjoint = sum[0];
    x->summed = true;
    return HY_OK;
}

static void exchange_leaf(hy_tensor *x)
{
    if (!x->summed)
        return;
    hy_unref(x->grad);
    x->grad = x->adjoint;
    x->adjoint = NULL;
    x->summed = false;
}

static hy_status add_to_leaves(hy_ctx *cx, hy_tape *tape, hy_tensor *value)
{
    HY_TRY(sum_leaf(cx, value));
    for (int64_t i = 0; i < tape->n; i++)
        for (int k = 0; k < tape->call[i]->nin; k++)
            if (tape->call[i]->source[k])
                HY_TRY(sum_leaf(cx, tape->call[i]->source[k]));
    exchange_leaf(value);
    for (int64_t i = 0; i < tape->n; i++)
        for (int k = 0; k < tape->call[i]->nin; k++)
            if (tape->call[i]->source[k])
                exchange_leaf(tape->call[i]->source[k]);
    return HY_OK;
}

hy_status hy_tape_backward(hy_ctx *cx, hy_tape *tape, hy_tensor *value)
{
    HY_TRY(check_value(cx, tape, value));
    const int quiet = cx->quiet++;
    hy_status status = walk(cx, tape, value, 0, NULL);
    if (status == HY_OK)
        status = add_to_leaves(cx, tape, value);
    cx->quiet = quiet;
    drop_adjoints(tape, value);
    return status;
}

hy_status hy_tape_grad(hy_ctx *cx, hy_tape *tape, hy_tensor *value, int n, hy_tensor *const *x,
                       hy_tensor **out)
{
    for (int i = 0; i < n; i++)
        out[i] = NULL;
    HY_TRY(check_value(cx, tape, value));
    const int quiet = cx->quiet++;
    hy_status status = walk(cx, tape, value, n, x);
    for (int i = 0; i < n && status == HY_OK; i++) {
        if (x[i]->adjoint) {
            status = hy_contiguous(cx, x[i]->adjoint, &out[i]);
            continue;
        }
        status = hy_tensor_new(cx, x[i]->dtype, x[i]->ndim, x[i]->shape, &out[i]);
        if (status == HY_OK)
            status = hy_fill(cx, out[i], 0);
    }
    cx->quiet = quiet;
    drop_adjoints(tape, value);
    return status;
}
