/* Eigenvalues of many small symmetric matrices, and the largest few of one. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "linalg.h"

/* ---- many ---- */

typedef struct batch {
    lapack_int n, work_size, iwork_size;
    bool vectors;
    int64_t count, first, per; /* matrices; of them the group at hand begins; of a strand */
    double *a, *values, *work;
    lapack_int *iwork;
    lapack_int *info; /* of each strand */
} batch;

/* Only one triangle is read, as LAPACK does; a becomes the vectors, one after the other. */
static void decompose_strand(void *arg, int64_t strand, int64_t end)
{
    const batch *b = arg;
    const int64_t n = b->n, left = b->count - b->first;
    const int64_t stop = end * b->per < left ? end * b->per : left;
    for (int64_t i = b->first + strand * b->per; i < b->first + stop; i++) {
        double *a = b->a + i * n * n;
        const lapack_int info =
            LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, b->vectors ? 'V' : 'N', 'U', b->n, a, b->n,
                                b->values + i * n, b->work + strand * b->work_size, b->work_size,
                                b->iwork + strand * b->iwork_size, b->iwork_size);
        b->info[strand] = info != 0 ? info : b->info[strand];
        for (int64_t v = 0; b->vectors && v < n; v++)
            if (hy_linalg_is_flipped(n, a + v * n))
                for (int64_t j = 0; j < n; j++)
                    a[v * n + j] = -a[v * n + j];
    }
}

static hy_status need_matrices(hy_ctx *cx, const hy_tensor *x)
{
    enum { SIDE = 4096 };
    char text[160];
    HY_TRY(hy_need_real(cx, x));
    if (x->ndim != 3 || x->shape[1] != x->shape[2])
        return hy_fail(cx, HY_EARG, "x must be b×n×n, square matrices, got %s",
                       hy_shape_text(x, text));
    if (x->shape[1] > SIDE)
        return hy_fail(cx, HY_EARG, "x is %s; eigh takes matrices of that size",
                       hy_shape_text(x, text));
    return HY_OK;
}

static hy_status need_all_finite(hy_ctx *cx, const double *a, int64_t count, int64_t each)
{
    for (int64_t i = 0; i < count * each; i++)
        if (!isfinite(a[i]))
            return hy_fail(cx, HY_ENUMERIC, "x holds %g in matrix %lld", a[i],
                           (long long)(i / each) + 1);
    return HY_OK;
}

static hy_status workspace(hy_ctx *cx, hy_call *c, int64_t strands, batch *b)
{
    hy_tensor *work, *iwork, *info;
    double size, value;
    LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', b->n, b->a, b->n, &value, &size, -1,
                        &b->iwork_size, -1);
    b->work_size = (lapack_int)size;
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ strands, b->work_size }, &work));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 2, (int64_t[]){ strands, b->iwork_size }, &iwork));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &strands, &info));
    b->work = hy_data(work);
    b->iwork = hy_data(iwork);
    b->info = memset(hy_data(info), 0, (size_t)strands * sizeof *b->info);
    return HY_OK;
}

/* In groups, with a look for an interrupt between them. A parallel loop of several strands keeps
 * BLAS to one thread, even where there is only one matrix. */
static hy_status decompose_all(hy_ctx *cx, hy_call *c, batch *b)
{
    enum { STRANDS = 16 };
    const int64_t n = b->n, most = ((int64_t)1 << 26) / (n * n * n) / STRANDS;
    const int64_t share = (b->count + STRANDS - 1) / STRANDS;
    b->per = most < 1 ? 1 : most < share ? most : share;
    HY_TRY(workspace(cx, c, STRANDS, b));
    for (; b->first < b->count; b->first += STRANDS * b->per) {
        HY_TRY(hy_poll(cx, b->first, b->count));
        hy_parallel_for(STRANDS, 1, decompose_strand, b);
    }
    for (int64_t s = 0; s < STRANDS; s++)
        if (b->info[s] != 0)
            return hy_fail(cx, HY_ENUMERIC, "the eigenvalues did not converge");
    return HY_OK;
}

