/*
 * Squared Euclidean distances, nearest rows, sums by label.
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
#include "narrow.h"

#if defined REAL_f32
#define GEMM cblas_sgemm
#else
#define GEMM cblas_dgemm
#endif

enum {
    ROWS = 256,    /* of x in a block */
    COLUMNS = 512, /* of the scratch in which assign looks for the smallest */
    DIRECT_D = 16, /* no matrix product up to this many dimensions, */
    DIRECT_K = 4,  /* or this many rows of y, */
    DIRECT_N = 8,  /* or this many of x */
    NARROW_K = 30, /* assign: up to this many rows of y tiles of our own beat BLAS */
    FEW_D = 128,   /* differences as well up to this many dimensions with LANES rows of y or less */
    PARTS = 16,
};

typedef struct distance_job {
    int64_t n, k, d;
    const real *x, *y;
    real *out;      /* sqdist: n×k */
    int32_t *label; /* assign */
    real *distance; /* assign; may be NULL */
    bool groups;    /* by differences, LANES rows of y side by side */
    bool product;   /* through BLAS */
    bool narrow;    /* through the tiles of narrow.h */
    int64_t rows;   /* in a block */
    int64_t blocks, strands;
    int64_t per;      /* blocks of a strand */
    int64_t from, to; /* of these: at hand */
    const real *weight; /* assign_sums; may be NULL */
    double *part;       /* assign_sums: of every strand, k×d sums and k counts; else NULL */
    real *mean, *norm; /* of y: d, k */
    real *centered;    /* y − mean; or groups of LANES rows of y, each transposed to d×LANES;
                          narrow: with as many rows of zeros as fill the last tile */
    real *scratch;     /* of every strand: rows×d centered rows of x, then rows×ld scores */
    int64_t ld;
    int64_t scratch_size;
} distance_job;

/* ---- one pair, few pairs ------------------------------------------------------------------- */

static real pair_distance(int64_t d, const real *x, const real *y)
{
    double sum = 0;
    LANE_SUM(sum, real, d, (x[i] - y[i]) * (x[i] - y[i]));
    return (real)sum;
}

static real squared_norm(int64_t d, const real *x)
{
    double sum = 0;
    LANE_SUM(sum, real, d, x[i] * x[i]);
    return (real)sum;
}

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
        real sums[LANES];
        group_distances(j->d, x, y, sums);
        for (int l = 0; l < LANES; l++) /* a memcpy of a few numbers costs more than they do */
            if (l < width - c)
                out[c + l] = sums[l];
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

/* Position of the first smallest score below `best`, or −1; NaN is never smallest. */
static int64_t first_smallest(int64_t n, const real *score, real *best)
{
    int64_t found = -1;
    real smallest = *best;
    if (n >= 2 * LANES) { /* the value in lanes first: usually nothing or one scan follows */
        real lane[LANES];
        int64_t i = 0;
        for (int l = 0; l < LANES; l++)
            lane[l] = smallest;
        for (; i + LANES <= n; i += LANES)
            for (int l = 0; l < LANES; l++)
                lane[l] = score[i + l] < lane[l] ? score[i + l] : lane[l];
        for (int l = 0; l < LANES; l++)
            smallest = lane[l] < smallest ? lane[l] : smallest;
        for (; i < n; i++)
            smallest = score[i] < smallest ? score[i] : smallest;
        if (smallest < *best)
            for (found = 0; score[found] != smallest;)
                found++;
    } else
        for (int64_t i = 0; i < n; i++)
            if (score[i] < smallest) {
                smallest = score[i];
                found = i;
            }
    *best = smallest;
    return found;
}

/* Labels of up to TILE_ROWS rows; the tile is filled up by repeating the last one. */
static void narrow_labels(const distance_job *j, const real *x, int64_t rows, int32_t *label)
{
    const real *row[TILE_ROWS];
    real best[TILE_ROWS], product[TILE_ROWS][TILE_CENTERS];
    for (int r = 0; r < TILE_ROWS; r++) {
        row[r] = x + min_of(r, rows - 1) * j->d;
        best[r] = INFINITY;
    }
    for (int64_t first = 0; first < j->k; first += TILE_CENTERS) {
        product_tile(j->d, row, j->mean, j->centered + first * j->d, product);
        for (int r = 0; r < rows; r++)
            for (int64_t c = 0; c < min_of(TILE_CENTERS, j->k - first); c++) {
                const real score = j->norm[first + c] - 2 * product[r][c];
                if (score < best[r]) {
                    best[r] = score;
                    label[r] = (int32_t)(first + c);
                }
            }
    }
}

