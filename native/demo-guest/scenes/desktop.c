// Desk work for the encoder's benchmarks: text being typed, text scrolling, a window dragged, a video in a window.
#include "../guest.h"
#include <string.h>

static const char prose[] =
    "A frame begins as damage: some pixels of the guest have changed, and nobody has seen them yet. Whoever shows them "
    "late has lost, whoever shows them twice has wasted. So the newest picture wins, the rectangles add up, and a screen "
    "that rests costs nothing at all. int main(void) { return 0; } /* 0123456789 */ if (x < y && !done) { go(); } ";

static int caret_x, caret_y;
static unsigned letter;

static void window(struct canvas *c, int x, int y, int w, int h, const char *name, uint32_t paper)
{
    fill(c, x - 1, y - 27, w + 2, h + 28, 0x303438);
    fill(c, x, y - 26, w, 26, 0x50586a);
    text(c, x + 8, y - 23, name, 0xffffff);
    fill(c, x, y, w, h, paper);
}

static void type_letter(struct canvas *c, int x, int y, int w, int h)
{
    char ch = prose[letter++ % (sizeof prose - 1)];
    fill(c, x + caret_x, y + caret_y, 2, TEXT_H, 0xfafafa);
    glyph(c, x + caret_x, y + caret_y, ch, 0x202020);
    caret_x += TEXT_W;
    if (caret_x + TEXT_W > w) caret_x = 0, caret_y += TEXT_H + 2;
    if (caret_y + TEXT_H > h) {
        caret_y = 0;
        fill(c, x, y, w, h, 0xfafafa);
    }
    fill(c, x + caret_x, y + caret_y, 2, TEXT_H, 0x3060c0);
}

// Moves the window's text up by STEP pixels and draws the rows that appear, from a page without end.
static void scroll(struct canvas *c, int x, int y, int w, int h, unsigned *position, int step)
{
    for (int j = 0; j < h - step; j++)
        memcpy(c->px + (long)(y + j) * c->stride + x, c->px + (long)(y + j + step) * c->stride + x, (size_t)w * 4);
    *position += (unsigned)step;
    struct canvas below = { c->px + (long)y * c->stride + x, w, h, c->stride, { { 0 } }, 0 };
    fill(&below, 0, h - step, w, step, 0x1c1f24);
    unsigned pitch = TEXT_H + 2, last = *position + (unsigned)h;
    for (unsigned row = (last - (unsigned)step) / pitch; row <= (last - 1) / pitch; row++) {
        // Only the new rows of this line: the canvas starts where they do.
        struct canvas strip = { c->px + (long)(y + h - step) * c->stride + x, w, step, c->stride, { { 0 } }, 0 };
        int top = (int)(row * pitch) - (int)(last - (unsigned)step);
        char s[256];
        int columns = w / TEXT_W < 240 ? w / TEXT_W : 240;
        unsigned from = row * 37 % (sizeof prose - 1), length = row % 7 ? (unsigned)columns * (40 + row * 29 % 60) / 100 : 0;
        for (unsigned i = 0; i < length; i++) s[i] = prose[(from + i) % (sizeof prose - 1)];
        s[length] = 0;
        text(&strip, 0, top, s, row % 5 == 0 ? 0x90d0ff : row % 3 ? 0xd8dce0 : 0xa0e0a0);
    }
    damage_add(c, x, y, w, h);
}

static unsigned page;

static void page_fill(struct canvas *c, int x, int y, int w, int h)
{
    for (int done = 0; done < h; done += 16) scroll(c, x, y, w, h, &page, 16);
}

static void typing_enter(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    caret_x = caret_y = 0;
    gradient(c, 0, 0, c->w, c->h, 0x305070, 0x203048);
    window(c, 80, 100, c->w - 160, c->h - 180, "notes.txt", 0xfafafa);
    for (int i = 0; i < 400; i++) type_letter(c, 88, 108, c->w - 176, c->h - 196);
}

static void typing_frame(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    type_letter(c, 88, 108, c->w - 176, c->h - 196);
}

static void scroll_enter(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    gradient(c, 0, 0, c->w, c->h, 0x305070, 0x203048);
    window(c, 40, 80, c->w - 80, c->h - 120, "build.log", 0x1c1f24);
    page_fill(c, 40, 80, c->w - 80, c->h - 120);
}

static void scroll_frame(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    scroll(c, 40, 80, c->w - 80, c->h - 120, &page, 3);
}

// Phases of the desktop, each PHASE frames: typing, scrolling, dragging, video, rest.
#define PHASE 180
static int drag_x, drag_y;

static void wallpaper(struct canvas *c, int x, int y, int w, int h)
{
    for (int j = y < 0 ? 0 : y; j < y + h && j < c->h; j++) fill(c, x, j, w, 1, mix(0x305070, 0x203048, j * 256 / c->h));
}

static void drag_to(struct canvas *c, int x, int y)
{
    wallpaper(c, drag_x - 1, drag_y - 27, 302, 228);
    drag_x = x;
    drag_y = y;
    window(c, x, y, 300, 200, "dragged", 0xe8e0d0);
    text(c, x + 20, y + 80, "A window in motion", 0x404040);
}

static void desktop_enter(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    caret_x = caret_y = 0;
    wallpaper(c, 0, 0, c->w, c->h);
    window(c, 40, 80, c->w / 2 - 60, c->h / 2 - 100, "notes.txt", 0xfafafa);
    window(c, c->w / 2 + 20, 80, c->w / 2 - 60, c->h / 2 - 100, "build.log", 0x1c1f24);
    page_fill(c, c->w / 2 + 20, 80, c->w / 2 - 60, c->h / 2 - 100);
    window(c, 40, c->h / 2 + 40, c->w / 2 - 60, c->h / 2 - 60, "video", 0x000000);
    drag_x = c->w / 2 + 40;
    drag_y = c->h / 2 + 60;
    drag_to(c, drag_x, drag_y);
}

static void desktop_frame(struct guest *g)
{
    static const char *const names[] = { "typing", "scroll", "drag", "video", "rest" };
    struct canvas *c = &g->heads[0].canvas;
    int phase = (int)(g->tick / PHASE % 5), t = (int)(g->tick % PHASE);
    if (t == 0) tell("phase %s %u", names[phase], g->number & 0xffff);
    if (phase == 0 && t % 5 == 0) type_letter(c, 48, 88, c->w / 2 - 76, c->h / 2 - 116);
    if (phase == 1) scroll(c, c->w / 2 + 20, 80, c->w / 2 - 60, c->h / 2 - 100, &page, 3);
    if (phase == 2) drag_to(c, c->w * 5 / 8 + 60 * sine(t * 12) / 1024, c->h * 5 / 8 + 40 * sine(t * 17) / 1024);
    if (phase == 3 && t % 2 == 0) motion_rows(c, 40, c->h / 2 + 40, c->w / 2 - 60, c->h / 2 - 60, g->tick / 2);
}

static void type_on_key(struct guest *g, const struct event *e)
{
    struct canvas *c = &g->heads[0].canvas;
    if (e->type == EVENT_KEY && e->value > 0) type_letter(c, 88, 108, c->w - 176, c->h - 196);
}

const struct scene scene_typing = { "typing", 12, typing_enter, typing_frame, type_on_key, false };
const struct scene scene_scroll = { "scroll", 60, scroll_enter, scroll_frame, NULL, false };
const struct scene scene_desktop = { "desktop", 60, desktop_enter, desktop_frame, NULL, true };
