/* Other shapes of the same values: views without a copy, and joining, copying, converting. */
#include <string.h>

#include "ops.h"

/* How a view lies on its storage. */
typedef struct frame {
    int ndim;
    int64_t shape[HY_MAX_DIM], stride[HY_MAX_DIM], offset;
} frame;

static frame frame_of(const hy_tensor *x)
{
    frame f = { .ndim = x->ndim, .offset = x->offset };
    memcpy(f.shape, x->shape, sizeof f.shape);
    memcpy(f.stride, x->stride, sizeof f.stride);
    return f;
}

static void frame_cut(frame *f, int axis, int64_t first, int64_t n)
{
    f->offset += first * f->stride[axis];
    f->shape[axis] = n;
}

static void frame_drop(frame *f, int axis)
{
    f->ndim--;
    for (int d = axis; d < f->ndim; d++) {
        f->shape[d] = f->shape[d + 1];
        f->stride[d] = f->stride[d + 1];
    }
}

static void frame_swap(frame *f, int a, int b)
{
    const int64_t n = f->shape[a], step = f->stride[a];
    f->shape[a] = f->shape[b];
    f->stride[a] = f->stride[b];
    f->shape[b] = n;
    f->stride[b] = step;
}

static hy_status give(hy_ctx *cx, hy_call *c, hy_tensor *base, const frame *f)
{
    return hy_out_view(cx, c, 0, base, f->ndim, f->shape, f->stride, f->offset);
}

static hy_status fail_to_shape(hy_ctx *cx, const char *verb, const hy_tensor *x, const hy_arg *to)
{
    char from[160], wanted[160];
    hy_tensor t = { .ndim = to->n };
    memcpy(t.shape, to->list, sizeof t.shape);
    return hy_fail(cx, HY_EARG, "cannot %s %s to %s", verb, hy_shape_text(x, from),
                   hy_shape_text(&t, wanted));
}

/* Gradient of a view that shows a part of x: the same view of zeros, filled with g. */
static hy_status part_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *zeros, *part;
    HY_TRY(hy_temp_zeros(cx, c, c->source[0], &zeros));
    HY_TRY(hy_temp_run(cx, c, c->op->name, zeros, NULL, c->arg, &part));
    HY_TRY(hy_copy_into(cx, c->grad[0], part));
    return hy_pass(cx, c, 0, zeros);
}

/* Gradient of a view that shows all of x in another shape. */
static hy_status shape_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g;
    HY_TRY(hy_temp_reshape(cx, c, c->grad[0], c->source[0]->ndim, c->source[0]->shape, &g));
    return hy_pass(cx, c, 0, g);
}

static hy_status same_bwd(hy_ctx *cx, hy_call *c)
{
    return hy_pass(cx, c, 0, c->grad[0]);
}

/* ---- order of axes ---- */

static hy_status t_fwd(hy_ctx *cx, hy_call *c)
{
    frame f = frame_of(c->in[0]);
    if (f.ndim < 2)
        return hy_fail(cx, HY_EARG, "x has %d axes; there are no two to swap", f.ndim);
    frame_swap(&f, f.ndim - 2, f.ndim - 1);
    return give(cx, c, c->in[0], &f);
}

