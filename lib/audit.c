#include "lib/audit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/audit_body.h"
#include "lib/audit_file.h"
#include "lib/audit_writer.h"
#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/refused.h"

#define FILE_PREFIX "file:"

enum audit_full { FULL_DROP, FULL_REFUSE }; /* the values of audit.full */

static struct {
    struct audit_writer *writer; /* NULL: off */
    const char *program;         /* borrowed */
    char *path;                  /* owned */
    enum audit_full full;
    size_t queue;    /* audit.queue */
    struct buf body; /* the line at hand */
    bool was_full;   /* and that has been logged */
    char *trouble;   /* owned; NULL: all is well */
    int closed;      /* as of the last news */

    struct audit_counts counts; /* as of the last time somebody asked */

    /* what the request at hand asks for */
    const char *about;
    struct buf
        about_what; /* a copy: a request may be gone when it is refused */
    bool has_what;
} the_audit;

bool audit_is_on(void)
{
    return the_audit.writer != NULL;
}

/* -- lines ----------------------------------------------------------------- */

/* Room is kept for what is under way when no more is taken. */
static bool is_half_full(void)
{
    return audit_writer_is_full(the_audit.writer, the_audit.queue / 2);
}

/* One warning for each time that the queue fills up. */
static void tell_full(void)
{
    if (the_audit.was_full)
        return;
    the_audit.was_full = true;
    log_warn("audit.to: the queue before %s is full (audit.queue): %s",
             the_audit.path,
             the_audit.full == FULL_REFUSE
                 ? "changes are refused until there is room"
                 : "lines are lost, and the log will say how many");
}

static void put_line(void)
{
    if (!audit_writer_add(the_audit.writer, buf_data(&the_audit.body),
                          buf_len(&the_audit.body)))
        tell_full();
    else if (the_audit.was_full && !is_half_full())
        the_audit.was_full = false;
    buf_reset(&the_audit.body, AUDIT_LINE_MAX);
}

void audit_write(const struct audit_event *e)
{
    struct timespec now;

    if (!audit_is_on())
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    audit_body(&the_audit.body, &now, e);
    put_line();
}

void audit_about(const char *action, const char *what, size_t what_len)
{
    the_audit.about = action;
    the_audit.has_what = what != NULL;
    buf_reset(&the_audit.about_what, AUDIT_LINE_MAX);
    if (what != NULL && what_len > 0 && audit_is_on())
        buf_add(&the_audit.about_what, what, what_len);
}

void audit_from_conn(struct audit_event *e, const struct conn *c)
{
    e->who = conn_principal(c)->name;
    e->from = conn_peer(c);
}

/* Everything that is refused comes here. */
static void refused(const struct refused *r)
{
    audit_write(&(struct audit_event){
        .who = r->who,
        .from = r->from,
        .face = r->face,
        .action = the_audit.about != NULL ? the_audit.about : "request",
        .what = the_audit.has_what ? buf_str(&the_audit.about_what) : NULL,
        .what_len = buf_len(&the_audit.about_what),
        .outcome = AUDIT_REFUSED,
        .code = r->code,
        .reason = r->text});
}

const char *audit_refusal(void)
{
    if (!audit_is_on() || the_audit.full != FULL_REFUSE || !is_half_full())
        return NULL;
    tell_full();
    return "the audit log cannot be written: no change is made until it can";
}

/* A line of the log about itself; text NULL: none. */
static void put_own(const char *action, const char *key, const char *text,
                    uint64_t number)
{
    struct buf *b = &the_audit.body;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    audit_body_time(b, &now);
    audit_body_text(b, "action", action, strlen(action));
    if (text != NULL)
        audit_body_text(b, key, text, strlen(text));
    audit_body_text(b, "program", the_audit.program, strlen(the_audit.program));
    audit_body_number(b, "pid", (uint64_t)getpid());
    if (number)
        audit_body_number(b, "count", number);
    put_line();
}

/* -- how it goes ----------------------------------------------------------- */

const char *audit_trouble(void)
{
    return the_audit.trouble;
}

static void tell_closed(int closed)
{
    if (closed != 0 && closed != the_audit.closed)
        log_error("audit.to: cannot open %s again: %s; the old file is "
                  "written on",
                  the_audit.path, strerror(closed));
    the_audit.closed = closed;
}

static void news(void *arg)
{
    struct audit_counts counts;

    (void)arg;
    audit_writer_counts(the_audit.writer, &counts);
    tell_closed(counts.closed);
    if (counts.failing == 0 && the_audit.trouble != NULL)
        log_info("audit.to: %s is written again", the_audit.path);
    free(the_audit.trouble);
    the_audit.trouble = NULL;
    if (counts.failing == 0)
        return;
    the_audit.trouble = xasprintf("audit.to: cannot write %s: %s",
                                  the_audit.path, strerror(counts.failing));
    log_error("%s; it is tried again each second", the_audit.trouble);
}

static void read_counts(void *arg)
{
    (void)arg;
    audit_writer_counts(the_audit.writer, &the_audit.counts);
}

static double read_failing(void *arg)
{
    (void)arg;
    return the_audit.counts.failing != 0;
}

