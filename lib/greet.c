#include "lib/greet.h"

#include <utlist.h>

#include "lib/mem.h"
#include "lib/metrics.h"

void greets_init(struct greets *all, struct loop *l)
{
    static const struct metric_row rows[] = {
        {"muster_tls_handshakes_total",
         "Handshakes of TLS that came to an end: done, or given up to make "
         "way for newer ones. Those that failed are refusals.",
         offsetof(struct greets, counts.done),
         {"outcome", "done"}},
        {"muster_tls_handshakes_total",
         "Handshakes of TLS that came to an end: done, or given up to make "
         "way for newer ones. Those that failed are refusals.",
         offsetof(struct greets, counts.gave_way),
         {"outcome", "gave_way"}},
    };

    *all = (struct greets){0};
    pace_init(&all->pace, l, 0);
    metrics_add_rows(rows, ARRAY_LEN(rows), all, all, (struct metric_label){0});
}

void greets_end(struct greets *all)
{
    metrics_forget(all);
    pace_end(&all->pace);
}

void greet_gone(struct greet *g)
{
    struct greets *all = g->of;

    if (!all)
        return;
    DL_DELETE(all->list, g);
    all->count--;
    g->of = NULL;
}

static void greet_secured(struct conn *c, void *arg)
{
    struct greet *g = arg;

    (void)c;
    g->of->counts.done++;
    greet_gone(g);
    g->done(g);
}

static const struct conn_handler handler = {.line = conn_drop_line,
                                            .secured = greet_secured};

/* False: there is no room, and all wait for us. */
static bool make_room(struct greets *all)
{
    struct greet *g;

    if (!all->most || all->count < all->most)
        return true;
    DL_FOREACH (all->list, g) {
        if (!conn_greets_idly(g->conn))
            continue;
        all->counts.gave_way++;
        greet_gone(g);
        conn_abort(g->conn, "its handshake of TLS gave way to newer ones");
        return true;
    }
    return false;
}

void greet_begin(struct greets *all, struct greet *g, struct conn *c,
                 struct tls *tls, int fd)
{
    struct tls_session *s = make_room(all) ? tls_accept(tls, fd) : NULL;

    conn_set_handler(c, &handler, g);
    if (!s) {
        conn_refused(c, REFUSED_HANDSHAKE,
                     "too many handshakes of TLS: at most %u", all->most);
        conn_abort(c, "too many handshakes of TLS");
        return;
    }
    g->of = all;
    g->conn = c;
    all->count++;
    DL_APPEND(all->list, g);
    conn_start_tls(c, s, &all->pace);
}
