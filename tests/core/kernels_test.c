/* CPU kernels that move and map (sums_test.c has those that sum): every level and dtype against
 * plain loops, and their promises on the edges. */
#include "unit.h"

/* A grid over contiguous row-major operands of one shape. */
static hy_grid plain_grid(int64_t n)
{
    return (hy_grid){ .ndim = 1, .n = { n }, .stride = { { 1 }, { 1 }, { 1 }, { 1 } } };
}

/* ---- elementwise --------------------------------------------------------------------------- */

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}
static double gelu(double x)
{
    return 0.5 * x * (1 + erf(x * 0.70710678118654752));
}

static const struct {
    int row;
    double (*f)(double);
    double lo, hi, ulps;
} functions[] = {
    { HY_UNARY_exp, exp, -80, 80, 1 },
    { HY_UNARY_expm1, expm1, -20, 60, 2 },
    { HY_UNARY_log, log, 1e-30, 1e30, 1 },
    { HY_UNARY_log, log, 0.5, 2, 1 },
    { HY_UNARY_log1p, log1p, -0.99, 50, 3 },
    { HY_UNARY_tanh, tanh, -12, 12, 3 },
    { HY_UNARY_tanh, tanh, -1e-3, 1e-3, 3 },
    { HY_UNARY_sigmoid, logistic, -80, 80, 3 },
    { HY_UNARY_erf, erf, -5, 5, 2 },
    { HY_UNARY_sqrt, sqrt, 0, 9, 1 },
    { HY_UNARY_softplus, softplus, -30, 30, 4 },
    { HY_UNARY_floor, floor, -9, 9, 0 },
    { HY_UNARY_round, rint, -9, 9, 0 },
    { HY_UNARY_sin, sin, -9, 9, 1 },
};

static void test_functions(const unit *u)
{
    const int64_t n = 40001;
    void *y = array(u, n);
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
        void *x = random_array(u, f, n, functions[f].lo, functions[f].hi);
        u->k->elementwise->unary(functions[f].row, n, x, y, 0, 0);
        double worst = 0;
        for (int64_t i = 0; i < n; i++) {
            const double want = functions[f].f(get(u, x, i));
            worst = fmax(worst, fabs(get(u, y, i) - want) / fmax(fabs(want), 1e-37));
        }
        if (!EXPECT(worst <= functions[f].ulps * u->eps))
            printf("  row %d: relative error %g\n", functions[f].row, worst);
        u->k->elementwise->unary(functions[f].row, n, x, x, 0, 0);
        EXPECT(same_bits(u, n, x, y)); /* in place */
    }
    void *x = random_array(u, 1, n, -6, 6);
    u->k->elementwise->unary(HY_UNARY_gelu, n, x, y, 0, 0);
    bool ok = true;
    for (int64_t i = 0; i < n; i++)
        ok &= close_to(get(u, y, i), gelu(get(u, x, i)), 4 * u->eps);
    EXPECT(ok);
}

