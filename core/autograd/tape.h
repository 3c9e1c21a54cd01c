/* The recording side of the tape. */
#ifndef HY_TAPE_H
#define HY_TAPE_H

#include "../hyades.h"

hy_tape *hy_tape_current(const hy_ctx *cx); /* the one that records now, or NULL */
/* Make room for one more call. After that recording cannot fail, so that an op which changes
 * something in place is never run and then reported as failed. */
hy_status hy_tape_reserve(hy_ctx *cx, hy_tape *tape);
/* The tape takes over the call and marks its outputs as requiring gradients. */
void hy_tape_record(hy_tape *tape, hy_call *c);

#endif
