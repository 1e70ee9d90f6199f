/*
 * muster copy: a file at a time, each in three kinds of jobs of the operation
 * copy (plugins/worker/copy.c):
 *
 *   ask ─► put, put, put … (a chunk each, to those that miss it) ─► assemble
 *
 * Nothing is remembered here: who was cut off asks again, and sends what is
 * missing. A host that fails is left out of what follows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/copy_hosts.h"
#include "client/cli/copy_source.h"
#include "client/cli/exec_request.h"
#include "client/cli/roster.h"
#include "client/cli/status.h"
#include "lib/mem.h"

#define PUTS_MAX 4    /* jobs with a chunk that are under way */
#define PUT_WAIT "60" /* seconds that one waits for a free slot */

enum phase { ASKING, PUTTING, ASSEMBLING };

struct copy {
    struct cli *cli;
    struct exec_request target; /* whom the command line names */
    size_t file;                /* which of its words */
    struct copy_source source;
    struct copy_hosts hosts;
    char *to; /* where on the hosts; owned */
    enum phase phase;
    unsigned under_way; /* jobs */
    size_t next;        /* the first chunk that may have to be put */
    uint64_t missing, sent;
    int worst; /* exit status so far */
    struct status status;
};

/* A job of it. */
struct turn {
    struct copy *copy;
    char *jid;
    uint64_t bytes; /* of its chunk */
};

static void file_begin(struct copy *c);
static void puts_begin(struct copy *c);

/* -- telling --------------------------------------------------------------- */

static const char *file_of(const struct copy *c)
{
    return c->cli->args.words[c->file];
}

static void worse(struct copy *c, int status)
{
    if (status > c->worst)
        c->worst = status;
}

/* It does not get the file: for a fault, or (CLI_OK) as it is drained. */
static void host_without(struct copy *c, struct copy_host *h, int status,
                         const char *reason)
{
    const char *why = h->why ? h->why : reason;
    struct jline *j;

    if (h->done)
        return;
    h->done = true;
    worse(c, status);
    status_hide(&c->status);
    if (c->cli->json) {
        j = jline_new();
        jline_text(j, "host", h->name);
        jline_text(j, "file", file_of(c));
        jline_text(j, status ? "error" : "skipped", why);
        jline_int(j, "exit", status);
        cli_json(c->cli, j);
        out_push(&c->cli->out);
    } else if (status) {
        cli_fail(c->cli, status, NULL, "copy: %s: %s: %s", h->name, file_of(c),
                 why);
    } else {
        cli_note(c->cli, "copy: %s: %s: %s", h->name, file_of(c), why);
    }
    status_show(&c->status);
}

static void host_has(struct copy *c, struct copy_host *h, const char *json,
                     size_t len)
{
    char *changed = json_get(json, len, "changed");
    bool yes = changed && strcmp(changed, "true") == 0;
    struct jline *j;

    if (c->cli->json) {
        j = jline_new();
        jline_text(j, "host", h->name);
        jline_text(j, "file", file_of(c));
        jline_text(j, "path", c->to);
        jline_text(j, "sha256", c->source.sha256);
        jline_int(j, "size", (long long)c->source.size);
        jline_int(j, "sent", (long long)h->sent);
        jline_bool(j, "changed", yes);
        cli_json(c->cli, j);
    } else {
        buf_add_fmt(out_buf(&c->cli->out), "%s | %s: %" PRIu64 " bytes, %s\n",
                    h->name, c->to, c->source.size,
                    yes ? "changed" : "as it was");
    }
    out_push(&c->cli->out);
    free(changed);
}

static void tell_status(void *arg, struct buf *out)
{
    const struct copy *c = arg;

    buf_add_fmt(out, "%s  %" PRIu64 " of %" PRIu64 " bytes sent", file_of(c),
                c->sent, c->missing);
}

/* -- what a job says ------------------------------------------------------- */

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    struct turn *t = arg;

    (void)hosts;
    free(t->jid);
    t->jid = xstrdup(jid);
}

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    static const char prefix[] = "copy: ";
    struct turn *t = arg;
    struct copy_host *h = copy_hosts_get(&t->copy->hosts, host);
    size_t skip = sizeof(prefix) - 1;

    (void)whole;
    if (stream != MUSTER_STDERR)
        return;
    if (len < skip || memcmp(text, prefix, skip) != 0)
        skip = 0;
    free(h->why);
    h->why = xmemdup0(text + skip, len - skip);
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    (void)arg;
    (void)host;
    (void)stream;
    (void)bytes; /* of complaints: the last one is enough */
}

static void answer_take(struct copy *c, struct copy_host *h, const char *json,
                        size_t len)
{
    char *missing = json_get(json, len, "missing");

    h->answered = missing && copy_host_misses(&c->hosts, h, missing);
    if (!h->answered)
        host_without(c, h, CLI_NO, "its answer means nothing");
    free(missing);
}

static void on_result(void *arg, const char *host, const char *json, size_t len)
{
    struct turn *t = arg;
    struct copy *c = t->copy;
    struct copy_host *h = copy_hosts_get(&c->hosts, host);

    if (c->phase == ASKING)
        answer_take(c, h, json, len);
    else if (c->phase == ASSEMBLING)
        host_has(c, h, json, len);
}

