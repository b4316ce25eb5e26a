#define _GNU_SOURCE
#include "va_software.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FOURCC(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
static const uint32_t drm_format_r8 = FOURCC('R', '8', ' ', ' '), drm_format_gr88 = FOURCC('G', 'R', '8', '8');

/* A real dma-buf where the kernel makes one of a memfd; elsewhere the memfd itself, which software GPUs import. */
static int exportable(int memfd, size_t size)
{
    int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
    if (device < 0)
        return memfd;
    struct udmabuf_create create = { .memfd = (uint32_t)memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
    int fd = ioctl(device, UDMABUF_CREATE, &create);
    close(device);
    if (fd < 0)
        return memfd;
    close(memfd);
    return fd;
}

static struct surface *surface_create(int width, int height)
{
    struct surface *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->width = width;
    s->height = height;
    s->stride = (width + 255) & -256;
    int rows = (height + 15) & -16;
    s->chroma_offset = (size_t)s->stride * (size_t)rows;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    s->size = (s->chroma_offset + s->chroma_offset / 2 + page - 1) & ~(page - 1);

    int memfd = memfd_create("va-software surface", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memfd < 0 || ftruncate(memfd, (off_t)s->size) < 0 || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        goto failed;
    s->memory = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    if (s->memory == MAP_FAILED)
        goto failed;
    memset(s->memory, 16, s->chroma_offset);
    memset(s->memory + s->chroma_offset, 128, s->chroma_offset / 2);
    s->fd = exportable(memfd, s->size);
    return s;
failed:
    if (memfd >= 0)
        close(memfd);
    free(s);
    return NULL;
}

void surface_free(struct surface *s)
{
    munmap(s->memory, s->size);
    close(s->fd);
    free(s);
}

static VAStatus destroy_surfaces(VADriverContextP ctx, VASurfaceID *list, int count)
{
    VAStatus status = VA_STATUS_SUCCESS;
    for (int i = 0; i < count; i++) {
        struct surface *s = object_remove(driver_of(ctx), KIND_SURFACE, list[i]);
        if (s)
            surface_free(s);
        else
            status = VA_STATUS_ERROR_INVALID_SURFACE;
    }
    return status;
}

static VAStatus create_surfaces2(VADriverContextP ctx, unsigned format, unsigned width, unsigned height,
                                 VASurfaceID *list, unsigned count, VASurfaceAttrib *attributes, unsigned n)
{
    struct driver *d = driver_of(ctx);
    if (format != VA_RT_FORMAT_YUV420)
        return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    if (width == 0 || height == 0 || width > MAX_DIMENSION || height > MAX_DIMENSION)
        return VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
    for (unsigned i = 0; i < n; i++)
        if (attributes[i].type == VASurfaceAttribPixelFormat && attributes[i].value.value.i != VA_FOURCC_NV12)
            return VA_STATUS_ERROR_ATTR_NOT_SUPPORTED;
    for (unsigned i = 0; i < count; i++) {
        bool full = d->faults.max_surfaces > 0 && d->live[KIND_SURFACE] >= d->faults.max_surfaces;
        struct surface *s = full ? NULL : surface_create((int)width, (int)height);
        list[i] = s ? object_add(d, KIND_SURFACE, s) : VA_INVALID_SURFACE;
        if (list[i] == VA_INVALID_SURFACE) {
            if (s)
                surface_free(s);
            destroy_surfaces(ctx, list, (int)i);
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        }
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces(VADriverContextP ctx, int width, int height, int format, int count, VASurfaceID *list)
{
    if (width <= 0 || height <= 0 || count < 0)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    return create_surfaces2(ctx, (unsigned)format, (unsigned)width, (unsigned)height, list, (unsigned)count, NULL, 0);
}

static VASurfaceAttrib integer(VASurfaceAttribType type, unsigned flags, int value)
{
    VASurfaceAttrib a = { .type = type, .flags = flags };
    a.value.type = VAGenericValueTypeInteger;
    a.value.value.i = value;
    return a;
}

static VAStatus query_attributes(VADriverContextP ctx, VAConfigID config, VASurfaceAttrib *list, unsigned *count)
{
    if (!object_get(driver_of(ctx), KIND_CONFIG, config))
        return VA_STATUS_ERROR_INVALID_CONFIG;
    const unsigned both = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE;
    const VASurfaceAttrib all[] = {
        integer(VASurfaceAttribPixelFormat, both, VA_FOURCC_NV12),
        integer(VASurfaceAttribMinWidth, VA_SURFACE_ATTRIB_GETTABLE, 16),
        integer(VASurfaceAttribMaxWidth, VA_SURFACE_ATTRIB_GETTABLE, MAX_DIMENSION),
        integer(VASurfaceAttribMinHeight, VA_SURFACE_ATTRIB_GETTABLE, 16),
        integer(VASurfaceAttribMaxHeight, VA_SURFACE_ATTRIB_GETTABLE, MAX_DIMENSION),
        integer(VASurfaceAttribMemoryType, both, VA_SURFACE_ATTRIB_MEM_TYPE_VA),
    };
    unsigned room = *count, have = sizeof all / sizeof *all;
    *count = have;
    if (!list)
        return VA_STATUS_SUCCESS;
    if (room < have)
        return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
    memcpy(list, all, sizeof all);
    return VA_STATUS_SUCCESS;
}

static VAStatus export_handle(VADriverContextP ctx, VASurfaceID id, uint32_t type, uint32_t flags, void *out)
{
    struct driver *d = driver_of(ctx);
    struct surface *s = object_get(d, KIND_SURFACE, id);
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (d->faults.export_refused || d->lost)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    if (type != VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2 || !(flags & VA_EXPORT_SURFACE_SEPARATE_LAYERS))
        return VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE;
    int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return VA_STATUS_ERROR_OPERATION_FAILED;

    VADRMPRIMESurfaceDescriptor *prime = out;
    memset(prime, 0, sizeof *prime);
    prime->fourcc = VA_FOURCC_NV12;
    prime->width = (uint32_t)s->width;
    prime->height = (uint32_t)s->height;
    prime->num_objects = 1;
    prime->objects[0].fd = fd;
    prime->objects[0].size = (uint32_t)s->size;
    prime->objects[0].drm_format_modifier = d->faults.odd_modifier ? d->faults.modifier : 0;
    prime->num_layers = 2;
    for (int layer = 0; layer < 2; layer++) {
        prime->layers[layer].drm_format = layer == 0 ? drm_format_r8 : drm_format_gr88;
        prime->layers[layer].num_planes = (uint32_t)d->faults.planes_per_layer;
        for (int plane = 0; plane < d->faults.planes_per_layer && plane < 4; plane++) {
            prime->layers[layer].offset[plane] = layer == 0 ? 0 : (uint32_t)s->chroma_offset;
            prime->layers[layer].pitch[plane] = (uint32_t)s->stride;
        }
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus sync_surface(VADriverContextP ctx, VASurfaceID id)
{
    struct driver *d = driver_of(ctx);
    struct surface *s = object_get(d, KIND_SURFACE, id);
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (s->hang_ms > 0) {
        struct timespec wait = { s->hang_ms / 1000, s->hang_ms % 1000 * 1000000 };
        s->hang_ms = 0;
        while (nanosleep(&wait, &wait) < 0 && errno == EINTR)
            continue;
    }
    return d->lost ? VA_STATUS_ERROR_OPERATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus surface_status(VADriverContextP ctx, VASurfaceID id, VASurfaceStatus *status)
{
    if (!object_get(driver_of(ctx), KIND_SURFACE, id))
        return VA_STATUS_ERROR_INVALID_SURFACE;
    *status = VASurfaceReady;
    return VA_STATUS_SUCCESS;
}

void install_surfaces(struct VADriverVTable *v)
{
    v->vaCreateSurfaces = create_surfaces;
    v->vaCreateSurfaces2 = create_surfaces2;
    v->vaDestroySurfaces = destroy_surfaces;
    v->vaQuerySurfaceAttributes = query_attributes;
    v->vaExportSurfaceHandle = export_handle;
    v->vaSyncSurface = sync_surface;
    v->vaQuerySurfaceStatus = surface_status;
}
