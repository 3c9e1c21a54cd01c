/* How the text of the line editor appears on the screen. */
#ifndef HY_SCREEN_H
#define HY_SCREEN_H

/* Draws the text, each line of it below the first one, and of a text larger than the screen what
 * lies around the cursor: readline itself loses track of such a text. */
void hyp_redisplay(void);

#endif
