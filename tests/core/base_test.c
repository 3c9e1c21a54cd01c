/* The base of core: contexts, counted memory, random streams, parallel loops, BLAS. */
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/hyades.h"
#include "check.h"

static void blas_is_the_openmp_build(void)
{
    enum { OPENMP = 2 };
    CHECK(openblas_get_parallel() == OPENMP);
}

static void memory_is_counted(void)
{
    hy_ctx *cx = hy_ctx_new();
    void *a, *b, *c;
    CHECK(hy_alloc(cx, 1000, &a) == HY_OK && (uintptr_t)a % 64 == 0);
    CHECK(hy_alloc(cx, 0, &b) == HY_OK && b != NULL);
    CHECK(cx->live == 1000 && cx->peak == 1000 && cx->fresh == 1000 && cx->allocations == 2);
    hy_free(cx, a, 1000);
    hy_free(cx, b, 0);
    CHECK(cx->live == 0 && cx->peak == 1000);

    CHECK(hy_alloc(cx, -1, &c) == HY_EMEM && c == NULL);
    CHECK(hy_alloc(cx, INT64_MAX, &c) == HY_EMEM && c == NULL);
    cx->fail_at = cx->allocations + 2;
    CHECK(hy_alloc(cx, 8, &a) == HY_OK);
    CHECK(hy_alloc(cx, 8, &b) == HY_EMEM && b == NULL && strstr(cx->message, "out of memory"));
    CHECK(hy_alloc(cx, 8, &c) == HY_OK);
    hy_free(cx, a, 8);
    hy_free(cx, c, 8);
    CHECK(cx->live == 0);
    hy_ctx_free(cx);
    hy_ctx_free(NULL);
}

static void failing_keeps_code_and_sentence(void)
{
    hy_ctx *cx = hy_ctx_new();
    CHECK(hy_fail(cx, HY_EARG, "row %d of %s", 7, "x") == HY_EARG);
    CHECK(cx->status == HY_EARG && strcmp(cx->message, "row 7 of x") == 0);
    char *text = malloc(5000);
    memset(text, 'a', 4999);
    text[4999] = 0;
    hy_fail(cx, HY_EIO, "%s", text);
    CHECK(strlen(cx->message) == sizeof cx->message - 1);
    free(text);
    hy_ctx_free(cx);
}

/* Known answers of Random123 for Philox 4x32-10, counter and key all zero and all ones. */
static void philox_matches_its_authors(void)
{
    uint32_t u[4];
    hy_philox(0, 0, 0, u);
    CHECK(u[0] == 0x6627e8d5 && u[1] == 0xe169c58d && u[2] == 0xbc57ac4c && u[3] == 0x9b00dbd8);
    hy_philox(UINT64_MAX, UINT64_MAX, UINT64_MAX, u);
    CHECK(u[0] == 0x408f276d && u[1] == 0x41c83b0e && u[2] == 0xa20bc7c6 && u[3] == 0x6d5451fd);
}

static void streams_differ_and_repeat(void)
{
    enum { DRAWS = 100000 };
    hy_rng a = hy_rng_new(7), b = hy_rng_new(7), c = hy_rng_new(8);
    hy_rng s = hy_rng_split(&a), t = hy_rng_split(&a), again = hy_rng_split(&b);
    CHECK(s.stream != t.stream && s.stream == again.stream && s.seed == again.seed);
    CHECK(hy_rng_uniform(&b) == hy_rng_uniform(&a)); /* splitting does not move the draws */
    CHECK(hy_rng_uniform(&a) != hy_rng_uniform(&c));
    CHECK(hy_uniform(7, 0, 1) == hy_rng_uniform(&b)); /* draw 1, addressed directly */

    double sum = 0, squares = 0;
    bool inside = true;
    for (int i = 0; i < DRAWS; i++) {
        const double u = hy_rng_uniform(&s);
        inside = inside && u > 0 && u < 1;
        sum += u;
        squares += u * u;
    }
    CHECK(inside);
    CHECK(fabs(sum / DRAWS - 0.5) < 0.005 && fabs(squares / DRAWS - 1.0 / 3) < 0.005);

    int count[6] = { 0 };
    for (int i = 0; i < 6000; i++) {
        const int64_t k = hy_rng_below(&t, 6);
        CHECK(k >= 0 && k < 6);
        count[k]++;
    }
    for (int k = 0; k < 6; k++)
        CHECK(abs(count[k] - 1000) < 150);
    CHECK(hy_rng_below(&t, 1) == 0);
}