static void test_function_edges(const unit *u)
{
    static const struct {
        int row;
        double x, y;
    } edges[] = {
        { HY_UNARY_exp, 1e4, INFINITY },
        { HY_UNARY_exp, -1e4, 0 },
        { HY_UNARY_exp, INFINITY, INFINITY },
        { HY_UNARY_exp, -INFINITY, 0 },
        { HY_UNARY_exp, 0, 1 },
        { HY_UNARY_exp, NAN, NAN },
        { HY_UNARY_expm1, 1e4, INFINITY },
        { HY_UNARY_expm1, -1e4, -1 },
        { HY_UNARY_expm1, 0, 0 },
        { HY_UNARY_expm1, NAN, NAN },
        { HY_UNARY_log, 0, -INFINITY },
        { HY_UNARY_log, -1, NAN },
        { HY_UNARY_log, INFINITY, INFINITY },
        { HY_UNARY_log, 1, 0 },
        { HY_UNARY_log, NAN, NAN },
        { HY_UNARY_log1p, -1, -INFINITY },
        { HY_UNARY_log1p, -2, NAN },
        { HY_UNARY_log1p, INFINITY, INFINITY },
        { HY_UNARY_log1p, 0, 0 },
        { HY_UNARY_log1p, NAN, NAN },
        { HY_UNARY_tanh, 1e4, 1 },
        { HY_UNARY_tanh, -INFINITY, -1 },
        { HY_UNARY_tanh, NAN, NAN },
        { HY_UNARY_sigmoid, 1e4, 1 },
        { HY_UNARY_sigmoid, -1e4, 0 },
        { HY_UNARY_sigmoid, NAN, NAN },
        { HY_UNARY_erf, 1e4, 1 },
        { HY_UNARY_erf, -INFINITY, -1 },
        { HY_UNARY_erf, NAN, NAN },
        { HY_UNARY_sign, NAN, NAN },
        { HY_UNARY_sign, -0.0, 0 },
        { HY_UNARY_relu, NAN, NAN },
        { HY_UNARY_relu, -3, 0 },
        { HY_UNARY_softplus, 1e4, 1e4 },
        { HY_UNARY_softplus, -1e4, 0 },
        { HY_UNARY_round, 2.5, 2 },
    };
    for (size_t e = 0; e < sizeof edges / sizeof edges[0]; e++) {
        void *x = array(u, 33), *y = array(u, 33); /* vector body and scalar rest */
        bool ok = true;
        for (int i = 0; i < 33; i++)
            put(u, x, i, edges[e].x);
        u->k->elementwise->unary(edges[e].row, 33, x, y, 0, 0);
        for (int i = 0; i < 33; i++)
            ok &= close_to(get(u, y, i), edges[e].y, 0);
        if (!EXPECT(ok))
            printf("  row %d at %g: %g\n", edges[e].row, edges[e].x, get(u, y, 0));
    }
    void *x = ARRAY(u, 1e-40, -2, 0.5, 2), *y = array(u, 4);
    u->k->elementwise->unary(HY_UNARY_log, 1, x, y, 0, 0);
    EXPECT(close_to(get(u, y, 0), log(get(u, x, 0)), u->eps)); /* subnormal in f32 */
    u->k->elementwise->unary(HY_UNARY_clamp, 4, x, y, -1, 1);
    EXPECT(all_close(u, 3, (char *)y + bytes_of(u, 1), (double[]){ -1, 0.5, 1 }, 0));
    u->k->elementwise->unary_bwd(HY_UNARY_leaky_relu, 4, x, x, x, y, 0.25, 0);
    EXPECT(all_close(u, 3, (char *)y + bytes_of(u, 1), (double[]){ -0.5, 0.5, 2 }, 0));
}

/* Polynomials use no fused operations: the level must not show in the result. */
static void test_levels_agree(const unit *u)
{
    static const int rows[] = { HY_UNARY_exp, HY_UNARY_log, HY_UNARY_tanh, HY_UNARY_sigmoid,
                                HY_UNARY_erf };
    const int64_t n = 1003;
    hy_device base;
    hy_cpu_device(u->cx, "x86-64", &base);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        void *x = random_array(u, r, n, 0.1, 9), *y = array(u, n), *z = array(u, n);
        u->k->elementwise->unary(rows[r], n, x, y, 0, 0);
        base.kernels[u->dtype]->elementwise->unary(rows[r], n, x, z, 0, 0);
        EXPECT(same_bits(u, n, y, z));
    }
}

static double apply(int row, double x, double y)
{
    switch (row) {
    case HY_BINARY_add: return x + y;
    case HY_BINARY_sub: return x - y;
    case HY_BINARY_mul: return x * y;
    case HY_BINARY_div: return x / y;
    case HY_BINARY_pow: return pow(x, y);
    case HY_BINARY_maximum: return fmax(x, y);
    case HY_BINARY_bce_with_logits: return fmax(x, 0) - x * y + log1p(exp(-fabs(x)));
    default: return fmin(x, y);
    }
}

