/*
 * The settings of a Consul agent as ours.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/cli/consul_config.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"

#define SERVER_PORT 8300

/* -- YAML ------------------------------------------------------------------ */

/* "  key: "text"", under the section; the text as JSON, which YAML reads. */
static void put(struct buf *section, const char *key, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = json_dumps(value, JSON_ENCODE_ANY);

    buf_add_fmt(section, "  %s: %s\n", key, quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(value);
}

static void put_switch(struct buf *section, const char *key, bool on)
{
    buf_add_fmt(section, "  %s: %s\n", key, on ? "on" : "off");
}

/* The same of an owned text, if there is one. */
static void put_given(struct buf *section, const char *key, char *text)
{
    if (text)
        put(section, key, text);
    free(text);
}

static void end_section(struct consul_config *c, const char *name,
                        struct buf *section)
{
    if (buf_len(section))
        buf_add_fmt(&c->yaml, "%s:\n%s", name, buf_str(section));
    buf_free(section);
}

/* -- addresses ------------------------------------------------------------- */

static char *join(const char *host, long long port)
{
    return xasprintf(strchr(host, ':') ? "[%s]:%lld" : "%s:%lld", host, port);
}

/* Several addresses, or templates of go-sockaddr, are one that can be asked
 * for: the first. */
static char *plain_host(struct consul_config *c, const char *key, char *host)
{
    char *blank;

    if (host && strstr(host, "{{")) {
        consul_remark(c, true,
                      "%s: a template is not worked out here: write "
                      "the address that it gives",
                      key);
        free(host);
        return NULL;
    }
    blank = host ? strchr(host, ' ') : NULL;
    if (blank) {
        consul_remark(c, true,
                      "%s: only the first of its addresses is "
                      "listened on: add the others to muster.yaml",
                      key);
        *blank = '\0';
    }
    return host;
}

static char *host_of(struct consul_config *c, json_t *addresses,
                     const char *face, const char *client)
{
    char *host = plain_host(c, "addresses", consul_take_text(addresses, face));

    return host ? host : xstrdup(client ? client : "127.0.0.1");
}

/* HOST:PORT, unix!/path or NULL: it is off. */
static char *listen_on(struct consul_config *c, json_t *addresses,
                       const char *face, const char *client, long long port)
{
    char *host = host_of(c, addresses, face, client), *addr = NULL;

    if (port > 0 && !strncmp(host, "unix://", 7))
        addr = xasprintf("unix!%s", host + 7);
    else if (port > 0)
        addr = join(host, port);
    free(host);
    return addr;
}

/* What curl is to be told of it; http as listen_on() has it. */
static char *curl_to(const char *http, const char *secure, long long https)
{
    if (http && !strncmp(http, "unix!", 5))
        return xasprintf("--unix-socket %s http://localhost", http + 5);
    if (http)
        return xasprintf("http://%s", http);
    if (https > 0)
        return xasprintf("https://%s:%lld", secure, https);
    return xstrdup("http://127.0.0.1:8500");
}

static void drop_ports(struct consul_config *c, json_t *ports)
{
    static const char *const idle[] = {
        "serf_lan",         "serf_wan",         "rpc",
        "sidecar_min_port", "sidecar_max_port", "expose_min_port",
        "expose_max_port"};
    long long grpc = consul_take_int(ports, "grpc", -1);

    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        json_decref(consul_take(ports, idle[i]));
    if (grpc > 0 || consul_take_int(ports, "grpc_tls", -1) > 0)
        consul_remark(c, false, "ports.grpc: there is no gRPC here");
}

static void translate_faces(struct consul_config *c)
{
    json_t *ports = consul_take(c->in, "ports");
    json_t *addresses = consul_take(c->in, "addresses");
    struct buf registry = BUF_INIT;
    char *client =
        plain_host(c, "client_addr", consul_take_text(c->in, "client_addr"));
    long long https = consul_take_int(ports, "https", -1);
    char *http = listen_on(c, addresses, "http", client,
                           consul_take_int(ports, "http", 8500));
    char *dns = listen_on(c, addresses, "dns", client,
                          consul_take_int(ports, "dns", 8600));
    char *secure = host_of(c, addresses, "https", client);
    bool on = https > 0;

    if (on && http)
        buf_add_fmt(&registry, "  consul: [\"%s\", \"tls!%s!%lld\"]\n", http,
                    secure, https);
    else if (on)
        buf_add_fmt(&registry, "  consul: \"tls!%s!%lld\"\n", secure, https);
    else
        put(&registry, "consul", http ? http : "off");
    put(&registry, "dns", dns ? dns : "off");
    if (json_array_size(json_object_get(c->in, "services"))) {
        char *file = xasprintf("%s/services.db", c->dir);

        put_given(&registry, "static", file);
    }
    end_section(c, "registry", &registry);
    c->http = curl_to(http, secure, https);
    drop_ports(c, ports);
    if (ports)
        json_object_set(c->in, "ports", ports);
    free(client);
    free(http);
    free(dns);
    free(secure);
    json_decref(ports);
    json_decref(addresses);
}

/* -- the cluster ----------------------------------------------------------- */

/* Where the one server is said to be, and services that say no address. */
static void translate_address(struct consul_config *c, struct buf *consul)
{
    json_t *ports = consul_take(c->in, "ports");
    long long port = consul_take_int(ports, "server", 0);
    char *bind =
        plain_host(c, "bind_addr", consul_take_text(c->in, "bind_addr"));
    char *host = plain_host(c, "advertise_addr",
                            consul_take_text(c->in, "advertise_addr"));
    const char *key;
    json_t *value;

    if (!host && bind && strcmp(bind, "0.0.0.0") != 0 && strcmp(bind, "::"))
        host = xstrdup(bind);
    if (host && port >= 0)
        put_given(consul, "advertise", join(host, port ? port : SERVER_PORT));
    if (!host && port > 0)
        consul_remark(c, false,
                      "ports.server: no address says where; set "
                      "consul.advertise: HOST:%lld",
                      port);
    json_object_foreach(ports, key, value)
        consul_remark(c, false, "ports.%s: there is no such port here", key);
    c->host = host ? host : xstrdup("127.0.0.1");
    free(bind);
    json_decref(ports);
}

static void translate_cluster(struct consul_config *c)
{
    static const char *const joins[] = {"start_join", "start_join_wan",
                                        "retry_join", "retry_join_wan"};
    static const char *const gone[] = {
        "advertise_addr_wan", "serf_lan",          "serf_wan",  "node_id",
        "node_meta",          "non_voting_server", "recursors", "recursor"};

    for (size_t i = 0; i < ARRAY_LEN(joins); i++) {
        json_t *list = consul_take(c->in, joins[i]);

        if (json_array_size(list))
            consul_remark(c, true,
                          "%s: one musterd is the whole cluster, and "
                          "joins no other",
                          joins[i]);
        json_decref(list);
    }
    if (consul_take_int(c->in, "bootstrap_expect", 1) > 1)
        consul_remark(c, true,
                      "bootstrap_expect: one musterd is the whole "
                      "cluster");
    if (!consul_take_bool(c->in, "server", true))
        consul_remark(c, true,
                      "server: a client agent has nothing to keep "
                      "here: its services register at the one musterd");
    for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
        json_t *value = consul_take(c->in, gone[i]);

        if (value)
            consul_remark(c, false, "%s: there is nothing like it here",
                          gone[i]);
        json_decref(value);
    }
    /* a secret: not even its being there is anybody's business but ours */
    json_decref(consul_take(c->in, "encrypt"));
    json_decref(consul_take(c->in, "encrypt_verify_incoming"));
    json_decref(consul_take(c->in, "encrypt_verify_outgoing"));
    free(consul_take_text(c->in, "data_dir"));
}

