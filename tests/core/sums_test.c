/* CPU kernels that sum: reductions, softmax, products, distances. Every level and dtype. */
#include "unit.h"

/* Run an expression on 1, 2 and 3 threads; all leave the same bits in out. */
#define SAME_ON_ANY_THREADS(call, out, n)                   \
    do {                                                    \
        void *first_ = array(u, n);                         \
        for (int threads_ = 1; threads_ <= 3; threads_++) { \
            hy_threads(threads_);                           \
            call;                                           \
            if (threads_ == 1)                              \
                memcpy(first_, out, bytes_of(u, n));        \
            EXPECT(same_bits(u, n, first_, out));           \
        }                                                   \
        hy_threads(2);                                      \
    } while (0)

/* ---- reductions
 * ---------------------------------------------------------------------------------- */

static const int64_t shapes[][3] = {
    /* outer, r, inner */
    { 1, 1, 1 }, { 3, 15, 1 },   { 2, 5000, 1 },   { 1, 700000, 1 }, { 40, 33, 1 },
    { 2, 7, 5 }, { 1, 9000, 3 }, { 1, 3000, 300 }, { 5, 20, 257 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static double term(hy_reduction kind, double x)
{
    return kind == HY_REDUCE_SUM      ? x
           : kind == HY_REDUCE_SUMSQ  ? x * x
           : kind == HY_REDUCE_SUMABS ? fabs(x)
                                      : exp(x);
}

static void test_reduce(const unit *u)
{
    for (int s = 0; s < SHAPES; s++) {
        const int64_t outer = shapes[s][0], r = shapes[s][1], inner = shapes[s][2];
        void *x = random_array(u, (uint64_t)s, outer * r * inner, -1, 2),
             *y = array(u, outer * inner);
        for (hy_reduction kind = HY_REDUCE_SUM; kind <= HY_REDUCE_SUMABS; kind++) {
            SAME_ON_ANY_THREADS(u->k->reduce->reduce(kind, outer, r, inner, x, y), y,
                                outer * inner);
            bool ok = true;
            for (int64_t o = 0; o < outer; o++)
                for (int64_t i = 0; i < inner; i++) {
                    double sum = 0;
                    for (int64_t k = 0; k < r; k++)
                        sum += term(kind, get(u, x, (o * r + k) * inner + i));
                    if (kind == HY_REDUCE_LOGSUMEXP)
                        sum = log(sum);
                    ok &= close_to(get(u, y, o * inner + i), sum, 8 * fmax(u->eps, 1e-13));
                }
            if (!EXPECT(ok))
                printf("  kind %d, shape %d\n", kind, s);
        }
    }
    double none[2] = { 9, 9 };
    u->k->reduce->reduce(HY_REDUCE_SUM, 1, 0, 2, NULL, none);
    EXPECT(get(u, none, 0) == 0 && get(u, none, 1) == 0);
    u->k->reduce->reduce(HY_REDUCE_LOGSUMEXP, 1, 0, 1, NULL, none);
    EXPECT(get(u, none, 0) == -INFINITY);
}

/* 0.1 in f32 summed naively over 8 M elements is off by a few per cent. */
static void test_long_sum(const unit *u)
{
    const int64_t n = 8000000;
    void *x = array(u, n), *y = array(u, 2);
    for (int64_t i = 0; i < n; i++)
        put(u, x, i, 0.1);
    u->k->reduce->reduce(HY_REDUCE_SUM, 1, n, 1, x, y);
    EXPECT(close_to(get(u, y, 0), get(u, x, 0) * (double)n, u->dtype == HY_F32 ? 1e-5 : 1e-13));
    u->k->reduce->reduce(HY_REDUCE_SUM, 1, n / 2, 2, x, y);
    EXPECT(close_to(get(u, y, 1), get(u, x, 0) * (double)n / 2, u->dtype == HY_F32 ? 1e-5 : 1e-13));
}

static void test_logsumexp_edges(const unit *u)
{
    void *x = ARRAY(u, -INFINITY, -INFINITY, INFINITY, 0, NAN, 0, 1e4, 1e4, -1e4, -1e4),
         *y = array(u, 5);
    u->k->reduce->reduce(HY_REDUCE_LOGSUMEXP, 5, 2, 1, x, y);
    EXPECT(all_close(u, 5, y, (double[]){ -INFINITY, INFINITY, NAN, 1e4 + log(2), -1e4 + log(2) },
                     u->eps));
}

static void test_extreme(const unit *u)
{
    for (int s = 0; s < SHAPES; s++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const int64_t outer = shapes[s][0], r = shapes[s][1], inner = shapes[s][2];
            void *x = random_array(u, (uint64_t)s, outer * r * inner, -90, 90),
                 *y = array(u, outer * inner);
            int32_t *position = zeros((outer * inner) * (int64_t)sizeof *position);
            for (int64_t i = 0; i < outer * r * inner; i++) /* ties */
                put(u, x, i, rint(get(u, x, i)));
            if (outer * r * inner > 900)
                put(u, x, 777, NAN);
            SAME_ON_ANY_THREADS(u->k->reduce->extreme(sign, outer, r, inner, x, y, position), y,
                                outer * inner);
            bool ok = true;
            for (int64_t o = 0; o < outer; o++)
                for (int64_t i = 0; i < inner; i++) {
                    int64_t best = 0;
                    for (int64_t k = 1; k < r; k++) {
                        const double a = get(u, x, (o * r + k) * inner + i),
                                     b = get(u, x, (o * r + best) * inner + i);
                        if (!isnan(b) && (isnan(a) || sign * a > sign * b))
                            best = k;
                    }
                    ok &= position[o * inner + i] == best;
                    ok &= close_to(get(u, y, o * inner + i), get(u, x, (o * r + best) * inner + i),
                                   0);
                }
            EXPECT(ok);
            u->k->reduce->extreme(sign, outer, r, inner, x, y, NULL);
        }
}

static void test_moments(const unit *u)
{
    for (int s = 0; s < SHAPES; s++) {
        const int64_t outer = shapes[s][0], r = shapes[s][1], inner = shapes[s][2];
        void *x = random_array(u, (uint64_t)s, outer * r * inner, 100, 101),
             *y = array(u, outer * r * inner);
        void *mean = array(u, outer * inner), *sumsq = array(u, outer * inner);
        SAME_ON_ANY_THREADS(u->k->reduce->moments(outer, r, inner, x, mean, sumsq), sumsq,
                            outer * inner);
        u->k->reduce->cumsum(s % 2, outer, r, inner, x, y);
        bool ok = true;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t i = 0; i < inner; i++) {
                double sum = 0, square = 0;
                for (int64_t k = 0; k < r; k++) {
                    const int64_t at = (o * r + (s % 2 ? r - 1 - k : k)) * inner + i;
                    sum += get(u, x, at);
                    ok &= close_to(get(u, y, at), sum, fmax(u->eps, 1e-13));
                }
                for (int64_t k = 0; k < r; k++)
                    square += pow(get(u, x, (o * r + k) * inner + i) - sum / (double)r, 2);
                ok &= close_to(get(u, mean, o * inner + i), sum / (double)r,
                               16 * fmax(u->eps, 1e-14));
                ok &= close_to(get(u, sumsq, o * inner + i), square, 1e3 * fmax(u->eps, 1e-14));
            }
        EXPECT(ok);
    }
}

static void test_softmax(const unit *u)
{
    static const int64_t lengths[] = { 1, 3, 10, 500, 1024, 1025, 6000 };
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        const int64_t rows = 7, r = lengths[l], n = rows * r;
        void *x = random_array(u, l, n, -9, 9), *y = array(u, n), *z = array(u, n),
             *gx = array(u, n);
        void *g = random_array(u, 7, n, -1, 1);
        u->k->reduce->softmax(false, rows, r, x, y);
        u->k->reduce->softmax(true, rows, r, x, z);
        bool ok = true;
        for (int64_t row = 0; row < rows; row++) {
            double sum = 0;
            for (int64_t i = row * r; i < row * r + r; i++)
                sum += exp(get(u, x, i));
            for (int64_t i = row * r; i < row * r + r; i++) {
                ok &= close_to(get(u, y, i), exp(get(u, x, i)) / sum, 4 * u->eps);
                ok &= close_to(get(u, z, i), get(u, x, i) - log(sum), 4 * u->eps);
            }
        }
        EXPECT(ok);
        for (int logarithm = 0; logarithm < 2; logarithm++) {
            u->k->reduce->softmax_bwd(logarithm, rows, r, logarithm ? z : y, g, gx);
            for (int64_t row = 0; row < rows; row++) {
                double sum = 0;
                for (int64_t i = row * r; i < row * r + r; i++)
                    sum += get(u, g, i) * (logarithm ? 1 : get(u, y, i));
                for (int64_t i = row * r; i < row * r + r; i++)
                    ok &= close_to(get(u, gx, i),
                                   logarithm ? get(u, g, i) - get(u, y, i) * sum
                                             : get(u, y, i) * (get(u, g, i) - sum),
                                   64 * u->eps);
            }
            EXPECT(ok);
        }
    }
    void *x = ARRAY(u, 1e4, -1e4, -INFINITY, -INFINITY, -1e4, -1e4), *y = array(u, 6);
    u->k->reduce->softmax(false, 3, 2, x, y);
    EXPECT(all_close(u, 6, y, (double[]){ 1, 0, 0, 0, 0.5, 0.5 }, 0));
    u->k->reduce->softmax(true, 3, 2, x, y);
    EXPECT(all_close(u, 4, y, (double[]){ 0, -2e4, -INFINITY, -INFINITY }, 0));
}

