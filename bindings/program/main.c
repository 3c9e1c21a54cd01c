/* The program `hyades`: what `lua` does, with the library at hand and a Ctrl-C that stops it. */
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../core/hyades.h"
#include "signals.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, INTERRUPTED = 130 };

static const char usage[] =
    "usage: hyades [OPTION…] [FILE [ARGUMENT…]]\n"
    "       hyades doctor\n"
    "  FILE        run a script, or standard input for -; without one, a prompt\n"
    "  doctor      say what is installed, what is used and what is missing\n"
    "  -e CODE     run CODE\n"
    "  -l MODULE   require MODULE as a global of that name; NAME=MODULE names it\n"
    "  -i          then a prompt\n"
    "  -v          print the version\n"
    "  -E          ignore LUA_INIT, LUA_PATH and LUA_CPATH\n"
    "  -W          turn warnings on\n"
    "  --          the options end here\n"
    "  -h, --help  print this\n"
    "At the prompt help() explains, Tab completes and % lists the commands.\n";

/* Globals of the program, loaded when they are first read. */
static const char *const names[] = {
    "hy", "nn", "optim", "data", "cluster", "deep", "metrics",
    "plot", "train", "loss", "model", "report", "help", NULL,
};

/* Registry: the source of the script, as debug.getinfo names it. */
static const char SCRIPT_KEY[] = "hyades.script";

/* Verbs: `hyades NAME` calls the module hyades.NAME, unless a file is called so. */
static const char *const verbs[] = { "doctor", NULL };

typedef struct options {
    int script; /* index of FILE in argv; 0: none */
    bool prompt, version, code, ignore_environment;
} options;

static void say(const char *text)
{
    fprintf(stderr, "hyades: %s\n", text);
}

/* ---- calling Lua ----------------------------------------------------------------------------- */

/* Message handler: the error as text, with a traceback. In C, so that it runs while interrupted. */
static int describe(lua_State *L)
{
    const char *text = lua_tostring(L, 1);
    if (!text && luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
        text = lua_tostring(L, -1);
    if (!text)
        text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    luaL_traceback(L, L, text, 1);
    return 1;
}

/* lua_pcall as one entry: Ctrl-C stops it. On failure the text is on the stack. */
static int call_entry(lua_State *L, int narg, int nres, bool *interrupted)
{
    const int function = lua_gettop(L) - narg;
    lua_pushcfunction(L, describe);
    lua_insert(L, function);
    hyp_begin(L);
    const int status = lua_pcall(L, narg, nres, function);
    *interrupted = hyp_end(L) && status != LUA_OK;
    lua_remove(L, function);
    return status;
}

/* (text) prints it for reading: colors, the lines of the script that failed. */
static int report_fully(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "hyades.trace");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "print");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

/* Prints the error on the stack. */
static int report(lua_State *L, int result)
{
    const char *text = lua_tostring(L, -1);
    if (text && isatty(STDERR_FILENO)) {
        lua_pushcfunction(L, report_fully);
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 0, 0) == LUA_OK)
            return lua_pop(L, 1), result;
        lua_pop(L, 1);
    }
    say(text ? text : "(error object is no text)");
    lua_pop(L, 1);
    return result;
}

/* Calls the chunk that luaL_load… left below narg arguments, or reports why there is none.
 * → exit status */
static int run_loaded(lua_State *L, int loaded, int narg)
{
    bool interrupted;
    if (loaded != LUA_OK)
        return report(L, FAILED);
    if (call_entry(L, narg, 0, &interrupted) != LUA_OK)
        return report(L, interrupted ? INTERRUPTED : FAILED);
    return DONE;
}

static int run_file(lua_State *L, const char *path)
{
    return run_loaded(L, luaL_loadfile(L, path), 0);
}

static int run_text(lua_State *L, const char *code, const char *name)
{
    return run_loaded(L, luaL_loadbuffer(L, code, strlen(code), name), 0);
}

/* ---- globals and paths ----------------------------------------------------------------------- */

static void require_module(lua_State *L, const char *module)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
}

/* Was the global read by the script itself or by something typed, not by a file that it loads?
 * `=prompt…` is named so in prompt.lua. */