static void on_exit_host(void *arg, const char *host,
                         const struct muster_result *r)
{
    struct turn *t = arg;
    struct copy *c = t->copy;
    struct copy_host *h = copy_hosts_get(&c->hosts, host);
    int status = roster_status_of(r);
    const char *why = roster_why(r);

    if (status != CLI_OK || roster_is_drained(r))
        host_without(c, h, status,
                     why         ? why
                     : r->reason ? r->reason
                                 : "failed");
    else if (c->phase == PUTTING)
        h->sent += t->bytes;
    else if (c->phase == ASKING && !h->answered)
        host_without(c, h, CLI_NO, "it has not said what it misses");
}

/* -- jobs ------------------------------------------------------------------ */

static void nothing_said(void *arg, const char *const *words, size_t count)
{
    (void)arg;
    (void)words;
    (void)count;
}

static void nothing_done(void *arg, const char *error, bool unreachable)
{
    (void)arg;
    (void)error;
    (void)unreachable;
}

/* A hundred jobs that carried a chunk are of no use to anybody. */
static void job_forget(struct copy *c, const char *jid)
{
    static const struct muster_request_callbacks cb = {nothing_said,
                                                       nothing_done};
    const char *words[] = {"delete", jid};
    char *error = NULL;

    muster_request(c->cli->muster, words, 2, &cb, NULL, &error);
    free(error);
}

static void turn_end(struct turn *t)
{
    t->copy->under_way--;
    free(t->jid);
    free(t);
}

static void file_end(struct copy *c)
{
    status_end(&c->status);
    copy_source_close(&c->source);
    copy_hosts_free(&c->hosts);
    c->hosts = (struct copy_hosts){0};
    free(c->to);
    c->to = NULL;
    if (++c->file < c->cli->args.n_words)
        file_begin(c);
    else
        cli_stop(c->cli, c->worst);
}

static void on_done(void *arg, const struct muster_summary *s)
{
    struct turn *t = arg;
    struct copy *c = t->copy;

    (void)s;
    c->sent += t->bytes;
    if (t->jid && c->phase != ASSEMBLING)
        job_forget(c, t->jid);
    turn_end(t);
    if (c->phase == ASSEMBLING)
        file_end(c);
    else
        puts_begin(c);
}

static void on_error(void *arg, const char *text, bool unreachable)
{
    struct turn *t = arg;
    struct cli *cli = t->copy->cli;
    int status;

    status_end(&t->copy->status);
    turn_end(t);
    if (cli->stopped)
        return;
    if (unreachable)
        status = cli_fail_dispatcher(cli, text, true);
    else if (strncmp(text, "no worker matches", 17) == 0)
        status = cli_fail(cli, CLI_NOBODY, "muster find shows who is there",
                          "copy: %s", text);
    else
        status = cli_fail(cli, CLI_NO, NULL, "copy: %s", text);
    cli_stop(cli, status);
}

static const struct muster_exec_callbacks callbacks = {
    .on_submit = on_submit,
    .on_output = on_output,
    .on_cut = on_cut,
    .on_result = on_result,
    .on_exit = on_exit_host,
    .on_done = on_done,
    .on_error = on_error,
};

static void job_start(struct copy *c, const struct attrs *pairs,
                      const struct buf *input, uint64_t bytes)
{
    struct muster_attr *list = xcalloc(pairs->count + 1, sizeof(*list));
    struct turn *t = xcalloc(1, sizeof(*t));
    char *error = NULL;

    for (size_t i = 0; i < pairs->count; i++)
        list[i] =
            (struct muster_attr){pairs->list[i].name, pairs->list[i].value};
    *t = (struct turn){.copy = c, .bytes = bytes};
    c->under_way++;
    if (!muster_exec_input(c->cli->muster, "copy", list, pairs->count,
                           buf_data(input), buf_len(input), &callbacks, t,
                           &error)) {
        on_error(t, error ? error : "it cannot be asked for", false);
        free(error);
    }
    free(list);
}

/* -- the three kinds ------------------------------------------------------- */

static void pairs_begin(const struct copy *c, struct attrs *a, const char *what,
                        const char *sha256)
{
    attrs_set(a, "do", what);
    attrs_set(a, "to", c->to);
    attrs_set(a, "sha256", sha256);
}

static void pairs_file(const struct copy *c, struct attrs *a, const char *what)
{
    pairs_begin(c, a, what, c->source.sha256);
    attrs_set_fmt(a, "size", "%" PRIu64, c->source.size);
    attrs_set_fmt(a, "chunk", "%lu", COPY_CHUNK);
}

static void ask_begin(struct copy *c)
{
    struct attrs pairs = {0};

    c->phase = ASKING;
    pairs_file(c, &pairs, "ask");
    for (size_t i = 0; i < c->target.pairs.count; i++)
        attrs_set(&pairs, c->target.pairs.list[i].name,
                  c->target.pairs.list[i].value);
    job_start(c, &pairs, &c->source.chunks, 0);
    attrs_free(&pairs);
}

