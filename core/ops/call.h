/* What the tape needs of a call. */
#ifndef HY_CALL_H
#define HY_CALL_H

#include "../hyades.h"

void hy_call_free(hy_ctx *cx, hy_call *c);
hy_status hy_call_backward(hy_ctx *cx, hy_call *c); /* reads c->grad, passes gradients to the inputs */

#endif