static hy_status t_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g;
    HY_TRY(hy_temp_run(cx, c, "t", c->grad[0], NULL, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

static hy_status permute_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const hy_arg *axes = &c->arg[0];
    frame f = frame_of(x);
    bool seen[HY_MAX_DIM] = { false };
    if (axes->n != x->ndim)
        return hy_fail(cx, HY_EARG, "got %d axes for a tensor of %d", axes->n, x->ndim);
    for (int d = 0; d < x->ndim; d++) {
        const int64_t from = axes->list[d];
        if (from < 0 || from >= x->ndim || seen[from])
            return hy_fail(cx, HY_EARG, "axes must name each of 1..%d once", x->ndim);
        seen[from] = true;
        f.shape[d] = x->shape[from];
        f.stride[d] = x->stride[from];
    }
    return give(cx, c, c->in[0], &f);
}

static hy_status permute_bwd(hy_ctx *cx, hy_call *c)
{
    hy_arg back[HY_MAX_ARG] = { { .given = true, .n = c->arg[0].n } };
    hy_tensor *g;
    for (int d = 0; d < back[0].n; d++)
        back[0].list[c->arg[0].list[d]] = d;
    HY_TRY(hy_temp_run(cx, c, "permute", c->grad[0], NULL, back, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- other shapes ---- */

/* Strides that show x in another shape of as many elements; false when only a copy can. */
static bool restride(const hy_tensor *x, int ndim, const int64_t *shape, int64_t *stride)
{
    int64_t old[HY_MAX_DIM], step[HY_MAX_DIM];
    int n = 0, i = 0, j = 0;
    for (int d = 0; d < x->ndim; d++)
        if (x->shape[d] != 1) {
            old[n] = x->shape[d];
            step[n++] = x->stride[d];
        }
    while (i < n && j < ndim) {
        const int first = j;
        int64_t a = old[i], b = shape[j];
        while (a != b)
            if (a < b) {
                if (step[i] != old[i + 1] * step[i + 1])
                    return false;
                a *= old[++i];
            } else {
                b *= shape[++j];
            }
        stride[j] = step[i++];
        for (int d = j++; d > first; d--)
            stride[d - 1] = stride[d] * shape[d];
    }
    for (; j < ndim; j++)
        stride[j] = 1;
    return true;
}

static hy_status show_as(hy_ctx *cx, hy_call *c, int ndim, const int64_t *shape)
{
    frame f = frame_of(c->in[0]);
    hy_tensor *x = c->in[0];
    const bool view = hy_numel(x) > 0 && restride(x, ndim, shape, f.stride);
    if (!view) {
        HY_TRY(hy_temp_contiguous(cx, c, x, &x));
        f.offset = x->offset;
        int64_t step = 1;
        for (int d = ndim - 1; d >= 0; step *= shape[d--])
            f.stride[d] = step;
    }
    return hy_out_view(cx, c, 0, x, ndim, shape, f.stride, f.offset);
}

static hy_status reshape_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    hy_arg to = c->arg[0];
    int64_t known = 1;
    int open = -1;
    for (int d = 0; d < to.n; d++) {
        if (to.list[d] == -1 && open < 0)
            open = d;
        else if (to.list[d] < 0 || __builtin_mul_overflow(known, to.list[d], &known))
            return fail_to_shape(cx, "reshape", x, &c->arg[0]);
    }
    if (open >= 0 && known > 0 && hy_numel(x) % known == 0) {
        to.list[open] = hy_numel(x) / known;
        known *= to.list[open];
        open = -1;
    }
    if (open >= 0 || known != hy_numel(x))
        return fail_to_shape(cx, "reshape", x, &c->arg[0]);
    return show_as(cx, c, to.n, to.list);
}

static hy_status flatten_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const int first = c->arg[0].given ? (int)c->arg[0].i : 0;
    int64_t shape[HY_MAX_DIM] = { 0 };
    memcpy(shape, x->shape, sizeof shape);
    shape[first] = 1;
    for (int d = first; d < x->ndim; d++)
        shape[first] *= x->shape[d];
    return show_as(cx, c, first + 1, shape);
}

static hy_status expand_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const hy_arg *to = &c->arg[0];
    const int ahead = to->n - x->ndim;
    frame f = { .ndim = to->n, .offset = x->offset };
    for (int d = 0; d < to->n; d++) {
        const int own = d - ahead;
        const int64_t have = own < 0 ? 1 : x->shape[own];
        f.shape[d] = to->list[d] == -1 && own >= 0 ? have : to->list[d];
        f.stride[d] = have == 1 ? 0 : x->stride[own];
        if (f.shape[d] < 0 || (have != 1 && f.shape[d] != have))
            return fail_to_shape(cx, "stretch", x, to);
    }
    if (ahead < 0)
        return fail_to_shape(cx, "stretch", x, to);
    return give(cx, c, c->in[0], &f);
}

/* Position of an axis that is added to `ndim` others, from 1 or, negative, from the end. */
static hy_status added_axis(hy_ctx *cx, int64_t axis, int ndim, int *out)
{
    const int64_t at = axis < 0 ? ndim + 1 + axis : axis - 1;
    *out = (int)at;
    if (at < 0 || at > ndim)
        return hy_fail(cx, HY_EARG, "axis %lld is outside 1..%d", (long long)axis, ndim + 1);
    if (ndim == HY_MAX_DIM)
        return hy_fail(cx, HY_EARG, "a tensor has at most %d axes", HY_MAX_DIM);
    return HY_OK;
}

static hy_status unsqueeze_fwd(hy_ctx *cx, hy_call *c)
{
    frame f = frame_of(c->in[0]);
    int axis;
    HY_TRY(added_axis(cx, c->arg[0].i, f.ndim, &axis));
    for (int d = f.ndim++; d > axis; d--) {
        f.shape[d] = f.shape[d - 1];
        f.stride[d] = f.stride[d - 1];
    }
    f.shape[axis] = f.stride[axis] = 1;
    return give(cx, c, c->in[0], &f);
}

static hy_status squeeze_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_arg *axis = &c->arg[0];
    frame f = frame_of(c->in[0]);
    if (axis->given && f.shape[axis->i] != 1)
        return hy_fail(cx, HY_EARG, "axis %d has size %lld; only size 1 can be dropped",
                       (int)axis->i + 1, (long long)f.shape[axis->i]);
    for (int d = f.ndim - 1; d >= 0; d--)
        if (axis->given ? d == axis->i : f.shape[d] == 1)
            frame_drop(&f, d);
    return give(cx, c, c->in[0], &f);
}

