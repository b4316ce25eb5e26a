#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define SONAME "libx264.so." TEXT(X264_BUILD)

static struct x264_library library;
static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(problem, sizeof problem, SONAME " cannot be loaded: install the package libx264-" TEXT(X264_BUILD)
            ", or build qzc against the libx264-dev of this system");
        return;
    }
    const struct { const char *name; void *slot; } symbols[] = {
        { "x264_param_default_preset", &library.default_preset },
        { "x264_param_apply_profile", &library.apply_profile },
        // The build number in the name: a struct of another layout cannot be passed by accident.
        { "x264_encoder_open_" TEXT(X264_BUILD), &library.open },
        { "x264_encoder_reconfig", &library.reconfig },
        { "x264_encoder_parameters", &library.parameters },
        { "x264_encoder_encode", &library.encode },
        { "x264_picture_init", &library.picture_init },
        { "x264_encoder_close", &library.close },
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *address = dlsym(handle, symbols[i].name);
        if (address == NULL) {
            snprintf(problem, sizeof problem, SONAME " has no %s: it is another build than qzc was compiled for; install libx264-" TEXT(X264_BUILD), symbols[i].name);
            return;
        }
        *(void **)symbols[i].slot = address;
    }
}

const struct x264_library *x264_library_get(char *message, int bytes)
{
    pthread_once(&once, load);
    if (problem[0] == 0)
        return &library;
    snprintf(message, (size_t)bytes, "%s", problem);
    return NULL;
}
