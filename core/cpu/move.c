/* Moving data: copies with conversion, comparison, selection, gathering, sorting. All dtypes. */
#include <stdatomic.h>
#include <string.h>

#include "cpu.h"
#include "math.h"

/* ---- copy: any strides, any dtype to any other --------------------------------------------- */

/* Converts n elements; false when one has no counterpart in the target. `index` counts from 0 here
 * and from 1 as a number, with −1 (none) the same on both sides. */
typedef bool convert_fn(int64_t n, const real *x, int64_t sx, void *y, int64_t sy);

#define CONVERT_LOOP(type, fits, value, sx, sy)      \
    EACH (i, 0, n) {                                 \
        const real x = X[i * (sx)];                  \
        const bool fit = fits;                       \
        bad |= !fit;                                 \
        Y[i * (sy)] = fit ? (type)(value) : (type)0; \
    }

#define CONVERT(name, type, fits, value)                                          \
    static bool name(int64_t n, const real *X, int64_t sx, void *out, int64_t sy) \
    {                                                                             \
        type *Y = out;                                                            \
        int bad = 0;                                                              \
        if (sx == 1 && sy == 1)                                                   \
            CONVERT_LOOP(type, fits, value, 1, 1)                                 \
        else                                                                      \
            CONVERT_LOOP(type, fits, value, sx, sy)                               \
        return !bad;                                                              \
    }

#if defined REAL_index
CONVERT(to_f32, float, true, (double)x + (x >= 0))
CONVERT(to_f64, double, true, (double)x + (x >= 0))
CONVERT(to_u8, uint8_t, x >= 0 && x < 255, x + 1)
CONVERT(to_index, int32_t, true, x)
#elif defined REAL_u8
CONVERT(to_f32, float, true, x)
CONVERT(to_f64, double, true, x)
CONVERT(to_u8, uint8_t, true, x)
CONVERT(to_index, int32_t, x > 0, x - 1)
#else
CONVERT(to_f32, float, true, x)
CONVERT(to_f64, double, true, x)
CONVERT(to_u8, uint8_t, x > -1 && x < 256, x) /* 0..255 after the fraction is cut off */
CONVERT(to_index, int32_t, x == -1 || (x >= 1 && x < R(2147483648) && x == m_floor(x)),
        (int32_t)x - (x > 0))
#endif

static convert_fn *const converters[HY_DTYPES] = {
    [HY_F32] = to_f32, [HY_F64] = to_f64, [HY_U8] = to_u8, [HY_INDEX] = to_index
};

enum { TILE = 64 }; /* elements each way: whole cache lines of both sides */

typedef struct copy_job {
    const hy_grid *grid;
    convert_fn *convert;
    const real *x;
    char *y;
    int64_t size;  /* bytes of a target element */
    hy_grid tiles; /* the grid in steps of TILE along `last` and `across` */
    int last, across;
    atomic_bool failed;
} copy_job;

static void copy_range(void *arg, int64_t begin, int64_t end)
{
    copy_job *j = arg;
    const int64_t sx = run_stride(j->grid, 0), sy = run_stride(j->grid, 1);
    bool ok = true;
    for (walk w = walk_begin(j->grid, 2, begin, end); w.length > 0; walk_step(&w))
        ok &= j->convert(w.length, j->x + w.offset[0], sx, j->y + w.offset[1] * j->size, sy);
    if (!ok)
        j->failed = true;
}

static void tile_range(void *arg, int64_t begin, int64_t end)
{
    copy_job *j = arg;
    const hy_grid *grid = j->grid;
    const int64_t sx = grid->stride[0][j->last], sy = grid->stride[1][j->last];
    const int64_t tx = grid->stride[0][j->across], ty = grid->stride[1][j->across];
    bool ok = true;
    for (walk w = walk_begin(&j->tiles, 2, begin, end); w.length > 0; walk_step(&w)) {
        int64_t first = w.at[j->last];
        for (int64_t t = 0; t < w.length; t++, first++) {
            const int64_t n = min_of(TILE, grid->n[j->last] - first * TILE);
            const int64_t m = min_of(TILE, grid->n[j->across] - w.at[j->across] * TILE);
            const real *x = j->x + w.offset[0] + t * TILE * sx;
            char *y = j->y + (w.offset[1] + t * TILE * sy) * j->size;
            for (int64_t i = 0; i < m; i++)
                ok &= j->convert(n, x + i * tx, sx, y + i * ty * j->size, sy);
        }
    }
    if (!ok)
        j->failed = true;
}

