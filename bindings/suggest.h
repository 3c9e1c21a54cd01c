/* The nearest word, for "did you mean". */
#ifndef HYL_SUGGEST_H
#define HYL_SUGGEST_H

/* NULL when none is close. */
const char *hyl_nearest(const char *word, int n, const char *const *words);

#endif
