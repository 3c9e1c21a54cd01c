/* What a terminal is told to show an image, and what it says about itself. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "bindings.h"

enum { MAX_SIDE = 16384, LONGEST = 1 /* second that signals may wait */ };

/* base64(string) → string */
static int base64(lua_State *L)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n;
    const unsigned char *s = (const unsigned char *)luaL_checklstring(L, 1, &n);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, (n + 2) / 3 * 4);
    for (size_t i = 0; i < n; i += 3) {
        const unsigned left = n - i < 3 ? (unsigned)(n - i) : 3;
        const unsigned bits =
            (unsigned)s[i] << 16 | (left > 1 ? s[i + 1] : 0u) << 8 | (left > 2 ? s[i + 2] : 0u);
        for (unsigned k = 0; k < 4; k++)
            *out++ = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    luaL_pushresultsize(&buffer, (n + 2) / 3 * 4);
    return 1;
}

/* Arguments 1 to 3: h, w and RGB samples. */
static const unsigned char *check_rgb(lua_State *L, const char *fn, int *h, int *w)
{
    size_t n;
    const lua_Integer rows = luaL_checkinteger(L, 1), columns = luaL_checkinteger(L, 2);
    const char *samples = luaL_checklstring(L, 3, &n);
    if (rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE ||
        n != (size_t)(rows * columns * 3))
        luaL_error(L, "%s: expected height × width × 3 samples", fn);
    *h = (int)rows;
    *w = (int)columns;
    return (const unsigned char *)samples;
}

/* ---- half blocks: the upper pixel is the letter's color, the lower one the paper's -------------
 */

/* The mean of the pixels in rows y0 to y1 and columns x0 to x1, at least one of each. */
static void mean_color(const unsigned char *rgb, int w, const int64_t box[4], int out[3])
{
    int64_t sum[3] = { 0 }, n = 0;
    for (int64_t y = box[0]; y < box[1]; y++)
        for (int64_t x = box[2]; x < box[3]; x++, n++)
            for (int k = 0; k < 3; k++)
                sum[k] += rgb[(y * w + x) * 3 + k];
    for (int k = 0; k < 3; k++)
        out[k] = (int)((sum[k] + n / 2) / n);
}

