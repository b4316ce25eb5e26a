// The test card: every pixel is a formula of x, y, the size and the head, which tests compute for themselves.
#include "../guest.h"

static uint32_t card_pixel(int x, int y, int w, int h, int head)
{
    static const uint32_t bars[8] = { 0xbfbfbf, 0xbfbf00, 0x00bfbf, 0x00bf00, 0xbf00bf, 0xbf0000, 0x0000bf, 0x000000 };
    int bar_y = h / 2 & ~15;
    if (x >= w - 64 && x < w - 32 && y >= 32 && y < 64) return 0xffffff;
    if (x >= 32 && x < 64 && y >= h - 64 && y < h - 32) return 0x000000;
    if (x >= 64 && x < 576 && y >= bar_y && y < bar_y + 64) return bars[(x - 64) / 64];
    return (uint32_t)(x * 255 / (w - 1)) << 16 | (uint32_t)(y * 255 / (h - 1)) << 8 | ((128 + 96 * head) & 255);
}

void card_draw(struct canvas *c, int head)
{
    for (int y = 0; y < c->h; y++) {
        uint32_t *row = c->px + (long)y * c->stride;
        for (int x = 0; x < c->w; x++) row[x] = card_pixel(x, y, c->w, c->h, head);
    }
    damage_add(c, 0, 0, c->w, c->h);
}

static void enter(struct guest *g) { card_draw(&g->heads[0].canvas, 0); }
static void frame(struct guest *g) { (void)g; }

const struct scene scene_card = { "card", 0, enter, frame, NULL, false };
