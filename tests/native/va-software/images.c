#include "va_software.h"
#include <stdlib.h>
#include <string.h>

static VAStatus query_formats(VADriverContextP ctx, VAImageFormat *list, int *count)
{
    (void)ctx;
    list[0] = (VAImageFormat){ .fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12 };
    *count = 1;
    return VA_STATUS_SUCCESS;
}

/* An NV12 image on `data`, which the image's buffer owns unless it is borrowed from a surface. */
static VAStatus add_image(struct driver *d, int width, int height, int stride, size_t chroma_offset, size_t size,
                          uint8_t *data, bool borrowed, VAImage *out)
{
    struct image *i = calloc(1, sizeof *i);
    struct buffer *b = calloc(1, sizeof *b);
    if (!i || !b || !data)
        goto failed;
    *b = (struct buffer){ .type = VAImageBufferType, .element_size = (unsigned)size, .elements = 1,
                          .data = data, .borrowed = borrowed, .capacity = size };
    i->image = (VAImage){
        .format = { .fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12 },
        .width = (uint16_t)width, .height = (uint16_t)height, .data_size = (uint32_t)size, .num_planes = 2,
        .pitches = { (uint32_t)stride, (uint32_t)stride }, .offsets = { 0, (uint32_t)chroma_offset },
    };
    i->image.buf = object_add(d, KIND_BUFFER, b);
    i->image.image_id = i->image.buf == VA_INVALID_ID ? VA_INVALID_ID : object_add(d, KIND_IMAGE, i);
    if (i->image.image_id != VA_INVALID_ID) {
        *out = i->image;
        return VA_STATUS_SUCCESS;
    }
    object_remove(d, KIND_BUFFER, i->image.buf);
failed:
    free(i);
    free(b);
    if (!borrowed)
        free(data);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus create_image(VADriverContextP ctx, VAImageFormat *format, int width, int height, VAImage *out)
{
    if (format->fourcc != VA_FOURCC_NV12)
        return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
    if (width <= 0 || height <= 0 || width > MAX_DIMENSION || height > MAX_DIMENSION)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    int stride = (width + 255) & -256;
    size_t luma = (size_t)stride * (size_t)((height + 1) & -2), size = luma + luma / 2;
    return add_image(driver_of(ctx), width, height, stride, luma, size, calloc(1, size), false, out);
}

static VAStatus derive_image(VADriverContextP ctx, VASurfaceID id, VAImage *out)
{
    struct surface *s = object_get(driver_of(ctx), KIND_SURFACE, id);
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    return add_image(driver_of(ctx), s->width, s->height, s->stride, s->chroma_offset, s->size, s->memory, true, out);
}

static VAStatus destroy_image(VADriverContextP ctx, VAImageID id)
{
    struct driver *d = driver_of(ctx);
    struct image *i = object_remove(d, KIND_IMAGE, id);
    if (!i)
        return VA_STATUS_ERROR_INVALID_IMAGE;
    struct buffer *b = object_remove(d, KIND_BUFFER, i->image.buf);
    if (b)
        buffer_free(b);
    free(i);
    return VA_STATUS_SUCCESS;
}

static void copy_plane(uint8_t *to, unsigned to_stride, const uint8_t *from, unsigned from_stride, unsigned bytes, unsigned rows)
{
    for (unsigned row = 0; row < rows; row++)
        memcpy(to + (size_t)row * to_stride, from + (size_t)row * from_stride, bytes);
}

/* Only whole pictures: all that FFmpeg asks for. */
static VAStatus transfer(struct driver *d, VASurfaceID surface, VAImageID id, unsigned width, unsigned height, bool put)
{
    struct surface *s = object_get(d, KIND_SURFACE, surface);
    struct image *i = object_get(d, KIND_IMAGE, id);
    struct buffer *b = i ? object_get(d, KIND_BUFFER, i->image.buf) : NULL;
    if (!s || !b)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (width > (unsigned)s->width || height > (unsigned)s->height || width > i->image.width || height > i->image.height)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    unsigned pitch = i->image.pitches[0], stride = (unsigned)s->stride;
    uint8_t *chroma = b->data + i->image.offsets[1], *surface_chroma = s->memory + s->chroma_offset;
    unsigned chroma_bytes = (width + 1) & ~1u, chroma_rows = (height + 1) / 2;
    if (put) {
        copy_plane(s->memory, stride, b->data, pitch, width, height);
        copy_plane(surface_chroma, stride, chroma, pitch, chroma_bytes, chroma_rows);
    } else {
        copy_plane(b->data, pitch, s->memory, stride, width, height);
        copy_plane(chroma, pitch, surface_chroma, stride, chroma_bytes, chroma_rows);
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus get_image(VADriverContextP ctx, VASurfaceID s, int x, int y, unsigned w, unsigned h, VAImageID i)
{
    return x || y ? VA_STATUS_ERROR_INVALID_PARAMETER : transfer(driver_of(ctx), s, i, w, h, false);
}

static VAStatus put_image(VADriverContextP ctx, VASurfaceID s, VAImageID i, int sx, int sy, unsigned sw, unsigned sh,
                          int dx, int dy, unsigned dw, unsigned dh)
{
    if (sx || sy || dx || dy || sw != dw || sh != dh)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    return transfer(driver_of(ctx), s, i, sw, sh, true);
}

/* libva wants these to be there; a display-less driver has no palettes, subpictures or display attributes. */
static VAStatus set_palette(VADriverContextP c, VAImageID i, unsigned char *p)
{ (void)c; (void)i; (void)p; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus subpicture_formats(VADriverContextP c, VAImageFormat *f, unsigned *g, unsigned *n)
{ (void)c; (void)f; (void)g; *n = 0; return VA_STATUS_SUCCESS; }
static VAStatus create_subpicture(VADriverContextP c, VAImageID i, VASubpictureID *s)
{ (void)c; (void)i; (void)s; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus destroy_subpicture(VADriverContextP c, VASubpictureID s)
{ (void)c; (void)s; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus subpicture_image(VADriverContextP c, VASubpictureID s, VAImageID i)
{ (void)c; (void)s; (void)i; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus subpicture_chromakey(VADriverContextP c, VASubpictureID s, unsigned a, unsigned b, unsigned m)
{ (void)c; (void)s; (void)a; (void)b; (void)m; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus subpicture_alpha(VADriverContextP c, VASubpictureID s, float a)
{ (void)c; (void)s; (void)a; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus associate(VADriverContextP c, VASubpictureID s, VASurfaceID *t, int n, int16_t sx, int16_t sy,
                          uint16_t sw, uint16_t sh, int16_t dx, int16_t dy, uint16_t dw, uint16_t dh, unsigned f)
{
    (void)c; (void)s; (void)t; (void)n; (void)sx; (void)sy; (void)sw; (void)sh;
    (void)dx; (void)dy; (void)dw; (void)dh; (void)f;
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}
static VAStatus deassociate(VADriverContextP c, VASubpictureID s, VASurfaceID *t, int n)
{ (void)c; (void)s; (void)t; (void)n; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus query_display(VADriverContextP c, VADisplayAttribute *a, int *n)
{ (void)c; (void)a; *n = 0; return VA_STATUS_SUCCESS; }
static VAStatus get_display(VADriverContextP c, VADisplayAttribute *a, int n)
{ (void)c; (void)a; (void)n; return VA_STATUS_ERROR_UNIMPLEMENTED; }
static VAStatus set_display(VADriverContextP c, VADisplayAttribute *a, int n)
{ (void)c; (void)a; (void)n; return VA_STATUS_ERROR_UNIMPLEMENTED; }

void install_images(struct VADriverVTable *v)
{
    v->vaQueryImageFormats = query_formats;
    v->vaCreateImage = create_image;
    v->vaDeriveImage = derive_image;
    v->vaDestroyImage = destroy_image;
    v->vaSetImagePalette = set_palette;
    v->vaGetImage = get_image;
    v->vaPutImage = put_image;
    v->vaQuerySubpictureFormats = subpicture_formats;
    v->vaCreateSubpicture = create_subpicture;
    v->vaDestroySubpicture = destroy_subpicture;
    v->vaSetSubpictureImage = subpicture_image;
    v->vaSetSubpictureChromakey = subpicture_chromakey;
    v->vaSetSubpictureGlobalAlpha = subpicture_alpha;
    v->vaAssociateSubpicture = associate;
    v->vaDeassociateSubpicture = deassociate;
    v->vaQueryDisplayAttributes = query_display;
    v->vaGetDisplayAttributes = get_display;
    v->vaSetDisplayAttributes = set_display;
}
