/* Pictures: the last two axes are rows and columns of pixels, those before count planes. */
#include <math.h>
#include <string.h>

#include "ops.h"

enum { LARGEST = 1 << 15 }; /* pixels along an axis */

static hy_status need_picture(hy_ctx *cx, const hy_tensor *x)
{
    if (x->ndim < 2 || x->shape[x->ndim - 1] < 1 || x->shape[x->ndim - 2] < 1)
        return hy_fail(cx, HY_EARG, "x must be pictures …×h×w with a pixel at least");
    return x->dtype == HY_INDEX ? hy_fail(cx, HY_EARG, "x must be numbers, not index") : HY_OK;
}

/* ---- resize ----------------------------------------------------------------------------------- */

/* How pixels of one axis are made of those of another: a triangle around the place of each, as wide
 * as two pixels of the coarser grid. */
typedef struct filter {
    int64_t from, to, width; /* pixels before and after, the most that one is made of */
    int32_t *first;          /* to */
    float *weight;           /* to × width */
} filter;

static hy_status make_filter(hy_ctx *cx, hy_call *c, int64_t from, int64_t to, filter *f)
{
    const double step = (double)from / (double)to, reach = step > 1 ? step : 1;
    hy_tensor *first, *weight;

    *f = (filter){ .from = from, .to = to, .width = 2 * (int64_t)ceil(reach) + 1 };
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &to, &first));
    HY_TRY(hy_temp(cx, c, HY_F32, 2, (int64_t[]){ to, f->width }, &weight));
    f->first = hy_data(first);
    f->weight = hy_data(weight);
    return HY_OK;
}

/* The pixels after are those from `start` on over `length`. */
static void aim_filter(filter *f, double start, double length)
{
    const double step = length / (double)f->to, reach = step > 1 ? step : 1;
    const int64_t from = f->from;

    memset(f->weight, 0, (size_t)(f->to * f->width) * sizeof *f->weight);
    for (int64_t i = 0; i < f->to; i++) {
        const double place = start + ((double)i + 0.5) * step;
        const int64_t low = (int64_t)fmax(0, floor(place - reach));
        float *w = f->weight + i * f->width;
        double sum = 0;
        f->first[i] = (int32_t)low;
        for (int64_t j = low; j < from && j < low + f->width; j++)
            sum += fmax(0, 1 - fabs((double)j + 0.5 - place) / reach);
        for (int64_t j = low; j < from && j < low + f->width; j++)
            w[j - low] = (float)(fmax(0, 1 - fabs((double)j + 0.5 - place) / reach) / sum);
    }
}

/* Pixels of stride `between`, from each of `lines` that start `apart`. */
static void run_filter(const filter *f, int64_t lines, int64_t apart, int64_t between,
                       const float *x, int64_t out_apart, int64_t out_between, float *y)
{
    for (int64_t l = 0; l < lines; l++)
        for (int64_t i = 0; i < f->to; i++) {
            const float *line = x + l * apart + f->first[i] * between;
            const int64_t left = f->from - f->first[i], n = left < f->width ? left : f->width;
            float sum = 0;
            for (int64_t j = 0; j < n; j++)
                sum += f->weight[i * f->width + j] * line[j * between];
            y[l * out_apart + i * out_between] = sum;
        }
}

static void to_bytes(int64_t n, const float *x, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) {
        const float v = x[i] + 0.5f;
        y[i] = v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
    }
}

static hy_status check_size(hy_ctx *cx, int64_t height, int64_t width)
{
    const bool high = height < 1 || height > LARGEST;
    if (!high && width >= 1 && width <= LARGEST)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s is %lld; it must be from 1 to %d", high ? "height" : "width",
                   (long long)(high ? height : width), LARGEST);
}

/* What both ops need: x as f32, room for pictures with new rows only, and the result as f32. */
typedef struct work {
    int64_t planes, h, w;
    int64_t shape[HY_MAX_DIM];
    filter across, down;
    hy_tensor *wide, *half, *done;
} work;

static hy_status prepare(hy_ctx *cx, hy_call *c, int64_t height, int64_t width, work *k)
{
    hy_tensor *x = c->in[0];
    HY_TRY(need_picture(cx, x));
    HY_TRY(check_size(cx, height, width));
    k->h = x->shape[x->ndim - 2];
    k->w = x->shape[x->ndim - 1];
    k->planes = hy_numel(x) / (k->h * k->w);
    memcpy(k->shape, x->shape, sizeof k->shape);
    k->shape[x->ndim - 2] = height;
    k->shape[x->ndim - 1] = width;
    HY_TRY(make_filter(cx, c, k->w, width, &k->across));
    HY_TRY(make_filter(cx, c, k->h, height, &k->down));
    HY_TRY(hy_temp_to(cx, c, x, HY_F32, &k->wide));
    HY_TRY(hy_temp(cx, c, HY_F32, 2, (int64_t[]){ k->h, width }, &k->half));
    return hy_temp(cx, c, HY_F32, x->ndim, k->shape, &k->done);
}

static hy_status filter_planes(hy_ctx *cx, work *k, int64_t first, int64_t count)
{
    const int64_t height = k->down.to, width = k->across.to;
    float *half = hy_data(k->half);
    for (int64_t p = first; p < first + count; p++) {
        HY_TRY(hy_poll(cx, p, k->planes));
        run_filter(&k->across, k->h, k->w, 1, (float *)hy_data(k->wide) + p * k->h * k->w, width, 1,
                   half);
        run_filter(&k->down, width, 1, width, half, 1, width,
                   (float *)hy_data(k->done) + p * height * width);
    }
    return HY_OK;
}

