/*
 * The driver of the tests of libmuster (t/client-*.t): it does what the lines
 * on its standard input say, and prints every callback as a line of words.
 *
 *   client-driver REGISTRIES [DISPATCHER [REQUEST_MS]]
 *
 *   register ID NAME [ATTR VALUE]… [.persist 1] [.ttl S] [.volatile A,B]
 *            [.replace 1]
 *   set ID ATTR [VALUE]…           one pair or more in one turn of the loop
 *   unset ID ATTR
 *   find ID SELECTOR [DIRECTIVE VALUE]…
 *   monitor ID SELECTOR
 *   exec ID OP [ARG VALUE]…        follow ID JID
 *   cancel ID                      pause ID             resume ID
 *   request ID WORD…
 *   free ID
 *   at ID EVENT free OTHER         in that callback (the next one of its name)
 *   at ID EVENT end                … everything: muster_free()
 *   at ID EVENT pause              … the job
 *   at link up|down …             … of a link
 *   end                            muster_free(), and the loop goes on
 *   echo WORD                      prints it, after what came before
 *
 * At the end of its input it frees everything and exits.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/line.h"
#include "lib/mem.h"
#include "lib/words.h"
#include "t/driver/thing.h"

#define DRIVER_WORDS 200

static struct event_base *base;

/* -- what is ordered ------------------------------------------------------- */

/* A line: its verb, then the words after it. */
struct order {
    const char *w[DRIVER_WORDS]; /* w[0] is the verb */
    size_t n;
};

static size_t order_pairs(const struct order *o, size_t from,
                          struct muster_attr *attrs)
{
    size_t n = 0;

    for (; from + 1 < o->n; from += 2)
        attrs[n++] = (struct muster_attr){o->w[from], o->w[from + 1]};
    return n;
}

static void do_register(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], REGISTRATION);
    struct muster_attr pairs[DRIVER_WORDS], attrs[DRIVER_WORDS];
    struct muster_registration_options r = {.name = o->w[2],
                                            .attrs = attrs,
                                            .on_registered =
                                                driver_on_registered,
                                            .on_refused = driver_on_refused,
                                            .arg = t};
    size_t i, n = order_pairs(o, 3, pairs);
    char *error = NULL;
    void *handle;

    for (i = 0; i < n; i++) {
        if (strcmp(pairs[i].name, ".persist") == 0)
            r.persist = true;
        else if (strcmp(pairs[i].name, ".replace") == 0)
            r.replace = true;
        else if (strcmp(pairs[i].name, ".ttl") == 0)
            r.ttl_s = (unsigned)strtoul(pairs[i].value, NULL, 10);
        else if (strcmp(pairs[i].name, ".volatile") == 0)
            r.volatile_attrs = pairs[i].value;
        else
            attrs[r.attr_count++] = pairs[i];
    }
    handle = muster_register(driver_muster(), &r, &error);
    thing_begun(t, handle, error);
}

static void do_set(const struct order *o)
{
    struct thing *t = thing_find(o->w[1]);
    size_t i;

    for (i = 2; i < o->n; i += 2)
        if (!muster_registration_set(t->handle, o->w[i],
                                     i + 1 < o->n ? o->w[i + 1] : NULL))
            say_text(t, "unset-able", o->w[i]);
}

static void do_find(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], FIND);
    struct muster_attr d[DRIVER_WORDS];
    size_t n = order_pairs(o, 3, d);
    char *error = NULL;
    void *handle;

    handle = muster_find_with(driver_muster(), o->w[2], d, n, driver_find(), t,
                              &error);
    thing_begun(t, handle, error);
}

static void do_monitor(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], MONITOR);
    char *error = NULL;
    void *handle;

    handle =
        muster_monitor(driver_muster(), o->w[2], driver_monitor(), t, &error);
    thing_begun(t, handle, error);
}

static void do_exec(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], EXEC);
    struct muster_attr args[DRIVER_WORDS];
    size_t n = order_pairs(o, 3, args);
    char *error = NULL;
    void *handle;

    handle = muster_exec(driver_muster(), o->w[2], args, n, driver_exec(), t,
                         &error);
    thing_begun(t, handle, error);
}

