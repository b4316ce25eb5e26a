#include "va_software.h"
#include <stdlib.h>

static VAStatus terminate(VADriverContextP ctx)
{
    struct driver *d = driver_of(ctx);
    for (int slot = 0; slot < SLOTS_PER_KIND; slot++) {
        if (d->objects[KIND_CONTEXT][slot])
            context_free(d->objects[KIND_CONTEXT][slot]);
        if (d->objects[KIND_SURFACE][slot])
            surface_free(d->objects[KIND_SURFACE][slot]);
        if (d->objects[KIND_BUFFER][slot])
            buffer_free(d->objects[KIND_BUFFER][slot]);
        free(d->objects[KIND_IMAGE][slot]);
        free(d->objects[KIND_CONFIG][slot]);
    }
    pthread_mutex_destroy(&d->lock);
    free(d);
    ctx->pDriverData = NULL;
    return VA_STATUS_SUCCESS;
}

#define INIT_NAME_(major, minor) __vaDriverInit_##major##_##minor
#define INIT_NAME(major, minor) INIT_NAME_(major, minor)

__attribute__((visibility("default")))
VAStatus INIT_NAME(VA_MAJOR_VERSION, VA_MINOR_VERSION)(VADriverContextP ctx)
{
    struct driver *d = calloc(1, sizeof *d);
    if (!d)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    pthread_mutex_init(&d->lock, NULL);
    faults_from_environment(&d->faults);
    ctx->pDriverData = d;
    ctx->version_major = VA_MAJOR_VERSION;
    ctx->version_minor = VA_MINOR_VERSION;
    ctx->max_profiles = 8;
    ctx->max_entrypoints = 4;
    ctx->max_attributes = 64;
    ctx->max_image_formats = 4;
    ctx->max_subpic_formats = 1;
    ctx->max_display_attributes = 1;
    ctx->str_vendor = "QemuZeroCopy software VA driver for tests (x264)";
    ctx->vtable->vaTerminate = terminate;
    install_configs(ctx->vtable);
    install_surfaces(ctx->vtable);
    install_buffers(ctx->vtable);
    install_images(ctx->vtable);
    install_encode(ctx->vtable);
    return VA_STATUS_SUCCESS;
}
