// Motion for benchmarks: a texture that drifts, so that every pixel of the area changes in every frame.
#include "../guest.h"

#define SIZE 512 // a power of two; the texture repeats

static uint32_t texture[SIZE][SIZE];

static void prepare(void)
{
    if (texture[0][1]) return;
    uint32_t noise = 1;
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            noise = noise * 1664525u + 1013904223u;
            int a = sine(x * 6) + sine(y * 4) + sine((x + y) * 4), n = (int)(noise >> 29);
            int r = 128 + a / 32 + n, gr = 128 + sine(x * 8 - y * 6) / 12 + n, b = 128 - a / 40 + n;
            texture[y][x] = (uint32_t)r << 16 | (uint32_t)gr << 8 | (uint32_t)b | ((x / 64 + y / 64) & 1 ? 0x202020 : 0);
        }
}

void motion_rows(struct canvas *c, int x, int y, int w, int h, uint32_t tick)
{
    prepare();
    int shift_x = (int)(tick * 5 % SIZE), shift_y = (int)(tick * 3 % SIZE);
    for (int j = 0; j < h; j++) {
        const uint32_t *row = texture[(j + shift_y) % SIZE];
        for (int i = 0, n; i < w; i += n) {
            int from = (i + shift_x) % SIZE;
            n = SIZE - from < w - i ? SIZE - from : w - i;
            copy_row(c, x + i, y + j, n, row + from);
        }
    }
    damage_add(c, x, y, w, h);
}

static void anim_frame(struct guest *g)
{
    for (int i = 0; i < g->head_count; i++) {
        struct canvas *c = &g->heads[i].canvas;
        if (c->w > 0) motion_rows(c, 0, c->h / 4, c->w, c->h / 2, g->tick);
    }
}

static void anim_enter(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    gradient(c, 0, 0, c->w, c->h, 0x203050, 0x102030);
    anim_frame(g);
}

static void full_frame(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    motion_rows(c, 0, 0, c->w, c->h, g->tick);
}

const struct scene scene_anim = { "anim", 60, anim_enter, anim_frame, NULL, false };
const struct scene scene_full = { "full", 60, full_frame, full_frame, NULL, false };
