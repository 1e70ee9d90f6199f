#include "plugins/registry/consul/rexec_ask.h"

#include <stdlib.h>
#include <string.h>

#include "lib/argument.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"

/* Seconds: agents of Consul have no slots, so that nobody expects a refusal. */
#define WAIT_FOR_SLOT "60"
/* Bytes of a request beside the command and the names. */
#define LINE_MORE 128
#define RETRY_MS  500

/* A job at the dispatcher. */
struct part {
    struct rexec_ask *ask;
    struct muster_exec *exec; /* NULL: it has ended, or is tried again */
    char *jid;                /* owned; NULL: it was not taken */
    bool again;               /* it is to be followed when the timer comes */
    size_t first, count;      /* of the hosts */
    bool answered;            /* it was taken, or has ended */
    char *why; /* owned; it ended before all were answered: to be told then */
};

struct rexec_ask {
    struct rexec_ask_setup is; /* but for the dispatcher */
    struct muster *muster;
    struct loop_timer *timer; /* for those that are to be followed again */
    uint64_t patience;        /* until when they are */
    struct part *parts;
    size_t n_parts, unanswered, running;
    bool told; /* submitted() was called */
    bool paused, cancelled;
};

/* -- all of them ----------------------------------------------------------- */

static void let_go(struct rexec_ask *a)
{
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].exec)
            muster_exec_resume(a->parts[i].exec);
}

void rexec_ask_pause(struct rexec_ask *a)
{
    if (a->paused || !a->told || a->cancelled)
        return;
    a->paused = true;
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].exec)
            muster_exec_pause(a->parts[i].exec);
}

void rexec_ask_resume(struct rexec_ask *a)
{
    if (!a->paused)
        return;
    a->paused = false;
    let_go(a);
}

void rexec_ask_cancel(struct rexec_ask *a)
{
    if (a->cancelled)
        return;
    a->cancelled = true;
    a->paused = false;
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].exec && a->parts[i].answered)
            (void)muster_exec_cancel(a->parts[i].exec);
    let_go(a);
}

bool rexec_ask_is_over(const struct rexec_ask *a)
{
    return a->told && !a->running;
}

static void tell_end(struct part *p, const char *why)
{
    p->ask->running--;
    p->ask->is.calls->ended(p->ask->is.arg, p->first, p->count, why);
}

static void tell_all(struct rexec_ask *a)
{
    a->told = true;
    a->is.calls->submitted(a->is.arg);
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].why)
            tell_end(&a->parts[i], a->parts[i].why);
    if (!a->paused)
        let_go(a);
}

/* -- what the dispatcher tells --------------------------------------------- */

/* What the library calls does not come through the daemon's loop, which has to
 * look at the clock first. */
static struct part *called(void *arg)
{
    struct part *p = arg;

    loop_refresh(p->ask->is.loop);
    return p;
}

static void answered(struct part *p)
{
    struct rexec_ask *a = p->ask;

    p->answered = true;
    if (!--a->unanswered)
        tell_all(a);
    else if (p->exec && !a->cancelled)
        muster_exec_pause(p->exec);
}

static void end(struct part *p, const char *why)
{
    p->exec = NULL;
    if (p->ask->told) {
        tell_end(p, why);
        return;
    }
    p->why = xstrdup(why);
    if (!p->answered)
        answered(p);
}

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    struct part *p = called(arg);

    log_info("remote execution of session %s: job %s on %u hosts",
             p->ask->is.session, jid, hosts);
    if (!p->jid)
        p->jid = xstrdup(jid);
    if (p->ask->cancelled)
        (void)muster_exec_cancel(p->exec);
    answered(p);
}

static bool is_output(enum muster_stream stream)
{
    return stream == MUSTER_STDOUT || stream == MUSTER_STDERR;
}

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    struct rexec_ask *a = called(arg)->ask;

    if (!is_output(stream))
        return;
    a->is.calls->output(a->is.arg, host, stream, text, len);
    if (whole)
        a->is.calls->output(a->is.arg, host, stream, "\n", 1);
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    struct rexec_ask *a = called(arg)->ask;

    if (is_output(stream))
        a->is.calls->cut(a->is.arg, host, stream, bytes);
}