/* ---- products
 * ---------------------------------------------------------------------------------------- */

static void test_gemm(const unit *u)
{
    enum { M = 7, N = 5, K = 11 };
    void *a = random_array(u, 1, M * K, -1, 1), *b = random_array(u, 2, K * N, -1, 1);
    for (int way = 0; way < 4; way++) {
        const bool ta = way & 1, tb = way & 2;
        void *c = random_array(u, 3, M * N, -1, 1);
        double want[M * N];
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) {
                want[i * N + j] = 0.5 * get(u, c, i * N + j);
                for (int k = 0; k < K; k++)
                    want[i * N + j] += get(u, a, ta ? k * M + i : i * K + k) *
                                       get(u, b, tb ? j * K + k : k * N + j);
            }
        u->k->matrix->gemm(u->cx, ta, tb, M, N, K, a, ta ? M : K, b, tb ? K : N, 0.5, c, N);
        EXPECT(all_close(u, M * N, c, want, 16 * u->eps));
        u->k->matrix->gemm(u->cx, ta, tb, M, N, 0, a, 1, b, 1, 0, c, N);
        EXPECT(get(u, c, 0) == 0 && get(u, c, M * N - 1) == 0);
        u->k->matrix->gemm(u->cx, ta, tb, 0, N, K, a, 1, b, 1, 0, c, N);
        u->k->matrix->gemm(u->cx, ta, tb, M, 0, K, a, 1, b, 1, 0, c, 1);
        EXPECT(get(u, c, 0) == 0);
    }
}

