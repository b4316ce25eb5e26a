// What a newcomer sees first: a ribbon of light that never rests, and an echo of every key, button and finger.
#include "../guest.h"
#include <stdio.h>
#include <string.h>

#define PERIOD 1024 // the ribbon repeats after so many pixels
#define MAX_BAND 720
#define TOP 0x101830
#define BOTTOM 0x2a1840

static uint32_t ribbon[MAX_BAND][PERIOD];
static int ribbon_h;
static char typed[48], news[64];

static int band_y(const struct canvas *c) { return c->h / 2; }
static int band_h(const struct canvas *c) { return c->h / 3 < MAX_BAND ? c->h / 3 : MAX_BAND; }
static uint32_t backdrop(const struct canvas *c, int y) { return mix(TOP, BOTTOM, y * 256 / c->h); }

static void ribbon_prepare(const struct canvas *c)
{
    static const struct { int centre, swing, turns, width; uint32_t rgb; } lights[3] = {
        { 380, 160, 1, 70, 0x30d0c0 }, { 500, 150, 2, 50, 0x5080ff }, { 600, 130, 1, 85, 0xb050e0 } };
    int h = band_h(c);
    if (h == ribbon_h) return;
    ribbon_h = h;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < PERIOD; x++) {
            uint32_t px = backdrop(c, band_y(c) + y);
            for (int i = 0; i < 3; i++) {
                int centre = lights[i].centre + lights[i].swing * sine(x * lights[i].turns + i * 300) / 1024;
                int d = y * 1000 / h - centre, w = lights[i].width;
                d = d < 0 ? -d : d;
                if (d < 3 * w) px = mix(px, lights[i].rgb, 220 * (3 * w - d) * (3 * w - d) / (9 * w * w));
            }
            ribbon[y][x] = px;
        }
}

static void ribbon_draw(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    int top = band_y(c), t = (int)g->tick;
    for (int y = 0; y < ribbon_h; y++) {
        int shift = t * 2 + 40 * sine(y * 3 + t * 5) / 1024;
        for (int x = 0, n; x < c->w; x += n) {
            int from = (x + shift) & (PERIOD - 1);
            n = PERIOD - from < c->w - x ? PERIOD - from : c->w - x;
            copy_row(c, x, top + y, n, ribbon[y] + from);
        }
    }
    damage_add(c, 0, top, c->w, ribbon_h);
}

static void line(struct guest *g, int row, const char *s, uint32_t rgb)
{
    struct canvas *c = &g->heads[0].canvas;
    int y = 150 + row * 30;
    if (y + TEXT_H > band_y(c)) return;
    for (int j = 0; j < TEXT_H; j++) fill(c, 60, y + j, 60 * TEXT_W, 1, backdrop(c, y + j));
    text(c, 60, y, s, rgb);
}

static void echo(struct guest *g)
{
    char s[96];
    line(g, 1, news, 0xffd080);
    snprintf(s, sizeof s, "> %s_", typed);
    line(g, 2, s, 0x90ffb0);
    snprintf(s, sizeof s, "pointer %d, %d   wheel %d", g->x, g->y, g->wheel);
    line(g, 3, s, 0xc0c8d8);
}

static void touches(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    for (int i = 0; i < 16; i++)
        if (g->touches[i].id >= 0) fill(c, g->touches[i].x - 24, g->touches[i].y - 24, 48, 48, mix(0xff4060, 0x40a0ff, i * 60 & 255));
}

static void enter(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    char s[64];
    ribbon_h = 0;
    ribbon_prepare(c);
    for (int y = 0; y < c->h; y++) fill(c, 0, y, c->w, 1, backdrop(c, y));
    title(c, 60, 70, "QemuZeroCopy", 0xffffff);
    snprintf(s, sizeof s, "%d x %d at %d fps   F2 next mode   F3 next scene   F4 tone", c->w, c->h, g->fps);
    line(g, 0, s, 0xc0c8d8);
    if (!news[0]) snprintf(news, sizeof news, "Type, move, click, scroll.");
    echo(g);
    ribbon_draw(g);
}

static void frame(struct guest *g)
{
    ribbon_draw(g);
    touches(g);
}

// On a US keyboard.
static char typed_char(const struct guest *g, int code)
{
    static const char row[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
    static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
    if (code <= 0 || code >= (int)sizeof row) return 0;
    bool letter = row[code] >= 'a' && row[code] <= 'z';
    return (g->shift != (letter && g->caps) ? shifted : row)[code];
}

static void event(struct guest *g, const struct event *e)
{
    if (e->type == EVENT_KEY && e->value > 0) {
        char ch = typed_char(g, e->code);
        size_t n = strlen(typed);
        if (ch == '\b') typed[n ? n - 1 : 0] = 0;
        else if (ch == '\n' || n == sizeof typed - 1) typed[0] = 0;
        if (ch >= ' ' && (n = strlen(typed)) < sizeof typed - 1) typed[n] = ch, typed[n + 1] = 0;
    }
    if (e->type == EVENT_KEY) snprintf(news, sizeof news, "key %d %s", e->code, e->value ? "pressed" : "released");
    if (e->type == EVENT_BUTTON) snprintf(news, sizeof news, "button %d %s", e->code - BTN_MOUSE + 1, e->value ? "pressed" : "released");
    if (e->type == EVENT_TOUCH) snprintf(news, sizeof news, "finger %d %s", e->code, e->value < 0 ? "lifted" : "down");
    echo(g);
}

static void still_enter(struct guest *g)
{
    g->tick = 0;
    enter(g);
}

static void still_frame(struct guest *g) { (void)g; }

const struct scene scene_pleasant = { "pleasant", 60, enter, frame, event, true };
const struct scene scene_still = { "still", 0, still_enter, still_frame, NULL, false };