/* 3×40×140 against every way an operand may be stretched; large enough to be split. */
static void test_broadcasting(const unit *u)
{
    enum { A = 3, B = 40, C = 140, N = A * B * C };
    void *x = random_array(u, 1, N, 0.2, 3), *y = random_array(u, 2, N, 0.2, 3), *z = array(u, N);
    for (int row = 0; row < HY_BINARY_COUNT; row++)
        for (int stretch = 0; stretch < 64; stretch += row == HY_BINARY_add ? 1 : 9) {
            const int64_t full[3] = { B * C, C, 1 }, extent[3] = { A, B, C };
            hy_grid grid = { .ndim = 3 };
            for (int d = 0; d < 3; d++) {
                grid.n[d] = extent[d];
                grid.stride[0][d] = stretch >> d & 1 ? 0 : full[d];
                grid.stride[1][d] = stretch >> (d + 3) & 1 ? 0 : full[d];
                grid.stride[2][d] = grid.stride[3][d] = full[d];
            }
            u->k->elementwise->binary(row, &grid, x, y, z);
            bool ok = true;
            for (int64_t i = 0; i < N; i++) {
                int64_t at[2] = { 0, 0 }, rest = i;
                for (int d = 0; d < 3; rest %= full[d], d++)
                    for (int o = 0; o < 2; o++)
                        at[o] += rest / full[d] * grid.stride[o][d];
                ok &= close_to(get(u, z, i), apply(row, get(u, x, at[0]), get(u, y, at[1])),
                               4 * u->eps);
            }
            if (!EXPECT(ok))
                printf("  row %d, stretch %d\n", row, stretch);
        }
}

static void test_powers(const unit *u)
{
    static const double exponents[] = { -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4 };
    enum { N = 37 };
    void *x = random_array(u, 3, N, 0.3, 3), *z = array(u, N), *g = random_array(u, 4, N, -1, 1);
    hy_grid grid = plain_grid(N);
    grid.stride[1][0] = 0;
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        void *y = ARRAY(u, exponents[e]);
        double want[N], slope[N];
        for (int i = 0; i < N; i++) {
            want[i] = pow(get(u, x, i), exponents[e]);
            slope[i] = get(u, g, i) * exponents[e] * pow(get(u, x, i), exponents[e] - 1);
        }
        u->k->elementwise->binary(HY_BINARY_pow, &grid, x, y, z);
        EXPECT(all_close(u, N, z, want, 8 * u->eps));
        u->k->elementwise->binary_bwd(HY_BINARY_pow, 0, &grid, x, y, g, z);
        EXPECT(all_close(u, N, z, slope, 8 * u->eps));
    }
    void *zero = ARRAY(u, 0, -2, NAN), *none = ARRAY(u, 0);
    grid.n[0] = 3;
    u->k->elementwise->binary(HY_BINARY_pow, &grid, zero, none, z);
    EXPECT(all_close(u, 3, z, (double[]){ 1, 1, 1 }, 0));
    u->k->elementwise->binary_bwd(HY_BINARY_pow, 0, &grid, zero, none, g, z);
    EXPECT(all_close(u, 3, z, (double[]){ 0, 0, 0 }, 0)); /* not 0 · ∞ */
}

/* ---- move ---------------------------------------------------------------------------------- */

static void test_transposed_copy(const unit *u)
{
    static const int64_t shapes[][3] = {
        { 1, 100, 333 }, { 3, 17, 70 }, { 2, 400, 5 }, { 70, 3, 9 }, { 2, 130, 67 }
    };
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const int64_t a = shapes[s][0], n = shapes[s][1], m = shapes[s][2];
        void *x = random_array(u, s, a * n * m, -9, 9), *y = array(u, a * n * m),
             *z = array(u, a * n * m);
        /* y[o, j, i] = x[o, i, j], and back by writing through the transposed view */
        const hy_grid there = { .ndim = 3,
                                .n = { a, m, n },
                                .stride = { { n * m, 1, m }, { n * m, n, 1 } } };
        const hy_grid back = { .ndim = 3,
                               .n = { a, m, n },
                               .stride = { { n * m, n, 1 }, { n * m, 1, m } } };
        EXPECT(u->k->move->copy(&there, x, u->dtype, y));
        bool ok = true;
        for (int64_t o = 0; o < a; o++)
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < m; j++)
                    ok &= get(u, y, (o * m + j) * n + i) == get(u, x, (o * n + i) * m + j);
        EXPECT(ok);
        EXPECT(u->k->move->copy(&back, y, u->dtype, z));
        EXPECT(same_bits(u, a * n * m, x, z));
    }
}

