/*
 * Ctrl-C must stop Lua loops, C loops, loops around pcall and coroutines, and keep every variable.
 * So the flag stays up until the entry ends, and so does the hook: a pcall that swallows the first
 * error meets another.
 */
#include "signals.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/select.h>

/* The one mutable global of Hyades: a signal handler cannot know otherwise what it interrupts. */
static struct {
    volatile sig_atomic_t raised; /* 0, or 1 + the errors raised for this interrupt */
    volatile sig_atomic_t ending; /* 0, or the signal that told the process to end */
    lua_State *_Atomic running;   /* the coroutine to stop; NULL between entries */
    struct sigaction before[2];   /* what SIGTERM and SIGHUP did before hyp_watch_end */
} interrupt;

static const int end_signals[] = { SIGTERM, SIGHUP };

enum { GRACE = 256, NO_GRACE = 2 }; /* instructions until the next error */

/* The first error comes at once. Those after it must end loops around pcall, also d of them one in
 * the other, which takes d errors in quick succession; but when the last one has got through,
 * __close handlers need time to do their work. So there is grace after error 1, 3, 6, 10 …: the
 * quick runs between grow by one, and the first that is long enough ends with grace. */
static int next_count(int errors)
{
    for (int run = 1; errors > 0; run++)
        errors -= run;
    return errors == 0 ? GRACE : NO_GRACE;
}

static void stop(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    if (!interrupt.raised) {
        lua_sethook(L, NULL, 0, 0); /* a coroutine kept over the end of an interrupted entry */
        return;
    }
    lua_sethook(L, stop, LUA_MASKCOUNT, next_count(interrupt.raised));
    interrupt.raised++;
    lua_pushliteral(L, "interrupted");
    lua_error(L);
}

static void on_interrupt(int number)
{
    (void)number;
    lua_State *L = interrupt.running;
    interrupt.raised = 1;
    if (L)
        lua_sethook(L, stop, LUA_MASKCOUNT, 1);
}

bool hyp_interrupted(void)
{
    return interrupt.raised;
}

void hyp_forget(void)
{
    interrupt.raised = 0;
}

static void on_end(int number)
{
    interrupt.ending = number;
}

void hyp_watch_end(bool on)
{
    struct sigaction action = { .sa_handler = on_end };
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; i++) {
        if (on)
            sigaction(end_signals[i], &action, &interrupt.before[i]);
        else
            sigaction(end_signals[i], &interrupt.before[i], NULL);
        if (on && interrupt.before[i].sa_handler == SIG_IGN)
            sigaction(end_signals[i], &interrupt.before[i], NULL); /* nohup */
    }
}

int hyp_ending(void)
{
    return interrupt.ending;
}

bool hyp_wait_input(int fd)
{
    sigset_t interrupts, before;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupts, &before);
    while (!interrupt.raised) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        if (pselect(fd + 1, &set, NULL, NULL, NULL, &before) >= 0 || errno != EINTR)
            break;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !interrupt.raised;
}

/* The handler gets a stack of its own: products of oneDNN keep data where the signal frame would
 * go, and a Ctrl-C in the middle of one destroyed the heap. */
static void lend_stack(void)
{
    static char memory[1 << 16];
    const stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory };
    sigaltstack(&stack, NULL);
}

void hyp_catch(bool once)
{
    lend_stack();
    /* no SA_RESTART: a read from the keyboard must end too */
    struct sigaction action = { .sa_handler = on_interrupt };
    action.sa_flags = SA_ONSTACK | (once ? (int)SA_RESETHAND : 0);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void hyp_begin(lua_State *L)
{
    interrupt.raised = 0;
    interrupt.running = L;
}

bool hyp_end(lua_State *L)
{
    const bool interrupted = interrupt.raised;
    interrupt.running = NULL;
    if (lua_gethook(L) == stop)
        lua_sethook(L, NULL, 0, 0);
    interrupt.raised = 0;
    return interrupted;
}

/* Hooks belong to coroutines, so the handler must know which one runs, and an interrupt must
 * follow control from one to the other. */
static void hand_over(lua_State *from, lua_State *to)
{
    if (!interrupt.running)
        return;
    interrupt.running = to;
    if (!interrupt.raised)
        return;
    const bool known = lua_gethook(from) == stop;
    lua_sethook(to, stop, LUA_MASKCOUNT, known ? lua_gethookcount(from) : 1);
}

/* Moves the results or the error to L; the number of results, or -1. */
static int resume(lua_State *L, lua_State *co, int narg)
{
    int nres;
    if (!lua_checkstack(co, narg)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, narg);
    hand_over(L, co);
    const int status = lua_resume(co, L, narg, &nres);
    hand_over(co, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, nres + 1)) {
        lua_pop(co, nres);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, nres);
    return nres;
}

static lua_State *check_coroutine(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static int coroutine_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    const int n = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    lua_insert(L, n < 0 ? -2 : -(n + 1));
    return n < 0 ? 2 : n + 1;
}

/* An error ends the coroutine: its pending __close handlers run, and may replace the error. */
static int fail_wrapped(lua_State *L, lua_State *co)
{
    const int state = lua_status(co);
    if (state != LUA_OK && state != LUA_YIELD) {
        hand_over(L, co);
        lua_xmove(L, co, 1);
        lua_resetthread(co);
        hand_over(co, L);
        lua_xmove(co, L, 1);
    }
    if (!interrupt.raised && state != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    const int n = resume(L, co, lua_gettop(L));
    return n < 0 ? fail_wrapped(L, co) : n;
}

static int coroutine_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

/* The original function, with the coroutine's __close handlers stoppable. */
static int coroutine_close(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    hand_over(L, co);
    const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    hand_over(co, L);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

void hyp_prepare(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&interrupt.raised);
    lua_setfield(L, LUA_REGISTRYINDEX, "hyades.interrupt");
    lua_getglobal(L, LUA_COLIBNAME);
    lua_pushcfunction(L, coroutine_resume);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, coroutine_wrap);
    lua_setfield(L, -2, "wrap");
    lua_getfield(L, -1, "close");
    lua_pushcclosure(L, coroutine_close, 1);
    lua_setfield(L, -2, "close");
    lua_pop(L, 1);
}