/* A dimension along which x or y is contiguous while the last one is not: go in tiles, or every
 * element costs a cache line. */
static bool plan_tiles(copy_job *j)
{
    const hy_grid *grid = j->grid;
    j->last = grid->ndim - 1;
    if (grid->ndim < 2 || grid->n[j->last] < TILE / 2 ||
        (grid->stride[0][j->last] <= 1 && grid->stride[1][j->last] <= 1))
        return false;
    for (j->across = j->last - 1; j->across >= 0; j->across--)
        if (grid->n[j->across] >= TILE / 2 &&
            (grid->stride[0][j->across] == 1 || grid->stride[1][j->across] == 1))
            break;
    if (j->across < 0)
        return false;
    j->tiles = *grid;
    for (int d = j->across; d <= j->last; d += j->last - j->across) {
        j->tiles.n[d] = parts_of(grid->n[d], TILE);
        j->tiles.stride[0][d] *= TILE;
        j->tiles.stride[1][d] *= TILE;
    }
    return true;
}

static bool copy(const hy_grid *grid, const void *x, hy_dtype to, void *y)
{
    static const int64_t sizes[HY_DTYPES] = { [HY_F32] = sizeof(float),
                                              [HY_F64] = sizeof(double),
                                              [HY_U8] = 1,
                                              [HY_INDEX] = sizeof(int32_t) };
    copy_job j = { .grid = grid, .convert = converters[to], .x = x, .y = y, .size = sizes[to] };
    if (plan_tiles(&j))
        hy_parallel_for(grid_total(&j.tiles), GRAIN / (TILE * TILE), tile_range, &j);
    else
        hy_parallel_for(grid_total(grid), GRAIN, copy_range, &j);
    return !j.failed;
}

/* ---- compare and where --------------------------------------------------------------------- */

typedef void compare_fn(int64_t n, const real *x, int64_t sx, const real *y, int64_t sy, uint8_t *z,
                        int64_t sz);

#define COMPARE_LOOP(condition, sx, sy, sz)          \
    EACH (i, 0, n) {                                 \
        const real x = X[i * (sx)], y = Y[i * (sy)]; \
        Z[i * (sz)] = condition;                     \
    }

#define COMPARE(name, condition, doc)                                                       \
    static void name##_run(int64_t n, const real *X, int64_t sx, const real *Y, int64_t sy, \
                           uint8_t *Z, int64_t sz)                                          \
    {                                                                                       \
        if (sx == 1 && sy == 1 && sz == 1)                                                  \
            COMPARE_LOOP(condition, 1, 1, 1)                                                \
        else if (sx == 1 && sy == 0 && sz == 1)                                             \
            COMPARE_LOOP(condition, 1, 0, 1)                                                \
        else if (sx == 0 && sy == 1 && sz == 1)                                             \
            COMPARE_LOOP(condition, 0, 1, 1)                                                \
        else                                                                                \
            COMPARE_LOOP(condition, sx, sy, sz)                                             \
    }
#define UNARY(...)
#define UNARY1(...)
#define UNARY2(...)
#define BINARY(...)
#include "../ops/elementwise.def"

static compare_fn *const compare_rows[] = {
#define COMPARE(name, ...) name##_run,
#define UNARY(...)
#define UNARY1(...)
#define UNARY2(...)
#define BINARY(...)
#include "../ops/elementwise.def"
};

typedef struct select_job {
    int row;
    const hy_grid *grid;
    const uint8_t *condition;
    const real *x, *y;
    real *z;
    uint8_t *truth;
} select_job;

