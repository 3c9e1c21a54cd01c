#include "screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include <readline/readline.h>

enum { INDENT = 2 }; /* columns of the prompt: where the lines below the first begin */

typedef struct part {
    int first, behind; /* bytes of the text that are drawn */
} part;

static bool is_inside_character(char c)
{
    return (c & 0xC0) == 0x80;
}

/* Rows that the bytes take at most: as if each were a column, or began a line. */
static int rows_of(int first, int behind, int columns)
{
    int rows = 1, column = INDENT;
    for (int i = first; i < behind; i++) {
        if (rl_line_buffer[i] == '\n' || ++column >= columns) {
            rows++;
            column = rl_line_buffer[i] == '\n' ? INDENT : 0;
        }
    }
    return rows;
}

/* Grows a part around the cursor, backward first, until it fills most of the screen. */
static part visible_part(int rows, int columns)
{
    const int reach = rows * columns; /* no more bytes than this can be seen */
    part p = { rl_point, rl_point };
    const int least = rl_point > reach ? rl_point - reach : 0;
    const int most = rl_end - rl_point > reach ? rl_point + reach : rl_end;
    if (least == 0 && most == rl_end && rows_of(0, rl_end, columns) < rows)
        return (part){ 0, rl_end };
    const int below = rows_of(rl_point, most, columns);
    const int above_most = rows - 1 - (below < rows / 2 ? below : rows / 2);
    for (int used = 0, column = 0; p.first > least; p.first--) {
        const bool newline = rl_line_buffer[p.first - 1] == '\n';
        column = newline ? INDENT : column + 1;
        used += newline || column >= columns;
        column = column >= columns ? 0 : column;
        if (used >= above_most)
            break;
    }
    while (p.first > 0 && is_inside_character(rl_line_buffer[p.first]))
        p.first--;
    const int above = rows_of(p.first, rl_point, columns);
    for (int used = above, column = 0; p.behind < most; p.behind++) {
        const bool newline = rl_line_buffer[p.behind] == '\n';
        column = newline ? INDENT : column + 1;
        used += newline || column >= columns;
        column = column >= columns ? 0 : column;
        if (used >= rows - 1)
            break;
    }
    while (p.behind < rl_end && is_inside_character(rl_line_buffer[p.behind]))
        p.behind++;
    return p;
}

/* The bytes of the part, with blanks below the prompt. → length; *point: where the cursor is */
static int draw(part p, char *out, int *point)
{
    int length = 0;
    for (int i = p.first; i <= p.behind; i++) {
        if (i == rl_point)
            *point = length;
        if (i == p.behind)
            break;
        out[length++] = rl_line_buffer[i];
        for (int blank = 0; rl_line_buffer[i] == '\n' && blank < INDENT; blank++)
            out[length++] = ' ';
    }
    out[length] = '\0';
    return length;
}

void hyp_redisplay(void)
{
    int rows = 24, columns = 80;
    rl_get_screen_size(&rows, &columns);
    rows = rows < 4 ? 4 : rows;
    columns = columns < 4 ? 4 : columns;
    const part p = visible_part(rows, columns);
    const bool plain = p.first == 0 && p.behind == rl_end && !strchr(rl_line_buffer, '\n');
    char *text = plain ? NULL : malloc((size_t)(p.behind - p.first) * (1 + INDENT) + 1);
    if (!text) {
        rl_redisplay();
        return;
    }
    char *const line = rl_line_buffer;
    const int point = rl_point, end = rl_end, mark = rl_mark;
    int drawn = 0;
    const int length = draw(p, text, &drawn);
    rl_line_buffer = text;
    rl_point = drawn;
    rl_end = length;
    rl_mark = 0;
    rl_redisplay();
    rl_line_buffer = line;
    rl_point = point;
    rl_end = end;
    rl_mark = mark;
    free(text);
}
