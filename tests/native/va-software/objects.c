#include "va_software.h"

uint32_t object_add(struct driver *d, enum object_kind kind, void *object)
{
    uint32_t id = VA_INVALID_ID;
    pthread_mutex_lock(&d->lock);
    for (uint32_t slot = 0; slot < SLOTS_PER_KIND; slot++) {
        if (!d->objects[kind][slot]) {
            d->objects[kind][slot] = object;
            d->live[kind]++;
            id = (uint32_t)kind << 24 | slot;
            break;
        }
    }
    pthread_mutex_unlock(&d->lock);
    return id;
}

void *object_get(struct driver *d, enum object_kind kind, uint32_t id)
{
    uint32_t slot = id & 0xffffff;
    if (id >> 24 != (uint32_t)kind || slot >= SLOTS_PER_KIND)
        return NULL;
    pthread_mutex_lock(&d->lock);
    void *object = d->objects[kind][slot];
    pthread_mutex_unlock(&d->lock);
    return object;
}

void *object_remove(struct driver *d, enum object_kind kind, uint32_t id)
{
    uint32_t slot = id & 0xffffff;
    if (id >> 24 != (uint32_t)kind || slot >= SLOTS_PER_KIND)
        return NULL;
    pthread_mutex_lock(&d->lock);
    void *object = d->objects[kind][slot];
    if (object) {
        d->objects[kind][slot] = NULL;
        d->live[kind]--;
    }
    pthread_mutex_unlock(&d->lock);
    return object;
}
