#include "fuzz.h"

static hy_status target(hy_ctx *cx, const char *path)
{
    hy_named *items;
    int64_t n;
    const hy_status status = hy_read_npz(cx, path, &n, &items);
    hy_named_free(n, items);
    return status;
}
