#include "client/cli/fold_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/against.h"
#include "client/cli/json.h"
#include "client/cli/life_print.h"
#include "client/cli/text.h"

#define RED   "\x1b[31m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

struct fold_teller {
    struct life *life;
    unsigned families;      /* told so far */
    struct fold_group most; /* the first family's first group */
};

/* -- for people ------------------------------------------------------------ */

static void add_hosts(struct life *l, const char *const *hosts, size_t n)
{
    struct buf *out = out_buf(&l->cli->out);

    if (l->cli->color)
        buf_add_str(out, "\x1b[1m");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (l->cli->out.tty)
            text_add_safe(out, hosts[i], strlen(hosts[i]));
        else
            buf_add_str(out, hosts[i]);
    }
    if (l->cli->color)
        buf_add_str(out, PLAIN);
    buf_add_fmt(out, " (%zu host%s):", n, n == 1 ? "" : "s");
}

/* What stands behind the hosts: " exit 1, no output". */
static void add_result(struct life *l, const struct fold_group *g)
{
    struct buf *out = out_buf(&l->cli->out);

    if (*g->result)
        buf_add_fmt(out, " %s%s%s", l->cli->color ? RED : "", g->result,
                    l->cli->color ? PLAIN : "");
    if (g->len == 0 && g->missing == 0)
        buf_add_str(out, *g->result ? ", no output" : " no output");
}

/* Line by line, for the terminal and for a last line without its end. */
static void add_text(struct life *l, const char *text, size_t len,
                     uint64_t missing)
{
    struct buf *out = out_buf(&l->cli->out);
    const char *p = text, *end = text + len, *lf;

    for (; p < end; p = lf + 1) {
        lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf)
            lf = end;
        print_add_text(l, p, (size_t)(lf - p));
        buf_add_char(out, '\n');
    }
    if (missing > 0)
        buf_add_fmt(out, "~ %" PRIu64 " bytes were not kept\n", missing);
}

static void add_change(void *arg, char sign, const char *line, size_t len)
{
    struct life *l = arg;
    struct buf *out = out_buf(&l->cli->out);
    bool color = l->cli->color;

    if (color)
        buf_add_str(out, sign == '+' ? "\x1b[32m" : sign == '-' ? RED : DIM);
    buf_add_char(out, sign);
    print_add_text(l, line, len);
    if (color)
        buf_add_str(out, PLAIN);
    buf_add_char(out, '\n');
}

/* Whether it is told by what is not as in the text of the most. */
static bool add_difference(struct fold_teller *t, const struct fold_group *g)
{
    struct buf *out = out_buf(&t->life->cli->out);
    const struct fold_group *most = &t->most;
    struct against *a;

    if (t->life->cli->verbose || most->family_hosts <= g->family_hosts ||
        most->missing || g->missing || !most->len || !g->len)
        return false;
    a = against_new(most->text, most->len, g->text, g->len);
    if (!a)
        return false;
    buf_add_fmt(out, "%s unlike the %zu above\n", *g->result ? "," : "",
                most->family_hosts);
    against_each(a, add_change, t->life);
    against_free(a);
    return true;
}

/* A family of several as one text; else a text, or what is other in it. */
static void tell_person(struct fold_teller *t, const struct fold_group *g)
{
    struct life *l = t->life;
    struct buf *out = out_buf(&l->cli->out);
    bool one = g->family && g->family_groups > 1 && !l->cli->verbose;

    if (!g->family && !l->cli->verbose)
        return; /* told with the first */
    add_hosts(l, one ? g->family : g->hosts,
              one ? g->family_hosts : g->n_hosts);
    add_result(l, g);
    if (!one && t->families > 1 && add_difference(t, g)) {
        out_push(&l->cli->out);
        return;
    }
    if (one)
        buf_add_fmt(out, "%s %zu texts, alike but for each *",
                    *g->result ? "," : "", g->family_groups);
    buf_add_char(out, '\n');
    if (one)
        add_text(l, g->alike, g->alike_len, 0);
    else
        add_text(l, g->text, g->len, g->missing);
    out_push(&l->cli->out);
}

/* -- for programs ---------------------------------------------------------- */

static void tell_json(struct fold_teller *t, const struct fold_group *g)
{
    struct jline *j = jline_new();

    jline_text(j, "event", "group");
    jline_list(j, "hosts", g->hosts, g->n_hosts);
    jline_int(j, "count", (long long)g->n_hosts);
    jline_int(j, "family", t->families);
    jline_text(j, "result", *g->result ? g->result : "ok");
    jline_output(j, g->text, g->len);
    if (g->missing > 0)
        jline_int(j, "missing", (long long)g->missing);
    cli_json(t->life->cli, j);
}

/* -------------------------------------------------------------------------- */

static void tell(void *arg, const struct fold_group *g)
{
    struct fold_teller *t = arg;

    if (g->family && t->families++ == 0)
        t->most = *g;
    if (t->life->cli->json)
        tell_json(t, g);
    else
        tell_person(t, g);
}

void fold_print(struct life *l)
{
    struct fold_teller t = {.life = l};

    fold_each(l->fold, tell, &t);
}