static bool asked_by_user(lua_State *L)
{
    lua_Debug ar;
    if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "S", &ar))
        return false;
    lua_getfield(L, LUA_REGISTRYINDEX, SCRIPT_KEY);
    const char *script = lua_tostring(L, -1);
    const bool own = script && strcmp(ar.source, script) == 0;
    lua_pop(L, 1);
    return own || strncmp(ar.source, "=prompt", 7) == 0 ||
           strcmp(ar.source, "=(command line)") == 0;
}

/* __index of _G: the program's globals load now. A name that nobody has assigned is nil for files,
 * as anywhere in Lua, and an error for the script and for what was typed.
 * upvalue: table name → was it assigned, be it nil? */
static int missing_global(lua_State *L)
{
    lua_settop(L, 2);
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (int i = 0; names[i]; i++)
        if (strcmp(name, names[i]) == 0) {
            require_module(L, "hyades");
            if (i > 0)
                lua_getfield(L, -1, name);
            lua_pushvalue(L, 2);
            lua_pushvalue(L, -2);
            lua_rawset(L, 1);
            return 1;
        }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || !asked_by_user(L))
        return 0;
    require_module(L, "hyades.names");
    lua_getfield(L, -1, "unknown_global");
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

/* __newindex of _G; upvalue as above */
static int new_global(lua_State *L)
{
    lua_settop(L, 3);
    if (lua_isnil(L, 3) && !lua_isnil(L, 2)) {
        lua_pushvalue(L, 2);
        lua_pushboolean(L, 1);
        lua_rawset(L, lua_upvalueindex(1));
    }
    lua_rawset(L, 1);
    return 0;
}

static void open_globals(lua_State *L)
{
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 3);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, missing_global, 1);
    lua_setfield(L, -3, "__index");
    lua_pushcclosure(L, new_global, 1);
    lua_setfield(L, -2, "__newindex");
    lua_newtable(L);
    for (int i = 0; names[i]; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "globals");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* Puts the templates in front of package.path or package.cpath. */
static void prepend(lua_State *L, const char *field, const char *templates)
{
    lua_getglobal(L, LUA_LOADLIBNAME);
    lua_getfield(L, -1, field);
    lua_pushfstring(L, "%s;%s", templates, lua_tostring(L, -1));
    lua_setfield(L, -3, field);
    lua_pop(L, 2);
}

/* The library lies beside the program (a source tree), or where `make install` puts it. */
static void find_library(lua_State *L)
{
    char folder[4096];
    const ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return;
    folder[length] = '\0';
    *strrchr(folder, '/') = '\0';
    const int top = lua_gettop(L);
    if (access(lua_pushfstring(L, "%s/lua/hyades/init.lua", folder), R_OK) == 0) {
        prepend(L, "path", lua_pushfstring(L, "%s/lua/?.lua;%s/lua/?/init.lua", folder, folder));
        prepend(L, "cpath", lua_pushfstring(L, "%s/build/?.so", folder));
    } else {
        const char *bin = strrchr(folder, '/');
        const char *prefix = lua_pushlstring(L, folder, bin ? (size_t)(bin - folder) : 0);
        prepend(L, "path", lua_pushfstring(L, "%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/init.lua",
                                           prefix, prefix));
        prepend(L, "cpath", lua_pushfstring(L, "%s/lib/lua/5.4/?.so", prefix));
    }
    lua_settop(L, top);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Does the option stand alone, or with its value behind it? */
static bool has_value(const char *argument)
{
    return argument[1] == 'e' || argument[1] == 'l';
}

/* Takes one option; false when it is none. */
static bool read_option(const char *argument, options *o)
{
    if (has_value(argument)) {
        o->code |= argument[1] == 'e';
        return true;
    }
    if (argument[1] == '\0' || argument[2] != '\0' || !strchr("ivEW", argument[1]))
        return false;
    o->prompt |= argument[1] == 'i';
    o->version |= argument[1] == 'v' || argument[1] == 'i';
    o->ignore_environment |= argument[1] == 'E';
    return true;
}

/* False when the command line is wrong; *bad is then the culprit. */
static bool read_options(int argc, char **argv, options *o, const char **bad)
{
    *o = (options){ 0 };
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        *bad = argv[i];
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (!read_option(argv[i], o))
            return false;
        if (has_value(argv[i]) && argv[i][2] == '\0' && !argv[++i])
            return false;
    }
    o->script = i < argc ? i : 0;
    return true;
}

