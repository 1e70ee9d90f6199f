#include "lib/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/resolver.h"

struct dial {
    struct loop *loop;
    struct addr addr;
    dial_fn *done;
    void *arg;
    struct tls *tls;              /* borrowed; may be NULL */
    int fd;                       /* being connected, or connected; -1 */
    struct tls_session *session;  /* on it, or NULL */
    struct resolver_query *query; /* not answered yet, or NULL */
    struct evutil_addrinfo *found, *next;
    struct loop_fd *ready;
    struct loop_timer *timer;
    struct loop_task answer; /* the callback, from the settling step */
    char why[400];
};

static void dial_free(struct dial *d)
{
    if (d->query)
        resolver_cancel(d->query);
    tls_session_free(d->session);
    if (d->fd >= 0)
        close(d->fd);
    if (d->found)
        evutil_freeaddrinfo(d->found);
    loop_unsettle(d->loop, &d->answer);
    loop_fd_free(d->ready);
    loop_timer_free(d->timer);
    free(d);
}

static void dial_answer(void *arg)
{
    struct dial *d = arg;
    char text[ADDR_TEXT_MAX], error[ADDR_TEXT_MAX + 440];
    dial_fn *done = d->done;
    void *done_arg = d->arg;
    int fd = d->fd;
    struct tls_session *session = d->session;

    d->fd = -1;
    d->session = NULL;
    snprintf(error, sizeof(error), "cannot connect to %s: %s",
             addr_write(&d->addr, text, sizeof(text)), d->why);
    dial_free(d);
    done(done_arg, fd, session, fd < 0 ? error : NULL);
}

/* why NULL: d->why says it already. */
static void dial_fail(struct dial *d, const char *why)
{
    if (why)
        snprintf(d->why, sizeof(d->why), "%s", why);
    loop_timer_off(d->timer);
    loop_settle(d->loop, &d->answer);
}

/* -- TLS ------------------------------------------------------------------- */

static void dial_greet(void *arg);

/* Calls dial_greet() when the socket can be read, or written. */
static void dial_greet_later(struct dial *d, bool write)
{
    d->ready = loop_fd_new(d->loop, d->fd, write, dial_greet, d);
    loop_fd_on(d->ready);
}

static void dial_no_tls(struct dial *d, const char *why)
{
    tls_session_free(d->session);
    d->session = NULL;
    close(d->fd);
    d->fd = -1;
    dial_fail(d, why);
}

static void dial_greet(void *arg)
{
    struct dial *d = arg;

    loop_fd_free(d->ready);
    d->ready = NULL;
    switch (tls_handshake(d->session)) {
    case TLS_DONE:
        loop_timer_off(d->timer);
        loop_settle(d->loop, &d->answer);
        break;
    case TLS_WANT_READ: dial_greet_later(d, false); break;
    case TLS_WANT_WRITE: dial_greet_later(d, true); break;
    case TLS_EOF:
    case TLS_FAILED:
        snprintf(d->why, sizeof(d->why), "%s", tls_error(d->session));
        dial_no_tls(d, NULL);
    }
}

static void dial_start_tls(struct dial *d)
{
    char *error = NULL;

    if (d->tls)
        d->session = tls_connect(d->tls, d->fd, d->addr.host, &error);
    if (d->session)
        dial_greet(d);
    else
        dial_no_tls(d, error ? error : "TLS is not spoken here");
    free(error);
}

/* -- connecting ------------------------------------------------------------ */

static void dial_try_next(struct dial *d);

static void dial_ready(void *arg)
{
    struct dial *d = arg;
    socklen_t len = sizeof(int);
    int error = 0;

    loop_fd_free(d->ready);
    d->ready = NULL;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (!error && d->addr.tls) {
        dial_start_tls(d);
        return;
    }
    if (!error) {
        loop_timer_off(d->timer);
        loop_settle(d->loop, &d->answer);
        return;
    }
    close(d->fd);
    d->fd = -1;
    snprintf(d->why, sizeof(d->why), "%s", strerror(error));
    dial_try_next(d);
}

