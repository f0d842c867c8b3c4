#pragma once

#include <stddef.h>

/// Calls `operation` with `context` so many times.
void repeat_counted(void (*operation)(void *), void *context, size_t count);