static void on_exit_of(void *arg, const char *host,
                       const struct muster_result *result)
{
    struct rexec_ask *a = called(arg)->ask;

    a->is.calls->exited(a->is.arg, host, result);
}

static void on_done(void *arg, const struct muster_summary *s)
{
    (void)s;
    end(called(arg), "the job has ended without a word of this worker");
}

static void on_error(void *arg, const char *text, bool unreachable)
{
    struct part *p = called(arg);
    struct rexec_ask *a = p->ask;

    if (unreachable && !p->answered && loop_now(a->is.loop) < a->patience) {
        p->exec = NULL;
        p->again = true;
        if (!loop_timer_is_set(a->timer))
            loop_timer_set(a->timer, RETRY_MS);
        return;
    }
    log_warn("remote execution of session %s: the dispatcher %s: %s",
             a->is.session, unreachable ? "cannot be reached" : "refuses",
             text);
    end(p, text);
}

static const struct muster_exec_callbacks told = {.on_submit = on_submit,
                                                  .on_output = on_output,
                                                  .on_cut = on_cut,
                                                  .on_exit = on_exit_of,
                                                  .on_done = on_done,
                                                  .on_error = on_error};

/* -- the requests ---------------------------------------------------------- */

/* What a script is run by: it comes as standard input, which it has not. */
#define RUN_SCRIPT                                                             \
    "f=$(mktemp) && trap 'rm -f \"$f\"' EXIT && cat >\"$f\" && "               \
    "chmod 750 \"$f\" && \"$f\" </dev/null"

size_t rexec_ask_pairs(const struct rexec_job *j, struct buf *text,
                       struct muster_attr *out)
{
    if (buf_len(&j->script)) {
        out[0] = (struct muster_attr){"cmd", RUN_SCRIPT};
        return 1;
    }
    for (size_t i = 0; i < j->n_args; i++)
        argument_word(text, j->args[i], strlen(j->args[i]));
    if (j->n_args)
        out[0] = (struct muster_attr){"argv", buf_str(text)};
    else
        out[0] = (struct muster_attr){"cmd", j->command};
    return 1;
}

/* The request of a part; hosts: their names. */
static void ask_part(struct part *p, const struct rexec_job *job,
                     const char *hosts)
{
    struct muster *m = p->ask->muster;
    struct muster_attr pairs[REXEC_PAIRS_MAX];
    struct buf text = BUF_INIT;
    size_t n = rexec_ask_pairs(job, &text, pairs);
    char *error = NULL;
    char *key = xasprintf("_rexec/%s/%zu", p->ask->is.session,
                          (size_t)(p - p->ask->parts));

    pairs[n++] = (struct muster_attr){".hosts", hosts};
    pairs[n++] = (struct muster_attr){".wait", WAIT_FOR_SLOT};
    pairs[n++] = (struct muster_attr){".key", key};
    if (buf_len(&job->script))
        p->exec =
            muster_exec_input(m, "execute", pairs, n, buf_data(&job->script),
                              buf_len(&job->script), &told, p, &error);
    else
        p->exec = muster_exec(m, "execute", pairs, n, &told, p, &error);
    if (!p->exec)
        end(p, error);
    free(error);
    free(key);
    buf_free(&text);
}

/* Bytes that names may have in a line. */
static size_t room_for_names(const struct rexec_job *job, size_t line)
{
    size_t used;
    struct buf text = BUF_INIT, written = BUF_INIT;
    struct muster_attr pairs[REXEC_PAIRS_MAX];
    size_t n = rexec_ask_pairs(job, &text, pairs);

    for (size_t i = 0; i < n; i++)
        argument_write(&written, pairs[i].name, pairs[i].value,
                       strlen(pairs[i].value));
    used = buf_len(&written) + LINE_MORE;
    buf_free(&written);
    buf_free(&text);
    line = line < REXEC_LINE_MAX ? line : REXEC_LINE_MAX;
    return used < line ? line - used : 0;
}

/* Bytes of it in the list at most: a quote is doubled there. */
static size_t name_size(const char *host)
{
    size_t size = strlen(host) + 1;

    for (; *host; host++)
        size += *host == '\'';
    return size;
}

