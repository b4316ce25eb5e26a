// A stroke font of our own: each glyph is polylines of "xy" digit pairs on a grid 5 wide, cap height 0, x-height 3, base
// line 7, descenders to 9; drawn once per size with anti-aliased edges.
#include "guest.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const strokes[95] = {
    "", "2024 27", "1012 3032", "1017 3037 0242 0545", "4111021333443505 2027", "0740 0010110100 3646473736",
    "4713112031130506172744", "2022", "30121537", "10323517", "2125 0244 0442", "2226 0444", "262719", "0444", "27", "0740",
    "103041463717060110 0641", "112027 1737", "01103041420747", "01103041423313 334446371706", "37300545",
    "400003334446371706", "413010010617374644331304", "004017", "103041423313020110 1304061737464433",
    "061737464130100103143443", "24 27", "24 2719", "410447", "0343 0545", "014407", "0110304142232425 27",
    "34321214344441301001061737", "0702204247 0444", "003041423303 334446370700", "4130100106173746", "00204245270700",
    "40000747 0333", "400007 0333", "41301001061737464424", "0007 4047 0343", "1030 2027 1737", "4046371706",
    "0007 4004 1347", "000747", "0700234047", "07004740", "103041463717060110", "07003041433404",
    "103041463717060110 2547", "07003041423303 2347", "413010010213334446371706", "0040 2027", "000617374640", "002740",
    "0017223740", "0047 4007", "002340 2327", "00400747", "30101737", "0047", "10303717", "022042", "0848", "1021",
    "13334447 451506173746", "0007 0413334446371706", "4433130406173746", "4047 4433130406173746",
    "05454433130406173746", "40302127 0333", "4348391908 4433130406173746", "0007 0413334447", "2327 21", "232819 21",
    "0007 4305 2447", "10202637", "0703 04132427 24334447", "0703 0413334447", "133344463717060413",
    "0309 0413334446371706", "4349 4433130406173746", "0307 05143343", "4313041535463707", "21263747 0343",
    "0306173746 4347", "032743", "0317243743", "0347 4307", "0327 4319", "03430747", "30212314252637", "2028",
    "10212334252617", "0413243443",
};

struct font { int w, h; float thickness; uint8_t *alpha[95]; };
static struct font text_font = { TEXT_W, TEXT_H, 1.5f, { 0 } }, title_font = { TITLE_W, TITLE_H, 4.0f, { 0 } };

static float distance(float px, float py, float ax, float ay, float bx, float by)
{
    float dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
    float t = length > 0 ? ((px - ax) * dx + (py - ay) * dy) / length : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    dx = px - ax - t * dx;
    dy = py - ay - t * dy;
    return sqrtf(dx * dx + dy * dy);
}

static void stroke(const struct font *f, uint8_t *alpha, float ax, float ay, float bx, float by)
{
    float reach = f->thickness / 2 + 0.5f;
    int x0 = (int)(fminf(ax, bx) - reach), x1 = (int)(fmaxf(ax, bx) + reach) + 1;
    int y0 = (int)(fminf(ay, by) - reach), y1 = (int)(fmaxf(ay, by) + reach) + 1;
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < f->h; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < f->w; x++) {
            float cover = (reach - distance(x + 0.5f, y + 0.5f, ax, ay, bx, by)) * 255;
            uint8_t v = cover < 0 ? 0 : cover > 255 ? 255 : (uint8_t)cover;
            if (v > alpha[y * f->w + x]) alpha[y * f->w + x] = v;
        }
}

static const uint8_t *rendered(struct font *f, char ch)
{
    int index = ch < ' ' || ch > '~' ? '?' - ' ' : ch - ' ';
    if (f->alpha[index]) return f->alpha[index];
    uint8_t *alpha = f->alpha[index] = calloc(1, (size_t)f->w * f->h);
    float sx = (f->w - 3.0f) / 5, sy = (f->h - 2.0f) / 10.5f, ox = sx / 2 + 1, oy = sy / 2 + 1;
    for (const char *s = strokes[index]; *s; s += *s == ' ') {
        float x = 0, y = 0;
        for (bool first = true; *s && *s != ' '; s += 2, first = false) {
            float nx = ox + (s[0] - '0') * sx, ny = oy + (s[1] - '0') * sy;
            if (!first || !s[2] || s[2] == ' ') stroke(f, alpha, first ? nx : x, first ? ny : y, nx, ny);
            x = nx;
            y = ny;
        }
    }
    return alpha;
}

static void draw(struct canvas *c, struct font *f, int x, int y, const char *s, int length, uint32_t rgb)
{
    damage_add(c, x, y, length * f->w, f->h);
    for (int n = 0; n < length; n++, x += f->w) {
        const uint8_t *alpha = rendered(f, s[n]);
        for (int j = 0; j < f->h; j++)
            for (int i = 0; i < f->w; i++) {
                int a = alpha[j * f->w + i], px = x + i, py = y + j;
                if (a == 0 || px < 0 || py < 0 || px >= c->w || py >= c->h) continue;
                uint32_t *p = c->px + (size_t)py * c->stride + px;
                *p = mix(*p, rgb, a + (a >> 7));
            }
    }
}

void text(struct canvas *c, int x, int y, const char *s, uint32_t rgb) { draw(c, &text_font, x, y, s, (int)strlen(s), rgb); }
void title(struct canvas *c, int x, int y, const char *s, uint32_t rgb) { draw(c, &title_font, x, y, s, (int)strlen(s), rgb); }
void glyph(struct canvas *c, int x, int y, char ch, uint32_t rgb) { draw(c, &text_font, x, y, &ch, 1, rgb); }
