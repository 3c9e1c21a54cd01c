/* Values of a tensor: copies between layouts and types, single elements, filling. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../device/kernels.h"

char *hy_shape_text(const hy_tensor *t, char *buffer)
{
    char *end = buffer;
    *end = 0;
    for (int i = 0; i < t->ndim; i++)
        end += sprintf(end, i ? "×%lld" : "%lld", (long long)t->shape[i]);
    return t->ndim ? buffer : strcpy(buffer, "0-dim");
}

hy_status hy_broadcast_shape(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y, int *ndim, int64_t *shape)
{
    *ndim = x->ndim > y->ndim ? x->ndim : y->ndim;
    for (int i = 1; i <= *ndim; i++) {
        const int64_t a = i <= x->ndim ? x->shape[x->ndim - i] : 1;
        const int64_t b = i <= y->ndim ? y->shape[y->ndim - i] : 1;
        if (a != b && a != 1 && b != 1)
            return hy_fail_shapes(cx, "shapes do not broadcast", x, y);
        shape[*ndim - i] = a == 1 ? b : a;
    }
    return HY_OK;
}

static int64_t step_of(const hy_tensor *t, int ndim, int axis)
{
    const int own = axis - (ndim - t->ndim);
    return own < 0 || t->shape[own] == 1 ? 0 : t->stride[own];
}

/* Dimension j follows i without a gap in every operand, so both can be walked as one. */
static bool merges(const hy_grid *g, int i, int count, const int64_t *next, int64_t n)
{
    for (int k = 0; k < count; k++)
        if (g->stride[k][i] != next[k] * n)
            return false;
    return true;
}

void hy_grid_make(hy_grid *grid, int ndim, const int64_t *shape, int count, hy_tensor *const *operand)
{
    memset(grid, 0, sizeof *grid);
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 1)
            continue;
        int64_t step[4] = { 0 };
        for (int k = 0; k < count; k++)
            step[k] = operand[k] ? step_of(operand[k], ndim, axis) : 0;
        int at = grid->ndim;
        if (at > 0 && merges(grid, at - 1, count, step, shape[axis]))
            grid->n[--at] *= shape[axis];
        else
            grid->n[at] = shape[axis];
        for (int k = 0; k < count; k++)
            grid->stride[k][at] = step[k];
        grid->ndim = at + 1;
    }
    if (grid->ndim == 0) {
        grid->ndim = 1;
        grid->n[0] = 1;
    }
}

hy_status hy_copy_into(hy_ctx *cx, const hy_tensor *from, hy_tensor *to)
{
    int ndim;
    int64_t shape[HY_MAX_DIM];
    HY_TRY(hy_broadcast_shape(cx, from, to, &ndim, shape));
    if (ndim != to->ndim || memcmp(shape, to->shape, (size_t)ndim * sizeof *shape) != 0)
        return hy_fail_shapes(cx, "the value does not fit", from, to);
    HY_TRY(hy_need_writable(cx, to));
    if (hy_numel(to) == 0)
        return HY_OK;
    hy_grid grid;
    hy_tensor *operand[] = { (hy_tensor *)from, to };
    hy_grid_make(&grid, ndim, shape, 2, operand);
    if (hy_kernels_of(from)->move->copy(&grid, hy_data(from), to->dtype, hy_data(to)))
        return HY_OK;
    return hy_fail(cx, HY_EARG,
                   to->dtype == HY_U8 ? "a value is outside 0..255 and cannot become u8"
                                      : "a value is no position (1, 2, 3, … or -1) and cannot become index");
}

hy_status hy_contiguous(hy_ctx *cx, hy_tensor *x, hy_tensor **out)
{
    if (hy_is_contiguous(x)) {
        *out = hy_ref(x);
        return HY_OK;
    }
    HY_TRY(hy_tensor_new(cx, x->dtype, x->ndim, x->shape, out));
    return hy_copy_into(cx, x, *out);
}

static void *element(const hy_tensor *t, int64_t i)
{
    int64_t at = t->offset;
    for (int axis = t->ndim - 1; axis >= 0; axis--) {
        at += i % t->shape[axis] * t->stride[axis];
        i /= t->shape[axis];
    }
    return (char *)t->storage->data + at * hy_dtype_size(t->dtype);
}

double hy_get(const hy_tensor *t, int64_t i)
{
    const void *p = element(t, i);
    switch (t->dtype) {
    case HY_F32: return *(const float *)p;
    case HY_F64: return *(const double *)p;
    case HY_U8: return *(const uint8_t *)p;
    default: return *(const int32_t *)p < 0 ? *(const int32_t *)p : *(const int32_t *)p + 1.0;
    }
}

/* Is the number a position: 1, 2, 3, … or -1? */
static bool is_position(double value)
{
    return value == -1 || (value >= 1 && value <= INT32_MAX && value == floor(value));
}

hy_status hy_set(hy_ctx *cx, hy_tensor *t, int64_t i, double value)
{
    void *p = element(t, i);
    HY_TRY(hy_need_writable(cx, t));
    if (t->dtype == HY_U8 && !(value >= 0 && value < 256))
        return hy_fail(cx, HY_EARG, "%g is outside 0..255 and cannot be u8", value);
    if (t->dtype == HY_INDEX && !is_position(value))
        return hy_fail(cx, HY_EARG, "%.15g is no position: index holds 1, 2, 3, … or -1", value);
    switch (t->dtype) {
    case HY_F32: *(float *)p = (float)value; break;
    case HY_F64: *(double *)p = value; break;
    case HY_U8: *(uint8_t *)p = (uint8_t)value; break;
    default: *(int32_t *)p = value < 0 ? -1 : (int32_t)(value - 1); break;
    }
    return HY_OK;
}

hy_status hy_fill(hy_ctx *cx, hy_tensor *t, double value)
{
    if (hy_numel(t) == 0)
        return HY_OK;
    HY_TRY(hy_need_writable(cx, t));
    if (value == 0 && t->dtype != HY_INDEX && hy_is_contiguous(t)) {
        memset(hy_data(t), 0, (size_t)(hy_numel(t) * hy_dtype_size(t->dtype)));
        return HY_OK;
    }
    hy_tensor *one;
    HY_TRY(hy_tensor_new(cx, t->dtype, 0, NULL, &one));
    hy_status status = hy_set(cx, one, 0, value);
    if (status == HY_OK)
        status = hy_copy_into(cx, one, t);
    hy_unref(one);
    return status;
}
