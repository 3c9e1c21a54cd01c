/*
 * Runs a program in a terminal of its own and plays the user.
 * usage: pty STEPS PROGRAM [ARGUMENT…]
 *
 * STEPS is a file with one step a line:
 *   send TEXT       type it; \n \r \t \e \\ and \xHH as in C (\x03 is Ctrl-C)
 *   wait TEXT       until the program prints it, after what was waited for before
 *   never TEXT      fail if it was printed since then
 *   limit SECONDS   how long each wait that follows may take; 10 at first
 *   pause SECONDS
 *   size ROWS COLUMNS  make the window so large
 *   kill NUMBER     send the program this signal
 *   hangup now      close the terminal
 *   sane now        fail unless the terminal echoes and edits lines, as a shell leaves it
 *   exit CODE       wait for the program to end with this status
 * Exits 0, or prints the step that failed and what the program printed since the last wait.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

typedef struct terminal {
    int fd;
    pid_t child;
    bool ended;
    double limit;
    char *output;
    size_t length, size, seen; /* seen: the part that was waited for */
} terminal;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "pty: %s: %s\n", what, strerror(errno));
    exit(2);
}

static size_t find(const terminal *t, const char *text, size_t length)
{
    const char *hit = memmem(t->output + t->seen, t->length - t->seen, text, length);
    return hit ? (size_t)(hit - t->output) + length : 0;
}

/* Reads for at most `seconds`; false when nothing came or the program ended. */
static bool take(terminal *t, double seconds)
{
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    if (t->ended || seconds < 0 || poll(&p, 1, (int)(seconds * 1000) + 1) <= 0)
        return false;
    if (t->size - t->length < 4096) {
        t->size = 2 * t->size + 8192;
        t->output = realloc(t->output, t->size);
        if (!t->output)
            fail("memory");
    }
    const ssize_t n = read(t->fd, t->output + t->length, t->size - t->length);
    t->ended = n <= 0; /* EIO: nobody has the other side open */
    t->length += n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Reads until the text appears (never, when it is NULL) or the time is over. */
static bool wait_for(terminal *t, const char *text, size_t length, double seconds)
{
    const double end = now() + seconds;
    for (;;) {
        const size_t behind = text ? find(t, text, length) : 0;
        if (behind) {
            t->seen = behind;
            return true;
        }
        if (!take(t, end - now()) && (t->ended || now() >= end))
            return false;
    }
}

/* Replaces the escapes in place. → length */
static size_t unescape(char *text)
{
    static const char from[] = "nrte\\", to[] = "\n\r\t\033\\";
    char *out = text;
    for (const char *in = text; *in; in++) {
        const char *named = in[0] == '\\' && in[1] ? strchr(from, in[1]) : NULL;
        unsigned byte;
        if (named) {
            *out++ = to[named - from];
            in++;
        } else if (in[0] == '\\' && sscanf(in, "\\x%2x", &byte) == 1) {
            *out++ = (char)byte;
            in += 3;
        } else {
            *out++ = *in;
        }
    }
    return (size_t)(out - text);
}

static void type(const terminal *t, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        const ssize_t n = write(t->fd, text + done, length - done);
        if (n < 0 && errno != EINTR)
            fail("write");
        done += n > 0 ? (size_t)n : 0;
    }
}

/* The exit status, 128 + number for a signal, or -1 when it still runs at the end of the limit. */
static int wait_exit(terminal *t)
{
    const double end = now() + t->limit;
    int status;
    while (waitpid(t->child, &status, WNOHANG) == 0) {
        if (now() > end)
            return -1;
        if (!take(t, 0.01))
            usleep(2000);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool resize(const terminal *t, const char *text)
{
    unsigned short rows = 0, columns = 0;
    sscanf(text, "%hu %hu", &rows, &columns);
    const struct winsize window = { .ws_row = rows, .ws_col = columns };
    return ioctl(t->fd, TIOCSWINSZ, &window) == 0;
}

static bool is_sane(const terminal *t)
{
    struct termios mode;
    const tcflag_t wanted = ICANON | ECHO | ISIG;
    return tcgetattr(t->fd, &mode) == 0 && (mode.c_lflag & wanted) == wanted;
}

static bool hang_up(terminal *t)
{
    close(t->fd);
    t->fd = -1;
    t->ended = true;
    return true;
}

static bool play(terminal *t, const char *verb, char *text)
{
    const size_t length = unescape(text);
    if (strcmp(verb, "size") == 0)
        return resize(t, text);
    if (strcmp(verb, "kill") == 0)
        return kill(t->child, atoi(text)) == 0;
    if (strcmp(verb, "hangup") == 0)
        return hang_up(t);
    if (strcmp(verb, "sane") == 0)
        return is_sane(t);
    if (strcmp(verb, "send") == 0) {
        type(t, text, length);
        return true;
    }
    if (strcmp(verb, "wait") == 0)
        return wait_for(t, text, length, t->limit);
    if (strcmp(verb, "never") == 0)
        return find(t, text, length) == 0;
    if (strcmp(verb, "exit") == 0)
        return wait_exit(t) == atoi(text);
    if (strcmp(verb, "limit") == 0) {
        t->limit = atof(text);
        return true;
    }
    if (strcmp(verb, "pause") == 0) {
        wait_for(t, NULL, 0, atof(text));
        return true;
    }
    errno = EINVAL;
    fail(verb);
    return false;
}

static bool play_all(terminal *t, FILE *steps)
{
    char line[4096];
    for (int number = 1; fgets(line, sizeof line, steps); number++) {
        line[strcspn(line, "\n")] = '\0';
        char *text = strchr(line, ' ');
        if (!text)
            continue; /* an empty line */
        *text++ = '\0';
        if (play(t, line, text))
            continue;
        wait_for(t, NULL, 0, 0.2);
        fprintf(stderr, "step %d failed: %s %s\n", number, line, text);
        fprintf(stderr, "printed since the last wait:\n");
        fwrite(t->output + t->seen, 1, t->length - t->seen, stderr);
        fputc('\n', stderr);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: pty STEPS PROGRAM [ARGUMENT…]\n");
        return 2;
    }
    FILE *steps = fopen(argv[1], "r");
    if (!steps)
        fail(argv[1]);
    terminal t = { .limit = 10, .size = 8192, .output = malloc(8192) };
    struct winsize window = { .ws_row = 24, .ws_col = 80 };
    t.child = forkpty(&t.fd, NULL, NULL, &window);
    if (t.child < 0 || !t.output)
        fail("forkpty");
    if (t.child == 0) {
        execvp(argv[2], argv + 2);
        fail(argv[2]);
    }
    const bool passed = play_all(&t, steps);
    if (t.fd >= 0)
        close(t.fd); /* hangs up: the program ends */
    free(t.output);
    fclose(steps);
    return passed ? 0 : 1;
}
