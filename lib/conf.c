#include "lib/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/conf_errors.h"
#include "lib/conf_impl.h"
#include "lib/conf_read.h"
#include "lib/mem.h"
#include "lib/profile.h"
#include "lib/settings.h"

/* What one conf_load() works on. */
struct load {
    const struct conf_source *src;
    struct conf_errors *errs;
    struct conf *conf;
    const char *file; /* the name for places; NULL: none was read */
    struct conf_node *top;
    struct profiles profiles;
};

/* All of fd, NULL with errno; more than CONF_FILE_MAX bytes are EFBIG. */
static char *read_all(int fd, size_t *len)
{
    char *text = xmalloc(CONF_FILE_MAX + 1);
    ssize_t n = 1;

    *len = 0;
    while (n > 0 && *len <= CONF_FILE_MAX) {
        n = read(fd, text + *len, CONF_FILE_MAX + 1 - *len);
        if (n > 0)
            *len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    if (n == 0)
        return text;
    free(text);
    if (n > 0)
        errno = EFBIG;
    return NULL;
}

/* The text of a file; NULL and told, or NULL where it need not be there. */
static char *read_file(struct load *l, const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *text = NULL;

    if (fd < 0 && errno == ENOENT && l->src->file == NULL)
        return NULL;
    if (fd >= 0)
        text = read_all(fd, len);
    if (text == NULL && errno == EFBIG)
        conf_errors_add(l->errs, path, 0, "larger than %d KiB",
                        CONF_FILE_MAX / 1024);
    else if (text == NULL)
        conf_errors_add(l->errs, path, 0, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return text;
}

static void load_file(struct load *l)
{
    const char *path = l->src->file != NULL ? l->src->file : CONF_DEFAULT_FILE;
    size_t len;
    char *text = read_file(l, path, &len);

    if (text == NULL)
        return;
    l->file = path;
    l->conf->file = xstrdup(path);
    l->top = conf_yaml_parse(text, len, path, l->errs);
    free(text);
    if (l->top != NULL)
        profiles_read(&l->profiles, l->top, path, l->errs);
}

static void load_defaults(struct load *l)
{
    struct conf_layer *layer = &l->conf->layer;

    for (size_t i = 0; i < layer->n; i++) {
        if (layer->table[i].def != NULL)
            conf_layer_set(layer, &layer->table[i], layer->table[i].def,
                           "built in", "default", l->errs);
        layer->values[i].above = false;
    }
}

/* One part of the file, on top of all there is. */
static void load_part(struct load *l, const struct conf_node *map,
                      const char *profile, bool applies)
{
    struct conf_layer layer;
    struct conf_fill fill = {
        .layer = &layer, .file = l->file, .profile = profile, .errs = l->errs};

    if (map == NULL)
        return;
    conf_layer_init(&layer, l->conf->layer.table, l->conf->layer.n);
    conf_read(&fill, map);
    if (applies)
        conf_layer_merge(&l->conf->layer, &layer);
    conf_layer_free(&layer);
}

static void tell_no_profile(struct load *l, const char *name)
{
    char near[CONF_WHY_MAX];
    const char *file = l->file != NULL ? l->file : CONF_DEFAULT_FILE;

    if (l->errs->n > 0 && l->top == NULL)
        return; /* the file could not be read */
    if (profiles_nearest(&l->profiles, name, near, sizeof(near)) != NULL)
        conf_errors_add(l->errs, file, 0,
                        "there is no profile '%.100s'; did you mean %s?", name,
                        near);
    else
        conf_errors_add(l->errs, file, 0, "there is no profile '%.100s'", name);
}

static bool is_in(const struct profile *p, const struct profile *const *chain,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (chain[i] == p)
            return true;
    return false;
}

/* The chain that applies, and for their mistakes those that do not. */
static void load_profiles(struct load *l)
{
    const struct profile *chain[CONF_CHAIN_MAX], *p;
    const char *name =
        l->src->profile != NULL ? l->src->profile : l->conf->nodename;
    size_t n;

    p = profiles_find(&l->profiles, name);
    if (p == NULL && l->src->profile != NULL)
        tell_no_profile(l, name);
    if (p != NULL)
        l->conf->profile = xstrdup(name);
    n = profiles_chain(&l->profiles, name, chain);
    for (size_t i = 0; i < n; i++)
        load_part(l, chain[i]->node, chain[i]->name, true);
    for (size_t i = 0; i < l->profiles.n; i++) {
        p = &l->profiles.list[i];
        if (!is_in(p, chain, n))
            load_part(l, p->node, p->name, false);
    }
}

static void load_environment(struct load *l)
{
    struct conf_layer *layer = &l->conf->layer;
    const char *text;
    char *where;

    for (size_t i = 0; i < layer->n && l->src->environment; i++) {
        if (layer->table[i].env == NULL)
            continue;
        text = getenv(layer->table[i].env);
        if (text == NULL || *text == '\0')
            continue;
        where = xasprintf("$%s", layer->table[i].env);
        conf_layer_set(layer, &layer->table[i], text, where, where, l->errs);
        free(where);
    }
}

static void load_options(struct load *l)
{
    for (size_t i = 0; i < l->src->n_options; i++)
        conf_layer_option(&l->conf->layer, l->src->options[i], l->errs);
}

static struct conf *new_conf(const struct conf_source *src)
{
    struct conf *conf = xcalloc(1, sizeof(*conf));
    size_t n = src->n_table;
    const struct conf_setting *table =
        src->table != NULL ? src->table : settings_table(&n);
    struct utsname un = {.nodename = ""};

    conf_layer_init(&conf->layer, table, n);
    uname(&un);
    conf->nodename =
        xstrdup(src->nodename != NULL ? src->nodename : un.nodename);
    return conf;
}

struct conf *conf_load(const struct conf_source *src, struct conf_errors *errs)
{
    struct load l = {.src = src, .errs = errs, .conf = new_conf(src)};
    size_t before = errs->n;

    load_defaults(&l);
    load_file(&l);
    load_part(&l, l.top, NULL, true);
    load_profiles(&l);
    load_environment(&l);
    load_options(&l);
    profiles_free(&l.profiles);
    conf_node_free(l.top);
    conf_errors_sort(errs);
    if (errs->n > before) {
        conf_free(l.conf);
        return NULL;
    }
    conf_derive(l.conf, src->old);
    return l.conf;
}

void conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    conf_layer_free(&conf->layer);
    free(conf->file);
    free(conf->profile);
    free(conf->nodename);
    free(conf);
}
