/* NumPy's .npz: a zip archive of .npy members, stored or deflated. Trusts no number in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum {
    LOCAL = 0x04034b50, /* signatures and lengths of the fixed parts of the records */
    LOCAL_BYTES = 30,
    ENTRY = 0x02014b50,
    ENTRY_BYTES = 46,
    END = 0x06054b50,
    END_BYTES = 22,
    END64 = 0x06064b50,
    END64_BYTES = 56,
    LOCATOR = 0x07064b50,
    LOCATOR_BYTES = 20,
    COMMENT_LIMIT = 65535,
    STORED = 0,
    DEFLATED = 8,
    DEFLATE_LIMIT = 1032, /* no deflate stream grows by more than this factor */
    NAME_SHOWN = 80,
    NAME_LIMIT = 60000,
};

static const uint32_t in_extra = 0xFFFFFFFF; /* the number is in the zip64 field */

typedef struct archive {
    hy_ctx *cx;
    const char *path;
    int fd;
    int64_t size; /* of the file */
    int64_t count, at, bytes;
    uint8_t *directory; /* bytes from at: count entries */
} archive;

typedef struct member {
    const archive *a;
    const char *name; /* in the directory, not terminated */
    int name_length, method;
    uint32_t crc, sum; /* promised, and of what was delivered */
    int64_t packed, size, at;
    int64_t left, due; /* packed bytes to read, unpacked ones to deliver */
    z_stream z;
    uint8_t buffer[1 << 15];
} member;

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    while (bytes-- > 0)
        v = v << 8 | p[bytes];
    return v;
}

static hy_status damaged(const archive *a, const char *what)
{
    return hy_file_fail(a->cx, a->path, "is a damaged zip archive: %s", what);
}

static hy_status read_at(const archive *a, int64_t at, int64_t n, void *into)
{
    for (int64_t done = 0; done < n;) {
        const ssize_t r = pread(a->fd, (char *)into + done, (size_t)(n - done), at + done);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return hy_file_fail(a->cx, a->path, "%s", strerror(errno));
        if (r == 0)
            return damaged(a, "it ends too early");
        done += r;
    }
    return HY_OK;
}

/* ---- the directory -------------------------------------------------------------------------- */

/* Where the records at the end of the file say that the directory lies. */
static hy_status read_end64(archive *a, int64_t locator)
{
    uint8_t p[END64_BYTES];
    HY_TRY(read_at(a, locator, LOCATOR_BYTES, p));
    const uint64_t at = number(p + 8, 8);
    if (number(p, 4) != LOCATOR || at > (uint64_t)locator || locator - (int64_t)at < END64_BYTES)
        return damaged(a, "its zip64 record is not where it should be");
    HY_TRY(read_at(a, (int64_t)at, END64_BYTES, p));
    if (number(p, 4) != END64)
        return damaged(a, "its zip64 record is not where it should be");
    a->count = (int64_t)number(p + 32, 8);
    a->bytes = (int64_t)number(p + 40, 8);
    a->at = (int64_t)number(p + 48, 8);
    return HY_OK;
}

static hy_status read_end(archive *a)
{
    const int64_t most = END_BYTES + COMMENT_LIMIT, n = a->size < most ? a->size : most;
    void *tail;
    HY_TRY(hy_alloc(a->cx, n, &tail));
    hy_status status = read_at(a, a->size - n, n, tail);
    int64_t i = status == HY_OK ? n - END_BYTES : -1;
    const uint8_t *p = tail;
    while (i >= 0 &&
           (number(p + i, 4) != END || (int64_t)number(p + i + 20, 2) != n - i - END_BYTES))
        i--;
    if (status == HY_OK && i < 0)
        status =
            hy_file_fail(a->cx, a->path, "is no .npz file, or cut off: no zip archive ends it");
    int64_t end = a->size - n + i;
    if (status == HY_OK) {
        a->count = (int64_t)number(p + i + 10, 2);
        a->bytes = (int64_t)number(p + i + 12, 4);
        a->at = (int64_t)number(p + i + 16, 4);
        if (a->count == 0xFFFF || a->bytes == in_extra || a->at == in_extra) {
            end -= LOCATOR_BYTES;
            status = end < 0 ? damaged(a, "its zip64 record is missing") : read_end64(a, end);
        }
    }
    hy_free(a->cx, tail, n);
    if (status == HY_OK && (a->at < 0 || a->bytes < 0 || a->at > end || a->bytes > end - a->at ||
                            a->count < 0 || a->count > a->bytes / ENTRY_BYTES))
        status = damaged(a, "its directory lies outside the file");
    return status;
}

