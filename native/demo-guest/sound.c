// A tone out and the loudest frequency in, by the kernel's OSS emulation, each in a process of its own.
#include "guest.h"
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <time.h>
#include <unistd.h>

#define RATE 48000
// Between two looks at the card; the second from so long before a beep on.
#define SELDOM_US 5000
#define OFTEN_US 200
#define OFTEN_FROM_US 2000

static void mixer_set(const int *channels, int count, int percent)
{
    int fd = open("/dev/mixer", O_RDWR | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < count; i++) {
        int level = percent | percent << 8; // the driver writes what it made of it
        ioctl(fd, MIXER_WRITE(channels[i]), &level);
    }
    if (fd >= 0) close(fd);
}

// Cards come up muted.
static void unmute(void)
{
    static const int channels[] = { SOUND_MIXER_VOLUME, SOUND_MIXER_PCM, SOUND_MIXER_SPEAKER, SOUND_MIXER_IGAIN, SOUND_MIXER_RECLEV };
    mixer_set(channels, sizeof channels / sizeof *channels, 100);
}

void volume_set(int percent)
{
    static const int channels[] = { SOUND_MIXER_VOLUME, SOUND_MIXER_PCM };
    mixer_set(channels, 2, percent);
}

static int dsp(int flags)
{
    // The card's driver is among the modules that are loaded after the first picture.
    for (int tries = 0; access("/dev/dsp", F_OK) != 0 && tries < 100; tries++) usleep(100000);
    unmute();
    int fd = open("/dev/dsp", flags | O_CLOEXEC), format = AFMT_S16_LE, channels = 2, rate = RATE;
    if (fd < 0) return -1;
    if (ioctl(fd, SNDCTL_DSP_SETFMT, &format) < 0 || ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) < 0
        || ioctl(fd, SNDCTL_DSP_SPEED, &rate) < 0 || rate != RATE || channels != 2) {
        close(fd);
        return -1;
    }
    return fd;
}

void tone_play(int hz, int ms)
{
    if (fork() != 0) return;
    int fd = dsp(O_WRONLY);
    int16_t block[480][2];
    for (int t = 0; fd >= 0 && t < ms / 10 * 480; ) {
        for (int i = 0; i < 480; i++, t++) block[i][0] = block[i][1] = (int16_t)(12000 * sin(t * 6.283185307179586 * hz / RATE));
        if (write(fd, block, sizeof block) < 0) break;
    }
    _exit(fd < 0);
}

static long monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Says "beep" when the card has taken a beep's first sample: by what the driver still has to play, which the card's own
// position is in. With it comes when that was seen, by the guest's clock, and how long before that the last look was. Beeps
// of 60 ms, each 4.7 ms further into the 250 ms between them, so that none is in step with a timer of the host. Each look
// costs an emulated card, and with it the sound, some of its time: they are close together only where a beep is due.
void beeps_play(int count)
{
    if (fork() != 0) return;
    serial_forget();
    int fd = dsp(O_WRONLY | O_NONBLOCK), fragments = 16 << 16 | 10, waiting = 0;
    long written = 0, start = RATE / 2, looked = monotonic_us(), rest = SELDOM_US;
    int16_t block[240][2];
    for (int done = 0; fd >= 0 && done < count; usleep(rest)) {
        audio_buf_info room;
        if (written == 0) ioctl(fd, SNDCTL_DSP_SETFRAGMENT, &fragments);
        while (ioctl(fd, SNDCTL_DSP_GETOSPACE, &room) == 0 && room.bytes >= (int)sizeof block) {
            for (int i = 0; i < 240; i++) {
                long t = written + i - start;
                block[i][0] = block[i][1] = t < 0 || t >= RATE * 6 / 100 ? 0 : (int16_t)(16000 * sin((t + 0.5) * 6.283185307179586 * 1000 / RATE));
            }
            if (write(fd, block, sizeof block) != sizeof block) _exit(1);
            waiting |= written <= start && start < written + 240;
            written += 240;
        }
        long before = looked;
        looked = monotonic_us();
        rest = SELDOM_US;
        if (!waiting || ioctl(fd, SNDCTL_DSP_GETODELAY, &room.bytes) != 0) continue;
        long left = start - (written - room.bytes / 4);
        if (left >= 0) {
            rest = left * 1000000 / RATE - OFTEN_FROM_US;
            rest = rest < OFTEN_US ? OFTEN_US : rest > SELDOM_US ? SELDOM_US : rest;
            continue;
        }
        long seen = monotonic_us();
        tell("beep %d %ld %ld", ++done, seen, seen - before);
        serial_flush();
        waiting = 0;
        start += RATE / 4 + 226;
    }
    if (fd < 0) tell("beep none"), serial_flush();
    usleep(200000);
    _exit(fd < 0);
}

// Counts rising zero crossings, which is the frequency of a clean tone, and the loudest sample.
void microphone_listen(int ms)
{
    if (fork() != 0) return;
    serial_forget();
    int fd = dsp(O_RDONLY), crossings = 0, peak = 0, last = 0;
    int16_t block[480][2];
    for (int t = 0; fd >= 0 && t < ms; t += 10) {
        if (read(fd, block, sizeof block) != sizeof block) break;
        for (int i = 0; i < 480; i++) {
            int v = block[i][0];
            crossings += last < 0 && v >= 0;
            last = v;
            if (abs(v) > peak) peak = abs(v);
        }
    }
    if (fd < 0) tell("mic none");
    else tell("mic %d hz peak %d", (int)((long)crossings * 1000 / ms), peak);
    serial_flush();
    _exit(0);
}
