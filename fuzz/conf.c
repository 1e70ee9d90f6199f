/*
 * The configuration: a YAML file, then after a NUL the texts of -o options, one
 * a line. Whatever it is, it is taken or refused with at least one mistake; and
 * what is taken can be read and written out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPTIONS_MAX 16

static void read_list(const struct conf *conf, const struct conf_setting *s)
{
    const char *const *items;
    size_t i, count;

    items = s->type == CONF_LISTEN ? conf_listen(conf, s->key, &count)
                                   : conf_list(conf, s->key, &count);
    for (i = 0; i < count; i++)
        if (!items[i])
            abort();
}

static void read_one(const struct conf *conf, const struct conf_setting *s)
{
    size_t i;

    switch (s->type) {
    case CONF_LISTEN:
    case CONF_BINDS:
    case CONF_REGISTRIES:
    case CONF_WORDS: read_list(conf, s); break;
    case CONF_MAP:
    case CONF_ACTIONS:
        for (i = 0; i < conf_map_size(conf, s->key); i++)
            if (!conf_map_at(conf, s->key, i).name)
                abort();
        break;
    case CONF_BOOL: (void)conf_bool(conf, s->key); break;
    case CONF_INT: (void)conf_int(conf, s->key); break;
    case CONF_DURATION: (void)conf_duration_ms(conf, s->key); break;
    case CONF_SIZE: (void)conf_size(conf, s->key); break;
    default: (void)conf_str(conf, s->key);
    }
    if (!conf_text(conf, s->key) || !conf_origin(conf, s->key))
        abort();
}

static void load(const char *path, const char *const *options, size_t n)
{
    struct conf_source src = {
        .file = path, .options = options, .n_options = n, .nodename = "web1"};
    struct conf_errors errs = {0};
    struct conf *conf = conf_load(&src, &errs);
    const struct conf_setting *table;
    size_t i, count;

    if (!conf && !errs.n)
        abort();
    if (conf) {
        table = conf_table(conf, &count);
        for (i = 0; i < count; i++)
            read_one(conf, &table[i]);
    }
    conf_errors_free(&errs);
    conf_free(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size), *p = text;
    const char *options[OPTIONS_MAX];
    size_t n = 0, file = strlen(text);
    int fd = memfd_create("muster.yaml", 0);
    char path[64];

    if (fd < 0 || write(fd, text, file) != (ssize_t)file)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    for (p = text + file; p < text + size && n < OPTIONS_MAX; n++) {
        *p = '\0';
        options[n] = p + 1;
        p = memchr(p + 1, '\n', (size_t)(text + size - p - 1));
        if (!p)
            p = text + size;
    }
    load(path, options, n);
    close(fd);
    free(text);
    return 0;
}
