/* NumPy's .npy, versions 1 to 3. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"

enum { HEADER_LIMIT = 65536 };

typedef struct header {
    hy_layout layout;
    bool fortran;
    int ndim;
    int64_t shape[HY_MAX_DIM];
} header;

/* The Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } under a cursor. */
typedef struct cursor {
    hy_source *s;
    const char *p;
} cursor;

static hy_status odd_header(hy_source *s)
{
    return hy_file_fail(s->cx, s->path,
                        "has an .npy header that is no dictionary of "
                        "descr, fortran_order and shape");
}

static void skip_blanks(cursor *c)
{
    c->p += strspn(c->p, " \t\n");
}

static bool take(cursor *c, const char *word)
{
    skip_blanks(c);
    const size_t n = strlen(word);
    if (strncmp(c->p, word, n) != 0)
        return false;
    c->p += n;
    return true;
}

/* 'text' or "text", at most 31 bytes; NULL when there is none. */
static const char *take_string(cursor *c, char text[32])
{
    skip_blanks(c);
    const char quote = *c->p;
    if (quote != '\'' && quote != '"')
        return NULL;
    const char *end = strchr(c->p + 1, quote);
    if (!end || end - c->p > 32)
        return NULL;
    memcpy(text, c->p + 1, (size_t)(end - c->p - 1));
    text[end - c->p - 1] = '\0';
    c->p = end + 1;
    return text;
}

static hy_status take_descr(cursor *c, hy_layout *layout)
{
    hy_ctx *cx = c->s->cx;
    char text[32];
    if (take(c, "["))
        return hy_file_fail(cx, c->s->path,
                            "holds records (a structured dtype); numbers are wanted");
    if (!take_string(c, text))
        return odd_header(c->s);
    const char *t = text;
    layout->big = *t == '>';
    t += strspn(t, "<>|=") > 0;
    if (*t == 'O')
        return hy_file_fail(cx, c->s->path, "holds Python objects; numbers are wanted");
    const char *sizes = *t == 'b' ? "1" : *t == 'u' || *t == 'i' ? "1248" : *t == 'f' ? "248" : "";
    if (*t == '\0' || t[1] == '\0' || t[2] != '\0' || !strchr(sizes, t[1]))
        return hy_file_fail(cx, c->s->path,
                            "holds the type '%s'; b1, i, u and f up to 8 bytes are read", text);
    layout->kind = *t;
    layout->size = t[1] - '0';
    return HY_OK;
}

static hy_status take_shape(cursor *c, header *h)
{
    if (!take(c, "("))
        return odd_header(c->s);
    h->ndim = 0;
    while (!take(c, ")")) {
        int64_t n = 0;
        const size_t digits = strspn(c->p, "0123456789");
        if (digits == 0)
            return odd_header(c->s);
        if (h->ndim == HY_MAX_DIM)
            return hy_file_fail(c->s->cx, c->s->path, "has more than %d dimensions", HY_MAX_DIM);
        for (size_t i = 0; i < digits; i++, c->p++)
            if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c->p - '0', &n))
                return hy_file_fail(c->s->cx, c->s->path,
                                    "has a size in its header beyond 64 bits");
        h->shape[h->ndim++] = n;
        take(c, "L"); /* written by Python 2 */
        skip_blanks(c);
        if (!take(c, ",") && *c->p != ')')
            return odd_header(c->s);
    }
    return HY_OK;
}

static hy_status parse(hy_source *s, const char *text, header *h)
{
    cursor c = { s, text };
    char key[32];
    int seen = 0; /* bits: descr, fortran_order, shape */
    if (!take(&c, "{"))
        return odd_header(s);
    while (!take(&c, "}")) {
        if (!take_string(&c, key) || !take(&c, ":"))
            return odd_header(s);
        int bit;
        if (strcmp(key, "descr") == 0) {
            bit = 1;
            HY_TRY(take_descr(&c, &h->layout));
        } else if (strcmp(key, "fortran_order") == 0) {
            bit = 2;
            h->fortran = take(&c, "True");
            if (!h->fortran && !take(&c, "False"))
                return odd_header(s);
        } else if (strcmp(key, "shape") == 0) {
            bit = 4;
            HY_TRY(take_shape(&c, h));
        } else {
            return odd_header(s);
        }
        skip_blanks(&c);
        if (seen & bit || (!take(&c, ",") && *c.p != '}'))
            return odd_header(s);
        seen |= bit;
    }
    skip_blanks(&c);
    return seen == 7 && *c.p == '\0' ? HY_OK : odd_header(s);
}

