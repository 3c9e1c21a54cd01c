/* All ops, family by family. A family is an array that ends with a row without a name. */
#include <string.h>

#include "ops.h"

static const hy_op *const families[] = {
    hy_ops_elementwise,
    hy_ops_create,
    hy_ops_shape,
    hy_ops_reduce,
    hy_ops_softmax,
    hy_ops_matrix,
    hy_ops_distance,
    hy_ops_index,
    hy_ops_sort,
    hy_ops_random,
    hy_ops_network,
    hy_ops_optim,
    hy_ops_linear,
    hy_ops_entropy,
    hy_ops_error,
    hy_ops_similarity,
    hy_ops_spectral_norm,
    hy_ops_picture,
    hy_ops_color,
    hy_ops_linalg,
    hy_ops_kmeans,
    hy_ops_means,
    hy_ops_partition,
    hy_ops_dip,
    hy_ops_gmm,
    hy_ops_neighbors,
    hy_ops_tree,
    hy_ops_scatter,
    hy_ops_medians,
    hy_ops_medoids,
    hy_ops_oriented,
    hy_ops_neighborhoods,
    hy_ops_givens,
    hy_ops_linkage,
    hy_ops_gibbs,
    hy_ops_affinity,
};

enum { FAMILIES = sizeof families / sizeof *families };

int hy_op_count(void)
{
    int n = 0;
    for (int f = 0; f < FAMILIES; f++)
        for (const hy_op *op = families[f]; op->name; op++)
            n++;
    return n;
}

const hy_op *hy_op_at(int i)
{
    for (int f = 0; f < FAMILIES; f++)
        for (const hy_op *op = families[f]; op->name; op++)
            if (i-- == 0)
                return op;
    return NULL;
}

const hy_op *hy_op_find(const char *name)
{
    for (int f = 0; f < FAMILIES; f++)
        for (const hy_op *op = families[f]; op->name; op++)
            if (strcmp(op->name, name) == 0)
                return op;
    return NULL;
}
