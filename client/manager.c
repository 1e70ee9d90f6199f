#include "client/manager.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/attrs.h"
#include "lib/conn.h"
#include "lib/mem.h"

/* What an option that is 0 stands for, and the bounds that have none. */
#define MANAGER_BACKOFF_MIN_MS 100
#define MANAGER_BACKOFF_MAX_MS 10000
#define MANAGER_CONNECT_MS     5000
#define MANAGER_REQUEST_MS     30000
#define MANAGER_LINE_MAX       (1024 * 1024)
#define MANAGER_SERVICES_MAX   1000000
#define MANAGER_OUTPUT_MAX     (1024 * 1024)
#define MANAGER_LINES_A_TURN   256

const char *muster_version(void)
{
    return PACKAGE_VERSION;
}

void manager_error(char **error, const char *fmt, ...)
{
    va_list args;

    if (!error)
        return;
    va_start(args, fmt);
    if (vasprintf(error, fmt, args) < 0)
        *error = NULL;
    va_end(args);
}

/* Not random(): its sequence is the caller's. */
uint32_t manager_chance(void)
{
    uint32_t chance;

    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
        chance = (uint32_t)loop_clock() * 2654435761u;
    return chance;
}

void manager_registry_failed(struct muster *m, unsigned registry)
{
    if (m->current == registry)
        m->current = (registry + 1) % m->registry_count;
}

struct conn_limits manager_conn_limits(const struct muster *m)
{
    return (struct conn_limits){
        .line = m->line_max,
        .output = MANAGER_OUTPUT_MAX,
        .lines_a_turn = MANAGER_LINES_A_TURN,
    };
}

/* -- options --------------------------------------------------------------- */

/* One more registry; NULL or an error text. */
static const char *registry_add(struct muster *m, const char *text)
{
    if (m->registry_count == MANAGER_REGISTRIES_MAX)
        return "too many registries";
    return registry_addr_parse(&m->registries[m->registry_count++], text);
}

static bool registries_parse(struct muster *m, const char *text, char **error)
{
    static const char separators[] = " ,\t\n";
    const char *why;
    char *one;
    size_t len;

    if (!text)
        text = "127.0.0.1";
    for (;;) {
        text += strspn(text, separators);
        len = strcspn(text, separators);
        if (!len)
            break;
        one = xstrndup(text, len);
        why = registry_add(m, one);
        if (why)
            manager_error(error, "registry %s: %s", one, why);
        free(one);
        if (why)
            return false;
        text += len;
    }
    if (!m->registry_count)
        manager_error(error, "no registry is named");
    return m->registry_count > 0;
}

static bool dispatcher_parse(struct muster *m, const char *text, char **error)
{
    const char *why;

    m->dispatcher.kind = ADDR_OFF;
    if (!text)
        return true;
    why = addr_parse(&m->dispatcher, text, MANAGER_DISPATCHER_PORT);
    if (!why && m->dispatcher.kind == ADDR_OFF)
        why = "it cannot be off";
    if (why)
        manager_error(error, "dispatcher %s: %s", text, why);
    return !why;
}

/* -- TLS ------------------------------------------------------------------- */

static struct tls_options tls_options_of(const struct muster_tls *tls)
{
    static const struct muster_tls none;

    if (!tls)
        tls = &none;
    return (struct tls_options){.cert = tls->cert,
                                .key = tls->key,
                                .ca = tls->ca,
                                .name = tls->name,
                                .only_13 = tls->only_13};
}

/* Takes over the text, or frees it where nobody asks for it. */
static void give_error(char **error, char *text)
{
    if (error)
        *error = text;
    else
        free(text);
}

static bool tls_start(struct muster *m, const struct muster_tls *tls,
                      char **error)
{
    struct tls_options o = tls_options_of(tls);
    char *why = NULL;

    m->tls = tls_new(&o, &why);
    if (!m->tls)
        give_error(error, why);
    return m->tls != NULL;
}

bool muster_set_tls(struct muster *m, const struct muster_tls *tls,
                    char **error)
{
    struct tls_options o = tls_options_of(tls);
    char *why = NULL;

    if (tls_load(m->tls, &o, &why))
        return true;
    give_error(error, why);
    return false;
}

struct tls *manager_tls(struct muster *m, const struct addr *addr)
{
    char *why = NULL;

