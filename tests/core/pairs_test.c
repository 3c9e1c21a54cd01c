/* The kernels of all pairs of two blocks, on every level and for both dtypes. */
#include "unit.h"

static double exact(const unit *u, int64_t d, const void *x, int64_t i, const void *y, int64_t j)
{
    double sum = 0;
    for (int64_t l = 0; l < d; l++) {
        const double difference = get(u, x, i * d + l) - get(u, y, j * d + l);
        sum += difference * difference;
    }
    return sum;
}

static const char *row(const unit *u, const void *x, int64_t d, int64_t i)
{
    return (const char *)x + bytes_of(u, i * d);
}

/* Points far from the origin; the first row of y is almost the first of x, the second one equal. */
static void test_distances(const unit *u)
{
    static const int64_t sizes[][3] = {
        { 1, 1, 1 }, { 3, 2, 16 }, { 7, 256, 5 }, { 256, 33, 17 }, { 31, 40, 64 }, { 5, 9, 300 }
    };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int64_t n = sizes[s][0], m = sizes[s][1], d = sizes[s][2];
        void *x = random_array(u, 1, n * d, 999, 1001), *y = random_array(u, 2, m * d, 999, 1001);
        void *mean = array(u, d), *xnorm = array(u, n), *ynorm = array(u, m), *out = array(u, n * m);
        void *cx = array(u, n * d), *cy = array(u, m * d);
        for (int64_t l = 0; l < d; l++)
            put(u, mean, l, 1000);
        memcpy(y, x, bytes_of(u, d));
        put(u, y, 0, get(u, y, 0) + 0x1p-8);
        if (m > 1)
            memcpy((char *)y + bytes_of(u, d), x, bytes_of(u, d));
        u->k->pairs->center(n, d, x, mean, cx, xnorm);
        memcpy(cy, y, bytes_of(u, m * d));
        u->k->pairs->center(m, d, cy, mean, cy, ynorm); /* in place */
        for (int careful = 0; careful < 2; careful++) {
            u->k->pairs->distances(n, m, d, cx, xnorm, cy, ynorm, careful, out);
            bool ok = true;
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < m; j++) {
                    const double want = exact(u, d, x, i, y, j);
                    ok &= fabs(get(u, out, i * m + j) - want) <= (double)(d + 32) * 8 * u->eps;
                    ok &= u->k->pairs->exact(d, row(u, x, d, i), row(u, y, d, j)) <= want * (1 + 1e-12) &&
                          get(u, out, i * m + j) >= 0;
                }
            ok &= !careful || (fabs(get(u, out, 0) - 0x1p-16) < 0x1p-30 &&
                               (m == 1 || get(u, out, 1) == 0));
            if (!EXPECT(ok))
                printf("  size %d\n", (int)s);
        }
    }
}

static void test_root_sums(const unit *u)
{
    enum { N = 5, M = 37, LD = 40 };
    void *x = random_array(u, 3, N * LD, 0, 9);
    double sum[N], want[N];
    for (int i = 0; i < N; i++) {
        sum[i] = want[i] = i;
        for (int j = 0; j < M; j++)
            want[i] += sqrt(get(u, x, i * LD + j));
    }
    u->k->pairs->root_sums(N, M, LD, x, sum);
    for (int i = 0; i < N; i++)
        EXPECT(close_to(sum[i], want[i], 8 * u->eps));
}

static void test_within(const unit *u)
{
    enum { N = 100 };
    int32_t at[N];
    void *x = random_array(u, 4, N, 0, 1);
    put(u, x, 40, NAN);
    static const double limits[] = { -1, 0.3, 0.99, INFINITY };
    for (int l = 0; l < 4; l++) {
        const int64_t count = u->k->pairs->within(N, x, limits[l], at);
        int64_t want = 0;
        bool ok = true;
        for (int32_t i = 0; i < N; i++)
            if (get(u, x, i) <= limits[l]) {
                ok &= want < count && at[want] == i;
                want++;
            }
        EXPECT(ok && count == want);
    }
    EXPECT(u->k->pairs->within(0, x, 1, at) == 0);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    if (!cx)
        return 1;
    each_unit(cx, test_distances);
    each_unit(cx, test_root_sums);
    each_unit(cx, test_within);
    hy_ctx_free(cx);
    return check_done();
}
