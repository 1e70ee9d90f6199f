/*
 * The services of a Consul agent's configuration as static entries: each with
 * the attributes by which the directory knows it again, and its check in
 * check.*, which the registry runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul_config.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"

/* -- attrdb ---------------------------------------------------------------- */

/* A word in single quotes; one that has a line end cannot be written. */
static bool add_quoted(struct buf *out, const char *text)
{
    if (strpbrk(text, "\r\n"))
        return false;
    buf_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '\'');
    return true;
}

/* The service that is being translated. */
struct service {
    struct consul_config *c;
    const char *id; /* for remarks */
    struct buf entry;
    unsigned checks; /* so far */
};

static void put(struct service *s, const char *attr, const char *value)
{
    struct buf pair = BUF_INIT;

    buf_add_fmt(&pair, "        %s=", attr);
    if (add_quoted(&pair, value))
        buf_add_fmt(&s->entry, "%s\n", buf_str(&pair));
    else
        consul_remark(s->c, true, "service %s: its %s has a line end", s->id,
                      attr);
    buf_free(&pair);
}

static void put_given(struct service *s, const char *attr, char *value)
{
    if (value)
        put(s, attr, value);
    free(value);
}

/* -- checks ---------------------------------------------------------------- */

static const char *check_attr(const struct service *s, char *out, size_t size,
                              const char *what)
{
    if (s->checks < 2)
        snprintf(out, size, "check.%s", what);
    else
        snprintf(out, size, "check.%u.%s", s->checks, what);
    return out;
}

static void put_check(struct service *s, const char *what, char *value)
{
    char attr[64];

    put_given(s, check_attr(s, attr, sizeof(attr), what), value);
}

/* Why a check is none that an entry can have; or NULL. */
static const char *check_lost(json_t *check)
{
    static const char *const kinds[][2] = {
        {"args", "it runs a script"},
        {"script_args", "it runs a script"},
        {"script", "it runs a script"},
        {"docker_container_id", "it runs in a container"},
        {"grpc", "it asks by gRPC"},
        {"alias_node", "it is an alias"},
        {"alias_service", "it is an alias"}};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        json_t *value = consul_take(check, kinds[i][0]);

        json_decref(value);
        if (value)
            return kinds[i][1];
    }
    return NULL;
}

/* What of a check has no place in an entry. */
static void remark_check(struct service *s, json_t *check)
{
    static const char *const kept[] = {
        "id",       "check_id", "name",
        "notes",    "status",   "service_id",
        "interval", "timeout",  "success_before_passing"};
    const char *key;
    json_t *value;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        json_decref(consul_take(check, kept[i]));
    json_object_foreach(check, key, value) consul_remark(
        s->c, false, "service %s: %s of its check is left out", s->id, key);
}

static void put_times(struct service *s, json_t *check)
{
    long long fails = consul_take_int(check, "failures_before_critical", 0);

    put_check(s, "interval", consul_take_text(check, "interval"));
    put_check(s, "timeout", consul_take_text(check, "timeout"));
    if (fails > 1)
        put_check(s, "fails", xasprintf("%lld", fails));
}

static void translate_check(struct service *s, json_t *check)
{
    static const char *const kinds[] = {"http", "tcp", "ttl"};
    const char *lost = check_lost(check);
    char *target = NULL;
    size_t i;

    for (i = 0; !lost && !target && i < ARRAY_LEN(kinds); i++)
        target = consul_take_text(check, kinds[i]);
    if (!target) {
        consul_remark(s->c, true,
                      "service %s: a check of it is left out: %s; register it "
                      "by PUT /v1/agent/check/register",
                      s->id, lost ? lost : "it is of no kind that is known");
        return;
    }
    s->checks++;
    put_check(s, kinds[i - 1], target);
    put_times(s, check);
    remark_check(s, check);
}

/* -- services -------------------------------------------------------------- */

/* A meta that is called like a word of ours goes by meta.NAME. */
static void put_meta(struct service *s, const char *name, const char *value)
{
    static const char *const ours[] = {
        "node", "id",     "service",      "addr",    "tags", "host",
        "kind", "status", "tag_override", "persist", NULL};
    bool taken = !strncmp(name, "check.", 6) || !strncmp(name, "meta.", 5);
    char *attr;

    for (size_t i = 0; ours[i]; i++)
        taken |= !strcmp(name, ours[i]);
    if (!*name || *name == '.' || strpbrk(name, "='\"# \t!?~<>")) {
        consul_remark(s->c, true,
                      "service %s: no attribute can be called as "
                      "its meta %s is",
                      s->id, name);
        return;
    }
    attr = xasprintf("%s%s", taken ? "meta." : "", name);
    put(s, attr, value);
    free(attr);
}

