/*
 * Squared Euclidean distances, sums by label.
 *
 * Distances go through |x|² + |y|² − 2 x·y, one matrix product per block of rows, after moving the
 * mean of y to the origin: without that, points far from the origin lose every digit. Where
 * there are few dimensions or few rows, differences are taken directly. The blocks depend on the
 * sizes alone, and within a parallel loop BLAS runs on one thread: same bits for any thread count.
 */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "math.h"
#include "rows.h"
#include "tiles.h"

#if defined REAL_f32
#define GEMM cblas_sgemm
#else
#define GEMM cblas_dgemm
#endif

enum {
    ROWS = 256,    /* of x in a block */
    DIRECT_D = 16, /* no matrix product up to this many dimensions, */
    DIRECT_K = 4,  /* or this many rows of y, */
    DIRECT_N = 8,  /* or this many of x */
    FEW_D = 128,   /* differences as well up to this many dimensions with LANES rows of y or less */
    PARTS = 16,
};

typedef struct distance_job {
    int64_t n, k, d;
    const real *x, *y;
    real *out;      /* n×k */
    bool groups;    /* by differences, LANES rows of y side by side */
    bool product;   /* through BLAS */
    int64_t rows;   /* in a block */
    int64_t blocks, strands;
    int64_t per;       /* blocks of a strand */
    int64_t from, to;  /* of these: at hand */
    real *mean, *norm; /* of y: d, k */
    real *centered;    /* y − mean; or groups of LANES rows of y, each transposed to d×LANES */
    real *scratch;     /* of every strand: rows×d centered rows of x */
} distance_job;

/* Distances of one x to `width` rows of y by differences; `first` is a multiple of LANES. */
static void direct_row(const distance_job *j, const real *x, int64_t first, int64_t width,
                       real *out)
{
    if (!j->groups) {
        for (int64_t c = 0; c < width; c++)
            out[c] = pair_distance(j->d, x, j->y + (first + c) * j->d);
        return;
    }
    for (int64_t c = 0; c < width; c += LANES) {
        const real *y = j->centered + (first + c) * j->d;
        vector sums[GROUP];
        group_distances(j->d, x, y, sums);
        store_group(sums, width - c, out + c);
    }
}

/* ---- blocks of rows ------------------------------------------------------------------------ */

/* The rows of block b moved by the mean of y. */
static void center_rows(const distance_job *j, int64_t first, int64_t rows, real *out)
{
    for (int64_t i = 0; i < rows; i++) {
        const real *x = j->x + (first + i) * j->d;
        EACH (l, 0, j->d)
            out[i * j->d + l] = x[l] - j->mean[l];
    }
}

/* out = −2 · rows · centeredᵀ for `width` rows of y from `column` on */
static void multiply(const distance_job *j, int64_t rows, const real *centered, int64_t column,
                     int64_t width, real *out, int64_t ld)
{
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows, (blasint)width, (blasint)j->d, -2,
         centered, (blasint)j->d, j->centered + column * j->d, (blasint)j->d, 0, out, (blasint)ld);
}

static void sqdist_block(const distance_job *j, int64_t block, real *scratch)
{
    const int64_t first = block * j->rows, rows = min_of(j->rows, j->n - first), k = j->k;
    real *out = j->out + first * k;
    if (!j->product) {
        for (int64_t i = 0; i < rows; i++)
            direct_row(j, j->x + (first + i) * j->d, 0, k, out + i * k);
        return;
    }
    center_rows(j, first, rows, scratch);
    multiply(j, rows, scratch, 0, k, out, k);
    for (int64_t i = 0; i < rows; i++) {
        const real norm = squared_norm(j->d, scratch + i * j->d);
        EACH (c, 0, k) {
            const real value = (norm + j->norm[c]) + out[i * k + c];
            out[i * k + c] = value < 0 ? 0 : value; /* NaN stays */
        }
    }
}

/* Strand s handles the s-th part of the blocks with scratch of its own. */
static void strand_range(void *arg, int64_t strand, int64_t end)
{
    const distance_job *j = arg;
    for (; strand < end; strand++) {
        const int64_t first = strand * j->per;
        for (int64_t b = first + j->from; b < min_of(j->blocks, first + j->to); b++)
            sqdist_block(j, b, j->scratch + (j->product ? strand * j->rows * j->d : 0));
    }
}

/* All blocks, with a look at the user about every tenth of a second. */
static hy_status run_strands(hy_ctx *cx, distance_job *j)
{
    enum { PER_LOOK = 1 << 28 }; /* multiplications of one strand */
    const int64_t look = max_of(1, PER_LOOK / max_of(1, j->rows * j->k * j->d));
    j->per = parts_of(j->blocks, j->strands);
    for (j->from = 0; j->from < j->per; j->from = j->to) {
        j->to = min_of(j->per, j->from + look);
        hy_parallel_for(j->strands, 1, strand_range, j);
        if (j->to < j->per)
            HY_TRY(hy_poll(cx, j->to, j->per));
    }
    return HY_OK;
}

