/*
 * The wall clock in milliseconds, for what people plan and read. Whatever
 * waits or measures uses the loop's monotonic time instead.
 */
#ifndef DISPATCHER_CLOCK_H
#define DISPATCHER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same as of the last tick of the kernel, some milliseconds ago: for what
 * happens often. */
static inline int64_t clock_coarse_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
