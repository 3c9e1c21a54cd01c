/* Ctrl-C: a flag that C loops poll and a hook that stops Lua code. */
#ifndef HY_SIGNALS_H
#define HY_SIGNALS_H

#include <lua.h>
#include <stdbool.h>

/* Publishes the flag to the engine and follows coroutines. Once per state, after the libraries are
 * open and before any module of Hyades is. */
void hyp_prepare(lua_State *L);

/* Catches Ctrl-C from now on; with `once` a second one ends the process, for scripts that hang. */
void hyp_catch(bool once);

/* An entry is a script or what was typed at a prompt. Only between these two is Lua stopped. */
void hyp_begin(lua_State *L); /* lowers the flag */
bool hyp_end(lua_State *L);   /* was the entry interrupted? */

/* Waits for input; false when Ctrl-C came instead. It cannot slip in between look and wait. */
bool hyp_wait_input(int fd);

/* The flag itself. The line reader, a module, finds these in the program that loads it. */
__attribute__((visibility("default"))) bool hyp_interrupted(void);
__attribute__((visibility("default"))) void hyp_forget(void);

/* While this is on, SIGTERM and SIGHUP end nothing but are noted, so that a line that is being typed
 * can be kept; → the signal, or 0. */
__attribute__((visibility("default"))) void hyp_watch_end(bool on);
__attribute__((visibility("default"))) int hyp_ending(void);

#endif