    if (!addr->tls)
        return NULL;
    if (tls_files_changed(m->tls) &&
        !tls_load(m->tls, tls_options(m->tls), &why))
        free(why); /* what was read before is used; muster.h says so */
    return m->tls;
}

/* -- tokens ---------------------------------------------------------------- */

bool muster_set_token(struct muster *m, const char *token)
{
    if (token && (!*token || attr_value_wrong(token, strlen(token))))
        return false;
    if (m->token)
        OPENSSL_cleanse(m->token, strlen(m->token));
    free(m->token);
    m->token = token ? xstrdup(token) : NULL;
    return true;
}

void manager_greet(const struct muster *m, struct conn *c)
{
    if (!m->token)
        return;
    buf_add_pair(conn_out(c), ".token", m->token);
    buf_add_char(conn_out(c), '\n');
    conn_flush(c);
}

static bool is_known(const char *const *known, const char *name)
{
    for (; *known; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

bool manager_write_directives(struct buf *out, const struct muster_attr *d,
                              size_t count, const char *const *known,
                              char **error)
{
    const char *why;
    size_t i;

    for (i = 0; i < count; i++) {
        why = is_known(known, d[i].name)
                  ? attr_value_wrong(d[i].value, strlen(d[i].value))
                  : "no directive of this request";
        if (why) {
            manager_error(error, "%s: %s", d[i].name, why);
            return false;
        }
        buf_add_pair(out, d[i].name, d[i].value);
    }
    return true;
}

/* -- the other options ----------------------------------------------------- */

static uint64_t or_default(uint64_t value, uint64_t def)
{
    return value ? value : def;
}

static bool options_apply(struct muster *m, const struct muster_options *o,
                          char **error)
{
    m->backoff.min_ms = or_default(o->backoff_min_ms, MANAGER_BACKOFF_MIN_MS);
    m->backoff.max_ms = or_default(o->backoff_max_ms, MANAGER_BACKOFF_MAX_MS);
    m->connect_ms = or_default(o->connect_timeout_ms, MANAGER_CONNECT_MS);
    m->request_ms = or_default(o->request_timeout_ms, MANAGER_REQUEST_MS);
    m->line_max = or_default(o->line_max, MANAGER_LINE_MAX);
    m->services_max = or_default(o->services_max, MANAGER_SERVICES_MAX);
    m->on_link = o->on_link;
    m->arg = o->arg;
    if (m->backoff.min_ms > m->backoff.max_ms) {
        manager_error(error, "backoff_min_ms is above backoff_max_ms");
        return false;
    }
    if (!muster_set_token(m, o->token)) {
        manager_error(error, "the token is empty or holds a line end");
        return false;
    }
    return registries_parse(m, o->registries, error) &&
           dispatcher_parse(m, o->dispatcher, error) &&
           tls_start(m, o->tls, error);
}

/* -- life ------------------------------------------------------------------ */

static void manager_release(struct muster *m)
{
    if (m->loop)
        loop_free(m->loop); /* closes what is left of the connections */
    tls_free(m->tls);
    muster_set_token(m, NULL);
    free(m);
}

struct muster *muster_new(struct event_base *base,
                          const struct muster_options *options, char **error)
{
    static const struct muster_options none;
    struct muster *m = xcalloc(1, sizeof(*m));

    TAILQ_INIT(&m->objects);
    if (options_apply(m, options ? options : &none, error)) {
        m->loop = loop_new(base);
        if (m->loop)
            return m;
        manager_error(error, "no event loop");
    }
    manager_release(m);
    return NULL;
}

/* From the caller's loop, when no callback of ours is on the stack. */
static void manager_release_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    manager_release(arg);
}

void manager_enter(struct muster *m)
{
    m->busy++;
}

void manager_leave(struct muster *m)
{
    static const struct timeval now = {0, 0};

    /* not here and now: our caller's callers work on its connections */
    if (--m->busy == 0 && m->dead)
        event_base_once(loop_base(m->loop), -1, EV_TIMEOUT,
                        manager_release_later, m, &now);
}

void muster_free(struct muster *m)
{
    struct object *o;

    if (!m || m->dead)
        return;
    m->dead = true;
    /* oldest first: what an object made for itself is younger, and it ends
     * that itself */
    while ((o = TAILQ_FIRST(&m->objects)))
        object_end(o);
    if (!m->busy)
        manager_release(m);
}
