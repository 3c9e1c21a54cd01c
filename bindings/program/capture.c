/* What a piece of code writes to standard output and errors, by Lua, by C and by the programs that
 * it starts: the Lua module hyades.capture. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char CAPTURE[] = "hyades.capture";

typedef struct capture {
    FILE *file;         /* what was written; NULL when closed */
    int output, errors; /* where both went before; -1 when they are there again */
} capture;

static void give_back(int *saved, int fd)
{
    if (*saved >= 0) {
        dup2(*saved, fd);
        close(*saved);
    }
    *saved = -1;
}

static void restore(capture *c)
{
    fflush(stdout);
    fflush(stderr);
    give_back(&c->output, STDOUT_FILENO);
    give_back(&c->errors, STDERR_FILENO);
}

/* stop(limit) → text of at most so many bytes, and how many there were */
static int stop(lua_State *L)
{
    capture *c = luaL_checkudata(L, 1, CAPTURE);
    const lua_Integer limit = luaL_checkinteger(L, 2);
    luaL_Buffer buffer;
    restore(c);
    if (!c->file)
        return luaL_error(L, "capture: was stopped before");
    fseek(c->file, 0, SEEK_END);
    const long written = ftell(c->file);
    rewind(c->file);
    luaL_buffinit(L, &buffer);
    for (lua_Integer left = limit < written ? limit : written; left > 0;) {
        const size_t want = left < LUAL_BUFFERSIZE ? (size_t)left : LUAL_BUFFERSIZE;
        const size_t got = fread(luaL_prepbuffsize(&buffer, want), 1, want, c->file);
        luaL_addsize(&buffer, got);
        left = got > 0 ? left - (lua_Integer)got : 0;
    }
    luaL_pushresult(&buffer);
    lua_pushinteger(L, written);
    fclose(c->file);
    c->file = NULL;
    return 2;
}

static int capture_gc(lua_State *L)
{
    capture *c = luaL_checkudata(L, 1, CAPTURE);
    restore(c);
    if (c->file)
        fclose(c->file);
    c->file = NULL;
    return 0;
}

/* start() → capture; from now on both streams go to a temporary file */
static int start(lua_State *L)
{
    capture *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (capture){ NULL, -1, -1 };
    luaL_setmetatable(L, CAPTURE);
    fflush(stdout);
    fflush(stderr);
    c->file = tmpfile();
    if (!c->file)
        return luaL_error(L, "capture: a temporary file: %s", strerror(errno));
    /* both streams append, so that neither overwrites the other */
    const int fd = fileno(c->file), flags = fcntl(fd, F_GETFL);
    c->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    c->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (c->output < 0 || c->errors < 0 || fcntl(fd, F_SETFL, flags | O_APPEND) < 0 ||
        dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
        const int trouble = errno;
        restore(c);
        return luaL_error(L, "capture: %s", strerror(trouble));
    }
    return 1;
}

int luaopen_hyades_capture(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_capture(lua_State *L)
{
    static const luaL_Reg methods[] = { { "stop", stop }, { NULL, NULL } };
    static const luaL_Reg functions[] = { { "start", start }, { NULL, NULL } };
    if (luaL_newmetatable(L, CAPTURE)) {
        lua_pushcfunction(L, capture_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, capture_gc);
        lua_setfield(L, -2, "__close");
        luaL_newlib(L, methods);
        lua_setfield(L, -2, "__index");
    }
    luaL_newlib(L, functions);
    return 1;
}
