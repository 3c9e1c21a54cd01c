/* Text tables of numbers, and of labels. One file in memory, two walks: count rows, read them. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"

/* One field without quotes and surrounding blanks. */
typedef struct field {
    const char *text;
    int64_t length;
} field;

typedef struct table {
    hy_ctx *cx;
    const char *path;
    const hy_table *how;
    char delimiter;    /* ' ' stands for runs of blanks and tabs */
    const char *begin; /* first line of numbers */
    const char *end;
    int64_t line; /* number of the line at begin, from 1 */
    int64_t columns;
    const char *header, *header_end; /* the line before, or NULL */
    int64_t rows;                    /* at most; without the incomplete ones, in the end */
    int64_t label;                   /* column of the labels, −1: none */
    field *labels;                   /* of every row */
} table;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *line_end(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline ? newline : end;
}

/* Narrows [*p, stop) by blanks on both sides; returns the new end. */
static const char *trim(const char **p, const char *stop)
{
    while (stop > *p && (is_blank(stop[-1]) || stop[-1] == '\r'))
        stop--;
    while (*p < stop && is_blank(**p))
        (*p)++;
    return stop;
}

static bool is_skipped(const char *p, const char *stop)
{
    stop = trim(&p, stop);
    return p == stop || *p == '#';
}

/* Cuts the next field off [*p, stop); *p becomes NULL with the last one. */
static bool next_field(const char **p, const char *stop, char delimiter, field *f)
{
    if (!*p)
        return false;
    const char *q = *p, *close = NULL;
    while (q < stop && is_blank(*q) && *q != delimiter)
        q++;
    if (q < stop && *q == '"')
        close = memchr(q + 1, '"', (size_t)(stop - q - 1));
    const char *cut = close ? close + 1 : q;
    while (cut < stop && *cut != delimiter && !(delimiter == ' ' && *cut == '\t'))
        cut++;
    const char *from = q, *to = trim(&from, cut);
    if (close && to == close + 1)
        *f = (field){ q + 1, close - q - 1 };
    else
        *f = (field){ from, to - from };
    while (delimiter == ' ' && cut < stop && is_blank(cut[1]))
        cut++;
    *p = cut < stop ? cut + 1 : NULL;
    return true;
}

