/*
 * hyades.env: loaded before hyades.core and so before OpenMP, which reads its settings once, when it
 * is mapped. Threads that wait for the next loop shall look around for some 50 µs and then sleep. By
 * default they spin on, and on cores that other programs use as well every small loop waits for a
 * thread that is not running (k-means on the digits: 9.8 s instead of 0.14 s beside one busy
 * program); those that sleep at once pay for waking up between any two loops (a training step of 64
 * rows: 10.8 ms instead of 8.4).
 */
#include <lauxlib.h>
#include <stdlib.h>

int luaopen_hyades_env(lua_State *L);

__attribute__((visibility("default"))) int luaopen_hyades_env(lua_State *L)
{
    if (!getenv("OMP_WAIT_POLICY")) /* a setting of the user's wins */
        setenv("GOMP_SPINCOUNT", "1000", 0);
    setenv("OMP_WAIT_POLICY", "passive", 0);
    lua_pushboolean(L, 1);
    return 1;
}