/* Labels of the rows of a block by scores |y|² − 2 x·y (|x|² is the same for all), or by
 * differences where there is no product. */
static void scored_labels(const distance_job *j, int64_t first, int64_t rows, int32_t *label, real *scratch)
{
    real best[ROWS], *score = scratch + (j->product ? j->rows * j->d : 0);
    if (j->product)
        center_rows(j, first, rows, scratch);
    for (int64_t i = 0; i < rows; i++)
        best[i] = INFINITY;
    for (int64_t column = 0; column < j->k; column += COLUMNS) {
        const int64_t width = min_of(COLUMNS, j->k - column);
        if (j->product)
            multiply(j, rows, scratch, column, width, score, j->ld);
        for (int64_t i = 0; i < rows; i++) {
            real *row = score + i * j->ld;
            if (j->product)
                EACH (c, 0, width)
                    row[c] += j->norm[column + c];
            else
                direct_row(j, j->x + (first + i) * j->d, column, width, row);
            const int64_t found = first_smallest(width, row, &best[i]);
            if (found >= 0)
                label[i] = (int32_t)(column + found);
        }
    }
}

static void assign_block(const distance_job *j, int64_t block, real *scratch)
{
    const int64_t first = block * j->rows, rows = min_of(j->rows, j->n - first);
    const real *x = j->x + first * j->d;
    int32_t *label = j->label + first;
    memset(label, 0, (size_t)rows * sizeof *label); /* stays where every distance is NaN */
    if (j->narrow)
        for (int64_t i = 0; i < rows; i += TILE_ROWS)
            narrow_labels(j, x + i * j->d, min_of(TILE_ROWS, rows - i), label + i);
    else
        scored_labels(j, first, rows, label, scratch);
    for (int64_t i = 0; j->distance && i < rows; i++)
        j->distance[first + i] = pair_distance(j->d, x + i * j->d, j->y + label[i] * j->d);
}

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

/* Strand s handles the s-th part of the blocks with scratch of its own. */
static void strand_range(void *arg, int64_t strand, int64_t end)
{
    const distance_job *j = arg;
    const int64_t size = j->k * (j->d + 1);
    for (; strand < end; strand++) {
        real *scratch = j->scratch + strand * j->scratch_size;
        const int64_t first = strand * j->per;
        for (int64_t b = first + j->from; b < min_of(j->blocks, first + j->to); b++) {
            if (!j->label) {
                sqdist_block(j, b, scratch);
                continue;
            }
            assign_block(j, b, scratch);
            if (j->part) { /* the rows are still in the cache */
                double *part = j->part + strand * size;
                add_rows(j->d, j->x, j->weight, j->label, b * j->rows,
                         min_of(j->rows, j->n - b * j->rows), part, part + j->k * j->d);
            }
        }
    }
}

static void transpose_groups(const distance_job *j)
{
    const int64_t d = j->d, padded = parts_of(j->k, LANES) * LANES;
    for (int64_t c = 0; c < padded; c++)
        for (int64_t l = 0; l < d; l++)
            j->centered[c / LANES * LANES * d + l * LANES + c % LANES] =
                c < j->k ? j->y[c * d + l] : 0;
}

