/* What the files of core/cluster offer each other. */
#ifndef HY_CLUSTER_H
#define HY_CLUSTER_H

#include "../device/kernels.h"

/* points.c: the points of an algorithm, and the passes over them. A pass works block by block, the
 * blocks fixed by the sizes alone, and polls between blocks: same bits for any thread count. */
typedef struct hy_points {
    const hy_distance_kernels *kernels;
    hy_dtype dtype;     /* f32 or f64: what the kernels compute with */
    int64_t n, d, size; /* size: bytes of one number of this type */
    const char *x;      /* NULL: the points are bytes, which become f32 block by block */
    const uint8_t *bytes;
    float *block; /* room for block_rows of them */
    int64_t block_rows;
} hy_points;

/* x (f32, f64 or u8) with at least one column, every value finite. */
hy_status hy_points_read(hy_ctx *cx, hy_call *c, hy_tensor *x, const char *name, hy_points *out);
/* The n points from `begin`, valid until the next call; n ≤ hy_points_most(p, n). */
const void *hy_points_block(const hy_points *p, int64_t begin, int64_t n);
/* The rows of a block: those wanted, or fewer where they must be converted. */
int64_t hy_points_most(const hy_points *p, int64_t wanted);
/* Point i, copied. */
void hy_points_copy(const hy_points *p, int64_t i, void *to);
/* Nearest of the k centers: label and, unless NULL, squared distance of every point. */
hy_status hy_points_assign(hy_ctx *cx, const hy_points *p, int64_t k, const void *centers,
                           int32_t *label, void *distance);
/* sums (k×d) and counts (k) by label in f64; part and part_count are scratch of the same sizes. */
hy_status hy_points_sums(hy_ctx *cx, const hy_points *p, int64_t k, const void *weight,
                         int32_t *label, double *sums, double *counts, double *part,
                         double *part_count);
/* Both in one pass over the points. */
hy_status hy_points_step(hy_ctx *cx, const hy_points *p, int64_t k, const void *centers,
                         const void *weight, int32_t *label, double *sums, double *counts,
                         double *part, double *part_count);
/* Squared distance of every point to the center of its label, exactly. */
hy_status hy_points_cost(hy_ctx *cx, const hy_points *p, const void *centers, const int32_t *label,
                         double *cost);
/* Element i of numbers of the given type (f32 or f64). */
double hy_number(hy_dtype dtype, const void *numbers, int64_t i);

/* hungarian.c: the cheapest assignment of rows to columns of cost (rows × columns, rows ≤ columns,
 * values within ±HY_COST_MAX). column[i] becomes the column of row i. */
#define HY_COST_MAX 1e300
hy_status hy_hungarian(hy_ctx *cx, int64_t rows, int64_t columns, const double *cost,
                       int32_t *column);

/* triangle.c: the lower triangle of the symmetric a (d×d) becomes l with a = l·lᵀ; false where a is
 * not positive definite up to rounding. room: d × HY_TRIANGLE_PANEL. */
enum { HY_TRIANGLE_PANEL = 16 };
bool hy_triangle_factor(const hy_matrix_kernels *m, int64_t d, double *a, double *room);
/* inverse = l⁻¹, with zeros above its diagonal. room: the same. */
void hy_triangle_invert(const hy_matrix_kernels *m, int64_t d, const double *l, double *inverse,
                        double *room);

/* dip.c: the dip of n sorted finite values (n ≤ INT32_MAX / 2), which is at least 1 / 2n unless
 * `zero`; the modal interval, and the triangle whose middle point is farthest from the chord of the
 * others (−1: none). scratch: HY_DIP_SCRATCH bytes a value, aligned for doubles. */
enum { HY_DIP_SCRATCH = 32 };
double hy_dip(int64_t n, const double *x, bool zero, void *scratch, int32_t interval[2],
              int32_t triangle[3]);

#endif
