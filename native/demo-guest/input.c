// Every evdev device, told on the serial port as it comes and handed to the scene as events.
#include "guest.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_DEVICES 32

static struct device {
    int fd, number;
    struct input_absinfo x, y;
    int abs_x, abs_y, rel_x, rel_y, slot;
    bool moved_abs, moved_rel;
    unsigned touched; // slots that changed since the last SYN
    int ids[16], tx[16], ty[16];
    int tablet;       // from 0 among those that tell positions; the n-th belongs to the n-th head
    unsigned lights;  // by LED_ code
} devices[MAX_DEVICES];
static int count, tablets;

static bool bit(const unsigned char *bits, int n) { return bits[n / 8] >> (n % 8) & 1; }

void input_scan(struct guest *g)
{
    (void)g;
    for (int n = 0; n < 64 && count < MAX_DEVICES; n++) {
        bool known = false;
        for (int i = 0; i < count; i++) known |= devices[i].fd >= 0 && devices[i].number == n;
        if (known) continue;
        char path[32];
        snprintf(path, sizeof path, "/dev/input/event%d", n);
        int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        struct device *d = &devices[count++];
        *d = (struct device){ .fd = fd, .number = n };
        for (int i = 0; i < 16; i++) d->ids[i] = -1;
        unsigned char abs[ABS_CNT / 8 + 1] = { 0 };
        ioctl(fd, EVIOCGBIT(EV_ABS, sizeof abs), abs);
        bool multitouch = bit(abs, ABS_MT_POSITION_X);
        if (multitouch || bit(abs, ABS_X)) {
            ioctl(fd, EVIOCGABS(multitouch ? ABS_MT_POSITION_X : ABS_X), &d->x);
            ioctl(fd, EVIOCGABS(multitouch ? ABS_MT_POSITION_Y : ABS_Y), &d->y);
            if (!multitouch) d->tablet = tablets++;
        }
        // Half a second: a release that a busy host delivers late must not count as a key held.
        ioctl(fd, EVIOCSREP, (unsigned[]){ 500, 33 });
        char name[80] = "?";
        ioctl(fd, EVIOCGNAME(sizeof name - 1), name);
        tell("device %d %s", n, name);
    }
}

int input_poll_fds(struct guest *g, void *pollfds, int max)
{
    (void)g;
    struct pollfd *p = pollfds;
    int n = 0;
    for (int i = 0; i < count && n < max; i++)
        if (devices[i].fd >= 0) p[n++] = (struct pollfd){ .fd = devices[i].fd, .events = POLLIN };
    return n;
}

// QEMU's devices count to 0x7fff over the whole screen, whatever its size.
static int scaled(const struct input_absinfo *range, int value, int size)
{
    int span = range->maximum - range->minimum;
    if (span <= 0) return value;
    return (int)(((long)(value - range->minimum) * (size - 1) + span / 2) / span);
}

static void pointer_moved(struct guest *g, int x, int y)
{
    int w = g->heads[0].canvas.w, h = g->heads[0].canvas.h;
    g->x = x < 0 ? 0 : x >= w ? w - 1 : x;
    g->y = y < 0 ? 0 : y >= h ? h - 1 : y;
    on_event(g, &(struct event){ EVENT_POINTER, 0, 0 });
}

static void synced(struct guest *g, struct device *d)
{
    int w = g->heads[0].canvas.w, h = g->heads[0].canvas.h;
    for (int s = 0; s < 16; s++) {
        if (!(d->touched >> s & 1)) continue;
        g->touches[s] = (struct touch){ d->ids[s], scaled(&d->x, d->tx[s], w), scaled(&d->y, d->ty[s], h) };
        on_event(g, &(struct event){ EVENT_TOUCH, s, d->ids[s] });
        if (d->ids[s] < 0) tell("touch %d up", s);
        else tell("touch %d %d %d", s, g->touches[s].x, g->touches[s].y);
    }
    d->touched = 0;
    if (d->moved_abs && d->tablet == 0) {
        pointer_moved(g, scaled(&d->x, d->abs_x, w), scaled(&d->y, d->abs_y, h));
        tell("abs %d %d", g->x, g->y);
    } else if (d->moved_abs) {
        const struct canvas *c = &g->heads[d->tablet < MAX_HEADS ? d->tablet : 0].canvas;
        tell("abs %d %d head %d", scaled(&d->x, d->abs_x, c->w), scaled(&d->y, d->abs_y, c->h), d->tablet);
    }
    if (d->moved_rel) {
        int dx = d->rel_x, dy = d->rel_y;
        pointer_moved(g, g->x + dx, g->y + dy);
        tell("rel %d %d", dx, dy);
    }
    d->moved_abs = d->moved_rel = false;
    d->rel_x = d->rel_y = 0;
}

