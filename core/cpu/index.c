/* Scattered sums, and random numbers: draw i of a stream is Philox block i, whatever the split. */
#include "../base/philox.h"
#include "cpu.h"
#include "math.h"

/* ---- scattered sums: columns in parallel, positions in order ------------------------------- */

enum { WIDTH = 256 };

typedef struct put_job {
    int64_t n, inner, m, tiles;
    const real *g;
    const int32_t *index;
    real *out;
} put_job;

/* Every outer index × at most WIDTH columns is a task. */
static void run_put(int64_t outer, put_job *j, hy_range_fn *tasks)
{
    j->tiles = parts_of(j->inner, WIDTH);
    hy_parallel_for(outer * j->tiles, row_grain(j->m * min_of(WIDTH, j->inner)), tasks, j);
}

static void put_add_tasks(void *arg, int64_t begin, int64_t end)
{
    const put_job *j = arg;
    for (int64_t task = begin; task < end; task++) {
        const int64_t o = task / j->tiles, first = task % j->tiles * WIDTH;
        const int64_t width = min_of(WIDTH, j->inner - first);
        for (int64_t k = 0; k < j->m; k++) {
            const real *g = j->g + (o * j->m + k) * j->inner + first;
            real *out = j->out + (o * j->n + j->index[k]) * j->inner + first;
            EACH (i, 0, width)
                out[i] += g[i];
        }
    }
}

static void put_add(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *g,
                    const int32_t *index, void *out)
{
    put_job j = { .n = n, .inner = inner, .m = m, .g = g, .index = index, .out = out };
    run_put(outer, &j, put_add_tasks);
}

static void gather_bwd_tasks(void *arg, int64_t begin, int64_t end)
{
    const put_job *j = arg;
    for (int64_t task = begin; task < end; task++) {
        const int64_t o = task / j->tiles, first = task % j->tiles * WIDTH;
        const int64_t stop = min_of(first + WIDTH, j->inner);
        real *out = j->out + o * j->n * j->inner;
        for (int64_t k = 0; k < j->m; k++) {
            const int64_t row = (o * j->m + k) * j->inner;
            for (int64_t i = first; i < stop; i++)
                out[j->index[row + i] * j->inner + i] += j->g[row + i];
        }
    }
}

static void gather_bwd(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *g,
                       const int32_t *index, void *out)
{
    put_job j = { .n = n, .inner = inner, .m = m, .g = g, .index = index, .out = out };
    run_put(outer, &j, gather_bwd_tasks);
}

/* ---- random numbers ------------------------------------------------------------------------ */

enum { DRAWS = 512 }; /* blocks made in one go */

typedef struct draw_job {
    uint64_t seed, stream, start;
    double a, b; /* lo, hi · mean, std · p, unused */
    const real *x;
    uint8_t *mask;
    real *out;
} draw_job;

/* u and v: the two uniform numbers of each of the blocks start .. start + n − 1 */
static void draw(const draw_job *j, uint64_t start, int64_t n, double *u, double *v)
{
    const uint64_t seed = j->seed, stream = j->stream;
    EACH (i, 0, n) {
        uint32_t word[4];
        philox_block(seed, stream, start + (uint64_t)i, word);
        u[i] = philox_unit(word[0], word[1]);
        v[i] = philox_unit(word[2], word[3]);
    }
}

static void uniform_range(void *arg, int64_t begin, int64_t end)
{
    const draw_job *j = arg;
    const real hi = (real)j->b, last = j->a < j->b ? m_next(hi, (real)j->a) : hi;
    double u[DRAWS], v[DRAWS];
    for (int64_t first = begin; first < end; first += DRAWS) {
        const int64_t n = min_of(DRAWS, end - first);
        draw(j, j->start + (uint64_t)first, n, u, v);
        for (int64_t i = 0; i < n; i++) {
            const real y = (real)(j->a + (j->b - j->a) * u[i]);
            j->out[first + i] = y == hi ? last : y; /* rounding to `real` may reach hi */
        }
    }
}

