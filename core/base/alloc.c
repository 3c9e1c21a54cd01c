/*
 * Counted allocation. Every byte of tensor memory passes here, so its failure can be tested.
 *
 * Large blocks that are given back stay in a pool for the next tensor of that size: fresh memory
 * costs a page fault per 4 KB, several times the work of most ops on it.
 */
#include <stdlib.h>

#include "../hyades.h"

enum {
    ALIGNMENT = 64,
    LEAST_POWER = 17, /* blocks below 2^17 bytes are malloc's business */
    STEPS = 4,        /* sizes per power of two */
};
#define POOL_MOST ((int64_t)128 << 20) /* bytes that wait at most */

/* What a block that waits in the pool begins with. */
struct hy_spare {
    hy_spare *next;
};

/* Size class of a block, and the bytes it really has. */
static int class_of(int64_t *bytes)
{
    if (*bytes < 1 << LEAST_POWER) {
        *bytes = *bytes > 0 ? (*bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
        return -1;
    }
    const int power = 63 - __builtin_clzll((uint64_t)*bytes);
    const int64_t step = ((int64_t)1 << power) / STEPS;
    const int64_t steps = (*bytes + step - 1) / step; /* STEPS .. 2·STEPS */
    *bytes = steps * step;
    const int index = (power - LEAST_POWER) * STEPS + (int)(steps - STEPS);
    return index < HY_SPARES ? index : -1;
}

void hy_pool_empty(hy_ctx *cx)
{
    for (int i = 0; i < HY_SPARES; i++)
        while (cx->spare[i]) {
            hy_spare *block = cx->spare[i];
            cx->spare[i] = block->next;
            free(block);
        }
    cx->pooled = 0;
}

static void *take(hy_ctx *cx, int64_t bytes)
{
    const int index = class_of(&bytes);
    if (index >= 0 && cx->spare[index]) {
        hy_spare *block = cx->spare[index];
        cx->spare[index] = block->next;
        cx->pooled -= bytes;
        return block;
    }
    void *block = aligned_alloc(ALIGNMENT, (size_t)bytes);
    if (!block && cx->pooled > 0) {
        hy_pool_empty(cx);
        block = aligned_alloc(ALIGNMENT, (size_t)bytes);
    }
    return block;
}

static bool meant_to_fail(const hy_ctx *cx)
{
    return cx->fail_at > 0 &&
           (cx->fail_on ? cx->allocations >= cx->fail_at : cx->allocations == cx->fail_at);
}

hy_status hy_alloc(hy_ctx *cx, int64_t bytes, void **out)
{
    cx->allocations++;
    *out = NULL;
    if (bytes < 0 || bytes > INT64_MAX / 2 || meant_to_fail(cx) || !(*out = take(cx, bytes)))
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
    const int index = class_of(&bytes);
#ifdef __SANITIZE_ADDRESS__
    const bool keep = false; /* a block that waits would hide its use after free */
#else
    const bool keep = index >= 0 && bytes <= POOL_MOST;
    if (keep && cx->pooled + bytes > POOL_MOST) /* what waits has sizes that are out of use */
        hy_pool_empty(cx);
#endif
    if (!keep) {
        free(p);
        return;
    }
    hy_spare *block = p;
    block->next = cx->spare[index];
    cx->spare[index] = block;
    cx->pooled += bytes;
}
