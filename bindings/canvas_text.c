/*
 * Letters as outlines: DejaVu Sans through stb_truetype, or plain boxes where it is not installed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "canvas.h"

/* A glyph that found no memory sets the flag, so that text is never silently incomplete. */
static void *glyph_malloc(size_t bytes, void *starved)
{
    void *p = malloc(bytes);
    if (!p)
        *(bool *)starved = true;
    return p;
}
#define STBTT_malloc(bytes, starved) glyph_malloc(bytes, starved)
#define STBTT_free(p, starved) ((void)(starved), free(p))
#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb_truetype.h>

/* The box letters of stb_easy_font are for machines without DejaVu. Its tables become constant here;
 * the one variable that it can change becomes a parameter that nobody gives. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-parameter"
#pragma GCC diagnostic ignored "-Wignored-qualifiers"
#define static static const
#define stb_easy_font_spacing(x) stb_easy_font_spacing(x, float stb_easy_font_spacing_val)
#include <stb_easy_font.h>
#undef static
#undef stb_easy_font_spacing
#pragma GCC diagnostic pop

struct font {
    bool loaded;  /* else: the box letters of stb_easy_font, ASCII only */
    bool starved; /* a glyph found no memory */
    stbtt_fontinfo info;
    unsigned char data[];
};

static const char *const font_folders[] = {
    "/usr/share/fonts/truetype/dejavu", /* Debian, Ubuntu */
    "/usr/share/fonts/TTF",             /* Arch */
    "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/dejavu",
    "/usr/local/share/fonts/dejavu",
};

static bool read_font(font *f, const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const bool whole = fread(f->data, 1, size, file) == size;
    fclose(file);
    return whole && stbtt_InitFont(&f->info, f->data, 0);
}

font *hyl_font(lua_State *L, bool bold)
{
    const char *key = bold ? "hyades.font.bold" : "hyades.font";
    if (lua_getfield(L, LUA_REGISTRYINDEX, key) == LUA_TUSERDATA) {
        font *f = lua_touserdata(L, -1);
        lua_pop(L, 1);
        return f;
    }
    font *f = NULL;
    for (size_t i = 0; i < sizeof font_folders / sizeof *font_folders && !(f && f->loaded); i++) {
        struct stat st;
        const char *path = lua_pushfstring(L, "%s/DejaVuSans%s.ttf", font_folders[i], bold ? "-Bold" : "");
        if (stat(path, &st) != 0 || st.st_size <= 0 || st.st_size > 1 << 26)
            continue;
        f = lua_newuserdatauv(L, sizeof *f + (size_t)st.st_size, 0);
        f->starved = false;
        f->loaded = read_font(f, path, (size_t)st.st_size);
        f->info.userdata = &f->starved;
        lua_setfield(L, LUA_REGISTRYINDEX, key);
    }
    if (!f) {
        f = lua_newuserdatauv(L, sizeof *f, 0);
        f->loaded = f->starved = false;
        lua_setfield(L, LUA_REGISTRYINDEX, key);
    }
    return f;
}

/* The next character of UTF-8 text; U+FFFD for a byte that does not belong. */
static int next_char(const unsigned char **s)
{
    const unsigned char *p = *s;
    const int more = *p < 0x80 ? 0 : *p >> 5 == 6 ? 1 : *p >> 4 == 14 ? 2 : *p >> 3 == 30 ? 3 : -1;
    int code = more < 0 ? 0xfffd : *p & (more ? 63 >> more : 127);
    for (int i = 1; i <= more; i++) {
        if (p[i] >> 6 != 2) {
            *s = p + 1;
            return 0xfffd;
        }
        code = code << 6 | (p[i] & 63);
    }
    *s = p + (more < 0 ? 1 : more + 1);
    return code;
}

static void placed_edge(canvas *c, const place *at, double ua, double va, double ub, double vb)
{
    hyl_edge(c, at->x + ua * at->cos + va * at->sin, at->y + ua * at->sin - va * at->cos,
         at->x + ub * at->cos + vb * at->sin, at->y + ub * at->sin - vb * at->cos);
}

static void glyph_outline(canvas *c, font *f, int glyph, double em, double u, const place *at)
{
    stbtt_vertex *v;
    const int n = stbtt_GetGlyphShape(&f->info, glyph, &v);
    double pu = 0, pv = 0;
    for (int i = 0; i < n; i++) {
        const double qu = u + v[i].x * em, qv = v[i].y * em;
        if (v[i].type == STBTT_vline) {
            placed_edge(c, at, pu, pv, qu, qv);
        } else if (v[i].type == STBTT_vcurve) {
            const double cu = u + v[i].cx * em, cv = v[i].cy * em;
            const int steps = 2 + (int)sqrt(hypot(pu - 2 * cu + qu, pv - 2 * cv + qv) * 2);
            double au = pu, av = pv;
            for (int k = 1; k <= steps; k++) {
                const double t = (double)k / steps, s = 1 - t;
                const double bu = s * s * pu + 2 * s * t * cu + t * t * qu;
                const double bv = s * s * pv + 2 * s * t * cv + t * t * qv;
                placed_edge(c, at, au, av, bu, bv);
                au = bu, av = bv;
            }
        }
        pu = qu, pv = qv;
    }
    stbtt_FreeShape(&f->info, v);
}

static int easy_char(int code)
{
    return code == 0x2212 ? '-' : code >= 32 && code < 127 ? code : '?';
}

static void easy_outline(canvas *c, int code, double em, double u, const place *at)
{
    enum { BASELINE = 8 };
    char letter[2] = { (char)easy_char(code), 0 };
    float quad[64 * 16]; /* 4 corners of x, y, z and a color */
    const int n = stb_easy_font_print(0, 0, letter, NULL, quad, sizeof quad);
    for (int i = 0; i < n; i++) {
        const float *q = quad + 16 * i;
        for (int k = 0; k < 4; k++) {
            const float *a = q + 4 * k, *b = q + 4 * ((k + 1) % 4);
            placed_edge(c, at, u + a[0] * em, (BASELINE - a[1]) * em, u + b[0] * em,
                        (BASELINE - b[1]) * em);
        }
    }
}

double hyl_text_run(canvas *c, font *f, const char *text, double size, const place *at)
{
    const unsigned char *s = (const unsigned char *)text;
    const double em = f->loaded ? stbtt_ScaleForMappingEmToPixels(&f->info, (float)size) : size / 11;
    double u = 0;
    int last = 0;
    f->starved = false;
    while (*s) {
        const int code = next_char(&s);
        if (!f->loaded) {
            if (c)
                easy_outline(c, code, em, u, at);
            u += stb_easy_font_width((char[]){ (char)easy_char(code), 0 }) * em;
            continue;
        }
        int advance, bearing;
        const int glyph = stbtt_FindGlyphIndex(&f->info, code);
        if (last)
            u += stbtt_GetGlyphKernAdvance(&f->info, last, glyph) * em;
        if (c)
            glyph_outline(c, f, glyph, em, u, at);
        stbtt_GetGlyphHMetrics(&f->info, glyph, &advance, &bearing);
        u += advance * em;
        last = glyph;
    }
    return f->starved ? -1 : u;
}
