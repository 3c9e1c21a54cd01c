/* safetensors: u64 length, JSON header, data. Trusts no number in a file. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum { HEADER_LIMIT = 100000000, DEPTH_LIMIT = 8, CHECKSUM = 8 };

static const char metadata_key[] = "__metadata__", settings_key[] = "hyades";

typedef struct entry {
    const char *name;
    hy_layout layout;
    int ndim;
    int64_t shape[HY_MAX_DIM], begin, end;
} entry;

typedef struct header {
    cJSON *json;
    int64_t n;
    entry *entries; /* in the order of their data */
    char sum[CHECKSUM]; /* what the source's crc must be, if it sums */
} header;

static int by_begin(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A number that is a whole one from 0 to 2^53. */
static bool whole(const cJSON *item, int64_t *v)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 0x1p53))
        return false;
    *v = (int64_t)item->valuedouble;
    return (double)*v == item->valuedouble;
}

/* How deep objects and arrays are nested, so that the parser is never asked to recurse far. */
static int depth_of(const char *p)
{
    int depth = 0, deepest = 0;
    for (bool quoted = false; *p; p++) {
        if (quoted && *p == '\\' && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '{' || *p == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!quoted && (*p == '}' || *p == ']'))
            depth--;
    }
    return deepest;
}

static bool layout_of(const char *dtype, hy_layout *layout)
{
    static const struct {
        const char *name;
        hy_layout layout;
    } known[] = {
        { "BOOL", { 'b', 1, false } }, { "U8", { 'u', 1, false } },  { "I8", { 'i', 1, false } },
        { "I16", { 'i', 2, false } },  { "U16", { 'u', 2, false } }, { "F16", { 'f', 2, false } },
        { "BF16", { 'g', 2, false } }, { "I32", { 'i', 4, false } }, { "U32", { 'u', 4, false } },
        { "F32", { 'f', 4, false } },  { "F64", { 'f', 8, false } }, { "I64", { 'i', 8, false } },
        { "U64", { 'u', 8, false } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(dtype, known[i].name) == 0) {
            *layout = known[i].layout;
            return true;
        }
    return false;
}

static hy_status parse_shape(hy_source *s, const cJSON *item, entry *e)
{
    const cJSON *size;
    if (!cJSON_IsArray(item))
        return hy_file_fail(s->cx, s->path, "tensor '%.80s' has no shape", e->name);
    cJSON_ArrayForEach(size, item)
    {
        if (e->ndim == HY_MAX_DIM)
            return hy_file_fail(s->cx, s->path, "tensor '%.80s' has more than %d dimensions",
                                e->name, HY_MAX_DIM);
        if (!whole(size, &e->shape[e->ndim++]))
            return hy_file_fail(s->cx, s->path, "tensor '%.80s' has a size that is no whole number",
                                e->name);
    }
    return HY_OK;
}

static hy_status parse_entry(hy_source *s, const cJSON *item, entry *e)
{
    e->name = item->string;
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (!cJSON_IsString(dtype) || !layout_of(dtype->valuestring, &e->layout))
        return hy_file_fail(s->cx, s->path, "tensor '%.80s' has the unknown dtype '%.20s'", e->name,
                            cJSON_IsString(dtype) ? dtype->valuestring : "");
    HY_TRY(parse_shape(s, cJSON_GetObjectItemCaseSensitive(item, "shape"), e));
    if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2 ||
        !whole(range->child, &e->begin) || !whole(range->child->next, &e->end))
        return hy_file_fail(s->cx, s->path,
                            "tensor '%.80s' has data_offsets that are no two whole numbers",
                            e->name);
    int64_t n;
    if (!hy_shape_count(e->ndim, e->shape, &n))
        return hy_file_fail(s->cx, s->path, "tensor '%.80s' has a shape beyond any memory",
                            e->name);
    if (e->end - e->begin != n * e->layout.size)
        return hy_file_fail(s->cx, s->path,
                            "tensor '%.80s' has %lld bytes of data, its shape wants %lld", e->name,
                            (long long)(e->end - e->begin), (long long)(n * e->layout.size));
    return HY_OK;
}

