/* Pictures in: PNG and JPEG through stb, PGM and PPM by hand. png.c writes them. */
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* stb is compiled into this file alone: no symbols, no file access, no error strings in globals. */
#pragma GCC diagnostic ignored "-Wunused-function" /* reported at the end of the file */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_FAILURE_STRINGS
#define STBI_NO_THREAD_LOCALS
#define STBI_MAX_DIMENSIONS 16384
/* Zeros: a JPEG may use a table that it never defines. No assertion may end the program. */
#define STBI_MALLOC(n) calloc(1, n)
#define STBI_REALLOC(p, n) realloc(p, n)
#define STBI_FREE(p) free(p)
#define STBI_ASSERT(x) ((void)0)
#include <stb_image.h>
#pragma GCC diagnostic pop

enum {
    SIDE_LIMIT = 16384,
    PIXEL_LIMIT = 4096, /* samples that one byte of PNG or JPEG can stand for, generously */
};

/* ---- PNM ------------------------------------------------------------------------------------ */

typedef struct pnm {
    const char *p, *end;
    int kind; /* 2 3: text, 5 6: bytes */
    int64_t w, h, c, top;
} pnm;

/* The next decimal number, after blanks and # comments; −1 when there is none. */
static int64_t pnm_number(pnm *m)
{
    while (m->p < m->end && (strchr(" \t\r\n\v\f", *m->p) || *m->p == '#')) {
        if (*m->p == '\0')
            return -1;
        if (*m->p == '#')
            while (m->p < m->end && *m->p != '\n')
                m->p++;
        else
            m->p++;
    }
    if (m->p == m->end || *m->p < '0' || *m->p > '9')
        return -1;
    int64_t v = 0;
    for (; m->p < m->end && *m->p >= '0' && *m->p <= '9'; m->p++)
        v = v < 100000 ? 10 * v + (*m->p - '0') : v;
    return v;
}

static hy_status pnm_header(hy_ctx *cx, const char *path, pnm *m)
{
    m->kind = m->p[1] - '0';
    m->c = m->kind == 3 || m->kind == 6 ? 3 : 1;
    m->p += 2;
    m->w = pnm_number(m);
    m->h = pnm_number(m);
    m->top = pnm_number(m);
    if (m->w < 1 || m->h < 1 || m->w > SIDE_LIMIT || m->h > SIDE_LIMIT)
        return hy_file_fail(cx, path, "has a damaged PNM header, or sides beyond %d", SIDE_LIMIT);
    if (m->top < 1 || m->top > 255)
        return hy_file_fail(cx, path, "has PNM samples up to %lld; 1 to 255 are read",
                            (long long)m->top);
    const int64_t left = m->end - m->p - 1, need = m->w * m->h * m->c;
    if (m->kind >= 5 ? left != need : left < 2 * need - 1)
        return hy_file_fail(cx, path, "holds %lld bytes of samples, its PNM header wants %lld",
                            (long long)(left < 0 ? 0 : left), (long long)need);
    return HY_OK;
}

static hy_status read_pnm(hy_ctx *cx, const char *path, const hy_text *text, hy_tensor **out)
{
    pnm m = { .p = text->data, .end = text->data + text->size };
    HY_TRY(pnm_header(cx, path, &m));
    HY_TRY(hy_tensor_new(cx, HY_U8, 3, (int64_t[]){ m.h, m.w, m.c }, out));
    uint8_t *sample = hy_data(*out);
    const int64_t n = m.w * m.h * m.c;
    m.p += m.kind >= 5; /* one blank before the bytes */
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = m.kind >= 5 ? (uint8_t)*m.p++ : pnm_number(&m);
        if (v < 0 || v > m.top)
            return hy_file_fail(cx, path, "sample %lld is missing or beyond %lld", (long long)i + 1,
                                (long long)m.top);
        sample[i] = (uint8_t)((v * 255 + m.top / 2) / m.top);
    }
    return HY_OK;
}

/* ---- PNG and JPEG --------------------------------------------------------------------------- */