/* Sizes and place of a member that does not fit into 32 bits, from the field 1 of its extra part.
 */
static bool read_extra(const uint8_t *p, int64_t n, member *m)
{
    int64_t *const wanted[] = { &m->size, &m->packed, &m->at };
    for (int64_t i = 0; i + 4 <= n;) {
        const int64_t length = (int64_t)number(p + i + 2, 2);
        if (length > n - i - 4)
            return false;
        const uint8_t *q = p + i + 4, *end = q + length;
        const bool zip64 = number(p + i, 2) == 1;
        i += 4 + length;
        for (int k = 0; zip64 && k < 3; k++) {
            if (*wanted[k] != in_extra)
                continue;
            if (end - q < 8)
                return false;
            *wanted[k] = (int64_t)number(q, 8);
            q += 8;
        }
    }
    return true;
}

/* The entry at byte *at of the directory; moves *at behind it. */
static hy_status read_entry(const archive *a, int64_t *at, member *m)
{
    const uint8_t *p = a->directory + *at;
    if (a->bytes - *at < ENTRY_BYTES || number(p, 4) != ENTRY)
        return damaged(a, "an entry of its directory is missing");
    const int64_t name = (int64_t)number(p + 28, 2), extra = (int64_t)number(p + 30, 2);
    const int64_t length = ENTRY_BYTES + name + extra + (int64_t)number(p + 32, 2);
    if (a->bytes - *at < length)
        return damaged(a, "its directory ends within an entry");
    m->a = a;
    m->name = (const char *)p + ENTRY_BYTES;
    m->name_length = (int)name;
    m->method = (int)number(p + 10, 2);
    m->crc = (uint32_t)number(p + 16, 4);
    m->packed = (int64_t)number(p + 20, 4);
    m->size = (int64_t)number(p + 24, 4);
    m->at = (int64_t)number(p + 42, 4);
    if (!read_extra(p + ENTRY_BYTES + name, extra, m) || memchr(m->name, '\0', (size_t)name))
        return damaged(a, "an entry of its directory makes no sense");
    if (number(p + 8, 2) & 1)
        return hy_file_fail(a->cx, a->path, "member '%.*s' is encrypted",
                            name < NAME_SHOWN ? (int)name : NAME_SHOWN, m->name);
    *at += length;
    return HY_OK;
}

/* ---- one member ----------------------------------------------------------------------------- */

static hy_status odd_member(const member *m, const char *what)
{
    return hy_file_fail(m->a->cx, m->a->path, "member '%.*s' %s",
                        m->name_length < NAME_SHOWN ? m->name_length : NAME_SHOWN, m->name, what);
}

/* Looks at the local header, and sets m->at to the data. */
static hy_status find_data(member *m)
{
    const archive *a = m->a;
    uint8_t p[LOCAL_BYTES];
    if (m->method != STORED && m->method != DEFLATED)
        return odd_member(m, "is packed by a method that is neither 'stored' nor 'deflated'");
    if (m->at < 0 || m->at > a->at - LOCAL_BYTES || m->packed < 0 || m->packed > a->at ||
        m->size < 0)
        return odd_member(m, "lies outside the file");
    HY_TRY(read_at(a, m->at, LOCAL_BYTES, p));
    if (number(p, 4) != LOCAL)
        return odd_member(m, "is not where the directory says");
    const uint64_t packed = number(p + 18, 4), size = number(p + 22, 4);
    const bool later = number(p + 6, 2) & 8; /* the sizes follow the data */
    if (number(p + 8, 2) != (uint64_t)m->method ||
        (!later && ((packed != in_extra && packed != (uint64_t)m->packed) ||
                    (size != in_extra && size != (uint64_t)m->size))))
        return odd_member(m, "has another size or method than the directory says");
    m->at += LOCAL_BYTES + (int64_t)number(p + 26, 2) + (int64_t)number(p + 28, 2);
    if (m->at > a->at || m->packed > a->at - m->at)
        return odd_member(m, "lies outside the file");
    if (m->method == STORED ? m->size != m->packed : m->size / DEFLATE_LIMIT > m->packed)
        return odd_member(m, "has a size that its packed bytes cannot give");
    return HY_OK;
}

