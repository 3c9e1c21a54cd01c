/* The tape: what records, who owns what it made, and what closing releases. */
#include <math.h>
#include <string.h>

#include "../../core/hyades.h"
#include "check.h"

/* y = op(x) or op(x, z); the caller owns the result. */
static hy_tensor *run(hy_ctx *cx, const char *op, hy_tensor *x, hy_tensor *z)
{
    hy_tensor *in[] = { x, z }, *out[HY_MAX_OUT];
    CHECK(hy_run(cx, hy_op_find(op), z ? 2 : 1, in, (hy_arg[HY_MAX_ARG]){ { 0 } }, out) == HY_OK);
    return out[0];
}

static hy_tensor *parameter(hy_ctx *cx, int64_t n, double value)
{
    hy_tensor *p;
    CHECK(hy_tensor_new(cx, HY_F64, 1, &n, &p) == HY_OK);
    CHECK(hy_fill(cx, p, value) == HY_OK);
    p->requires_grad = p->leaf = true;
    return p;
}

static hy_tape *open(hy_ctx *cx, bool blocked, uint64_t *id)
{
    CHECK(hy_tape_open(cx, blocked, id) == HY_OK);
    return hy_tape_find(cx, *id);
}

static void gradients_add_up(hy_ctx *cx)
{
    uint64_t id;
    hy_tensor *p = parameter(cx, 3, 2);
    for (int pass = 1; pass <= 2; pass++) {
        hy_tape *tape = open(cx, false, &id);
        hy_tensor *y = run(cx, "mul", p, p), *value = run(cx, "sum", y, NULL);
        CHECK(hy_tape_backward(cx, tape, value) == HY_OK);
        CHECK(hy_get(value, 0) == 12 && hy_get(p->grad, 2) == 4.0 * pass);
        hy_unref(y);
        hy_unref(value);
        hy_tape_close(cx, tape);
        CHECK(hy_tape_find(cx, id) == NULL);
    }
    hy_unref(p);
    CHECK(cx->live == 0);
}

static void closing_releases_what_was_recorded(hy_ctx *cx)
{
    uint64_t id;
    hy_tensor *p = parameter(cx, 1000, 1);
    hy_tape *tape = open(cx, false, &id);
    hy_tensor *y = run(cx, "exp", p, NULL), *kept = run(cx, "detach", y, NULL);
    const int64_t before = cx->live;
    hy_tape_close(cx, tape);
    CHECK(y->released && !kept->released && cx->live < before);
    CHECK(fabs(hy_get(kept, 999) - exp(1)) < 1e-12);
    hy_tensor *out[HY_MAX_OUT];
    CHECK(hy_run(cx, hy_op_find("exp"), 1, &y, NULL, out) == HY_EARG);
    CHECK(strstr(cx->message, "tensor was released when its tape closed; use :detach() to keep it"));
    hy_unref(y);
    hy_unref(kept);
    hy_unref(p);
    CHECK(cx->live == 0);
}

static void a_blocked_tape_records_nothing(hy_ctx *cx)
{
    uint64_t outer, inner;
    hy_tensor *p = parameter(cx, 4, 1);
    hy_tape *tape = open(cx, false, &outer), *blocked = open(cx, true, &inner);
    hy_tensor *y = run(cx, "exp", p, NULL);
    CHECK(!y->requires_grad);
    hy_tape_close(cx, blocked);
    CHECK(hy_tape_find(cx, outer) == tape && !y->released);
    hy_unref(y);
    y = run(cx, "exp", p, NULL);
    CHECK(y->requires_grad);
    hy_unref(y);
    hy_tape_close(cx, tape);
    hy_unref(p);
    CHECK(cx->live == 0);
}

static void closing_an_outer_tape_closes_inner_ones(hy_ctx *cx)
{
    uint64_t outer, inner, other;
    const int coroutine = 0;
    hy_tape *tape = open(cx, false, &outer);
    cx->thread = &coroutine;
    hy_tape *foreign = open(cx, false, &other);
    cx->thread = NULL;
    open(cx, false, &inner);
    hy_tape_close(cx, tape);
    CHECK(!hy_tape_find(cx, outer) && !hy_tape_find(cx, inner) && hy_tape_find(cx, other) == foreign);
    hy_tape_close(cx, foreign);
    CHECK(cx->live == 0 && cx->tapes == NULL);
}

static void a_changed_input_stops_backward(hy_ctx *cx)
{
    uint64_t id;
    hy_tensor *p = parameter(cx, 2, 3);
    hy_tape *tape = open(cx, false, &id);
    hy_tensor *y = run(cx, "square", p, NULL), *value = run(cx, "sum", y, NULL);
    p->storage->version++;
    CHECK(hy_tape_backward(cx, tape, value) == HY_EARG && strstr(cx->message, "in place"));
    CHECK(p->grad == NULL);
    hy_unref(y);
    hy_unref(value);
    hy_tape_close(cx, tape);
    hy_unref(p);
    CHECK(cx->live == 0);
}

static void wanted_gradients_leave_leaves_alone(hy_ctx *cx)
{
    uint64_t id;
    hy_tensor *p = parameter(cx, 2, 3), *free_of_it = parameter(cx, 5, 1);
    hy_tape *tape = open(cx, false, &id);
    hy_tensor *y = run(cx, "square", p, NULL), *value = run(cx, "sum", y, NULL);
    hy_tensor *wanted[] = { y, p, free_of_it }, *g[3];
    CHECK(hy_tape_grad(cx, tape, value, 3, wanted, g) == HY_OK);
    CHECK(hy_get(g[0], 1) == 1 && hy_get(g[1], 0) == 6 && hy_get(g[2], 4) == 0);
    CHECK(p->grad == NULL && p->adjoint == NULL && y->adjoint == NULL);
    for (int i = 0; i < 3; i++)
        hy_unref(g[i]);
    hy_unref(y);
    hy_unref(value);
    hy_tape_close(cx, tape);
    hy_unref(p);
    hy_unref(free_of_it);
    CHECK(cx->live == 0);
}

int main(void)
{
    hy_ctx *cx = hy_ctx_new();
    RUN(gradients_add_up(cx));
    RUN(closing_releases_what_was_recorded(cx));
    RUN(a_blocked_tape_records_nothing(cx));
    RUN(closing_an_outer_tape_closes_inner_ones(cx));
    RUN(a_changed_input_stops_backward(cx));
    RUN(wanted_gradients_leave_leaves_alone(cx));
    hy_ctx_free(cx);
    return check_done();
}
