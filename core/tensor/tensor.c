/* Storage and views: a tensor is a window of shape, stride and offset on shared storage. */
#include <stdlib.h>
#include <string.h>

#include "../device/kernels.h"

const char *hy_dtype_name(hy_dtype dtype)
{
    static const char *const names[HY_DTYPES] = { "f32", "f64", "u8", "index" };
    return names[dtype];
}

int64_t hy_dtype_size(hy_dtype dtype)
{
    static const int64_t sizes[HY_DTYPES] = { 4, 8, 1, 4 };
    return sizes[dtype];
}

static void storage_unref(hy_storage *s)
{
    if (!s || --s->refs > 0)
        return;
    if (s->release)
        s->release(s);
    else
        hy_free(s->cx, s->data, s->bytes);
    hy_free(s->cx, s, sizeof *s);
}

/* Storage around data, or, where that is NULL, around new memory. */
static hy_status storage_new(hy_ctx *cx, int64_t bytes, void *data, hy_storage **out)
{
    void *memory;
    HY_TRY(hy_alloc(cx, sizeof(hy_storage), &memory));
    hy_storage *s = memory;
    *s = (hy_storage){ .cx = cx, .device = &cx->cpu, .bytes = bytes, .data = data };
    s->refs = 1;
    if (!data && hy_alloc(cx, bytes, &s->data) != HY_OK) {
        hy_free(cx, s, sizeof *s);
        return cx->status;
    }
    *out = s;
    return HY_OK;
}

static hy_status tensor_alloc(hy_ctx *cx, hy_tensor **out)
{
    void *memory;
    HY_TRY(hy_alloc(cx, sizeof(hy_tensor), &memory));
    *out = memory;
    memset(*out, 0, sizeof **out);
    (*out)->refs = 1;
    (*out)->cx = cx;
    return HY_OK;
}

/* Bytes of a shape, or an error when it does not fit. */
static hy_status shape_bytes(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, int64_t *bytes)
{
    if (ndim < 0 || ndim > HY_MAX_DIM)
        return hy_fail(cx, HY_EARG, "%d dimensions; at most %d are possible", ndim, HY_MAX_DIM);
    int64_t n = hy_dtype_size(dtype);
    bool empty = false;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0)
            return hy_fail(cx, HY_EARG, "size %lld of dimension %d is negative", (long long)shape[i], i + 1);
        if (shape[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(n, shape[i], &n) || n > INT64_MAX / 2)
            return hy_fail(cx, HY_EARG, "the shape holds more elements than memory can");
    }
    *bytes = empty ? 0 : n;
    return HY_OK;
}

static hy_status tensor_on(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, void *data,
                           hy_tensor **out)
{
    int64_t bytes = 0;
    hy_tensor *t;
    HY_TRY(shape_bytes(cx, dtype, ndim, shape, &bytes));
    HY_TRY(tensor_alloc(cx, &t));
    t->dtype = dtype;
    t->ndim = ndim;
    if (storage_new(cx, bytes, data, &t->storage) != HY_OK) {
        hy_free(cx, t, sizeof *t);
        return cx->status;
    }
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        t->shape[i] = shape[i];
        t->stride[i] = step;
        step *= shape[i];
    }
    *out = t;
    return HY_OK;
}

hy_status hy_tensor_new(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, hy_tensor **out)
{
    return tensor_on(cx, dtype, ndim, shape, NULL, out);
}

hy_status hy_tensor_over(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, void *data,
                         void *held, void (*release)(hy_storage *), hy_tensor **out)
{
    HY_TRY(tensor_on(cx, dtype, ndim, shape, data, out));
    hy_storage *s = (*out)->storage;
    s->held = held;
    s->release = release;
    s->fixed = true;
    return HY_OK;
}

hy_status hy_need_writable(hy_ctx *cx, const hy_tensor *t)
{
    if (t->storage->fixed)
        return hy_fail(cx, HY_EARG, "the tensor is a file in memory (mmap) and cannot be changed; "
                                    "use :clone() for one that can");
    for (int i = 0; i < t->ndim && hy_numel(t) > 0; i++)
        if (t->stride[i] == 0 && t->shape[i] > 1)
            return hy_fail(cx, HY_EARG, "the tensor is stretched by expand, its elements share "
                                        "memory; use :clone() for one that can be changed");
    return HY_OK;
}

hy_status hy_tensor_view(hy_ctx *cx, hy_tensor *base, int ndim, const int64_t *shape,
                         const int64_t *stride, int64_t offset, hy_tensor **out)
{
    hy_tensor *t;
    int64_t bytes; /* stretched axes need no memory, but their elements must be countable */
    HY_TRY(shape_bytes(cx, base->dtype, ndim, shape, &bytes));
    HY_TRY(tensor_alloc(cx, &t));
    t->dtype = base->dtype;
    t->ndim = ndim;
    t->storage = base->storage;
    t->storage->refs++;
    t->offset = offset;
    for (int i = 0; i < ndim; i++) {
        t->shape[i] = shape[i];
        t->stride[i] = stride[i];
    }
    *out = t;
    return HY_OK;
}

hy_tensor *hy_ref(hy_tensor *t)
{
    if (t)
        t->refs++;
    return t;
}

void hy_unref(hy_tensor *t)
{
    while (t && --t->refs == 0) { /* gradients of gradients may be any number deep */
        hy_tensor *grad = t->grad;
        hy_unref(t->adjoint);
        storage_unref(t->storage);
        hy_free(t->cx, t, sizeof *t);
        t = grad;
    }
}

void hy_tensor_drop(hy_tensor *t)
{
    if (t->released)
        return;
    t->released = true;
    hy_unref(t->grad);
    t->grad = NULL;
    storage_unref(t->storage);
    t->storage = NULL;
}

int64_t hy_numel(const hy_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->ndim; i++)
        n *= t->shape[i];
    return n;
}

bool hy_is_contiguous(const hy_tensor *t)
{
    int64_t step = 1;
    for (int i = t->ndim - 1; i >= 0; i--) {
        if (t->shape[i] == 0)
            return true;
        if (t->shape[i] != 1 && t->stride[i] != step)
            return false;
        step *= t->shape[i];
    }
    return true;
}

bool hy_same_shape(const hy_tensor *x, const hy_tensor *y)
{
    return x->ndim == y->ndim && memcmp(x->shape, y->shape, (size_t)x->ndim * sizeof *x->shape) == 0;
}

void *hy_data(const hy_tensor *t)
{
    return (char *)t->storage->data + t->offset * hy_dtype_size(t->dtype);
}

const hy_kernels *hy_kernels_of(const hy_tensor *t)
{
    return t->storage->device->kernels[t->dtype];
}
