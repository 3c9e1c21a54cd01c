/* Two Lua states in two threads share nothing: each trains and clusters as if it were alone. */
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char script[] =
    "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path\n"
    "package.cpath = 'build/?.so;' .. package.cpath\n"
    "local hy = require 'hyades'\n"
    "local x = hy.data.blobs{ n = 200, k = 3, d = 8, rng = hy.rng(1) }.x\n"
    "local net = hy.nn.Autoencoder{ layers = { 8, 16, 3 }, rng = hy.rng(2) }\n"
    "net:fit(x, { epochs = 5, rng = hy.rng(3) })\n"
    "local k = hy.cluster.KMeans{ k = 3, rng = hy.rng(4) }:fit(net:transform(x))\n"
    "hy.seed(5)\n"
    "for _ = 1, 50 do local _ = hy.randn(100, 100):mm(hy.randn(100, 100)) end\n"
    "local path = os.tmpname()\n"
    "for _ = 1, 20 do\n"
    "  hy.save(path, { net = net, k = k, x = x })\n"
    "  local again = hy.load(path)\n"
    "  assert(again.k:predict(again.net:transform(again.x)):ne(k.labels):sum():item() == 0)\n"
    "  local tape <close> = hy.tape()\n"
    "  local p = hy.param(hy.ones(200, 200))\n"
    "  tape:backward((p:exp() * p):mean())\n"
    "end\n"
    "os.remove(path)\n"
    "local bad = select(2, pcall(hy.sqdist, x, hy.ones(2, 3)))\n"
    "return ('%.17g %.17g %s'):format(k.inertia, hy.rand(1):item(), bad:match 'sqdist.*')\n";

enum { STATES = 2, TEXT = 256 };

typedef struct job {
    char text[TEXT];
} job;

static void *run(void *arg)
{
    job *j = arg;
    lua_State *L = luaL_newstate();
    if (!L)
        return NULL;
    luaL_openlibs(L);
    if (luaL_dostring(L, script) != LUA_OK)
        snprintf(j->text, TEXT, "error: %s", lua_tostring(L, -1));
    else
        snprintf(j->text, TEXT, "%s", lua_tostring(L, -1));
    lua_close(L);
    return NULL;
}

int main(void)
{
    job alone = { "" }, together[STATES] = { { "" } };
    pthread_t thread[STATES];
    run(&alone);
    for (int i = 0; i < STATES; i++)
        if (pthread_create(&thread[i], NULL, run, &together[i]) != 0)
            return 1;
    for (int i = 0; i < STATES; i++)
        pthread_join(thread[i], NULL);
    puts(alone.text);
    for (int i = 0; i < STATES; i++)
        puts(together[i].text);
    return 0;
}
