/* Search for the nearest row: labels, gaps and sums against brute force. */
#include "unit.h"

typedef struct problem {
    int64_t n, k, d;
    void *x, *y, *weight;
    double *anchor;
} problem;

static double exact(const unit *u, const problem *p, int64_t i, int64_t c)
{
    double sum = 0;
    for (int64_t l = 0; l < p->d; l++)
        sum += pow(get(u, p->x, i * p->d + l) - get(u, p->y, c * p->d + l), 2);
    return sum;
}

static problem random_problem(const unit *u, int64_t n, int64_t k, int64_t d, double lo, double hi)
{
    problem p = { n, k, d, random_array(u, 1, n * d, lo, hi), random_array(u, 2, k * d, lo, hi),
                  random_array(u, 3, n, 0, 2), zeros((d + 1) * (int64_t)sizeof(double)) };
    for (int64_t l = 0; l <= d; l++)
        p.anchor[l] = ldexp(1.5, 52 - 30);
    return p;
}

static hy_search search_of(const problem *p)
{
    hy_search s = { .n = p->n, .k = p->k, .d = p->d, .x = p->x, .y = p->y };
    s.label = zeros(p->n * (int64_t)sizeof *s.label);
    memset(s.label, -1, (size_t)p->n * sizeof *s.label);
    return s;
}

/* Nearest row, the first of equals; *gap: how much farther the next one is. */
static int32_t nearest(const unit *u, const problem *p, int64_t i, double *gap)
{
    double best = INFINITY, second = INFINITY;
    int32_t label = 0;
    for (int64_t c = 0; c < p->k; c++) {
        const double distance = exact(u, p, i, c);
        if (distance < best) {
            second = best;
            best = distance;
            label = (int32_t)c;
        } else
            second = fmin(second, distance);
    }
    *gap = sqrt(second) - sqrt(best);
    return label;
}