/* ---- parts ---- */

static hy_status narrow_fwd(hy_ctx *cx, hy_call *c)
{
    frame f = frame_of(c->in[0]);
    const int axis = (int)c->arg[0].i;
    const int64_t size = f.shape[axis], given = c->arg[1].i, n = c->arg[2].i;
    const int64_t first = given < 0 ? given + size : given - 1;
    if (n < 0)
        return hy_fail(cx, HY_EARG, "n is %lld; it wants 0 or more", (long long)n);
    if (first < 0 || first > size - n)
        return hy_fail(cx, HY_EARG, "%lld positions from %lld on are outside 1..%lld", (long long)n,
                       (long long)given, (long long)size);
    frame_cut(&f, axis, first, n);
    return give(cx, c, c->in[0], &f);
}

static hy_status select_fwd(hy_ctx *cx, hy_call *c)
{
    frame f = frame_of(c->in[0]);
    const int axis = (int)c->arg[0].i;
    const int64_t size = f.shape[axis], given = c->arg[1].i;
    const int64_t i = given < 0 ? given + size : given - 1;
    if (i < 0 || i >= size)
        return hy_fail(cx, HY_EARG, "position %lld is outside 1..%lld", (long long)given,
                       (long long)size);
    frame_cut(&f, axis, i, 1);
    frame_drop(&f, axis);
    return give(cx, c, c->in[0], &f);
}

static frame diagonal(const hy_tensor *x)
{
    const int64_t *n = x->shape;
    return (frame){ .ndim = 1,
                    .shape = { n[0] < n[1] ? n[0] : n[1] },
                    .stride = { x->stride[0] + x->stride[1] },
                    .offset = x->offset };
}

static hy_status diag_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0];
    if (x->ndim == 2) {
        const frame f = diagonal(x);
        return give(cx, c, x, &f);
    }
    if (x->ndim != 1)
        return hy_fail(cx, HY_EARG, "x must be a vector or a matrix, got %d axes", x->ndim);
    if (x->dtype == HY_INDEX)
        return hy_fail(cx, HY_EARG, "index has no zeros to put beside the diagonal");
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, (int64_t[]){ x->shape[0], x->shape[0] }));
    HY_TRY(hy_fill(cx, c->out[0], 0));
    const frame f = diagonal(c->out[0]);
    hy_tensor *line;
    HY_TRY(hy_tensor_view(cx, c->out[0], 1, f.shape, f.stride, f.offset, &line));
    const hy_status status = hy_copy_into(cx, x, line);
    hy_unref(line);
    return status;
}

static hy_status diag_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g;
    if (c->source[0]->ndim == 2)
        return part_bwd(cx, c);
    HY_TRY(hy_temp_run(cx, c, "diag", c->grad[0], NULL, NULL, &g));
    return hy_pass(cx, c, 0, g);
}

