/*
 * The whole test framework for C: CHECK counts, failures name their place, check_done reports.
 * Tests of kernels run once for every instruction level and real dtype: a `unit` is one of them.
 */
#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/device/kernels.h"

static int checks_passed, checks_failed;

static inline bool check_that(bool ok, const char *file, int line, const char *what, const char *where)
{
    if (ok) {
        checks_passed++;
    } else {
        checks_failed++;
        printf("%s:%d: %s%s%s\n", file, line, what, *where ? " · " : "", where);
    }
    return ok;
}

#define CHECK(condition) check_that(condition, __FILE__, __LINE__, #condition, "")

/* To be returned from main. */
static inline int check_done(void)
{
    printf("%d passed, %d failed\n", checks_passed, checks_failed);
    return checks_failed > 0;
}

typedef struct unit {
    hy_ctx *cx;
    hy_device device;
    hy_dtype dtype;
    const hy_kernels *k;
    double eps;     /* of the dtype */
    char name[40];  /* "x86-64-v3 f32" */
} unit;

#define EXPECT(condition) check_that(condition, __FILE__, __LINE__, #condition, u->name)

/* |a − b| ≤ tolerance · max(1, |b|); NaN equals NaN, infinities equal themselves */
static inline bool close_to(double a, double b, double tolerance)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

/* Arrays of the unit's dtype. Memory is freed by nobody: the program is short. */
static inline void *array(const unit *u, int64_t n)
{
    void *p = calloc((size_t)(n > 0 ? n : 1), (size_t)(u->dtype == HY_F32 ? sizeof(float) : sizeof(double)));
    if (!p)
        exit(1);
    return p;
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

#define ARRAY(u, ...)                                                        \
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

static inline bool all_close(const unit *u, int64_t n, const void *x, const double *want, double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        if (!close_to(get(u, x, i), want[i], tolerance)) {
            printf("  element %lld: %.17g, wanted %.17g\n", (long long)i, get(u, x, i), want[i]);
            return false;
        }
    return true;
}

/* Run a test on every level that this machine has, for f32 and f64. */
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
            test(&u);
        }
}

#endif