static void center_y(const distance_job *j)
{
    enum { STEP = 64 };
    const int64_t k = j->k, d = j->d;
    for (int64_t first = 0; first < d; first += STEP) {
        const int64_t width = min_of(STEP, d - first);
        double sum[STEP] = { 0 };
        for (int64_t c = 0; c < k; c++)
            for (int64_t l = 0; l < width; l++)
                sum[l] += (double)j->y[c * d + first + l];
        for (int64_t l = 0; l < width; l++)
            j->mean[first + l] = (real)(sum[l] / (double)k);
    }
    for (int64_t c = 0; c < k; c++) {
        for (int64_t l = 0; l < d; l++)
            j->centered[c * d + l] = j->y[c * d + l] - j->mean[l];
        j->norm[c] = squared_norm(d, j->centered + c * d);
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

static hy_status run_blocks(hy_ctx *cx, distance_job *j)
{
    const int64_t n = j->n, k = j->k, d = j->d;
    if (n == 0 || k == 0)
        return HY_OK;
    j->groups = d <= DIRECT_D || (d <= FEW_D && k <= LANES);
    j->narrow = !j->groups && j->label && k <= NARROW_K;
    j->product = !j->groups && !j->narrow && k > DIRECT_K && n > DIRECT_N;
    /* Two blocks at least: a single one would run outside a parallel loop, on BLAS's threads. */
    j->rows = min_of(ROWS, parts_of(n, 2));
    j->blocks = parts_of(n, j->rows);
    if (!j->part)
        j->strands = min_of(j->blocks, hy_threads(0));
    const int64_t y_rows = j->groups ? parts_of(k, LANES) * LANES
                         : j->narrow ? parts_of(k, TILE_CENTERS) * TILE_CENTERS
                         : j->product ? k : 0;
    const int64_t y_size = y_rows * d;
    j->ld = min_of(k, COLUMNS);
    j->scratch_size = j->rows * ((j->product ? d : 0) + (j->label ? j->ld : 0));
    const int64_t bytes = (d + k + y_size + j->strands * j->scratch_size) * (int64_t)sizeof(real);
    void *memory;
    HY_TRY(hy_alloc(cx, bytes, &memory));
    j->mean = memory;
    j->norm = j->mean + d;
    j->centered = j->norm + k;
    j->scratch = j->centered + y_size;
    if (j->groups)
        transpose_groups(j);
    else if (j->product || j->narrow) {
        center_y(j);
        memset(j->centered + k * d, 0, (size_t)((y_rows - k) * d) * sizeof(real));
    }
    const hy_status status = run_strands(cx, j);
    hy_free(cx, memory, bytes);
    return status;
}

static hy_status sqdist(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                        void *out)
{
    distance_job j = { .n = n, .k = k, .d = d, .x = x, .y = y, .out = out };
    return run_blocks(cx, &j);
}

static hy_status assign(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                        int32_t *label, void *distance)
{
    distance_job j = {
        .n = n, .k = k, .d = d, .x = x, .y = y, .label = label, .distance = distance
    };
    return run_blocks(cx, &j);
}

/* ---- sums by label ------------------------------------------------------------------------- */

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

static hy_status assign_sums(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                             const void *weight, int32_t *label, double *sums, double *counts)
{
    const int64_t strands = sum_parts(n, k), size = k * (d + 1);
    const int64_t bytes = strands * size * (int64_t)sizeof(double);
    distance_job j = { .n = n, .k = k, .d = d, .x = x, .y = y, .label = label, .weight = weight,
                       .strands = strands };
    void *part;
    HY_TRY(hy_alloc(cx, bytes, &part));
    j.part = memset(part, 0, (size_t)bytes);
    const hy_status status = run_blocks(cx, &j);
    memset(sums, 0, (size_t)(k * d) * sizeof *sums);
    memset(counts, 0, (size_t)k * sizeof *counts);
    for (int64_t s = 0; s < strands; s++) {
        EACH (i, 0, k * d)
            sums[i] += j.part[s * size + i];
        EACH (c, 0, k)
            counts[c] += j.part[s * size + k * d + c];
    }
    hy_free(cx, part, bytes);
    return status;
}

typedef struct center_job {
    int64_t d;
    const real *x, *y;
    const int32_t *label;
    double *out;
} center_job;

static double exact_distance(int64_t d, const real *x, const real *y)
{
    double sum = 0;
    LANE_SUM(sum, double, d, ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]));
    return sum;
}

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
    .assign = assign,
    .label_sums = label_sums,
    .assign_sums = assign_sums,
    .to_center = to_center,
};