hy_status hy_eigh_batch_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *copy, *values;
    HY_TRY(need_matrices(cx, x));
    const int64_t count = x->shape[0], n = x->shape[1];
    HY_TRY(hy_temp(cx, c, HY_F64, 3, x->shape, &copy));
    HY_TRY(hy_copy_into(cx, x, copy));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, x->shape, &values));
    batch b = { .vectors = c->arg[0].i,
                .count = count,
                .n = (lapack_int)n,
                .a = hy_data(copy),
                .values = hy_data(values) };
    HY_TRY(need_all_finite(cx, b.a, count, n * n));
    if (count > 0 && n > 0)
        HY_TRY(decompose_all(cx, c, &b));
    HY_TRY(hy_linalg_out(cx, c, 0, values));
    if (!b.vectors)
        return HY_OK;
    HY_TRY(hy_temp_swap(cx, c, copy, 1, 2, &copy));
    return hy_linalg_out(cx, c, 1, copy);
}

/* ---- the largest ---- */

typedef struct largest {
    lapack_int n, k, found;
    double *a, *values, *vectors;
    lapack_int *support, *iwork, liwork, lwork, info;
    double *work;
} largest;

static void run_lapack(void *arg, int64_t begin, int64_t end)
{
    largest *l = arg;
    if (begin == 0 && end > 0)
        l->info = LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'U', l->n, l->a, l->n, 0, 0,
                                      l->n - l->k + 1, l->n, 0, &l->found, l->values, l->vectors,
                                      l->n, l->support, l->work, l->lwork, l->iwork, l->liwork);
}

static hy_status find_largest(hy_ctx *cx, hy_call *c, largest *l)
{
    enum { SMALL = 1024 };
    hy_tensor *work, *iwork;
    double size;
    l->lwork = l->liwork = -1;
    l->work = &size;
    l->iwork = &l->liwork;
    run_lapack(l, 0, 1);
    l->lwork = (lapack_int)size;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ l->lwork }, &work));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ l->liwork }, &iwork));
    l->work = hy_data(work);
    l->iwork = hy_data(iwork);
    /* of two chunks one works, with BLAS on one thread: below this size threads only wait for each
     * other, and the bits do not depend on their number */
    hy_parallel_for(l->n <= SMALL ? 2 : 1, 1, run_lapack, l);
    return l->info == 0 && l->found == l->k
               ? HY_OK
               : hy_fail(cx, HY_ENUMERIC, "the eigenvalues did not converge");
}

/* LAPACK's ascending vectors, one after the other, as columns in descending order. */
static void turn_round(const largest *l, double *values, double *vectors)
{
    const int64_t n = l->n, k = l->k;
    for (int64_t i = 0; i < k; i++) {
        const double *v = l->vectors + (k - 1 - i) * n;
        const double sign = hy_linalg_is_flipped(n, v) ? -1 : 1;
        values[i] = l->values[k - 1 - i];
        for (int64_t j = 0; j < n; j++)
            vectors[j * k + i] = sign * v[j];
    }
}

hy_status hy_eigh_largest_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *a, *values, *vectors, *support, *top, *columns;
    const int64_t n = x->shape[0], k = c->arg[0].i;
    HY_TRY(hy_linalg_need_square(cx, x, "x"));
    HY_TRY(hy_linalg_need_small(cx, x, "x"));
    if (k < 1 || k > n)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be from 1 to the %lld rows of x",
                       (long long)k, (long long)n);
    HY_TRY(hy_linalg_read(cx, c, x, "x", &a));
    HY_TRY(hy_linalg_need_symmetric(cx, x, hy_data(a), "x"));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &values));
    HY_TRY(hy_linalg_new(cx, c, k, n, &vectors));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ 2 * n }, &support));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &k, &top));
    HY_TRY(hy_linalg_new(cx, c, n, k, &columns));
    largest l = { .n = (lapack_int)n,
                  .k = (lapack_int)k,
                  .a = hy_data(a),
                  .values = hy_data(values),
                  .vectors = hy_data(vectors),
                  .support = hy_data(support) };
    HY_TRY(find_largest(cx, c, &l));
    turn_round(&l, hy_data(top), hy_data(columns));
    HY_TRY(hy_linalg_out(cx, c, 0, top));
    return hy_linalg_out(cx, c, 1, columns);
}
