/* luaopen_hyades_core, the context of a Lua state, and how a status becomes a Lua error. */
#include <signal.h>
#include <string.h>

#include "bindings.h"
#include "docs.h"
#include "suggest.h"

/* Lives in the registry, so that opening the module again finds it. */
typedef struct context_box {
    hy_ctx *cx;
    lua_State *main, *running; /* running: where the op at hand was called */
    lua_Hook hook_at_entry;    /* stock lua reports Ctrl-C by setting another hook */
    const volatile int *flag;  /* the program reports it by a flag */
    bool watched;              /* a function wants to know how far long ops are */
    double next;               /* when it is told again */
    char signal_stack[1 << 16];
} context_box;

static const char CONTEXT_KEY[] = "hyades.ctx", WATCHER_KEY[] = "hyades.watcher";

/* Tells the watcher how far the op at hand is. */
static hy_status tell_watcher(hy_ctx *cx, context_box *box, int64_t done, int64_t total)
{
    const double pause = 0.1;
    lua_State *L = box->running;

    if (!box->watched || total <= 0 || hy_clock() < box->next || !lua_checkstack(L, 4))
        return HY_OK;
    box->watched = false; /* should it call ops itself */
    lua_getfield(L, LUA_REGISTRYINDEX, WATCHER_KEY);
    lua_pushinteger(L, done);
    lua_pushinteger(L, total);
    const bool told = lua_pcall(L, 2, 0, 0) == LUA_OK;
    box->watched = true;
    box->next = hy_clock() + pause;
    if (told)
        return HY_OK;
    hy_fail(cx, HY_ECALL, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "the watcher raised");
    lua_pop(L, 1);
    return HY_ECALL;
}

/* A flag that is raised, or a hook other than the one at entry, is the user's Ctrl-C. */
static hy_status poll_interrupt(hy_ctx *cx, void *arg, int64_t done, int64_t total)
{
    context_box *box = arg;
    const hy_status told = tell_watcher(cx, box, done, total);
    if (box->flag ? *box->flag != 0 : lua_gethook(box->main) != box->hook_at_entry)
        return hy_fail(cx, HY_EINTR, "interrupted");
    return told;
}

/* Products of oneDNN keep data where the frame of a signal handler would go: Ctrl-C in the middle
 * of one destroyed the heap. The program's handler has a stack of its own; that of stock lua, which
 * it sets anew for each chunk, gets this one. */
static void lend_stack(context_box *box)
{
    struct sigaction action;
    stack_t stack;
    if (box->flag || box->cx->cpu.onednn == HY_ONEDNN_OFF ||
        sigaction(SIGINT, NULL, &action) != 0 || action.sa_flags & SA_ONSTACK ||
        action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN ||
        sigaltstack(NULL, &stack) != 0)
        return;
    if (stack.ss_flags & SS_DISABLE) {
        stack = (stack_t){ .ss_sp = box->signal_stack, .ss_size = sizeof box->signal_stack };
        if (sigaltstack(&stack, NULL) != 0)
            return;
    }
    action.sa_flags |= SA_ONSTACK;
    sigaction(SIGINT, &action, NULL);
}

static void take_stack_back(const context_box *box)
{
    stack_t stack;
    if (sigaltstack(NULL, &stack) == 0 && stack.ss_sp == box->signal_stack) {
        stack.ss_flags = SS_DISABLE;
        sigaltstack(&stack, NULL);
    }
}

static int context_gc(lua_State *L)
{
    context_box *box = lua_touserdata(L, 1);
    take_stack_back(box);
    hy_ctx_free(box->cx);
    box->cx = NULL;
    return 0;
}

static context_box *find_context(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, CONTEXT_KEY);
    context_box *box = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return box;
}

static void open_context(lua_State *L)
{
    if (find_context(L))
        return;
    context_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    memset(box, 0, sizeof *box);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, context_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    box->cx = hy_ctx_new();
    if (!box->cx)
        luaL_error(L, "hyades: out of memory");
    if (box->cx->status != HY_OK)
        luaL_error(L, "hyades: HYADES_CPU: %s", box->cx->message);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    box->main = lua_tothread(L, -1);
    lua_getfield(L, LUA_REGISTRYINDEX, "hyades.interrupt");
    box->flag = lua_touserdata(L, -1);
    lua_pop(L, 2);
    box->cx->poll = poll_interrupt;
    box->cx->poll_arg = box;
    lua_setfield(L, LUA_REGISTRYINDEX, CONTEXT_KEY);
}

hy_ctx *hyl_ctx(lua_State *L)
{
    context_box *box = find_context(L);
    if (!box->cx) /* asked by a finalizer that lua_close runs after the context's */
        luaL_error(L, "hyades: the Lua state is closing");
    box->cx->thread = box->running = L;
    box->hook_at_entry = lua_gethook(box->main);
    lend_stack(box);
    return box->cx;
}