static hy_status pull_stored(member *m, int64_t n, char *into, int64_t *got)
{
    *got = n < m->left ? n : m->left;
    HY_TRY(read_at(m->a, m->at, *got, into));
    m->at += *got;
    m->left -= *got;
    return HY_OK;
}

static hy_status pull_deflated(member *m, int64_t n, char *into, int64_t *got)
{
    m->z.next_out = (uint8_t *)into;
    m->z.avail_out = (unsigned)n;
    int code = Z_OK;
    while (code == Z_OK && m->z.avail_out == (unsigned)n) {
        if (m->z.avail_in == 0 && m->left > 0) {
            const int64_t room = sizeof m->buffer, more = m->left < room ? m->left : room;
            HY_TRY(read_at(m->a, m->at, more, m->buffer));
            m->at += more;
            m->left -= more;
            m->z.next_in = m->buffer;
            m->z.avail_in = (unsigned)more;
        }
        code = inflate(&m->z, Z_NO_FLUSH);
    }
    *got = n - (int64_t)m->z.avail_out;
    if (code == Z_MEM_ERROR)
        return hy_fail(m->a->cx, HY_EMEM, "out of memory while reading %s", m->a->path);
    if (code != Z_OK && code != Z_STREAM_END)
        return odd_member(m, "holds damaged data");
    return HY_OK;
}

static hy_status pull_member(hy_source *s, int64_t n, char *into, int64_t *got)
{
    member *m = s->member;
    *got = 0;
    n = n < m->due ? n : m->due;
    if (n == 0)
        return HY_OK;
    HY_TRY(m->method == STORED ? pull_stored(m, n, into, got) : pull_deflated(m, n, into, got));
    if (*got == 0)
        return odd_member(m, "is shorter than the directory says");
    m->due -= *got;
    m->sum = (uint32_t)crc32_z(m->sum, (const uint8_t *)into, (size_t)*got);
    if (m->due == 0 && m->sum != m->crc)
        return odd_member(m, "does not have the CRC that the directory says");
    return HY_OK;
}

static hy_status read_member(member *m, hy_tensor **out)
{
    const archive *a = m->a;
    char label[PATH_MAX + NAME_SHOWN + 8];
    HY_TRY(find_data(m));
    snprintf(label, sizeof label, "%s: %.*s", a->path,
             m->name_length < NAME_SHOWN ? m->name_length : NAME_SHOWN, m->name);
    hy_source s = { .cx = a->cx, .path = label, .size = m->size, .pull = pull_member, .member = m };
    m->left = m->packed;
    m->due = m->size;
    m->sum = 0;
    m->z = (z_stream){ 0 };
    if (m->method == DEFLATED && inflateInit2(&m->z, -15) != Z_OK)
        return hy_fail(a->cx, HY_EMEM, "out of memory while reading %s", a->path);
    const hy_status status = hy_source_npy(&s, false, out);
    if (m->method == DEFLATED)
        inflateEnd(&m->z);
    return status;
}

/* Members that are no arrays are left out, as NumPy would leave them unread. */
static bool is_array(const member *m)
{
    return m->name_length > 4 && memcmp(m->name + m->name_length - 4, ".npy", 4) == 0;
}

static hy_status add_member(member *m, int64_t *n, hy_named *items)
{
    const archive *a = m->a;
    hy_named *item = &items[*n];
    item->name = strndup(m->name, (size_t)m->name_length - 4);
    if (!item->name)
        return hy_fail(a->cx, HY_EMEM, "out of memory while reading %s", a->path);
    ++*n;
    for (int64_t i = 0; i + 1 < *n; i++)
        if (strcmp(items[i].name, item->name) == 0)
            return odd_member(m, "is there twice");
    return read_member(m, &item->tensor);
}

