/* The recording side of the tape. */
#ifndef HY_TAPE_H
#define HY_TAPE_H

#include "../hyades.h"

hy_tape *hy_tape_current(const hy_ctx *cx); /* the one that records now, or NULL */
/* The tape takes over the call and marks its outputs as requiring gradients. */
hy_status hy_tape_record(hy_ctx *cx, hy_tape *tape, hy_call *c);

#endif