/* cJSON keeps both of two equal keys. */
static hy_status check_keys(hy_source *s, const cJSON *object)
{
    const cJSON *item;
    size_t n = 0;
    cJSON_ArrayForEach(item, object)
    {
        n++;
        if (cJSON_IsObject(item))
            HY_TRY(check_keys(s, item));
    }
    const char **names = malloc((n + 1) * sizeof *names);
    if (!names)
        return hy_fail(s->cx, HY_EMEM, "out of memory while reading %s", s->path);
    size_t i = 0;
    cJSON_ArrayForEach(item, object) names[i++] = item->string;
    qsort(names, n, sizeof *names, by_name);
    hy_status status = HY_OK;
    for (i = 1; i < n && status == HY_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = hy_file_fail(s->cx, s->path, "has '%.80s' twice in its header", names[i]);
    free(names);
    return status;
}

/* Data without overlap, gap or rest. */
static hy_status check_order(hy_source *s, header *h)
{
    int64_t at = 0;
    qsort(h->entries, (size_t)h->n, sizeof *h->entries, by_begin);
    for (int64_t i = 0; i < h->n; i++) {
        const entry *e = &h->entries[i];
        if (e->begin != at)
            return hy_file_fail(s->cx, s->path,
                                "the data of tensor '%.80s' begins at byte %lld instead of %lld",
                                e->name, (long long)e->begin, (long long)at);
        at = e->end;
    }
    return hy_source_promise(s, at);
}

static hy_status parse_header(hy_source *s, const char *text, int64_t length, header *h)
{
    if (*text != '{' || strlen(text) != (size_t)length)
        return hy_file_fail(s->cx, s->path, "has a header that is no JSON object");
    if (depth_of(text) > DEPTH_LIMIT)
        return hy_file_fail(s->cx, s->path, "has a header nested deeper than %d", DEPTH_LIMIT);
    const char *after;
    h->json = cJSON_ParseWithOpts(text, &after, false);
    if (!cJSON_IsObject(h->json) || after[strspn(after, " \t\r\n")] != '\0')
        return hy_file_fail(s->cx, s->path, "has a header that is no JSON object");
    HY_TRY(check_keys(s, h->json));
    const int count = cJSON_GetArraySize(h->json);
    h->entries = calloc((size_t)count + 1, sizeof *h->entries);
    if (!h->entries)
        return hy_fail(s->cx, HY_EMEM, "out of memory while reading %s", s->path);
    const cJSON *item;
    cJSON_ArrayForEach(item, h->json)
    {
        if (!cJSON_IsObject(item))
            return hy_file_fail(s->cx, s->path, "'%.80s' in the header is no object", item->string);
        if (strcmp(item->string, metadata_key) != 0)
            HY_TRY(parse_entry(s, item, &h->entries[h->n++]));
    }
    return check_order(s, h);
}

/* Where the checksum of a file that hy.save wrote stands in its header: 8 hexadecimal digits, taken
 * for zeros when the header and the data behind it are summed up. NULL where there is none. */
static char *checksum_in(char *text)
{
    static const char key[] = "\"crc32\":\"";
    char *at = strstr(text, key);
    if (!at)
        return NULL;
    at += sizeof key - 1;
    return strlen(at) >= CHECKSUM ? at : NULL;
}

/* From here on the source sums up what it reads, if there is something to compare it with. */
static void start_sum(hy_source *s, char *text, int64_t length, header *h)
{
    char *sum = checksum_in(text);
    if (!sum)
        return;
    memcpy(h->sum, sum, CHECKSUM);
    memset(sum, '0', CHECKSUM);
    s->summing = true;
    s->crc = (uint32_t)crc32_z(0, (const uint8_t *)text, (size_t)length);
}

static hy_status check_sum(const hy_source *s, const header *h)
{
    char sum[CHECKSUM + 1];
    snprintf(sum, sizeof sum, "%08x", s->crc);
    if (!s->summing || memcmp(sum, h->sum, CHECKSUM) == 0)
        return HY_OK;
    return hy_file_fail(s->cx, s->path, "is damaged, or was changed by another program: its checksum "
                                        "differs");
}

static hy_status read_header(hy_source *s, header *h)
{
    uint8_t head[8];
    uint64_t length = 0;
    HY_TRY(hy_source_read(s, 8, head));
    for (int i = 7; i >= 0; i--)
        length = length << 8 | head[i];
    if (length > HEADER_LIMIT || (!s->packed && (int64_t)length + 8 > s->size))
        return hy_file_fail(s->cx, s->path,
                            "is no safetensors file, or cut off: its header has %llu bytes",
                            (unsigned long long)length);
    void *text;
    HY_TRY(hy_alloc(s->cx, (int64_t)length + 1, &text));
    hy_status status = hy_source_read(s, (int64_t)length, text);
    ((char *)text)[length] = '\0';
    if (status == HY_OK) {
        start_sum(s, text, (int64_t)length, h);
        status = parse_header(s, text, (int64_t)length, h);
    }
    hy_free(s->cx, text, (int64_t)length + 1);
    return status;
}

static hy_status read_settings(hy_source *s, const header *h, char **metadata)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(h->json, metadata_key), *item;
    cJSON_ArrayForEach(item, all) if (!cJSON_IsString(item)) return hy_file_fail(
        s->cx, s->path, "'%.80s' in its metadata is no string", item->string);
    item = cJSON_GetObjectItemCaseSensitive(all, settings_key);
    if (!item)
        return HY_OK;
    *metadata = strdup(item->valuestring);
    return *metadata ? HY_OK : hy_fail(s->cx, HY_EMEM, "out of memory while reading %s", s->path);
}