/* nan, inf and infinity in any case, with a sign or without. */
static bool named_number(field f, double *v)
{
    const bool sign = f.length > 0 && (*f.text == '-' || *f.text == '+');
    const char *word = f.text + sign;
    const int64_t n = f.length - sign;
    if (n == 3 && strncasecmp(word, "nan", 3) == 0)
        *v = NAN;
    else if ((n == 3 && strncasecmp(word, "inf", 3) == 0) ||
             (n == 8 && strncasecmp(word, "infinity", 8) == 0))
        *v = *f.text == '-' ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

static bool parse_number(field f, double *v)
{
    char *after;
    for (int64_t i = 0; i < f.length; i++)
        if (f.text[i] == '\0' || !strchr("0123456789+-.eE", f.text[i]))
            return named_number(f, v);
    if (f.length == 0)
        return false;
    *v = strtod(f.text, &after); /* under the C locale, see in_c_locale */
    return after == f.text + f.length;
}

/* "line 3, column 2: 'x1' is no number" */
static hy_status bad_field(const table *t, int64_t line, int64_t column, field f,
                           const char *trouble)
{
    char shown[40];
    int64_t n = f.length < 32 ? f.length : 32;
    for (int64_t i = 0; i < n; i++)
        shown[i] = f.text[i] >= ' ' && f.text[i] < 127 ? f.text[i] : '?';
    shown[n] = '\0';
    if (f.length == 0)
        return hy_file_fail(t->cx, t->path, "line %lld, column %lld: the value is missing",
                            (long long)line, (long long)column);
    return hy_file_fail(t->cx, t->path, "line %lld, column %lld: '%s%s' %s", (long long)line,
                        (long long)column, shown, n < f.length ? "…" : "", trouble);
}

static char guess_delimiter(const char *p, const char *stop)
{
    static const char candidates[] = ";\t, ";
    stop = trim(&p, stop);
    for (const char *c = candidates; *c; c++) {
        bool quoted = false;
        for (const char *q = p; q < stop; q++) {
            quoted ^= *q == '"';
            if (*q == *c && !quoted)
                return *c == '\t' && memchr(p, ' ', (size_t)(stop - p)) ? ' ' : *c;
        }
    }
    return ',';
}

/* A field that begins with a digit means a number, even if it is none: '1,5' is no header. */
static bool wants_to_be_number(field f)
{
    double v;
    const char *p = f.text, *end = f.text + f.length;
    while (p < end && strchr("+-.", *p) && *p)
        p++;
    return (p < end && *p >= '0' && *p <= '9') || named_number(f, &v);
}

/* Number of fields; *numbers: how many of them are meant as numbers. */
static int64_t count_fields(const char *p, const char *stop, char delimiter, int64_t *numbers)
{
    int64_t n = 0;
    field f;
    stop = trim(&p, stop);
    for (*numbers = 0; next_field(&p, stop, delimiter, &f); n++)
        *numbers += wants_to_be_number(f);
    return n;
}

/* Leading lines without any number are a header. */
static hy_status find_numbers(table *t)
{
    for (t->line = 1; t->begin < t->end; t->line++) {
        const char *stop = line_end(t->begin, t->end);
        if (!is_skipped(t->begin, stop)) {
            int64_t numbers;
            const char delimiter = t->delimiter ? t->delimiter : guess_delimiter(t->begin, stop);
            t->columns = count_fields(t->begin, stop, delimiter, &numbers);
            if (numbers > 0) {
                t->delimiter = delimiter;
                return HY_OK;
            }
            t->header = t->begin;
            t->header_end = stop;
        }
        t->begin = stop < t->end ? stop + 1 : t->end;
    }
    return hy_file_fail(t->cx, t->path, "holds no numbers");
}

static int64_t count_rows(const table *t)
{
    int64_t rows = 0;
    for (const char *p = t->begin; p < t->end;) {
        const char *stop = line_end(p, t->end);
        rows += !is_skipped(p, stop);
        p = stop < t->end ? stop + 1 : t->end;
    }
    return rows;
}

/* Why v does not fit, or NULL. */
static const char *misfit(hy_dtype dtype, double v)
{
    switch (dtype) {
    case HY_U8: return v >= 0 && v <= 255 && v == floor(v) ? NULL : "does not fit into u8 (0..255)";
    case HY_INDEX:
        return v == -1 || (v >= 1 && v <= INT32_MAX && v == floor(v))
                   ? NULL
                   : "is no position: index counts from 1, and −1 is none";
    default: return NULL;
    }
}

static bool is_word(field f, const char *word)
{
    return (size_t)f.length == strlen(word) && strncasecmp(f.text, word, strlen(word)) == 0;
}

static bool is_missing(field f)
{
    return f.length == 0 || is_word(f, "?") || is_word(f, "NA") || is_word(f, "N/A") ||
           is_word(f, "null");
}

static void store(hy_dtype dtype, void *data, int64_t i, double v)
{
    switch (dtype) {
    case HY_F32: ((float *)data)[i] = (float)v; break;
    case HY_F64: ((double *)data)[i] = v; break;
    case HY_U8: ((uint8_t *)data)[i] = (uint8_t)v; break;
    default: ((int32_t *)data)[i] = v < 0 ? -1 : (int32_t)(v - 1); break;
    }
}

static hy_status read_number(const table *t, int64_t line, int64_t column, field f, double *v)
{
    const hy_dtype dtype = t->how->dtype;
    *v = NAN;
    if (t->how->missing != HY_MISSING_ERROR && is_missing(f))
        return HY_OK;
    if (!parse_number(f, v))
        return bad_field(t, line, column, f, "is no number");
    if (isinf(dtype == HY_F32 ? (float)*v : *v) && !named_number(f, v))
        return bad_field(t, line, column, f, "is out of range");
    const char *trouble = misfit(dtype, *v);
    /* NaN fits nowhere but in rows that go */
    if (trouble && !(isnan(*v) && t->how->missing == HY_MISSING_DROP))
        return bad_field(t, line, column, f, trouble);
    return HY_OK;
}

/* The line into row `row`; *complete: nothing is missing. */
static hy_status read_row(const table *t, int64_t line, const char *p, const char *stop,
                          int64_t row, void *data, bool *complete)
{
    int64_t column = 0, i = row * (t->columns - (t->label >= 0));
    field f;
    stop = trim(&p, stop);
    *complete = true;
    while (next_field(&p, stop, t->delimiter, &f)) {
        double v;
        if (++column > t->columns)
            continue;
        if (column - 1 == t->label) {
            t->labels[row] = is_missing(f) ? (field){ NULL, 0 } : f;
            if (is_missing(f) && t->how->missing == HY_MISSING_ERROR)
                return bad_field(t, line, column, (field){ f.text, 0 }, "");
            *complete = *complete && !is_missing(f);
            continue;
        }
        HY_TRY(read_number(t, line, column, f, &v));
        *complete = *complete && !isnan(v);
        if (!isnan(v) || t->how->dtype == HY_F32 || t->how->dtype == HY_F64)
            store(t->how->dtype, data, i, v);
        i++;
    }
    if (column != t->columns)
        return hy_file_fail(t->cx, t->path, "line %lld has %lld values, the lines before have %lld",
                            (long long)line, (long long)column, (long long)t->columns);
    return HY_OK;
}

static hy_status read_rows(table *t, hy_tensor *out)
{
    int64_t row = 0, line = t->line;
    for (const char *p = t->begin; p < t->end; line++) {
        const char *stop = line_end(p, t->end);
        if (!is_skipped(p, stop)) {
            bool complete;
            HY_TRY(read_row(t, line, p, stop, row, hy_data(out), &complete));
            row += complete || t->how->missing != HY_MISSING_DROP;
            if (line % 4096 == 0)
                HY_TRY(hy_poll(t->cx, row, out->shape[0]));
        }
        p = stop < t->end ? stop + 1 : t->end;
    }
    t->rows = row;
    return HY_OK;
}

/* ---- labels --------------------------------------------------------------------------------- */

static hy_status find_label(table *t)
{
    const hy_table *how = t->how;
    const char *p = t->header, *stop = t->header_end;
    field f;
    t->label = -1;
    if (!how->labels)
        return HY_OK;
    if (how->label_name) {
        if (p)
            stop = trim(&p, stop);
        for (int64_t i = 0; p && next_field(&p, stop, t->delimiter, &f); i++)
            if ((size_t)f.length == strlen(how->label_name) &&
                memcmp(f.text, how->label_name, (size_t)f.length) == 0 && i < t->columns)
                t->label = i;
        if (t->label < 0)
            return hy_file_fail(t->cx, t->path, "has no column '%.80s'%s", how->label_name,
                                t->header ? "" : "; it has no header");
    } else {
        t->label = how->label < 0 ? t->columns + how->label : how->label;
        if (t->label < 0 || t->label >= t->columns)
            return hy_file_fail(t->cx, t->path,
                                "has %lld columns; there is no column %lld for the "
                                "labels",
                                (long long)t->columns,
                                (long long)(how->label < 0 ? how->label : how->label + 1));
    }
    if (t->columns == 1)
        return hy_file_fail(t->cx, t->path, "has no column beside the labels");
    return HY_OK;
}

static int by_text(const void *a, const void *b)
{
    const field *x = a, *y = b;
    const int order =
        memcmp(x->text, y->text, (size_t)(x->length < y->length ? x->length : y->length));
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static int by_number(const void *a, const void *b)
{
    double x = 0, y = 0;
    parse_number(*(const field *)a, &x);
    parse_number(*(const field *)b, &y);
    return x != y ? (x > y) - (x < y) : by_text(a, b);
}

/* The labels that are there, sorted, each once. */
static int64_t distinct(const table *t, field *kinds, int (**order)(const void *, const void *))
{
    int64_t n = 0, used = 0;
    *order = by_number;
    for (int64_t i = 0; i < t->rows; i++) {
        double v;
        if (!t->labels[i].text)
            continue;
        if (!parse_number(t->labels[i], &v) || isnan(v))
            *order = by_text;
        kinds[n++] = t->labels[i];
    }
    qsort(kinds, (size_t)n, sizeof *kinds, *order);
    for (int64_t i = 0; i < n; i++)
        if (used == 0 || by_text(&kinds[used - 1], &kinds[i]) != 0)
            kinds[used++] = kinds[i];
    return used;
}

static hy_status number_labels(const table *t, field *kinds, hy_tensor **y, int64_t *n,
                               hy_named **names)
{
    int (*order)(const void *, const void *);
    const int64_t count = distinct(t, kinds, &order);
    *names = calloc((size_t)count + 1, sizeof **names);
    if (!*names)
        return hy_fail(t->cx, HY_EMEM, "out of memory while reading %s", t->path);
    for (*n = 0; *n < count; ++*n) {
        (*names)[*n].name = strndup(kinds[*n].text, (size_t)kinds[*n].length);
        if (!(*names)[*n].name)
            return hy_fail(t->cx, HY_EMEM, "out of memory while reading %s", t->path);
    }
    HY_TRY(hy_tensor_new(t->cx, HY_INDEX, 1, &t->rows, y));
    int32_t *to = hy_data(*y);
    for (int64_t i = 0; i < t->rows; i++) {
        const field *f = t->labels[i].text
                             ? bsearch(&t->labels[i], kinds, (size_t)count, sizeof *kinds, order)
                             : NULL;
        to[i] = f ? (int32_t)(f - kinds) : -1;
    }
    return HY_OK;
}

/* ---- a whole table -------------------------------------------------------------------------- */

/* Rows that were left out are still in the memory behind x. */
static hy_status shorten(const table *t, hy_tensor **x)
{
    hy_tensor *whole = *x;
    if (t->rows == whole->shape[0])
        return HY_OK;
    if (t->rows == 0)
        return hy_file_fail(t->cx, t->path, "has no row without missing values");
    HY_TRY(hy_tensor_view(t->cx, whole, 2, (int64_t[]){ t->rows, whole->shape[1] }, whole->stride,
                          0, x));
    hy_unref(whole);
    return HY_OK;
}

static hy_status read_labelled(table *t, hy_tensor **x, hy_tensor **y, int64_t *n, hy_named **names)
{
    const int64_t bytes = t->rows * (int64_t)sizeof *t->labels;
    void *labels = NULL, *kinds = NULL;
    hy_status status = hy_alloc(t->cx, bytes, &labels);
    t->labels = labels;
    if (status == HY_OK)
        status = read_rows(t, *x);
    if (status == HY_OK)
        status = shorten(t, x);
    if (status == HY_OK)
        status = hy_alloc(t->cx, bytes, &kinds);
    if (status == HY_OK)
        status = number_labels(t, kinds, y, n, names);
    hy_free(t->cx, kinds, bytes);
    hy_free(t->cx, labels, bytes);
    return status;
}

static hy_status read_table(table *t, hy_tensor **x, hy_tensor **y, int64_t *n, hy_named **names)
{
    HY_TRY(find_numbers(t));
    HY_TRY(find_label(t));
    t->rows = count_rows(t);
    const int64_t shape[2] = { t->rows, t->columns - (t->label >= 0) };
    if (shape[0] > INT64_MAX / 64 / t->columns)
        return hy_file_fail(t->cx, t->path, "is too large");
    HY_TRY(hy_tensor_new(t->cx, t->how->dtype, 2, shape, x));
    if (t->label >= 0)
        return read_labelled(t, x, y, n, names);
    HY_TRY(read_rows(t, *x));
    return shorten(t, x);
}

/* printf and strtod follow the program's locale; files do not. NULL when out of memory. */
static locale_t in_c_locale(locale_t *before)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c)
        *before = uselocale(c);
    return c;
}