/* The result in the dtype of x. */
static hy_status finish(hy_ctx *cx, hy_call *c, work *k)
{
    const hy_tensor *x = c->in[0];
    if (x->dtype != HY_U8) {
        HY_TRY(hy_temp_to(cx, c, k->done, x->dtype, &k->done));
        return hy_out_tensor(cx, c, 0, k->done);
    }
    HY_TRY(hy_out(cx, c, 0, HY_U8, x->ndim, k->shape));
    to_bytes(hy_numel(k->done), hy_data(k->done), hy_data(c->out[0]));
    return HY_OK;
}

static hy_status resize_fwd(hy_ctx *cx, hy_call *c)
{
    work k;
    HY_TRY(prepare(cx, c, c->arg[0].i, c->arg[1].i, &k));
    aim_filter(&k.across, 0, (double)k.w);
    aim_filter(&k.down, 0, (double)k.h);
    HY_TRY(filter_planes(cx, &k, 0, k.planes));
    return finish(cx, c, &k);
}

/* ---- crop_resize: pictures, a box (top, left, height, width) for each ---- */

static hy_status check_box(hy_ctx *cx, const double *box, int64_t i, int64_t h, int64_t w)
{
    const double slack = 1e-3; /* of a pixel: boxes come in f32 */
    if (box[0] >= -slack && box[1] >= -slack && box[2] > 0 && box[3] > 0 &&
        box[0] + box[2] <= (double)h + slack && box[1] + box[3] <= (double)w + slack)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "box %lld is %g, %g, %g×%g; it must lie within the %lld×%lld pixels",
                   (long long)i + 1, box[0], box[1], box[2], box[3], (long long)h, (long long)w);
}

static hy_status crop_resize_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *boxes = c->in[1];
    work k;
    if (c->in[0]->ndim != 4)
        return hy_fail(cx, HY_EARG, "x has %d axes; it wants pictures n×c×h×w", c->in[0]->ndim);
    const int64_t n = c->in[0]->shape[0];
    if (boxes->shape[0] != n || boxes->shape[1] != 4)
        return hy_fail_shapes(cx, "boxes must be n×4, one for each picture", c->in[0], boxes);
    HY_TRY(prepare(cx, c, c->arg[0].i, c->arg[1].i, &k));
    HY_TRY(hy_temp_to(cx, c, boxes, HY_F64, &boxes));
    for (int64_t i = 0; i < n; i++) {
        const double *box = (const double *)hy_data(boxes) + 4 * i;
        HY_TRY(check_box(cx, box, i, k.h, k.w));
        aim_filter(&k.down, box[0], box[2]);
        aim_filter(&k.across, box[1], box[3]);
        HY_TRY(filter_planes(cx, &k, i * c->in[0]->shape[1], c->in[0]->shape[1]));
    }
    return finish(cx, c, &k);
}

/* ---- equalize --------------------------------------------------------------------------------- */

static void equalize_plane(int64_t n, const uint8_t *x, uint8_t *y)
{
    int64_t count[256] = { 0 }, sum = 0, last = 0;
    uint8_t level[256];

    for (int64_t i = 0; i < n; i++)
        count[x[i]]++;
    for (int v = 0; v < 256; v++)
        last = count[v] ? count[v] : last;
    const int64_t step = (n - last) / 255;
    for (int v = 0; v < 256; v++) {
        const int64_t to = step ? (sum + step / 2) / step : v;
        level[v] = (uint8_t)(to > 255 ? 255 : to);
        sum += count[v];
    }
    for (int64_t i = 0; i < n; i++)
        y[i] = level[x[i]];
}

static hy_status equalize_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    HY_TRY(need_picture(cx, x));
    if (x->dtype != HY_U8)
        return hy_fail(cx, HY_EARG, "x must be u8, not %s", hy_dtype_name(x->dtype));
    const int64_t n = x->shape[x->ndim - 2] * x->shape[x->ndim - 1], planes = hy_numel(x) / n;
    HY_TRY(hy_out(cx, c, 0, HY_U8, x->ndim, x->shape));
    for (int64_t p = 0; p < planes; p++) {
        if (p % 1024 == 0)
            HY_TRY(hy_poll(cx, p, planes));
        equalize_plane(n, (const uint8_t *)hy_data(x) + p * n, (uint8_t *)hy_data(c->out[0]) + p * n);
    }
    return HY_OK;
}

const hy_op hy_ops_picture[] = {
    { .name = "resize",
      .signature = "x:tensor height:integer width:integer -> tensor",
      .forward = resize_fwd,
      .doc = "Pictures …×h×w in another size: every pixel is the mean of those around its place, "
             "weighted by a triangle (bilinear, and smooth when it shrinks)." },
    { .name = "crop_resize",
      .signature = "x:tensor boxes:matrix height:integer width:integer -> tensor",
      .forward = crop_resize_fwd,
      .doc = "A part of each picture n×c×h×w in another size: boxes n×4 holds its top, left, height "
             "and width in pixels, from 0 on and not always whole. Pixels are made as by resize." },
    { .name = "equalize",
      .signature = "x:tensor -> tensor",
      .forward = equalize_fwd,
      .doc = "Pictures …×h×w of bytes with every plane's levels spread over 0 to 255, so that all "
             "are about as frequent (histogram equalization). A plane of one level stays." },
    { 0 },
};
