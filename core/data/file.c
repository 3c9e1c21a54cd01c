/* Sources, sinks and whole files in memory: file.h. */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEFLATE_LIMIT = 1032, /* no deflate stream grows by more than this factor */
    SLICE = 1 << 24,      /* bytes between two looks at Ctrl-C */
    TEXT_LIMIT = 256,     /* text that grows by more is taken for an attack */
    PATH_SHOWN = 400,     /* longer paths lose their beginning in messages */
};

hy_status hy_file_fail(hy_ctx *cx, const char *path, const char *format, ...)
{
    char sentence[240];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (char *p = sentence; *p; p++) /* words of the file may hold anything */
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    const size_t length = strlen(path);
    if (length > PATH_SHOWN)
        return hy_fail(cx, HY_EIO, "…%s: %s", path + length - PATH_SHOWN, sentence);
    return hy_fail(cx, HY_EIO, "%s: %s", path, sentence);
}

/* ---- sources -------------------------------------------------------------------------------- */

static hy_status pull_gz(hy_source *s, int64_t n, char *into, int64_t *got)
{
    const int r = gzread(s->gz, into, (unsigned)n);
    int code = Z_OK;
    const char *reason = gzerror(s->gz, &code);
    if (r < 0 || (code != Z_OK && code != Z_STREAM_END)) {
        if (code == Z_ERRNO)
            return hy_file_fail(s->cx, s->path, "%s", strerror(errno));
        if (code == Z_MEM_ERROR)
            return hy_fail(s->cx, HY_EMEM, "out of memory while reading %s", s->path);
        if (code == Z_BUF_ERROR)
            return hy_file_fail(s->cx, s->path, "is cut off inside its gzip data");
        return hy_file_fail(s->cx, s->path, "holds damaged gzip data (%s)", reason);
    }
    *got = r;
    return HY_OK;
}

hy_status hy_source_open(hy_ctx *cx, const char *path, hy_source *s)
{
    *s = (hy_source){ .cx = cx, .path = path, .pull = pull_gz };
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0)
        return hy_file_fail(cx, path, "%s", strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return hy_file_fail(cx, path, "is no regular file");
    }
    s->gz = gzdopen(fd, "rb");
    if (!s->gz) {
        close(fd);
        return hy_fail(cx, HY_EMEM, "out of memory while opening %s", path);
    }
    gzbuffer(s->gz, 1 << 17);
    s->size = info.st_size;
    s->packed = !gzdirect(s->gz);
    return HY_OK;
}

void hy_source_close(hy_source *s)
{
    if (s->gz)
        gzclose(s->gz);
    s->gz = NULL;
}

/* Up to n bytes; *got < n only at the end of the file. */
static hy_status read_some(hy_source *s, int64_t n, char *into, int64_t *got)
{
    for (*got = 0; *got < n;) {
        const int64_t left = n - *got;
        int64_t more;
        HY_TRY(s->pull(s, left < SLICE ? left : SLICE, into + *got, &more));
        if (more == 0)
            break;
        if (s->summing)
            s->crc = (uint32_t)crc32_z(s->crc, (const uint8_t *)into + *got, (size_t)more);
        *got += more;
        s->at += more;
        HY_TRY(hy_poll(s->cx, s->at, 0));
    }
    return HY_OK;
}

hy_status hy_source_read(hy_source *s, int64_t n, void *into)
{
    int64_t got;
    HY_TRY(read_some(s, n, into, &got));
    if (got < n)
        return hy_file_fail(s->cx, s->path, "ends after %lld bytes, where %lld more are due",
                            (long long)s->at, (long long)(n - got));
    return HY_OK;
}

hy_status hy_source_promise(hy_source *s, int64_t bytes)
{
    if (!s->packed && bytes != s->size - s->at)
        return hy_file_fail(s->cx, s->path,
                            "its header promises %lld bytes of data, the file holds %lld",
                            (long long)bytes, (long long)(s->size - s->at));
    if (s->packed && bytes / DEFLATE_LIMIT > s->size)
        return hy_file_fail(
            s->cx, s->path,
            "its header promises %lld bytes of data, more than %lld bytes of gzip can hold",
            (long long)bytes, (long long)s->size);
    return HY_OK;
}