/* half_blocks(h, w, rgb, columns) → lines of ▀ in 24-bit color */
static int half_blocks(lua_State *L)
{
    int h, w;
    const unsigned char *rgb = check_rgb(L, "half_blocks", &h, &w);
    const lua_Integer wanted = luaL_checkinteger(L, 4);
    const int64_t columns = wanted < 1 ? 1 : wanted > w ? w : wanted;
    const int64_t rows =
        2 * ((columns * h + w) / (2 * w)) > 2 ? 2 * ((columns * h + w) / (2 * w)) : 2;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int64_t row = 0; row < rows; row += 2) {
        for (int64_t column = 0; column < columns; column++) {
            int half[2][3];
            for (int64_t k = 0; k < 2; k++) {
                int64_t box[4] = { (row + k) * h / rows, (row + k + 1) * h / rows,
                                   column * w / columns, (column + 1) * w / columns };
                box[1] = box[1] > box[0] ? box[1] : box[0] + 1;
                mean_color(rgb, w, box, half[k]);
            }
            char text[64];
            const int n =
                snprintf(text, sizeof text, "\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm\xe2\x96\x80",
                         half[0][0], half[0][1], half[0][2], half[1][0], half[1][1], half[1][2]);
            luaL_addlstring(&buffer, text, (size_t)n);
        }
        luaL_addstring(&buffer, "\x1b[0m\n");
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- sixel: at most 256 colors by median cut over colors of 5 bits a channel -------------------
 */

enum { SHADES = 32768, MOST_COLORS = 256 };

typedef struct box {
    int first, n;  /* of the list of shades */
    int64_t count; /* pixels */
} box;

typedef struct colors {
    int n;
    int list[SHADES];            /* shades that occur, grouped by box */
    int64_t count[SHADES];       /* pixels of a shade */
    int64_t sum[SHADES][3];      /* of their samples */
    unsigned char index[SHADES]; /* the color that stands for a shade */
    unsigned char percent[MOST_COLORS][3];
} colors;

static int channel(int shade, int k)
{
    return shade >> (10 - 5 * k) & 31;
}

static int shade_of(const unsigned char *p)
{
    return (p[0] >> 3) << 10 | (p[1] >> 3) << 5 | p[2] >> 3;
}

/* The channel in which a box is widest, and by how much. */
static int widest(const colors *c, const box *b, int *width)
{
    int best = 0;
    *width = -1;
    for (int k = 0; k < 3; k++) {
        int lo = 31, hi = 0;
        for (int i = b->first; i < b->first + b->n; i++) {
            const int v = channel(c->list[i], k);
            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
        }
        if (hi - lo > *width) {
            *width = hi - lo;
            best = k;
        }
    }
    return best;
}

/* Sorts a box by one channel and splits it where half of its pixels lie on either side. */
static void split(colors *c, box *b, box *other, int k)
{
    int start[33] = { 0 }, sorted[SHADES];
    for (int i = b->first; i < b->first + b->n; i++)
        start[channel(c->list[i], k) + 1]++;
    for (int v = 0; v < 32; v++)
        start[v + 1] += start[v];
    for (int i = b->first; i < b->first + b->n; i++)
        sorted[start[channel(c->list[i], k)]++] = c->list[i];
    memcpy(c->list + b->first, sorted, (size_t)b->n * sizeof *sorted);
    int64_t seen = 0;
    int n = 0;
    while (n < b->n - 1 && (n == 0 || seen < b->count / 2))
        seen += c->count[c->list[b->first + n++]];
    *other = (box){ b->first + n, b->n - n, b->count - seen };
    b->n = n;
    b->count = seen;
}

static int cut(colors *c, box *boxes, int64_t pixels)
{
    int n = 1;
    boxes[0] = (box){ 0, c->n, pixels };
    while (n < MOST_COLORS) {
        int best = -1, best_channel = 0;
        double worth = 0;
        for (int i = 0; i < n; i++) {
            int width;
            const int k = widest(c, &boxes[i], &width);
            if (width > 0 && width * (double)boxes[i].count > worth) {
                worth = width * (double)boxes[i].count;
                best = i;
                best_channel = k;
            }
        }
        if (best < 0)
            break;
        split(c, &boxes[best], &boxes[n++], best_channel);
    }
    return n;
}

static int choose_colors(colors *c, const unsigned char *rgb, int64_t pixels)
{
    box boxes[MOST_COLORS];
    for (int64_t i = 0; i < pixels; i++) {
        const int shade = shade_of(rgb + 3 * i);
        if (c->count[shade]++ == 0)
            c->list[c->n++] = shade;
        for (int k = 0; k < 3; k++)
            c->sum[shade][k] += rgb[3 * i + k];
    }
    const int n = cut(c, boxes, pixels);
    for (int i = 0; i < n; i++) {
        int64_t sum[3] = { 0 };
        for (int j = boxes[i].first; j < boxes[i].first + boxes[i].n; j++) {
            c->index[c->list[j]] = (unsigned char)i;
            for (int k = 0; k < 3; k++)
                sum[k] += c->sum[c->list[j]][k];
        }
        for (int k = 0; k < 3; k++)
            c->percent[i][k] =
                (unsigned char)((sum[k] * 100 + boxes[i].count * 127) / (boxes[i].count * 255));
    }
    return n;
}

static void add_run(luaL_Buffer *buffer, int n, int bits)
{
    char text[24];
    const char letter = (char)(63 + bits);
    if (n > 3) {
        luaL_addlstring(buffer, text, (size_t)snprintf(text, sizeof text, "!%d%c", n, letter));
        return;
    }
    for (int i = 0; i < n; i++)
        luaL_addchar(buffer, letter);
}

/* One color of a band of six rows; its last blanks are left away. */
static void add_line(luaL_Buffer *buffer, const unsigned char *band, int rows, int w, int color)
{
    int run = 0, before = -1;
    for (int x = 0; x < w; x++) {
        int bits = 0;
        for (int y = 0; y < rows; y++)
            bits |= (band[y * w + x] == color) << y;
        if (bits != before && run > 0) {
            add_run(buffer, run, before);
            run = 0;
        }
        before = bits;
        run++;
    }
    if (before > 0)
        add_run(buffer, run, before);
}

static void add_band(luaL_Buffer *buffer, const unsigned char *band, int rows, int w)
{
    bool used[MOST_COLORS] = { false };
    for (int i = 0; i < rows * w; i++)
        used[band[i]] = true;
    bool first = true;
    char text[16];
    for (int color = 0; color < MOST_COLORS; color++) {
        if (!used[color])
            continue;
        luaL_addlstring(buffer, text,
                        (size_t)snprintf(text, sizeof text, "%s#%d", first ? "" : "$", color));
        add_line(buffer, band, rows, w, color);
        first = false;
    }
}

/* sixel(h, w, rgb) → string */
static int sixel(lua_State *L)
{
    int h, w;
    const unsigned char *rgb = check_rgb(L, "sixel", &h, &w);
    colors *c = lua_newuserdatauv(L, sizeof *c, 0);
    memset(c, 0, sizeof *c);
    const int n = choose_colors(c, rgb, (int64_t)h * w);
    unsigned char *band = lua_newuserdatauv(L, (size_t)w * 6, 0);
    luaL_Buffer buffer;
    char text[64];
    luaL_buffinit(L, &buffer);
    luaL_addlstring(&buffer, text,
                    (size_t)snprintf(text, sizeof text, "\x1bP0;1;0q\"1;1;%d;%d", w, h));
    for (int i = 0; i < n; i++)
        luaL_addlstring(&buffer, text,
                        (size_t)snprintf(text, sizeof text, "#%d;2;%d;%d;%d", i, c->percent[i][0],
                                         c->percent[i][1], c->percent[i][2]));
    for (int y = 0; y < h; y += 6) {
        const int rows = h - y < 6 ? h - y : 6;
        for (int64_t i = 0; i < (int64_t)rows * w; i++)
            band[i] = c->index[shade_of(rgb + 3 * ((int64_t)y * w + i))];
        if (y > 0)
            luaL_addchar(&buffer, '-');
        add_band(&buffer, band, rows, w);
    }
    luaL_addstring(&buffer, "\x1b\\");
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- the terminal ------------------------------------------------------------------------------
 */

/* terminal_size() → columns, rows, width and height in pixels (0 where unknown); nil without one */
static int terminal_size(lua_State *L)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 0;
    lua_pushinteger(L, size.ws_col);
    lua_pushinteger(L, size.ws_row);
    lua_pushinteger(L, size.ws_xpixel);
    lua_pushinteger(L, size.ws_ypixel);
    return 4;
}

static bool readable(int fd, double seconds)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, (int)(seconds * 1000)) == 1 && (p.revents & POLLIN);
}

