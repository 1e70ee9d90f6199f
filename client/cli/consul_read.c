#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul_config.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"

/* -- names ----------------------------------------------------------------- */

static int plain(const char **p)
{
    while (**p == '_')
        (*p)++;
    return **p >= 'A' && **p <= 'Z' ? *(*p)++ + 32 : **p ? *(*p)++ : 0;
}

/* As agents compare them: in any case, EnableTagOverride = enable_tag_override.
 */
static bool same_name(const char *a, const char *b)
{
    int x, y;

    do {
        x = plain(&a);
        y = plain(&b);
    } while (x == y && x);
    return x == y;
}

static const char *key_of(json_t *object, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (same_name(key, name))
            return key;
    }
    return NULL;
}

/* -- taking ---------------------------------------------------------------- */

json_t *consul_take(json_t *object, const char *name)
{
    const char *key = key_of(object, name);
    json_t *value;

    if (!key)
        return NULL;
    value = json_incref(json_object_get(object, key));
    json_object_del(object, key);
    if (!json_is_null(value))
        return value;
    json_decref(value);
    return NULL;
}

char *consul_take_text(json_t *object, const char *name)
{
    json_t *value = consul_take(object, name);
    char *text = json_is_string(value) && *json_string_value(value)
                     ? xstrdup(json_string_value(value))
                     : NULL;

    json_decref(value);
    return text;
}

bool consul_take_bool(json_t *object, const char *name, bool none)
{
    json_t *value = consul_take(object, name);
    bool is = json_is_boolean(value) ? json_is_true(value) : none;

    json_decref(value);
    return is;
}

long long consul_take_int(json_t *object, const char *name, long long none)
{
    json_t *value = consul_take(object, name);
    long long n = json_is_integer(value) ? json_integer_value(value) : none;

    json_decref(value);
    return n;
}

/* -- merging --------------------------------------------------------------- */

static void merge(json_t *into, json_t *from);

static void merge_value(json_t *into, const char *key, json_t *value)
{
    const char *there = key_of(into, key);
    json_t *old = there ? json_object_get(into, there) : NULL;

    if (json_is_array(old) && json_is_array(value))
        json_array_extend(old, value);
    else if (json_is_object(old) && json_is_object(value))
        merge(old, value);
    else
        json_object_set(into, there ? there : key, value);
}

static void merge(json_t *into, json_t *from)
{
    const char *key;
    json_t *value;

    json_object_foreach(from, key, value) merge_value(into, key, value);
}

/* One of them, as files for one service have it, is a list of one. */
static void make_list(json_t *file, const char *one, const char *many)
{
    json_t *value = consul_take(file, one), *list = consul_take(file, many);

    if (!json_is_array(list)) {
        json_decref(list);
        list = json_array();
    }
    if (value)
        json_array_append_new(list, value);
    json_object_set_new(file, many, list);
}

/* -- what it must be ------------------------------------------------------- */

enum kind { TEXT, TRUTH, NUMBER, OBJECT, LIST };

/* What is translated, and what it is; of an object, what all in it is. */
static const struct known {
    const char *name;
    enum kind kind;
    bool all; /* ... of an object is of one kind */
    enum kind of;
} known[] = {
    {"node_name", TEXT, false, 0},
    {"datacenter", TEXT, false, 0},
    {"domain", TEXT, false, 0},
    {"client_addr", TEXT, false, 0},
    {"bind_addr", TEXT, false, 0},
    {"advertise_addr", TEXT, false, 0},
    {"ports", OBJECT, true, NUMBER},
    {"addresses", OBJECT, true, TEXT},
    {"server", TRUTH, false, 0},
    {"bootstrap_expect", NUMBER, false, 0},
    {"acl", OBJECT, false, 0},
    {"acl_default_policy", TEXT, false, 0},
    {"acl_master_token", TEXT, false, 0},
    {"acl_token", TEXT, false, 0},
    {"ca_file", TEXT, false, 0},
    {"cert_file", TEXT, false, 0},
    {"key_file", TEXT, false, 0},
    {"tls_min_version", TEXT, false, 0},
    {"verify_incoming", TRUTH, false, 0},
    {"verify_incoming_https", TRUTH, false, 0},
    {"disable_remote_exec", TRUTH, false, 0},
    {"enable_script_checks", TRUTH, false, 0},
    {"enable_local_script_checks", TRUTH, false, 0},
    {"session_ttl_min", TEXT, false, 0},
    {"dns_config", OBJECT, false, 0},
    {"log_level", TEXT, false, 0},
    {"enable_syslog", TRUTH, false, 0},
    {"log_json", TRUTH, false, 0},
    {"service", OBJECT, false, 0},
    {"services", LIST, false, 0},
    {"check", OBJECT, false, 0},
    {"checks", LIST, false, 0},
};