hy_status hy_source_done(hy_source *s)
{
    char byte;
    int64_t got;
    HY_TRY(read_some(s, 1, &byte, &got));
    if (got > 0)
        return hy_file_fail(s->cx, s->path, "goes on after the %lld bytes that its header promises",
                            (long long)s->at - 1);
    return HY_OK;
}

/* ---- whole files ---------------------------------------------------------------------------- */

static hy_status text_grow(hy_ctx *cx, hy_text *t, int64_t room)
{
    void *data;
    HY_TRY(hy_alloc(cx, room, &data));
    if (t->data) {
        memcpy(data, t->data, (size_t)t->size);
        hy_free(cx, t->data, t->room);
    }
    t->data = data;
    t->room = room;
    return HY_OK;
}

static hy_status text_fill(hy_source *s, hy_text *t)
{
    for (;;) {
        const int64_t space = t->room - t->size - 1;
        int64_t got;
        HY_TRY(read_some(s, space, t->data + t->size, &got));
        t->size += got;
        if (got < space)
            return HY_OK;
        if (s->packed && t->size / TEXT_LIMIT > s->size)
            return hy_file_fail(s->cx, s->path, "unpacks to more than %d times its size",
                                TEXT_LIMIT);
        HY_TRY(text_grow(s->cx, t, 2 * t->room));
    }
}

hy_status hy_text_read(hy_ctx *cx, const char *path, hy_text *text)
{
    hy_source s;
    *text = (hy_text){ 0 };
    hy_status status = hy_source_open(cx, path, &s);
    if (status == HY_OK)
        status = text_grow(cx, text, (s.packed ? 4 * s.size : s.size) + 2);
    if (status == HY_OK)
        status = text_fill(&s, text);
    hy_source_close(&s);
    if (status == HY_OK)
        text->data[text->size] = '\0';
    else
        hy_text_free(cx, text);
    return status;
}

void hy_text_free(hy_ctx *cx, hy_text *text)
{
    if (text->data)
        hy_free(cx, text->data, text->room);
    *text = (hy_text){ 0 };
}

/* ---- sinks ---------------------------------------------------------------------------------- */

/* The folder of a path, "./" when it names none; a path is shorter than PATH_MAX here. */
static const char *folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash - path) + 1 : 2;
    memcpy(folder, slash ? path : "./", n);
    folder[n] = '\0';
    return folder;
}

/* Is `entry` what a process has written, or writes, of the file `name`: NAME.PID-NUMBER.part? */
static bool is_part(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    static const char digits[] = "0123456789";
    if (strncmp(entry, name, length) != 0 || entry[length] != '.')
        return false;
    const char *pid = entry + length + 1, *number = pid + strspn(pid, digits);
    if (number == pid || *number++ != '-')
        return false;
    const char *end = number + strspn(number, digits);
    return end != number && strcmp(end, ".part") == 0;
}

/* Remove the parts of processes that were killed while they wrote this file. Who writes holds a lock
 * on its part, and a lock ends with its process. */