static hy_status read_members(archive *a, int64_t *n, hy_named **out)
{
    void *memory;
    HY_TRY(hy_alloc(a->cx, a->bytes, &memory));
    a->directory = memory;
    HY_TRY(read_at(a, a->at, a->bytes, memory));
    *out = calloc((size_t)a->count + 1, sizeof **out);
    if (!*out)
        return hy_fail(a->cx, HY_EMEM, "out of memory while reading %s", a->path);
    int64_t at = 0, packed = 0;
    for (int64_t i = 0; i < a->count; i++) {
        member m;
        HY_TRY(read_entry(a, &at, &m));
        if (!is_array(&m))
            continue;
        HY_TRY(add_member(&m, n, *out));
        packed += m.packed; /* members that share their bytes could unpack without end */
        if (packed > a->size)
            return damaged(a, "its members overlap");
    }
    return at == a->bytes ? HY_OK : damaged(a, "its directory goes on after the last entry");
}

static hy_status open_archive(archive *a)
{
    struct stat info;
    a->fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (a->fd < 0)
        return hy_file_fail(a->cx, a->path, "%s", strerror(errno));
    if (fstat(a->fd, &info) != 0 || !S_ISREG(info.st_mode))
        return hy_file_fail(a->cx, a->path, "is no regular file");
    a->size = info.st_size;
    return read_end(a);
}

