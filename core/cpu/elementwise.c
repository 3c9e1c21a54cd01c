/* Elementwise kernels: one loop for every row of elementwise.def. */
#include "cpu.h"
#include "math.h"

/* ---- one operand: contiguous --------------------------------------------------------------- */

typedef void unary_fn(int64_t n, const real *x, real *y, real p, real q);
typedef void unary_bwd_fn(int64_t n, const real *x, const real *y, const real *g, real *gx, real p,
                          real q);

#define UNARY_LOOPS(name, f, df)                                                             \
    static void name##_fwd(int64_t n, const real *X, real *Y, real p, real q)                \
    {                                                                                        \
        (void)p, (void)q;                                                                    \
        EACH (i, 0, n) {                                                                     \
            const real x = X[i];                                                             \
            Y[i] = f;                                                                        \
        }                                                                                    \
    }                                                                                        \
    static void name##_bwd(int64_t n, const real *X, const real *Y, const real *G, real *GX, \
                           real p, real q)                                                   \
    {                                                                                        \
        (void)p, (void)q;                                                                    \
        EACH (i, 0, n) {                                                                     \
            const real x = X[i], y = Y[i];                                                   \
            (void)x, (void)y;                                                                \
            GX[i] = G[i] * (df);                                                             \
        }                                                                                    \
    }

#define UNARY(name, f, df, lo, hi, doc)                          UNARY_LOOPS(name, f, df)
#define UNARY1(name, parameter, initial, f, df, lo, hi, doc)     UNARY_LOOPS(name, f, df)
#define UNARY2(name, parameter1, parameter2, f, df, lo, hi, doc) UNARY_LOOPS(name, f, df)
#define BINARY(...)
#define COMPARE(...)
#include "../ops/elementwise.def"

static const struct {
    unary_fn *fwd;
    unary_bwd_fn *bwd;
} unary_rows[] = {
#define UNARY(name, ...)  { name##_fwd, name##_bwd },
#define UNARY1(name, ...) { name##_fwd, name##_bwd },
#define UNARY2(name, ...) { name##_fwd, name##_bwd },
#define BINARY(...)
#define COMPARE(...)
#include "../ops/elementwise.def"
};

typedef struct unary_job {
    int row;
    const real *x, *y, *g;
    real *out, p, q;
} unary_job;

static void unary_range(void *arg, int64_t begin, int64_t end)
{
    const unary_job *j = arg;
    unary_rows[j->row].fwd(end - begin, j->x + begin, j->out + begin, j->p, j->q);
}

static void unary_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const unary_job *j = arg;
    unary_rows[j->row].bwd(end - begin, j->x + begin, j->y + begin, j->g + begin, j->out + begin,
                           j->p, j->q);
}

static void unary(int row, int64_t n, const void *x, void *y, double p, double q)
{
    unary_job j = { .row = row, .x = x, .out = y, .p = (real)p, .q = (real)q };
    hy_parallel_for(n, GRAIN, unary_range, &j);
}

static void unary_bwd(int row, int64_t n, const void *x, const void *y, const void *g, void *gx,
                      double p, double q)
{
    unary_job j = { .row = row, .x = x, .y = y, .g = g, .out = gx, .p = (real)p, .q = (real)q };
    hy_parallel_for(n, GRAIN, unary_bwd_range, &j);
}

/* ---- two operands: broadcast --------------------------------------------------------------- */

/* A run of n elements and the step of every operand along it. The loops with constant steps are
 * those that become vector code. */
typedef void binary_fn(int64_t n, const real *x, int64_t sx, const real *y, int64_t sy, real *z,
                       int64_t sz);
typedef void binary_bwd_fn(int64_t n, const real *x, int64_t sx, const real *y, int64_t sy,
                           const real *g, int64_t sg, real *out, int64_t so);

#define BINARY_LOOP(f, sx, sy, sz)                   \
    EACH (i, 0, n) {                                 \
        const real x = X[i * (sx)], y = Y[i * (sy)]; \
        Z[i * (sz)] = f;                             \
    }

#define BINARY_BWD_LOOP(df, sx, sy, sg, so)          \
    EACH (i, 0, n) {                                 \
        const real x = X[i * (sx)], y = Y[i * (sy)]; \
        (void)x, (void)y;                            \
        GX[i * (so)] = G[i * (sg)] * (df);           \
    }

#define BINARY_BWD(name, df)                                                          \
    static void name(int64_t n, const real *X, int64_t sx, const real *Y, int64_t sy, \
                     const real *G, int64_t sg, real *GX, int64_t so)                 \
    {                                                                                 \
        const bool plain = sg == 1 && so == 1;                                        \
        if (plain && sx == 1 && sy == 1)                                              \
            BINARY_BWD_LOOP(df, 1, 1, 1, 1)                                           \
        else if (plain && sx == 1 && sy == 0)                                         \
            BINARY_BWD_LOOP(df, 1, 0, 1, 1)                                           \
        else if (plain && sx == 0 && sy == 1)                                         \
            BINARY_BWD_LOOP(df, 0, 1, 1, 1)                                           \
        else                                                                          \
            BINARY_BWD_LOOP(df, sx, sy, sg, so)                                       \
    }

