/*
 * Files as core/data sees them: a source is read front to back and may be gzip, a sink becomes
 * visible only when it is complete. Every error names the file and comes as HY_EIO.
 */
#ifndef HY_DATA_FILE_H
#define HY_DATA_FILE_H

#include <limits.h>
#include <stdio.h>
#include <zlib.h>

#include "../hyades.h"

typedef struct hy_source hy_source;
struct hy_source {
    hy_ctx *cx;
    const char *path;
    gzFile gz;
    bool packed;  /* gzip */
    int64_t size; /* on disk */
    int64_t at;   /* bytes delivered so far */
    bool summing; /* keep crc, the CRC-32 of what is delivered */
    uint32_t crc;
    /* The next 1 to n bytes; none at the end. From gz, or from a member of an archive. */
    hy_status (*pull)(hy_source *s, int64_t n, char *into, int64_t *got);
    void *member;
};

typedef struct hy_sink {
    hy_ctx *cx;
    const char *path;
    FILE *file;
    char part[PATH_MAX]; /* where the bytes go until they are all there */
    int64_t at;          /* bytes written so far */
    bool summing;        /* keep crc, the CRC-32 of what is written */
    uint32_t crc;
} hy_sink;

/* A whole file in memory, with a NUL after it that `size` does not count. */
typedef struct hy_text {
    char *data;
    int64_t size, room;
} hy_text;

/* How a file stores one number. kind: 'b' bool, 'u' unsigned, 'i' signed, 'f' IEEE float,
 * 'g' bfloat16. */
typedef struct hy_layout {
    char kind;
    int size; /* bytes */
    bool big; /* most significant byte first */
} hy_layout;

/* "path: sentence"; returns HY_EIO. */
hy_status hy_file_fail(hy_ctx *cx, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

hy_status hy_source_open(hy_ctx *cx, const char *path, hy_source *s);
void hy_source_close(hy_source *s); /* also after a failed open */
/* Exactly n bytes, or an error that says how many are missing. */
hy_status hy_source_read(hy_source *s, int64_t n, void *into);
/* Believe a header that promises `bytes` of data as the rest, before anything of that size is
 * allocated. */
hy_status hy_source_promise(hy_source *s, int64_t bytes);
/* Nothing may follow; also checks what gzip keeps at its end. */
hy_status hy_source_done(hy_source *s);
/* n numbers into the contiguous tensor `to`, whose dtype hy_layout_dtype chose. */
hy_status hy_source_numbers(hy_source *s, hy_layout layout, int64_t n, hy_tensor *to);

/* npy.c: all of a source, and a contiguous tensor with its header. */
hy_status hy_source_npy(hy_source *s, bool as_index, hy_tensor **out);
hy_status hy_sink_npy(hy_sink *s, const hy_tensor *contiguous);
int64_t hy_npy_bytes(const hy_tensor *x); /* that hy_sink_npy will write */

hy_dtype hy_layout_dtype(hy_layout layout, bool as_index);
/* Elements of a shape; false when the product, or its bytes, leave int64. */
bool hy_shape_count(int ndim, const int64_t *shape, int64_t *n);

hy_status hy_text_read(hy_ctx *cx, const char *path, hy_text *text);
void hy_text_free(hy_ctx *cx, hy_text *text);

hy_status hy_sink_open(hy_ctx *cx, const char *path, hy_sink *s);
hy_status hy_sink_write(hy_sink *s, int64_t n, const void *from);
hy_status hy_sink_tensor(hy_sink *s, const hy_tensor *contiguous); /* little-endian, index from 1 */
/* status HY_OK: flush to disk, rename to path. Otherwise remove what was written. Returns the first
 * thing that went wrong. */
hy_status hy_sink_close(hy_sink *s, hy_status status);

#endif