static hy_status read_header(hy_source *s, header *h)
{
    hy_ctx *cx = s->cx;
    uint8_t head[8], size[4] = { 0 };
    HY_TRY(hy_source_read(s, 8, head));
    if (memcmp(head, "\x93NUMPY", 6) != 0)
        return hy_file_fail(cx, s->path, "is no .npy file: it does not begin with \\x93NUMPY");
    if (head[6] < 1 || head[6] > 3)
        return hy_file_fail(cx, s->path, "has .npy version %d; 1 to 3 are read", head[6]);
    HY_TRY(hy_source_read(s, head[6] == 1 ? 2 : 4, size));
    const int64_t length = (int64_t)size[3] << 24 | size[2] << 16 | size[1] << 8 | size[0];
    if (length > HEADER_LIMIT)
        return hy_file_fail(cx, s->path, "has a header of %lld bytes; at most %d are read",
                            (long long)length, HEADER_LIMIT);
    void *text;
    HY_TRY(hy_alloc(cx, length + 1, &text));
    hy_status status = hy_source_read(s, length, text);
    ((char *)text)[length] = '\0';
    if (status == HY_OK)
        status = strlen(text) == (size_t)length ? parse(s, text, h) : odd_header(s);
    hy_free(cx, text, length + 1);
    return status;
}

/* The file runs through the first axis fastest: read it as the transposed tensor. */
static hy_status from_fortran(hy_source *s, const header *h, hy_dtype dtype, int64_t n,
                              hy_tensor **out)
{
    hy_ctx *cx = s->cx;
    int64_t reversed[HY_MAX_DIM], stride[HY_MAX_DIM], step = 1;
    for (int i = 0; i < h->ndim; i++) {
        reversed[h->ndim - 1 - i] = h->shape[i];
        stride[i] = step;
        step *= h->shape[i];
    }
    hy_tensor *flat = NULL, *view = NULL;
    hy_status status = hy_tensor_new(cx, dtype, h->ndim, reversed, &flat);
    if (status == HY_OK)
        status = hy_source_numbers(s, h->layout, n, flat);
    if (status == HY_OK)
        status = hy_tensor_view(cx, flat, h->ndim, h->shape, stride, 0, &view);
    if (status == HY_OK)
        status = hy_contiguous(cx, view, out);
    hy_unref(view);
    hy_unref(flat);
    return status;
}

static hy_status count(hy_source *s, const header *h, int64_t *n)
{
    if (!hy_shape_count(h->ndim, h->shape, n))
        return hy_file_fail(s->cx, s->path,
                            "has sizes in its header whose product is beyond any memory");
    return hy_source_promise(s, *n * h->layout.size);
}

hy_status hy_source_npy(hy_source *s, bool as_index, hy_tensor **out)
{
    header h = { 0 };
    int64_t n;
    HY_TRY(read_header(s, &h));
    HY_TRY(count(s, &h, &n));
    const hy_dtype dtype = hy_layout_dtype(h.layout, as_index);
    if (h.fortran && h.ndim > 1) {
        HY_TRY(from_fortran(s, &h, dtype, n, out));
    } else {
        HY_TRY(hy_tensor_new(s->cx, dtype, h.ndim, h.shape, out));
        HY_TRY(hy_source_numbers(s, h.layout, n, *out));
    }
    return hy_source_done(s);
}

hy_status hy_read_npy(hy_ctx *cx, const char *path, bool as_index, hy_tensor **out)
{
    hy_source s;
    *out = NULL;
    hy_status status = hy_source_open(cx, path, &s);
    if (status == HY_OK)
        status = hy_source_npy(&s, as_index, out);
    hy_source_close(&s);
    if (status != HY_OK) {
        hy_unref(*out);
        *out = NULL;
    }
    return status;
}

