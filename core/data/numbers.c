/* Numbers as files store them → tensors. */
#include <math.h>
#include <string.h>

#include "file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "files are read and written in this order");

bool hy_shape_count(int ndim, const int64_t *shape, int64_t *n)
{
    int64_t product = 1, strides = 1; /* zeros must not hide an overflow among the strides */
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0 || __builtin_mul_overflow(strides, shape[i] ? shape[i] : 1, &strides))
            return false;
        product *= shape[i];
    }
    *n = product;
    return strides <= INT64_MAX / 16;
}

hy_dtype hy_layout_dtype(hy_layout layout, bool as_index)
{
    if (as_index)
        return HY_INDEX;
    if (layout.kind == 'g' || layout.kind == 'f')
        return layout.size == 8 ? HY_F64 : HY_F32;
    return layout.kind != 'i' && layout.size == 1 ? HY_U8 : HY_F64;
}

static uint64_t bits_of(const uint8_t *p, hy_layout layout)
{
    uint64_t bits = 0;
    for (int i = 0; i < layout.size; i++)
        bits = bits << 8 | p[layout.big ? i : layout.size - 1 - i];
    return bits;
}

static double half_value(uint32_t bits)
{
    const int exponent = bits >> 10 & 31;
    const double fraction = bits & 1023;
    double v;
    if (exponent == 31)
        v = fraction != 0 ? NAN : INFINITY;
    else
        v = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -v : v;
}

static double single_value(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static double value_of(uint64_t bits, hy_layout layout)
{
    double v;
    switch (layout.kind) {
    case 'g': return single_value((uint32_t)bits << 16);
    case 'f':
        if (layout.size == 2)
            return half_value((uint32_t)bits);
        if (layout.size == 4)
            return single_value((uint32_t)bits);
        memcpy(&v, &bits, sizeof v);
        return v;
    case 'i': {
        const uint64_t sign = 1ull << (8 * layout.size - 1);
        return bits & sign ? -(double)((~bits + 1) & (sign | (sign - 1))) : (double)bits;
    }
    default: return (double)bits;
    }
}

/* v into element i of the tensor's memory. */
static hy_status store(hy_source *s, void *data, hy_dtype dtype, int64_t i, double v)
{
    switch (dtype) {
    case HY_F32: ((float *)data)[i] = (float)v; return HY_OK;
    case HY_U8: ((uint8_t *)data)[i] = (uint8_t)v; return HY_OK;
    case HY_INDEX:
        if (v != -1 && !(v >= 1 && v <= INT32_MAX && v == floor(v)))
            return hy_file_fail(s->cx, s->path,
                                "element %lld is %.15g; index counts from 1, and −1 is none",
                                (long long)i + 1, v);
        ((int32_t *)data)[i] = v < 0 ? -1 : (int32_t)(v - 1);
        return HY_OK;
    default: ((double *)data)[i] = v; return HY_OK;
    }
}

static bool same_bytes(hy_layout layout, hy_dtype dtype)
{
    return dtype == HY_U8 ||
           (!layout.big && layout.kind == 'f' && layout.size == hy_dtype_size(dtype));
}

hy_status hy_source_numbers(hy_source *s, hy_layout layout, int64_t n, hy_tensor *to)
{
    enum { CHUNK = 1024 };
    uint8_t raw[CHUNK * 8];
    void *data = hy_data(to);
    if (same_bytes(layout, to->dtype))
        return hy_source_read(s, n * layout.size, data);
    for (int64_t i = 0; i < n; i += CHUNK) {
        const int64_t m = n - i < CHUNK ? n - i : CHUNK;
        HY_TRY(hy_source_read(s, m * layout.size, raw));
        for (int64_t j = 0; j < m; j++) {
            const double v = value_of(bits_of(raw + j * layout.size, layout), layout);
            if (layout.kind != 'f' && fabs(v) >= 0x1p53)
                return hy_file_fail(s->cx, s->path,
                                    "element %lld is %.17g, too large to stay exact",
                                    (long long)(i + j) + 1, v);
            HY_TRY(store(s, data, to->dtype, i + j, v));
        }
    }
    return HY_OK;
}