/* -- ACLs ------------------------------------------------------------------ */

/* A secret goes to a file, which is what the setting names. */
static void put_secret(struct consul_config *c, struct buf *section,
                       const char *key, const char *file, char *text)
{
    struct consul_secret *s = &c->secrets[c->n_secrets];

    if (!text)
        return;
    *s = (struct consul_secret){.file = file, .text = text};
    c->n_secrets++;
    put_given(section, key, xasprintf("%s/%s", c->dir, file));
}

static char *either(char *first, char *second)
{
    if (!first)
        return second;
    secret_free(second);
    return first;
}

static void translate_acl(struct consul_config *c, struct buf *consul)
{
    static const char *const idle[] = {"acl_datacenter", "acl_ttl",
                                       "acl_down_policy", "primary_datacenter",
                                       "acl_enforce_version_8"};
    static const char *const lost[] = {
        "acl_agent_token", "acl_agent_master_token", "acl_replication_token"};
    json_t *acl = consul_take(c->in, "acl"), *tokens, *enabled;
    bool on = json_object_get(c->in, "acl_datacenter") != NULL;
    char *policy;

    if (!json_is_object(acl)) {
        json_decref(acl);
        acl = json_object();
    }
    tokens = consul_take(acl, "tokens");
    enabled = consul_take(acl, "enabled");
    policy = either(consul_take_text(acl, "default_policy"),
                    consul_take_text(c->in, "acl_default_policy"));
    if (enabled || on)
        buf_add_fmt(consul, "  acl: %s\n",
                    json_is_false(enabled) ? "off" : "on");
    put_given(consul, "acl_default_policy", policy);
    put_secret(c, consul, "acl_master_token", "consul-master-token",
               either(either(consul_take_text(tokens, "initial_management"),
                             consul_take_text(tokens, "master")),
                      consul_take_text(c->in, "acl_master_token")));
    put_secret(c, consul, "acl_token", "consul-token",
               either(consul_take_text(tokens, "default"),
                      consul_take_text(c->in, "acl_token")));
    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        json_decref(consul_take(c->in, idle[i]));
    for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
        char *token = consul_take_text(c->in, lost[i]);

        if (token)
            consul_remark(c, false,
                          "%s: what the agent itself does needs no "
                          "token here",
                          lost[i]);
        secret_free(token);
    }
    json_decref(acl);
    json_decref(tokens);
    json_decref(enabled);
}

