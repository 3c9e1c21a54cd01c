/*
 * Every reader and writer with failing memory: first each counted allocation fails, then each call
 * of malloc, until the file is read or written. A failing call says why, gives back every byte, and
 * leaves the file as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../../core/hyades.h"
#include "check.h"

enum { MAX_FAILURES = 4000 };

/* ---- a malloc that can fail, where no sanitizer has its own -----------------------------------
 */

static long mallocs, fail_malloc, outstanding;

#ifndef __SANITIZE_ADDRESS__
#pragma GCC visibility push(default) /* the libraries call it too */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *p);

static void *counted(void *p)
{
    outstanding += p != NULL;
    return p;
}

void *malloc(size_t n)
{
    return ++mallocs == fail_malloc ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return ++mallocs == fail_malloc ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (++mallocs == fail_malloc)
        return NULL;
    void *grown = __libc_realloc(p, n);
    outstanding += !p && grown;
    return grown;
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return counted(__libc_memalign(alignment, n));
}

void free(void *p)
{
    outstanding -= p != NULL;
    __libc_free(p);
}
#pragma GCC visibility pop
#endif

/* ---- the files ------------------------------------------------------------------------------- */

static hy_named arrays[2] = { { (char[]){ "first" }, NULL }, { (char[]){ "second" }, NULL } };

static hy_status drop(hy_status status, hy_tensor *x)
{
    hy_unref(x);
    return status;
}

static hy_status save_npy(hy_ctx *cx, const char *path)
{
    return hy_write_npy(cx, path, arrays[0].tensor);
}

static hy_status load_npy(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_read_npy(cx, path, false, &x);
    return drop(status, x);
}

static hy_status map_npy(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_map_npy(cx, path, &x);
    return drop(status, x);
}

static hy_status save_npz(hy_ctx *cx, const char *path)
{
    return hy_write_npz(cx, path, 2, arrays);
}

static hy_status load_npz(hy_ctx *cx, const char *path)
{
    int64_t n;
    hy_named *items;
    const hy_status status = hy_read_npz(cx, path, &n, &items);
    hy_named_free(n, items);
    return status;
}

static hy_status save_safetensors(hy_ctx *cx, const char *path)
{
    return hy_write_safetensors(cx, path, 2, arrays, "{\"version\":1}");
}

static hy_status load_safetensors(hy_ctx *cx, const char *path)
{
    int64_t n;
    hy_named *items;
    char *metadata;
    const hy_status status = hy_read_safetensors(cx, path, &n, &items, &metadata);
    hy_named_free(n, items);
    free(metadata);
    return status;
}

/* Not ours to write: an IDX file of 2×3 bytes, plain or packed. */
static const char idx_bytes[] = "\0\0\x08\x02\0\0\0\2\0\0\0\3abcdef";

static void make_packed(const char *path, const char *mode)
{
    gzFile file = gzopen(path, mode);
    CHECK(file && gzwrite(file, idx_bytes, sizeof idx_bytes - 1) == (int)sizeof idx_bytes - 1);
    CHECK(gzclose(file) == Z_OK);
}

static hy_status load_idx(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_read_idx(cx, path, &x);
    return drop(status, x);
}

static hy_status load_plain_csv(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_read_csv(cx, path, 0, HY_F64, &x);
    return drop(status, x);
}

static hy_status save_csv(hy_ctx *cx, const char *path)
{
    return hy_write_csv(cx, path, arrays[0].tensor, ',');
}

static hy_status load_csv(hy_ctx *cx, const char *path)
{
    const hy_table how = { .missing = HY_MISSING_DROP, .labels = true, .label = -1 };
    int64_t n;
    hy_named *names;
    hy_tensor *x, *y;
    const hy_status status = hy_read_table(cx, path, &how, &x, &y, &n, &names);
    hy_named_free(n, names);
    hy_unref(x);
    return drop(status, y);
}

static hy_status save_png(hy_ctx *cx, const char *path)
{
    static const uint8_t pixels[4 * 3 * 3] = { 255, 0, 7 };
    return hy_write_png(cx, path, 4, 3, 3, pixels);
}

static hy_status load_image(hy_ctx *cx, const char *path)
{
    hy_tensor *x;
    const hy_status status = hy_read_image(cx, path, &x);
    return drop(status, x);
}

/* ---- the test -------------------------------------------------------------------------------- */

typedef hy_status file_fn(hy_ctx *cx, const char *path);

static const struct {
    const char *name;
    file_fn *save, *load, *other;
    const char *packed; /* how zlib writes it, when it is not saved */
} kinds[] = {
    { "idx", NULL, load_idx, NULL, "wT" },
    { "idx.gz", NULL, load_idx, NULL, "wb9" },
    { "npy", save_npy, load_npy, map_npy, NULL },
    { "npz", save_npz, load_npz, NULL, NULL },
    { "safetensors", save_safetensors, load_safetensors, NULL, NULL },
    { "csv", save_csv, load_csv, load_plain_csv, NULL },
    { "png", save_png, load_image, NULL, NULL },
};

static void fail_everywhere(hy_ctx *cx, const char *name, file_fn *fn, const char *path,
                            bool counted_ones)
{
    const int64_t live = cx->live;
    const long before = outstanding;
    hy_status status = HY_EMEM;
    for (int n = 1; status != HY_OK && n < MAX_FAILURES; n++) {
        cx->message[0] = '\0';
        cx->fail_at = counted_ones ? cx->allocations + n : 0;
        fail_malloc = counted_ones ? 0 : mallocs + n;
        status = fn(cx, path);
        cx->fail_at = fail_malloc = 0;
        CHECK_NAMED(status == HY_OK || cx->message[0], name);
        CHECK_NAMED(status == HY_OK || !counted_ones || status == HY_EMEM, name);
        CHECK_NAMED(cx->live == live, name);
        CHECK_NAMED(outstanding == before, name);
    }
    CHECK_NAMED(status == HY_OK, cx->message);
}

static void survives(hy_ctx *cx, const char *name, file_fn *fn, const char *path)
{
    CHECK_NAMED(fn(cx, path) == HY_OK, name); /* what the C library keeps for itself, it has now */
    fail_everywhere(cx, name, fn, path, true);
    fail_everywhere(cx, name, fn, path, false);
}

int main(void)
{
    char folder[40], path[64];
    snprintf(folder, sizeof folder, "/tmp/hyades-files-%ld", (long)getpid());
    hy_ctx *cx = hy_ctx_new();
    hy_threads(1);
    CHECK(mkdir(folder, 0700) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(hy_tensor_new(cx, i ? HY_INDEX : HY_F32, 2, (int64_t[]){ 5, 3 }, &arrays[i].tensor) ==
              HY_OK);
        CHECK(hy_fill(cx, arrays[i].tensor, 2) == HY_OK);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, kinds[i].name);
        if (kinds[i].save)
            RUN(survives(cx, kinds[i].name, kinds[i].save, path));
        else
            make_packed(path, kinds[i].packed);
        RUN(survives(cx, kinds[i].name, kinds[i].load, path));
        if (kinds[i].other)
            RUN(survives(cx, kinds[i].name, kinds[i].other, path));
        CHECK(unlink(path) == 0);
    }
    CHECK(rmdir(folder) == 0); /* no unfinished file is left */
    for (int i = 0; i < 2; i++)
        hy_unref(arrays[i].tensor);
    hy_ctx_free(cx);
    return check_done();
}
