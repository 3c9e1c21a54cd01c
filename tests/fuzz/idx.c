#include "fuzz.h"

static hy_status target(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_read_idx(cx, path, &x);
    hy_unref(x);
    return status;
}