// The console's keyboard handler is off, so the lights follow their keys here.
static void light(struct guest *g, struct device *d, int key)
{
    static const struct { int key, led; const char *name; } lights[] = {
        { KEY_CAPSLOCK, LED_CAPSL, "caps" }, { KEY_NUMLOCK, LED_NUML, "num" }, { KEY_SCROLLLOCK, LED_SCROLLL, "scroll" } };
    for (unsigned i = 0; i < sizeof lights / sizeof *lights; i++) {
        if (lights[i].key != key) continue;
        d->lights ^= 1u << lights[i].led;
        if (key == KEY_CAPSLOCK) g->caps = !g->caps;
        int on = d->lights >> lights[i].led & 1;
        struct input_event led[2] = { { .type = EV_LED, .code = (uint16_t)lights[i].led, .value = on }, { .type = EV_SYN } };
        if (write(d->fd, led, sizeof led) > 0) tell("led %s %d", lights[i].name, on);
    }
}

static void shift_read(struct guest *g, const struct device *d)
{
    unsigned char keys[KEY_CNT / 8] = { 0 };
    if (ioctl(d->fd, EVIOCGKEY(sizeof keys), keys) >= 0) g->shift = bit(keys, KEY_LEFTSHIFT) || bit(keys, KEY_RIGHTSHIFT);
}

static void handle(struct guest *g, struct device *d, const struct input_event *e)
{
    switch (e->type) {
    case EV_SYN:
        if (e->code == SYN_REPORT) synced(g, d);
        // The kernel's queue has run over: a release may be among what is lost.
        else if (e->code == SYN_DROPPED) shift_read(g, d);
        break;
    case EV_KEY:
        if (e->code >= BTN_MISC && e->code < KEY_OK) {
            if (e->code == BTN_TOUCH || e->code == BTN_TOOL_FINGER) break;
            on_event(g, &(struct event){ EVENT_BUTTON, e->code, e->value });
            tell("btn %d %d", e->code, e->value);
        } else {
            if (e->code == KEY_LEFTSHIFT || e->code == KEY_RIGHTSHIFT) g->shift = e->value != 0;
            on_event(g, &(struct event){ EVENT_KEY, e->code, e->value });
            tell("key %d %d", e->code, e->value);
            if (e->value == 1) light(g, d, e->code);
        }
        break;
    case EV_REL:
        if (e->code == REL_X) d->rel_x += e->value, d->moved_rel = true;
        else if (e->code == REL_Y) d->rel_y += e->value, d->moved_rel = true;
        else if (e->code == REL_WHEEL) g->wheel += e->value, tell("wheel %d", e->value);
        else if (e->code == REL_HWHEEL) tell("hwheel %d", e->value);
        break;
    case EV_ABS:
        if (e->code == ABS_X) d->abs_x = e->value, d->moved_abs = true;
        else if (e->code == ABS_Y) d->abs_y = e->value, d->moved_abs = true;
        else if (e->code == ABS_MT_SLOT) d->slot = e->value & 15;
        else if (e->code == ABS_MT_TRACKING_ID) d->ids[d->slot] = e->value, d->touched |= 1u << d->slot;
        else if (e->code == ABS_MT_POSITION_X) d->tx[d->slot] = e->value, d->touched |= 1u << d->slot;
        else if (e->code == ABS_MT_POSITION_Y) d->ty[d->slot] = e->value, d->touched |= 1u << d->slot;
        // A multitouch device repeats its first finger as ABS_X and ABS_Y; that is no pointer.
        if (d->touched) d->moved_abs = false;
        break;
    }
}

// A machine that stood still finds the repetition and the release that should have come before it at the same time.
static bool is_stale(const struct input_event *e, const struct input_event *end)
{
    if (e->type != EV_KEY || e->value != 2) return false;
    for (const struct input_event *later = e + 1; later < end; later++)
        if (later->type == EV_KEY && later->code == e->code && later->value == 0) return true;
    return false;
}

void input_read(struct guest *g, int fd)
{
    for (int i = 0; i < count; i++) {
        if (devices[i].fd != fd) continue;
        struct input_event events[256];
        ssize_t n = read(fd, events, sizeof events);
        if (n <= 0) {
            close(fd);
            devices[i] = devices[--count];
            return;
        }
        const struct input_event *end = events + n / (ssize_t)sizeof *events;
        for (const struct input_event *e = events; e < end; e++)
            if (!is_stale(e, end)) handle(g, &devices[i], e);
        return;
    }
}
