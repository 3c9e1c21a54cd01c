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
    f->weight = memset(hy_data(weight), 0, (size_t)(to * f->width) * sizeof *f->weight);
    for (int64_t i = 0; i < to; i++) {
        const double place = ((double)i + 0.5) * step;
        const int64_t low = (int64_t)fmax(0, floor(place - reach));
        float *w = f->weight + i * f->width;
        double sum = 0;
        f->first[i] = (int32_t)low;
        for (int64_t j = low; j < from && j < low + f->width; j++)
            sum += fmax(0, 1 - fabs((double)j + 0.5 - place) / reach);
        for (int64_t j = low; j < from && j < low + f->width; j++)
            w[j - low] = (float)(fmax(0, 1 - fabs((double)j + 0.5 - place) / reach) / sum);
    }
    return HY_OK;
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

static hy_status resize_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *wide, *half, *done;
    const int64_t height = c->arg[0].i, width = c->arg[1].i;
    HY_TRY(need_picture(cx, x));
    const int64_t h = x->shape[x->ndim - 2], w = x->shape[x->ndim - 1], planes = hy_numel(x) / (h * w);
    if (height < 1 || width < 1 || height > LARGEST || width > LARGEST)
        return hy_fail(cx, HY_EARG, "%s is %lld; it must be from 1 to %d",
                       height < 1 || height > LARGEST ? "height" : "width",
                       (long long)(height < 1 || height > LARGEST ? height : width), LARGEST);
    int64_t shape[HY_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->ndim - 2] = height;
    shape[x->ndim - 1] = width;
    filter across, down;
    HY_TRY(make_filter(cx, c, w, width, &across));
    HY_TRY(make_filter(cx, c, h, height, &down));
    HY_TRY(hy_temp_to(cx, c, x, HY_F32, &wide));
    HY_TRY(hy_temp(cx, c, HY_F32, 3, (int64_t[]){ planes, h, width }, &half));
    HY_TRY(hy_temp(cx, c, HY_F32, x->ndim, shape, &done));
    run_filter(&across, planes * h, w, 1, hy_data(wide), width, 1, hy_data(half));
    for (int64_t p = 0; p < planes; p++) {
        HY_TRY(hy_poll(cx, p, planes));
        run_filter(&down, width, 1, width, (float *)hy_data(half) + p * h * width, 1, width,
                   (float *)hy_data(done) + p * height * width);
    }
    if (x->dtype != HY_U8) {
        HY_TRY(hy_temp_to(cx, c, done, x->dtype, &done));
        return hy_out_tensor(cx, c, 0, done);
    }
    HY_TRY(hy_out(cx, c, 0, HY_U8, x->ndim, shape));
    to_bytes(hy_numel(done), hy_data(done), hy_data(c->out[0]));
    return HY_OK;
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
    { .name = "equalize",
      .signature = "x:tensor -> tensor",
      .forward = equalize_fwd,
      .doc = "Pictures …×h×w of bytes with every plane's levels spread over 0 to 255, so that all "
             "are about as frequent (histogram equalization). A plane of one level stays." },
    { 0 },
};
