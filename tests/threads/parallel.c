/*
 * core/base/parallel.c for ThreadSanitizer, which does not see what OpenMP's library does. Plain
 * threads share the chunks as one deals cards, so that each has some however fast another is, and
 * nothing orders their work but start and end.
 */
#include <cblas.h>
#include <pthread.h>

#include "../../core/hyades.h"

enum { MOST = 8 };

typedef struct hand {
    hy_range_fn *fn;
    void *arg;
    int64_t n, grain, chunks;
    int64_t first, step;
} hand;

static _Atomic int threads = 1;
static _Thread_local bool inside;

static void *work(void *arg)
{
    const hand *h = arg;
    const bool outer = inside;
    inside = true;
    for (int64_t i = h->first; i < h->chunks; i += h->step)
        h->fn(h->arg, i * h->grain, i == h->chunks - 1 ? h->n : (i + 1) * h->grain);
    inside = outer;
    return NULL;
}

/* OpenMP counts threads for every thread that is not its own: one each, as in its parallel loops. */
static void *begin(void *arg)
{
    openblas_set_num_threads(1);
    return work(arg);
}

void hy_parallel_for(int64_t n, int64_t grain, hy_range_fn *fn, void *arg)
{
    const int64_t chunks = n > 0 ? (n + grain - 1) / grain : 0;
    const int players = inside || chunks < 2 ? 1 : threads;
    pthread_t thread[MOST];
    hand h[MOST];
    bool started[MOST] = { false };
    for (int i = 0; i < players; i++)
        h[i] = (hand){ fn, arg, n, grain, chunks, i, players };
    for (int i = 1; i < players; i++)
        started[i] = pthread_create(&thread[i], NULL, begin, &h[i]) == 0;
    for (int i = 0; i < players; i++)
        if (!started[i])
            work(&h[i]);
    for (int i = 1; i < players; i++)
        if (started[i])
            pthread_join(thread[i], NULL);
}

int hy_threads(int n)
{
    if (n > 0)
        threads = n < MOST ? n : MOST;
    openblas_set_num_threads(1); /* its threads are not watched */
    return threads;
}