static void sweep(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    DIR *open_folder = opendir(folder_of(path, folder));
    const struct dirent *entry;
    while (open_folder && (entry = readdir(open_folder))) {
        if (!is_part(entry->d_name, name))
            continue;
        const int fd = openat(dirfd(open_folder), entry->d_name,
                              O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(dirfd(open_folder), entry->d_name, 0);
        close(fd);
    }
    if (open_folder)
        closedir(open_folder);
}

/* A new file at s->part, locked. The descriptor, −1 with errno when there can be none, or −2 when
 * somebody has that name, or swept the file before it was locked. */
static int open_part(hy_sink *s)
{
    struct stat info;
    const int fd = open(s->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno == EEXIST ? -2 : -1;
    const bool swept = (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
                       (fstat(fd, &info) == 0 && info.st_nlink == 0);
    if (!swept)
        return fd; /* some file systems have no locks */
    close(fd);
    return -2;
}

hy_status hy_sink_open(hy_ctx *cx, const char *path, hy_sink *s)
{
    s->cx = cx;
    s->path = path;
    s->file = NULL;
    s->at = 0;
    s->summing = false;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return hy_file_fail(cx, path, "is no regular file");
    int fd = -2;
    for (int i = 0; fd == -2 && i < 100; i++) {
        const int n = snprintf(s->part, sizeof s->part, "%s.%ld-%d.part", path, (long)getpid(), i);
        if (n < 0 || (size_t)n >= sizeof s->part)
            return hy_file_fail(cx, path, "%s", strerror(ENAMETOOLONG));
        if (i == 0)
            sweep(path);
        fd = open_part(s);
    }
    if (fd < 0)
        return hy_file_fail(cx, path, "%s", strerror(errno));
    s->file = fdopen(fd, "wb");
    if (!s->file) {
        close(fd);
        unlink(s->part);
        return hy_fail(cx, HY_EMEM, "out of memory while opening %s", path);
    }
    return HY_OK;
}

hy_status hy_sink_write(hy_sink *s, int64_t n, const void *from)
{
    for (int64_t done = 0; done < n;) {
        const char *next = (const char *)from + done;
        const int64_t slice = n - done < SLICE ? n - done : SLICE;
        if (fwrite(next, 1, (size_t)slice, s->file) != (size_t)slice)
            return hy_file_fail(s->cx, s->path, "could not be written: %s", strerror(errno));
        if (s->summing)
            s->crc = (uint32_t)crc32_z(s->crc, (const uint8_t *)next, (size_t)slice);
        done += slice;
        s->at += slice;
        if (done < n)
            HY_TRY(hy_poll(s->cx, done, n));
    }
    return HY_OK;
}

hy_status hy_sink_tensor(hy_sink *s, const hy_tensor *x)
{
    const int64_t n = hy_numel(x);
    if (n == 0)
        return HY_OK;
    if (x->dtype != HY_INDEX)
        return hy_sink_write(s, n * hy_dtype_size(x->dtype), hy_data(x));
    const int32_t *position = hy_data(x);
    int32_t shown[2048];
    for (int64_t i = 0; i < n;) {
        int64_t m = 0;
        for (; m < 2048 && i < n; m++, i++)
            shown[m] = position[i] < 0 ? -1 : position[i] + 1;
        HY_TRY(hy_sink_write(s, m * 4, shown));
    }
    return HY_OK;
}

/* The folder's entry must reach the disk too, or a crash may bring the old name back. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const int fd = open(folder_of(path, folder), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

hy_status hy_sink_close(hy_sink *s, hy_status status)
{
    if (!s->file)
        return status;
    if (status == HY_OK && (fflush(s->file) != 0 || fsync(fileno(s->file)) != 0))
        status = hy_file_fail(s->cx, s->path, "could not be written: %s", strerror(errno));
    if (status == HY_OK && rename(s->part, s->path) != 0)
        status = hy_file_fail(s->cx, s->path, "could not be written: %s", strerror(errno));
    if (status != HY_OK)
        unlink(s->part);
    fclose(s->file); /* only now, for the lock on the part ends with it */
    s->file = NULL;
    if (status == HY_OK)
        sync_folder(s->path);
    return status;
}

hy_status hy_move_file(hy_ctx *cx, const char *from, const char *to)
{
    const int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hy_file_fail(cx, from, "%s", strerror(errno));
    const bool moved = fsync(fd) == 0 && rename(from, to) == 0;
    const int trouble = errno;
    close(fd);
    if (!moved)
        return hy_file_fail(cx, to, "could not be written: %s", strerror(trouble));
    sync_folder(to);
    return HY_OK;
}
