/* The line editor of the prompt: readline and its history, as the Lua module hyades.repl. Loaded
 * when the prompt starts, for readline costs milliseconds that scripts need not pay. An entry of
 * several lines is one line to readline, with newlines in it, so it is edited and recalled whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "editor.h"
#include "screen.h"
#include "signals.h"

static const char EDITOR_KEY[] = "hyades.editor";

/* ---- asking Lua ------------------------------------------------------------------------------ */

/* (name) → what editor.open's table of that name answers to the text and the cursor */
static int ask_protected(lua_State *L)
{
    luaL_checkstack(L, 8, "editor");
    lua_getfield(L, LUA_REGISTRYINDEX, EDITOR_KEY);
    lua_getiuservalue(L, -1, 1);
    lua_getfield(L, -1, lua_touserdata(L, 1));
    lua_pushlstring(L, rl_line_buffer, (size_t)rl_end);
    lua_pushinteger(L, rl_point + 1);
    lua_call(L, 2, 3);
    return 3;
}

/* Leaves three results on the stack; nothing when Lua raised, for an error must not jump across
 * readline. */
static bool ask(lua_State *L, const char *name)
{
    lua_pushcfunction(L, ask_protected);
    lua_pushlightuserdata(L, (void *)name);
    if (lua_pcall(L, 1, 3, 0) == LUA_OK)
        return true;
    lua_pop(L, 1);
    rl_ding();
    return false;
}

/* ---- editing --------------------------------------------------------------------------------- */

/* Turns the text into another by one replacement, which undo takes back. */
static void edit_to(const char *text, size_t length, int point)
{
    const size_t old = (size_t)rl_end;
    size_t head = 0, tail = 0;
    while (head < old && head < length && rl_line_buffer[head] == text[head])
        head++;
    while (tail < old - head && tail < length - head &&
           rl_line_buffer[old - 1 - tail] == text[length - 1 - tail])
        tail++;
    char *middle = strndup(text + head, length - head - tail);
    if (middle && (head + tail < old || *middle)) {
        rl_begin_undo_group();
        rl_delete_text((int)head, (int)(old - tail));
        rl_point = (int)head;
        rl_insert_text(middle);
        rl_end_undo_group();
    }
    free(middle);
    rl_point = point < 0 ? 0 : point > rl_end ? rl_end : point;
}

static int line_start(int at)
{
    while (at > 0 && rl_line_buffer[at - 1] != '\n')
        at--;
    return at;
}

static int line_end(int at)
{
    while (at < rl_end && rl_line_buffer[at] != '\n')
        at++;
    return at;
}

/* Enter: runs a complete entry, else begins the next line. readline also says Enter when it was
 * told to leave. */
static int enter(int count, int key)
{
    lua_State *L = hyp_editor()->L;
    if (hyp_must_leave() || !ask(L, "enter"))
        return rl_newline(count, key);
    size_t length = 0;
    const char *text = lua_tolstring(L, -3, &length);
    const bool done = lua_toboolean(L, -1);
    if (text)
        edit_to(text, length, (int)lua_tointeger(L, -2) - 1);
    lua_pop(L, 3);
    if (!done)
        return 0;
    rl_point = rl_end;
    rl_redisplay_function();
    return rl_newline(count, key);
}

static int insert_newline(int count, int key)
{
    (void)count, (void)key;
    return rl_insert_text("\n");
}

static int begin_of_line(int count, int key)
{
    const int start = line_start(rl_point);
    (void)count, (void)key;
    rl_point = start == rl_point ? 0 : start;
    return 0;
}

static int end_of_line(int count, int key)
{
    const int end = line_end(rl_point);
    (void)count, (void)key;
    rl_point = end == rl_point ? rl_end : end;
    return 0;
}

static int kill_line(int count, int key)
{
    const int end = line_end(rl_point);
    (void)count, (void)key;
    return rl_kill_text(rl_point, end == rl_point && end < rl_end ? end + 1 : end);
}

/* ---- the history ----------------------------------------------------------------------------- */

static const char *entry_at(const editor *e, int i)
{
    return i == history_length ? e->draft : history_get(history_base + i)->line;
}

