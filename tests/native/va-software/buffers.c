#include "va_software.h"
#include <stdlib.h>
#include <string.h>

void buffer_free(struct buffer *b)
{
    if (!b->borrowed)
        free(b->data);
    free(b);
}

static VAStatus create_buffer(VADriverContextP ctx, VAContextID context, VABufferType type, unsigned size,
                              unsigned elements, void *data, VABufferID *id)
{
    (void)context;
    if (size == 0 || elements == 0 || (uint64_t)size * elements > 256u << 20)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    struct buffer *b = calloc(1, sizeof *b);
    if (!b || !(b->data = calloc(elements, size))) {
        free(b);
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    b->type = type;
    b->element_size = size;
    b->elements = elements;
    b->capacity = (size_t)size * elements;
    if (data)
        memcpy(b->data, data, b->capacity);
    *id = object_add(driver_of(ctx), KIND_BUFFER, b);
    if (*id != VA_INVALID_ID)
        return VA_STATUS_SUCCESS;
    buffer_free(b);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus set_elements(VADriverContextP ctx, VABufferID id, unsigned elements)
{
    struct buffer *b = object_get(driver_of(ctx), KIND_BUFFER, id);
    if (!b)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    if ((size_t)elements * b->element_size > b->capacity)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    b->elements = elements;
    return VA_STATUS_SUCCESS;
}

static VAStatus map_buffer(VADriverContextP ctx, VABufferID id, void **data)
{
    struct buffer *b = object_get(driver_of(ctx), KIND_BUFFER, id);
    if (!b)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    b->segment.buf = b->data;
    *data = b->type == VAEncCodedBufferType ? (void *)&b->segment : b->data;
    return driver_of(ctx)->lost ? VA_STATUS_ERROR_OPERATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus unmap_buffer(VADriverContextP ctx, VABufferID id)
{
    return object_get(driver_of(ctx), KIND_BUFFER, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

static VAStatus destroy_buffer(VADriverContextP ctx, VABufferID id)
{
    struct buffer *b = object_remove(driver_of(ctx), KIND_BUFFER, id);
    if (!b)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    buffer_free(b);
    return VA_STATUS_SUCCESS;
}

void install_buffers(struct VADriverVTable *v)
{
    v->vaCreateBuffer = create_buffer;
    v->vaBufferSetNumElements = set_elements;
    v->vaMapBuffer = map_buffer;
    v->vaUnmapBuffer = unmap_buffer;
    v->vaDestroyBuffer = destroy_buffer;
}