/* Begins to connect; the answer comes through dial_ready(), always. */
static bool dial_connect(struct dial *d, const struct sockaddr *sa,
                         socklen_t len)
{
    int error;

    d->fd =
        socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd >= 0 && (connect(d->fd, sa, len) == 0 || errno == EINPROGRESS)) {
        d->ready = loop_fd_new(d->loop, d->fd, true, dial_ready, d);
        loop_fd_on(d->ready);
        return true;
    }
    error = errno;
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    snprintf(d->why, sizeof(d->why), "%s", strerror(error));
    return false;
}

static void dial_try_next(struct dial *d)
{
    const struct evutil_addrinfo *ai;

    while ((ai = d->next)) {
        d->next = ai->ai_next;
        if (dial_connect(d, ai->ai_addr, ai->ai_addrlen))
            return;
    }
    dial_fail(d, *d->why ? NULL : "the name has no address");
}

static void dial_resolved(void *arg, int code, struct evutil_addrinfo *list)
{
    struct dial *d = arg;

    loop_refresh(d->loop);
    d->query = NULL;
    if (code) {
        dial_fail(d, evutil_gai_strerror(code));
        return;
    }
    d->found = d->next = list;
    dial_try_next(d);
}

static void dial_resolve(struct dial *d)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP};
    struct evutil_addrinfo *list;
    struct resolver *resolver;
    char port[8];

    snprintf(port, sizeof(port), "%u", d->addr.port);
    hints.ai_flags = EVUTIL_AI_NUMERICHOST;
    if (!strcmp(d->addr.host, "localhost"))
        hints.ai_flags = 0; /* from the files, no name server is asked */
    if ((hints.ai_flags || !strcmp(d->addr.host, "localhost")) &&
        evutil_getaddrinfo(d->addr.host, port, &hints, &list) == 0) {
        dial_resolved(d, 0, list);
        return;
    }
    resolver = loop_resolver(d->loop);
    if (resolver)
        d->query = resolver_ask(resolver, d->addr.host, port, dial_resolved, d);
    else
        dial_fail(d, "names cannot be resolved here");
}

static void dial_unix(struct dial *d)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    memcpy(sun.sun_path, d->addr.host, strlen(d->addr.host) + 1);
    if (!dial_connect(d, (struct sockaddr *)&sun, sizeof(sun)))
        dial_fail(d, NULL);
}

static void dial_timer(void *arg)
{
    struct dial *d = arg;
    dial_fn *done = d->done;
    void *done_arg = d->arg;
    char text[ADDR_TEXT_MAX], error[ADDR_TEXT_MAX + 100];

    snprintf(error, sizeof(error), "cannot connect to %s: no %s in time",
             addr_write(&d->addr, text, sizeof(text)),
             d->session ? "handshake of TLS (is that a port for plain text?)"
                        : "answer");
    dial_cancel(d);
    done(done_arg, -1, NULL, error);
}

struct dial *dial_start(struct loop *l, const struct addr *addr,
                        struct tls *tls, uint64_t timeout_ms, dial_fn *done,
                        void *arg)
{
    struct dial *d = xcalloc(1, sizeof(*d));

    d->loop = l;
    d->addr = *addr;
    d->tls = tls;
    d->done = done;
    d->arg = arg;
    d->fd = -1;
    d->answer = (struct loop_task){.fn = dial_answer, .arg = d};
    d->timer = loop_timer_new(l, dial_timer, d);
    loop_timer_set(d->timer, timeout_ms);
    if (addr->kind == ADDR_UNIX)
        dial_unix(d);
    else if (addr->kind == ADDR_TCP)
        dial_resolve(d);
    else
        dial_fail(d, "it is switched off");
    return d;
}

void dial_cancel(struct dial *d)
{
    dial_free(d);
}