/* The next entry that begins as the draft does and is not the one on the screen. */
static int walk(editor *e, int step)
{
    if (!e->walking) {
        free(e->draft);
        e->draft = strdup(rl_line_buffer);
        e->prefix = (size_t)rl_point;
        e->at = history_length;
        e->walking = e->draft != NULL;
    }
    for (int i = e->at + step; e->walking && i >= 0 && i <= history_length; i += step) {
        const char *text = entry_at(e, i);
        if (strncmp(text, e->draft, e->prefix) != 0 || strcmp(text, rl_line_buffer) == 0)
            continue;
        e->at = i;
        rl_replace_line(text, 1);
        rl_point = rl_end;
        return 0;
    }
    return rl_ding();
}

static int down(int count, int key);

static int up(int count, int key)
{
    editor *e = hyp_editor();
    (void)count, (void)key;
    e->walking = e->walking && (rl_last_func == up || rl_last_func == down);
    const int start = line_start(rl_point);
    if (e->walking || start == 0)
        return walk(e, -1);
    const int above = line_start(start - 1), column = rl_point - start;
    rl_point = above + column < start - 1 ? above + column : start - 1;
    return 0;
}

static int down(int count, int key)
{
    editor *e = hyp_editor();
    (void)count, (void)key;
    e->walking = e->walking && (rl_last_func == up || rl_last_func == down);
    const int end = line_end(rl_point);
    if (e->walking || end == rl_end)
        return walk(e, 1);
    const int column = rl_point - line_start(rl_point), below = line_end(end + 1);
    rl_point = end + 1 + column < below ? end + 1 + column : below;
    return 0;
}

/* ---- completion ------------------------------------------------------------------------------ */

/* Shows what the word may become, below the entry. */
static void list_candidates(lua_State *L, int list, int n)
{
    char **matches = calloc((size_t)n + 2, sizeof *matches);
    size_t longest = 0;
    const int point = rl_point;
    for (int i = 1; matches && i <= n; i++) {
        lua_rawgeti(L, list, i);
        matches[i] = strdup(lua_tostring(L, -1));
        lua_pop(L, 1);
        if (!matches[i])
            n = i - 1;
        else if (strlen(matches[i]) > longest)
            longest = strlen(matches[i]);
    }
    if (matches && n > 0) {
        rl_point = rl_end;
        rl_redisplay_function();
        matches[0] = strdup("");
        rl_display_match_list(matches, n, (int)longest);
        rl_point = point;
        rl_on_new_line();
        rl_forced_update_display();
    }
    for (int i = 0; matches && i <= n; i++)
        free(matches[i]);
    free(matches);
}

/* How many bytes all of them share, whole characters only. */
static size_t shared_prefix(lua_State *L, int list, int n)
{
    lua_rawgeti(L, list, 1);
    const char *first = lua_tostring(L, -1);
    size_t length = strlen(first);
    for (int i = 2; i <= n; i++) {
        lua_rawgeti(L, list, i);
        const char *other = lua_tostring(L, -1);
        size_t same = 0;
        while (same < length && first[same] == other[same])
            same++;
        length = same;
        lua_pop(L, 1);
    }
    while (length > 0 && (first[length] & 0xC0) == 0x80)
        length--;
    lua_pop(L, 1);
    return length;
}

/* Replaces what stands between `start` and the cursor by the common part of the candidates. */
static int complete_protected(lua_State *L)
{
    if (lua_isnil(L, 1))
        return rl_insert_text("  "), 0;
    const int start = (int)lua_tointeger(L, 1) - 1;
    const int n = lua_istable(L, 2) ? (int)lua_rawlen(L, 2) : 0;
    if (n == 0 || start < 0 || start > rl_point)
        return rl_ding(), 0;
    lua_rawgeti(L, 2, 1);
    const size_t length = shared_prefix(L, 2, n), typed = (size_t)(rl_point - start);
    const char *common = lua_pushlstring(L, lua_tostring(L, -1), length);
    if (length < typed || strncmp(common, rl_line_buffer + start, length) == 0) {
        if (n > 1)
            list_candidates(L, 2, n);
        if (n > 1 || length == typed)
            return 0;
    }
    lua_pushlstring(L, rl_line_buffer, (size_t)start);
    lua_pushvalue(L, -2);
    lua_pushlstring(L, rl_line_buffer + rl_point, (size_t)(rl_end - rl_point));
    lua_concat(L, 3);
    edit_to(lua_tostring(L, -1), lua_rawlen(L, -1), start + (int)length);
    return 0;
}

