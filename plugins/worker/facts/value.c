#include "plugins/worker/facts/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

bool value_file(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return false;
    n = fread(out, 1, size - 1, f);
    fclose(f);
    while (n && (out[n - 1] == '\n' || out[n - 1] == ' '))
        n--;
    out[n] = '\0';
    return true;
}

bool value_filef(char *out, size_t size, const char *fmt, ...)
{
    char path[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    return value_file(path, out, size);
}

void value_text(json_t *object, const char *name, const char *text)
{
    if (text && *text && utf8_valid(text, strlen(text)))
        json_object_set_new(object, name, json_string(text));
}

void value_int(json_t *object, const char *name, uint64_t n)
{
    json_object_set_new(object, name, json_integer((json_int_t)n));
}

void value_size(json_t *object, const char *name, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB",
                                        "GiB",   "TiB", "PiB"};
    double n = (double)bytes;
    char text[32], full[64];
    size_t i = 0;

    while (n >= 1024 && i + 1 < sizeof(units) / sizeof(units[0])) {
        n /= 1024;
        i++;
    }
    if (i)
        snprintf(text, sizeof(text), "%.2f %s", n, units[i]);
    else
        snprintf(text, sizeof(text), "%.0f bytes", n);
    snprintf(full, sizeof(full), "%s_bytes", name);
    value_text(object, name, text);
    value_int(object, full, bytes);
}

void value_capacity(json_t *object, uint64_t used, uint64_t total)
{
    char text[32];

    snprintf(text, sizeof(text), "%.2f%%",
             total ? 100.0 * (double)used / (double)total : 0);
    value_text(object, "capacity", text);
}

void value_object(json_t *object, const char *name, json_t *inner)
{
    if (json_object_size(inner))
        json_object_set_new(object, name, inner);
    else
        json_decref(inner);
}