static bool converts(const unit *u, hy_dtype from, hy_dtype to, const void *x, void *y)
{
    const hy_grid one = plain_grid(1);
    return u->device.kernels[from]->move->copy(&one, x, to, y);
}

static void test_conversions(const unit *u)
{
    static const struct {
        double x;
        bool fits;
        int32_t position;
    } positions[] = { { 1, true, 0 },         { 7, true, 6 },
                      { -1, true, -1 },       { 0, false, 0 },
                      { 1.5, false, 0 },      { -2, false, 0 },
                      { NAN, false, 0 },      { 3e9, false, 0 },
                      { INFINITY, false, 0 }, { 16777218, true, 16777217 } };
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        void *x = ARRAY(u, positions[i].x), *back = array(u, 1);
        int32_t y = 99;
        const bool fits = converts(u, u->dtype, HY_INDEX, x, &y);
        EXPECT(fits == positions[i].fits && (!fits || y == positions[i].position));
        if (fits) {
            EXPECT(converts(u, HY_INDEX, u->dtype, &y, back) && get(u, back, 0) == positions[i].x);
        }
    }
    static const struct {
        double x;
        bool fits;
        uint8_t byte;
    } bytes[] = { { 0, true, 0 },    { 255, true, 255 }, { 2.9, true, 2 },
                  { 256, false, 0 }, { -1, false, 0 },   { NAN, false, 0 } };
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        void *x = ARRAY(u, bytes[i].x);
        uint8_t y = 99;
        const bool fits = converts(u, u->dtype, HY_U8, x, &y);
        EXPECT(fits == bytes[i].fits && (!fits || y == bytes[i].byte));
    }
    int32_t position = 4, none = -1, far = 255;
    uint8_t byte = 0, five = 5;
    EXPECT(!converts(u, HY_U8, HY_INDEX, &byte, &position));
    EXPECT(converts(u, HY_U8, HY_INDEX, &five, &position) && position == 4);
    EXPECT(converts(u, HY_INDEX, HY_U8, &position, &byte) && byte == 5);
    EXPECT(!converts(u, HY_INDEX, HY_U8, &none, &byte) &&
           !converts(u, HY_INDEX, HY_U8, &far, &byte));
    void *x = array(u, 1);
    EXPECT(converts(u, HY_U8, u->dtype, &five, x) && get(u, x, 0) == 5);
    double wide = 0;
    float narrow = 0;
    EXPECT(converts(u, u->dtype, HY_F64, x, &wide) && wide == 5);
    EXPECT(converts(u, u->dtype, HY_F32, x, &narrow) && narrow == 5);
}

static void test_compare_and_where(const unit *u)
{
    enum { N = 21 };
    void *x = random_array(u, 5, N, -1, 1), *y = random_array(u, 6, N, -1, 1), *z = array(u, N);
    put(u, y, 3, get(u, x, 3));
    put(u, y, 4, NAN);
    uint8_t lt[N], le[N], ne[N];
    hy_grid grid = plain_grid(N);
    u->k->move->compare(HY_COMPARE_lt, &grid, x, y, lt);
    u->k->move->compare(HY_COMPARE_le, &grid, x, y, le);
    u->k->move->compare(HY_COMPARE_ne, &grid, x, y, ne);
    u->k->move->where(&grid, lt, x, y, z);
    bool ok = true;
    for (int i = 0; i < N; i++) {
        const double a = get(u, x, i), b = get(u, y, i);
        ok &= lt[i] == (a < b) && le[i] == (a <= b) && ne[i] == (a != b);
        ok &= close_to(get(u, z, i), a < b ? a : b, 0);
    }
    EXPECT(ok);
    grid.stride[2][0] = 0; /* y is one number */
    u->k->move->where(&grid, lt, x, y, z);
    for (int i = 0; i < N; i++)
        ok &= get(u, z, i) == get(u, lt[i] ? x : y, lt[i] ? i : 0);
    EXPECT(ok);
    const int32_t a[] = { 0, 4, -1 }, b[] = { 1, 4, -1 };
    uint8_t same[3];
    grid = plain_grid(3);
    u->device.kernels[HY_INDEX]->move->compare(HY_COMPARE_eq, &grid, a, b, same);
    EXPECT(!same[0] && same[1] && same[2]);
}

