#pragma once

#include <stddef.h>

/// How many blocks of memory this process has asked for so far.
size_t allocations_count(void);

/// How many bytes are in use in blocks of the main thread, their headers included.
size_t allocations_bytes_in_use(void);
