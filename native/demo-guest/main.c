// The loop: one poll over timer, devices, hot-plug and serial port; one frame per tick, and one at once for an event.
#include "guest.h"
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/netlink.h>
#include <linux/reboot.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const struct scene *const scenes[] = { &scene_pleasant, &scene_still, &scene_card, &scene_anim, &scene_full,
    &scene_typing, &scene_scroll, &scene_desktop };
static int timer;

static void reflex_draw(struct guest *g)
{
    struct canvas *c = &g->heads[0].canvas;
    fill(c, c->w / 2 - 128, c->h / 2 - 128, 256, 256, g->reflex_on ? 0xffffff : 0);
}

// What lies over every scene, drawn last; then everything that changed is shown.
static void finish(struct guest *g, bool changed)
{
    if (changed) {
        if (g->reflex) reflex_draw(g);
        if (g->barcode) barcode_draw(&g->heads[0].canvas, g->number);
    }
    display_present(g);
}

static void timer_set(int fps)
{
    struct itimerspec t = { 0 };
    if (fps > 0) t.it_interval.tv_nsec = t.it_value.tv_nsec = fps > 1 ? 1000000000 / fps : 999999999;
    timerfd_settime(timer, 0, &t, NULL);
}

bool scene_enter(struct guest *g, const char *name)
{
    // "reflex" is the still picture with the block over it; "full+reflex" has the block over motion.
    char base[32];
    snprintf(base, sizeof base, "%.*s", (int)strcspn(name, "+"), name);
    bool reflex = strstr(name, "reflex") != NULL;
    const struct scene *found = !strcmp(base, "reflex") ? &scene_still : NULL;
    for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++)
        if (!strcmp(scenes[i]->name, base)) found = scenes[i];
    if (!found) return false;
    g->reflex = reflex || (g->reflex && g->scene == found);
    g->scene = found;
    g->tick = 0;
    int fps = option_int("fps", found->fps);
    g->fps = found->fps ? fps : 0;
    for (int i = 1; i < g->head_count; i++)
        if (g->heads[i].canvas.w > 0) card_draw(&g->heads[i].canvas, i);
    found->enter(g);
    cursor_show(g, found->hardware_cursor && !g->reflex ? "arrow" : "hidden");
    g->number = found == &scene_card ? 1000 : g->number + 1;
    finish(g, true);
    timer_set(g->fps);
    return true;
}

static void next_mode(struct guest *g)
{
    static const int modes[][2] = { { 1280, 800 }, { 1920, 1080 }, { 1024, 768 } };
    int n = 0;
    while (n < 3 && modes[n][0] != g->heads[0].canvas.w) n++;
    n = (n + 1) % 3;
    if (display_set_mode(g, 0, modes[n][0], modes[n][1])) scene_enter(g, g->scene->name);
}

static void next_scene(struct guest *g)
{
    static const char *const tour[] = { "pleasant", "desktop", "full", "card" };
    int n = 0;
    while (n < 3 && strcmp(tour[n], g->scene->name)) n++;
    scene_enter(g, tour[(n + 1) % 4]);
}

void on_event(struct guest *g, const struct event *e)
{
    if (e->type == EVENT_POINTER) cursor_move(g);
    if (e->type == EVENT_KEY && e->value == 1 && g->scene->hardware_cursor && !g->reflex) {
        if (e->code == KEY_F2) { next_mode(g); return; }
        if (e->code == KEY_F3) { next_scene(g); return; }
        if (e->code == KEY_F4) { tone_play(880, 400); return; }
    }
    if (g->reflex && (e->type == EVENT_POINTER || (e->type == EVENT_KEY && e->value == 1))) {
        g->reflex_on = !g->reflex_on;
        reflex_draw(g);
        g->number++;
        // The block goes out first: it is what a stopwatch watches.
        display_present(g);
        finish(g, true);
    }
    if (g->scene->event) {
        g->scene->event(g, e);
        g->touched = true;
    }
}