static bool sorted_well(const unit *u, int64_t r, bool descending, const void *x, const void *y,
                        const int32_t *position)
{
    for (int64_t i = 0; i < r; i++) {
        if (!close_to(get(u, y, i), get(u, x, position[i]), 0))
            return false;
        if (i == 0)
            continue;
        const double a = get(u, y, i - 1), b = get(u, y, i);
        const bool equal = a == b || (isnan(a) && isnan(b));
        if (equal ? position[i - 1] >= position[i] : !isnan(b) && !(descending ? a > b : a < b))
            return false;
    }
    return true;
}

static void test_sort(const unit *u)
{
    static const int64_t lengths[] = { 1, 2, 30, 49, 300, 20000 };
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
        for (int descending = 0; descending < 2; descending++) {
            const int64_t r = lengths[l], rows = r > 1000 ? 1 : 3;
            void *x = random_array(u, l, rows * r, -20, 20), *y = array(u, rows * r);
            for (int64_t i = 0; i < rows * r; i++) { /* many ties, both zeros, NaN of both signs */
                const double value = rint(get(u, x, i));
                put(u, x, i, value == 7 ? NAN : value == -7 ? -NAN : value == 1 ? -0.0 : value);
            }
            int32_t *position = zeros((rows * r) * (int64_t)sizeof *position);
            EXPECT(u->k->move->sort(u->cx, rows, r, descending, x, y, position) == HY_OK);
            for (int64_t row = 0; row < rows; row++)
                EXPECT(sorted_well(u, r, descending, (char *)x + bytes_of(u, row * r),
                                   (char *)y + bytes_of(u, row * r), position + row * r));
        }
    const int32_t index[] = { 3, -1, 2 };
    int32_t out[3], position[3];
    EXPECT(u->device.kernels[HY_INDEX]->move->sort(u->cx, 1, 3, false, index, out, position) ==
           HY_OK);
    EXPECT(out[0] == -1 && out[1] == 2 && out[2] == 3 && position[0] == 1 && position[2] == 0);
    const uint8_t byte[] = { 3, 255, 0 };
    uint8_t sorted[3];
    EXPECT(u->device.kernels[HY_U8]->move->sort(u->cx, 1, 3, true, byte, sorted, position) ==
           HY_OK);
    EXPECT(sorted[0] == 255 && sorted[1] == 3 && sorted[2] == 0);
    u->cx->fail_at = u->cx->allocations + 1;
    EXPECT(u->device.kernels[HY_U8]->move->sort(u->cx, 1, 3, true, byte, sorted, position) ==
           HY_EMEM);
    u->cx->fail_at = 0;
    EXPECT(u->cx->live == 0);
}

/* ---- index and optim
 * -------------------------------------------------------------------------------- */

static double dot(const unit *u, int64_t n, const void *x, const void *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += get(u, x, i) * get(u, y, i);
    return sum;
}

/* ⟨take(x), g⟩ = ⟨x, put_add(g)⟩, and the same for gather: each is the other's transpose. */
static void test_gathering(const unit *u)
{
    static const int64_t inners[] = { 1, 7, 600 };
    for (int s = 0; s < 3; s++) {
        const int64_t outer = 3, n = 11, m = 25, inner = inners[s];
        void *x = random_array(u, 1, outer * n * inner, -1, 1),
             *g = random_array(u, 2, outer * m * inner, -1, 1);
        void *y = array(u, outer * m * inner), *gx = array(u, outer * n * inner);
        int32_t *index = zeros((outer * m * inner) * (int64_t)sizeof *index);
        for (int64_t i = 0; i < outer * m * inner; i++)
            index[i] = (int32_t)(hy_uniform(9, 0, (uint64_t)i) * (double)n);
        u->k->move->take(outer, n, inner, m, x, index, y);
        bool ok = true;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t j = 0; j < m; j++)
                for (int64_t i = 0; i < inner; i++)
                    ok &= get(u, y, (o * m + j) * inner + i) ==
                          get(u, x, (o * n + index[j]) * inner + i);
        EXPECT(ok);
        u->k->index->put_add(outer, n, inner, m, g, index, gx);
        const double size = (double)(outer * m * inner);
        EXPECT(close_to(dot(u, outer * m * inner, y, g), dot(u, outer * n * inner, x, gx),
                        size * u->eps));
        u->k->move->gather(outer, n, inner, m, x, index, y);
        memset(gx, 0, bytes_of(u, outer * n * inner));
        u->k->index->gather_bwd(outer, n, inner, m, g, index, gx);
        EXPECT(close_to(dot(u, outer * m * inner, y, g), dot(u, outer * n * inner, x, gx),
                        size * u->eps));
        EXPECT(get(u, y, inner) == get(u, x, index[inner] * inner));
    }
}

