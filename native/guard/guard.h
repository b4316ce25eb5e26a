// Mappings of files that somebody else may shorten.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../qzc.h"

// Sixteen consoles with four kept mappings each, and as many again that are on their way out.
#define QZC_GUARD_RANGES 128

// From now on a read behind the file's end gives zeros. Whole pages; the number of its place, or -1 without one.
QZC_EXPORT int qzc_guard_add(void *address, size_t length);

// Whether that has happened: what was read is not all the file's.
QZC_EXPORT int qzc_guard_is_torn(int slot);

// Before the mapping is removed, when nobody reads it any more.
QZC_EXPORT void qzc_guard_remove(int slot);
