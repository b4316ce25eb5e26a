// Lines out and in on the first serial port, never blocking the picture: what does not fit the queue is dropped, whole
// lines at a time.
#include "guest.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int fd = -1;
static char out[65536], in[1024];
static int out_length, in_length;

int serial_fd(void) { return fd; }
bool serial_wants_write(void) { return out_length > 0; }

static int open_raw(const char *path, int flags)
{
    int tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
    struct termios t;
    if (tty >= 0 && tcgetattr(tty, &t) == 0) {
        cfmakeraw(&t);
        t.c_cflag |= CLOCAL;
        tcsetattr(tty, TCSANOW, &t);
    }
    return tty;
}

void serial_open(void) { fd = open_raw("/dev/ttyS0", O_NONBLOCK); }

void serial_flush(void)
{
    ssize_t n = fd < 0 ? 0 : write(fd, out, (size_t)out_length);
    if (n <= 0) return;
    out_length -= (int)n;
    memmove(out, out + n, (size_t)out_length);
}

void tell(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (n > (int)sizeof line - 2) n = sizeof line - 2;
    line[n++] = '\n';
    if (out_length + n > (int)sizeof out) return;
    memcpy(out + out_length, line, (size_t)n);
    out_length += n;
}

bool serial_read_line(char *line, int size)
{
    if (in_length < (int)sizeof in) {
        ssize_t n = read(fd, in + in_length, sizeof in - (size_t)in_length);
        if (n > 0) in_length += (int)n;
    }
    for (int i = 0; i < in_length; i++) {
        if (in[i] != '\n' && in[i] != '\r') continue;
        int length = i < size - 1 ? i : size - 1;
        memcpy(line, in, (size_t)length);
        line[length] = 0;
        in_length -= i + 1;
        memmove(in, in + i + 1, (size_t)in_length);
        return true;
    }
    if (in_length == (int)sizeof in) in_length = 0; // a line that never ends
    return false;
}

// For a forked child, whose copy of the queue is its parent's to send.
void serial_forget(void) { out_length = 0; }

// A login line and a shell on another port, for whoever wants to see a console answer.
void shell_start(const char *tty)
{
    if (fork() != 0) return;
    char path[64];
    snprintf(path, sizeof path, "/dev/%s", tty);
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            setsid();
            int t = open(path, O_RDWR);
            if (t < 0) _exit(1);
            ioctl(t, TIOCSCTTY, 0);
            dup2(t, 0), dup2(t, 1), dup2(t, 2);
            execl("/bin/busybox", "sh", "-c", "printf 'qzc-guest login: '; read name; echo \"Welcome, $name.\"; exec /bin/busybox sh -i", NULL);
            _exit(1);
        }
        int status;

        waitpid(pid, &status, 0);
        sleep(1);
    }
}
