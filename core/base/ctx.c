/* The context: error text, byte counts, devices. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../device/kernels.h"

hy_ctx *hy_ctx_new(void)
{
    hy_ctx *cx = calloc(1, sizeof *cx);
    if (!cx)
        return NULL;
    if (hy_cpu_device(cx, getenv("HYADES_CPU"), &cx->cpu) != HY_OK)
        hy_cpu_device(cx, NULL, &cx->cpu); /* cx->status still tells what was wrong */
    return cx;
}

void hy_ctx_free(hy_ctx *cx)
{
    if (!cx)
        return;
    while (cx->tapes)
        hy_tape_close(cx, cx->tapes);
    hy_pool_empty(cx);
    free(cx);
}

hy_status hy_fail(hy_ctx *cx, hy_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cx->message, sizeof cx->message, format, arguments);
    va_end(arguments);
    cx->status = code;
    return code;
}

hy_status hy_fail_shapes(hy_ctx *cx, const char *what, const hy_tensor *x, const hy_tensor *y)
{
    char a[160], b[160];
    return hy_fail(cx, HY_EARG, "%s: %s and %s", what, hy_shape_text(x, a), hy_shape_text(y, b));
}

hy_status hy_poll(hy_ctx *cx, int64_t done, int64_t total)
{
    return cx->poll ? cx->poll(cx, cx->poll_arg, done, total) : HY_OK;
}

double hy_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
