/* The only file that knows OpenMP. */
#include <cblas.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "../hyades.h"

/* In OpenBLAS builds with kernels for many CPUs, but in none of its headers. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

/* OpenBLAS chooses kernels by CPU model when it is loaded. A model that it does not know yet gets
 * SSE3, five times slower than the machine can do: then choose again, by instruction set. */
__attribute__((constructor)) static void choose_blas_kernels(void)
{
    static const char variable[] = "OPENBLAS_CORETYPE";
    if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit || getenv(variable) ||
        strcmp(openblas_get_corename(), "Prescott") != 0)
        return;
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!avx2 || setenv(variable, avx512 ? "SkylakeX" : "Haswell", 1) != 0)
        return;
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv(variable);
}

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
