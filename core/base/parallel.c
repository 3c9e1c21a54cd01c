/* The only file that knows OpenMP. */
#include <cblas.h>
#include <omp.h>

#include "../hyades.h"

void hy_parallel_for(int64_t n, int64_t grain, hy_range_fn *fn, void *arg)
{
    const int64_t chunks = n > 0 ? (n + grain - 1) / grain : 0;
    if (chunks <= 1) {
        if (chunks == 1)
            fn(arg, 0, n);
        return;
    }
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t i = 0; i < chunks; i++)
        fn(arg, i * grain, i == chunks - 1 ? n : (i + 1) * grain);
}

int hy_threads(int n)
{
    if (n > 0) {
        omp_set_num_threads(n);
        openblas_set_num_threads(n);
    }
    return omp_get_max_threads();
}
