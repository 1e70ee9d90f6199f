/* The words of port exec and of workers: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/wire_words.h"
#include "plugins/dispatch/exec_lines.h"
#include "plugins/dispatch/exec_request.h"

static char *parse(struct exec_request *q, char *line, const char *text)
{
    static struct word words[EXEC_WORDS_MAX];
    int n;

    memcpy(line, text, strlen(text) + 1);
    n = words_split(line, strlen(line), words, EXEC_WORDS_MAX);
    assert_true(n >= 0);
    return exec_request_parse(q, words, n);
}

static const char *const refused_rows[][2] = {
    {"", "empty request"},
    {"execute cmd", "odd attribute/value pairs"},
    {"execute cmd true .at 5", ".at takes a time: 2026-11-22T09:30:00Z "
                               "(RFC 3339), 09:30 or +10m"},
    {"execute cmd true .after =ok", ".after takes JID, JID=ok or JID=any"},
    {"execute cmd true .key ''", ".key takes a text of 1 to 200 bytes"},
    {"execute cmd true .priority x",
     ".priority takes a number from -100 to 100"},
    {"execute cmd true .priority -101",
     ".priority takes a number from -100 to 100"},
    {"execute cmd true .retry 101", ".retry takes a number of times, 0 to 100"},
    {"execute cmd true .lock a,a",
     ".lock takes NAME or NAME=N, N from 1; several with commas, each "
     "once"},
    {"execute cmd true .lock a .lock b,a",
     ".lock takes NAME or NAME=N, N from 1; several with commas, each "
     "once"},
    {"execute cmd true .lock a=0",
     ".lock takes NAME or NAME=N, N from 1; several with commas, each "
     "once"},
    {"execute cmd true .lock ''",
     ".lock takes NAME or NAME=N, N from 1; several with commas, each "
     "once"},
    {"execute cmd true .token 5", "directive .token is not supported"},
    {"jobs .token 5", "directive .token is not supported"},
    {"execute cmd true .foo 5", "unknown directive .foo"},
    {"follow A-1 .on all", "unknown directive .on"},
    {"execute .any 2", ".any takes 0 or 1"},
    {"execute .any ''", ".any takes 0 or 1"},
    {"execute .keep yes", ".keep takes 0 or 1"},
    {"execute .timeout -1",
     ".timeout takes a number of seconds, or 500ms 30s 5m 1h 2d"},
    {"execute .wait 1.2345",
     ".wait takes a number of seconds, or 500ms 30s 5m 1h 2d"},
    {"execute .wait ''",
     ".wait takes a number of seconds, or 500ms 30s 5m 1h 2d"},
    {"execute .idle 99999999999",
     ".idle takes a number of seconds, or 500ms 30s 5m 1h 2d"},
    {"execute .parallel 0",
     ".parallel takes a number of hosts from 1, or 1% to 100%"},
    {"execute .parallel 101%",
     ".parallel takes a number of hosts from 1, or 1% to 100%"},
    {"execute .parallel %",
     ".parallel takes a number of hosts from 1, or 1% to 100%"},
    {"execute .fail x", ".fail takes a number of hosts, or 0% to 100%"},
    {"execute .min 0", ".min takes a number of hosts, from 1"},
    {"execute .expect -1", ".expect takes a number of hosts, from 1"},
    {"execute .per rack", ".per takes ATTRIBUTE=N, N from 1"},
    {"execute .per rack=0", ".per takes ATTRIBUTE=N, N from 1"},
    {"execute .per =1", ".per takes ATTRIBUTE=N, N from 1"},
    {"execute .lost maybe", ".lost takes wait, fail or rerun"},
    {"execute .hosts a,,b",
     ".hosts takes names with commas between them, each once"},
    {"execute .hosts ''",
     ".hosts takes names with commas between them, each once"},
    {"execute .hosts a,b,a",
     ".hosts takes names with commas between them, each once"},
    {"execute .on a .on b", "directive .on stands twice"},
    {"execute '' x", "empty attribute name"},
    {"job", "usage: job JID"},
    {"cancel", "usage: cancel JID"},
    {"cancel A-1 now", "odd attribute/value pairs"},
    {"cancel A-1 now 1", "no argument now here"},
    {"'' a b", "bad operation"},
    {".on all", "bad operation"},
};

static void requests_refused(void **state)
{
    char line[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
        struct exec_request q;
        char *wrong = parse(&q, line, refused_rows[i][0]);

        if (!wrong)
            fail_msg("'%s' was taken", refused_rows[i][0]);
        if (strcmp(refused_rows[i][1], "empty attribute name") != 0)
            assert_string_equal(wrong, refused_rows[i][1]);
        free(wrong);
        exec_request_free(&q);
    }
}

static void request_taken(void **state)
{
    struct exec_request q;
    char line[512];

    (void)state;
    assert_null(parse(&q, line,
                      "execute cmd 'echo it''s' stdin a stdin b .on 'a=b c d' "
                      ".wait 1.5 .timeout 2m .idle 500ms .parallel 10% .fail 0 "
                      ".min 2 .expect 3 .per rack=2 .lost wait .keep 1 "
                      ".detach 1 .any 0 .retry 3 .priority -7 .lock a .lock "
                      "b=2,c"));
    assert_int_equal(q.spec.retry, 3);
    assert_int_equal(q.spec.priority, -7);
    assert_int_equal(q.spec.n_locks, 3);
    assert_string_equal(q.spec.locks[1].name, "b");
    assert_int_equal(q.spec.locks[1].n, 2);
    assert_int_equal(q.spec.locks[2].n, 1);
    assert_int_equal(q.verb, EXEC_RUN);
    assert_string_equal(q.spec.op, "execute");
    assert_int_equal(q.spec.n_args, 3);
    assert_string_equal(q.spec.args[0].value, "echo it's");
    assert_string_equal(q.spec.args[2].value, "b");
    assert_string_equal(q.spec.on, "a=b c d");
    assert_true(q.spec.has_wait);
    assert_int_equal(q.spec.wait_ms, 1500);
    assert_int_equal(q.spec.timeout_ms, 120000);
    assert_int_equal(q.spec.idle_ms, 500);
    assert_true(q.spec.parallel.percent && q.spec.parallel.n == 10);
    assert_true(q.spec.fail.set && !q.spec.fail.n && !q.spec.fail.percent);
    assert_int_equal(q.spec.min, 2);
    assert_int_equal(q.spec.expect, 3);
    assert_string_equal(q.spec.per_attr, "rack");
    assert_int_equal(q.spec.per_n, 2);
    assert_int_equal(q.spec.lost, DISPATCH_LOST_WAIT);
    assert_true(q.keep && q.detach && !q.spec.any);
    exec_request_free(&q);
    assert_null(parse(&q, line, "ping .hosts a,b .wait 0"));
    assert_int_equal(q.spec.n_hosts, 2);
    assert_string_equal(q.spec.hosts[1], "b");
    assert_false(q.spec.has_wait);
    exec_request_free(&q);
    assert_null(parse(&q, line, "jobs 'state=1 op execute' .keep 1"));
    assert_int_equal(q.selector.count, 2);
    exec_request_free(&q);
    assert_null(parse(&q, line, "jobs state 1 .name 'A*'"));
    assert_int_equal(q.selector.count, 2);
    exec_request_free(&q);
    assert_null(parse(&q, line, "follow A-1 .keep 1"));
    assert_string_equal(q.jid, "A-1");
    exec_request_free(&q);
}

/* -- lines of output ------------------------------------------------------- */