static void leave_c_locale(locale_t c, locale_t before)
{
    uselocale(before);
    freelocale(c);
}

hy_status hy_read_table(hy_ctx *cx, const char *path, const hy_table *how, hy_tensor **x,
                        hy_tensor **y, int64_t *n, hy_named **names)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    hy_text text;
    *x = *y = NULL;
    *n = 0;
    *names = NULL;
    if (how->delimiter && strchr("0123456789+-.eE\"#\r\n", how->delimiter))
        return hy_fail(cx, HY_EARG, "the delimiter '%c' can be part of a number or line",
                       how->delimiter);
    if (how->missing == HY_MISSING_NAN && how->dtype != HY_F32 && how->dtype != HY_F64)
        return hy_fail(cx, HY_EARG, "%s cannot hold NaN; use dtype f32 or f64, or drop the rows",
                       hy_dtype_name(how->dtype));
    HY_TRY(hy_text_read(cx, path, &text));
    table t = { .cx = cx,
                .path = path,
                .how = how,
                .delimiter = how->delimiter,
                .begin = text.data,
                .end = text.data + text.size };
    if (strncmp(t.begin, byte_order_mark, 3) == 0)
        t.begin += 3;
    locale_t before, c = in_c_locale(&before);
    hy_status status = c ? read_table(&t, x, y, n, names) : hy_fail(cx, HY_EMEM, "out of memory");
    if (c)
        leave_c_locale(c, before);
    hy_text_free(cx, &text);
    if (status != HY_OK) {
        hy_unref(*x);
        hy_unref(*y);
        hy_named_free(*n, *names);
        *x = *y = NULL;
        *n = 0;
        *names = NULL;
    }
    return status;
}