static void obey(struct guest *g, char *line)
{
    int a, b, head = 0;
    char word[64] = "";
    if (sscanf(line, "mode %dx%d head %d", &a, &b, &head) >= 2) {
        if (display_set_mode(g, head, a, b)) scene_enter(g, g->scene->name);
        else tell("error %s", line);
    } else if (sscanf(line, "scene %63s", word) == 1) {
        g->reflex = false;
        tell(scene_enter(g, word) ? "scene %s" : "error scene %s", word);
    } else if (sscanf(line, "fps %d", &a) == 1 && a >= 0 && a <= 1000) {
        timer_set(g->fps = a);
        tell("fps %d", a);
    } else if (sscanf(line, "cursor %63s", word) == 1) {
        cursor_show(g, word);
        tell("cursor %s", word);
    } else if (sscanf(line, "tone %d %d", &a, &b) == 2) {
        tone_play(a, b);
        tell("tone %d %d", a, b);
    } else if (sscanf(line, "volume %d", &a) == 1 && a >= 0 && a <= 100) {
        volume_set(a);
        tell("volume %d", a);
    } else if (sscanf(line, "beeps %d", &a) == 1) {
        beeps_play(a);
        tell("beeps %d", a);
    } else if (sscanf(line, "mic %d", &a) == 1 && a > 0) {
        microphone_listen(a);
    } else if (!strcmp(line, "clip image")) {
        if (agent_copy_image()) tell("clip image");
        else tell("error %s", line);
    } else if (!strcmp(line, "clip lie")) {
        tell(agent_lie() ? "%s" : "error %s", line);
    } else if (!strcmp(line, "clip restart")) {
        agent_restart();
        tell("clip restart");
    } else if (sscanf(line, "clip big %d", &a) == 1 && a > 0) {
        tell(agent_copy_text("0123456789abcde\n", (size_t)a * 64) ? "clip big %d" : "error clip big %d", a);
    } else if (!strncmp(line, "clip ", 5)) {
        tell(agent_copy_text(line + 5, 1) ? "%s" : "error %s", line);
    } else if (!strcmp(line, "ping")) {
        tell("pong %u", g->number);
    } else if (!strcmp(line, "poweroff") || !strcmp(line, "reboot")) {
        tell("bye");
        serial_flush();
        usleep(50000);
        reboot(line[0] == 'p' ? LINUX_REBOOT_CMD_POWER_OFF : LINUX_REBOOT_CMD_RESTART);
    } else if (line[0]) {
        tell("error %s", line);
    }
}

static void frame(struct guest *g)
{
    uint64_t missed;
    if (read(timer, &missed, sizeof missed) != sizeof missed) return;
    g->tick++;
    g->number++;
    g->scene->frame(g);
    finish(g, true);
}

static int hotplug_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) < 0) return -1;
    return fd;
}

static void hotplug(struct guest *g, int fd)
{
    char message[8192];
    bool drm = false, input = false, ports = false;
    for (ssize_t n; (n = recv(fd, message, sizeof message - 1, 0)) > 0; ) {
        message[n] = 0;
        for (char *p = message; p < message + n; p += strlen(p) + 1) {
            drm |= !strcmp(p, "HOTPLUG=1");
            input |= !strcmp(p, "SUBSYSTEM=input");
            ports |= !strcmp(p, "SUBSYSTEM=virtio-ports");
            if (!strcmp(p, "DEVNAME=dsp")) tell("device sound");
        }
    }
    if (input) input_scan(g);
    if (ports) agent_scan();
    if (drm) display_probe(g);
}

int main(void)
{
    static struct guest g;
    boot();
    signal(SIGCHLD, SIG_IGN);
    load_modules("/modules/first");
    serial_open();
    tell("qzc-guest 1");
    // Keys belong to the scene: the text console under it must neither switch away nor reboot.
    int tty = open("/dev/tty0", O_RDWR | O_CLOEXEC);
    if (tty >= 0) ioctl(tty, KDSKBMODE, K_OFF);
    int events = hotplug_socket();
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    for (int i = 0; i < 16; i++) g.touches[i].id = -1;
    g.barcode = option_int("barcode", 1);
    const char *damage = option("damage");
    g.full_damage = damage && !strcmp(damage, "full");
    g.follow = option_int("follow", option("mode") == NULL);
    // A display driver may still be looking at its device.
    for (int tries = 0; !display_open(&g) && tries < 100; tries++) usleep(20000);
    if (g.head_count == 0) tell("error no display");
    else {
        g.x = g.heads[0].canvas.w / 2;
        g.y = g.heads[0].canvas.h / 2;
        const char *scene = option("scene");
        if (!scene || !scene_enter(&g, scene)) scene_enter(&g, "pleasant");
        tell("scene %s", g.scene->name);
    }
    input_scan(&g);
    agent_scan();
    if (fork() == 0) { // what can wait until something is on the screen: USB, sound
        load_modules("/modules/later");
        _exit(0);
    }
    if (option("shell")) shell_start(option("shell"));

    for (;;) {
        struct pollfd fds[40] = { { .fd = timer, .events = POLLIN }, { .fd = events, .events = POLLIN },
            { .fd = serial_fd(), .events = POLLIN | (serial_wants_write() ? POLLOUT : 0) },
            { .fd = agent_fd(), .events = agent_events() } };
        int n = 4 + input_poll_fds(&g, fds + 4, 36);
        if (poll(fds, (nfds_t)n, agent_patience()) < 0 || g.head_count == 0) { serial_flush(); continue; }
        if (agent_patience() >= 0) agent_scan();
        // What is to be pasted before the keys that paste it.
        if (fds[3].revents) agent_run(fds[3].revents);
        // Input before the tick, so that a reaction never waits for a frame.
        for (int i = 4; i < n; i++)
            if (fds[i].revents) input_read(&g, fds[i].fd);
        // Once for all that came: showing takes longer than typing, and the kernel's queue is short.
        if (g.touched) finish(&g, false);
        g.touched = false;
        if (fds[0].revents) frame(&g);
        if (fds[1].revents) hotplug(&g, events);
        char line[256];
        if (fds[2].revents & POLLIN)
            while (serial_read_line(line, sizeof line)) obey(&g, line);
        if (serial_wants_write()) serial_flush();
    }
}