static void put_metas(struct service *s, json_t *meta)
{
    const char *name;
    json_t *value;

    json_object_foreach(meta, name, value)
    {
        if (json_is_string(value))
            put_meta(s, name, json_string_value(value));
    }
    json_decref(meta);
}

/* A comma inside a tag stands behind a backslash. */
static void put_tags(struct service *s, json_t *tags)
{
    struct buf all = BUF_INIT;
    json_t *tag;
    size_t i;

    json_array_foreach(tags, i, tag)
    {
        const char *text = json_string_value(tag);

        if (i)
            buf_add_char(&all, ',');
        for (; text && *text; text++) {
            if (*text == ',' || *text == '\\')
                buf_add_char(&all, '\\');
            buf_add_char(&all, *text);
        }
    }
    if (buf_len(&all))
        put(s, "tags", buf_str(&all));
    buf_free(&all);
    json_decref(tags);
}

static void put_address(struct service *s, json_t *service)
{
    char *host = consul_take_text(service, "address");
    long long port = consul_take_int(service, "port", 0);

    if (port > 0)
        put_given(s, "addr",
                  xasprintf("tcp!%s!%lld", host ? host : s->c->host, port));
    else if (host)
        consul_remark(s->c, false,
                      "service %s: an address without a port is "
                      "left out",
                      s->id);
    free(host);
}

/* Its own, and those of the configuration that name it. */
static void put_checks(struct service *s, json_t *service)
{
    json_t *own = consul_take(service, "check"), *check;
    json_t *list = consul_take(service, "checks");
    size_t i;

    if (json_is_object(own))
        translate_check(s, own);
    json_array_foreach(list, i, check) translate_check(s, check);
    json_decref(own);
    json_decref(list);
    list = json_object_get(s->c->in, "checks");
    for (i = json_array_size(list); i-- > 0;) {
        char *id;

        check = json_array_get(list, i);
        id = consul_take_text(check, "service_id");
        if (id && !strcmp(id, s->id)) {
            translate_check(s, check);
            json_array_remove(list, i);
        } else if (id) {
            json_object_set_new(check, "service_id", json_string(id));
        }
        free(id);
    }
}

static void remark_service(struct service *s, json_t *service)
{
    const char *key;
    json_t *value;

    secret_free(consul_take_text(service, "token"));
    json_decref(consul_take(service, "weights"));
    json_object_foreach(service, key, value)
    {
        if (!json_is_null(value))
            consul_remark(s->c, !strcmp(key, "connect") || !strcmp(key, "kind"),
                          "service %s: its %s is left out", s->id, key);
    }
}

/* A name that the registry takes: without blanks and slashes. */
static char *entry_name(const char *id)
{
    char *name = xstrdup(id);

    for (char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '/' || *p == 0x7f)
            *p = '-';
    return name;
}

static void translate_service(struct consul_config *c, json_t *service)
{
    struct service s = {.c = c};
    char *name = consul_take_text(service, "name");
    char *id = consul_take_text(service, "id"), *entry;

    if (!name) {
        consul_remark(c, true, "a service without a name is left out");
        free(id);
        return;
    }
    s.id = id ? id : name;
    entry = entry_name(s.id);
    buf_add_str(&s.entry, "service=");
    add_quoted(&s.entry, entry);
    buf_add_char(&s.entry, '\n');
    put(&s, "'service'", name); /* in quotes no entry begins with it */
    if (strcmp(entry, s.id) != 0)
        put(&s, "id", s.id);
    put_address(&s, service);
    put_tags(&s, consul_take(service, "tags"));
    if (consul_take_bool(service, "enable_tag_override", false))
        put(&s, "tag_override", "1");
    put_metas(&s, consul_take(service, "meta"));
    put_checks(&s, service);
    remark_service(&s, service);
    buf_add(&c->services, buf_data(&s.entry), buf_len(&s.entry));
    buf_free(&s.entry);
    free(entry);
    free(name);
    free(id);
}

void consul_config_services(struct consul_config *c)
{
    json_t *list = consul_take(c->in, "services"), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (json_is_object(item))
            translate_service(c, item);
        else
            consul_remark(c, true, "services: one is no object");
    }
    json_decref(list);
    list = consul_take(c->in, "checks");
    json_array_foreach(list, i, item)
    {
        char *name = consul_take_text(item, "name");

        consul_remark(c, true,
                      "check %s: it is the node's, not a service's: register "
                      "it by PUT /v1/agent/check/register",
                      name ? name : "without a name");
        free(name);
    }
    json_decref(list);
    list = consul_take(c->in, "watches");
    if (json_array_size(list))
        consul_remark(c, true,
                      "watches: what they start is to be started by "
                      "muster kv watch, muster watch or muster event watch");
    json_decref(list);
}
