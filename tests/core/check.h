/* The whole test framework for C: CHECK counts, failures name their place, check_done reports. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>

static _Atomic int checks_passed, checks_failed; /* threads check too */

static inline bool check_that(bool ok, const char *file, int line, const char *what, const char *where)
{
    if (ok) {
        checks_passed++;
    } else {
        checks_failed++;
        printf("%s:%d: %s%s%s\n", file, line, what, *where ? " · " : "", where);
    }
    return ok;
}

#define CHECK(condition) check_that(condition, __FILE__, __LINE__, #condition, "")

/* The same for checks in a loop over named things. */
#define CHECK_NAMED(condition, name) check_that(condition, __FILE__, __LINE__, #condition, name)

/* Run a test, which counts as one however many checks it makes: RUN(works(cx)). */
#define RUN(call)                                              \
    do {                                                       \
        const int passed_ = checks_passed, failed_ = checks_failed; \
        call;                                                  \
        checks_passed = passed_ + (checks_failed == failed_);  \
        checks_failed = failed_ + (checks_failed != failed_);  \
    } while (0)

/* To be returned from main. */
static inline int check_done(void)
{
    printf("%d passed, %d failed\n", checks_passed, checks_failed);
    return checks_failed > 0;
}

#endif