/* ---- joining ---- */

/* The inputs of cat and stack: dtype and shape agree, up to `free_axis` (−1: everywhere). */
static hy_status need_alike(hy_ctx *cx, const hy_call *c, int free_axis)
{
    if (c->nin == 0)
        return hy_fail(cx, HY_EARG, "the list of tensors is empty");
    const hy_tensor *first = c->in[0];
    for (int i = 1; i < c->nin; i++) {
        const hy_tensor *x = c->in[i];
        HY_TRY(hy_need_same_dtype(cx, first, x));
        bool alike = x->ndim == first->ndim;
        for (int d = 0; alike && d < x->ndim; d++)
            alike = d == free_axis || x->shape[d] == first->shape[d];
        if (!alike)
            return hy_fail_shapes(
                cx, free_axis < 0 ? "shapes differ" : "shapes differ beside the joined axis", first,
                x);
    }
    return HY_OK;
}

/* The part of the joined tensor that belongs to one input: rows first.. of cat, slice `first` of
 * stack. */
static hy_status joined_part(hy_ctx *cx, hy_tensor *joined, const hy_tensor *x, int axis,
                             int64_t first, hy_tensor **out)
{
    frame f = frame_of(joined);
    frame_cut(&f, axis, first, joined->ndim > x->ndim ? 1 : x->shape[axis]);
    if (joined->ndim > x->ndim)
        frame_drop(&f, axis);
    return hy_tensor_view(cx, joined, f.ndim, f.shape, f.stride, f.offset, out);
}

static hy_status join(hy_ctx *cx, hy_call *c, int axis)
{
    int64_t first = 0;
    for (int i = 0; i < c->nin; i++) {
        hy_tensor *part;
        HY_TRY(joined_part(cx, c->out[0], c->in[i], axis, first, &part));
        const hy_status status = hy_copy_into(cx, c->in[i], part);
        hy_unref(part);
        HY_TRY(status);
        first += c->out[0]->ndim > c->in[i]->ndim ? 1 : c->in[i]->shape[axis];
    }
    return HY_OK;
}

static hy_status unjoin(hy_ctx *cx, hy_call *c, int axis)
{
    int64_t first = 0;
    for (int i = 0; i < c->nin; i++) {
        const hy_tensor *x = c->source[i];
        if (hy_wants(c, i)) {
            hy_tensor *part;
            HY_TRY(joined_part(cx, c->grad[0], x, axis, first, &part));
            const hy_status status = hy_pass(cx, c, i, part);
            hy_unref(part);
            HY_TRY(status);
        }
        first += c->grad[0]->ndim > x->ndim ? 1 : x->shape[axis];
    }
    return HY_OK;
}

static hy_status cat_fwd(hy_ctx *cx, hy_call *c)
{
    const int axis = (int)c->arg[0].i;
    int64_t shape[HY_MAX_DIM];
    HY_TRY(need_alike(cx, c, axis));
    memcpy(shape, c->in[0]->shape, sizeof shape);
    for (int i = 1; i < c->nin; i++)
        shape[axis] += c->in[i]->shape[axis];
    HY_TRY(hy_out(cx, c, 0, c->in[0]->dtype, c->in[0]->ndim, shape));
    return join(cx, c, axis);
}

static hy_status cat_bwd(hy_ctx *cx, hy_call *c)
{
    return unjoin(cx, c, (int)c->arg[0].i);
}

static hy_status stack_fwd(hy_ctx *cx, hy_call *c)
{
    int64_t shape[HY_MAX_DIM];
    int axis;
    HY_TRY(need_alike(cx, c, -1));
    const hy_tensor *x = c->in[0];
    HY_TRY(added_axis(cx, c->arg[0].i, x->ndim, &axis));
    for (int d = 0; d <= x->ndim; d++)
        shape[d] = d < axis ? x->shape[d] : d == axis ? c->nin : x->shape[d - 1];
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim + 1, shape));
    return join(cx, c, axis);
}

