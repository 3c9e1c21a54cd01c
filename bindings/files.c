/* Readers and writers of core/data, and the few file services that Lua lacks. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings.h"

#define NAMED  "hyades.named"
#define FOLDER "hyades.folder"

/* ---- one tensor a file ------------------------------------------------------------------------
 */

static const char *check_path(lua_State *L, int i, const char *fn)
{
    size_t length;
    if (lua_type(L, i) != LUA_TSTRING)
        luaL_error(L, "%s: argument %d (path): expected string, got %s", fn, i, hyl_typename(L, i));
    const char *path = lua_tolstring(L, i, &length);
    if (length == 0 || strlen(path) != length)
        luaL_error(L, "%s: argument %d (path): is empty or holds a zero byte", fn, i);
    return path;
}

/* A one-character delimiter, or 0 for none. */
static char check_delimiter(lua_State *L, int i, const char *fn)
{
    size_t length = 0;
    if (lua_isnoneornil(L, i))
        return 0;
    const char *text = lua_type(L, i) == LUA_TSTRING ? lua_tolstring(L, i, &length) : NULL;
    if (length != 1 || *text == '\0')
        luaL_error(L, "%s: argument %d (delimiter): expected one character", fn, i);
    return *text;
}

static hy_dtype check_dtype(lua_State *L, int i, const char *fn)
{
    const char *name = luaL_optstring(L, i, "f32");
    for (int dtype = 0; dtype < HY_DTYPES; dtype++)
        if (strcmp(name, hy_dtype_name(dtype)) == 0)
            return dtype;
    return luaL_error(L, "%s: argument %d (dtype): expected f32, f64, u8 or index, got '%s'", fn, i,
                      name);
}

static int read_idx(lua_State *L) /* path */
{
    const char *path = check_path(L, 1, "idx");
    hyl_relieve(L);
    hy_tensor **out = hyl_new(L);
    hyl_try(L, "idx", hy_read_idx(hyl_ctx(L), path, out));
    return 1;
}

static int read_npy(lua_State *L) /* path, as index? */
{
    const char *path = check_path(L, 1, "npy");
    const bool as_index = lua_toboolean(L, 2);
    hyl_relieve(L);
    hy_tensor **out = hyl_new(L);
    hyl_try(L, "npy", hy_read_npy(hyl_ctx(L), path, as_index, out));
    return 1;
}

static int map_npy(lua_State *L) /* path */
{
    const char *path = check_path(L, 1, "npy");
    hy_tensor **out = hyl_new(L);
    hyl_try(L, "npy", hy_map_npy(hyl_ctx(L), path, out));
    return 1;
}

static int write_npy(lua_State *L) /* path, tensor */
{
    const char *path = check_path(L, 1, "save_npy");
    hyl_relieve(L);
    const hy_tensor *x = hyl_check(L, 2, "save_npy", 2, "x");
    hyl_try(L, "save_npy", hy_write_npy(hyl_ctx(L), path, x));
    return 0;
}

static int read_csv(lua_State *L) /* path, delimiter?, dtype? */
{
    const char *path = check_path(L, 1, "csv");
    const char delimiter = check_delimiter(L, 2, "csv");
    const hy_dtype dtype = check_dtype(L, 3, "csv");
    hyl_relieve(L);
    hy_tensor **out = hyl_new(L);
    hyl_try(L, "csv", hy_read_csv(hyl_ctx(L), path, delimiter, dtype, out));
    return 1;
}

static int write_csv(lua_State *L) /* path, tensor, delimiter? */
{
    const char *path = check_path(L, 1, "save_csv");
    const char delimiter = check_delimiter(L, 3, "save_csv");
    hyl_relieve(L);
    const hy_tensor *x = hyl_check(L, 2, "save_csv", 2, "x");
    hyl_try(L, "save_csv", hy_write_csv(hyl_ctx(L), path, x, delimiter ? delimiter : ','));
    return 0;
}

static int read_image(lua_State *L) /* path */
{
    const char *path = check_path(L, 1, "image");
    hyl_relieve(L);
    hy_tensor **out = hyl_new(L);
    hyl_try(L, "image", hy_read_image(hyl_ctx(L), path, out));
    return 1;
}

static int write_png(lua_State *L) /* path, u8 tensor h×w×c */
{
    const char *path = check_path(L, 1, "write_png");
    hy_tensor **flat = hyl_new(L), *x = hyl_check(L, 2, "write_png", 2, "pixels");
    if (x->dtype != HY_U8 || x->ndim != 3 || x->shape[0] > INT_MAX || x->shape[1] > INT_MAX ||
        x->shape[2] > INT_MAX)
        return luaL_error(L, "write_png: argument 2 (pixels): expected a u8 tensor h×w×c");
    hyl_try(L, "write_png", hy_contiguous(hyl_ctx(L), x, flat));
    hyl_try(L, "write_png",
            hy_write_png(hyl_ctx(L), path, (int)x->shape[0], (int)x->shape[1], (int)x->shape[2],
                         hy_data(*flat)));
    return 0;
}

