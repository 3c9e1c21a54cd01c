/*
 * Hyades: tensors, gradients and clustering for Lua. The one public header.
 *
 * Every function takes the context first, like Lua's `L`. Functions that can fail return a
 * hy_status; the sentence for the user is in cx->message. Core never prints, aborts or exits.
 */
#ifndef HYADES_H
#define HYADES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HY_VERSION "0.1.0"

enum { HY_MAX_DIM = 6, HY_MAX_OUT = 4, HY_MAX_ARG = 10, HY_MAX_SAVED = 4, HY_SPARES = 64 };

/* ---- status and context (core/base) ------------------------------------------------------- */

typedef enum hy_status {
    HY_OK,
    HY_EARG,     /* an argument, shape or dtype is wrong */
    HY_EMEM,     /* out of memory: the caller may collect and try again */
    HY_EINTR,    /* the user interrupted */
    HY_ECALL,    /* a callback into Lua raised; the binding holds the error */
    HY_EIO,      /* a file could not be read or written */
    HY_ENUMERIC, /* the numbers do not allow it: singular, NaN */
} hy_status;

/* Leave the function when the expression did not succeed. */
#define HY_TRY(expression)                    \
    do {                                      \
        hy_status try_status_ = (expression); \
        if (try_status_ != HY_OK)             \
            return try_status_;               \
    } while (0)

typedef enum hy_dtype { HY_F32, HY_F64, HY_U8, HY_INDEX, HY_DTYPES } hy_dtype;

typedef struct hy_ctx hy_ctx;
typedef struct hy_device hy_device;
typedef struct hy_storage hy_storage;
typedef struct hy_tensor hy_tensor;
typedef struct hy_op hy_op;
typedef struct hy_call hy_call;
typedef struct hy_tape hy_tape;
typedef struct hy_spare hy_spare;

/* Asked by long routines on the master thread; anything but HY_OK stops them. */
typedef hy_status hy_poll_fn(hy_ctx *cx, void *arg, int64_t done, int64_t total);

/* c = alpha·op(a)·op(b) + beta·c, row major; op: 'N' or 'T'. 0: done. */
typedef int hy_sgemm_fn(char op_a, char op_b, int64_t m, int64_t n, int64_t k, float alpha,
                        const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                        float *c, int64_t ldc);

struct hy_device {
    const char *name; /* "cpu" */
    const char *table; /* which kernels run: "x86-64", "x86-64-v3", "x86-64-v4" */
    const struct hy_kernels *kernels[HY_DTYPES];
    enum { HY_ONEDNN_UNSOUGHT, HY_ONEDNN_OFF, HY_ONEDNN_ON } onednn;
    hy_sgemm_fn *sgemm; /* of oneDNN, once it was found */
};

/* One per Lua state; two contexts share nothing. */
struct hy_ctx {
    hy_status status;
    char message[640];
    int64_t live, peak;   /* bytes of tensor memory now and at most */
    int64_t fresh;        /* bytes allocated since the last collection */
    int64_t pooled;       /* bytes given back that wait for the next tensor */
    hy_spare *spare[HY_SPARES]; /* them, by size */
    int64_t allocations;  /* calls of hy_alloc so far */
    int64_t fail_at;      /* make the allocation with this number fail; 0: none (tests) */
    bool fail_on;         /* and all that follow it */
    hy_device cpu;
    hy_tape *tapes;       /* open tapes, innermost first */
    uint64_t tape_ids;    /* how many were opened so far */
    const void *thread;   /* the running coroutine: tapes record only for their own */
    int quiet;            /* > 0: do not record (backward passes) */
    hy_poll_fn *poll;     /* may be NULL */
    void *poll_arg;
};

hy_ctx *hy_ctx_new(void); /* NULL when out of memory */
void hy_ctx_free(hy_ctx *cx);