static void uniform(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double lo, double hi,
                    void *out)
{
    draw_job j = { .seed = seed, .stream = stream, .start = start, .a = lo, .b = hi, .out = out };
    hy_parallel_for(n, GRAIN, uniform_range, &j);
}

/* log u for a normal number u > 0, as in fdlibm but without branches. */
static inline double log_positive(double u)
{
    const uint64_t root_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000,
                   shift = 0x4338000000000000;
    uint64_t bits, exponent;
    double m, k;
    memcpy(&bits, &u, sizeof bits);
    bits += one - root_half;
    exponent = shift + (bits >> 52); /* the bits of 1.5·2^52 + exponent */
    bits = (bits & 0x000fffffffffffff) + root_half;
    memcpy(&m, &bits, sizeof m);
    memcpy(&k, &exponent, sizeof k);
    k = k - 0x1.8p52 - 1023;
    const double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    double p = 1.479819860511658591e-1;
    p = p * z + 1.531383769920937332e-1;
    p = p * z + 1.818357216161805012e-1;
    p = p * z + 2.222219843214978396e-1;
    p = p * z + 2.857142874366239149e-1;
    p = p * z + 3.999999999940941908e-1;
    p = p * z + 6.666666666666735130e-1;
    return k * 6.93147180559945286e-1 + (f - (half - s * (half + z * p)));
}

/* cos 2πv for v in (0, 1): 1 − 2 sin² πw with w = v − ½, |w| ≤ ½, and the other sign. */
static inline double cos_turns(double v)
{
    const double t = (v - 0.5) * 3.14159265358979324, z = t * t;
    double p = -1.0 / 121645100408832000;
    p = p * z + 1.0 / 355687428096000;
    p = p * z - 1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z - 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z - 1.0 / 6;
    const double sine = t + t * z * p;
    return 2 * sine * sine - 1;
}

static void normal_range(void *arg, int64_t begin, int64_t end)
{
    const draw_job *j = arg;
    const double mean = j->a, std = j->b;
    double u[DRAWS], v[DRAWS];
    for (int64_t first = begin; first < end; first += DRAWS) {
        const int64_t n = min_of(DRAWS, end - first);
        draw(j, j->start + (uint64_t)first, n, u, v);
        for (int64_t i = 0; i < n; i++) /* Box and Muller */
            u[i] = sqrt(-2 * log_positive(u[i])) * cos_turns(v[i]);
        for (int64_t i = 0; i < n; i++)
            j->out[first + i] = (real)(mean + std * u[i]);
    }
}

static void normal(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double mean,
                   double std, void *out)
{
    draw_job j = {
        .seed = seed, .stream = stream, .start = start, .a = mean, .b = std, .out = out
    };
    hy_parallel_for(n, GRAIN, normal_range, &j);
}

static void dropout_range(void *arg, int64_t begin, int64_t end)
{
    const draw_job *j = arg;
    const real scale = (real)(1 / (1 - j->a));
    double u[DRAWS], v[DRAWS];
    for (int64_t first = begin; first < end; first += DRAWS) {
        const int64_t n = min_of(DRAWS, end - first);
        draw(j, j->start + (uint64_t)first, n, u, v);
        for (int64_t i = 0; i < n; i++) {
            const bool kept = u[i] >= j->a;
            j->mask[first + i] = kept;
            j->out[first + i] = kept ? j->x[first + i] * scale : 0;
        }
    }
}

static void dropout(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double p,
                    const void *x, uint8_t *mask, void *y)
{
    draw_job j = {
        .seed = seed, .stream = stream, .start = start, .a = p, .x = x, .mask = mask, .out = y
    };
    hy_parallel_for(n, GRAIN, dropout_range, &j);
}

extern const hy_index_kernels HY_TABLE;
const hy_index_kernels HY_TABLE = {
    .put_add = put_add,
    .gather_bwd = gather_bwd,
    .uniform = uniform,
    .normal = normal,
    .dropout = dropout,
};