static hy_status read_tensors(hy_source *s, const header *h, hy_named *items)
{
    for (int64_t i = 0; i < h->n; i++) {
        const entry *e = &h->entries[i];
        int64_t n;
        items[i].name = strdup(e->name);
        if (!items[i].name)
            return hy_fail(s->cx, HY_EMEM, "out of memory while reading %s", s->path);
        hy_shape_count(e->ndim, e->shape, &n);
        HY_TRY(hy_tensor_new(s->cx, hy_layout_dtype(e->layout, false), e->ndim, e->shape,
                             &items[i].tensor));
        HY_TRY(hy_source_numbers(s, e->layout, n, items[i].tensor));
    }
    HY_TRY(hy_source_done(s));
    return check_sum(s, h);
}

hy_status hy_read_safetensors(hy_ctx *cx, const char *path, int64_t *n, hy_named **out,
                              char **metadata)
{
    hy_source s;
    header h = { 0 };
    *n = 0;
    *out = NULL;
    *metadata = NULL;
    hy_status status = hy_source_open(cx, path, &s);
    if (status == HY_OK)
        status = read_header(&s, &h);
    if (status == HY_OK)
        status = read_settings(&s, &h, metadata);
    if (status == HY_OK) {
        *n = h.n;
        *out = calloc((size_t)h.n + 1, sizeof **out);
        status = *out ? read_tensors(&s, &h, *out)
                      : hy_fail(cx, HY_EMEM, "out of memory while reading %s", path);
    }
    if (status != HY_OK) {
        hy_named_free(*n, *out);
        free(*metadata);
        *n = 0;
        *out = NULL;
        *metadata = NULL;
    }
    hy_source_close(&s);
    cJSON_Delete(h.json);
    free(h.entries);
    return status;
}

void hy_named_free(int64_t n, hy_named *items)
{
    for (int64_t i = 0; items && i < n; i++) {
        free(items[i].name);
        hy_unref(items[i].tensor);
    }
    free(items);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Widest numbers first, so that all data is aligned; then by name. */
static int by_width(const void *a, const void *b)
{
    const hy_named *x = a, *y = b;
    const int64_t wx = hy_dtype_size(x->tensor->dtype), wy = hy_dtype_size(y->tensor->dtype);
    return wx != wy ? (wx > wy ? -1 : 1) : strcmp(x->name, y->name);
}

static bool add_entry(cJSON *json, const hy_named *item, int64_t *at)
{
    static const char *const names[HY_DTYPES] = { "F32", "F64", "U8", "I32" };
    const hy_tensor *x = item->tensor;
    cJSON *e = cJSON_AddObjectToObject(json, item->name);
    if (!e || !cJSON_AddStringToObject(e, "dtype", names[x->dtype]))
        return false;
    cJSON *shape = cJSON_AddArrayToObject(e, "shape"), *range = NULL;
    for (int i = 0; shape && i < x->ndim; i++)
        if (!cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)x->shape[i])))
            return false;
    range = shape ? cJSON_AddArrayToObject(e, "data_offsets") : NULL;
    if (!range || !cJSON_AddItemToArray(range, cJSON_CreateNumber((double)*at)))
        return false;
    *at += hy_numel(x) * hy_dtype_size(x->dtype);
    return cJSON_AddItemToArray(range, cJSON_CreateNumber((double)*at));
}

