#include "client/cli/life_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/fold_print.h"
#include "client/cli/report.h"
#include "client/cli/text.h"
#include "lib/mem.h"

/* One colour a host, none of them red: that is for what went wrong. */
static const char *const palette[] = {"36", "32", "33", "34", "35",
                                      "96", "92", "93", "94", "95"};

#define RED   "\x1b[31m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

static struct jline *event(const char *name)
{
    struct jline *j = jline_new();

    jline_text(j, "event", name);
    return j;
}

static const char *stream_name(enum muster_stream stream)
{
    static const char *const names[] = {[MUSTER_STDOUT] = "stdout",
                                        [MUSTER_STDERR] = "stderr",
                                        [MUSTER_RESULTS] = "result",
                                        [MUSTER_PROGRESS] = "progress"};

    return names[stream];
}

void print_result_text(const struct roster_host *h, char *out, size_t size)
{
    const char *reason = h->reason;
    bool detail = h->detail && *h->detail;
    char end[32] = "failed";

    if (h->status == 0) {
        snprintf(out, size, "%s", h->drained ? h->detail : "");
        return;
    }
    /* an exit status of 0 that its plugin, or what it said, made a failure */
    if (h->rc)
        snprintf(end, sizeof(end), "exit %d", h->rc);
    if (strcmp(reason, "notstarted") == 0)
        reason = "not started";
    else if (strcmp(reason, "exited") == 0 || !*reason)
        reason = end;
    snprintf(out, size, "%s%s%s%s", reason, detail ? " (" : "",
             detail ? h->detail : "", detail ? ")" : "");
}

void print_merged(struct life *l, const char *jid)
{
    struct jline *j;

    if (!l->cli->json) {
        cli_note(l->cli, "this key was used before: it is job %s", jid);
        return;
    }
    j = event("merged");
    jline_text(j, "jid", jid);
    cli_json(l->cli, j);
}

/* Its id on standard output where that is all: submit comes much later. */
void print_held(struct life *l, const char *jid, time_t next)
{
    struct cli *cli = l->cli;
    struct jline *j;
    struct tm tm;
    char text[40] = "";

    if (cli->json) {
        j = event("held");
        jline_text(j, "jid", jid);
        if (next)
            jline_int(j, "next", next);
        cli_json(cli, j);
        return;
    }
    if (next && localtime_r(&next, &tm))
        strftime(text, sizeof(text), " until %Y-%m-%d %H:%M:%S", &tm);
    if (l->detach) {
        buf_add_fmt(out_buf(&cli->out), "%s\n", jid);
        out_push(&cli->out);
    }
    cli_note(cli, "job %s is held%s", jid, text);
}

static const char *pair_or(const struct muster_attr *pairs, size_t count,
                           const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return "-";
}

void print_retry(struct life *l, const char *host, unsigned attempt,
                 const struct muster_attr *pairs, size_t count)
{
    struct jline *j;

    if (!l->cli->json) {
        cli_note(l->cli, "%s: %s, rc %s: attempt %u in %s s", host,
                 pair_or(pairs, count, "reason"), pair_or(pairs, count, "rc"),
                 attempt, pair_or(pairs, count, "in"));
        return;
    }
    j = event("retry");
    jline_text(j, "host", host);
    jline_int(j, "attempt", attempt);
    for (size_t i = 0; i < count; i++)
        jline_value(j, pairs[i].name, pairs[i].value);
    cli_json(l->cli, j);
}

void print_submit(struct life *l, const char *jid, unsigned hosts)
{
    struct cli *cli = l->cli;

    if (cli->json) {
        struct jline *j = event("submit");

        jline_text(j, "jid", jid);
        jline_int(j, "hosts", hosts);
        cli_json(cli, j);
    } else if (l->detach) {
        buf_add_fmt(out_buf(&cli->out), "%s\n", jid);
        out_push(&cli->out);
    } else if (cli->verbose) {
        cli_note(cli, "job %s on %u host%s", jid, hosts, hosts == 1 ? "" : "s");
    }
}