/* ---- distances
 * ---------------------------------------------------------------------------------------- */

static double exact(const unit *u, int64_t d, const void *x, int64_t i, const void *y, int64_t j)
{
    double sum = 0;
    for (int64_t l = 0; l < d; l++)
        sum += pow(get(u, x, i * d + l) - get(u, y, j * d + l), 2);
    return sum;
}

static hy_status assign(const unit *u, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                        int32_t *label, void *distance)
{
    hy_search s = { .n = n, .k = k, .d = d, .x = x, .y = y, .label = label, .distance = distance };
    return u->k->nearest->search(u->cx, &s);
}

static void test_distance(const unit *u)
{
    static const int64_t sizes[][3] = {
        /* n, k, d: differences, and products in one and several blocks */
        { 1, 1, 1 },    { 300, 10, 2 },  { 70, 40, 16 },   { 5, 600, 30 }, { 400, 3, 50 },
        { 20, 11, 17 }, { 130, 9, 200 }, { 700, 600, 64 }, { 513, 5, 33 },
    };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int64_t n = sizes[s][0], k = sizes[s][1], d = sizes[s][2];
        /* far from the origin: without centering f32 would keep no digit */
        void *x = random_array(u, 1, n * d, 9999, 10001),
             *y = random_array(u, 2, k * d, 9999, 10001);
        void *out = array(u, n * k), *nearest = array(u, n);
        int32_t *label = zeros(n * (int64_t)sizeof *label),
                *again = zeros(n * (int64_t)sizeof *again);
        memcpy(again, label, (size_t)n * sizeof *label);
        SAME_ON_ANY_THREADS(EXPECT(u->k->distance->sqdist(u->cx, n, k, d, x, y, out) == HY_OK), out,
                            n * k);
        SAME_ON_ANY_THREADS(
            EXPECT(assign(u, n, k, d, x, y, label, nearest) == HY_OK), nearest,
            n);
        EXPECT(assign(u, n, k, d, x, y, again, NULL) == HY_OK);
        EXPECT(memcmp(label, again, (size_t)n * sizeof *label) == 0);
        const double tolerance = (double)d * 64 * fmax(u->eps, 1e-12);
        bool ok = true;
        for (int64_t i = 0; i < n; i++) {
            double best = INFINITY;
            for (int64_t j = 0; j < k; j++) {
                const double want = exact(u, d, x, i, y, j);
                best = fmin(best, want);
                ok &= fabs(get(u, out, i * k + j) - want) <= tolerance;
            }
            ok &= fabs(exact(u, d, x, i, y, label[i]) - best) <= tolerance;
            ok &= close_to(get(u, nearest, i), exact(u, d, x, i, y, label[i]), 16 * u->eps);
        }
        if (!EXPECT(ok))
            printf("  size %d\n", (int)s);
        EXPECT(u->cx->live == 0);
    }
}