static void long_line_is_split(void **state)
{
    char text[1000];
    struct dispatch_event ev = {.kind = DISPATCH_OUTPUT,
                                .host = "web1",
                                .text = text,
                                .len = sizeof(text),
                                .whole = true};
    struct buf out = BUF_INIT;
    struct word words[5];
    size_t total = 0, lines = 0;
    char *at, *end;

    (void)state;
    memset(text, '\'', sizeof(text));
    exec_lines_event(&out, &ev, 256);
    for (at = out.data;
         (end = memchr(at, '\n', (size_t)(out.data + out.end - at)));
         at = end + 1) {
        assert_true(end - at <= 256);
        assert_int_equal(words_split(at, (size_t)(end - at), words, 5), 4);
        total += words[3].len;
        lines++;
        assert_true(word_is(&words[0], total < sizeof(text) ? "part" : "out"));
    }
    assert_int_equal(total, sizeof(text));
    assert_true(lines > 8);
    buf_free(&out);
}

/* -- words of workers ------------------------------------------------------ */

struct heard {
    unsigned calls;
    char last[64];
    uint64_t seq;
    size_t len;
};

static void heard(struct heard *h, const char *what, uint64_t seq)
{
    h->calls++;
    h->seq = seq;
    snprintf(h->last, sizeof(h->last), "%s", what);
}

static void on_word(void *arg, const char *jid)
{
    heard(arg, jid, 0);
}

static void on_refuse(void *arg, const char *jid, const char *why)
{
    (void)jid;
    heard(arg, why, 0);
}

static void on_output(void *arg, const struct wire_output *o)
{
    struct heard *h = arg;

    heard(h, o->stream ? "stderr" : "stdout", o->seq);
    h->len = o->len;
}

