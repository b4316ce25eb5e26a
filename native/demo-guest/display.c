// KMS by its plain ioctls: one dumb buffer per head, drawn in place, changes told by DIRTYFB so that the host sees exactly
// the rectangles that changed. virtio-gpu copies them on that call; bochs scans its memory out and needs no call.
#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <drm.h>
#include <drm_mode.h>

static int card = -1;
static struct { uint32_t handle; int hot_x, hot_y; } cursors[3];
static int shown = -1;

static int call(unsigned long request, void *arg)
{
    int r;
    do r = ioctl(card, request, arg); while (r < 0 && (errno == EINTR || errno == EAGAIN));
    return r;
}

int display_fd(void) { return card; }

static bool dumb_create(int w, int h, uint32_t *handle, uint32_t *pitch, uint64_t *size, uint32_t **px)
{
    struct drm_mode_create_dumb create = { .width = w, .height = h, .bpp = 32 };
    if (call(DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0) return false;
    struct drm_mode_map_dumb map = { .handle = create.handle };
    if (call(DRM_IOCTL_MODE_MAP_DUMB, &map) < 0) return false;
    void *p = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, card, map.offset);
    if (p == MAP_FAILED) return false;
    *handle = create.handle;
    *pitch = create.pitch;
    *size = create.size;
    *px = p;
    return true;
}

// Any size may be set, not only those that the connector lists: a modeline with blanking enough for every driver.
static struct drm_mode_modeinfo modeline(int w, int h)
{
    struct drm_mode_modeinfo m = { .hdisplay = w, .hsync_start = w + 16, .hsync_end = w + 48, .htotal = w + 80,
        .vdisplay = h, .vsync_start = h + 3, .vsync_end = h + 9, .vtotal = h + 20, .vrefresh = 60,
        .type = DRM_MODE_TYPE_USERDEF };
    m.clock = (uint32_t)((uint64_t)m.htotal * m.vtotal * 60 / 1000);
    snprintf(m.name, sizeof m.name, "%dx%d", w, h);
    return m;
}

