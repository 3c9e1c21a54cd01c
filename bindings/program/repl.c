/* The line editor of the prompt: readline and its history, as the Lua module hyades.repl. Loaded
 * when the prompt starts, for readline costs milliseconds that scripts need not pay. */
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

#include "signals.h"

/* readline calls this ten times a second while it waits. */
static int leave_when_interrupted(void)
{
    if (hyp_interrupted())
        rl_done = 1;
    return 0;
}

/* read(prompt) → line; nil at the end of input */
static int read_line(lua_State *L)
{
    char *line = readline(luaL_checkstring(L, 1));
    lua_pushstring(L, line); /* NULL pushes nil */
    free(line);
    return 1;
}

/* Creates the folders above a file. What fails here fails again, with a reason, at the file. */
static void make_folders(lua_State *L, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        mkdir(lua_pushlstring(L, path, (size_t)(slash - path)), 0700);
        lua_pop(L, 1);
    }
}

static int fail_with_reason(lua_State *L)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(errno));
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
        return fail_with_reason(L);
    close(file);
    lua_pushboolean(L, 1);
    return 1;
}

/* remember(entry, path): without a path for this session only */
static int remember(lua_State *L)
{
    const char *entry = luaL_checkstring(L, 1);
    const char *path = luaL_optstring(L, 2, NULL);
    const HIST_ENTRY *last = history_get(history_base + history_length - 1);
    if (last && strcmp(last->line, entry) == 0)
        return 0;
    add_history(entry);
    if (path)
        append_history(1, path);
    return 0;
}

static const luaL_Reg functions[] = {
    { "read", read_line },
    { "history", load_history },
    { "remember", remember },
    { NULL, NULL },
};

int luaopen_hyades_repl(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_repl(lua_State *L)
{
    rl_readline_name = "hyades";
    rl_variable_bind("enable-bracketed-paste", "on");
    rl_bind_key('\t', rl_insert);
    rl_event_hook = leave_when_interrupted;
    using_history();
    history_comment_char = '#'; /* a line with the time divides entries of several lines */
    history_write_timestamps = 1;
    luaL_newlib(L, functions);
    return 1;
}
