#include "fuzz.h"

static hy_status read_as(hy_ctx *cx, const char *path, const hy_table *how)
{
    hy_tensor *x, *y;
    hy_named *names;
    int64_t n;
    const hy_status status = hy_read_table(cx, path, how, &x, &y, &n, &names);
    hy_unref(x);
    hy_unref(y);
    hy_named_free(n, names);
    return status;
}

static hy_status target(hy_ctx *cx, const char *path)
{
    const hy_table plain = { .dtype = HY_F32 };
    const hy_table last = { .dtype = HY_F64, .missing = HY_MISSING_NAN, .labels = true, .label = -1 };
    const hy_table named = { .dtype = HY_INDEX,
                             .delimiter = ',',
                             .missing = HY_MISSING_DROP,
                             .labels = true,
                             .label_name = "kind" };
    read_as(cx, path, &last);
    read_as(cx, path, &named);
    return read_as(cx, path, &plain);
}
