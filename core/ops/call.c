/* One use of an op: inputs, outputs, temporaries, and what backward needs of them. */
#include <stdlib.h>
#include <string.h>

#include "../autograd/tape.h"
#include "call.h"
#include "ops.h"

hy_status hy_need_real(hy_ctx *cx, const hy_tensor *x)
{
    if (x->dtype == HY_F32 || x->dtype == HY_F64)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s holds no numbers to compute with; convert it: x:to(\"f32\")",
                   hy_dtype_name(x->dtype));
}

hy_status hy_need_same_dtype(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y)
{
    if (x->dtype == y->dtype)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "dtypes differ: %s and %s; convert one with :to(\"%s\")",
                   hy_dtype_name(x->dtype), hy_dtype_name(y->dtype), hy_dtype_name(x->dtype));
}

void hy_split_axis(const hy_tensor *x, int64_t axis, int64_t *outer, int64_t *r, int64_t *inner)
{
    *outer = *inner = 1;
    *r = axis < 0 ? hy_numel(x) : x->shape[axis];
    if (axis < 0)
        return;
    for (int i = 0; i < axis; i++)
        *outer *= x->shape[i];
    for (int i = (int)axis + 1; i < x->ndim; i++)
        *inner *= x->shape[i];
}

/* in, source and version live in one block behind the call. */
static int64_t call_bytes(int nin)
{
    return (int64_t)sizeof(hy_call) + nin * (int64_t)(2 * sizeof(hy_tensor *) + sizeof(uint32_t));
}

static hy_status call_new(hy_ctx *cx, const hy_op *op, int nin, hy_tensor *const *in, const hy_arg *arg,
                          hy_call **out)
{
    void *memory;
    HY_TRY(hy_alloc(cx, call_bytes(nin), &memory));
    memset(memory, 0, (size_t)call_bytes(nin));
    hy_call *c = memory;
    c->op = op;
    c->nin = nin;
    c->in = (hy_tensor **)(c + 1);
    c->source = c->in + nin;
    c->version = (uint32_t *)(c->source + nin);
    if (arg)
        memcpy(c->arg, arg, sizeof c->arg);
    for (int i = 0; i < nin; i++)
        c->source[i] = hy_ref(in[i]);
    *out = c;
    return HY_OK;
}

static void drop_temps(hy_call *c)
{
    while (c->ntemp > 0)
        hy_unref(c->temp[--c->ntemp]);
}

void hy_call_free(hy_ctx *cx, hy_call *c)
{
    drop_temps(c);
    for (int i = 0; i < c->nin; i++) {
        hy_unref(c->in[i]);
        hy_unref(c->source[i]);
    }
    for (int i = 0; i < c->nsaved; i++)
        hy_unref(c->saved[i]);
    for (int i = 0; i < HY_MAX_OUT; i++) {
        hy_unref(c->out[i]);
        hy_unref(c->grad[i]);
    }
    hy_free(cx, c->temp, c->temproom * (int64_t)sizeof *c->temp);
    hy_free(cx, c, call_bytes(c->nin));
}

static hy_status prepare_inputs(hy_ctx *cx, hy_call *c)
{
    for (int i = 0; i < c->nin; i++) {
        if (!c->source[i])
            continue;
        if (c->source[i]->released)
            return hy_fail(cx, HY_EARG,
                           "tensor was released when its tape closed; use :detach() to keep it");
        if (c->op->strided)
            c->in[i] = hy_ref(c->source[i]);
        else
            HY_TRY(hy_contiguous(cx, c->source[i], &c->in[i]));
    }
    return HY_OK;
}

static bool any_requires_grad(const hy_call *c)
{
    for (int i = 0; i < c->nin; i++)
        if (c->source[i] && c->source[i]->requires_grad)
            return true;
    return false;
}

/* Put the op's name before the sentence of the core. */
static hy_status with_name(hy_ctx *cx, const hy_op *op, hy_status status)
{
    if (status == HY_EARG || status == HY_ENUMERIC) {
        char text[sizeof cx->message];
        memcpy(text, cx->message, sizeof text);
        hy_fail(cx, status, "%s: %.600s", op->name, text);
    }
    return status;
}

static hy_status forward(hy_ctx *cx, hy_call *c, hy_tape *tape)
{
    const bool record = tape && c->op->backward && any_requires_grad(c);
    HY_TRY(prepare_inputs(cx, c));
    if (record)
        HY_TRY(hy_tape_reserve(cx, tape));
    HY_TRY(c->op->forward(cx, c));
    drop_temps(c);
    if (!record)
        return HY_OK;
    for (int i = 0; i < c->nin; i++)
        c->version[i] = c->source[i] ? c->source[i]->storage->version : 0;
    hy_tape_record(tape, c);
    return HY_OK;
}

hy_status hy_run(hy_ctx *cx, const hy_op *op, int nin, hy_tensor *const *in, const hy_arg *arg,
                 hy_tensor *out[HY_MAX_OUT])
{
    hy_call *c;
    for (int i = 0; i < HY_MAX_OUT; i++)
        out[i] = NULL;
    HY_TRY(call_new(cx, op, nin, in, arg, &c));
    hy_tape *tape = hy_tape_current(cx);
    const int quiet = cx->quiet;
    cx->quiet++; /* ops that forward runs for itself are part of this call */
    const hy_status status = forward(cx, c, quiet ? NULL : tape);
    cx->quiet = quiet;
    if (status != HY_OK) {
        hy_call_free(cx, c);
        return with_name(cx, op, status);
    }
    for (int i = 0; i < HY_MAX_OUT; i++)
        out[i] = hy_ref(c->out[i]);
    if (!c->recorded)
        hy_call_free(cx, c);
    return HY_OK;
}

