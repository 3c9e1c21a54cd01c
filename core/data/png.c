/* PNG out: rows filtered so that they deflate well, zlib, three chunks. */
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum { SIDE_LIMIT = 16384, FILTERS = 5 };

static hy_status write_chunk(hy_sink *s, const char *kind, int64_t n, const uint8_t *data)
{
    uint8_t head[8], tail[4];
    for (int i = 0; i < 4; i++)
        head[i] = (uint8_t)(n >> (24 - 8 * i));
    memcpy(head + 4, kind, 4);
    unsigned long crc = crc32(crc32(0, NULL, 0), head + 4, 4);
    if (n > 0)
        crc = crc32(crc, data, (unsigned)n);
    for (int i = 0; i < 4; i++)
        tail[i] = (uint8_t)(crc >> (24 - 8 * i));
    HY_TRY(hy_sink_write(s, 8, head));
    HY_TRY(hy_sink_write(s, n, data));
    return hy_sink_write(s, 4, tail);
}

/* Whichever of left, up and corner is nearest to left + up − corner. */
static int paeth(int left, int up, int corner)
{
    const int p = left + up - corner;
    const int dl = abs(p - left), du = abs(p - up), dc = abs(p - corner);
    return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
}

static int predict(int filter, int left, int up, int corner)
{
    switch (filter) {
    case 1: return left;
    case 2: return up;
    case 3: return (left + up) / 2;
    case 4: return paeth(left, up, corner);
    default: return 0;
    }
}

/* One row after one filter; returns the sum of its differences, small when it deflates well. */
static int64_t filter_row(int filter, int64_t n, int c, const uint8_t *row, const uint8_t *above,
                          uint8_t *out)
{
    int64_t sum = 0;
    *out++ = (uint8_t)filter;
    for (int64_t i = 0; i < n; i++) {
        const int left = i < c ? 0 : row[i - c];
        const int up = above ? above[i] : 0;
        const int corner = above && i >= c ? above[i - c] : 0;
        out[i] = (uint8_t)(row[i] - predict(filter, left, up, corner));
        sum += abs((int8_t)out[i]);
    }
    return sum;
}

static void filter_rows(int64_t h, int64_t n, int c, const uint8_t *pixels, uint8_t *out)
{
    for (int64_t y = 0; y < h; y++, out += n + 1) {
        const uint8_t *row = pixels + y * n, *above = y > 0 ? row - n : NULL;
        int best = 0;
        int64_t least = INT64_MAX;
        for (int filter = 0; filter < FILTERS; filter++) {
            const int64_t sum = filter_row(filter, n, c, row, above, out);
            if (sum < least) {
                least = sum;
                best = filter;
            }
        }
        if (best != FILTERS - 1)
            filter_row(best, n, c, row, above, out);
    }
}

static hy_status write_chunks(hy_sink *s, int h, int w, int c, unsigned long n, const uint8_t *data)
{
    uint8_t head[13] = {
        0, 0, (uint8_t)(w >> 8), (uint8_t)w, 0, 0, (uint8_t)(h >> 8), (uint8_t)h, 8
    };
    head[9] = c == 1 ? 0 : c == 3 ? 2 : 6; /* gray, color, color with alpha */
    HY_TRY(hy_sink_write(s, 8, "\x89PNG\r\n\x1A\n"));
    HY_TRY(write_chunk(s, "IHDR", sizeof head, head));
    HY_TRY(write_chunk(s, "IDAT", (int64_t)n, data));
    return write_chunk(s, "IEND", 0, head);
}

static hy_status deflate_pixels(hy_sink *s, int h, int w, int c, const uint8_t *rows, int64_t bytes)
{
    unsigned long n = compressBound((unsigned long)bytes);
    const int64_t room = (int64_t)n;
    void *packed;
    HY_TRY(hy_alloc(s->cx, room, &packed));
    hy_status status = compress2(packed, &n, rows, (unsigned long)bytes, 6) == Z_OK
                           ? write_chunks(s, h, w, c, n, packed)
                           : hy_fail(s->cx, HY_EMEM, "out of memory while writing %s", s->path);
    hy_free(s->cx, packed, room);
    return status;
}

hy_status hy_write_png(hy_ctx *cx, const char *path, int h, int w, int c, const uint8_t *pixels)
{
    hy_sink s;
    void *rows;
    if (h < 1 || w < 1 || h > SIDE_LIMIT || w > SIDE_LIMIT || (c != 1 && c != 3 && c != 4))
        return hy_fail(cx, HY_EARG,
                       "a picture is h×w×c with sides up to %d and c of 1, 3 or 4, not %d×%d×%d",
                       SIDE_LIMIT, h, w, c);
    const int64_t n = (int64_t)w * c, bytes = h * (n + 1);
    HY_TRY(hy_alloc(cx, bytes, &rows));
    filter_rows(h, n, c, pixels, rows);
    hy_status status = hy_sink_open(cx, path, &s);
    if (status == HY_OK)
        status = hy_sink_close(&s, deflate_pixels(&s, h, w, c, rows, bytes));
    hy_free(cx, rows, bytes);
    return status;
}
