/*
 * Memory for small fixed objects: these calls abort the process with a
 * message when the system has none left. An amount that a peer chose is
 * bounded by its caller first, and only then asked for here.
 *
 * Must not know what is stored.
 */
#ifndef MUSTER_LIB_MEM_H
#define MUSTER_LIB_MEM_H

#include <stdarg.h>
#include <stddef.h>

#define container_of(ptr, type, member)                                        \
    ((type *)((char *)(ptr)-offsetof(type, member)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK   __attribute__((warn_unused_result))

/* What these do when there is no memory: says so and aborts. */
void mem_exhausted(void) __attribute__((noreturn));

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));
/* count * size is checked for overflow. */
void *xreallocarray(void *ptr, size_t count, size_t size)
    __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t len)
    __attribute__((malloc, returns_nonnull));
/* A copy of len bytes with a NUL behind them. */
char *xmemdup0(const void *bytes, size_t len)
    __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list args)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

#endif
