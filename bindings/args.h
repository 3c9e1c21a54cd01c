/* Signatures of ops, read once, and the arguments of one call. */
#ifndef HYL_ARGS_H
#define HYL_ARGS_H

#include "bindings.h"

typedef enum hyl_kind {
    KIND_TENSOR, KIND_MATRIX, KIND_VECTOR, KIND_OPERAND, KIND_TENSORS, KIND_INDEX, KIND_NUMBER,
    KIND_INTEGER, KIND_INTEGERS, KIND_SHAPE, KIND_AXIS, KIND_AXES, KIND_FLAG, KIND_DTYPE, KIND_RNG,
    KIND_OP, KINDS
} hyl_kind;

enum { HYL_MAX_PARAM = 14, HYL_NAME = 24 };

typedef struct hyl_param {
    char name[HYL_NAME];
    hyl_kind kind;
    bool optional;  /* `?` or a default */
    bool named;     /* inside {}: only in the option table */
    bool rest;      /* `...`: takes the remaining arguments as well */
    hy_arg value;   /* the default */
} hyl_param;

typedef struct hyl_signature {
    const hy_op *op;
    int nparam, nout;
    hyl_param param[HYL_MAX_PARAM];
} hyl_signature;

/* What a call was given. Tensors made from numbers and lists live on the Lua stack meanwhile. */
typedef struct hyl_call {
    int nin;
    hy_tensor **in;
    int list, listed;         /* stack index of a list of tensors, the first inputs, and its length */
    int from[HYL_MAX_PARAM];  /* stack indices of the other inputs */
    hy_arg arg[HY_MAX_ARG];
} hyl_call;

/* Parses op->signature; false when it is malformed (a mistake in core). */
bool hyl_parse(const hy_op *op, hyl_signature *out);
/* Reads the Lua arguments 1..top, or raises. Leaves temporaries on the stack. */
void hyl_read(lua_State *L, const hyl_signature *s, hyl_call *call);
/* Lua may run finalizers whenever it allocates, and those may close what was read: raises if so. */
void hyl_recheck(lua_State *L, const hyl_signature *s, const hyl_call *call);
/* A Lua list of numbers to an index tensor, pushed. `what`: "fn: argument 2 (rows)". */
hy_tensor *hyl_push_index(lua_State *L, int i, const char *what);

#endif