static void test_assign_edges(const unit *u)
{
    static const int64_t dims[] = { 3, 40 };
    for (int s = 0; s < 2; s++) {
        const int64_t n = 40, k = 20, d = dims[s];
        void *x = random_array(u, 1, n * d, -1, 1), *y = array(u, k * d), *distance = array(u, n);
        int32_t label[40];
        for (int64_t i = 0; i < k * d;
             i++) /* rows 10 .. 19 repeat rows 0 .. 9, which come from x */
            put(u, y, i, get(u, x, i % (10 * d)));
        put(u, x, 39 * d, NAN);
        EXPECT(assign(u, n, k, d, x, y, label, distance) == HY_OK);
        bool ok = true;
        for (int i = 0; i < 39; i++)
            ok &= label[i] < 10 && get(u, distance, i) >= 0;
        for (int i = 0; i < 10; i++)
            ok &= label[i] == i && get(u, distance, i) == 0;
        EXPECT(ok);
        EXPECT(label[39] == 0 && isnan(get(u, distance, 39)));
        u->cx->fail_at = u->cx->allocations + 1;
        EXPECT(assign(u, n, k, d, x, y, label, distance) == HY_EMEM);
        u->cx->fail_at = u->cx->allocations + 1;
        EXPECT(u->k->distance->sqdist(u->cx, 1, k, d, x, y, distance) == HY_EMEM);
        u->cx->fail_at = 0;
        EXPECT(assign(u, 0, k, d, x, y, label, distance) == HY_OK);
        EXPECT(u->cx->live == 0);
    }
}

static void test_label_sums(const unit *u)
{
    const int64_t n = 3000, k = 7, d = 19;
    void *x = random_array(u, 1, n * d, -1, 1), *weight = random_array(u, 2, n, 0, 2),
         *y = random_array(u, 3, k * d, -1, 1);
    int32_t *label = zeros(n * (int64_t)sizeof *label);
    double *first = zeros((k * (d + 1)) * (int64_t)sizeof *first),
           *to = zeros(n * (int64_t)sizeof *to);
    for (int64_t i = 0; i < n; i++)
        label[i] = (int32_t)(hy_uniform(3, 0, (uint64_t)i) * (double)(k + 1)) - 1;
    for (int weighted = 0; weighted < 2; weighted++)
        for (int threads = 1; threads <= 3; threads++) {
            double *sums = zeros((k * (d + 1)) * (int64_t)sizeof *sums), *counts = sums + k * d,
                   want[8 * 20] = { 0 };
            hy_threads(threads);
            EXPECT(u->k->distance->label_sums(u->cx, n, k, d, x, weighted ? weight : NULL, label,
                                              sums, counts) == HY_OK);
            if (threads == 1)
                memcpy(first, sums, (size_t)(k * (d + 1)) * sizeof *sums);
            EXPECT(memcmp(first, sums, (size_t)(k * (d + 1)) * sizeof *sums) == 0);
            for (int64_t i = 0; i < n; i++)
                for (int64_t l = 0; label[i] >= 0 && l <= d; l++)
                    want[l < d ? label[i] * d + l : k * d + label[i]] +=
                        (weighted ? get(u, weight, i) : 1) * (l < d ? get(u, x, i * d + l) : 1);
            bool ok = true;
            for (int64_t i = 0; i < k * (d + 1); i++)
                ok &= close_to(sums[i], want[i], 1e-12);
            EXPECT(ok);
        }
    hy_threads(2);
    u->k->distance->to_center(n, d, x, y, label, to);
    bool ok = true;
    for (int64_t i = 0; i < n; i++)
        ok &= close_to(to[i], label[i] < 0 ? 0 : exact(u, d, x, i, y, label[i]), 1e-13);
    EXPECT(ok);
    u->cx->fail_at = u->cx->allocations + 1;
    EXPECT(u->k->distance->label_sums(u->cx, n, k, d, x, NULL, label, first, first + k * d) ==
           HY_EMEM);
    u->cx->fail_at = 0;
    EXPECT(u->cx->live == 0);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    if (!cx)
        return 1;
    hy_threads(2);
    each_unit(cx, test_reduce);
    each_unit(cx, test_long_sum);
    each_unit(cx, test_logsumexp_edges);
    each_unit(cx, test_extreme);
    each_unit(cx, test_moments);
    each_unit(cx, test_softmax);
    each_unit(cx, test_gemm);
    each_unit(cx, test_distance);
    each_unit(cx, test_assign_edges);
    each_unit(cx, test_label_sums);
    hy_ctx_free(cx);
    return check_done();
}