/* Tab: completes, or indents where Lua gives no start. */
static int tab(int count, int key)
{
    lua_State *L = hyp_editor()->L;
    (void)count, (void)key;
    if (!ask(L, "complete"))
        return 0;
    lua_pushcfunction(L, complete_protected);
    lua_insert(L, -4);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* read(prompt) → line; nil at the end of input. When the process is told to end, also true. */
static int read_line(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    editor *e = hyp_editor();
    e->L = L;
    e->walking = false;
    hyp_watch_end(true);
    char *line = readline(prompt);
    hyp_watch_end(false);
    lua_pushstring(L, line); /* NULL pushes nil */
    free(line);
    lua_pushboolean(L, hyp_ending() != 0);
    return 2;
}

/* Creates the folders above a file. What fails here fails again, with a reason, at the file. */
static void make_folders(lua_State *L, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        mkdir(lua_pushlstring(L, path, (size_t)(slash - path)), 0700);
        lua_pop(L, 1);
    }
}

static int fail_with_reason(lua_State *L, int number)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(number));
    return 2;
}

/* history(path) → true; or nil and the reason why nothing can be added to the file. Old entries
 * are recalled in both cases. */
static int load_history(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    read_history(path);
    make_folders(L, path);
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0)
        return fail_with_reason(L, errno);
    close(file);
    lua_pushboolean(L, 1);
    return 1;
}

/* remember(entry, path) → true; or nil and the reason why the file does not have it. Without a path
 * it is for this session only. */
static int remember(lua_State *L)
{
    const char *entry = luaL_checkstring(L, 1);
    const char *path = luaL_optstring(L, 2, NULL);
    const HIST_ENTRY *last = history_get(history_base + history_length - 1);
    lua_pushboolean(L, 1);
    if (last && strcmp(last->line, entry) == 0)
        return 1;
    add_history(entry);
    if (!path)
        return 1;
    const int number = append_history(1, path);
    return number ? fail_with_reason(L, number) : 1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void bind_keys(void)
{
    static const struct {
        const char *keys;
        rl_command_func_t *function;
    } bindings[] = {
        { "\r", enter },
        { "\n", enter },
        { "\033\r", insert_newline },
        { "\033\n", insert_newline },
        { "\t", tab },
        { "\001", begin_of_line },
        { "\033[H", begin_of_line },
        { "\033OH", begin_of_line },
        { "\033[1~", begin_of_line },
        { "\005", end_of_line },
        { "\033[F", end_of_line },
        { "\033OF", end_of_line },
        { "\033[4~", end_of_line },
        { "\013", kill_line },
        { "\033[A", up },
        { "\033OA", up },
        { "\020", up },
        { "\033[B", down },
        { "\033OB", down },
        { "\016", down },
        { "\033[200~", hyp_paste },
    };
    const Keymap maps[] = { emacs_standard_keymap, vi_insertion_keymap };
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++)
        for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++)
            rl_bind_keyseq_in_map(bindings[i].keys, bindings[i].function, maps[m]);
    rl_bind_keyseq_in_map("\r", enter, vi_movement_keymap);
    rl_bind_keyseq_in_map("\n", enter, vi_movement_keymap);
}

static int free_editor(lua_State *L)
{
    editor *e = lua_touserdata(L, 1);
    rl_readline_name = "hyades";
    free(e->draft);
    free(e->ahead);
    return 0;
}

/* open{ enter = (text, cursor) → new text, new cursor, run it?; complete = (text, cursor) → start,
 * candidates, or nil to indent }: before the first read. Cursors are byte positions from 1. */
static int open_editor(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    editor *e = lua_newuserdatauv(L, sizeof *e, 1);
    *e = (editor){ .name = "hyades" };
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, free_editor);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, EDITOR_KEY);
    rl_readline_name = e->name;
    rl_initialize(); /* reads the user's settings, so that ours come after them */
    bind_keys();
    rl_redisplay_function = hyp_redisplay;
    rl_getc_function = hyp_get_byte;
    rl_input_available_hook = hyp_is_input_waiting;
    return 0;
}

static const luaL_Reg functions[] = {
    { "open", open_editor },  { "read", read_line }, { "history", load_history },
    { "remember", remember }, { NULL, NULL },
};

int luaopen_hyades_repl(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_repl(lua_State *L)
{
    rl_variable_bind("enable-bracketed-paste", "on");
    rl_variable_bind("enable-active-region",
                     "off"); /* it marks positions of the text as it is kept */
    rl_variable_bind("page-completions", "off");
    using_history();
    history_comment_char = '#'; /* a line with the time divides entries of several lines */
    history_write_timestamps = 1;
    luaL_newlib(L, functions);
    return 1;
}
