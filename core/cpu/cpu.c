/* The CPU as a device: its kernel tables for three instruction levels, chosen when a context
 * starts. */
#include "cpu.h"

#include <dlfcn.h>
#include <string.h>

#define DECLARE(t, level)                                             \
    extern const hy_elementwise_kernels hy_elementwise_##t##_##level; \
    extern const hy_reduce_kernels hy_reduce_##t##_##level;           \
    extern const hy_matrix_kernels hy_matrix_##t##_##level;           \
    extern const hy_distance_kernels hy_distance_##t##_##level;       \
    extern const hy_nearest_kernels hy_nearest_##t##_##level;         \
    extern const hy_pair_kernels hy_pairs_##t##_##level;              \
    extern const hy_manhattan_kernels hy_manhattan_##t##_##level;     \
    extern const hy_index_kernels hy_index_##t##_##level;             \
    extern const hy_optim_kernels hy_optim_##t##_##level;             \
    extern const hy_network_kernels hy_network_##t##_##level;

#define REAL_KERNELS(t, level)                                                        \
    {                                                                                 \
        .elementwise = &hy_elementwise_##t##_##level, .move = &hy_move_##t##_##level, \
        .reduce = &hy_reduce_##t##_##level, .matrix = &hy_matrix_##t##_##level,       \
        .distance = &hy_distance_##t##_##level, .nearest = &hy_nearest_##t##_##level, \
        .pairs = &hy_pairs_##t##_##level, .manhattan = &hy_manhattan_##t##_##level,   \
        .index = &hy_index_##t##_##level,                                             \
        .optim = &hy_optim_##t##_##level, .network = &hy_network_##t##_##level,       \
    }

#define LEVEL(level)                                                                           \
    extern const hy_move_kernels hy_move_f32_##level, hy_move_f64_##level, hy_move_u8_##level, \
        hy_move_index_##level;                                                                 \
    DECLARE(f32, level)                                                                        \
    DECLARE(f64, level)                                                                        \
    static const hy_kernels kernels_##level[HY_DTYPES] = {                                     \
        [HY_F32] = REAL_KERNELS(f32, level),                                                   \
        [HY_F64] = REAL_KERNELS(f64, level),                                                   \
        [HY_U8] = { .move = &hy_move_u8_##level },                                             \
        [HY_INDEX] = { .move = &hy_move_index_##level },                                       \
    };

LEVEL(v1)
LEVEL(v3)
LEVEL(v4)

/* Best last. */
static const struct {
    const char *name;
    const hy_kernels *kernels;
} levels[] = {
    { "x86-64", kernels_v1 },
    { "x86-64-v3", kernels_v3 },
    { "x86-64-v4", kernels_v4 },
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

/* How many of the levels this machine runs. */
static int usable_levels(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return 1;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return 2;
    return 3;
}

hy_status hy_cpu_device(hy_ctx *cx, const char *level, hy_device *out)
{
    const int usable = usable_levels();
    int chosen = usable - 1;
    if (level) {
        for (chosen = 0; chosen < LEVELS && strcmp(levels[chosen].name, level) != 0;)
            chosen++;
        if (chosen == LEVELS)
            return hy_fail(cx, HY_EARG,
                           "unknown instruction level %s: expected x86-64, x86-64-v3 or x86-64-v4",
                           level);
        if (chosen >= usable)
            return hy_fail(cx, HY_EARG, "this machine cannot run %s, only %s", level,
                           levels[usable - 1].name);
    }
    *out = (hy_device){ .name = "cpu", .table = levels[chosen].name };
    for (int t = 0; t < HY_DTYPES; t++)
        out->kernels[t] = &levels[chosen].kernels[t];
    return HY_OK;
}

/* ---- oneDNN, if it is installed ---- */

/* How version 2 and 3 begin to describe themselves. */
typedef struct onednn_version {
    int major, minor, patch;
    const char *hash;
    unsigned cpu_runtime;
} onednn_version;
enum { ONEDNN_OPENMP = 2 };

/* Its product, from a build that shares our OpenMP threads; NULL when there is none. What is loaded
 * stays: its code runs in threads that outlive every context. */
static hy_sgemm_fn *load_onednn(void)
{
#ifdef __SANITIZE_ADDRESS__
    return NULL; /* the leak checker crashes where this library is loaded */
#endif
    void *library = dlopen("libdnnl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return NULL;
    const onednn_version *(*version)(void) = dlsym(library, "dnnl_version");
    hy_sgemm_fn *sgemm = dlsym(library, "dnnl_sgemm");
    return version && sgemm && version()->cpu_runtime == ONEDNN_OPENMP ? sgemm : NULL;
}

bool hy_onednn(hy_ctx *cx, bool wanted)
{
    hy_device *cpu = &cx->cpu;
    if (wanted && !cpu->sgemm)
        cpu->sgemm = load_onednn();
    cpu->onednn = wanted && cpu->sgemm ? HY_ONEDNN_ON : HY_ONEDNN_OFF;
    return cpu->onednn == HY_ONEDNN_ON;
}

bool hy_onednn_used(hy_ctx *cx)
{
    if (cx->cpu.onednn == HY_ONEDNN_UNSOUGHT)
        return hy_onednn(cx, true);
    return cx->cpu.onednn == HY_ONEDNN_ON;
}
