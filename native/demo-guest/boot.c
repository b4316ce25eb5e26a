// What PID 1 has to do before anything can be drawn.
#include "guest.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char command_line[4096];

void boot(void)
{
    mkdir("/dev", 0755);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    mount("proc", "/proc", "proc", 0, "");
    mount("sysfs", "/sys", "sysfs", 0, "");
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, command_line, sizeof command_line - 1) : 0;
    if (n > 0 && command_line[n - 1] == '\n') command_line[n - 1] = 0;
    if (fd >= 0) close(fd);
}

// LIST names files under /modules, one a line, each after what it depends on. One that is there already is no error.
void load_modules(const char *list)
{
    FILE *f = fopen(list, "re");
    char line[256], path[300];
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        snprintf(path, sizeof path, "/modules/%s", line);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        syscall(SYS_finit_module, fd, "", 0);
        close(fd);
    }
    if (f) fclose(f);
}

const char *option(const char *name)
{
    static char value[8][128];
    static int next;
    char key[64];
    int length = snprintf(key, sizeof key, "qzc.%s=", name);
    for (const char *p = command_line; (p = strstr(p, key)); p += length) {
        if (p != command_line && p[-1] != ' ') continue;
        char *v = value[next++ % 8];
        snprintf(v, 128, "%.*s", (int)strcspn(p + length, " "), p + length);
        return v;
    }
    return NULL;
}

int option_int(const char *name, int otherwise)
{
    const char *v = option(name);
    return v ? atoi(v) : otherwise;
}