void print_ack(struct life *l, const char *host)
{
    struct jline *j;

    if (!l->cli->json)
        return;
    j = event("ack");
    jline_text(j, "host", host);
    cli_json(l->cli, j);
}

/* -- host | line ----------------------------------------------------------- */

static void add_host(struct life *l, const struct roster_host *h, char bar,
                     bool bad)
{
    struct buf *out = out_buf(&l->cli->out);
    size_t len = strlen(h->name);

    if (l->cli->color)
        buf_add_fmt(out, "\x1b[%sm", palette[h->index % ARRAY_LEN(palette)]);
    if (l->cli->out.tty) {
        text_add_safe(out, h->name, len);
        text_pad(out, text_width(h->name, len), l->roster.widest);
    } else {
        buf_add(out, h->name, len);
    }
    if (l->cli->color && bad)
        buf_add_str(out, RED);
    buf_add_char(out, ' ');
    buf_add_char(out, bar);
    if (l->cli->color)
        buf_add_str(out, PLAIN);
    buf_add_char(out, ' ');
}

void print_close_line(struct life *l)
{
    if (l->open)
        buf_add_char(out_buf(&l->cli->out), '\n');
    l->open = NULL;
}

/* A terminal does without the CR of a CR LF. */
void print_add_text(struct life *l, const char *text, size_t len)
{
    struct buf *out = out_buf(&l->cli->out);

    if (!l->cli->out.tty) {
        buf_add(out, text, len);
        return;
    }
    if (len > 0 && text[len - 1] == '\r')
        len--;
    text_add_safe(out, text, len);
}

/* The parts of one line are put together in a pipe, while nothing else comes
 * between them; else what follows on a part is marked as that. */
static void print_line(struct life *l, struct roster_host *h,
                       enum muster_stream stream, const char *text, size_t len,
                       bool whole)
{
    bool goes_on = l->open == h && l->open_stream == stream;
    bool err = stream == MUSTER_STDERR;

    if (!goes_on) {
        print_close_line(l);
        add_host(l, h, h->part[stream] ? '+' : err ? '!' : '|', err);
    }
    print_add_text(l, text, len);
    l->open = h;
    l->open_stream = stream;
    h->part[stream] = !whole;
    if (whole || l->cli->out.tty)
        print_close_line(l);
    out_push(&l->cli->out);
}

static void output_json(struct life *l, const char *host,
                        enum muster_stream stream, const char *text, size_t len,
                        bool whole)
{
    struct jline *j = event("out");

    jline_text(j, "host", host);
    jline_text(j, "stream", stream_name(stream));
    jline_output(j, text, len);
    if (!whole)
        jline_bool(j, "part", true);
    cli_json(l->cli, j);
}

void print_output(struct life *l, const char *host, enum muster_stream stream,
                  const char *text, size_t len, bool whole)
{
    if (l->fold)
        fold_output(l->fold, host, text, len, whole);
    else if (l->cli->json)
        output_json(l, host, stream, text, len, whole);
    else
        print_line(l, roster_get(&l->roster, host), stream, text, len, whole);
}

void print_result(struct life *l, const char *host, const char *json,
                  size_t len)
{
    struct jline *j;

    if (l->fold) {
        fold_output(l->fold, host, json, len, true);
    } else if (l->cli->json) {
        j = event("result");
        jline_text(j, "host", host);
        jline_json(j, "result", json, len);
        cli_json(l->cli, j);
    } else {
        print_close_line(l);
        add_host(l, roster_get(&l->roster, host), '=', false);
        print_add_text(l, json, len);
        buf_add_char(out_buf(&l->cli->out), '\n');
        out_push(&l->cli->out);
    }
}

