/* The text `x:tensor axis:axis? {keep:flag=false} -> tensor index?` to a hyl_signature. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"

static const char *const kind_names[KINDS] = {
    "tensor", "matrix",   "vector", "operand", "tensors", "index", "number", "integer",
    "integers", "shape", "axis",  "axes",    "flag",    "dtype", "rng", "op",
};

static bool parse_kind(const char *text, hyl_kind *kind)
{
    for (int k = 0; k < KINDS; k++)
        if (strcmp(kind_names[k], text) == 0) {
            *kind = (hyl_kind)k;
            return true;
        }
    return false;
}

static void parse_default(hyl_param *p, const char *text)
{
    hy_arg *v = &p->value;
    v->given = true;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        v->i = text[0] == 't';
    else if (p->kind == KIND_DTYPE)
        for (int t = 0; t < HY_DTYPES; t++)
            v->i = strcmp(text, hy_dtype_name((hy_dtype)t)) == 0 ? t : v->i;
    else {
        v->d = strtod(text, NULL);
        v->i = (int64_t)v->d;
        if (p->kind == KIND_AXIS && v->i > 0)
            v->i--;
    }
}

/* One word: `name:kind`, then `...`, `?` or `=default`. */
static bool parse_param(char *word, bool named, hyl_param *p)
{
    memset(p, 0, sizeof *p);
    p->named = named;
    char *kind = strchr(word, ':');
    if (!kind || kind - word >= HYL_NAME)
        return false;
    *kind++ = 0;
    strcpy(p->name, word);
    char *value = strchr(kind, '='), *end;
    if (value)
        *value++ = 0;
    if ((end = strchr(kind, '?')))
        *end = 0;
    p->optional = end || value;
    if ((end = strstr(kind, "..."))) {
        *end = 0;
        p->rest = true;
    }
    if (!parse_kind(kind, &p->kind))
        return false;
    if (value)
        parse_default(p, value);
    if (p->kind == KIND_RNG || (named && p->kind == KIND_FLAG))
        p->optional = true;
    return true;
}

bool hyl_parse(const hy_op *op, hyl_signature *s)
{
    char text[512], *rest = NULL;
    *s = (hyl_signature){ .op = op };
    if (strlen(op->signature) >= sizeof text)
        return false;
    strcpy(text, op->signature);
    bool named = false, outputs = false;
    for (char *word = strtok_r(text, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
        if (strcmp(word, "->") == 0) {
            outputs = true;
            continue;
        }
        if (outputs) {
            s->nout++;
            continue;
        }
        if (*word == '{') {
            named = true;
            word++;
        }
        char *close = strchr(word, '}');
        if (close)
            *close = 0;
        if (s->nparam == HYL_MAX_PARAM || (*word && !parse_param(word, named, &s->param[s->nparam])))
            return false;
        s->nparam += *word != 0;
        if (close)
            named = false;
    }
    return s->nout <= HY_MAX_OUT;
}
