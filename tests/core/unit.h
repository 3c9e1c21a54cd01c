/*
 * Tests of kernels run once for every instruction level and real dtype: a `unit` is one of these,
 * with arrays of its dtype read and written as doubles.
 */
#ifndef UNIT_H
#define UNIT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/device/kernels.h"
#include "check.h"

typedef struct unit {
    hy_ctx *cx;
    hy_device device;
    hy_dtype dtype;
    const hy_kernels *k;
    double eps;    /* of the dtype */
    char name[40]; /* "x86-64-v3 f32" */
} unit;

#define EXPECT(condition) CHECK_NAMED(condition, u->name)

/* |a − b| ≤ tolerance · max(1, |b|); NaN equals NaN, infinities equal themselves */
static inline bool close_to(double a, double b, double tolerance)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

enum { MAX_BLOCKS = 1000 };
static void *blocks[MAX_BLOCKS]; /* what the test at hand has allocated */
static int block_count;

/* Zeros that each_unit frees after the test. */
static inline void *zeros(int64_t bytes)
{
    void *p = block_count < MAX_BLOCKS ? calloc((size_t)(bytes > 0 ? bytes : 1), 1) : NULL;
    if (!p) {
        puts("unit.h: out of memory");
        exit(1);
    }
    return blocks[block_count++] = p;
}

/* Arrays of the unit's dtype. */
static inline void *array(const unit *u, int64_t n)
{
    return zeros(n * (int64_t)(u->dtype == HY_F32 ? sizeof(float) : sizeof(double)));
}

static inline double get(const unit *u, const void *x, int64_t i)
{
    return u->dtype == HY_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static inline void put(const unit *u, void *x, int64_t i, double value)
{
    if (u->dtype == HY_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

static inline void *array_of(const unit *u, int64_t n, const double *values)
{
    void *x = array(u, n);
    for (int64_t i = 0; i < n; i++)
        put(u, x, i, values[i]);
    return x;
}

#define ARRAY(u, ...)                                                          \
    array_of(u, (int64_t)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), \
             (double[]){ __VA_ARGS__ })

/* n numbers in lo .. hi, the same for the same seed */
static inline void *random_array(const unit *u, uint64_t seed, int64_t n, double lo, double hi)
{
    void *x = array(u, n);
    for (int64_t i = 0; i < n; i++)
        put(u, x, i, lo + (hi - lo) * hy_uniform(seed, 0, (uint64_t)i));
    return x;
}

static inline size_t bytes_of(const unit *u, int64_t n)
{
    return (size_t)n * (u->dtype == HY_F32 ? sizeof(float) : sizeof(double));
}

static inline bool same_bits(const unit *u, int64_t n, const void *x, const void *y)
{
    return memcmp(x, y, bytes_of(u, n)) == 0;
}

static inline bool all_close(const unit *u, int64_t n, const void *x, const double *want,
                             double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        if (!close_to(get(u, x, i), want[i], tolerance)) {
            printf("  element %lld: %.17g, wanted %.17g\n", (long long)i, get(u, x, i), want[i]);
            return false;
        }
    return true;
}

/* Run a test on every level that this machine has, for f32 and f64; each counts as one. */
static inline void each_unit(hy_ctx *cx, void (*test)(const unit *u))
{
    static const char *const levels[] = { "x86-64", "x86-64-v3", "x86-64-v4" };
    for (int l = 0; l < 3; l++)
        for (hy_dtype t = HY_F32; t <= HY_F64; t++) {
            unit u = { .cx = cx, .dtype = t, .eps = t == HY_F32 ? 0x1p-23 : 0x1p-52 };
            if (hy_cpu_device(cx, levels[l], &u.device) != HY_OK)
                continue;
            u.k = u.device.kernels[t];
            snprintf(u.name, sizeof u.name, "%s %s", levels[l], t == HY_F32 ? "f32" : "f64");
            RUN(test(&u));
            while (block_count > 0)
                free(blocks[--block_count]);
        }
}

#endif
