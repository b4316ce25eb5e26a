// Changes a hardware encoder's rate in mid-stream without a key frame. FFmpeg sends rate parameters with
// IDR pictures only, though libva takes them with any (va.h, VAEncMiscParameterRateControl). So the
// driver's vaEndPicture is wrapped, for displays of ours alone, and puts a changed rate before it.
#include "qzc.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <va/va.h>
#include <va/va_backend.h>

typedef VAStatus (*end_picture_fn)(VADriverContextP driver, VAContextID context);

// One for each open display: one per encode thread, of which there are at most as many as consoles.
enum { MAX_DISPLAYS = 64 };

static struct { VADriverContextP driver; end_picture_fn end_picture; } wrapped[MAX_DISPLAYS];
static pthread_mutex_t wrapped_lock = PTHREAD_MUTEX_INITIALIZER;

// The rate that the next picture encoded by this thread shall start; 0 when it stays as it is. FFmpeg calls
// vaEndPicture on the thread that sends the frame.
static _Thread_local uint32_t pending_bits_per_second, pending_target_percentage, pending_buffer_bits;

QZC_EXPORT int qzc_va_rate_wrap(VADisplay display);
QZC_EXPORT void qzc_va_rate_unwrap(VADisplay display);
QZC_EXPORT void qzc_va_rate_pend(uint32_t bits_per_second, uint32_t target_percentage, uint32_t buffer_bits);
QZC_EXPORT uint32_t qzc_va_rate_pending(void);

static VAStatus render_misc(VADriverContextP driver, VAContextID context, VAEncMiscParameterType type,
                            const void *value, unsigned int size)
{
    struct { VAEncMiscParameterType type; uint32_t value[16]; } misc = { .type = type };
    if (size > sizeof misc.value)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    __builtin_memcpy(misc.value, value, size);
    VABufferID buffer;
    VAStatus status = driver->vtable->vaCreateBuffer(driver, context, VAEncMiscParameterBufferType,
        (unsigned int)(offsetof(VAEncMiscParameterBuffer, data) + size), 1, &misc, &buffer);
    if (status != VA_STATUS_SUCCESS)
        return status;
    status = driver->vtable->vaRenderPicture(driver, context, &buffer, 1);
    driver->vtable->vaDestroyBuffer(driver, buffer);
    return status;
}

static end_picture_fn original(VADriverContextP driver)
{
    end_picture_fn found = NULL;
    pthread_mutex_lock(&wrapped_lock);
    for (int i = 0; i < MAX_DISPLAYS && !found; i++)
        if (wrapped[i].driver == driver)
            found = wrapped[i].end_picture;
    pthread_mutex_unlock(&wrapped_lock);
    return found;
}

static VAStatus end_picture(VADriverContextP driver, VAContextID context)
{
    if (pending_bits_per_second) {
        VAEncMiscParameterRateControl rate = {
            .bits_per_second = pending_bits_per_second,
            .target_percentage = pending_target_percentage,
            .window_size = 1000,
        };
        VAEncMiscParameterHRD hrd = {
            .initial_buffer_fullness = pending_buffer_bits / 4 * 3,
            .buffer_size = pending_buffer_bits,
        };
        // A driver that takes neither keeps its rate: the picture is worth more than the change.
        render_misc(driver, context, VAEncMiscParameterTypeRateControl, &rate, sizeof rate);
        render_misc(driver, context, VAEncMiscParameterTypeHRD, &hrd, sizeof hrd);
        pending_bits_per_second = 0;
    }
    end_picture_fn next = original(driver);
    return next ? next(driver, context) : VA_STATUS_ERROR_INVALID_DISPLAY;
}

int qzc_va_rate_wrap(VADisplay display)
{
    VADriverContextP driver = ((VADisplayContextP)display)->pDriverContext;
    int done = 0;
    pthread_mutex_lock(&wrapped_lock);
    for (int i = 0; i < MAX_DISPLAYS && !done; i++) {
        if (wrapped[i].driver == NULL) {
            wrapped[i].driver = driver;
            wrapped[i].end_picture = driver->vtable->vaEndPicture;
            driver->vtable->vaEndPicture = end_picture;
            done = 1;
        }
    }
    pthread_mutex_unlock(&wrapped_lock);
    return done;
}

void qzc_va_rate_unwrap(VADisplay display)
{
    VADriverContextP driver = ((VADisplayContextP)display)->pDriverContext;
    pthread_mutex_lock(&wrapped_lock);
    for (int i = 0; i < MAX_DISPLAYS; i++) {
        if (wrapped[i].driver == driver) {
            driver->vtable->vaEndPicture = wrapped[i].end_picture;
            wrapped[i].driver = NULL;
        }
    }
    pthread_mutex_unlock(&wrapped_lock);
}

void qzc_va_rate_pend(uint32_t bits_per_second, uint32_t target_percentage, uint32_t buffer_bits)
{
    pending_bits_per_second = bits_per_second;
    pending_target_percentage = target_percentage;
    pending_buffer_bits = buffer_bits;
}

uint32_t qzc_va_rate_pending(void)
{
    return pending_bits_per_second;
}
