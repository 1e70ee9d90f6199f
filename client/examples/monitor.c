/*
 * Follows the services that a selector selects: first those that are there,
 * then every change.
 *
 *   monitor REGISTRY SELECTOR
 */
#include <event2/event.h>
#include <muster.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void print(char sign, const struct muster_service *s)
{
    size_t i;

    printf("%c %s", sign, s->name);
    for (i = 0; i < s->attr_count; i++)
        printf(" %s '%s'", s->attrs[i].name, s->attrs[i].value);
    printf("\n");
    fflush(stdout);
}

static void on_add(void *arg, const struct muster_service *s)
{
    (void)arg;
    print('+', s);
}

static void on_change(void *arg, const struct muster_service *s,
                      const struct muster_service *old)
{
    (void)arg;
    (void)old;
    print('=', s);
}

static void on_gone(void *arg, const struct muster_service *old)
{
    (void)arg;
    print('-', old);
}

static void on_synced(void *arg, uint64_t revision)
{
    (void)arg;
    printf("# in sync at %llu\n", (unsigned long long)revision);
    fflush(stdout);
}

static void on_error(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "monitor: %s\n", text);
}

static void on_signal(evutil_socket_t signal, short what, void *base)
{
    (void)signal;
    (void)what;
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    static const struct muster_monitor_callbacks callbacks = {
        .on_add = on_add,
        .on_change = on_change,
        .on_gone = on_gone,
        .on_synced = on_synced,
        .on_error = on_error,
    };
    struct muster_options options = {0};
    struct event_base *base;
    struct event *term;
    struct muster *m;
    char *error = NULL;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: monitor REGISTRY SELECTOR\n");
        return 2;
    }
    options.registries = argv[1];
    base = event_base_new();
    term = evsignal_new(base, SIGTERM, on_signal, base);
    event_add(term, NULL);
    m = muster_new(base, &options, &error);
    if (m && muster_monitor(m, argv[2], &callbacks, NULL, &error))
        event_base_dispatch(base);
    else
        fprintf(stderr, "monitor: %s\n", error);

    muster_free(m);
    event_free(term);
    event_base_free(base);
    status = error != NULL;
    free(error);
    return status;
}
