/* What the files of core/cluster offer each other. */
#ifndef HY_CLUSTER_H
#define HY_CLUSTER_H

#include "../device/kernels.h"

/* points.c: the points of an algorithm, and the passes over them. A pass works block by block, the
 * blocks fixed by the sizes alone, and polls between blocks: same bits for any thread count. */
typedef struct hy_points {
    const hy_distance_kernels *kernels;
    const hy_nearest_kernels *nearest;
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
/* Fills in what s says about the points, and searches. */
hy_status hy_points_search(hy_ctx *cx, const hy_points *p, hy_search *s);
/* sums (k×d) and counts (k) by label in f64; part and part_count are scratch of the same sizes. */
hy_status hy_points_sums(hy_ctx *cx, const hy_points *p, int64_t k, const void *weight,
                         const int32_t *label, double *sums, double *counts, double *part,
                         double *part_count);
/* No number of column l is larger than reach[l]. room: d numbers of the points' type. */
hy_status hy_points_reach(hy_ctx *cx, const hy_points *p, double *reach, void *room);
/* Squared distance of every point to the center of its label, exactly. */
hy_status hy_points_cost(hy_ctx *cx, const hy_points *p, const void *centers, const int32_t *label,
                         double *cost);
/* Weights of the points (vector or NULL), checked, in the type of the points; NULL: all 1. */
hy_status hy_points_weights(hy_ctx *cx, hy_call *c, const hy_points *p, hy_tensor *weights,
                            const void **out);
/* Element i of numbers of the given type (f32 or f64). */
double hy_number(hy_dtype dtype, const void *numbers, int64_t i);

/* plusplus.c: the op kmeans_plusplus. */
hy_status hy_kmeans_plusplus_fwd(hy_ctx *cx, hy_call *c);

/* pairs.c: the distances of all pairs of points, a tile of them at a time and never all at once.
 * Tiles that share rows come on one thread, their columns in ascending order. */
typedef struct hy_tile {
    int64_t strand; /* which of hy_pairs.strands brings it; each works on one block of rows */
    int64_t row, rows, column, columns;
    const void *distance; /* squared, rows × columns, in the type of the points */
    const void *row_norm, *column_norm;
} hy_tile;

typedef struct hy_pairs {
    const hy_points *p;
    const int32_t *order; /* the sequence of the points; NULL: as they are */
    bool careful;         /* small distances need their digits */
    void (*visit)(void *arg, const hy_tile *t);
    void *arg;
    const hy_pair_kernels *kernels; /* from here on: hy_pairs_prepare */
    int64_t block, blocks, strands;
    void *mean;
    char *scratch; /* of every strand: two blocks of points and of norms, a tile */
    int64_t scratch_size;
    int64_t first, from, to; /* the blocks of rows, and of columns, at hand */
} hy_pairs;

hy_status hy_pairs_prepare(hy_ctx *cx, hy_call *c, hy_pairs *j);
hy_status hy_pairs_run(hy_ctx *cx, hy_pairs *j);
/* How far a distance of a tile may be off, in parts of itself and of the norms of both points. */
double hy_pairs_error(const hy_points *p);

/* partition.c: the ids of t (at least one) renumbered 0, 1, … in ascending order; noise (-1) is an
 * id like any other. */
hy_status hy_rank_ids(hy_ctx *cx, hy_call *c, const hy_tensor *t, int32_t **rank, int64_t *count);

/* hungarian.c: the cheapest assignment of rows to columns of cost (rows × columns, rows ≤ columns,
 * values within ±HY_COST_MAX). column[i] becomes the column of row i. */
#define HY_COST_MAX 1e300
hy_status hy_hungarian(hy_ctx *cx, int64_t rows, int64_t columns, const double *cost,
                       int32_t *column);

/* mst.c: the root of i, where parent[root] is itself; paths become shorter on the way. */
int32_t hy_tree_root(int32_t *parent, int32_t i);

/* order.c: n finite values in ascending order. scratch: 16 bytes a value, aligned for doubles. */
void hy_sort_values(int64_t n, const double *x, double *sorted, void *scratch);

/* triangle.c: the lower triangle of the symmetric a (d×d) becomes l with a = l·lᵀ; false where a is
 * not positive definite up to rounding. room: d × HY_TRIANGLE_PANEL. */
enum { HY_TRIANGLE_PANEL = 16 };
bool hy_triangle_factor(hy_ctx *cx, const hy_matrix_kernels *m, int64_t d, double *a, double *room);
/* inverse = l⁻¹, with zeros above its diagonal. room: the same. */
void hy_triangle_invert(hy_ctx *cx, const hy_matrix_kernels *m, int64_t d, const double *l,
                        double *inverse, double *room);

/* dip.c: the dip of n sorted finite values (n ≤ INT32_MAX / 2), which is at least 1 / 2n unless
 * `zero`; the modal interval, and the triangle whose middle point is farthest from the chord of the
 * others (−1: none). scratch: HY_DIP_SCRATCH bytes a value, aligned for doubles. */
enum { HY_DIP_SCRATCH = 32 };
double hy_dip(int64_t n, const double *x, bool zero, void *scratch, int32_t interval[2],
              int32_t triangle[3]);

#endif
