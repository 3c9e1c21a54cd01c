/* Brightness, contrast, saturation and hue of pictures, each by its own amounts. */
#include <math.h>

#include "ops.h"

enum { BRIGHTNESS, CONTRAST, SATURATION, HUE, KINDS };

typedef struct adjusting {
    int64_t channels, pixels;
    float *x;            /* n × channels × pixels */
    const float *amount; /* n × KINDS */
    const int32_t *order;
} adjusting;

static float within(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static float gray(const adjusting *a, const float *x, int64_t i)
{
    return a->channels == 1 ? x[i]
                            : 0.299f * x[i] + 0.587f * x[a->pixels + i] +
                                  0.114f * x[2 * a->pixels + i];
}

/* Every value moves away from `middle` (one number, or NULL: the gray of its pixel) by the factor. */
static void spread(const adjusting *a, float *x, const float *middle, float factor)
{
    for (int64_t i = 0; i < a->pixels; i++) {
        const float m = middle ? *middle : gray(a, x, i);
        for (int64_t c = 0; c < a->channels; c++)
            x[c * a->pixels + i] = within(m + factor * (x[c * a->pixels + i] - m));
    }
}

static float mean_gray(const adjusting *a, const float *x)
{
    double sum = 0;
    for (int64_t i = 0; i < a->pixels; i++)
        sum += (double)gray(a, x, i);
    return (float)(sum / (double)a->pixels);
}

/* The three channels of hue h (in turns) with the largest value v, from it down by `range`. */
static void from_hue(float h, float v, float range, float rgb[3])
{
    static const float offset[] = { 5, 3, 1 };
    for (int c = 0; c < 3; c++) {
        const float k = fmodf(offset[c] + 6 * h, 6);
        rgb[c] = v - range * fmaxf(0, fminf(fminf(k, 4 - k), 1));
    }
}

static void turn_hue(const adjusting *a, float *x, float turns)
{
    for (int64_t i = 0; i < a->pixels; i++) {
        const float r = x[i], g = x[a->pixels + i], b = x[2 * a->pixels + i];
        const float high = fmaxf(r, fmaxf(g, b)), range = high - fminf(r, fminf(g, b));
        float rgb[3], h = 0;
        if (range <= 0)
            continue;
        h = high == r ? (g - b) / range : high == g ? 2 + (b - r) / range : 4 + (r - g) / range;
        h = h / 6 + turns;
        from_hue(h - floorf(h), high, range, rgb);
        for (int c = 0; c < 3; c++)
            x[c * a->pixels + i] = within(rgb[c]);
    }
}

static void adjust(const adjusting *a, float *x, int kind, float amount)
{
    const float black = 0, mean = kind == CONTRAST ? mean_gray(a, x) : 0;
    if (kind == BRIGHTNESS)
        spread(a, x, &black, amount);
    else if (kind == CONTRAST)
        spread(a, x, &mean, amount);
    else if (kind == SATURATION && a->channels == 3)
        spread(a, x, NULL, amount);
    else if (kind == HUE && a->channels == 3 && amount != 0)
        turn_hue(a, x, amount);
}

static void adjust_range(void *arg, int64_t begin, int64_t end)
{
    const adjusting *a = arg;
    for (int64_t i = begin; i < end; i++)
        for (int k = 0; k < KINDS; k++) {
            const int kind = a->order ? a->order[i * KINDS + k] : k;
            adjust(a, a->x + i * a->channels * a->pixels, kind, a->amount[i * KINDS + kind]);
        }
}

static hy_status check_adjust(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *x = c->in[0], *amounts = c->in[1], *order = c->in[2];
    HY_TRY(hy_need_real(cx, x));
    if (x->ndim != 4 || (x->shape[1] != 1 && x->shape[1] != 3))
        return hy_fail(cx, HY_EARG, "x must be pictures n×1×h×w or n×3×h×w");
    if (amounts->shape[0] != x->shape[0] || amounts->shape[1] != KINDS)
        return hy_fail_shapes(cx, "amounts must be n×4, a row for each picture", x, amounts);
    if (order && (order->ndim != 2 || !hy_same_shape(order, amounts)))
        return hy_fail_shapes(cx, "order must be n×4, a row for each picture", x, order);
    for (int64_t i = 0; order && i < hy_numel(order); i++)
        if (((const int32_t *)hy_data(order))[i] < 0 || ((const int32_t *)hy_data(order))[i] >= KINDS)
            return hy_fail(cx, HY_EARG, "order holds %lld; it wants 1 (brightness), 2 (contrast), 3 "
                           "(saturation), 4 (hue)",
                           (long long)((const int32_t *)hy_data(order))[i] + 1);
    return HY_OK;
}

static hy_status adjust_color_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x, *amounts;
    HY_TRY(check_adjust(cx, c));
    HY_TRY(hy_temp_to(cx, c, c->in[0], HY_F32, &x));
    HY_TRY(hy_temp_run(cx, c, "clone", x, NULL, NULL, &x));
    HY_TRY(hy_temp_to(cx, c, c->in[1], HY_F32, &amounts));
    adjusting a = { .channels = x->shape[1], .pixels = x->shape[2] * x->shape[3],
                    .x = hy_data(x), .amount = hy_data(amounts),
                    .order = c->in[2] ? hy_data(c->in[2]) : NULL };
    if (hy_numel(x) > 0)
        hy_parallel_for(x->shape[0], 4, adjust_range, &a);
    HY_TRY(hy_temp_to(cx, c, x, c->in[0]->dtype, &x));
    return hy_out_tensor(cx, c, 0, x);
}

const hy_op hy_ops_color[] = {
    { .name = "adjust_color",
      .signature = "x:tensor amounts:matrix order:index? -> tensor",
      .forward = adjust_color_fwd,
      .doc = "Pictures n×3×h×w (or n×1×h×w) in [0, 1] with other brightness, contrast, saturation "
             "and hue, by the row of amounts n×4: a factor for the values, one for their distance to "
             "the mean gray, one for that to the gray of their pixel, and turns around the circle of "
             "colors. What leaves [0, 1] is cut off. order n×4: which of 1..4 comes first, second… A "
             "single channel has no saturation and hue." },
    { 0 },
};