/* The hosts from the first on that go into one line; one at least. A command
 * that leaves no room is refused in one piece, with all of them. */
static size_t take_hosts(const struct rexec_ask_setup *s, size_t first,
                         size_t room, bool last)
{
    size_t i = first, size = 0;

    for (; i < s->count; i++) {
        size += name_size(s->host(s->hosts, i));
        if (room && !last && i > first && size > room)
            break;
    }
    return i - first;
}

static void split(struct rexec_ask *a, size_t room)
{
    const struct rexec_ask_setup *s = &a->is;
    size_t first = 0;

    a->parts = xcalloc(REXEC_JOBS_MAX, sizeof(*a->parts));
    while (first < s->count) {
        struct part *p = &a->parts[a->n_parts++];

        p->ask = a;
        p->first = first;
        p->count = take_hosts(s, first, room, a->n_parts == REXEC_JOBS_MAX);
        first += p->count;
    }
    a->unanswered = a->running = a->n_parts;
}

void rexec_ask_begin(struct rexec_ask *a, const struct rexec_job *job,
                     size_t line)
{
    split(a, room_for_names(job, line));
    for (size_t i = 0; i < a->n_parts; i++) {
        struct part *p = &a->parts[i];
        struct buf hosts = BUF_INIT;

        for (size_t n = 0; n < p->count; n++)
            buf_add_fmt(&hosts, "%s%s", n ? "," : "",
                        a->is.host(a->is.hosts, p->first + n));
        ask_part(p, job, buf_str(&hosts));
        buf_free(&hosts);
    }
}

/* -- jobs that were asked for before --------------------------------------- */

static void follow_part(struct part *p)
{
    char *error = NULL;

    p->again = false;
    p->exec = muster_follow(p->ask->muster, p->jid, &told, p, &error);
    if (!p->exec)
        end(p, error);
    free(error);
}

static void on_timer(void *arg)
{
    struct rexec_ask *a = arg;

    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].again)
            follow_part(&a->parts[i]);
}

void rexec_ask_follow(struct rexec_ask *a, const struct rexec_part *parts,
                      size_t count)
{
    a->patience = loop_now(a->is.loop) + REXEC_PATIENCE_MS;
    a->parts = xcalloc(count, sizeof(*a->parts));
    a->n_parts = a->unanswered = a->running = count;
    for (size_t i = 0; i < count; i++)
        a->parts[i] =
            (struct part){.ask = a,
                          .jid = *parts[i].jid ? xstrdup(parts[i].jid) : NULL,
                          .first = parts[i].first,
                          .count = parts[i].count};
    for (size_t i = 0; i < count; i++) {
        if (a->parts[i].jid)
            follow_part(&a->parts[i]);
        else
            end(&a->parts[i], "the dispatcher did not take the job");
    }
}

struct rexec_part *rexec_ask_parts(const struct rexec_ask *a, size_t *count)
{
    struct rexec_part *list = xcalloc(a->n_parts, sizeof(*list));

    *count = a->n_parts;
    for (size_t i = 0; i < a->n_parts; i++)
        list[i] = (struct rexec_part){
            .jid = xstrdup(a->parts[i].jid ? a->parts[i].jid : ""),
            .first = a->parts[i].first,
            .count = a->parts[i].count};
    return list;
}

/* -- life ------------------------------------------------------------------ */

struct rexec_ask *rexec_ask_new(const struct rexec_ask_setup *s, char **error)
{
    struct muster *m = muster_new(loop_base(s->loop), s->dispatcher, error);
    struct rexec_ask *a;

    if (!m)
        return NULL;
    a = xcalloc(1, sizeof(*a));
    a->is = *s;
    a->is.dispatcher = NULL;
    a->muster = m;
    a->timer = loop_timer_new(s->loop, on_timer, a);
    return a;
}

void rexec_ask_free(struct rexec_ask *a)
{
    if (!a)
        return;
    muster_free(a->muster);
    loop_timer_free(a->timer);
    for (size_t i = 0; i < a->n_parts; i++) {
        free(a->parts[i].jid);
        free(a->parts[i].why);
    }
    free(a->parts);
    free(a);
}