bool display_set_mode(struct guest *g, int index, int w, int h)
{
    if (index < 0 || index >= g->head_count || w < 64 || h < 64 || w > 8192 || h > 8192) return false;
    struct head *head = &g->heads[index];
    struct head old = *head;
    uint32_t pitch;
    if (!dumb_create(w, h, &head->handle, &pitch, &head->size, &head->canvas.px)) { *head = old; return false; }
    struct drm_mode_fb_cmd fb = { .width = w, .height = h, .pitch = pitch, .bpp = 32, .depth = 24, .handle = head->handle };
    struct drm_mode_crtc crtc = { .crtc_id = head->crtc, .mode_valid = 1, .count_connectors = 1,
        .set_connectors_ptr = (uintptr_t)&head->connector, .mode = modeline(w, h) };
    bool ok = call(DRM_IOCTL_MODE_ADDFB, &fb) == 0;
    crtc.fb_id = fb.fb_id;
    ok = ok && call(DRM_IOCTL_MODE_SETCRTC, &crtc) == 0;
    if (!ok) {
        struct drm_mode_destroy_dumb destroy = { .handle = head->handle };
        munmap(head->canvas.px, head->size);
        if (fb.fb_id) call(DRM_IOCTL_MODE_RMFB, &fb.fb_id);
        call(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
        *head = old;
        return false;
    }
    head->fb = fb.fb_id;
    head->canvas.w = w;
    head->canvas.h = h;
    head->canvas.stride = (int)(pitch / 4);
    head->canvas.damages = 0;
    if (old.fb) {
        struct drm_mode_destroy_dumb destroy = { .handle = old.handle };
        call(DRM_IOCTL_MODE_RMFB, &old.fb);
        munmap(old.canvas.px, old.size);
        call(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
    }
    if (index == 0) tell("mode %dx%d", w, h);
    else tell("mode %dx%d head %d", w, h, index);
    return true;
}

static void head_off(struct guest *g, int index)
{
    struct head *head = &g->heads[index];
    struct drm_mode_crtc crtc = { .crtc_id = head->crtc };
    struct drm_mode_destroy_dumb destroy = { .handle = head->handle };
    call(DRM_IOCTL_MODE_SETCRTC, &crtc);
    call(DRM_IOCTL_MODE_RMFB, &head->fb);
    munmap(head->canvas.px, head->size);
    call(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
    *head = (struct head){ .connector = head->connector, .crtc = head->crtc };
    tell("mode off head %d", index);
}

// The connector's preferred mode, which follows the size that the viewer asks QEMU for.
static bool preferred(uint32_t id, int *w, int *h)
{
    struct drm_mode_modeinfo modes[64];
    struct drm_mode_get_connector c = { .connector_id = id };
    if (call(DRM_IOCTL_MODE_GETCONNECTOR, &c) < 0 || c.connection != 1 || c.count_modes == 0) return false;
    c.count_modes = c.count_modes > 64 ? 64 : c.count_modes;
    c.modes_ptr = (uintptr_t)modes;
    c.count_props = c.count_encoders = 0;
    // A count smaller than what is there leaves the array untouched, so one mode too many means asking for none.
    if (call(DRM_IOCTL_MODE_GETCONNECTOR, &c) < 0 || c.count_modes == 0 || c.count_modes > 64) return false;
    int best = 0;
    for (uint32_t i = 0; i < c.count_modes; i++)
        if (modes[i].type & DRM_MODE_TYPE_PREFERRED) { best = (int)i; break; }
    *w = modes[best].hdisplay;
    *h = modes[best].vdisplay;
    return true;
}

static void cursor_paint(int index, uint32_t *px, int pitch)
{
    memset(px, 0, (size_t)pitch * 4 * 64);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 24; x++) {
            uint32_t *p = px + y * pitch + x;
            if (index == 0) { // an arrow: white, one black pixel around
                if (x <= y && x + y < 24) *p = x == 0 || x == y || x + y == 23 ? 0xff000000 : 0xffffffff;
            } else if (index == 1) { // a beam
                if (y < 20 && ((x >= 4 && x <= 5) || ((y < 2 || y >= 18) && x >= 1 && x <= 8))) *p = 0xffffffff;
            } else if ((x - 10) * (x - 10) + (y - 10) * (y - 10) < 100) { // a disc, half transparent, premultiplied
                *p = 0x80408000;
            }
        }
}

static void cursors_make(void)
{
    static const int hot[3][2] = { { 0, 0 }, { 5, 10 }, { 10, 10 } };
    for (int i = 0; i < 3; i++) {
        uint32_t pitch, *px;
        uint64_t size;
        if (!dumb_create(64, 64, &cursors[i].handle, &pitch, &size, &px)) return;
        cursor_paint(i, px, (int)(pitch / 4));
        munmap(px, size);
        cursors[i].hot_x = hot[i][0];
        cursors[i].hot_y = hot[i][1];
    }
}

void cursor_show(struct guest *g, const char *shape)
{
    int index = !strcmp(shape, "arrow") ? 0 : !strcmp(shape, "beam") ? 1 : !strcmp(shape, "hand") ? 2 : -1;
    struct drm_mode_cursor2 c = { .flags = DRM_MODE_CURSOR_BO, .crtc_id = g->heads[0].crtc };
    if (index >= 0) {
        c.width = c.height = 64;
        c.handle = cursors[index].handle;
        c.hot_x = cursors[index].hot_x;
        c.hot_y = cursors[index].hot_y;
    }
    if (call(DRM_IOCTL_MODE_CURSOR2, &c) == 0) shown = index;
    cursor_move(g);
}

void cursor_move(struct guest *g)
{
    if (shown < 0) return;
    struct drm_mode_cursor2 c = { .flags = DRM_MODE_CURSOR_MOVE, .crtc_id = g->heads[0].crtc,
        .x = g->x - cursors[shown].hot_x, .y = g->y - cursors[shown].hot_y };
    call(DRM_IOCTL_MODE_CURSOR2, &c);
}

bool display_open(struct guest *g)
{
    for (int i = 0; i < 4 && card < 0; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/dri/card%d", i);
        card = open(path, O_RDWR | O_CLOEXEC);
    }
    if (card < 0) return false;
    uint32_t crtcs[8] = { 0 }, connectors[8] = { 0 };
    struct drm_mode_card_res r = { .crtc_id_ptr = (uintptr_t)crtcs, .connector_id_ptr = (uintptr_t)connectors,
        .count_crtcs = 8, .count_connectors = 8 };
    if (call(DRM_IOCTL_MODE_GETRESOURCES, &r) < 0) return false;
    int w, h;
    bool any = false;
    for (uint32_t i = 0; i < r.count_connectors && i < r.count_crtcs && i < MAX_HEADS; i++) {
        // Both virtio-gpu and bochs pair their n-th connector with their n-th CRTC.
        g->heads[i] = (struct head){ .connector = connectors[i], .crtc = crtcs[i] };
        g->head_count = (int)i + 1;
        if (!preferred(connectors[i], &w, &h)) continue;
        const char *wanted = option("mode");
        if (i == 0 && wanted) sscanf(wanted, "%dx%d", &w, &h);
        any |= display_set_mode(g, (int)i, w, h);
    }
    if (!any) g->head_count = 0;
    else cursors_make();
    return any;
}

void display_probe(struct guest *g)
{
    bool changed = false;
    for (int i = 0; i < g->head_count; i++) {
        int w, h;
        struct canvas *c = &g->heads[i].canvas;
        // The first head stays: somebody has to tell what happens.
        if (!preferred(g->heads[i].connector, &w, &h)) {
            if (i > 0 && c->w > 0) head_off(g, i);
        } else if ((g->follow || (i > 0 && c->w == 0)) && (w != c->w || h != c->h)) {
            changed |= display_set_mode(g, i, w, h);
        }
    }
    if (changed) scene_enter(g, g->scene->name);
}

void display_present(struct guest *g)
{
    for (int i = 0; i < g->head_count; i++) {
        struct canvas *c = &g->heads[i].canvas;
        if (c->damages == 0) continue;
        if (g->full_damage) {
            c->damages = 1;
            c->damage[0] = (struct rect){ 0, 0, c->w, c->h };
        }
        // One call each: the driver would merge several clips of one call into the rectangle around them all.
        for (int d = 0; d < c->damages; d++) {
            struct drm_clip_rect clip = { c->damage[d].x0, c->damage[d].y0, c->damage[d].x1, c->damage[d].y1 };
            struct drm_mode_fb_dirty_cmd dirty = { .fb_id = g->heads[i].fb, .num_clips = 1, .clips_ptr = (uintptr_t)&clip };
            call(DRM_IOCTL_MODE_DIRTYFB, &dirty);
        }
        c->damages = 0;
    }
}