/* ---- for the authors of ops ---- */

hy_status hy_out(hy_ctx *cx, hy_call *c, int i, hy_dtype dtype, int ndim, const int64_t *shape)
{
    HY_TRY(hy_tensor_new(cx, dtype, ndim, shape, &c->out[i]));
    if (i >= c->nout)
        c->nout = i + 1;
    return HY_OK;
}

hy_status hy_out_view(hy_ctx *cx, hy_call *c, int i, hy_tensor *base, int ndim, const int64_t *shape,
                      const int64_t *stride, int64_t offset)
{
    HY_TRY(hy_tensor_view(cx, base, ndim, shape, stride, offset, &c->out[i]));
    if (i >= c->nout)
        c->nout = i + 1;
    return HY_OK;
}

static hy_status grow_temps(hy_ctx *cx, hy_call *c)
{
    const int room = c->temproom ? 2 * c->temproom : 8;
    void *memory;
    HY_TRY(hy_alloc(cx, room * (int64_t)sizeof *c->temp, &memory));
    if (c->ntemp)
        memcpy(memory, c->temp, (size_t)c->ntemp * sizeof *c->temp);
    hy_free(cx, c->temp, c->temproom * (int64_t)sizeof *c->temp);
    c->temp = memory;
    c->temproom = room;
    return HY_OK;
}

/* The call takes over t, also when that fails. */
static hy_status keep_temp(hy_ctx *cx, hy_call *c, hy_tensor *t, hy_tensor **out)
{
    if (c->ntemp == c->temproom && grow_temps(cx, c) != HY_OK) {
        hy_unref(t);
        return cx->status;
    }
    *out = c->temp[c->ntemp++] = t;
    return HY_OK;
}

hy_status hy_temp(hy_ctx *cx, hy_call *c, hy_dtype dtype, int ndim, const int64_t *shape, hy_tensor **out)
{
    hy_tensor *t;
    HY_TRY(hy_tensor_new(cx, dtype, ndim, shape, &t));
    return keep_temp(cx, c, t, out);
}

hy_status hy_temp_run(hy_ctx *cx, hy_call *c, const char *name, hy_tensor *x, hy_tensor *y,
                      const hy_arg *arg, hy_tensor **out)
{
    hy_tensor *in[] = { x, y }, *result[HY_MAX_OUT];
    HY_TRY(hy_run(cx, hy_op_find(name), y ? 2 : 1, in, arg, result));
    for (int i = 1; i < HY_MAX_OUT; i++)
        hy_unref(result[i]);
    return keep_temp(cx, c, result[0], out);
}

hy_status hy_temp_contiguous(hy_ctx *cx, hy_call *c, hy_tensor *x, hy_tensor **out)
{
    hy_tensor *t;
    HY_TRY(hy_contiguous(cx, x, &t));
    return keep_temp(cx, c, t, out);
}

void hy_save(hy_call *c, hy_tensor *t)
{
    c->saved[c->nsaved++] = hy_ref(t);
}

bool hy_wants(const hy_call *c, int i)
{
    return i < c->nin && c->source[i] && c->source[i]->requires_grad;
}

/* Sum g over the axes along which `like` was stretched. */
static hy_status unbroadcast(hy_ctx *cx, hy_call *c, hy_tensor *g, const hy_tensor *like, hy_tensor **out)
{
    while (g->ndim > like->ndim)
        HY_TRY(hy_temp_run(cx, c, "sum", g, NULL, (hy_arg[HY_MAX_ARG]){ { .given = true } }, &g));
    for (int i = 0; i < like->ndim; i++)
        if (like->shape[i] == 1 && g->shape[i] != 1) {
            const hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = i }, { .given = true, .i = 1 } };
            HY_TRY(hy_temp_run(cx, c, "sum", g, NULL, arg, &g));
        }
    *out = g;
    return HY_OK;
}

hy_status hy_pass(hy_ctx *cx, hy_call *c, int i, hy_tensor *g)
{
    hy_tensor *x = c->source[i];
    HY_TRY(unbroadcast(cx, c, g, x, &g));
    if (!hy_same_shape(g, x))
        return hy_fail_shapes(cx, "gradient and input differ in shape", g, x);
    if (!x->adjoint) {
        x->adjoint = hy_ref(g);
        return HY_OK;
    }
    /* the first gradient may be shared with another input, so the sum is a new tensor */
    HY_TRY(hy_temp_run(cx, c, "add", x->adjoint, g, NULL, &g));
    hy_unref(x->adjoint);
    x->adjoint = hy_ref(g);
    return HY_OK;
}

hy_status hy_call_backward(hy_ctx *cx, hy_call *c)
{
    const int quiet = cx->quiet;
    cx->quiet++;
    const hy_status status = c->op->backward(cx, c);
    cx->quiet = quiet;
    drop_temps(c);
    return with_name(cx, c->op, status);
}