hy_status hy_read_csv(hy_ctx *cx, const char *path, char delimiter, hy_dtype dtype, hy_tensor **out)
{
    const hy_table plain = { .delimiter = delimiter, .dtype = dtype };
    hy_tensor *y;
    int64_t n;
    hy_named *names;
    return hy_read_table(cx, path, &plain, out, &y, &n, &names);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The fewest digits that read back as the same number. */
static int number_text(const hy_tensor *x, int64_t i, char *text, size_t room)
{
    int n = 0;
    if (x->dtype == HY_F32) {
        const float v = ((const float *)hy_data(x))[i];
        for (int digits = 6; digits <= 9; digits++) {
            n = snprintf(text, room, "%.*g", digits, v);
            if (strtof(text, NULL) == v || isnan(v))
                break;
        }
        return n;
    }
    const double v = hy_get(x, i);
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, room, "%.*g", digits, v);
        if (strtod(text, NULL) == v || isnan(v))
            break;
    }
    return n;
}

static hy_status write_rows(hy_sink *s, const hy_tensor *x, char delimiter)
{
    const int64_t n = hy_numel(x), columns = x->ndim == 2 ? x->shape[1] : 1;
    for (int64_t i = 0; i < n; i++) {
        char text[40];
        int length = number_text(x, i, text, sizeof text - 1);
        text[length++] = (i + 1) % columns == 0 ? '\n' : delimiter;
        HY_TRY(hy_sink_write(s, length, text));
        if (i % (1 << 18) == 0)
            HY_TRY(hy_poll(s->cx, i, n));
    }
    return HY_OK;
}

hy_status hy_write_csv(hy_ctx *cx, const char *path, const hy_tensor *x, char delimiter)
{
    hy_tensor *flat;
    hy_sink s;
    locale_t before;
    if (x->ndim > 2)
        return hy_fail(cx, HY_EARG, "a table has at most 2 dimensions, this tensor has %d",
                       x->ndim);
    HY_TRY(hy_contiguous(cx, (hy_tensor *)x, &flat));
    hy_status status = hy_sink_open(cx, path, &s);
    if (status == HY_OK) {
        locale_t c = in_c_locale(&before);
        status = hy_sink_close(&s, c ? write_rows(&s, flat, delimiter)
                                     : hy_fail(cx, HY_EMEM, "out of memory"));
        if (c)
            leave_c_locale(c, before);
    }
    hy_unref(flat);
    return status;
}