static hy_status stack_bwd(hy_ctx *cx, hy_call *c)
{
    int axis;
    HY_TRY(added_axis(cx, c->arg[0].i, c->source[0]->ndim, &axis));
    return unjoin(cx, c, axis);
}

/* ---- copies ---- */

static hy_status clone_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    return hy_copy_into(cx, x, c->out[0]);
}

static hy_status detach_fwd(hy_ctx *cx, hy_call *c)
{
    return hy_out_tensor(cx, c, 0, c->in[0]);
}

static hy_status contiguous_fwd(hy_ctx *cx, hy_call *c)
{
    return hy_is_contiguous(c->in[0]) ? detach_fwd(cx, c) : clone_fwd(cx, c);
}

static hy_status to_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const hy_dtype dtype = (hy_dtype)c->arg[0].i;
    if (dtype == x->dtype)
        return detach_fwd(cx, c);
    HY_TRY(hy_out(cx, c, 0, dtype, x->ndim, x->shape));
    return hy_copy_into(cx, x, c->out[0]);
}

static hy_status to_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g;
    HY_TRY(hy_temp_to(cx, c, c->grad[0], c->source[0]->dtype, &g));
    return hy_pass(cx, c, 0, g);
}

const hy_op hy_ops_shape[] = {
    { "t", "x:tensor -> tensor", t_fwd, t_bwd, "Transpose: the last two axes swapped. A view.",
      .strided = true },
    { "permute", "x:tensor axes:axes... -> tensor", permute_fwd, permute_bwd,
      "Axes in another order: x:permute(3, 1, 2). A view.", .strided = true },
    { "reshape", "x:tensor shape:shape... -> tensor", reshape_fwd, shape_bwd,
      "The same elements in another shape; one size may be -1 and follows from the others. A "
      "view where strides allow, else a copy.",
      .strided = true },
    { "flatten", "x:tensor first:axis? -> tensor", flatten_fwd, shape_bwd,
      "All axes from `first` (1) on joined into one. A view where strides allow, else a copy.",
      .strided = true },
    { "expand", "x:tensor shape:shape... -> tensor", expand_fwd, same_bwd,
      "Axes of size 1 stretched, new ones added in front; -1 keeps a size. A view.",
      .strided = true },
    { "unsqueeze", "x:tensor axis:integer -> tensor", unsqueeze_fwd, shape_bwd,
      "A new axis of size 1 at position `axis`. A view.", .strided = true },
    { "squeeze", "x:tensor axis:axis? -> tensor", squeeze_fwd, shape_bwd,
      "Without the given axis of size 1, or without all of them. A view.", .strided = true },
    { "narrow", "x:tensor axis:axis first:integer n:integer -> tensor", narrow_fwd, part_bwd,
      "n positions from `first` on along an axis; negative counts from the end. A view.",
      .strided = true },
    { "select", "x:tensor axis:axis i:integer -> tensor", select_fwd, part_bwd,
      "Position i of an axis, which disappears; negative counts from the end. A view.",
      .strided = true },
    { "diag", "x:tensor -> tensor", diag_fwd, diag_bwd,
      "Diagonal of a matrix (a view), or the diagonal matrix of a vector.", .strided = true },
    { "cat", "tensors:tensors axis:axis=1 -> tensor", cat_fwd, cat_bwd,
      "Tensors joined along an existing axis; they agree in all others.", .strided = true },
    { "stack", "tensors:tensors axis:integer=1 -> tensor", stack_fwd, stack_bwd,
      "Tensors of one shape side by side along a new axis.", .strided = true },
    { "clone", "x:tensor -> tensor", clone_fwd, same_bwd,
      "A copy with its own memory; the gradient passes.", .strided = true },
    { "contiguous", "x:tensor -> tensor", contiguous_fwd, same_bwd,
      "x itself when its elements lie in row order, else a copy that does.", .strided = true },
    { "detach", "x:tensor -> tensor", detach_fwd, NULL,
      "The same values without their history: no gradient passes. Shares memory.",
      .strided = true },
    { "to", "x:tensor dtype:dtype -> tensor", to_fwd, to_bwd,
      "Converted to another dtype: f32, f64, u8, index. index becomes the 1-based position as "
      "a number.",
      .strided = true },
    { 0 },
};
