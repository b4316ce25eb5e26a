// The guest's end of the clipboard in SPICE's agent protocol (vd_agent.h of spice-protocol), on a virtio port. What it
// is told to copy it offers; what the other side offers it asks for at once, and tells on the serial port.
#include "guest.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MESSAGE (64u << 20)
#define CHUNK_DATA 2048

enum { CLIPBOARD = 4, CAPABILITIES = 6, GRAB = 7, REQUEST = 8, RELEASE = 9 };
enum { TYPE_NONE = 0, TYPE_TEXT = 1, TYPE_PNG = 2 };
enum { BY_DEMAND = 1 << 5, SELECTION = 1 << 6, GRAB_SERIAL = 1 << 17 };

struct chunk { uint32_t port, size; } __attribute__((packed));
struct message { uint32_t protocol, type; uint64_t opaque; uint32_t size; } __attribute__((packed));
struct buffer { uint8_t *bytes; size_t length, capacity; };

static int fd = -1;
static bool present;             // there is such a port, whether or not somebody listens behind it
static uint32_t peer, serial;    // the other side's capabilities; the highest serial of a grab, either way
static struct buffer out, in, message, owned;
static size_t sent;             // how much of out is gone
static uint32_t chunk_left, owned_type;
static bool lies;               // what is handed over says that it is 4 GiB long

static void add(struct buffer *b, const void *bytes, size_t n)
{
    if (b->length + n > b->capacity) {
        b->capacity = 2 * (b->length + n);
        b->bytes = realloc(b->bytes, b->capacity);
        if (!b->bytes) abort();
    }
    memcpy(b->bytes + b->length, bytes, n);
    b->length += n;
}

static void take(struct buffer *b, size_t n)
{
    b->length -= n;
    memmove(b->bytes, b->bytes + n, b->length);
}

