/* Distances between all points, for methods that need nothing else: distances.c. */
#ifndef HY_MEDOIDS_H
#define HY_MEDOIDS_H

#include "cluster.h"

/* The n×n matrix where it is given or fits, otherwise some of its rows at a time. */
typedef struct hy_distances {
    hy_dtype dtype; /* f32 or f64 */
    int64_t n, d, size;
    bool squared, manhattan, given;
    const char *x;      /* the points: n×d */
    const char *matrix; /* n×n; or NULL: */
    char *block;        /* rows first … first + count − 1 */
    int64_t first, count, room;
    char *lone;    /* one row */
    char *columns; /* n×room, as the kernels give them */
    const hy_distance_kernels *kernels;
    const hy_manhattan_kernels *city;
} hy_distances;

/* From input 0 of the call; arg: flags squared, manhattan, distances (input 0 is the matrix);
 * the bytes that the matrix may take. */
hy_status hy_distances_read(hy_ctx *cx, hy_call *c, const hy_arg *arg, hy_distances *out);
/* Distances of all points to points first … first + *count − 1, a row for each of these; *count
 * may become smaller. Valid until the next call. */
hy_status hy_distances_rows(hy_ctx *cx, hy_distances *from, int64_t first, int64_t *count,
                            const char **rows);
/* The same for one point, which leaves those rows in place. */
hy_status hy_distances_row(hy_ctx *cx, hy_distances *from, int64_t at, const char **row);
/* distance[i] of each point to member[label[i]], without the rounding of matrix products. */
hy_status hy_distances_exact(hy_ctx *cx, hy_call *c, const hy_distances *from, int64_t k,
                             const int32_t *member, const int32_t *label, double *distance);

#endif