/* For people only on request: it comes again and again. */
void print_progress(struct life *l, const char *host, unsigned percent,
                    const char *text, size_t len)
{
    struct jline *j;

    if (l->cli->json) {
        j = event("progress");
        jline_text(j, "host", host);
        jline_int(j, "percent", percent);
        jline_output(j, text, len);
        cli_json(l->cli, j);
    } else if (l->cli->verbose && !l->fold) {
        print_close_line(l);
        add_host(l, roster_get(&l->roster, host), '%', false);
        buf_add_fmt(out_buf(&l->cli->out), "%u%% ", percent);
        print_add_text(l, text, len);
        buf_add_char(out_buf(&l->cli->out), '\n');
        out_push(&l->cli->out);
    }
}

void print_cut(struct life *l, const char *host, enum muster_stream stream,
               uint64_t bytes)
{
    struct jline *j;

    if (stream == MUSTER_PROGRESS && !l->cli->json)
        return;
    if (l->fold)
        fold_cut(l->fold, host, bytes);
    if (l->cli->json) {
        j = event("cut");
        jline_text(j, "host", host);
        jline_text(j, "stream", stream_name(stream));
        jline_int(j, "bytes", (long long)bytes);
        cli_json(l->cli, j);
    } else if (!l->fold) {
        print_close_line(l);
        add_host(l, roster_get(&l->roster, host), '~', true);
        buf_add_fmt(out_buf(&l->cli->out),
                    "%" PRIu64 " bytes of %s were not kept\n", bytes,
                    stream_name(stream));
        out_push(&l->cli->out);
    }
}

void print_exit(struct life *l, const char *host, const struct muster_result *r)
{
    const struct roster_host *h = roster_get(&l->roster, host);
    char result[128];
    struct jline *j;

    if (l->open == h) {
        print_close_line(l);
        out_push(&l->cli->out);
    }
    print_result_text(h, result, sizeof(result));
    if (l->fold)
        fold_end(l->fold, host, result);
    if (!l->cli->json)
        return;
    j = event("exit");
    jline_text(j, "host", host);
    if (r->rc >= 0)
        jline_int(j, "rc", r->rc);
    else
        jline_null(j, "rc");
    jline_int(j, "state", r->state);
    jline_text(j, "reason", r->reason ? r->reason : "");
    for (size_t i = 0; i < r->attr_count; i++)
        if (strcmp(r->attrs[i].name, "state") != 0 &&
            strcmp(r->attrs[i].name, "reason") != 0)
            jline_value(j, r->attrs[i].name, r->attrs[i].value);
    cli_json(l->cli, j);
}

/* -- the end, and the status line ------------------------------------------ */

/* What else the line says: "cancelled 2", "stopped 1". */
static void more_json(struct jline *j, const struct muster_summary *s)
{
    static const char *const told[] = {"state",   "ok",          "failed",
                                       "skipped", "unreachable", "changed"};

    for (size_t i = 0; i < s->attr_count; i++) {
        const struct muster_attr *a = &s->attrs[i];
        size_t k = 0;

        while (k < ARRAY_LEN(told) && strcmp(a->name, told[k]) != 0)
            k++;
        if (k == ARRAY_LEN(told))
            jline_value(j, a->name, a->value);
    }
}

static void done_json(struct life *l, const struct muster_summary *s,
                      int status)
{
    struct jline *j = event(s ? "done" : "detach");

    if (l->jid)
        jline_text(j, "jid", l->jid);
    if (s) {
        jline_int(j, "state", s->state);
        jline_int(j, "ok", s->ok);
        jline_int(j, "skipped", s->skipped);
        jline_int(j, "failed", s->failed);
        jline_int(j, "unreachable", s->unreachable);
        jline_int(j, "changed", s->changed);
        more_json(j, s);
    }
    jline_int(j, "exit", status);
    cli_json(l->cli, j);
}

void print_done(struct life *l, const struct muster_summary *s, int status)
{
    print_close_line(l);
    if (l->fold && s)
        fold_print(l);
    if (l->cli->json && !(l->detach && s))
        done_json(l, s, status);
    out_push(&l->cli->out);
}
