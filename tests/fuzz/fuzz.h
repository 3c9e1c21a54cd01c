/*
 * A fuzzer is a file with one function `target` that reads `path`: whatever the bytes are, it gets
 * what they hold or a sentence that names it, and gives back all memory.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/hyades.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
static hy_status target(hy_ctx *cx, const char *path);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[40];
    hy_ctx *cx = hy_ctx_new();
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (!cx || fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const hy_status status = target(cx, path);
    if (status != HY_OK && status != HY_EMEM && !strstr(cx->message, path))
        abort();
    if (cx->live != 0)
        abort();
    close(fd);
    hy_ctx_free(cx);
    return 0;
}

#endif
