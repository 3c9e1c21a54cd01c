/* Random streams over Philox: a generator is a seed, a stream number and a counter. */
#include "../hyades.h"
#include "philox.h"

/* Stream numbers of split generators come from the generator itself, in a part of the counter space
 * that draws never reach. */
enum { SPLIT_SPACE = 62 };

hy_rng hy_rng_new(uint64_t seed)
{
    return (hy_rng){ .seed = seed };
}

hy_rng hy_rng_split(hy_rng *r)
{
    uint32_t u[4];
    philox_block(r->seed, r->stream, ((uint64_t)1 << SPLIT_SPACE) + r->splits++, u);
    return (hy_rng){ .seed = r->seed, .stream = (uint64_t)u[0] << 32 | u[1] };
}

void hy_philox(uint64_t seed, uint64_t stream, uint64_t i, uint32_t out[4])
{
    philox_block(seed, stream, i, out);
}

double hy_uniform(uint64_t seed, uint64_t stream, uint64_t i)
{
    uint32_t u[4];
    philox_block(seed, stream, i, u);
    return philox_unit(u[0], u[1]);
}

double hy_rng_uniform(hy_rng *r)
{
    return hy_uniform(r->seed, r->stream, r->next++);
}

int64_t hy_rng_below(hy_rng *r, int64_t n)
{
    /* 64 random bits times n, upper half: the bias is below n / 2^64 */
    uint32_t u[4];
    philox_block(r->seed, r->stream, r->next++, u);
    const uint64_t bits = (uint64_t)u[0] << 32 | u[1];
    return (int64_t)((unsigned __int128)bits * (uint64_t)n >> 64);
}