/* -l NAME=MODULE or MODULE, whose global is its name up to a hyphen */
static int run_require(lua_State *L, const char *value)
{
    const char *equals = strchr(value, '=');
    const char *module = equals ? equals + 1 : value;
    const size_t length = equals ? (size_t)(equals - value) : strcspn(value, "-");
    bool interrupted;
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (call_entry(L, 1, 1, &interrupted) != LUA_OK)
        return report(L, interrupted ? INTERRUPTED : FAILED);
    lua_pushglobaltable(L);
    lua_pushlstring(L, value, length);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
    return DONE;
}

/* -e, -l and -W, in the order given */
static int run_options(lua_State *L, char **argv)
{
    for (int i = 1; argv[i] && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char option = argv[i][1];
        int result = DONE;
        if (option == '-')
            break;
        if (option == 'W')
            lua_warning(L, "@on", 0);
        if (!has_value(argv[i]))
            continue;
        const char *value = argv[i][2] ? argv[i] + 2 : argv[++i];
        result = option == 'e' ? run_text(L, value, "=(command line)") : run_require(L, value);
        if (result != DONE)
            return result;
    }
    return DONE;
}

/* LUA_INIT_5_4 or LUA_INIT: code, or @FILE */
static int run_init(lua_State *L)
{
    const char *name = "=LUA_INIT" LUA_VERSUFFIX;
    const char *init = getenv(name + 1);
    if (!init) {
        name = "=LUA_INIT";
        init = getenv(name + 1);
    }
    if (!init)
        return DONE;
    return init[0] == '@' ? run_file(L, init + 1) : run_text(L, init, name);
}

/* `arg`: FILE at 0, its arguments from 1, the interpreter and its options below */
static void set_arguments(lua_State *L, int argc, char **argv, int script)
{
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

/* luaL_loadfile for the file whose own code must not read unknown globals */
static int load_script(lua_State *L, const char *path)
{
    lua_Debug ar;
    const int loaded = luaL_loadfile(L, path);
    if (loaded != LUA_OK)
        return loaded;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    lua_pushstring(L, ar.source);
    lua_setfield(L, LUA_REGISTRYINDEX, SCRIPT_KEY);
    return LUA_OK;
}

static bool is_verb(const char *word)
{
    for (int i = 0; verbs[i]; i++)
        if (strcmp(word, verbs[i]) == 0)
            return access(word, F_OK) != 0;
    return false;
}

/* Calls hyades.VERB with the arguments behind it. → the status that it returns, else 0 */
static int run_verb(lua_State *L, int argc, char **argv, int verb)
{
    bool interrupted;
    require_module(L, lua_pushfstring(L, "hyades.%s", argv[verb]));
    luaL_checkstack(L, argc + 2, "too many arguments");
    for (int i = verb + 1; i < argc; i++)
        lua_pushstring(L, argv[i]);
    if (call_entry(L, argc - verb - 1, 1, &interrupted) != LUA_OK)
        return report(L, interrupted ? INTERRUPTED : FAILED);
    return (int)lua_tointeger(L, -1);
}

static int run_script(lua_State *L, int argc, char **argv, int script)
{
    if (is_verb(argv[script]))
        return run_verb(L, argc, argv, script);
    const bool input = strcmp(argv[script], "-") == 0 && strcmp(argv[script - 1], "--") != 0;
    const int loaded = load_script(L, input ? NULL : argv[script]);
    const int narg = argc - script - 1;
    luaL_checkstack(L, narg + 2, "too many arguments");
    for (int i = script + 1; loaded == LUA_OK && i < argc; i++)
        lua_pushstring(L, argv[i]);
    return run_loaded(L, loaded, narg);
}

/* ---- the prompt ------------------------------------------------------------------------------ */

/* (f, g) → g(f()) */
static int compose(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_call(L, 0, LUA_MULTRET);
    lua_call(L, lua_gettop(L) - 2, 0);
    return 0;
}

/* call(f, g): g(f()) as one entry → nothing, or the error with its traceback */
static int prompt_call(lua_State *L)
{
    bool interrupted;
    lua_settop(L, 2);
    lua_pushcfunction(L, compose);
    lua_insert(L, 1);
    return call_entry(L, 2, 0, &interrupted) == LUA_OK ? 0 : 1;
}

static int prompt_interrupted(lua_State *L)
{
    lua_pushboolean(L, hyp_interrupted());
    hyp_forget();
    return 1;
}

static int prompt_wait(lua_State *L)
{
    lua_pushboolean(L, hyp_wait_input(STDIN_FILENO));
    return 1;
}

/* columns() → width of the terminal; nil when standard output is none */
static int prompt_columns(lua_State *L)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        lua_pushinteger(L, window.ws_col);
    else
        lua_pushnil(L);
    return 1;
}

