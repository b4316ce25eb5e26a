// Reading a mapping past the end of its file raises SIGBUS, and whoever shares the file can move that end at any time.
// Mappings that are told to us get zero pages there instead, and are marked; every other SIGBUS goes where it went.
#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct range {
    _Atomic uintptr_t start; // 0: free
    _Atomic uintptr_t end;
    atomic_bool torn;
};

static struct range ranges[QZC_GUARD_RANGES];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; // of adding and removing; the handler takes no lock
static struct sigaction previous;
static uintptr_t page_mask;
static bool installed;

// Everything from the faulting page on lies behind the file's end, so that one fault mends the whole mapping.
static bool mend(struct range *r, uintptr_t at)
{
    uintptr_t start = atomic_load(&r->start), end = atomic_load(&r->end);
    if (start == 0 || at < start || at >= end || atomic_load(&r->start) != start)
        return false;
    uintptr_t page = at & page_mask;
    atomic_store(&r->torn, true);
    return mmap((void *)page, end - page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    uintptr_t at = (uintptr_t)info->si_addr;
    for (int i = 0; info->si_code == BUS_ADRERR && i < QZC_GUARD_RANGES; i++) {
        if (mend(&ranges[i], at)) {
            errno = saved;
            return;
        }
    }
    errno = saved;
    if (previous.sa_flags & SA_SIGINFO)
        previous.sa_sigaction(number, info, context);
    else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
        previous.sa_handler(number);
    else
        signal(number, SIG_DFL); // the access is tried again, and ends the process as it would have
}

static bool install(void)
{
    struct sigaction ours;
    if (installed)
        return true;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_bus_error;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    page_mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    installed = sigaction(SIGBUS, NULL, &previous) == 0 && sigaction(SIGBUS, &ours, NULL) == 0;
    return installed;
}

int qzc_guard_add(void *address, size_t length)
{
    int slot = -1;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < QZC_GUARD_RANGES && slot < 0 && install(); i++) {
        if (atomic_load(&ranges[i].start) != 0)
            continue;
        slot = i;
        atomic_store(&ranges[i].torn, false);
        atomic_store(&ranges[i].end, (uintptr_t)address + length);
        atomic_store(&ranges[i].start, (uintptr_t)address);
    }
    pthread_mutex_unlock(&gate);
    return slot;
}

int qzc_guard_is_torn(int slot)
{
    return slot >= 0 && slot < QZC_GUARD_RANGES && atomic_load(&ranges[slot].torn);
}

void qzc_guard_remove(int slot)
{
    if (slot < 0 || slot >= QZC_GUARD_RANGES)
        return;
    pthread_mutex_lock(&gate);
    atomic_store(&ranges[slot].start, 0);
    atomic_store(&ranges[slot].end, 0);
    pthread_mutex_unlock(&gate);
}