static void pairs_hosts(struct copy *c, struct attrs *a, struct buf *hosts)
{
    const char *wait = attrs_get(&c->target.pairs, ".wait");

    attrs_set(a, ".hosts", buf_str(hosts));
    attrs_set(a, ".wait", wait ? wait : PUT_WAIT);
}

static void assemble_begin(struct copy *c)
{
    const char *mode = args_get(&c->cli->args, "mode");
    const char *owner = args_get(&c->cli->args, "owner");
    struct buf hosts = BUF_INIT;
    struct attrs pairs = {0};

    c->phase = ASSEMBLING;
    if (copy_hosts_left(&c->hosts, &hosts) == 0) {
        buf_free(&hosts);
        file_end(c);
        return;
    }
    pairs_file(c, &pairs, "assemble");
    pairs_hosts(c, &pairs, &hosts);
    if (mode)
        attrs_set(&pairs, "mode", mode);
    else
        attrs_set_fmt(&pairs, "mode", "%o", c->source.mode);
    if (owner)
        attrs_set(&pairs, "owner", owner);
    job_start(c, &pairs, &c->source.chunks, 0);
    attrs_free(&pairs);
    buf_free(&hosts);
}

/* False, and the command ends: the file is not what it was. */
static bool put_begin(struct copy *c, size_t i, struct buf *hosts)
{
    struct buf bytes = BUF_INIT;
    char *why = copy_source_read(&c->source, i, &bytes), *hex;
    struct attrs pairs = {0};

    if (why) {
        cli_stop(c->cli, cli_fail(c->cli, CLI_NO, NULL, "copy: %s", why));
        free(why);
        buf_free(&bytes);
        return false;
    }
    hex = xstrndup(copy_source_hex(&c->source, i), SHA256_HEX);
    pairs_begin(c, &pairs, "put", hex);
    pairs_hosts(c, &pairs, hosts);
    job_start(c, &pairs, &bytes, buf_len(&bytes));
    free(hex);
    attrs_free(&pairs);
    buf_free(&bytes);
    return true;
}

/* What anybody misses, by and by; then the file. */
static void puts_begin(struct copy *c)
{
    struct buf hosts = BUF_INIT;

    if (c->phase == ASKING)
        for (size_t i = 0;
             (i = copy_hosts_next(&c->hosts, i, &hosts)) < c->hosts.chunks;
             i++, buf_reset(&hosts, 4096))
            c->missing += COPY_CHUNK;
    c->phase = PUTTING;
    while (c->under_way < PUTS_MAX && !c->cli->stopped) {
        buf_reset(&hosts, 4096);
        c->next = copy_hosts_next(&c->hosts, c->next, &hosts);
        if (c->next == c->hosts.chunks || !put_begin(c, c->next++, &hosts))
            break;
    }
    buf_free(&hosts);
    if (!c->under_way && !c->cli->stopped)
        assemble_begin(c);
}

/* -- the files ------------------------------------------------------------- */

/* --to DIR/ is a folder: the file keeps its name. */
static char *place_of(const struct cli *cli, const char *file)
{
    const char *to = args_get(&cli->args, "to"), *slash = strrchr(file, '/');
    size_t len = strlen(to);

    if (to[len - 1] != '/')
        return xstrdup(to);
    return xasprintf("%s%s", to, slash ? slash + 1 : file);
}

static void file_begin(struct copy *c)
{
    char *why = copy_source_open(&c->source, file_of(c));

    if (why) {
        worse(c, cli_fail(c->cli, CLI_USAGE, NULL, "copy: %s", why));
        free(why);
        cli_stop(c->cli, c->worst);
        return;
    }
    c->to = place_of(c->cli, file_of(c));
    c->hosts.chunks = c->source.count;
    c->next = 0;
    c->missing = c->sent = 0;
    if (c->cli->err_tty && !c->cli->quiet)
        status_begin(&c->status, c->cli->loop, tell_status, c);
    ask_begin(c);
}

static bool words_are_right(struct cli *cli)
{
    const char *to = args_get(&cli->args, "to");

    if (!to || to[0] != '/') {
        cli_fail(cli, CLI_USAGE, "muster copy app.tar -s role=web --to /srv/",
                 "copy: --to takes the whole path on the hosts");
        return false;
    }
    if (cli->args.n_words > 1 && to[strlen(to) - 1] != '/') {
        cli_fail(cli, CLI_USAGE, "end it with /",
                 "copy: several files go to a folder");
        return false;
    }
    return true;
}

int verb_copy(struct cli *cli)
{
    struct copy c = {.cli = cli, .source = {.fd = -1}};
    int status = CLI_USAGE;

    if (!words_are_right(cli) || !exec_request_begin(&c.target, cli, "copy"))
        return CLI_USAGE;
    if (cli_connect(cli)) {
        file_begin(&c);
        status = cli_run(cli);
        status_end(&c.status);
        out_flush(&cli->out);
    }
    copy_source_close(&c.source);
    copy_hosts_free(&c.hosts);
    free(c.to);
    exec_request_free(&c.target);
    return status;
}