hy_status hy_read_npz(hy_ctx *cx, const char *path, int64_t *n, hy_named **out)
{
    archive a = { .cx = cx, .path = path };
    *n = 0;
    *out = NULL;
    hy_status status = open_archive(&a);
    if (status == HY_OK)
        status = read_members(&a, n, out);
    if (a.directory)
        hy_free(cx, a.directory, a.bytes);
    if (a.fd >= 0)
        close(a.fd);
    if (status != HY_OK) {
        hy_named_free(*n, *out);
        *n = 0;
        *out = NULL;
    }
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The fields of a record one after the other, least significant byte first. */
typedef struct record {
    uint8_t bytes[ENTRY_BYTES + 28];
    int64_t n;
} record;

static void put(record *r, int bytes, uint64_t v)
{
    for (; bytes-- > 0; v >>= 8)
        r->bytes[r->n++] = (uint8_t)v;
}

/* From "version needed" to the length of the name; sizes are in the extra part of `extra` bytes. */
static void put_common(record *r, uint32_t crc, int64_t name, int extra)
{
    put(r, 2, 45);    /* version of zip64 */
    put(r, 2, 0x800); /* the name is UTF-8 */
    put(r, 2, STORED);
    put(r, 4, 0x00210000); /* 1 January 1980: the same tensors give the same file */
    put(r, 4, crc);
    put(r, 8, UINT64_MAX); /* both sizes */
    put(r, 2, (uint64_t)name);
    put(r, 2, (uint64_t)extra);
}

typedef struct written {
    int64_t at, size;
    uint32_t crc;
} written;

static hy_status write_local(hy_sink *s, const char *name, const written *w)
{
    record r = { .n = 0 };
    put(&r, 4, LOCAL);
    put_common(&r, w->crc, (int64_t)strlen(name) + 4, 20);
    HY_TRY(hy_sink_write(s, r.n, r.bytes));
    HY_TRY(hy_sink_write(s, (int64_t)strlen(name), name));
    HY_TRY(hy_sink_write(s, 4, ".npy"));
    r.n = 0;
    put(&r, 2, 1);
    put(&r, 2, 16);
    put(&r, 8, (uint64_t)w->size);
    put(&r, 8, (uint64_t)w->size);
    return hy_sink_write(s, r.n, r.bytes);
}

/* The CRC comes before the data: it is known, and put there, when they are written. */
static hy_status write_member(hy_sink *s, const hy_named *item, written *w)
{
    hy_tensor *flat;
    *w = (written){ .at = s->at, .size = hy_npy_bytes(item->tensor) };
    HY_TRY(hy_contiguous(s->cx, item->tensor, &flat));
    hy_status status = write_local(s, item->name, w);
    s->crc = 0;
    s->summing = true;
    if (status == HY_OK)
        status = hy_sink_npy(s, flat);
    s->summing = false;
    w->crc = s->crc;
    hy_unref(flat);
    HY_TRY(status);
    const int64_t end = s->at;
    bool placed = fseeko(s->file, w->at, SEEK_SET) == 0;
    if (placed)
        HY_TRY(write_local(s, item->name, w));
    s->at = end;
    placed = placed && fseeko(s->file, end, SEEK_SET) == 0;
    return placed ? HY_OK
                  : hy_file_fail(s->cx, s->path, "could not be written: %s", strerror(errno));
}

static hy_status write_entry(hy_sink *s, const char *name, const written *w)
{
    record r = { .n = 0 };
    put(&r, 4, ENTRY);
    put(&r, 2, 45);
    put_common(&r, w->crc, (int64_t)strlen(name) + 4, 28);
    put(&r, 10, 0); /* no comment, first disk, no attributes */
    put(&r, 4, in_extra);
    HY_TRY(hy_sink_write(s, r.n, r.bytes));
    HY_TRY(hy_sink_write(s, (int64_t)strlen(name), name));
    HY_TRY(hy_sink_write(s, 4, ".npy"));
    r.n = 0;
    put(&r, 2, 1);
    put(&r, 2, 24);
    put(&r, 8, (uint64_t)w->size);
    put(&r, 8, (uint64_t)w->size);
    put(&r, 8, (uint64_t)w->at);
    return hy_sink_write(s, r.n, r.bytes);
}

static hy_status write_end(hy_sink *s, int64_t n, int64_t directory)
{
    record r = { .n = 0 };
    const int64_t end = s->at;
    put(&r, 4, END64);
    put(&r, 8, END64_BYTES - 12);
    put(&r, 4, 45 << 16 | 45);
    put(&r, 8, 0); /* one disk */
    put(&r, 8, (uint64_t)n);
    put(&r, 8, (uint64_t)n);
    put(&r, 8, (uint64_t)(end - directory));
    put(&r, 8, (uint64_t)directory);
    HY_TRY(hy_sink_write(s, r.n, r.bytes));
    r.n = 0;
    put(&r, 4, LOCATOR);
    put(&r, 4, 0);
    put(&r, 8, (uint64_t)end);
    put(&r, 4, 1);
    put(&r, 4, END);
    put(&r, 4, 0);
    put(&r, 4, UINT32_MAX); /* how many members: see the zip64 record */
    put(&r, 8, UINT64_MAX);
    put(&r, 2, 0);
    return hy_sink_write(s, r.n, r.bytes);
}

static hy_status write_all(hy_sink *s, int64_t n, const hy_named *items)
{
    hy_status status = HY_OK;
    written *w = calloc((size_t)n + 1, sizeof *w);
    if (!w)
        return hy_fail(s->cx, HY_EMEM, "out of memory while writing %s", s->path);
    for (int64_t i = 0; i < n && status == HY_OK; i++)
        status = write_member(s, &items[i], &w[i]);
    const int64_t directory = s->at;
    for (int64_t i = 0; i < n && status == HY_OK; i++)
        status = write_entry(s, items[i].name, &w[i]);
    free(w);
    return status == HY_OK ? write_end(s, n, directory) : status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hy_named *)a)->name, ((const hy_named *)b)->name);
}

hy_status hy_write_npz(hy_ctx *cx, const char *path, int64_t n, const hy_named *items)
{
    hy_sink s;
    for (int64_t i = 0; i < n; i++)
        if (*items[i].name == '\0' || strlen(items[i].name) > NAME_LIMIT)
            return hy_fail(cx, HY_EARG, "the name of an array has %lld bytes; 1 to %d are possible",
                           (long long)strlen(items[i].name), NAME_LIMIT);
    hy_named *sorted = calloc((size_t)n + 1, sizeof *sorted);
    if (!sorted)
        return hy_fail(cx, HY_EMEM, "out of memory while writing %s", path);
    for (int64_t i = 0; i < n; i++)
        sorted[i] = items[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_name);
    hy_status status = hy_sink_open(cx, path, &s);
    if (status == HY_OK)
        status = hy_sink_close(&s, write_all(&s, n, sorted));
    free(sorted);
    return status;
}
