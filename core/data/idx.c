/* IDX, the format of MNIST: 00 00 type rank, big-endian u32 sizes, big-endian numbers. */
#include "file.h"

static bool layout_of(uint8_t type, hy_layout *layout)
{
    switch (type) {
    case 0x08: *layout = (hy_layout){ 'u', 1, true }; return true;
    case 0x09: *layout = (hy_layout){ 'i', 1, true }; return true;
    case 0x0B: *layout = (hy_layout){ 'i', 2, true }; return true;
    case 0x0C: *layout = (hy_layout){ 'i', 4, true }; return true;
    case 0x0D: *layout = (hy_layout){ 'f', 4, true }; return true;
    case 0x0E: *layout = (hy_layout){ 'f', 8, true }; return true;
    default: return false;
    }
}

static hy_status read_header(hy_source *s, hy_layout *layout, int *ndim, int64_t *shape)
{
    uint8_t head[4], size[4];
    HY_TRY(hy_source_read(s, 4, head));
    if (head[0] != 0 || head[1] != 0)
        return hy_file_fail(s->cx, s->path,
                            "is no IDX file: it begins with %02X %02X instead of 00 00", head[0],
                            head[1]);
    if (!layout_of(head[2], layout))
        return hy_file_fail(s->cx, s->path, "has the type %02X; IDX knows 08 09 0B 0C 0D 0E",
                            head[2]);
    if (head[3] > HY_MAX_DIM)
        return hy_file_fail(s->cx, s->path, "has %d dimensions; at most %d are read", head[3],
                            HY_MAX_DIM);
    *ndim = head[3];
    for (int i = 0; i < *ndim; i++) {
        HY_TRY(hy_source_read(s, 4, size));
        shape[i] = (int64_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3];
    }
    return HY_OK;
}

static hy_status read_idx(hy_source *s, hy_tensor **out)
{
    hy_layout layout;
    int ndim = 0;
    int64_t n, shape[HY_MAX_DIM];
    HY_TRY(read_header(s, &layout, &ndim, shape));
    if (!hy_shape_count(ndim, shape, &n))
        return hy_file_fail(s->cx, s->path,
                            "has sizes in its header whose product is beyond any memory");
    HY_TRY(hy_source_promise(s, n * layout.size));
    HY_TRY(hy_tensor_new(s->cx, hy_layout_dtype(layout, false), ndim, shape, out));
    HY_TRY(hy_source_numbers(s, layout, n, *out));
    return hy_source_done(s);
}

hy_status hy_read_idx(hy_ctx *cx, const char *path, hy_tensor **out)
{
    hy_source s;
    *out = NULL;
    hy_status status = hy_source_open(cx, path, &s);
    if (status == HY_OK)
        status = read_idx(&s, out);
    hy_source_close(&s);
    if (status != HY_OK) {
        hy_unref(*out);
        *out = NULL;
    }
    return status;
}
