/* What the parts of the line editor share. */
#ifndef HY_EDITOR_H
#define HY_EDITOR_H

#include <lua.h>
#include <stdbool.h>
#include <stdio.h>

/* readline's callbacks take no argument and Hyades has no globals, so the editor hangs on one that
 * readline lends: the name of the program. */
typedef struct editor {
    char name[8];
    lua_State *L;  /* while a line is read */
    char *draft;   /* what was typed before the history was walked */
    size_t prefix; /* how much of the draft an entry must begin with */
    int at;        /* the entry shown; history_length is the draft */
    bool walking;
    char *ahead; /* what was read behind the end of a paste, and is still to be taken */
    size_t ahead_length, ahead_at;
} editor;

editor *hyp_editor(void);

/* Must the line end now, for Ctrl-C or because the process is told to end? */
bool hyp_must_leave(void);

/* For readline: the next byte of the terminal; whether one is there; what the terminal calls a
 * paste. */
int hyp_get_byte(FILE *stream);
int hyp_is_input_waiting(void);
int hyp_paste(int count, int key);

#endif