static void compare_range(void *arg, int64_t begin, int64_t end)
{
    const select_job *j = arg;
    const int64_t sx = run_stride(j->grid, 0), sy = run_stride(j->grid, 1),
                  sz = run_stride(j->grid, 2);
    for (walk w = walk_begin(j->grid, 3, begin, end); w.length > 0; walk_step(&w))
        compare_rows[j->row](w.length, j->x + w.offset[0], sx, j->y + w.offset[1], sy,
                             j->truth + w.offset[2], sz);
}

static void compare(int row, const hy_grid *grid, const void *x, const void *y, uint8_t *z)
{
    select_job j = { .row = row, .grid = grid, .x = x, .y = y, .truth = z };
    hy_parallel_for(grid_total(grid), GRAIN, compare_range, &j);
}

#define WHERE_LOOP(sc, sx, sy, sz)                   \
    EACH (i, 0, n) {                                 \
        const real x = X[i * (sx)], y = Y[i * (sy)]; \
        Z[i * (sz)] = C[i * (sc)] ? x : y;           \
    }

static void where_run(int64_t n, const uint8_t *C, int64_t sc, const real *X, int64_t sx,
                      const real *Y, int64_t sy, real *Z, int64_t sz)
{
    const bool plain = sc == 1 && sz == 1;
    if (plain && sx == 1 && sy == 1)
        WHERE_LOOP(1, 1, 1, 1)
    else if (plain && sx == 1 && sy == 0)
        WHERE_LOOP(1, 1, 0, 1)
    else if (plain && sx == 0 && sy == 1)
        WHERE_LOOP(1, 0, 1, 1)
    else
        WHERE_LOOP(sc, sx, sy, sz)
}

static void where_range(void *arg, int64_t begin, int64_t end)
{
    const select_job *j = arg;
    const int64_t sc = run_stride(j->grid, 0), sx = run_stride(j->grid, 1),
                  sy = run_stride(j->grid, 2), sz = run_stride(j->grid, 3);
    for (walk w = walk_begin(j->grid, 4, begin, end); w.length > 0; walk_step(&w))
        where_run(w.length, j->condition + w.offset[0], sc, j->x + w.offset[1], sx,
                  j->y + w.offset[2], sy, j->z + w.offset[3], sz);
}

static void where(const hy_grid *grid, const uint8_t *condition, const void *x, const void *y,
                  void *z)
{
    select_job j = { .grid = grid, .condition = condition, .x = x, .y = y, .z = z };
    hy_parallel_for(grid_total(grid), GRAIN, where_range, &j);
}

/* ---- take and gather ----------------------------------------------------------------------- */

typedef struct take_job {
    int64_t n, inner, m;
    const real *x;
    const int32_t *index;
    real *out;
} take_job;

/* rows (o, j) of the result */
static void take_range(void *arg, int64_t begin, int64_t end)
{
    const take_job *j = arg;
    int64_t o = begin / j->m, k = begin % j->m;
    for (int64_t row = begin; row < end; row++) {
        const real *from = j->x + (o * j->n + j->index[k]) * j->inner;
        if (j->inner == 1)
            j->out[row] = *from;
        else
            memcpy(j->out + row * j->inner, from, (size_t)j->inner * sizeof(real));
        if (++k == j->m) {
            k = 0;
            o++;
        }
    }
}

static void take(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *x,
                 const int32_t *index, void *out)
{
    take_job j = { .n = n, .inner = inner, .m = m, .x = x, .index = index, .out = out };
    hy_parallel_for(outer * m, row_grain(inner), take_range, &j);
}

static void gather_range(void *arg, int64_t begin, int64_t end)
{
    const take_job *j = arg;
    for (int64_t row = begin; row < end; row++) {
        const real *x = j->x + row / j->m * j->n * j->inner;
        const int32_t *index = j->index + row * j->inner;
        real *out = j->out + row * j->inner;
        for (int64_t i = 0; i < j->inner; i++)
            out[i] = x[index[i] * j->inner + i];
    }
}

static void gather(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *x,
                   const int32_t *index, void *out)
{
    take_job j = { .n = n, .inner = inner, .m = m, .x = x, .index = index, .out = out };
    hy_parallel_for(outer * m, row_grain(inner), gather_range, &j);
}

/* ---- sort: stable, by an unsigned key of the same order ------------------------------------ */