void hyl_try(lua_State *L, const char *fn, hy_status status)
{
    if (status == HY_OK)
        return;
    const hy_ctx *cx = find_context(L)->cx;
    if (status == HY_EINTR) {
        lua_pushliteral(L, "interrupted");
        lua_error(L);
    }
    /* ops put their own name in front */
    const size_t length = strlen(fn);
    if (strncmp(cx->message, fn, length) == 0 && cx->message[length] == ':')
        luaL_error(L, "%s", cx->message);
    luaL_error(L, "%s: %s", fn, cx->message);
}

const char *hyl_typename(lua_State *L, int i)
{
    if (luaL_testudata(L, i, HYL_TENSOR))
        return "tensor";
    if (luaL_testudata(L, i, HYL_RNG))
        return "rng";
    if (luaL_testudata(L, i, HYL_TAPE))
        return "tape";
    return lua_isnoneornil(L, i) ? "nothing" : luaL_typename(L, i);
}

/* core.watch(fn or nil) → what watched before, or nil */
static int watch(lua_State *L)
{
    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    context_box *box = find_context(L);
    lua_getfield(L, LUA_REGISTRYINDEX, WATCHER_KEY);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, WATCHER_KEY);
    box->watched = !lua_isnil(L, 1);
    box->next = 0;
    return 1;
}

static int threads(lua_State *L)
{
    const lua_Integer n = luaL_optinteger(L, 1, 0);
    luaL_argcheck(L, lua_isnoneornil(L, 1) || (n >= 1 && n <= 1024), 1,
                  "threads: expected 1 to 1024");
    lua_pushinteger(L, hy_threads((int)n));
    return 1;
}

static int clock_seconds(lua_State *L)
{
    lua_pushnumber(L, hy_clock());
    return 1;
}

static int onednn(lua_State *L)
{
    hy_ctx *cx = hyl_ctx(L);
    luaL_argcheck(L, lua_isnoneornil(L, 1) || lua_isboolean(L, 1), 1,
                  "onednn: expected true, false or nothing");
    lua_pushboolean(L, lua_isnoneornil(L, 1) ? hy_onednn_used(cx)
                                             : hy_onednn(cx, lua_toboolean(L, 1)));
    return 1;
}

static int cpu_table(lua_State *L)
{
    lua_pushstring(L, hyl_ctx(L)->cpu.table);
    return 1;
}

/* core.nearest(word, list of words) → the word that was probably meant, or nil */
static int nearest(lua_State *L)
{
    enum { MOST = 512 };
    const char *words[MOST];
    const char *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const int n = luaL_len(L, 2) < MOST ? (int)luaL_len(L, 2) : MOST;
    luaL_checkstack(L, n, "nearest");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 2, i + 1); /* stays on the stack while it is used */
        words[i] = luaL_checkstring(L, -1);
    }
    lua_pushstring(L, hyl_nearest(word, n, words));
    return 1;
}

/* Test hook: make the n-th allocation from now fail, and those that follow. */
static int fail_allocation(lua_State *L)
{
    hy_ctx *cx = hyl_ctx(L);
    const lua_Integer n = luaL_optinteger(L, 1, 0);
    cx->fail_at = n > 0 ? cx->allocations + n : 0;
    cx->fail_on = lua_toboolean(L, 2);
    return 0;
}

static const hyl_function functions[] = {
    { "threads", threads, "(n?) → integer",
      "Number of threads of loops and BLAS in this process; n sets it." },
    { "onednn", onednn, "(wanted?) → boolean",
      "Do large products of f32 go to oneDNN? They do where it is installed, else to OpenBLAS; "
      "false "
      "keeps them there." },
    { "watch", watch, "(function?) → function or nil",
      "From now on long ops call function(done, total) about ten times a second; nothing ends "
      "that. "
      "Returns what was called before." },
    { "clock", clock_seconds, "() → number", "Seconds of a clock that never goes back." },
    { "cpu_table", cpu_table, "() → string",
      "The instruction level of the kernels in use; HYADES_CPU=x86-64, x86-64-v3 or x86-64-v4 "
      "forces one." },
    { "nearest", nearest, "(word, words) → string or nil", "The word that was probably meant." },
    { "fail_allocation", fail_allocation, "(n?, flag?)",
      "For tests: the n-th allocation from now fails, with a flag all that follow too; without n "
      "none does." },
    { NULL },
};

int luaopen_hyades_core(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_core(lua_State *L)
{
    luaL_checkversion(L);
    open_context(L);
    lua_newtable(L);
    hyl_register(L, functions);
    hyl_open_docs(L);
    lua_pushliteral(L, HY_VERSION);
    lua_setfield(L, -2, "version");
    hyl_open_rng(L);
    hyl_open_tensor(L);
    hyl_open_tape(L);
    hyl_open_ops(L);
    hyl_open_memory(L);
    hyl_open_files(L);
    hyl_open_json(L);
    hyl_open_terminal(L);
    return 1;
}
