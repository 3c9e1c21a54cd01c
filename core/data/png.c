/* PNG out: rows filtered so that they deflate well, zlib, three chunks. */
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum { SIDE_LIMIT = 16384, FILTERS = 5, LEVEL = 4 }; /* 6 takes half as long again for 1 % */

static uint8_t *put_number(uint8_t *at, unsigned long v)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(v >> (24 - 8 * i));
    return at;
}

/* A chunk whose n bytes of data stand in place already, 8 behind `at`; returns its end. */
static uint8_t *close_chunk(uint8_t *at, const char *kind, unsigned long n)
{
    put_number(at, n);
    memcpy(at + 4, kind, 4);
    return put_number(at + 8 + n, crc32(crc32(0, NULL, 0), at + 4, (unsigned)(n + 4)));
}

/* Whichever of left, up and corner is nearest to left + up − corner. */
static int paeth(int left, int up, int corner)
{
    const int p = left + up - corner;
    const int dl = abs(p - left), du = abs(p - up), dc = abs(p - corner);
    return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
}

/* One row after one filter; returns the sum of its differences, small when it deflates well.
 * c zeros stand before `row` and `above`. */
static int64_t filter_row(int filter, int64_t n, int c, const uint8_t *row, const uint8_t *above,
                          uint8_t *out)
{
    *out++ = (uint8_t)filter;
    switch (filter) {
    case 1:
        for (int64_t i = 0; i < n; i++)
            out[i] = (uint8_t)(row[i] - row[i - c]);
        break;
    case 2:
        for (int64_t i = 0; i < n; i++)
            out[i] = (uint8_t)(row[i] - above[i]);
        break;
    case 3:
        for (int64_t i = 0; i < n; i++)
            out[i] = (uint8_t)(row[i] - (row[i - c] + above[i]) / 2);
        break;
    case 4:
        for (int64_t i = 0; i < n; i++)
            out[i] = (uint8_t)(row[i] - paeth(row[i - c], above[i], above[i - c]));
        break;
    default: memcpy(out, row, (size_t)n);
    }
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += abs((int8_t)out[i]);
    return sum;
}

/* margin: room for two rows with c bytes before each. */
static void filter_rows(int64_t h, int64_t n, int c, const uint8_t *pixels, uint8_t *margin,
                        uint8_t *out)
{
    static const int order[FILTERS] = { 2, 1, 0, 4, 3 };
    uint8_t *above = margin + c, *row = above + n + c;
    memset(margin, 0, (size_t)(2 * (n + c)));
    for (int64_t y = 0; y < h; y++, out += n + 1) {
        int best = 0, last = 0;
        int64_t least = INT64_MAX;
        memcpy(row, pixels + y * n, (size_t)n);
        for (int i = 0; i < FILTERS && least > n / 16; i++) { /* else: nearly nothing is left */
            last = order[i];
            const int64_t sum = filter_row(last, n, c, row, above, out);
            if (sum < least) {
                least = sum;
                best = last;
            }
        }
        if (best != last)
            filter_row(best, n, c, row, above, out);
        uint8_t *done = row;
        row = above;
        above = done;
    }
}

enum { BEFORE_DATA = 8 + 25 + 8, BEHIND_DATA = 4 + 12 }; /* signature, IHDR; CRC, IEND */

/* All around the n deflated bytes that stand at out + BEFORE_DATA; returns the length. */
static int64_t frame(uint8_t *out, int h, int w, int c, unsigned long n)
{
    uint8_t *at = out + 8;
    memcpy(out, "\x89PNG\r\n\x1A\n", 8);
    memset(at + 16, 0, 5);
    put_number(put_number(at + 8, (unsigned long)w), (unsigned long)h);
    at[16] = 8;
    at[17] = c == 1 ? 0 : c == 3 ? 2 : 6; /* gray, color, color with alpha */
    at = close_chunk(at, "IHDR", 13);
    at = close_chunk(at, "IDAT", n);
    return close_chunk(at, "IEND", 0) - out;
}

static bool is_picture(int h, int w, int c)
{
    return h >= 1 && w >= 1 && h <= SIDE_LIMIT && w <= SIDE_LIMIT && (c == 1 || c == 3 || c == 4);
}

int64_t hy_png_room(int h, int w, int c)
{
    const int64_t plain = is_picture(h, w, c) ? h * ((int64_t)w * c + 1) : 0;
    return BEFORE_DATA + (int64_t)compressBound((unsigned long)plain) + BEHIND_DATA;
}

hy_status hy_png(hy_ctx *cx, int h, int w, int c, const uint8_t *pixels, uint8_t *out, int64_t *bytes)
{
    if (!is_picture(h, w, c))
        return hy_fail(cx, HY_EARG,
                       "a picture is h×w×c with sides up to %d and c of 1, 3 or 4, not %d×%d×%d",
                       SIDE_LIMIT, h, w, c);
    void *rows;
    const int64_t n = (int64_t)w * c, plain = h * (n + 1), with_margin = plain + 2 * (n + c);
    HY_TRY(hy_alloc(cx, with_margin, &rows));
    filter_rows(h, n, c, pixels, (uint8_t *)rows + plain, rows);
    unsigned long packed = compressBound((unsigned long)plain);
    const bool done = compress2(out + BEFORE_DATA, &packed, rows, (unsigned long)plain, LEVEL) == Z_OK;
    hy_free(cx, rows, with_margin);
    if (!done)
        return hy_fail(cx, HY_EMEM, "out of memory for a PNG");
    *bytes = frame(out, h, w, c, packed);
    return HY_OK;
}

hy_status hy_write_bytes(hy_ctx *cx, const char *path, int64_t n, const void *bytes)
{
    hy_sink s;
    HY_TRY(hy_sink_open(cx, path, &s));
    return hy_sink_close(&s, hy_sink_write(&s, n, bytes));
}

hy_status hy_write_png(hy_ctx *cx, const char *path, int h, int w, int c, const uint8_t *pixels)
{
    void *png;
    int64_t bytes = 0;
    const int64_t room = hy_png_room(h, w, c);
    HY_TRY(hy_alloc(cx, room, &png));
    hy_status status = hy_png(cx, h, w, c, pixels, png, &bytes);
    if (status == HY_OK)
        status = hy_write_bytes(cx, path, bytes, png);
    hy_free(cx, png, room);
    return status;
}
