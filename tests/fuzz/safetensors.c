#include "fuzz.h"

static hy_status target(hy_ctx *cx, const char *path)
{
    hy_named *items;
    int64_t n;
    char *metadata;
    const hy_status status = hy_read_safetensors(cx, path, &n, &items, &metadata);
    hy_named_free(n, items);
    free(metadata);
    return status;
}