static void do_follow(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], EXEC);
    char *error = NULL;
    void *handle;

    handle = muster_follow(driver_muster(), o->w[2], driver_exec(), t, &error);
    thing_begun(t, handle, error);
}

static void do_cancel(const struct order *o)
{
    struct thing *t = thing_find(o->w[1]);

    say_text(t, "cancel", muster_exec_cancel(t->handle) ? "asked" : "no");
}

static void do_pause(const struct order *o)
{
    muster_exec_pause(thing_find(o->w[1])->handle);
}

static void do_resume(const struct order *o)
{
    muster_exec_resume(thing_find(o->w[1])->handle);
}

static void do_request(const struct order *o)
{
    struct thing *t = thing_new(o->w[1], REQUEST);
    char *error = NULL;
    void *handle;

    handle = muster_request(driver_muster(), o->w + 2, o->n - 2,
                            driver_request(), t, &error);
    thing_begun(t, handle, error);
}

static void do_free(const struct order *o)
{
    thing_free(thing_find(o->w[1]));
}

static void do_at(const struct order *o)
{
    struct thing *t = thing_find(o->w[1]);

    free(t->at);
    free(t->action);
    free(t->other);
    t->at = xstrdup(o->w[2]);
    t->action = xstrdup(o->w[3]);
    t->other = xstrdup(o->n > 4 ? o->w[4] : "");
}

static void do_end(const struct order *o)
{
    (void)o;
    driver_end();
}

static void do_echo(const struct order *o)
{
    printf("%s\n", o->w[1]);
    fflush(stdout);
}

static const struct verb {
    const char *word;
    size_t min; /* words, with the verb */
    void (*run)(const struct order *o);
} verbs[] = {
    {"register", 3, do_register},
    {"set", 3, do_set},
    {"unset", 3, do_set},
    {"find", 3, do_find},
    {"monitor", 3, do_monitor},
    {"exec", 3, do_exec},
    {"follow", 3, do_follow},
    {"cancel", 2, do_cancel},
    {"pause", 2, do_pause},
    {"resume", 2, do_resume},
    {"request", 2, do_request},
    {"free", 2, do_free},
    {"at", 4, do_at},
    {"end", 1, do_end},
    {"echo", 2, do_echo},
};

static void run_line(char *line, size_t len)
{
    struct word words[DRIVER_WORDS];
    int i, n = words_split(line, len, words, DRIVER_WORDS);
    struct order o = {.n = n > 0 ? (size_t)n : 0};
    size_t v;

    for (i = 0; i < n; i++)
        o.w[i] = words[i].text;
    for (v = 0; o.n && v < ARRAY_LEN(verbs); v++) {
        if (strcmp(verbs[v].word, o.w[0]) == 0 && o.n >= verbs[v].min) {
            verbs[v].run(&o);
            return;
        }
    }
    fprintf(stderr, "client-driver: what is %s?\n", o.n ? o.w[0] : "that");
    exit(2);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
    struct line_reader *r = arg;
    size_t room, len;
    char *line, *to = line_room(r, 4096, &room);
    ssize_t n = read(fd, to, room);

    (void)what;
    if (n <= 0) {
        event_base_loopbreak(base);
        return;
    }
    line_fed(r, (size_t)n);
    while (line_next(r, false, &line, &len) == LINE_GOT)
        run_line(line, len);
}

int main(int argc, char **argv)
{
    struct muster_tls tls = {.ca = getenv("MUSTER_TLS_CA")};
    struct muster_options options = {.backoff_min_ms = 10,
                                     .backoff_max_ms = 200};
    struct line_reader reader;
    struct event *input;

    base = event_base_new();
    options.tls = &tls;
    options.registries = argc > 1 ? argv[1] : NULL;
    options.dispatcher = argc > 2 && *argv[2] ? argv[2] : NULL;
    options.request_timeout_ms =
        argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    if (!driver_begin(base, &options)) {
        event_base_free(base);
        return 1;
    }
    line_init(&reader, 1 << 20);
    input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, &reader);
    event_add(input, NULL);
    event_base_dispatch(base);
    driver_end();
    /* what is given back when the loop goes on: names that were asked for */
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_free(input);
    event_base_free(base);
    line_free(&reader);
    return 0;
}
