/*
 * The durable job store: what of jobs is written reads back the same; one that
 * is opened after a crash has what was told to be kept, whatever came between.
 */
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dispatcher/jobreplay.h"
#include "dispatcher/jobstore.h"
#include "dispatcher/keep.h"

#define HOSTS 3

static char folder[] = "/tmp/muster-kept-XXXXXX";

/* -- a store --------------------------------------------------------------- */

struct told {
    unsigned added, assigned, recovered;
    uint64_t kept[HOSTS];
    struct job *job; /* that was recovered last */
};

static void on_added(void *arg, struct job *j, const char *error)
{
    struct told *t = arg;

    assert_null(error);
    j->stored = true;
    t->added++;
}

static void on_stored(void *arg, struct task *t, uint64_t seq)
{
    struct told *told = arg;

    if (t->index < HOSTS)
        told->kept[t->index] = seq;
}

static void on_assigned(void *arg, struct task *t, uint64_t fence,
                        const char *error)
{
    struct told *told = arg;

    assert_null(error);
    assert_int_equal(t->fence, fence);
    told->assigned++;
}

static void on_recovered(void *arg, struct job *j)
{
    struct told *told = arg;

    told->recovered++;
    told->job = j;
}

static void on_pending(void *arg)
{
    (void)arg;
}

static void on_degraded(void *arg, const char *why)
{
    (void)arg;
    fail_msg("degraded: %s", why);
}

static const struct jobstore_handler handler = {.added = on_added,
                                                .stored = on_stored,
                                                .assigned = on_assigned,
                                                .recovered = on_recovered,
                                                .pending = on_pending,
                                                .degraded = on_degraded};
static const struct eventlog_bounds log_bounds = {16384, 1 << 20, 1 << 20};

static char *file_name(const char *name, const char *more)
{
    return xasprintf("%s/%s%s", folder, name, more);
}

static struct jobstore *open_store(const char *name, struct told *told)
{
    struct jobstore_bounds b = {
        .jobs = 100, .age_ms = 1000000, .size = 1 << 30, .memory = 1 << 30};
    char *path = file_name(name, ""), *error = NULL;
    struct jobstore *s =
        jobstore_sqlite_new(path, &b, &log_bounds, &handler, told, &error);

    if (!s)
        fail_msg("%s", error);
    free(path);
    if (!jobstore_setting_get(s, "instance"))
        jobstore_setting(s, "instance", "KEPTTEST");
    jobstore_recover(s);
    return s;
}

/* All that was told it is on the disk, and its callbacks have come. */
static void settle(struct jobstore *s)
{
    static struct jobstore_fetch f;
    struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN},
                          {.fd = s->past_fd, .events = POLLIN}};

    jobstore_tick(s);
    while (jobstore_sync(s, &f)) {
        jobstore_unfetch(s, &f);
        assert_true(poll(p, 2, 60000) > 0);
        jobstore_collect(s);
        jobstore_hand_over(s);
    }
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    char bytes[65536];
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(in) | fclose(out), 0);
}

/* What the disk has at this moment, as another store would find it. */
static void copy_files(const char *from, const char *to)
{
    static const char *const more[] = {"", "-wal"};

    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        char *a = file_name(from, more[i]), *b = file_name(to, more[i]);

        copy_file(a, b);
        free(a);
        free(b);
    }
}

/* -- a job's life ---------------------------------------------------------- */

static struct job *make_job(struct jobstore *s, unsigned number)
{
    struct dispatch_spec spec = {.op = strdup("execute"), .on = strdup("all")};
    char jid[JID_MAX], host[8];
    struct job *j;

    dispatch_spec_add_arg(&spec, "cmd", "echo\nhi", 7);
    snprintf(jid, sizeof(jid), "KEPTTEST-%u", number);
    j = job_new(jid, number, &spec, &log_bounds);
    j->submitted = 1790000000;
    jobstore_add(s, j);
    job_set_tasks(j, HOSTS);
    assert_true(job_set_state(j, JOB_RUNNING));
    for (unsigned i = 0; i < HOSTS; i++) {
        snprintf(host, sizeof(host), "web%u", i);
        j->tasks[i].host = job_intern(j, host);
        j->tasks[i].attempt = 1;
    }
    jobstore_event(s, j, EVENT_SUBMIT, NULL);
    return j;
}

static void begin(struct jobstore *s, struct task *t)
{
    assert_true(task_set_state(t, TASK_SENT));
    t->fence = jobstore_fence(s);
    t->started = 1790000001;
    jobstore_assign(s, t);
}