static int encode_png(lua_State *L) /* h, w, c, samples as a string → the bytes of a PNG file */
{
    size_t given;
    const lua_Integer h = luaL_checkinteger(L, 1), w = luaL_checkinteger(L, 2);
    const lua_Integer c = luaL_checkinteger(L, 3);
    const char *pixels = luaL_checklstring(L, 4, &given);
    if (h < 1 || w < 1 || c < 1 || h > 1 << 20 || w > 1 << 20 || c > 4 || (size_t)(h * w * c) != given)
        return luaL_error(L, "png: expected height × width × channels samples, got %d for %dx%dx%d",
                          (int)given, (int)h, (int)w, (int)c);
    luaL_Buffer buffer;
    int64_t bytes = 0;
    char *out = luaL_buffinitsize(L, &buffer, (size_t)hy_png_room((int)h, (int)w, (int)c));
    hyl_try(L, "png",
            hy_png(hyl_ctx(L), (int)h, (int)w, (int)c, (const uint8_t *)pixels, (uint8_t *)out, &bytes));
    luaL_pushresultsize(&buffer, (size_t)bytes);
    return 1;
}

static int write_bytes(lua_State *L) /* path, string */
{
    size_t n;
    const char *path = check_path(L, 1, "save"), *bytes = luaL_checklstring(L, 2, &n);
    hyl_try(L, "save", hy_write_bytes(hyl_ctx(L), path, (int64_t)n, bytes));
    return 0;
}

/* ---- many tensors a file ------------------------------------------------------------------------------
 */

/* Holds what core returned, or what it is about to read, until Lua has it. */
typedef struct named {
    int64_t n;
    hy_named *items;
    char *metadata;
} named;

static int named_gc(lua_State *L)
{
    named *box = lua_touserdata(L, 1);
    hy_named_free(box->n, box->items);
    free(box->metadata);
    *box = (named){ 0 };
    return 0;
}

static named *new_named(lua_State *L)
{
    named *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (named){ 0 };
    luaL_setmetatable(L, NAMED);
    return box;
}

static void push_named(lua_State *L, const named *box)
{
    lua_newtable(L);
    for (int64_t i = 0; i < box->n; i++) {
        *hyl_new(L) = hy_ref(box->items[i].tensor);
        lua_setfield(L, -2, box->items[i].name);
    }
}

static int read_safetensors(lua_State *L) /* path, name for errors? → table, metadata or nil */
{
    const char *fn = luaL_optstring(L, 2, "safetensors"), *path = check_path(L, 1, fn);
    hyl_relieve(L);
    named *box = new_named(L);
    hyl_try(L, fn, hy_read_safetensors(hyl_ctx(L), path, &box->n, &box->items, &box->metadata));
    push_named(L, box);
    lua_pushstring(L, box->metadata);
    return 2;
}

static int read_npz(lua_State *L) /* path → table */
{
    const char *path = check_path(L, 1, "npz");
    hyl_relieve(L);
    named *box = new_named(L);
    hyl_try(L, "npz", hy_read_npz(hyl_ctx(L), path, &box->n, &box->items));
    push_named(L, box);
    return 1;
}

/* The table at 2 as an array of n items. The names are Lua's own strings: the table keeps them. */
static hy_named *check_named(lua_State *L, const char *fn, int64_t *n)
{
    if (lua_type(L, 2) != LUA_TTABLE)
        luaL_error(L, "%s: argument 2: expected a table of tensors, got %s", fn, hyl_typename(L, 2));
    *n = 0;
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
        ++*n;
    const int64_t room = *n;
    hy_named *items = lua_newuserdatauv(L, (size_t)(room + 1) * sizeof *items, 0);
    *n = 0;
    for (lua_pushnil(L); *n < room && lua_next(L, 2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2))
            luaL_error(L, "%s: the name of a tensor is no string, or holds a zero byte", fn);
        items[*n].name = (char *)lua_tostring(L, -2);
        items[(*n)++].tensor = hyl_check(L, -1, fn, 2, lua_tostring(L, -2));
    }
    return items;
}

static int write_safetensors(lua_State *L) /* path, name → tensor, metadata? */
{
    const char *path = check_path(L, 1, "save"), *metadata = luaL_optstring(L, 3, NULL);
    int64_t n;
    hyl_relieve(L);
    const hy_named *items = check_named(L, "save", &n);
    hyl_try(L, "save", hy_write_safetensors(hyl_ctx(L), path, n, items, metadata));
    return 0;
}

static int write_npz(lua_State *L) /* path, name → tensor */
{
    const char *path = check_path(L, 1, "save_npz");
    int64_t n;
    hyl_relieve(L);
    const hy_named *items = check_named(L, "save_npz", &n);
    hyl_try(L, "save_npz", hy_write_npz(hyl_ctx(L), path, n, items));
    return 0;
}

/* path, delimiter?, dtype?, missing ("error", "nan" or "drop"), labels: name, position from 1 (−1:
 * the last) or nil → tensor, index?, names? */