static const int64_t sizes[][3] = {
    /* n, k, d: tiles, panels and slices filled wholly and partly */
    { 1, 1, 1 },   { 300, 10, 2 }, { 70, 40, 16 },    { 5, 600, 30 }, { 400, 3, 50 },
    { 9, 5, 300 }, { 600, 48, 7 }, { 130, 9, 200 },   { 700, 100, 32 }, { 513, 5, 129 },
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void test_labels(const unit *u)
{
    for (size_t t = 0; t < 2 * SIZES; t++) {
        /* far from the origin f32 products would keep no digit */
        const bool far = t >= SIZES;
        const int64_t *size = sizes[t % SIZES];
        const problem p = random_problem(u, size[0], size[1], size[2], far ? 9999 : -1,
                                         far ? 10001 : 1);
        for (int threads = 1; threads <= 2; threads++) {
            hy_search s = search_of(&p);
            s.gap = array(u, p.n);
            hy_threads(threads);
            EXPECT(u->k->nearest->search(u->cx, &s) == HY_OK && s.changed == p.n);
            bool ok = true;
            for (int64_t i = 0; i < p.n; i++) {
                double gap;
                ok &= s.label[i] == nearest(u, &p, i, &gap);
                const double found = get(u, s.gap, i);
                ok &= p.k == 1 ? found > 1e30 : found <= gap && found > gap - (far ? 1 : 0.01);
            }
            if (!EXPECT(ok))
                printf("  size %d\n", (int)t);
        }
        EXPECT(u->cx->live == 0);
    }
}

/* Equal rows, equal distances, equal numbers. */
static void test_ties(const unit *u)
{
    problem p = random_problem(u, 200, 30, 3, 0, 1);
    for (int64_t i = 0; i < p.n * p.d; i++)
        put(u, p.x, i, floor(get(u, p.x, i) * 4));
    for (int64_t i = 0; i < p.k * p.d; i++)
        put(u, p.y, i, floor(get(u, p.y, i) * 4) + (i % 2 == 0 ? 0.5 : 0));
    hy_search s = search_of(&p);
    s.gap = array(u, p.n);
    EXPECT(u->k->nearest->search(u->cx, &s) == HY_OK);
    bool ok = true;
    for (int64_t i = 0; i < p.n; i++) {
        double gap;
        ok &= s.label[i] == nearest(u, &p, i, &gap);
        ok &= get(u, s.gap, i) <= gap;
    }
    EXPECT(ok);
}

/* A row of bytes counts like the same row of numbers; squares beyond the dtype still compare. */
static void test_bytes_and_limits(const unit *u)
{
    problem p = random_problem(u, 300, 12, 40, 0, 255);
    uint8_t *bytes = zeros(p.n * p.d);
    for (int64_t i = 0; i < p.n * p.d; i++) {
        bytes[i] = (uint8_t)get(u, p.x, i);
        put(u, p.x, i, bytes[i]);
    }
    hy_search whole = search_of(&p), small = search_of(&p);
    whole.distance = array(u, p.n);
    small.distance = array(u, p.n);
    whole.sums = zeros(p.k * (p.d + 2) * (int64_t)sizeof(int64_t));
    small.sums = zeros(p.k * (p.d + 2) * (int64_t)sizeof(int64_t));
    whole.anchor = small.anchor = p.anchor;
    small.x = bytes;
    small.bytes = true;
    EXPECT(u->k->nearest->search(u->cx, &whole) == HY_OK);
    EXPECT(u->k->nearest->search(u->cx, &small) == HY_OK);
    EXPECT(memcmp(whole.label, small.label, (size_t)p.n * sizeof *whole.label) == 0);
    EXPECT(same_bits(u, p.n, whole.distance, small.distance));
    EXPECT(memcmp(whole.sums, small.sums, (size_t)(p.k * (p.d + 2)) * sizeof(int64_t)) == 0);

    const double huge = u->dtype == HY_F32 ? 1e25 : 1e150;
    problem q = { 3, 2, 1, ARRAY(u, 0, 4 * huge, 9 * huge), ARRAY(u, huge, 8 * huge), NULL, NULL };
    hy_search s = search_of(&q);
    EXPECT(u->k->nearest->search(u->cx, &s) == HY_OK);
    EXPECT(s.label[0] == 0 && s.label[1] == 0 && s.label[2] == 1);
}

/* Centers that move a little: bounds skip rows, and everything is as without them. */
static void test_bounds(const unit *u)
{
    const problem p = random_problem(u, 2000, 20, 6, -1, 1);
    const int64_t size = p.k * (p.d + 2);
    hy_search bound = search_of(&p), plain = search_of(&p);
    int64_t *first = NULL;
    bound.gap = array(u, p.n);
    bound.weight = plain.weight = p.weight;
    bound.anchor = plain.anchor = p.anchor;
    bound.sums = zeros(size * (int64_t)sizeof(int64_t));
    plain.sums = zeros(size * (int64_t)sizeof(int64_t));
    void *drop = array(u, p.k);
    int64_t positive = 0;
    for (int pass = 0; pass < 12; pass++) {
        hy_threads(1 + pass % 2);
        EXPECT(u->k->nearest->search(u->cx, &bound) == HY_OK);
        EXPECT(u->k->nearest->search(u->cx, &plain) == HY_OK);
        EXPECT(bound.changed == plain.changed);
        EXPECT(memcmp(bound.label, plain.label, (size_t)p.n * sizeof *plain.label) == 0);
        EXPECT(memcmp(bound.sums, plain.sums, (size_t)size * sizeof *first) == 0);
        for (int64_t c = 0; c < p.k; c++) { /* one column moves by 0.01, so do the gaps, twice */
            const double before = get(u, p.y, c * p.d);
            put(u, p.y, c * p.d, before + (hy_uniform(9, (uint64_t)pass, (uint64_t)c) - 0.5) / 50);
            put(u, drop, c, 0.0201);
        }
        bound.drop = drop;
        for (int64_t i = 0; i < p.n; i++)
            positive += get(u, bound.gap, i) > 0.0201;
    }
    EXPECT(positive > 12 * p.n / 2);
    bool ok = true;
    for (int64_t c = 0; c < p.k; c++)
        for (int64_t l = 0; l <= p.d; l++) {
            double want = 0;
            for (int64_t i = 0; i < p.n; i++)
                want += plain.label[i] != c ? 0
                                            : get(u, p.weight, i) *
                                                  (l < p.d ? get(u, p.x, i * p.d + l) : 1);
            ok &= close_to(ldexp((double)plain.sums[c * (p.d + 2) + l], -30), want, 1e-6);
        }
    EXPECT(ok);
    u->cx->fail_at = u->cx->allocations + 1;
    EXPECT(u->k->nearest->search(u->cx, &plain) == HY_EMEM);
    u->cx->fail_at = 0;
    plain.n = 0;
    EXPECT(u->k->nearest->search(u->cx, &plain) == HY_OK && u->cx->live == 0);
}

static void test_candidates(const unit *u)
{
    static const int64_t counts[] = { 1, 6, 16, 37 };
    for (int t = 0; t < 4; t++) {
        const int64_t m = counts[t];
        const problem p = random_problem(u, 5000, m, 9, -1, 1);
        void *near = array(u, p.n * m);
        double *total = zeros(2 * m * (int64_t)sizeof *total);
        const hy_candidates first = { p.n, m, p.d, p.x, p.y, near, -1, total };
        EXPECT(u->k->nearest->candidates(u->cx, &first) == HY_OK);
        const problem next = { p.n, m, p.d, p.x, random_array(u, 7, m * p.d, -1, 1), NULL, NULL };
        const hy_candidates second = { p.n, m, p.d, p.x, next.y, near, m / 2, total };
        EXPECT(u->k->nearest->candidates(u->cx, &second) == HY_OK);
        bool ok = true;
        for (int64_t c = 0; c < m; c++) {
            double want[2] = { 0 };
            for (int64_t i = 0; i < p.n; i++) {
                const double best = fmin(exact(u, &p, i, m / 2), exact(u, &next, i, c));
                ok &= close_to(get(u, near, i * m + c), best, 16 * u->eps);
                want[i / HY_PART] += best;
            }
            ok &= close_to(total[c], want[0], 1000 * u->eps) &&
                  close_to(total[m + c], want[1], 1000 * u->eps);
        }
        EXPECT(ok && u->cx->live == 0);
    }
}

static void test_reach(const unit *u)
{
    void *x = ARRAY(u, 1, -2, 0, -7, 1, 0), *out = array(u, 3);
    EXPECT(u->k->nearest->reach(u->cx, 2, 3, x, out) == HY_OK);
    EXPECT(get(u, out, 0) == 7 && get(u, out, 1) == 2 && get(u, out, 2) == 0);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    if (!cx)
        return 1;
    hy_threads(2);
    each_unit(cx, test_labels);
    each_unit(cx, test_ties);
    each_unit(cx, test_bytes_and_limits);
    each_unit(cx, test_bounds);
    each_unit(cx, test_candidates);
    each_unit(cx, test_reach);
    hy_ctx_free(cx);
    return check_done();
}