static int run_prompt(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "call", prompt_call },
        { "interrupted", prompt_interrupted },
        { "wait", prompt_wait },
        { "columns", prompt_columns },
        { NULL, NULL },
    };
    hyp_catch(false);
    lua_pushcfunction(L, describe);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "hyades.prompt");
    if (lua_pcall(L, 1, 1, -3) != LUA_OK)
        return report(L, FAILED);
    lua_getfield(L, -1, "run");
    luaL_newlib(L, functions);
    lua_pushboolean(L, isatty(STDIN_FILENO));
    lua_setfield(L, -2, "typed");
    lua_pushboolean(L, isatty(STDOUT_FILENO));
    lua_setfield(L, -2, "shown");
    lua_pushboolean(L, isatty(STDERR_FILENO));
    lua_setfield(L, -2, "seen");
    return lua_pcall(L, 1, 0, -4) == LUA_OK ? DONE : report(L, FAILED);
}

/* ---- main ------------------------------------------------------------------------------------ */

/* What was printed has arrived, or a sentence says that it has not. */
static int finish_output(int result)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return result;
    fprintf(stderr, "hyades: standard output: %s\n", strerror(errno ? errno : EIO));
    return result == DONE ? FAILED : result;
}

static void print_version(void)
{
    puts("Hyades " HY_VERSION " (" LUA_RELEASE ")");
    fflush(stdout);
}

static int run_program(lua_State *L, int argc, char **argv, const options *o)
{
    int result = DONE;
    if (o->version)
        print_version();
    hyp_catch(true);
    if (!o->ignore_environment)
        result = run_init(L);
    if (result == DONE)
        result = run_options(L, argv);
    if (result == DONE && o->script)
        result = run_script(L, argc, argv, o->script);
    if (result != DONE)
        return result;
    if (o->prompt)
        return run_prompt(L);
    if (o->script || o->code || o->version)
        return DONE;
    if (!isatty(STDIN_FILENO))
        return run_loaded(L, load_script(L, NULL), 0);
    print_version();
    return run_prompt(L);
}

/* Everything that may run out of memory, called protected. */
static int start(lua_State *L)
{
    const int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    const options *o = lua_touserdata(L, 3);
    luaL_checkversion(L);
    if (o->ignore_environment) {
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    hyp_prepare(L);
    find_library(L);
    open_globals(L);
    set_arguments(L, argc, argv, o->script);
    lua_pushinteger(L, run_program(L, argc, argv, o));
    return 1;
}

int main(int argc, char **argv)
{
    options o;
    const char *bad = "";
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return fputs(usage, stdout) < 0 ? FAILED : DONE;
    if (!read_options(argc, argv, &o, &bad)) {
        const char *why = has_value(bad) ? "lacks its value" : "is no option";
        fprintf(stderr, "hyades: %s %s\n%s", bad, why, usage);
        return USAGE;
    }
    lua_State *L = luaL_newstate();
    if (!L) {
        say("not enough memory");
        return FAILED;
    }
    lua_pushcfunction(L, start);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    lua_pushlightuserdata(L, &o);
    const int result =
        lua_pcall(L, 3, 1, 0) == LUA_OK ? (int)lua_tointeger(L, -1) : report(L, FAILED);
    lua_close(L);
    if (hyp_ending())
        raise(hyp_ending());
    return finish_output(result);
}
