/*
 * A weight divided by its largest singular value, which a step of the power method follows from call
 * to call. Miyato, Kataoka, Koyama & Yoshida, Spectral normalization for GANs, ICLR 2018.
 */
#include "ops.h"

/* row·w (or row·wᵀ), divided by its length, at least eps */
static hy_status step(hy_ctx *cx, hy_call *c, hy_tensor *row, hy_tensor *w, double eps,
                      hy_tensor **out)
{
    hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = 1 }, { .given = true, .d = eps } };
    HY_TRY(hy_temp_run(cx, c, "matmul", row, w, NULL, out));
    return hy_temp_run(cx, c, "normalize", *out, NULL, arg, out);
}

static hy_status check_spectral_norm(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *w = c->in[0], *u = c->in[1];
    HY_TRY(hy_need_real(cx, w));
    HY_TRY(hy_need_same_dtype(cx, w, u));
    if (w->ndim < 2)
        return hy_fail(cx, HY_EARG, "w has %d axes; it wants 2 or more", w->ndim);
    if (u->shape[0] != w->shape[0])
        return hy_fail(cx, HY_EARG, "u has %lld elements for %lld rows of w",
                       (long long)u->shape[0], (long long)w->shape[0]);
    if (hy_numel(w) == 0)
        return hy_fail(cx, HY_EARG, "w has no elements");
    if (c->arg[0].i < 0)
        return hy_fail(cx, HY_EARG, "steps is %lld; it wants 0 or more", (long long)c->arg[0].i);
    if (!(c->arg[1].d > 0))
        return hy_fail(cx, HY_EARG, "eps is %g; it wants a number above 0", c->arg[1].d);
    return c->arg[0].i > 0 ? hy_need_writable(cx, c->source[1]) : HY_OK;
}

/* saved: w / value, u as a row, v as a row, the value */
static hy_status spectral_norm_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *w = c->in[0], *u, *v, *wt, *value, *least, *done;
    const double eps = c->arg[1].d;
    HY_TRY(check_spectral_norm(cx, c));
    const int64_t o = w->shape[0];
    HY_TRY(hy_temp_reshape(cx, c, w, 2, (int64_t[]){ o, hy_numel(w) / o }, &w));
    HY_TRY(hy_temp_reshape(cx, c, c->in[1], 2, (int64_t[]){ 1, o }, &u));
    HY_TRY(hy_temp_run(cx, c, "clone", u, NULL, NULL, &u)); /* a later call moves the caller's */
    HY_TRY(hy_temp_swap(cx, c, w, 0, 1, &wt));
    HY_TRY(step(cx, c, u, w, eps, &v));
    for (int64_t s = 0; s < c->arg[0].i; s++) {
        HY_TRY(hy_poll(cx, s, c->arg[0].i));
        if (s > 0)
            HY_TRY(step(cx, c, u, w, eps, &v));
        HY_TRY(step(cx, c, v, wt, eps, &u));
    }
    HY_TRY(hy_temp_run(cx, c, "matmul", v, wt, NULL, &value));
    HY_TRY(hy_temp_run(cx, c, "mul", value, u, NULL, &value));
    HY_TRY(hy_temp_fold(cx, c, "sum", value, 1, &value));
    HY_TRY(hy_temp_number(cx, c, w->dtype, eps, &least));
    HY_TRY(hy_temp_run(cx, c, "maximum", value, least, NULL, &value));
    HY_TRY(hy_temp_run(cx, c, "div", w, value, NULL, &w));
    HY_TRY(hy_temp_reshape(cx, c, w, c->in[0]->ndim, c->in[0]->shape, &done));
    HY_TRY(hy_out_tensor(cx, c, 0, done));
    hy_save(c, w);
    hy_save(c, u);
    hy_save(c, v);
    hy_save(c, value);
    if (c->arg[0].i > 0) { /* nothing here can fail: the sizes and dtypes agree */
        HY_TRY(hy_temp_reshape(cx, c, u, 1, &o, &u));
        HY_TRY(hy_copy_into(cx, u, c->source[1]));
        c->source[1]->storage->version++;
    }
    hy_unref(c->source[1]); /* the tape must not watch it: the next call moves it */
    c->source[1] = NULL;
    return HY_OK;
}

/* (g − ⟨g, w / value⟩ · uᵀv) / value: u and v count as constants */
static hy_status spectral_norm_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *w = c->saved[0], *u = c->saved[1], *v = c->saved[2], *g, *inner, *outer;
    const hy_arg whole[HY_MAX_ARG] = { { .given = false } };
    HY_TRY(hy_temp_reshape(cx, c, c->grad[0], 2, w->shape, &g));
    HY_TRY(hy_temp_run(cx, c, "mul", g, w, NULL, &inner));
    HY_TRY(hy_temp_run(cx, c, "sum", inner, NULL, whole, &inner));
    HY_TRY(hy_temp_run(cx, c, "mul", u, inner, NULL, &u));
    HY_TRY(hy_temp_swap(cx, c, u, 0, 1, &u));
    HY_TRY(hy_temp_run(cx, c, "matmul", u, v, NULL, &outer));
    HY_TRY(hy_temp_run(cx, c, "sub", g, outer, NULL, &g));
    HY_TRY(hy_temp_run(cx, c, "div", g, c->saved[3], NULL, &g));
    HY_TRY(hy_temp_reshape(cx, c, g, c->source[0]->ndim, c->source[0]->shape, &g));
    return hy_pass(cx, c, 0, g);
}

const hy_op hy_ops_spectral_norm[] = {
    { .name = "spectral_norm",
      .signature = "w:tensor u:vector {steps:integer=1 eps:number=1e-12} -> tensor",
      .forward = spectral_norm_fwd,
      .backward = spectral_norm_bwd,
      .doc = "w, o×…, divided by its largest singular value (at least eps), as `steps` of the power "
             "method from u, o numbers, see it; u moves in place, and with 0 steps stays. The "
             "gradient takes the singular vectors as constants." },
    { 0 },
};
