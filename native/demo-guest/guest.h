// The demo guest: one static program, PID 1 of its machine, drawing on DRM dumb buffers and reading evdev.
// Lines that it says and takes on the serial port: docs/hacking.md.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/input.h>

#define MAX_HEADS 4
#define MAX_DAMAGE 16

struct rect { int x0, y0, x1, y1; }; // x1 and y1 are one past the last pixel

// 32-bit XRGB pixels of one head, and what of them has changed since the last present().
struct canvas {
    uint32_t *px;
    int w, h, stride; // stride in pixels
    struct rect damage[MAX_DAMAGE];
    int damages;
};

struct head {
    struct canvas canvas;
    uint32_t connector, crtc, fb, handle;
    uint64_t size;
    int cursor_x, cursor_y;
};

struct touch { int id, x, y; }; // id < 0: lifted

enum event_type { EVENT_KEY, EVENT_BUTTON, EVENT_POINTER, EVENT_TOUCH };
struct event { enum event_type type; int code, value; };

struct guest;
struct scene {
    const char *name;
    int fps;                                               // 0: draws only when something happens
    void (*enter)(struct guest *);                         // draws everything
    void (*frame)(struct guest *);                         // draws what has moved since the last one
    void (*event)(struct guest *, const struct event *);   // may be null
    bool hardware_cursor;
};

struct guest {
    struct head heads[MAX_HEADS];
    int head_count;
    const struct scene *scene;
    int fps;                // frames per second asked for; the scene's own unless given
    uint32_t number;        // of the frame shown, in the barcode
    uint32_t tick;          // frames since the scene was entered
    int x, y;               // pointer on head 0
    int wheel;
    struct touch touches[16];
    bool barcode, reflex, reflex_on, full_damage, follow;
    bool shift, caps;       // as the keyboard has them
    bool touched;           // an event has changed the picture, which is not shown yet
};

// boot.c
void boot(void);
void load_modules(const char *list);
const char *option(const char *name); // "qzc.NAME=" of the kernel command line, or null
int option_int(const char *name, int otherwise);

// display.c
bool display_open(struct guest *);
int display_fd(void);
bool display_set_mode(struct guest *, int head, int w, int h);
void display_probe(struct guest *);        // connectors came, went, or prefer another mode
void display_present(struct guest *);
void cursor_show(struct guest *, const char *shape); // "arrow", "beam", "hand" or "hidden"
void cursor_move(struct guest *);

// draw.c
void damage_add(struct canvas *, int x, int y, int w, int h);
void fill(struct canvas *, int x, int y, int w, int h, uint32_t rgb);
void copy_row(struct canvas *, int x, int y, int w, const uint32_t *row);
void gradient(struct canvas *, int x, int y, int w, int h, uint32_t top, uint32_t bottom);
uint32_t mix(uint32_t a, uint32_t b, int alpha); // alpha 0 (a) to 256 (b)
int sine(int angle);                             // 1024 steps a turn, ±1024
void barcode_draw(struct canvas *, uint32_t number);

// font.c
#define TEXT_W 10
#define TEXT_H 20
#define TITLE_W 28
#define TITLE_H 56
void text(struct canvas *, int x, int y, const char *, uint32_t rgb);
void title(struct canvas *, int x, int y, const char *, uint32_t rgb);
void glyph(struct canvas *, int x, int y, char, uint32_t rgb);

// input.c
void input_scan(struct guest *);
int input_poll_fds(struct guest *, void *pollfds, int max);
void input_read(struct guest *, int fd);

// serial.c
void serial_open(void);
int serial_fd(void);
bool serial_wants_write(void);
void serial_flush(void);
void serial_forget(void);
bool serial_read_line(char *line, int size);
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void shell_start(const char *tty);

// agent.c
void agent_scan(void);                                 // looks for the clipboard's port
int agent_fd(void);
short agent_events(void);
int agent_patience(void);
void agent_run(short events);
bool agent_copy_text(const char *text, size_t times);  // false without such a port
bool agent_copy_image(void);
bool agent_lie(void);
void agent_restart(void);

// sound.c
void tone_play(int hz, int ms);
void beeps_play(int count);
void microphone_listen(int ms);
void volume_set(int percent);                          // of what is played; 0 mutes it

// main.c
void on_event(struct guest *, const struct event *);
bool scene_enter(struct guest *, const char *name);

// scenes
extern const struct scene scene_pleasant, scene_still, scene_card, scene_anim, scene_full, scene_typing, scene_scroll,
    scene_desktop;
void card_draw(struct canvas *, int head);
void motion_rows(struct canvas *, int x, int y, int w, int h, uint32_t tick);
