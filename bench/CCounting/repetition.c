// A function by whose name a profiler can be told where to count; in C, so that the name stays what it is.
#include "repetition.h"

void repeat_counted(void (*operation)(void *), void *context, size_t count) {
  for (size_t index = 0; index < count; index++) operation(context);
}