static const char *const kinds[] = {"a text", "true or false", "a number",
                                    "an object", "a list"};

static bool is_kind(const json_t *value, enum kind kind)
{
    switch (kind) {
    case TEXT: return json_is_string(value);
    case TRUTH: return json_is_boolean(value);
    case NUMBER: return json_is_integer(value);
    case OBJECT: return json_is_object(value);
    case LIST: return json_is_array(value);
    }
    return false;
}

static char *members_wrong(const struct known *k, json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!json_is_null(value) && !is_kind(value, k->of))
            return xasprintf("%s.%s is not %s", k->name, key, kinds[k->of]);
    }
    return NULL;
}

char *consul_config_wrong(json_t *file)
{
    char *wrong = NULL;

    for (size_t i = 0; i < ARRAY_LEN(known) && !wrong; i++) {
        const struct known *k = &known[i];
        const char *key = key_of(file, k->name);
        json_t *value = key ? json_object_get(file, key) : NULL;

        if (!value || json_is_null(value))
            continue;
        if (!is_kind(value, k->kind))
            wrong = xasprintf("%s is not %s", key, kinds[k->kind]);
        else if (k->all)
            wrong = members_wrong(k, value);
    }
    return wrong;
}

void consul_config_merge(struct consul_config *c, json_t *file)
{
    json_t *copy = json_deep_copy(file);

    make_list(copy, "service", "services");
    make_list(copy, "check", "checks");
    if (!c->in)
        c->in = json_object();
    merge(c->in, copy);
    json_decref(copy);
}

/* -- remarks --------------------------------------------------------------- */

void consul_remark(struct consul_config *c, bool lost, const char *fmt, ...)
{
    struct consul_remark *r;
    va_list ap;

    c->remarks =
        xreallocarray(c->remarks, c->n_remarks + 1, sizeof(*c->remarks));
    r = &c->remarks[c->n_remarks++];
    r->lost = lost;
    va_start(ap, fmt);
    if (vasprintf(&r->text, fmt, ap) < 0)
        abort();
    va_end(ap);
}

/* -- what is left ---------------------------------------------------------- */

/* What tunes an agent or its cluster, and has nothing to tune here. */
static const char *const idle[] = {"autopilot",
                                   "bootstrap",
                                   "cache",
                                   "check_update_interval",
                                   "default_query_time",
                                   "disable_anonymous_signature",
                                   "disable_host_node_id",
                                   "disable_http_unprintable_char_filter",
                                   "disable_keyring_file",
                                   "disable_update_check",
                                   "discard_check_output",
                                   "enable_acl_replication",
                                   "enable_agent_tls_for_checks",
                                   "enable_debug",
                                   "enable_syslog",
                                   "gossip_lan",
                                   "gossip_wan",
                                   "leave_on_terminate",
                                   "max_query_time",
                                   "performance",
                                   "pid_file",
                                   "protocol",
                                   "raft_protocol",
                                   "raft_snapshot_interval",
                                   "raft_snapshot_threshold",
                                   "reconnect_timeout",
                                   "reconnect_timeout_wan",
                                   "rejoin_after_leave",
                                   "retry_interval",
                                   "retry_interval_wan",
                                   "retry_max",
                                   "retry_max_wan",
                                   "server_name",

                                   "skip_leave_on_interrupt",
                                   "translate_wan_addrs",
                                   "ui",
                                   "ui_dir",
                                   "ui_config",
                                   "ui_content_path"};

void consul_config_rest(struct consul_config *c)
{
    const char *key;
    json_t *value;

    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        json_decref(consul_take(c->in, idle[i]));
    json_object_foreach(c->in, key, value)
    {
        if (!json_is_null(value) &&
            !(json_is_array(value) && !json_array_size(value)))
            consul_remark(c, false, "%s: there is nothing like it here", key);
    }
}

void consul_config_free(struct consul_config *c)
{
    for (unsigned i = 0; i < c->n_secrets; i++)
        secret_free(c->secrets[i].text);
    for (size_t i = 0; i < c->n_remarks; i++)
        free(c->remarks[i].text);
    free(c->remarks);
    free(c->host);
    free(c->http);
    buf_free(&c->yaml);
    buf_free(&c->services);
    json_decref(c->in);
}