static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    for (; n--; p++) {
        crc ^= *p;
        for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void send_message(uint32_t type, const void *head, size_t head_size, const void *data, size_t size)
{
    struct message m = { 1, type, 0, (uint32_t)(head_size + size) };
    struct buffer whole = { 0 };
    add(&whole, &m, sizeof m);
    add(&whole, head, head_size);
    add(&whole, data, size);
    for (size_t at = 0; at < whole.length; at += CHUNK_DATA) {
        size_t n = whole.length - at < CHUNK_DATA ? whole.length - at : CHUNK_DATA;
        add(&out, &(struct chunk){ 1, (uint32_t)n }, sizeof(struct chunk));
        add(&out, whole.bytes + at, n);
    }
    free(whole.bytes);
}

// What every clipboard message begins with where selections are known: this is about the first of them, CLIPBOARD.
static size_t selected(uint32_t *words)
{
    words[0] = 0;
    return peer & SELECTION ? 1 : 0;
}

static void announce(bool request)
{
    uint32_t words[2] = { request, BY_DEMAND | SELECTION | GRAB_SERIAL };
    send_message(CAPABILITIES, words, sizeof words, "", 0);
}

static void grab(void)
{
    uint32_t words[3];
    size_t n = selected(words);
    if (peer & GRAB_SERIAL) words[n++] = ++serial;
    words[n++] = owned_type;
    send_message(GRAB, words, n * 4, "", 0);
}

static void hand_over(uint32_t type)
{
    uint32_t words[2];
    if (lies) {
        struct { struct chunk chunk; struct message message; } __attribute__((packed)) start =
            { { 1, sizeof(struct message) }, { 1, CLIPBOARD, 0, 0xfffffff0 } };
        add(&out, &start, sizeof start);
        return;
    }
    size_t n = selected(words);
    words[n++] = type == owned_type ? type : TYPE_NONE;
    send_message(CLIPBOARD, words, n * 4, owned.bytes, type == owned_type ? owned.length : 0);
}

static void ask_for(uint32_t type)
{
    uint32_t words[2];
    size_t n = selected(words);
    words[n++] = type;
    send_message(REQUEST, words, n * 4, "", 0);
}

static void offered(const uint32_t *words, size_t n)
{
    owned_type = TYPE_NONE;
    if (peer & GRAB_SERIAL && n > 0) {
        if (*words > serial) serial = *words;
        words++, n--;
    }
    uint32_t wanted = TYPE_NONE;
    for (; n > 0; words++, n--)
        if (*words == TYPE_TEXT || (*words == TYPE_PNG && wanted == TYPE_NONE)) wanted = *words;
    if (wanted == TYPE_NONE) tell("clip nothing");
    else {
        tell("clip offered");
        ask_for(wanted);
    }
}

static void received(uint32_t type, const uint8_t *data, size_t size)
{
    uint32_t crc = crc32(0, data, size);
    if (type == TYPE_PNG) { tell("clip image %zu %08x", size, crc); return; }
    char line[121] = "";
    size_t n = 0;
    for (; n < size && n < sizeof line - 1; n++) line[n] = data[n] == '\n' ? '|' : (char)data[n];
    tell("clip text %zu %08x %s", size, crc, line);
}

static void handle(const struct message *m, const uint8_t *data)
{
    uint32_t words[16] = { 0 };
    size_t size = m->size;
    memcpy(words, data, size < sizeof words ? size : sizeof words);
    if (m->type == CAPABILITIES && size >= 8) {
        peer = words[1];
        if (words[0]) announce(false);
        serial = 0;
        if (owned_type != TYPE_NONE) grab();
        return;
    }
    if (m->type < CLIPBOARD || m->type > RELEASE) return;
    if (peer & SELECTION) {
        if (size < 4 || data[0] != 0) return;
        data += 4, size -= 4;
        memmove(words, words + 1, sizeof words - 4);
    }
    if (m->type == GRAB) offered(words, size / 4 < 15 ? size / 4 : 15);
    else if (m->type == REQUEST && size >= 4) hand_over(words[0]);
    else if (m->type == CLIPBOARD && size >= 4) received(words[0], data + 4, size - 4);
    else if (m->type == RELEASE) tell("clip released");
}

static void parse(void)
{
    size_t at = 0;
    while (at < in.length) {
        if (chunk_left == 0) {
            struct chunk c;
            if (in.length - at < sizeof c) break;
            memcpy(&c, in.bytes + at, sizeof c);
            at += sizeof c;
            chunk_left = c.size;
            continue;
        }
        size_t n = in.length - at < chunk_left ? in.length - at : chunk_left;
        add(&message, in.bytes + at, n);
        at += n, chunk_left -= (uint32_t)n;
        struct message m;
        if (message.length < sizeof m) continue;
        memcpy(&m, message.bytes, sizeof m);
        if (m.size > MAX_MESSAGE) { message.length = 0; continue; }
        if (message.length < sizeof m + m.size) continue;
        handle(&m, message.bytes + sizeof m);
        take(&message, sizeof m + m.size);
    }
    take(&in, at);
}

static void hang_up(void)
{
    close(fd);
    fd = -1;
    out.length = in.length = message.length = sent = 0;
    chunk_left = 0;
    peer = 0;
}

// The port is known by its name in sysfs, whichever number it has.
void agent_scan(void)
{
    DIR *ports = fd < 0 ? opendir("/sys/class/virtio-ports") : NULL;
    for (struct dirent *e; ports && (e = readdir(ports)) && fd < 0; ) {
        char path[320], name[64] = "";
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", e->d_name);
        int f = open(path, O_RDONLY | O_CLOEXEC);
        if (f < 0) continue;
        ssize_t n = read(f, name, sizeof name - 1);
        close(f);
        if (n <= 0 || strncmp(name, "com.redhat.spice.0", 18)) continue;
        if (!present) tell("device agent");
        present = true;
        snprintf(path, sizeof path, "/dev/%s", e->d_name);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        struct pollfd p = { .fd = fd };
        // Nobody behind the port, or somebody who is starting anew: another time.
        if (fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & POLLHUP) hang_up();
    }
    if (ports) closedir(ports);
}

int agent_fd(void) { return fd; }
short agent_events(void) { return (short)(POLLIN | (out.length > 0 ? POLLOUT : 0)); }

// How long a poll may last before agent_scan() is due, ms; −1 for ever.
int agent_patience(void) { return present && fd < 0 ? 100 : -1; }

void agent_run(short events)
{
    uint8_t block[65536];
    if (fd < 0) return;
    if (events & POLLIN) {
        ssize_t n = read(fd, block, sizeof block);
        if (n > 0) { add(&in, block, (size_t)n); parse(); }
        else if (n == 0) events |= POLLHUP;
    }
    if (events & POLLHUP) { hang_up(); return; }
    size_t left = out.length - sent;
    ssize_t n = left > 0 ? write(fd, out.bytes + sent, left < 32768 ? left : 32768) : 0;
    if (n > 0) sent += (size_t)n;
    if (sent == out.length) out.length = sent = 0;
}

static void own(uint32_t type)
{
    owned_type = type;
    if (fd >= 0 && peer) grab();
}

bool agent_copy_text(const char *text, size_t times)
{
    if (!present) return false;
    owned.length = 0;
    while (times--) add(&owned, text, strlen(text));
    own(TYPE_TEXT);
    return true;
}

bool agent_lie(void)
{
    lies = true;
    return agent_copy_text("a lie", 1);
}

// As an agent that ends and is started anew, and is honest again; whoever is at the other end is told by the port's closing.
void agent_restart(void)
{
    lies = false;
    if (fd >= 0) hang_up();
}

static void png_chunk(const char *type, const uint8_t *data, size_t size)
{
    uint8_t length[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };
    uint32_t crc = crc32(crc32(0, (const uint8_t *)type, 4), data, size);
    uint8_t sum[4] = { (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc };
    add(&owned, length, 4);
    add(&owned, type, 4);
    add(&owned, data, size);
    add(&owned, sum, 4);
}

// A gradient of 64×64, its rows in one stored block of deflate (RFC 1951 section 3.2.4).
bool agent_copy_image(void)
{
    enum { SIDE = 64, RAW = SIDE * (1 + SIDE * 3) };
    static const uint8_t header[13] = { 0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2 };
    static uint8_t stream[2 + 5 + RAW + 4] = { 0x78, 0x01, 1, RAW & 255, RAW >> 8, ~RAW & 255, (~RAW >> 8) & 255 };
    if (!present) return false;
    uint8_t *p = stream + 7;
    for (int y = 0; y < SIDE; y++) {
        *p++ = 0;
        for (int x = 0; x < SIDE; x++) *p++ = (uint8_t)(4 * x), *p++ = (uint8_t)(4 * y), *p++ = 128;
    }
    uint32_t a = 1, b = 0;
    for (uint8_t *q = stream + 7; q < p; q++) a = (a + *q) % 65521, b = (b + a) % 65521;
    *p++ = (uint8_t)(b >> 8), *p++ = (uint8_t)b, *p++ = (uint8_t)(a >> 8), *p++ = (uint8_t)a;
    owned.length = 0;
    add(&owned, "\x89PNG\r\n\x1a\n", 8);
    png_chunk("IHDR", header, sizeof header);
    png_chunk("IDAT", stream, sizeof stream);
    png_chunk("IEND", header, 0);
    own(TYPE_PNG);
    tell("clip offers %zu %08x", owned.length, crc32(0, owned.bytes, owned.length));
    return true;
}