#if defined REAL_f64
typedef uint64_t key_type;
#else
typedef uint32_t key_type;
#endif
enum { KEY_BYTES = sizeof(real), SHORT = 48 };

typedef struct item {
    key_type key;
    int32_t position;
} item;

/* Order of numbers → order of unsigned integers. Every NaN gets the largest key, in both
 * directions; −0 and 0 get the same. */
static key_type key_of(real x, bool descending)
{
#if defined REAL_f32 || defined REAL_f64
    const key_type all = ~(key_type)0, top = all ^ all >> 1;
    key_type bits;
    if (x != x)
        return all;
    x = x == 0 ? 0 : x;
    memcpy(&bits, &x, sizeof bits);
    bits = bits & top ? ~bits : bits | top;
    return descending ? ~bits : bits;
#elif defined REAL_index
    const key_type bits = (key_type)x ^ 0x80000000u;
    return descending ? ~bits : bits;
#else
    return descending ? 255u - x : x;
#endif
}

static void sort_short(int64_t r, item *a)
{
    for (int64_t i = 1; i < r; i++) {
        const item x = a[i];
        int64_t j = i;
        for (; j > 0 && a[j - 1].key > x.key; j--)
            a[j] = a[j - 1];
        a[j] = x;
    }
}

/* Radix sort from the lowest byte; returns where the result lies, a or b. */
static item *sort_long(int64_t r, item *a, item *b)
{
    uint32_t count[KEY_BYTES][256] = { { 0 } };
    for (int64_t i = 0; i < r; i++)
        for (int byte = 0; byte < KEY_BYTES; byte++)
            count[byte][a[i].key >> 8 * byte & 255]++;
    for (int byte = 0; byte < KEY_BYTES; byte++) {
        uint32_t *start = count[byte], sum = 0;
        if (start[a[0].key >> 8 * byte & 255] == r)
            continue; /* all the same */
        for (int digit = 0; digit < 256; digit++) {
            const uint32_t n = start[digit];
            start[digit] = sum;
            sum += n;
        }
        for (int64_t i = 0; i < r; i++)
            b[start[a[i].key >> 8 * byte & 255]++] = a[i];
        item *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

typedef struct sort_job {
    int64_t rows, r, strands;
    bool descending;
    const real *x;
    real *y;
    int32_t *position;
    item *scratch; /* 2r for each strand */
} sort_job;

static void sort_strand(void *arg, int64_t strand, int64_t end)
{
    const sort_job *j = arg;
    const int64_t r = j->r;
    for (; strand < end; strand++)
        for (int64_t row = strand; row < j->rows; row += j->strands) {
            const real *x = j->x + row * r;
            item *a = j->scratch + strand * 2 * r;
            for (int64_t i = 0; i < r; i++)
                a[i] = (item){ key_of(x[i], j->descending), (int32_t)i };
            if (r <= SHORT)
                sort_short(r, a);
            else
                a = sort_long(r, a, a + r);
            for (int64_t i = 0; i < r; i++) {
                j->position[row * r + i] = a[i].position;
                j->y[row * r + i] = x[a[i].position];
            }
        }
}

static hy_status sort(hy_ctx *cx, int64_t rows, int64_t r, bool descending, const void *x, void *y,
                      int32_t *position)
{
    if (rows == 0 || r == 0)
        return HY_OK;
    const int64_t strands = min_of(rows, min_of(hy_threads(0), parts_of(rows * r, GRAIN / 4)));
    const int64_t bytes = strands * 2 * r * (int64_t)sizeof(item);
    sort_job j = { .rows = rows,
                   .r = r,
                   .strands = strands,
                   .descending = descending,
                   .x = x,
                   .y = y,
                   .position = position };
    void *scratch;
    HY_TRY(hy_alloc(cx, bytes, &scratch));
    j.scratch = scratch;
    hy_parallel_for(strands, 1, sort_strand, &j);
    hy_free(cx, scratch, bytes);
    return HY_OK;
}

extern const hy_move_kernels HY_TABLE;
const hy_move_kernels HY_TABLE = {
    .copy = copy, .compare = compare, .where = where, .take = take, .gather = gather, .sort = sort
};