enum { N = 100003, GRAIN = 1000 };

static void mark(void *arg, int64_t begin, int64_t end)
{
    unsigned char *seen = arg;
    for (int64_t i = begin; i < end; i++)
        seen[i]++;
}

/* Chunk by chunk, so that the result depends on the chunks alone. */
static void sum_chunk(void *arg, int64_t begin, int64_t end)
{
    double s = 0;
    for (int64_t i = begin; i < end; i++)
        s += 1.0 / (double)(i + 1);
    ((double *)arg)[begin / GRAIN] = s;
}

static double harmonic(int threads)
{
    static const int chunks = N / GRAIN + 1;
    double partial[N / GRAIN + 1] = { 0 }, sum = 0;
    hy_threads(threads);
    hy_parallel_for(N, GRAIN, sum_chunk, partial);
    for (int i = 0; i < chunks; i++)
        sum += partial[i];
    return sum;
}

static void parallel_loops_visit_everything_once(void)
{
    unsigned char *seen = calloc(N, 1);
    bool once = true;
    hy_parallel_for(N, GRAIN, mark, seen);
    for (int i = 0; i < N; i++)
        once = once && seen[i] == 1;
    CHECK(once);
    hy_parallel_for(0, GRAIN, mark, NULL);
    free(seen);

    const int before = hy_threads(0);
    const double one = harmonic(1);
    CHECK(hy_threads(0) == 1);
    CHECK(one == harmonic(2) && one == harmonic(3));
    CHECK(hy_threads(before) == before);
}

/* Each thread has its own context and must find its own numbers in it. */
static void *work(void *arg)
{
    const int64_t n = *(const int64_t *)arg;
    bool *fine = malloc(sizeof *fine);
    hy_ctx *cx = hy_ctx_new();
    *fine = cx != NULL;
    for (int round = 0; *fine && round < 200; round++) {
        hy_tensor *x, *out[HY_MAX_OUT];
        *fine = hy_tensor_new(cx, HY_F64, 1, &n, &x) == HY_OK && hy_fill(cx, x, 2) == HY_OK &&
                hy_run(cx, hy_op_find("sum"), 1, &x, (hy_arg[HY_MAX_ARG]){ { 0 } }, out) == HY_OK &&
                hy_get(out[0], 0) == 2 * (double)n;
        hy_unref(x);
        hy_unref(out[0]);
        hy_fail(cx, HY_EARG, "%lld", (long long)n);
        *fine = *fine && cx->live == 0 && atoll(cx->message) == n;
    }
    hy_ctx_free(cx);
    return fine;
}

static void two_contexts_share_nothing(void)
{
    pthread_t thread[2];
    const int64_t sizes[2] = { 1000, 30000 };
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&thread[i], NULL, work, (void *)&sizes[i]) == 0);
    for (int i = 0; i < 2; i++) {
        void *fine;
        CHECK(pthread_join(thread[i], &fine) == 0 && *(bool *)fine);
        free(fine);
    }
}

static void an_unknown_cpu_is_reported(void)
{
    setenv("HYADES_CPU", "abacus", 1);
    hy_ctx *cx = hy_ctx_new();
    CHECK(cx && cx->status == HY_EARG && strstr(cx->message, "abacus"));
    hy_ctx_free(cx);
    setenv("HYADES_CPU", "x86-64", 1);
    cx = hy_ctx_new();
    CHECK(cx && cx->status == HY_OK && strcmp(cx->cpu.table, "x86-64") == 0);
    hy_ctx_free(cx);
    unsetenv("HYADES_CPU");
}

int main(void)
{
    RUN(blas_is_the_openmp_build());
    RUN(memory_is_counted());
    RUN(failing_keeps_code_and_sentence());
    RUN(philox_matches_its_authors());
    RUN(streams_differ_and_repeat());
    RUN(parallel_loops_visit_everything_once());
    RUN(two_contexts_share_nothing());
    RUN(an_unknown_cpu_is_reported());
    return check_done();
}
