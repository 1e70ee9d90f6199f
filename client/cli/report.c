#include "client/cli/report.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/life_print.h"
#include "client/cli/text.h"

/* "3 ok, 1 failed, 1 lost (2.1 s)" */
static void add_counts(struct buf *out, const struct roster *h, uint64_t ms)
{
    const struct {
        unsigned n;
        const char *word;
    } parts[] = {{h->ok, "ok"},
                 {h->drained, "drained"},
                 {h->failed, "failed"},
                 {h->lost, "lost or unreachable"},
                 {h->left, "not run to the end"}};
    const char *comma = "";

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].n == 0)
            continue;
        buf_add_fmt(out, "%s%u %s", comma, parts[i].n, parts[i].word);
        comma = ", ";
    }
    buf_add_str(out, " (");
    text_add_elapsed(out, ms);
    buf_add_char(out, ')');
}

/* The hosts that ended for that reason, on one line. */
static void add_reason(struct buf *out, const struct roster *h,
                       const char *reason, unsigned most)
{
    unsigned named = 0, more = 0;
    char text[128];

    buf_add_str(out, "        ");
    text_add_safe(out, reason, strlen(reason));
    buf_add_char(out, ':');
    for (const struct roster_host *x = h->by_name; x; x = x->hh.next) {
        if (!x->ended || x->status == CLI_OK)
            continue;
        print_result_text(x, text, sizeof(text));
        if (strcmp(text, reason) != 0)
            continue;
        if (named++ < most) {
            buf_add_char(out, ' ');
            text_add_safe(out, x->name, strlen(x->name));
        } else {
            more++;
        }
    }
    if (more > 0)
        buf_add_fmt(out, " and %u more", more);
    buf_add_char(out, '\n');
}

static bool told_before(const struct roster_host *first,
                        const struct roster_host *x, const char *reason)
{
    char text[128];

    for (const struct roster_host *y = first; y != x; y = y->hh.next) {
        if (!y->ended || y->status == CLI_OK)
            continue;
        print_result_text(y, text, sizeof(text));
        if (strcmp(text, reason) == 0)
            return true;
    }
    return false;
}

static void add_reasons(struct buf *out, const struct roster *h, unsigned most)
{
    char text[128];

    for (const struct roster_host *x = h->by_name; x; x = x->hh.next) {
        if (!x->ended || x->status == CLI_OK)
            continue;
        print_result_text(x, text, sizeof(text));
        if (!told_before(h->by_name, x, text))
            add_reason(out, h, text, most);
    }
}

void report_end(struct cli *cli, const struct roster *h, uint64_t ms)
{
    bool bad = h->ended > h->ok + h->drained;
    struct buf out = BUF_INIT;

    if (cli->json || h->ended == 0 || (!bad && (!cli->err_tty || cli->quiet)))
        return;
    if (cli->err_color)
        buf_add_str(&out, bad ? "\x1b[1;31m" : "\x1b[2m");
    buf_add_str(&out, "muster: ");
    if (cli->err_color && bad)
        buf_add_str(&out, "\x1b[0m");
    add_counts(&out, h, ms);
    buf_add_str(&out, cli->err_color ? "\x1b[0m\n" : "\n");
    if (bad)
        add_reasons(&out, h, cli->verbose ? ~0u : REPORT_HOSTS);
    fwrite(buf_data(&out), 1, buf_len(&out), stderr);
    buf_free(&out);
}