/* Reads up to the letter that ends the answer, within a limit; the answer's length. */
static size_t read_answer(int fd, char last, double seconds, char *answer, size_t room)
{
    const double end = hy_clock() + seconds;
    size_t n = 0;
    while (n < room && hy_clock() < end && readable(fd, end - hy_clock()) &&
           read(fd, answer + n, 1) == 1)
        if (answer[n++] == last)
            break;
    return n;
}

/* What was typed meanwhile goes back to be read by whom it was meant for, where the system lets us.
 */
static void give_back(int fd, const char *typed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ioctl(fd, TIOCSTI, typed + i) != 0)
            break;
}

/* ask_terminal(question, last, seconds) → its answer from ESC up to the letter `last`; nil when
 * none came in time, or when somebody has typed something, which stays there. No signal gets
 * between: the terminal is always left as it was. */
static int ask_terminal(lua_State *L)
{
    size_t length;
    const char *question = luaL_checklstring(L, 1, &length), *last = luaL_checkstring(L, 2);
    const double wanted = luaL_checknumber(L, 3);
    const double seconds = wanted > 0 ? wanted < LONGEST ? wanted : LONGEST : 0;
    struct termios before, quiet;
    sigset_t all, mask;
    char answer[256];
    size_t n = 0;
    const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &mask);
    /* in the background, terminals stop whoever changes them */
    if (tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, &before) == 0) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        quiet.c_cc[VMIN] = 0;
        quiet.c_cc[VTIME] = 0;
        if (tcsetattr(fd, TCSANOW, &quiet) == 0) {
            if (!readable(fd, 0) && write(fd, question, length) == (ssize_t)length)
                n = read_answer(fd, *last, seconds, answer, sizeof answer);
            tcsetattr(fd, TCSANOW, &before);
        }
    }
    const char *escape = memchr(answer, '\x1b', n);
    const bool whole = escape && answer[n - 1] == *last;
    give_back(fd, answer, whole ? (size_t)(escape - answer) : n);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(fd);
    if (whole)
        lua_pushlstring(L, escape, (size_t)(answer + n - escape));
    return whole ? 1 : 0;
}

void hyl_open_terminal(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "base64", base64 },
        { "half_blocks", half_blocks },
        { "sixel", sixel },
        { "terminal_size", terminal_size },
        { "ask_terminal", ask_terminal },
        { NULL, NULL },
    };
    luaL_setfuncs(L, functions, 0);
}