static void test_random(const unit *u)
{
    enum { N = 100000 };
    void *x = array(u, N), *y = array(u, N);
    u->k->index->uniform(5, 6, 7, N, 0, 1, x);
    EXPECT(close_to(get(u, x, 10), hy_uniform(5, 6, 17), u->eps));
    u->k->index->uniform(5, 6, 7 + 333, N - 333, 0, 1, y); /* any split, the same draws */
    EXPECT(same_bits(u, N - 333, (char *)x + bytes_of(u, 333), y));
    double mean = 0, square = 0, fourth = 0, least = 1, most = 0;
    for (int64_t i = 0; i < N; i++) {
        mean += get(u, x, i) / N;
        least = fmin(least, get(u, x, i));
        most = fmax(most, get(u, x, i));
    }
    EXPECT(fabs(mean - 0.5) < 0.005 && least > 0 && least < 1e-4 && most < 1 && most > 1 - 1e-4);
    u->k->index->normal(5, 6, 7, N, 3, 2, x);
    u->k->index->normal(5, 6, 8, N - 1, 3, 2, y);
    EXPECT(same_bits(u, N - 1, (char *)x + bytes_of(u, 1), y));
    mean = 0;
    for (int64_t i = 0; i < N; i++) {
        const double z = (get(u, x, i) - 3) / 2;
        mean += z / N;
        square += z * z / N;
        fourth += z * z * z * z / N;
    }
    EXPECT(fabs(mean) < 0.02 && fabs(square - 1) < 0.02 && fabs(fourth - 3) < 0.15);
    uint32_t word[4];
    hy_philox(5, 6, 7, word); /* Box and Muller on the two halves of a block */
    const double a = (((double)(((uint64_t)word[0] << 32 | word[1]) >> 12)) + 0.5) * 0x1p-52;
    const double b = (((double)(((uint64_t)word[2] << 32 | word[3]) >> 12)) + 0.5) * 0x1p-52;
    EXPECT(
        close_to(get(u, x, 0), 3 + 2 * sqrt(-2 * log(a)) * cos(6.283185307179586 * b), 4 * u->eps));
    uint8_t *mask = zeros(N);
    u->k->index->normal(1, 1, 0, N, 0, 1, x);
    u->k->index->dropout(1, 2, 0, N, 0.25, x, mask, y);
    double kept = 0;
    bool ok = true;
    for (int64_t i = 0; i < N; i++) {
        kept += mask[i];
        ok &= close_to(get(u, y, i), mask[i] ? get(u, x, i) / 0.75 : 0, 2 * u->eps);
    }
    EXPECT(ok && fabs(kept / N - 0.75) < 0.01);
}