/* stb 2.27 believes Huffman tables of a JPEG that hold more than 256 codes, and writes past its own;
 * code 255 it takes for none, and reads past its own; behind the end of the file it reads zeros.
 * Every table in the file is looked at, wherever it stands. */
static bool huffman_tables_fit(const uint8_t *p, int64_t size)
{
    for (int64_t at = 0; at + 4 <= size; at++) {
        if (p[at] != 0xFF || p[at + 1] != 0xC4)
            continue;
        const int64_t end = at + 2 + (p[at + 2] << 8 | p[at + 3]);
        for (int64_t table = at + 4; table < end && table < size;) {
            int codes = 0;
            for (int64_t i = table + 1; i <= table + 16 && i < size; i++)
                codes += p[i];
            if (codes > 255)
                return false;
            table += 17 + codes;
        }
    }
    return true;
}

/* stb allocates what a chunk of a PNG says to hold, wherever the file ends. */
static bool png_chunks_fit(const uint8_t *p, int64_t size)
{
    for (int64_t at = 8; at + 8 <= size;) {
        const int64_t length = (int64_t)p[at] << 24 | p[at + 1] << 16 | p[at + 2] << 8 | p[at + 3];
        if (memcmp(p + at + 4, "IEND", 4) == 0)
            return true;
        if (length > size - at - 12)
            return false;
        at += 12 + length;
    }
    return false;
}

static hy_status read_stb(hy_ctx *cx, const char *path, const hy_text *text, const char *kind,
                          hy_tensor **out)
{
    int w = 0, h = 0, c = 0;
    const stbi_uc *bytes = (const stbi_uc *)text->data;
    if (*kind == 'J' && !huffman_tables_fit(bytes, text->size))
        return hy_file_fail(cx, path, "holds damaged %s data", kind);
    if (text->size > INT_MAX)
        return hy_file_fail(cx, path, "is too large for a picture");
    if (!stbi_info_from_memory(bytes, (int)text->size, &w, &h, &c) || w > SIDE_LIMIT ||
        h > SIDE_LIMIT)
        return hy_file_fail(cx, path, "has a damaged %s header, or sides beyond %d", kind,
                            SIDE_LIMIT);
    if ((int64_t)w * h * c / PIXEL_LIMIT > text->size)
        return hy_file_fail(cx, path,
                            "its header promises %d×%d pixels, more than %lld bytes can hold", h, w,
                            (long long)text->size);
    if (*kind == 'P' && !png_chunks_fit(bytes, text->size))
        return hy_file_fail(cx, path, "holds damaged %s data", kind);
    const int wanted = c == 2 ? 4 : c; /* gray with alpha becomes color with alpha */
    stbi_uc *pixels = stbi_load_from_memory(bytes, (int)text->size, &w, &h, &c, wanted);
    if (!pixels)
        return hy_file_fail(cx, path, "holds damaged %s data", kind);
    hy_status status = hy_tensor_new(cx, HY_U8, 3, (int64_t[]){ h, w, wanted }, out);
    if (status == HY_OK)
        memcpy(hy_data(*out), pixels, (size_t)h * (size_t)w * (size_t)wanted);
    stbi_image_free(pixels);
    return status;
}

hy_status hy_read_image(hy_ctx *cx, const char *path, hy_tensor **out)
{
    hy_text text;
    *out = NULL;
    HY_TRY(hy_text_read(cx, path, &text));
    hy_status status;
    if (text.size >= 2 && text.data[0] == 'P' && text.data[1] != '\0' &&
        strchr("2356", text.data[1]))
        status = read_pnm(cx, path, &text, out);
    else if (text.size >= 8 && memcmp(text.data, "\x89PNG\r\n\x1A\n", 8) == 0)
        status = read_stb(cx, path, &text, "PNG", out);
    else if (text.size >= 3 && memcmp(text.data, "\xFF\xD8\xFF", 3) == 0)
        status = read_stb(cx, path, &text, "JPEG", out);
    else
        status = hy_file_fail(cx, path, "is no PNG, JPEG, PGM or PPM picture");
    hy_text_free(cx, &text);
    if (status != HY_OK) {
        hy_unref(*out);
        *out = NULL;
    }
    return status;
}