static void exit_task(struct jobstore *s, struct task *t)
{
    struct attrs attrs = {0};
    struct task_end how = {.reason = REASON_EXITED,
                           .state = HOST_FAILED,
                           .rc = "3",
                           .attrs = &attrs,
                           .text = "exited"};

    attrs_set(&attrs, "note", "it's\ta word");
    t->seq++;
    assert_true(task_set_state(t, TASK_ENDED));
    t->ended = 1790000002;
    task_set_end(t, &how);
    jobstore_event(s, t->job, EVENT_EXIT, t);
    attrs_free(&attrs);
}

static void say(struct jobstore *s, struct task *t, size_t len)
{
    char text[4096];

    if (t->state == TASK_SENT) {
        assert_true(task_set_state(t, TASK_RUNNING));
        jobstore_event(s, t->job, EVENT_ACK, t);
    }
    memset(text, 'a' + (int)(t->seq % 26), sizeof(text));
    t->seq++;
    jobstore_output(s, t, t->seq % 5 != 0, t->seq % 3 == 0, text, len, t->seq);
}

/* Everything that a reader is told, as text. */
static void ready(void *arg)
{
    (void)arg;
}

static void add_view(struct buf *b, const struct event_view *v)
{
    buf_add_fmt(b, "%d %llu %lld %s %u %llu %llu %.*s\n", (int)v->kind,
                (unsigned long long)v->seq, (long long)v->ms,
                v->host ? v->host : "-", v->stream,
                (unsigned long long)v->offset, (unsigned long long)v->bytes,
                (int)v->len, v->len ? v->text : "");
}