static hy_status sqdist(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                        void *out)
{
    distance_job j = { .n = n, .k = k, .d = d, .x = x, .y = y, .out = out };
    if (n == 0 || k == 0)
        return HY_OK;
    j.groups = d <= DIRECT_D || (d <= FEW_D && k <= LANES);
    j.product = !j.groups && k > DIRECT_K && n > DIRECT_N;
    /* Two blocks at least: a single one would run outside a parallel loop, on BLAS's threads. */
    j.rows = min_of(ROWS, parts_of(n, 2));
    j.blocks = parts_of(n, j.rows);
    j.strands = min_of(j.blocks, hy_threads(0));
    const int64_t y_rows = j.groups ? parts_of(k, LANES) * LANES : j.product ? k : 0;
    const int64_t bytes = (d + k + y_rows * d + (j.product ? j.strands * j.rows * d : 0)) *
                          (int64_t)sizeof(real);
    void *memory;
    HY_TRY(hy_alloc(cx, bytes, &memory));
    j.mean = memory;
    j.norm = j.mean + d;
    j.centered = j.norm + k;
    j.scratch = j.centered + y_rows * d;
    if (j.groups)
        transpose_groups(k, d, y, j.centered);
    else if (j.product)
        center_on_mean(k, d, y, j.mean, j.centered, j.norm);
    const hy_status status = run_strands(cx, &j);
    hy_free(cx, memory, bytes);
    return status;
}

/* ---- sums by label ------------------------------------------------------------------------- */

/* Add rows first..first+rows to the sums and counts of their labels; −1 is skipped. */
static void add_rows(int64_t d, const real *x, const real *weight, const int32_t *label, int64_t first,
                     int64_t rows, double *sums, double *counts)
{
    for (int64_t i = first; i < first + rows; i++) {
        if (label[i] < 0)
            continue;
        const real *row = x + i * d;
        double *sum = sums + label[i] * d;
        const double w = weight ? (double)weight[i] : 1;
        counts[label[i]] += w;
        if (!weight)
            EACH (l, 0, d)
                sum[l] += (double)row[l];
        else
            EACH (l, 0, d)
                sum[l] += w * (double)row[l];
    }
}

typedef struct sums_job {
    int64_t n, k, d, part;
    const real *x, *weight;
    const int32_t *label;
    double *sums, *counts; /* of part 0 */
    double *more;          /* of the others: k×d sums, then k counts */
} sums_job;

static void sums_range(void *arg, int64_t begin, int64_t end)
{
    const sums_job *j = arg;
    for (int64_t p = begin; p < end; p++) {
        const int64_t size = j->k * (j->d + 1);
        double *sums = p == 0 ? j->sums : j->more + (p - 1) * size;
        double *counts = p == 0 ? j->counts : sums + j->k * j->d;
        memset(sums, 0, (size_t)(j->k * j->d) * sizeof *sums);
        memset(counts, 0, (size_t)j->k * sizeof *counts);
        const int64_t first = p * j->part;
        add_rows(j->d, j->x, j->weight, j->label, first, min_of(j->part, j->n - first), sums, counts);
    }
}

/* Parts whose number depends on n and k alone: as many as keep the sums smaller than the data. */
static int64_t sum_parts(int64_t n, int64_t k)
{
    return max_of(1, min_of(PARTS, n / (8 * max_of(k, 1))));
}

static hy_status label_sums(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x,
                            const void *weight, const int32_t *label, double *sums, double *counts)
{
    sums_job j = { .n = n,
                   .k = k,
                   .d = d,
                   .part = max_of(1, parts_of(n, sum_parts(n, k))),
                   .x = x,
                   .weight = weight,
                   .label = label,
                   .sums = sums,
                   .counts = counts };
    const int64_t parts = max_of(1, parts_of(n, j.part)), size = k * (d + 1);
    const int64_t bytes = (parts - 1) * size * (int64_t)sizeof(double);
    void *more;
    HY_TRY(hy_alloc(cx, bytes, &more));
    j.more = more;
    hy_parallel_for(parts, 1, sums_range, &j);
    for (int64_t p = 0; p < parts - 1; p++) {
        for (int64_t i = 0; i < k * d; i++)
            sums[i] += j.more[p * size + i];
        for (int64_t c = 0; c < k; c++)
            counts[c] += j.more[p * size + k * d + c];
    }
    hy_free(cx, more, bytes);
    return HY_OK;
}

typedef struct center_job {
    int64_t d;
    const real *x, *y;
    const int32_t *label;
    double *out;
} center_job;

static void center_range(void *arg, int64_t begin, int64_t end)
{
    const center_job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        double sum = 0; /* where there is no center */
        if (j->label[i] >= 0)
            sum = exact_distance(j->d, j->x + i * j->d, j->y + j->label[i] * j->d);
        j->out[i] = sum;
    }
}

static void to_center(int64_t n, int64_t d, const void *x, const void *y, const int32_t *label,
                      double *out)
{
    center_job j = { .d = d, .x = x, .y = y, .label = label, .out = out };
    hy_parallel_for(n, row_grain(d), center_range, &j);
}

extern const hy_distance_kernels HY_TABLE;
const hy_distance_kernels HY_TABLE = {
    .sqdist = sqdist,
    .label_sums = label_sums,
    .to_center = to_center,
};
