/* What comes from the terminal, byte by byte or as a paste. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "editor.h"
#include "signals.h"

#include <readline/readline.h>

editor *hyp_editor(void)
{
    return (editor *)(void *)rl_readline_name;
}

bool hyp_must_leave(void)
{
    return hyp_interrupted() || hyp_ending();
}

/* Waits for input. false: the line ends now, for Ctrl-C or because the process is told to end. */
static bool wait_input(void)
{
    struct pollfd input = { .fd = fileno(rl_instream), .events = POLLIN };
    while (poll(&input, 1, 100) <= 0) {
        rl_check_signals(); /* a changed size of the window, too */
        if (hyp_must_leave())
            return false;
    }
    return true;
}

/* Who closes a terminal sends SIGHUP with it. */
static bool is_hung_up(void)
{
    for (int i = 0; i < 5 && !hyp_must_leave(); i++) {
        poll(NULL, 0, 10);
        rl_check_signals();
    }
    return hyp_must_leave();
}

static int leave_line(void)
{
    rl_point = rl_end;
    if (!hyp_ending())
        rl_redisplay_function();
    rl_done = 1;
    return '\n';
}

/* One byte at a time, so that what is typed ahead of io.read stays for it. */
int hyp_get_byte(FILE *stream)
{
    editor *e = hyp_editor();
    unsigned char byte;
    ssize_t n;
    if (e->ahead_at < e->ahead_length)
        return (unsigned char)e->ahead[e->ahead_at++];
    do {
        if (!wait_input())
            return leave_line();
        n = read(fileno(stream), &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1)
        return byte;
    return is_hung_up() ? leave_line() : EOF;
}

int hyp_is_input_waiting(void)
{
    const editor *e = hyp_editor();
    struct pollfd input = { .fd = fileno(rl_instream), .events = POLLIN };
    return e->ahead_at < e->ahead_length || poll(&input, 1, 100) > 0;
}

typedef struct text {
    char *bytes;
    size_t length, size;
} text;

/* Appends what was read ahead, or else what comes next. */
static bool take(editor *e, text *t)
{
    enum { CHUNK = 1 << 16 };
    const size_t ahead = e->ahead_length - e->ahead_at;
    const size_t room = ahead > CHUNK ? ahead : CHUNK;
    if (t->size - t->length < room) {
        char *larger = realloc(t->bytes, 2 * t->size + room);
        if (!larger)
            return false;
        t->bytes = larger;
        t->size = 2 * t->size + room;
    }
    ssize_t n = (ssize_t)ahead;
    if (ahead > 0)
        memcpy(t->bytes + t->length, e->ahead + e->ahead_at, ahead);
    else if (wait_input())
        n = read(fileno(rl_instream), t->bytes + t->length, room);
    e->ahead_at = e->ahead_length;
    t->length += n > 0 ? (size_t)n : 0;
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Lines end with \n, the last one has no end, and there are no zeros. */
static void insert_pasted(char *bytes, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\r' && i + 1 < length && bytes[i + 1] == '\n')
            continue;
        if (bytes[i] != '\0')
            bytes[kept++] = bytes[i] == '\r' ? '\n' : bytes[i];
    }
    while (kept > 0 && bytes[kept - 1] == '\n')
        kept--;
    bytes[kept] = '\0';
    rl_insert_text(bytes);
}

/* The terminal says that a paste begins: all up to its end is text, Enter and Tab as well. Large
 * ones come in large pieces. */
int hyp_paste(int count, int key)
{
    static const char end[] = "\033[201~";
    editor *e = hyp_editor();
    text t = { 0 };
    const char *found = NULL;
    (void)count, (void)key;
    for (size_t seen = 0; !found && take(e, &t) && !hyp_must_leave();) {
        found = memmem(t.bytes + seen, t.length - seen, end, sizeof end - 1);
        seen = t.length < sizeof end ? 0 : t.length - sizeof end; /* it may be cut in two */
    }
    if (!found) {
        free(t.bytes);
        return rl_ding();
    }
    const size_t length = (size_t)(found - t.bytes), behind = length + sizeof end - 1;
    free(e->ahead);
    e->ahead = malloc(t.length - behind + 1);
    e->ahead_at = 0;
    e->ahead_length = e->ahead ? t.length - behind : 0;
    if (e->ahead)
        memcpy(e->ahead, t.bytes + behind, e->ahead_length);
    insert_pasted(t.bytes, length);
    free(t.bytes);
    return 0;
}