static void test_optimizers(const unit *u)
{
    enum { N = 35 };
    for (int kind = 0; kind < 2; kind++) { /* L2 and decoupled; plain momentum and Nesterov */
        hy_step s = { .lr = 0.01,
                      .beta1 = 0.9,
                      .beta2 = 0.99,
                      .eps = 1e-3,
                      .weight_decay = 0.1,
                      .decoupled = kind,
                      .nesterov = kind };
        void *p = random_array(u, 1, N, -1, 1), *g = random_array(u, 2, N, -1, 1);
        void *m = array(u, N), *v = array(u, N), *q = random_array(u, 1, N, -1, 1),
             *b = array(u, N);
        double want[N], sgd[N];
        for (int i = 0; i < N; i++) {
            double a = get(u, p, i), m1 = 0, v1 = 0, c = a, buffer = 0;
            for (int t = 1; t <= 3; t++) {
                const double d = get(u, g, i) + (kind ? 0 : 0.1 * a), e = get(u, g, i) + 0.1 * c;
                m1 = 0.9 * m1 + 0.1 * d;
                v1 = 0.99 * v1 + 0.01 * d * d;
                a -= kind ? 0.01 * 0.1 * a : 0;
                a -= 0.01 * (m1 / (1 - pow(0.9, t))) / (sqrt(v1 / (1 - pow(0.99, t))) + 1e-3);
                buffer = 0.9 * buffer + e;
                c -= 0.01 * (kind ? e + 0.9 * buffer : buffer);
            }
            want[i] = a;
            sgd[i] = c;
        }
        for (int t = 1; t <= 3; t++) {
            s.correction1 = 1 - pow(0.9, t);
            s.correction2 = 1 - pow(0.99, t);
            u->k->optim->adam(N, p, g, m, v, &s);
            u->k->optim->sgd(N, q, g, b, &s);
        }
        EXPECT(all_close(u, N, p, want, 8 * u->eps));
        EXPECT(all_close(u, N, q, sgd, 8 * u->eps));
        s.beta1 = 0;
        u->k->optim->sgd(1, q, g, NULL, &s);
        EXPECT(close_to(get(u, q, 0), sgd[0] - 0.01 * (get(u, g, 0) + 0.1 * sgd[0]), 8 * u->eps));
    }
}

static void test_rmsprop(const unit *u)
{
    enum { N = 35 };
    for (int kind = 0; kind < 2; kind++) { /* plain; centered with momentum */
        const hy_step s = {
            .lr = 0.01, .beta1 = 0.9 * kind, .beta2 = 0.99, .eps = 1e-3, .weight_decay = 0.1
        };
        void *p = random_array(u, 1, N, -1, 1), *g = random_array(u, 2, N, -1, 1);
        void *v = array(u, N), *mean = array(u, N), *buffer = array(u, N);
        double want[N];
        for (int i = 0; i < N; i++) {
            double a = get(u, p, i), square = 0, average = 0, run = 0;
            for (int t = 1; t <= 3; t++) {
                const double d = get(u, g, i) + 0.1 * a;
                square = 0.99 * square + 0.01 * d * d;
                average = 0.99 * average + 0.01 * d;
                const double spread = square - kind * average * average;
                run = kind * 0.9 * run + d / (sqrt(spread) + 1e-3);
                a -= 0.01 * run;
            }
            want[i] = a;
        }
        for (int t = 1; t <= 3; t++)
            u->k->optim->rmsprop(N, p, g, v, kind ? mean : NULL, kind ? buffer : NULL, &s);
        EXPECT(all_close(u, N, p, want, 16 * u->eps));
    }
}

static void test_choice(hy_ctx *cx)
{
    hy_device device;
    CHECK(hy_cpu_device(cx, NULL, &device) == HY_OK && strcmp(device.name, "cpu") == 0);
    CHECK(hy_cpu_device(cx, "x86-64", &device) == HY_OK && strcmp(device.table, "x86-64") == 0);
    CHECK(hy_cpu_device(cx, "pdp-11", &device) == HY_EARG && strstr(cx->message, "pdp-11"));
    CHECK(!device.kernels[HY_U8]->reduce && device.kernels[HY_U8]->move);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    if (!cx)
        return 1;
    hy_threads(2);
    RUN(test_choice(cx));
    each_unit(cx, test_functions);
    each_unit(cx, test_function_edges);
    each_unit(cx, test_levels_agree);
    each_unit(cx, test_broadcasting);
    each_unit(cx, test_powers);
    each_unit(cx, test_transposed_copy);
    each_unit(cx, test_conversions);
    each_unit(cx, test_compare_and_where);
    each_unit(cx, test_sort);
    each_unit(cx, test_gathering);
    each_unit(cx, test_random);
    each_unit(cx, test_optimizers);
    each_unit(cx, test_rmsprop);
    hy_ctx_free(cx);
    return check_done();
}