/* -- TLS, log -------------------------------------------------------------- */

static void translate_tls(struct consul_config *c)
{
    static const char *const idle[] = {
        "verify_outgoing", "verify_server_hostname", "verify_incoming_rpc",
        "tls_prefer_server_cipher_suites"};
    bool verify = consul_take_bool(c->in, "verify_incoming", false);
    struct buf tls = BUF_INIT;
    char *min = consul_take_text(c->in, "tls_min_version");

    put_given(&tls, "ca", consul_take_text(c->in, "ca_file"));
    put_given(&tls, "cert", consul_take_text(c->in, "cert_file"));
    put_given(&tls, "key", consul_take_text(c->in, "key_file"));
    if (consul_take_bool(c->in, "verify_incoming_https", verify))
        put(&tls, "client", "required");
    if (min && !strcmp(min, "tls13"))
        put(&tls, "min", "1.3");
    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        json_decref(consul_take(c->in, idle[i]));
    free(min);
    end_section(c, "tls", &tls);
}

static void translate_log(struct consul_config *c)
{
    static const char *const levels[][2] = {
        {"trace", "debug"}, {"debug", "debug"}, {"info", "info"},
        {"warn", "warn"},   {"err", "error"},   {"error", "error"}};
    struct buf log = BUF_INIT;
    char *level = consul_take_text(c->in, "log_level");

    for (size_t i = 0; level && i < ARRAY_LEN(levels); i++)
        if (!strcasecmp(level, levels[i][0]))
            put(&log, "level", levels[i][1]);
    free(level);
    if (consul_take_bool(c->in, "enable_syslog", false))
        put(&log, "to", "syslog");
    if (consul_take_bool(c->in, "log_json", false))
        put(&log, "format", "json");
    end_section(c, "log", &log);
}

/* -- DNS ------------------------------------------------------------------- */

/* Of service_ttl only what is for all services. */
static void translate_service_ttl(struct consul_config *c, json_t *ttls,
                                  struct buf *consul)
{
    put_given(consul, "dns_service_ttl", consul_take_text(ttls, "*"));
    if (json_object_size(ttls))
        consul_remark(c, false,
                      "dns_config.service_ttl: only that of \"*\" is "
                      "translated");
    json_decref(ttls);
}

static void translate_dns(struct consul_config *c, struct buf *consul)
{
    static const char *const idle[] = {"allow_stale", "max_stale", "use_cache",
                                       "cache_max_age", "recursor_timeout"};
    json_t *dns = consul_take(c->in, "dns_config"), *value;
    long long answers = consul_take_int(dns, "udp_answer_limit", -1);
    const char *key;

    put_given(consul, "dns_node_ttl", consul_take_text(dns, "node_ttl"));
    translate_service_ttl(c, consul_take(dns, "service_ttl"), consul);
    if (consul_take_bool(dns, "only_passing", false))
        put_switch(consul, "dns_only_passing", true);
    if (answers >= 0)
        buf_add_fmt(consul, "  dns_udp_answers: %lld\n", answers);
    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        json_decref(consul_take(dns, idle[i]));
    json_object_foreach(dns, key, value) consul_remark(
        c, false, "dns_config.%s: there is nothing like it here", key);
    json_decref(dns);
}

/* -- all of them ----------------------------------------------------------- */

void consul_config_settings(struct consul_config *c)
{
    struct buf consul = BUF_INIT;
    char *domain;
    size_t len;

    translate_faces(c);
    put_given(&consul, "node_name", consul_take_text(c->in, "node_name"));
    put_given(&consul, "datacenter", consul_take_text(c->in, "datacenter"));
    domain = consul_take_text(c->in, "domain");
    len = domain ? strlen(domain) : 0;
    if (len && domain[len - 1] == '.')
        domain[len - 1] = '\0';
    put_given(&consul, "domain", domain);
    translate_address(c, &consul);
    if (json_object_get(c->in, "disable_remote_exec"))
        put_switch(&consul, "remote_exec",
                   !consul_take_bool(c->in, "disable_remote_exec", true));
    c->scripts = consul_take_bool(c->in, "enable_script_checks", false);
    c->scripts |= consul_take_bool(c->in, "enable_local_script_checks", false);
    if (c->scripts)
        put_switch(&consul, "enable_script_checks", true);
    put_given(&consul, "session_ttl_min",
              consul_take_text(c->in, "session_ttl_min"));
    translate_dns(c, &consul);
    translate_acl(c, &consul);
    end_section(c, "consul", &consul);
    translate_tls(c);
    translate_log(c);
    translate_cluster(c);
}