static void metrics_begin(void)
{
    static const struct metric_row rows[] = {
        {"muster_audit_lines_total",
         "Lines written to the audit log.",
         offsetof(struct audit_counts, lines),
         {0}},
        {"muster_audit_lost_total",
         "Events missing in the audit log: its queue was full.",
         offsetof(struct audit_counts, lost),
         {0}},
        {"muster_audit_errors_total",
         "Writes, syncs and openings of the audit log that failed.",
         offsetof(struct audit_counts, errors),
         {0}},
        {"muster_audit_syncs_total",
         "Times the audit log was synced to disk.",
         offsetof(struct audit_counts, syncs),
         {0}},
        {"muster_audit_queue_bytes",
         "Bytes that wait for the audit log.",
         offsetof(struct audit_counts, queued),
         {0}},
    };

    metrics_on_read(read_counts, NULL, &the_audit);
    metrics_add_rows(rows, ARRAY_LEN(rows), &the_audit.counts, &the_audit,
                     (struct metric_label){0});
    metrics_add_gauge("muster_audit_failing",
                      "1 while the audit log cannot be written.", read_failing,
                      NULL, &the_audit);
}

/* -- its life -------------------------------------------------------------- */

static void read_settings(const struct conf *conf,
                          struct audit_writer_settings *s)
{
    the_audit.full = (enum audit_full)conf_enum(conf, "audit.full");
    the_audit.queue = s->queue = conf_size(conf, "audit.queue");
    s->sync_ms = (uint64_t)conf_duration_ms(conf, "audit.sync");
}

/* What the file looked like: for the people, and in the chain. */
static void tell_found(const struct audit_file *f)
{
    if (f->torn) {
        log_warn("audit.to: the last line of %s was torn by a crash: %zu bytes "
                 "of it are there",
                 f->path, f->torn);
        put_own("torn", "torn", f->torn_hash, f->torn);
    }
    if (f->missing) {
        log_error("audit.to: %llu lines are missing at the end of %s: they "
                  "had been written",
                  (unsigned long long)f->missing, f->path);
        put_own("missing", NULL, NULL, f->missing);
    }
    if (f->replaced) {
        log_error("audit.to: the last line of %s is not the one that had been "
                  "written",
                  f->path);
        put_own("replaced", NULL, NULL, 0);
    }
}

/* The path in `file:PATH`, with the program's name for %p. Free it. */
static char *path_of(const char *to, const char *program)
{
    struct buf out = BUF_INIT;
    const char *p;
    char *path;

    for (p = to + strlen(FILE_PREFIX); *p != '\0'; p++) {
        if (strncmp(p, "%p", 2) == 0) {
            buf_add_str(&out, program);
            p++;
        } else {
            buf_add_char(&out, *p);
        }
    }
    path = xstrdup(buf_str(&out));
    buf_free(&out);
    return path;
}

static bool start_writer(struct loop *l, const struct conf *conf,
                         struct audit_file *f)
{
    struct audit_writer_settings settings;

    read_settings(conf, &settings);
    the_audit.writer = audit_writer_new(l, f, &settings, news, NULL);
    if (the_audit.writer == NULL) {
        log_error("audit.to: no thread for it: %m");
        audit_file_close(f);
        return false;
    }
    return true;
}

bool audit_start(struct loop *l, const struct conf *conf, const char *program)
{
    const char *to = conf_str(conf, "audit.to");
    struct audit_file file, found;
    char *error;

    if (strcmp(to, "off") == 0)
        return true;
    the_audit.path = path_of(to, program);
    the_audit.program = program;
    error = audit_file_open(&file, the_audit.path);
    if (error != NULL)
        log_error("audit.to: %s", error);
    found = file; /* the thread's from now on */
    found.path = the_audit.path;
    if (error != NULL || !start_writer(l, conf, &file)) {
        free(error);
        free(the_audit.path);
        the_audit.path = NULL;
        return false;
    }
    log_info("audit.to: %s goes on after line %llu", the_audit.path,
             (unsigned long long)found.chain.seq);
    tell_found(&found);
    put_own("start", "version", PACKAGE_VERSION, 0);
    metrics_begin();
    refused_hook(refused);
    return true;
}

void audit_reopen(void)
{
    if (audit_is_on())
        audit_writer_reopen(the_audit.writer);
}

void audit_reload(const struct conf *conf)
{
    struct audit_writer_settings settings;

    if (!audit_is_on())
        return;
    read_settings(conf, &settings);
    audit_writer_configure(the_audit.writer, &settings);
}

void audit_stop(void)
{
    uint64_t lost;

    if (!audit_is_on())
        return;
    refused_hook(NULL);
    metrics_forget(&the_audit);
    put_own("stop", NULL, NULL, 0);
    lost = audit_writer_free(the_audit.writer);
    the_audit.writer = NULL;
    if (lost)
        log_error("audit.to: the last %llu lines could not be written to %s",
                  (unsigned long long)lost, the_audit.path);
    buf_free(&the_audit.body);
    buf_free(&the_audit.about_what);
    free(the_audit.path);
    free(the_audit.trouble);
    memset(&the_audit, 0, sizeof(the_audit));
}
