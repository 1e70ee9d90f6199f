#include "lib/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nothing can be logged without memory: one plain write, then the end. */
void mem_exhausted(void)
{
    static const char text[] = "muster: out of memory\n";

    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        /* stderr is gone too; abort() tells all the same */
    }
    abort();
}

void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        mem_exhausted();
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);

    if (!p)
        mem_exhausted();
    return p;
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
    void *p;

    if (size && count > SIZE_MAX / size)
        mem_exhausted();
    p = realloc(ptr, size && count ? count * size : 1);
    if (!p)
        mem_exhausted();
    return p;
}

char *xmemdup0(const void *bytes, size_t len)
{
    char *p = xmalloc(len + 1);

    if (len)
        memcpy(p, bytes, len);
    p[len] = '\0';
    return p;
}

char *xstrdup(const char *text)
{
    return xmemdup0(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
    return xmemdup0(text, strnlen(text, len));
}

char *xvasprintf(const char *fmt, va_list args)
{
    char *text;

    if (vasprintf(&text, fmt, args) < 0)
        mem_exhausted();
    return text;
}

char *xasprintf(const char *fmt, ...)
{
    char *text;
    va_list args;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    return text;
}