/* Store a printf-style sentence and return the code. %s %d %lld %g as usual. */
hy_status hy_fail(hy_ctx *cx, hy_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "<what>: 60×3 and 10×4" */
hy_status hy_fail_shapes(hy_ctx *cx, const char *what, const hy_tensor *x, const hy_tensor *y);
/* Call the poll function, if any. */
hy_status hy_poll(hy_ctx *cx, int64_t done, int64_t total);

/* Counted allocation; bytes 0 gives a valid pointer. Free with the same size. 64-byte aligned. */
hy_status hy_alloc(hy_ctx *cx, int64_t bytes, void **out);
void hy_free(hy_ctx *cx, void *p, int64_t bytes);
void hy_pool_empty(hy_ctx *cx); /* give the memory that waits for reuse back to the system */

/* Run fn over [0, n) in chunks of `grain`. Chunks depend on n and grain only, never on threads. */
typedef void hy_range_fn(void *arg, int64_t begin, int64_t end);
void hy_parallel_for(int64_t n, int64_t grain, hy_range_fn *fn, void *arg);
/* Give large f32 products to oneDNN where it is installed (else to BLAS), or not. Tells whether they
 * go there; it is loaded then. */
bool hy_onednn(hy_ctx *cx, bool wanted);
bool hy_onednn_used(hy_ctx *cx); /* wanted, unless hy_onednn said otherwise, and there */
int hy_threads(int n); /* n > 0 sets the number for loops and BLAS; returns the number in use */
double hy_clock(void); /* monotonic seconds */

/* ---- random numbers: Philox 4x32-10, (seed, stream, i) → the same draw everywhere ----------- */

typedef struct hy_rng {
    uint64_t seed, stream, next; /* next: counter of the next draw */
    uint64_t splits;             /* how many streams were derived from this one */
} hy_rng;

hy_rng hy_rng_new(uint64_t seed);
hy_rng hy_rng_split(hy_rng *r);
void hy_philox(uint64_t seed, uint64_t stream, uint64_t i, uint32_t out[4]);
double hy_uniform(uint64_t seed, uint64_t stream, uint64_t i); /* in (0, 1), 52 bits */
double hy_rng_uniform(hy_rng *r);
int64_t hy_rng_below(hy_rng *r, int64_t n); /* uniform in 0 .. n-1 */

/* ---- tensors (core/tensor) ------------------------------------------------------------------ */

struct hy_storage {
    _Atomic int refs;
    uint32_t version; /* rises with every change in place: the tape compares it */
    hy_ctx *cx;
    hy_device *device;
    int64_t bytes;
    void *data;
    void (*release)(hy_storage *); /* NULL: data came from hy_alloc */
    void *held;                    /* what release gives back */
    bool fixed;                    /* read-only memory: nothing may change in place */
};

struct hy_tensor {
    int refs;
    hy_ctx *cx;
    hy_dtype dtype;
    int ndim;
    bool requires_grad;
    bool leaf;     /* made by hy.param: backward adds into grad */
    bool released; /* its tape has closed */
    bool summed;   /* adjoint already holds grad + adjoint (within one backward) */
    hy_storage *storage; /* NULL once released */
    int64_t shape[HY_MAX_DIM], stride[HY_MAX_DIM], offset; /* in elements */
    hy_tensor *grad;
    hy_tensor *adjoint; /* gradient on its way through a running backward pass */
};

const char *hy_dtype_name(hy_dtype dtype);
int64_t hy_dtype_size(hy_dtype dtype);

/* A new tensor with undefined content. Every `out` receives one reference. */
hy_status hy_tensor_new(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, hy_tensor **out);
/* A read-only tensor on memory of someone else, who gets it back by release (see hy_storage). When
 * this fails, the memory stays the caller's. */
hy_status hy_tensor_over(hy_ctx *cx, hy_dtype dtype, int ndim, const int64_t *shape, void *data,
                         void *held, void (*release)(hy_storage *), hy_tensor **out);
/* An error unless the tensor's memory may change. */
hy_status hy_need_writable(hy_ctx *cx, const hy_tensor *t);
hy_status hy_tensor_view(hy_ctx *cx, hy_tensor *base, int ndim, const int64_t *shape,
                         const int64_t *stride, int64_t offset, hy_tensor **out);
hy_tensor *hy_ref(hy_tensor *t);
void hy_unref(hy_tensor *t);          /* NULL is fine */
void hy_tensor_drop(hy_tensor *t);    /* give up its memory now; later use raises */

int64_t hy_numel(const hy_tensor *t);
bool hy_is_contiguous(const hy_tensor *t);
bool hy_same_shape(const hy_tensor *x, const hy_tensor *y);
void *hy_data(const hy_tensor *t);    /* first element */
const struct hy_kernels *hy_kernels_of(const hy_tensor *t);

/* A contiguous tensor with the same values: x itself (one more reference) or a copy. */
hy_status hy_contiguous(hy_ctx *cx, hy_tensor *x, hy_tensor **out);
hy_status hy_copy_into(hy_ctx *cx, const hy_tensor *from, hy_tensor *to); /* broadcasts, converts */
hy_status hy_fill(hy_ctx *cx, hy_tensor *t, double value);
double hy_get(const hy_tensor *t, int64_t i); /* i-th element in row order; index is 1-based here */
hy_status hy_set(hy_ctx *cx, hy_tensor *t, int64_t i, double value); /* likewise */
/* Shape that x and y stretch to, from the last axis. */
hy_status hy_broadcast_shape(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y, int *ndim, int64_t *shape);
/* NumPy-like text, malloc'ed into *out (free() it). `width` columns. */
hy_status hy_tensor_text(hy_ctx *cx, const hy_tensor *t, int width, char **out);
/* "60×3", into buffer of at least 160 bytes; returns buffer. */
char *hy_shape_text(const hy_tensor *t, char *buffer);

/* ---- ops (core/ops) --------------------------------------------------------------------------- */

typedef struct hy_arg {
    bool given;
    int64_t i;                        /* integer, axis (0-based), flag, dtype, choice */
    double d;                         /* number; integers too */
    int n;                            /* length of list */
    int64_t list[HY_MAX_DIM];         /* integers, shape, axes */
    hy_rng *rng;
    const hy_op *op;
} hy_arg;

/*
 * signature: `x:tensor y:operand axis:axis? {keep:flag=false} -> tensor index?`
 * Kinds: tensor, matrix (2-D), vector (1-D), operand (tensor or number), tensors (a list; must come
 * first), index (index tensor or Lua array of positions), number, integer, integers, shape (also as
 * trailing numbers: shape...), axis, axes, flag, dtype, rng, op (another op's name).
 * `?` optional; `=value` default; inside {} named options of a trailing table.
 */
struct hy_op {
    const char *name, *signature;
    hy_status (*forward)(hy_ctx *cx, hy_call *c);
    hy_status (*backward)(hy_ctx *cx, hy_call *c); /* NULL: no gradient */
    const char *doc;
    bool strided;    /* forward and backward read strides; otherwise inputs arrive contiguous */
    int row;         /* elementwise.def: which formula */
    double lo, hi;   /* elementwise.def: range in which the gradient is tested */
};

/* One use of an op. It owns its outputs, saved tensors and temporaries: an op may return anywhere. */
struct hy_call {
    const hy_op *op;
    int nin, nout, nsaved, ntemp, temproom;
    hy_tensor **in;      /* what forward reads; NULL for an optional tensor that is absent */
    hy_tensor **source;  /* what the user gave: gradients go there */
    hy_tensor *out[HY_MAX_OUT];
    hy_tensor *saved[HY_MAX_SAVED];
    hy_tensor **temp;
    hy_tensor *grad[HY_MAX_OUT]; /* during backward: gradient of each output, contiguous, or NULL */
    hy_arg arg[HY_MAX_ARG];      /* non-tensor arguments in the order of the signature */
    uint32_t *version;           /* of the inputs when recorded */
    bool recorded;               /* the tape owns this call */
};

/* Run an op. `in` and `arg` are borrowed; out[] receives references (unused ones NULL). */
hy_status hy_run(hy_ctx *cx, const hy_op *op, int nin, hy_tensor *const *in, const hy_arg *arg,
                 hy_tensor *out[HY_MAX_OUT]);
int hy_op_count(void);
const hy_op *hy_op_at(int i);
const hy_op *hy_op_find(const char *name); /* NULL when there is none */

/* For the authors of ops. What these return belongs to the call. */
hy_status hy_out(hy_ctx *cx, hy_call *c, int i, hy_dtype dtype, int ndim, const int64_t *shape);
hy_status hy_out_view(hy_ctx *cx, hy_call *c, int i, hy_tensor *base, int ndim, const int64_t *shape,
                      const int64_t *stride, int64_t offset);
hy_status hy_temp(hy_ctx *cx, hy_call *c, hy_dtype dtype, int ndim, const int64_t *shape, hy_tensor **out);
hy_status hy_temp_run(hy_ctx *cx, hy_call *c, const char *op, hy_tensor *x, hy_tensor *y,
                      const hy_arg *arg, hy_tensor **out); /* run another op; y may be NULL */
hy_status hy_temp_contiguous(hy_ctx *cx, hy_call *c, hy_tensor *x, hy_tensor **out);
void hy_save(hy_call *c, hy_tensor *t); /* keep for backward */
bool hy_wants(const hy_call *c, int i); /* does input i need a gradient? */
/* Hand gradient g to input i: undoes broadcasting, adds to what is there. g stays the caller's. */
hy_status hy_pass(hy_ctx *cx, hy_call *c, int i, hy_tensor *g);

/* ---- gradients (core/autograd) ---------------------------------------------------------------- */

hy_status hy_tape_open(hy_ctx *cx, bool blocked, uint64_t *id); /* blocked: records nothing */
hy_tape *hy_tape_find(const hy_ctx *cx, uint64_t id); /* NULL once closed; ids never come again */
void hy_tape_close(hy_ctx *cx, hy_tape *tape); /* and inner tapes of the same coroutine; frees it */
hy_status hy_tape_backward(hy_ctx *cx, hy_tape *tape, hy_tensor *value);
/* gradient of value for each of the n tensors, into out[] (zeros where it does not depend) */
hy_status hy_tape_grad(hy_ctx *cx, hy_tape *tape, hy_tensor *value, int n, hy_tensor *const *x,
                       hy_tensor **out);

/* ---- files (core/data) -------------------------------------------------------------------------- */

hy_status hy_read_idx(hy_ctx *cx, const char *path, hy_tensor **out); /* gzip or plain */
hy_status hy_read_npy(hy_ctx *cx, const char *path, bool as_index, hy_tensor **out);
/* The file itself as the tensor's memory, read-only, of any size. */
hy_status hy_map_npy(hy_ctx *cx, const char *path, hy_tensor **out);
hy_status hy_write_npy(hy_ctx *cx, const char *path, const hy_tensor *x);
/* Numbers separated by delimiter (0: guessed); header lines are skipped. gzip or plain. */
hy_status hy_read_csv(hy_ctx *cx, const char *path, char delimiter, hy_dtype dtype, hy_tensor **out);

typedef struct hy_named { char *name; hy_tensor *tensor; } hy_named;

/* A table with a column of labels (texts or numbers), or with values missing: empty, ?, NA, N/A or
 * null. */
typedef struct hy_table {
    char delimiter; /* 0: guessed */
    hy_dtype dtype;
    enum { HY_MISSING_ERROR, HY_MISSING_NAN, HY_MISSING_DROP } missing; /* DROP: rows; NaN too */
    bool labels;            /* is there a column of labels? */
    const char *label_name; /* the column by its header, or NULL: */
    int64_t label;          /* by its position from 0, or from −1 at the end */
} hy_table;
/* x without the label column; y: classes in the order of their names (numbers: of their values),
 * −1 where it is missing; names[i].name of class i (no tensors). */
hy_status hy_read_table(hy_ctx *cx, const char *path, const hy_table *how, hy_tensor **x,
                        hy_tensor **y, int64_t *n, hy_named **names);
hy_status hy_write_csv(hy_ctx *cx, const char *path, const hy_tensor *x, char delimiter);

/* *metadata: the `hyades` entry of __metadata__ as text, or NULL. Free with hy_named_free. */
hy_status hy_read_safetensors(hy_ctx *cx, const char *path, int64_t *n, hy_named **out, char **metadata);
hy_status hy_write_safetensors(hy_ctx *cx, const char *path, int64_t n, const hy_named *items,
                               const char *metadata);
void hy_named_free(int64_t n, hy_named *items);

/* .npz: name → tensor, like .npy each. Free with hy_named_free. */
hy_status hy_read_npz(hy_ctx *cx, const char *path, int64_t *n, hy_named **out);
hy_status hy_write_npz(hy_ctx *cx, const char *path, int64_t n, const hy_named *items);

/* Image of 8-bit samples, h×w×c with c in 1, 3, 4. */
hy_status hy_write_png(hy_ctx *cx, const char *path, int h, int w, int c, const uint8_t *pixels);
/* The same in memory: hy_png_room bytes at `out`, of which *bytes are the file. */
int64_t hy_png_room(int h, int w, int c);
hy_status hy_png(hy_ctx *cx, int h, int w, int c, const uint8_t *pixels, uint8_t *out, int64_t *bytes);
/* A whole file at once; one that was there stays until the new one is complete. */
hy_status hy_write_bytes(hy_ctx *cx, const char *path, int64_t n, const void *bytes);
hy_status hy_read_image(hy_ctx *cx, const char *path, hy_tensor **out); /* u8 h×w×c */
/* Rename a finished file; `to` is replaced at once, or stays as it was. */
hy_status hy_move_file(hy_ctx *cx, const char *from, const char *to);

#endif