static int read_table(lua_State *L)
{
    static const char *const policies[] = { "error", "nan", "drop", NULL };
    const char *path = check_path(L, 1, "csv");
    hy_table how = { .delimiter = check_delimiter(L, 2, "csv"),
                     .dtype = check_dtype(L, 3, "csv"),
                     .missing = (unsigned)luaL_checkoption(L, 4, "error", policies),
                     .labels = !lua_isnoneornil(L, 5) };
    if (lua_type(L, 5) == LUA_TSTRING) {
        how.label_name = lua_tostring(L, 5);
    } else if (how.labels) {
        const int64_t position = luaL_checkinteger(L, 5);
        how.label = position > 0 ? position - 1 : position;
    }
    hyl_relieve(L);
    hy_tensor **x = hyl_new(L), **y = hyl_new(L);
    named *box = new_named(L);
    hyl_try(L, "csv", hy_read_table(hyl_ctx(L), path, &how, x, y, &box->n, &box->items));
    if (!how.labels) {
        lua_pop(L, 2);
        return 1;
    }
    lua_createtable(L, (int)box->n, 0);
    for (int64_t i = 0; i < box->n; i++) {
        lua_pushstring(L, box->items[i].name);
        lua_rawseti(L, -2, i + 1);
    }
    lua_remove(L, -2);
    return 3;
}

/* ---- the file system --------------------------------------------------------------------------
 */

static int file_info(lua_State *L) /* path → "file" | "folder" | "other", bytes; nil when absent */
{
    struct stat info;
    if (stat(check_path(L, 1, "file_info"), &info) != 0)
        return 0;
    lua_pushstring(L, S_ISREG(info.st_mode) ? "file" : S_ISDIR(info.st_mode) ? "folder" : "other");
    lua_pushinteger(L, (lua_Integer)info.st_size);
    return 2;
}

static int real_path(lua_State *L) /* path → without links, "." and ".."; nil when absent */
{
    char real[PATH_MAX];
    if (!realpath(check_path(L, 1, "real_path"), real))
        return 0;
    lua_pushstring(L, real);
    return 1;
}

static int make_folder(lua_State *L) /* path; parents too */
{
    const char *path = check_path(L, 1, "make_folder");
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part)
        return luaL_error(L, "make_folder: %s: %s", path, strerror(ENAMETOOLONG));
    for (size_t i = 0;; i++) {
        part[i] = path[i];
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        struct stat info;
        if (i > 0 && mkdir(part, 0777) != 0 && (stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            return luaL_error(L, "make_folder: %s: %s", part, strerror(errno));
        if (path[i] == '\0')
            return 0;
        part[i] = '/';
    }
}

static int folder_gc(lua_State *L)
{
    DIR **folder = lua_touserdata(L, 1);
    if (*folder)
        closedir(*folder);
    *folder = NULL;
    return 0;
}

static int list_folder(lua_State *L) /* path → array of names, unsorted */
{
    const char *path = check_path(L, 1, "list_folder");
    DIR **folder = lua_newuserdatauv(L, sizeof *folder, 0);
    *folder = NULL;
    luaL_setmetatable(L, FOLDER);
    *folder = opendir(path);
    if (!*folder)
        return luaL_error(L, "list_folder: %s: %s", path, strerror(errno));
    lua_newtable(L);
    const struct dirent *entry;
    for (lua_Integer n = 0; (entry = readdir(*folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        lua_pushstring(L, entry->d_name);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static int move_file(lua_State *L) /* from, to */
{
    const char *from = check_path(L, 1, "move_file"), *to = check_path(L, 2, "move_file");
    hyl_try(L, "move_file", hy_move_file(hyl_ctx(L), from, to));
    return 0;
}

static int is_terminal(lua_State *L) /* 0, 1 or 2: standard input, output, errors */
{
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

static int process_id(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)getpid());
    return 1;
}

static void new_owner(lua_State *L, const char *name, lua_CFunction gc)
{
    if (luaL_newmetatable(L, name)) {
        lua_pushcfunction(L, gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
}

static const luaL_Reg functions[] = {
    { "read_idx", read_idx },
    { "read_npy", read_npy },
    { "map_npy", map_npy },
    { "write_npy", write_npy },
    { "read_csv", read_csv },
    { "read_table", read_table },
    { "write_csv", write_csv },
    { "read_image", read_image },
    { "write_png", write_png },
    { "png", encode_png },
    { "write_bytes", write_bytes },
    { "read_safetensors", read_safetensors },
    { "write_safetensors", write_safetensors },
    { "read_npz", read_npz },
    { "write_npz", write_npz },
    { "file_info", file_info },
    { "real_path", real_path },
    { "make_folder", make_folder },
    { "list_folder", list_folder },
    { "move_file", move_file },
    { "is_terminal", is_terminal },
    { "process_id", process_id },
    { NULL, NULL },
};

void hyl_open_files(lua_State *L)
{
    new_owner(L, NAMED, named_gc);
    new_owner(L, FOLDER, folder_gc);
    luaL_setfuncs(L, functions, 0);
}
