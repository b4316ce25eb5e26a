#include "guest.h"
#include <math.h>
#include <string.h>

void damage_add(struct canvas *c, int x, int y, int w, int h)
{
    struct rect r = { x < 0 ? 0 : x, y < 0 ? 0 : y, x + w > c->w ? c->w : x + w, y + h > c->h ? c->h : y + h };
    if (r.x0 >= r.x1 || r.y0 >= r.y1) return;
    for (int i = 0; i < c->damages; i++) {
        struct rect *d = &c->damage[i];
        if (r.x0 >= d->x0 && r.y0 >= d->y0 && r.x1 <= d->x1 && r.y1 <= d->y1) return;
        // Neighbours in one row of text become one rectangle.
        if (r.y0 == d->y0 && r.y1 == d->y1 && r.x0 <= d->x1 && r.x1 >= d->x0) {
            d->x0 = r.x0 < d->x0 ? r.x0 : d->x0;
            d->x1 = r.x1 > d->x1 ? r.x1 : d->x1;
            return;
        }
    }
    if (c->damages < MAX_DAMAGE) {
        c->damage[c->damages++] = r;
        return;
    }
    struct rect *d = &c->damage[MAX_DAMAGE - 1];
    if (r.x0 < d->x0) d->x0 = r.x0;
    if (r.y0 < d->y0) d->y0 = r.y0;
    if (r.x1 > d->x1) d->x1 = r.x1;
    if (r.y1 > d->y1) d->y1 = r.y1;
}

static bool clip(const struct canvas *c, int *x, int *y, int *w, int *h)
{
    if (*x < 0) { *w += *x; *x = 0; }
    if (*y < 0) { *h += *y; *y = 0; }
    if (*x + *w > c->w) *w = c->w - *x;
    if (*y + *h > c->h) *h = c->h - *y;
    return *w > 0 && *h > 0;
}

void fill(struct canvas *c, int x, int y, int w, int h, uint32_t rgb)
{
    if (!clip(c, &x, &y, &w, &h)) return;
    for (int j = y; j < y + h; j++) {
        uint32_t *p = c->px + (size_t)j * c->stride + x;
        for (int i = 0; i < w; i++) p[i] = rgb;
    }
    damage_add(c, x, y, w, h);
}

// Without damage: the caller copies many rows and adds one rectangle.
void copy_row(struct canvas *c, int x, int y, int w, const uint32_t *row)
{
    if (y < 0 || y >= c->h) return;
    if (x < 0) { row -= x; w += x; x = 0; }
    if (x + w > c->w) w = c->w - x;
    if (w > 0) memcpy(c->px + (size_t)y * c->stride + x, row, (size_t)w * 4);
}

uint32_t mix(uint32_t a, uint32_t b, int alpha)
{
    uint32_t rb = ((a & 0xff00ff) * (256 - alpha) + (b & 0xff00ff) * alpha) >> 8 & 0xff00ff;
    uint32_t g = ((a & 0x00ff00) * (256 - alpha) + (b & 0x00ff00) * alpha) >> 8 & 0x00ff00;
    return rb | g;
}

void gradient(struct canvas *c, int x, int y, int w, int h, uint32_t top, uint32_t bottom)
{
    for (int j = 0; j < h; j++) fill(c, x, y + j, w, 1, mix(top, bottom, h > 1 ? j * 256 / (h - 1) : 0));
}

int sine(int angle)
{
    static short table[1024];
    if (table[256] == 0)
        for (int i = 0; i < 1024; i++) table[i] = (short)lrint(1024 * sin(i * 6.283185307179586 / 1024));
    return table[angle & 1023];
}

// Sixteen cells of 32×32 in the top left corner, the number's Gray code, its highest bit first, white for 1.
void barcode_draw(struct canvas *c, uint32_t number)
{
    uint32_t gray = (number ^ (number >> 1)) & 0xffff;
    for (int i = 0; i < 16; i++) fill(c, i * 32, 0, 32, 32, gray >> (15 - i) & 1 ? 0xffffff : 0);
}