#define BINARY(name, f, dx, dy, lo, hi, doc)                                                \
    static void name##_fwd(int64_t n, const real *X, int64_t sx, const real *Y, int64_t sy, \
                           real *Z, int64_t sz)                                             \
    {                                                                                       \
        if (sx == 1 && sy == 1 && sz == 1)                                                  \
            BINARY_LOOP(f, 1, 1, 1)                                                         \
        else if (sx == 1 && sy == 0 && sz == 1)                                             \
            BINARY_LOOP(f, 1, 0, 1)                                                         \
        else if (sx == 0 && sy == 1 && sz == 1)                                             \
            BINARY_LOOP(f, 0, 1, 1)                                                         \
        else                                                                                \
            BINARY_LOOP(f, sx, sy, sz)                                                      \
    }                                                                                       \
    BINARY_BWD(name##_dx, dx)                                                               \
    BINARY_BWD(name##_dy, dy)
#define UNARY(...)
#define UNARY1(...)
#define UNARY2(...)
#define COMPARE(...)
#include "../ops/elementwise.def"

static const struct {
    binary_fn *fwd;
    binary_bwd_fn *bwd[2];
} binary_rows[] = {
#define BINARY(name, ...) { name##_fwd, { name##_dx, name##_dy } },
#define UNARY(...)
#define UNARY1(...)
#define UNARY2(...)
#define COMPARE(...)
#include "../ops/elementwise.def"
};

/* ---- x ^ e for the exponents that occur, without pow --------------------------------------- */

#define FIXED_POWERS(POWER)          \
    POWER(-2, 1 / (x * x))           \
    POWER(-1.5, 1 / (x * m_sqrt(x))) \
    POWER(-1, 1 / x)                 \
    POWER(-0.5, 1 / m_sqrt(x))       \
    POWER(0, R(1))                   \
    POWER(0.5, m_sqrt(x))            \
    POWER(1, x)                      \
    POWER(2, (x * x))                \
    POWER(3, (x * x * x))

/* z = x ^ e; false when e is no such exponent or the run is strided */
static bool fixed_power(int64_t n, const real *X, real e, real *Z)
{
#define POWER(exponent, f)       \
    if (e == R(exponent)) {      \
        EACH (i, 0, n) {         \
            const real x = X[i]; \
            (void)x;             \
            Z[i] = f;            \
        }                        \
        return true;             \
    }
    FIXED_POWERS(POWER)
#undef POWER
    return false;
}

/* gx = g · e · x ^ (e − 1), likewise */
static bool fixed_power_dx(int64_t n, const real *X, real e, const real *G, real *GX)
{
    if (e == 0) { /* also where x ^ −1 is infinite */
        EACH (i, 0, n)
            GX[i] = 0;
        return true;
    }
#define POWER(exponent, f)            \
    if (e == R(exponent) + 1) {       \
        EACH (i, 0, n) {              \
            const real x = X[i];      \
            (void)x;                  \
            GX[i] = G[i] * (e * (f)); \
        }                             \
        return true;                  \
    }
    FIXED_POWERS(POWER)
#undef POWER
    return false;
}

/* ---- splitting the grid -------------------------------------------------------------------- */

typedef struct binary_job {
    int row, side;
    const hy_grid *grid;
    const real *x, *y, *g;
    real *out;
} binary_job;

static void binary_range(void *arg, int64_t begin, int64_t end)
{
    const binary_job *j = arg;
    const int64_t sx = run_stride(j->grid, 0), sy = run_stride(j->grid, 1),
                  sz = run_stride(j->grid, 2);
    const bool fixed = j->row == HY_BINARY_pow && sx == 1 && sy == 0 && sz == 1;
    for (walk w = walk_begin(j->grid, 3, begin, end); w.length > 0; walk_step(&w)) {
        const real *x = j->x + w.offset[0], *y = j->y + w.offset[1];
        real *z = j->out + w.offset[2];
        if (!fixed || !fixed_power(w.length, x, *y, z))
            binary_rows[j->row].fwd(w.length, x, sx, y, sy, z, sz);
    }
}

static void binary_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const binary_job *j = arg;
    const int64_t sx = run_stride(j->grid, 0), sy = run_stride(j->grid, 1),
                  sg = run_stride(j->grid, 2), so = run_stride(j->grid, 3);
    const bool fixed =
        j->row == HY_BINARY_pow && j->side == 0 && sx == 1 && sy == 0 && sg == 1 && so == 1;
    for (walk w = walk_begin(j->grid, 4, begin, end); w.length > 0; walk_step(&w)) {
        const real *x = j->x + w.offset[0], *y = j->y + w.offset[1], *g = j->g + w.offset[2];
        real *out = j->out + w.offset[3];
        if (!fixed || !fixed_power_dx(w.length, x, *y, g, out))
            binary_rows[j->row].bwd[j->side](w.length, x, sx, y, sy, g, sg, out, so);
    }
}

static void binary(int row, const hy_grid *grid, const void *x, const void *y, void *z)
{
    binary_job j = { .row = row, .grid = grid, .x = x, .y = y, .out = z };
    hy_parallel_for(grid_total(grid), GRAIN, binary_range, &j);
}

static void binary_bwd(int row, int side, const hy_grid *grid, const void *x, const void *y,
                       const void *g, void *out)
{
    binary_job j = { .row = row, .side = side, .grid = grid, .x = x, .y = y, .g = g, .out = out };
    hy_parallel_for(grid_total(grid), GRAIN, binary_bwd_range, &j);
}

extern const hy_elementwise_kernels HY_TABLE;
const hy_elementwise_kernels HY_TABLE = {
    .unary = unary, .unary_bwd = unary_bwd, .binary = binary, .binary_bwd = binary_bwd
};
