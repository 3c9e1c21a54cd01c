/* Counted allocation. Every byte of tensor memory passes here, so its failure can be tested. */
#include <stdlib.h>

#include "../hyades.h"

enum { ALIGNMENT = 64 };

static int64_t rounded(int64_t bytes)
{
    return bytes > 0 ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
}

hy_status hy_alloc(hy_ctx *cx, int64_t bytes, void **out)
{
    cx->allocations++;
    *out = NULL;
    if (bytes < 0 || bytes > INT64_MAX / 2 || cx->allocations == cx->fail_at ||
        !(*out = aligned_alloc(ALIGNMENT, (size_t)rounded(bytes))))
        return hy_fail(cx, HY_EMEM, "out of memory: wanted %lld bytes, %lld are in use", (long long)bytes,
                       (long long)cx->live);
    cx->live += bytes;
    cx->fresh += bytes;
    if (cx->live > cx->peak)
        cx->peak = cx->live;
    return HY_OK;
}

void hy_free(hy_ctx *cx, void *p, int64_t bytes)
{
    if (!p)
        return;
    cx->live -= bytes;
    free(p);
}
