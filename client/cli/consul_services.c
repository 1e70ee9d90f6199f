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

/* What a check is done by. */
struct kind {
    const char *key;
    const char *why;   /* no entry can have it; NULL: one can */
    bool by_interface; /* it can be registered there */
};

/* The first that it has, which is taken out: *target, as a text if it is one;
 * NULL: none is known. */
static const struct kind *check_kind(json_t *check, char **target)
{
    static const struct kind kinds[] = {
        {"docker_container_id", "it runs in a container", false},
        {"grpc", "it asks by gRPC", false},
        {"alias_node", "it is an alias", false},
        {"alias_service", "it is an alias", false},
        {"args", "it runs a script", true},
        {"script_args", "it runs a script", true},
        {"script", "it runs a script", true},
        {"http", NULL, true},
        {"tcp", NULL, true},
        {"ttl", NULL, true}};

    *target = NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        json_t *value = consul_take(check, kinds[i].key);
        const char *text = json_string_value(value);
        bool good = text ? *text != '\0' : value && kinds[i].why;

        if (good && text)
            *target = xstrdup(text);
        json_decref(value);
        if (good)
            return &kinds[i];
    }
    return NULL;
}

static void add_shell_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, *text);
    buf_add_char(out, '\'');
}

/* Under the name that the interface knows; or what is said instead. */
static void rename_text(json_t *check, const char *name, const char *new_name,
                        const char *none)
{
    char *text = consul_take_text(check, name);

    if (text || none)
        json_object_set_new(check, new_name, json_string(text ? text : none));
    free(text);
}

/* Headers may be secrets: what they say is not printed. True: there are any. */
static bool hide_headers(json_t *check)
{
    json_t *headers = consul_take(check, "header"), *value;
    bool any = json_object_size(headers) > 0;
    const char *name;
    void *next;

    json_object_foreach_safe(headers, next, name, value)
        json_object_set_new(headers, name, json_pack("[s]", "..."));
    if (any)
        json_object_set(check, "Header", headers);
    json_decref(headers);
    return any;
}

/* How it is registered, by what it is changed to here: what the interface
 * takes. */
static char *by_interface(const struct consul_config *c, json_t *check,
                          bool script, const char *service, const char *name)
{
    struct buf how = BUF_INIT;
    bool hidden = hide_headers(check);
    char *json, *text;

    secret_free(consul_take_text(check, "token"));
    rename_text(check, "check_id", "ID", NULL);
    rename_text(check, "service_id", "ServiceID", service);
    rename_text(check, "name", "Name", name);
    json = json_dumps(check, JSON_COMPACT | JSON_SORT_KEYS);
    buf_add_fmt(&how, "register it when musterd runs%s%s: curl -X PUT --data ",
                script && !c->scripts ? " with consul.enable_script_checks on"
                                      : "",
                hidden ? ", with what its headers say for \"...\"" : "");
    add_shell_quoted(&how, json);
    buf_add_fmt(&how, " %s/v1/agent/check/register", c->http);
    text = xstrdup(buf_str(&how));
    buf_free(&how);
    free(json);
    return text;
}

/* A check that no entry has; whole is that, and spent. */
static void lose_check(const struct service *s, const struct kind *kind,
                       json_t *whole)
{
    const char *why = kind ? kind->why : "it is of no kind that is known";
    struct consul_config *c = s->c;
    char *name, *how;

    if (!kind || !kind->by_interface) {
        consul_remark(c, true,
                      "service %s: a check of it is left out: %s, which is "
                      "not done here",
                      s->id, why);
        return;
    }
    name = xasprintf("Service %s check %zu", s->id, c->n_remarks + 1);
    how = by_interface(c, whole, true, s->id, name);
    consul_remark(c, true, "service %s: a check of it is left out: %s; %s",
                  s->id, why, how);
    free(how);
    free(name);
}

/* What of a check has no place in an entry. */
static void remark_check(struct service *s, json_t *check)
{
    static const char *const kept[] = {"id",       "check_id", "name",
                                       "notes",    "status",   "service_id",
                                       "interval", "timeout"};
    const char *key;
    json_t *value;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        json_decref(consul_take(check, kept[i]));
    json_object_foreach(check, key, value) consul_remark(
        s->c, false, "service %s: %s of its check is left out", s->id, key);
}

static void put_threshold(struct service *s, json_t *check, const char *name,
                          const char *what)
{
    long long n = consul_take_int(check, name, 0);

    if (n > 0)
        put_check(s, what, xasprintf("%lld", n));
}

static void put_times(struct service *s, json_t *check)
{
    put_check(s, "interval", consul_take_text(check, "interval"));
    put_check(s, "timeout", consul_take_text(check, "timeout"));
    put_threshold(s, check, "failures_before_critical", "fails");
    put_threshold(s, check, "failures_before_warning", "warns");
    put_threshold(s, check, "success_before_passing", "passes");
    put_check(s, "deregister_after",
              consul_take_text(check, "deregister_critical_service_after"));
}

static void put_how(struct service *s, json_t *check)
{
    put_check(s, "method", consul_take_text(check, "method"));
    if (consul_take_bool(check, "tls_skip_verify", false))
        put_check(s, "insecure", xstrdup("on"));
}

static void translate_check(struct service *s, json_t *check)
{
    json_t *whole = json_deep_copy(check);
    char *target;
    const struct kind *kind = check_kind(check, &target);

    if (!kind || kind->why) {
        lose_check(s, kind, whole);
        free(target);
    } else {
        s->checks++;
        put_check(s, kind->key, target);
        put_how(s, check);
        put_times(s, check);
        remark_check(s, check);
    }
    json_decref(whole);
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

static void lose_node_check(struct consul_config *c, json_t *check)
{
    json_t *whole = json_deep_copy(check);
    char *target, *name = consul_take_text(check, "name"), *how;
    const struct kind *kind = check_kind(check, &target);
    const char *called = name ? name : "without a name";

    if (kind && kind->by_interface) {
        how = by_interface(c, whole, kind->why != NULL, NULL,
                           name ? name : "check");
        consul_remark(c, true,
                      "check %s: it is the node's, not a service's: %s", called,
                      how);
        free(how);
    } else {
        consul_remark(c, true, "check %s: %s, which is not done here", called,
                      kind ? kind->why : "it is of no kind that is known");
    }
    free(target);
    free(name);
    json_decref(whole);
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
    json_array_foreach(list, i, item) lose_node_check(c, item);
    json_decref(list);
    list = consul_take(c->in, "watches");
    if (json_array_size(list))
        consul_remark(c, true,
                      "watches: what they start is to be started by "
                      "muster kv watch, muster watch or muster event watch");
    json_decref(list);
}