/* The header as text (cJSON_free it), NULL when out of memory. */
static char *header_text(int64_t n, const hy_named *items, const char *metadata)
{
    int64_t at = 0;
    char *text = NULL;
    cJSON *json = cJSON_CreateObject();
    bool good = json != NULL;
    if (good && metadata) {
        cJSON *all = cJSON_AddObjectToObject(json, metadata_key);
        good = all && cJSON_AddStringToObject(all, "format", "pt") &&
               cJSON_AddStringToObject(all, "crc32", "00000000") &&
               cJSON_AddStringToObject(all, settings_key, metadata);
    }
    for (int64_t i = 0; good && i < n; i++)
        good = add_entry(json, &items[i], &at);
    if (good)
        text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

static hy_status check_names(hy_ctx *cx, int64_t n, const hy_named *items)
{
    for (int64_t i = 0; i < n; i++) {
        if (*items[i].name == '\0' || strcmp(items[i].name, metadata_key) == 0)
            return hy_fail(cx, HY_EARG, "'%s' cannot be the name of a tensor", items[i].name);
        for (int64_t j = 0; j < i; j++)
            if (strcmp(items[i].name, items[j].name) == 0)
                return hy_fail(cx, HY_EARG, "two tensors have the name '%.80s'", items[i].name);
    }
    return HY_OK;
}

/* Puts the sum of what was written since the header began where `at` says. */
static hy_status write_sum(hy_sink *s, int64_t at)
{
    char digits[CHECKSUM + 1];
    snprintf(digits, sizeof digits, "%08x", s->crc);
    if (fseek(s->file, (long)at, SEEK_SET) != 0)
        return hy_file_fail(s->cx, s->path, "could not be written: %s", strerror(errno));
    return hy_sink_write(s, CHECKSUM, digits);
}

static hy_status write_all(hy_sink *s, int64_t n, const hy_named *items, const char *metadata)
{
    char *text = header_text(n, items, metadata);
    if (!text)
        return hy_fail(s->cx, HY_EMEM, "out of memory while writing %s", s->path);
    const int64_t length = (int64_t)strlen(text), padded = (length + 7) / 8 * 8;
    uint8_t head[8];
    for (int i = 0; i < 8; i++)
        head[i] = (uint8_t)(padded >> 8 * i);
    hy_status status = padded > HEADER_LIMIT
                           ? hy_file_fail(s->cx, s->path,
                                          "would need a header of more than %d bytes", HEADER_LIMIT)
                           : hy_sink_write(s, 8, head);
    const char *sum = metadata ? checksum_in(text) : NULL;
    const int64_t at = sum ? 8 + (sum - text) : 0;
    s->summing = at > 0;
    s->crc = 0;
    if (status == HY_OK)
        status = hy_sink_write(s, length, text);
    if (status == HY_OK)
        status = hy_sink_write(s, padded - length, "        ");
    cJSON_free(text);
    for (int64_t i = 0; status == HY_OK && i < n; i++)
        status = hy_sink_tensor(s, items[i].tensor);
    return status == HY_OK && at > 0 ? write_sum(s, at) : status;
}

hy_status hy_write_safetensors(hy_ctx *cx, const char *path, int64_t n, const hy_named *items,
                               const char *metadata)
{
    hy_sink s;
    HY_TRY(check_names(cx, n, items));
    hy_named *sorted = calloc((size_t)n + 1, sizeof *sorted);
    if (!sorted)
        return hy_fail(cx, HY_EMEM, "out of memory while writing %s", path);
    hy_status status = HY_OK;
    for (int64_t i = 0; i < n && status == HY_OK; i++) {
        sorted[i].name = items[i].name;
        status = hy_contiguous(cx, items[i].tensor, &sorted[i].tensor);
    }
    if (status == HY_OK) {
        qsort(sorted, (size_t)n, sizeof *sorted, by_width);
        status = hy_sink_open(cx, path, &s);
        if (status == HY_OK)
            status = hy_sink_close(&s, write_all(&s, n, sorted, metadata));
    }
    for (int64_t i = 0; i < n; i++)
        if (sorted[i].tensor)
            hy_unref(sorted[i].tensor);
    free(sorted);
    return status;
}