/* ---- mapping -------------------------------------------------------------------------------- */

static void unmap(hy_storage *s)
{
    munmap(s->held, (size_t)((char *)s->data - (char *)s->held + s->bytes));
}

/* The bytes of the file must be the numbers of the tensor, in its order. */
static hy_status need_plain(hy_source *s, const header *h, hy_dtype dtype)
{
    hy_ctx *cx = s->cx;
    if (s->packed)
        return hy_file_fail(cx, s->path, "is packed by gzip and cannot be mapped; unpack it");
    if (h->fortran && h->ndim > 1)
        return hy_file_fail(cx, s->path,
                            "is in Fortran order and cannot be mapped; "
                            "save it in C order");
    const bool plain =
        dtype == HY_U8 || (h->layout.kind == 'f' && h->layout.size >= 4 && (!h->layout.big));
    if (!plain || s->at % h->layout.size != 0)
        return hy_file_fail(cx, s->path,
                            "holds other numbers than f32, f64 or u8 of this machine "
                            "and cannot be mapped");
    return HY_OK;
}

static hy_status map_npy(hy_source *s, int fd, hy_tensor **out)
{
    header h = { 0 };
    int64_t n;
    HY_TRY(read_header(s, &h));
    const hy_dtype dtype = hy_layout_dtype(h.layout, false);
    HY_TRY(need_plain(s, &h, dtype));
    HY_TRY(count(s, &h, &n));
    char *held = mmap(NULL, (size_t)s->size, PROT_READ, MAP_SHARED, fd, 0);
    if (held == MAP_FAILED)
        return hy_file_fail(s->cx, s->path, "cannot be mapped: %s", strerror(errno));
    const hy_status status =
        hy_tensor_over(s->cx, dtype, h.ndim, h.shape, held + s->at, held, unmap, out);
    if (status != HY_OK)
        munmap(held, (size_t)s->size);
    return status;
}

hy_status hy_map_npy(hy_ctx *cx, const char *path, hy_tensor **out)
{
    hy_source s;
    *out = NULL;
    hy_status status = hy_source_open(cx, path, &s);
    if (status == HY_OK) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        status = fd < 0 ? hy_file_fail(cx, path, "%s", strerror(errno)) : map_npy(&s, fd, out);
        if (fd >= 0)
            close(fd);
    }
    hy_source_close(&s);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Everything before the data; returns its length, a multiple of 64. */
static int header_text(const hy_tensor *x, char text[512])
{
    static const char *const descr[HY_DTYPES] = { "<f4", "<f8", "|u1", "<i4" };
    int n = 10;
    n += sprintf(text + n, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[x->dtype]);
    for (int i = 0; i < x->ndim; i++)
        n += sprintf(text + n,
                     i == 0   ? "%lld,"
                     : i == 1 ? " %lld"
                              : ", %lld",
                     (long long)x->shape[i]);
    n += sprintf(text + n, "), }");
    while ((n + 1) % 64 != 0)
        text[n++] = ' ';
    text[n++] = '\n';
    const uint8_t head[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)((n - 10) & 255), (uint8_t)((n - 10) >> 8)
    };
    memcpy(text, head, sizeof head);
    return n;
}

int64_t hy_npy_bytes(const hy_tensor *x)
{
    char text[512];
    return header_text(x, text) + hy_numel(x) * hy_dtype_size(x->dtype);
}

hy_status hy_sink_npy(hy_sink *s, const hy_tensor *x)
{
    char text[512];
    HY_TRY(hy_sink_write(s, header_text(x, text), text));
    return hy_sink_tensor(s, x);
}

hy_status hy_write_npy(hy_ctx *cx, const char *path, const hy_tensor *x)
{
    hy_tensor *flat;
    hy_sink s;
    HY_TRY(hy_contiguous(cx, (hy_tensor *)x, &flat));
    hy_status status = hy_sink_open(cx, path, &s);
    if (status == HY_OK)
        status = hy_sink_close(&s, hy_sink_npy(&s, flat));
    hy_unref(flat);
    return status;
}