static char *told_of(struct eventlog *log)
{
    struct event_cursor *c = event_cursor_new(log, false, ready, NULL);
    struct event_view v;
    struct buf b = BUF_INIT;
    char *text;

    while (event_cursor_next(c, &v) == EVENT_GOT)
        add_view(&b, &v);
    event_cursor_free(c);
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

static void same_job(struct job *a, struct job *b)
{
    char *one = told_of(&a->log), *two = told_of(&b->log);

    assert_string_equal(one, two);
    free(one);
    free(two);
    assert_string_equal(a->jid, b->jid);
    assert_int_equal(b->spec.args[0].len, 7);
    assert_int_equal(a->n_tasks, b->n_tasks);
    for (unsigned i = 0; i < a->n_tasks; i++) {
        struct task *t = &a->tasks[i], *u = &b->tasks[i];
        struct buf x = BUF_INIT, y = BUF_INIT;

        assert_int_equal(t->state, u->state);
        assert_int_equal(t->seq, u->seq);
        if (t->state == TASK_ENDED) {
            keep_write_task(t, &x);
            keep_write_task(u, &y);
            assert_string_equal(buf_str(&x), buf_str(&y));
        }
        assert_memory_equal(a->log.hosts[i].offset, b->log.hosts[i].offset,
                            sizeof(a->log.hosts[i].offset));
        assert_string_equal(t->host, u->host);
        assert_int_equal(t->fence, u->fence);
        buf_free(&x);
        buf_free(&y);
    }
    assert_int_equal(a->failures, b->failures);
    assert_int_equal(a->results[HOST_FAILED], b->results[HOST_FAILED]);
}

/* -- tests ----------------------------------------------------------------- */

static void a_crash_at_any_time(void **state)
{
    struct told told = {0};
    struct jobstore *s = open_store("crash", &told);
    struct job *j = make_job(s, 1);
    unsigned chance = 1;

    (void)state;
    for (unsigned i = 0; i < HOSTS; i++)
        begin(s, &j->tasks[i]);
    settle(s);
    assert_int_equal(told.added, 1);
    assert_int_equal(told.assigned, HOSTS);
    for (unsigned round = 0; round < 60; round++) {
        struct told again = {0};
        struct jobstore *other;

        for (unsigned i = 0; i < 20; i++) {
            struct task *t = &j->tasks[(chance >> 16) % HOSTS];

            chance = chance * 1103515245 + 12345;
            if (t->state != TASK_ENDED)
                say(s, t, (chance >> 8) % (t->index == 1 ? 20 : 900));
            if (round == 40 && i == 10 && j->tasks[0].state != TASK_ENDED)
                exit_task(s, &j->tasks[0]);
        }
        settle(s);
        for (unsigned i = 0; i < HOSTS; i++)
            assert_int_equal(told.kept[i], j->tasks[i].seq);
        if (round % 6)
            continue;
        copy_files("crash", "found");
        other = open_store("found", &again);
        assert_int_equal(again.recovered, 1);
        same_job(j, again.job);
        assert_true(jobstore_fence(other) > j->tasks[2].fence);
        jobstore_free(other);
    }
    jobstore_free(s);
}

struct fetched {
    struct jobstore_fetch base;
    bool done;
};

static void on_fetched(struct jobstore_fetch *f)
{
    container_of(f, struct fetched, base)->done = true;
}

static void wait_for(struct jobstore *s, struct fetched *f, const char *jid)
{
    struct pollfd p = {.fd = s->past_fd, .events = POLLIN};

    *f = (struct fetched){.base = {.done = on_fetched}};
    if (!jobstore_fetch(s, &f->base, jid))
        return;
    while (!f->done) {
        assert_true(poll(&p, 1, 60000) > 0);
        jobstore_collect(s);
    }
}

/* Its life, from the store. */
static char *pages_of(struct jobstore *s, struct job *j)
{
    struct jobpages *g = jobstore_pages(s, j);
    struct event_cursor *c =
        event_cursor_new(jobpages_log(g), false, ready, NULL);
    struct pollfd p = {.fd = s->past_fd, .events = POLLIN};
    struct event_view v;
    struct buf b = BUF_INIT;
    enum event_read got;
    char *text;

    for (;;) {
        got = event_cursor_next(c, &v);
        if (got == EVENT_NONE && !jobpages_more(g))
            got = event_cursor_next(c, &v);
        if (got == EVENT_END)
            break;
        if (got == EVENT_NONE) {
            assert_true(poll(&p, 1, 60000) > 0);
            jobstore_collect(s);
            continue;
        }
        add_view(&b, &v);
    }
    event_cursor_free(c);
    jobpages_free(g);
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

static void ended_and_light(void **state)
{
    struct told told = {0};
    struct jobstore *s = open_store("ended", &told);
    struct fetched all, f;
    struct job *j = make_job(s, 1);
    char *life, *again;

    (void)state;
    for (unsigned i = 0; i < HOSTS; i++) {
        begin(s, &j->tasks[i]);
        for (unsigned n = 0; n < 900; n++) {
            say(s, &j->tasks[i], 50 + n % 500);
            if (n % 70 == 0)
                settle(s);
        }
        exit_task(s, &j->tasks[i]);
    }
    assert_true(job_set_state(j, JOB_DONE));
    j->ended = time(NULL);
    jobstore_event(s, j, EVENT_DONE, NULL);
    life = told_of(&j->log);
    jobstore_ended(s, j);
    settle(s);
    assert_true(j->light && j->log_away && !j->n_tasks);
    assert_int_equal(job_hosts(j), HOSTS);
    again = pages_of(s, j);
    assert_string_equal(life, again);
    free(again);
    jobstore_free(s);

    s = open_store("ended", &told);
    assert_null(jobstore_find(s, "KEPTTEST-1"));
    wait_for(s, &f, "KEPTTEST-1"); /* before the list has come, or after */
    j = jobstore_find(s, "KEPTTEST-1");
    assert_non_null(j);
    assert_int_equal(j->n_tasks, HOSTS);
    assert_string_equal(attrs_get(&j->tasks[1].attrs, "note"), "it's\ta word");
    assert_int_equal(j->results[HOST_FAILED], HOSTS);
    wait_for(s, &all, NULL);
    again = pages_of(s, j);
    assert_string_equal(life, again);
    jobstore_unfetch(s, &f.base);
    assert_true(j->light);
    wait_for(s, &f, "KEPTTEST-2");
    assert_null(f.base.job);
    jobstore_remove(s, j);
    settle(s);
    jobstore_free(s);
    s = open_store("ended", &told);
    wait_for(s, &all, NULL);
    assert_null(jobstore_next(s, NULL));
    assert_int_equal(s->last, 1); /* its number is not given again */
    jobstore_free(s);
    free(life);
    free(again);
}

static void retention(void **state)
{
    struct told told = {0};
    struct jobstore *s = open_store("kept", &told);
    struct job *j = NULL;
    unsigned n = 0;

    (void)state;
    for (unsigned i = 1; i <= 20; i++) {
        j = make_job(s, i);
        for (unsigned h = 0; h < HOSTS; h++) {
            begin(s, &j->tasks[h]);
            exit_task(s, &j->tasks[h]);
        }
        assert_true(job_set_state(j, JOB_DONE));
        j->ended = time(NULL);
        j->ended_ms = i;
        jobstore_event(s, j, EVENT_DONE, NULL);
        jobstore_ended(s, j);
    }
    settle(s);
    s->bounds.age_ms = 15;
    jobstore_tidy(s, 20); /* five and older */
    s->bounds.jobs = 12;
    jobstore_tidy(s, 20);
    settle(s);
    for (j = NULL; (j = jobstore_next(s, j));)
        assert_true(++n && j->number > 8);
    assert_int_equal(n, 12);
    s->bounds.size = 1;
    jobstore_tidy(s, 20);
    settle(s);
    assert_null(jobstore_next(s, NULL));
    assert_int_equal(s->counts.bytes, 0);
    jobstore_free(s);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    (void)state;
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_any_time),
        cmocka_unit_test(ended_and_light),
        cmocka_unit_test(retention),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
