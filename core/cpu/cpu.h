/*
 * What the CPU kernels share. Each .c file here is compiled once for every dtype (`real`) and
 * instruction level and exports one const table, HY_TABLE.
 *
 * Loops made by EACH may run in place (output = input) but not on operands that overlap otherwise.
 */
#ifndef HY_CPU_H
#define HY_CPU_H

#include "../device/kernels.h"

#define EACH(i, begin, end) _Pragma("GCC ivdep") for (int64_t i = begin; i < (end); i++)

enum {
    GRAIN = 16384, /* elements per parallel chunk of cheap work */
    LANES = 16,    /* partial sums side by side */
};

static inline int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t parts_of(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

/* Rows of this length that make up one parallel chunk. */
static inline int64_t row_grain(int64_t length)
{
    return max_of(1, GRAIN / max_of(1, length));
}

/* total += the sum of `term`, an expression in i, over i < n: in LANES lanes of `type`, joined in
 * f64. Short enough sums (a few thousand) lose nothing that matters. */
#define LANE_SUM(total, type, n, term)               \
    do {                                             \
        type lane_[LANES] = { 0 };                   \
        int64_t done_ = 0;                           \
        for (; done_ + LANES <= (n); done_ += LANES) \
            for (int l_ = 0; l_ < LANES; l_++) {     \
                const int64_t i = done_ + l_;        \
                lane_[l_] += (term);                 \
            }                                        \
        if (done_ > 0)                               \
            for (int l_ = 0; l_ < LANES; l_++)       \
                (total) += (double)lane_[l_];        \
        for (int64_t i = done_; i < (n); i++)        \
            (total) += (double)(term);               \
    } while (0)

/* Elements [begin, end) of a grid as runs along the innermost dimension. */
typedef struct walk {
    const hy_grid *grid;
    int operands;
    int64_t left, length; /* elements still to visit, and in the run at hand (0: done) */
    int64_t at[HY_MAX_DIM];
    int64_t offset[4]; /* of the run's first element in each operand */
} walk;

static inline int64_t grid_total(const hy_grid *grid)
{
    int64_t total = 1;
    for (int d = 0; d < grid->ndim; d++)
        total *= grid->n[d];
    return total;
}

/* Stride of an operand along the runs. */
static inline int64_t run_stride(const hy_grid *grid, int operand)
{
    return grid->ndim > 0 ? grid->stride[operand][grid->ndim - 1] : 0;
}

static inline void walk_measure(walk *w)
{
    const int last = w->grid->ndim - 1;
    w->length = last < 0 ? w->left : min_of(w->left, w->grid->n[last] - w->at[last]);
}

static inline walk walk_begin(const hy_grid *grid, int operands, int64_t begin, int64_t end)
{
    walk w = { .grid = grid, .operands = operands, .left = end - begin };
    for (int d = grid->ndim - 1; d >= 0; d--) {
        w.at[d] = begin % grid->n[d];
        begin /= grid->n[d];
        for (int o = 0; o < operands; o++)
            w.offset[o] += w.at[d] * grid->stride[o][d];
    }
    walk_measure(&w);
    return w;
}

static inline void walk_step(walk *w)
{
    const hy_grid *grid = w->grid;
    int64_t steps = w->length;
    w->left -= steps;
    for (int d = grid->ndim - 1; d >= 0; d--) {
        w->at[d] += steps;
        for (int o = 0; o < w->operands; o++)
            w->offset[o] += steps * grid->stride[o][d];
        if (w->at[d] < grid->n[d])
            break;
        for (int o = 0; o < w->operands; o++) /* carry into the next dimension outwards */
            w->offset[o] -= w->at[d] * grid->stride[o][d];
        w->at[d] = 0;
        steps = 1;
    }
    walk_measure(w);
}

#endif