static void on_exit_line(void *arg, const struct wire_exit *e)
{
    heard(arg, attrs_get(e->attrs, "reason"), e->seq);
}

static void on_have(void *arg, const char *jid, uint64_t seq, bool exited)
{
    (void)jid;
    heard(arg, exited ? "exited" : "running", seq);
}

static void on_end(void *arg)
{
    heard(arg, "end", 0);
}

static void on_load(void *arg, const char *name, const char *value)
{
    (void)name;
    heard(arg, value, 0);
}

static void on_drained(void *arg, const char *error)
{
    heard(arg, error ? error : "drained", 0);
}

static const struct wire_handler handler = {.ack = on_word,
                                            .refuse = on_refuse,
                                            .output = on_output,
                                            .exit = on_exit_line,
                                            .have = on_have,
                                            .list_end = on_end,
                                            .load = on_load,
                                            .load_end = on_end,
                                            .drained = on_drained,
                                            .complaint = on_word};

static void worker_words(void **state)
{
    static const struct {
        const char *line;
        const char *wrong; /* NULL: it is taken, and ... */
        const char *last;  /* ... this is what was heard */
    } rows[] = {
        {"ack A-1", NULL, "A-1"},
        {"ack", "wrong number of words", NULL},
        {"drain ok", NULL, "drained"},
        {"drain failed 'no disk'", NULL, "no disk"},
        {"drain", "wrong number of words", NULL},
        {"drain perhaps", "neither ok nor failed", NULL},
        {"refuse A-1 'no free slot'", NULL, "no free slot"},
        {"out A-1 3 stdout 'x y'", NULL, "stdout"},
        {"part A-1 4 stderr ''", NULL, "stderr"},
        {"out A-1 x stdout y", "bad sequence number", NULL},
        {"out A-1 -1 stdout y", "bad sequence number", NULL},
        {"out A-1 99999999999999999999 stdout y", "bad sequence number", NULL},
        {"out A-1 1 stdin y", "bad stream", NULL},
        {"out A-1 1 stdout y z", "wrong number of words", NULL},
        {"exit A-1 5 0 state 0 reason exited", NULL, "exited"},
        {"exit A-1 5 - state 2 reason 'signal 9' duration 1", NULL, "signal 9"},
        {"exit A-1 5 0 state 9 reason x", "bad state", NULL},
        {"exit A-1 5 256 state 2 reason x", "bad exit status", NULL},
        {"exit A-1 5 0 state 0 reason", "odd attribute/value pairs", NULL},
        {"have A-1 7 running", NULL, "running"},
        {"have A-1 7 exited", NULL, "exited"},
        {".end", NULL, "end"},
        {"load slots-free 3 load 0.5", NULL, "end"},
        {"load slots-free", "odd attribute/value pairs", NULL},
        {"error: 'no such job'", NULL, "no such job"},
        {"hello again", "unknown word", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct heard h = {0};
        struct word words[WIRE_WORDS_MAX];
        char line[128];
        const char *wrong;
        int n;

        memcpy(line, rows[i].line, strlen(rows[i].line) + 1);
        n = words_split(line, strlen(line), words, WIRE_WORDS_MAX);
        wrong = wire_dispatch_words(&handler, &h, words, n);
        if (rows[i].wrong) {
            assert_string_equal(wrong, rows[i].wrong);
            assert_int_equal(h.calls, 0);
        } else {
            assert_null(wrong);
            assert_string_equal(h.last, rows[i].last);
        }
    }
}

static void greetings(void **state)
{
    static const struct {
        const char *line;
        bool ok;
    } rows[] = {
        {"hello web1 ABC slots 4 ops execute,ping", true},
        {"hello web1 ABC", true},
        {"hello web1", false},
        {"hello '' ABC", false},
        {"hello web1 ABC slots", false},
        {"hello web1 ABC slots many", false},
        {"hello web1 ABC slots 9999999", false},
        {"ack A-1", false},
        {"error: 'a dispatcher''s name is 1 to 32 letters'", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_hello hello;
        struct word words[WIRE_WORDS_MAX];
        char line[128];
        int n;

        memcpy(line, rows[i].line, strlen(rows[i].line) + 1);
        n = words_split(line, strlen(line), words, WIRE_WORDS_MAX);
        assert_int_equal(wire_parse_hello(words, n, &hello) == NULL,
                         rows[i].ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_refused),   cmocka_unit_test(request_taken),
        cmocka_unit_test(long_line_is_split), cmocka_unit_test(worker_words),
        cmocka_unit_test(greetings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
