/*
 * Registers a service and keeps it registered until it is ended:
 *
 *   register REGISTRY NAME [ATTR VALUE]...
 *   register 127.0.0.1 'tcp!web1!80' kind web
 */
#include <event2/event.h>
#include <muster.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_registered(void *arg, uint64_t revision)
{
    (void)arg;
    printf("registered, revision %llu\n", (unsigned long long)revision);
    fflush(stdout);
}

static void on_refused(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "register: %s\n", text);
}

static void on_link(void *arg, enum muster_link state, const char *text)
{
    (void)arg;
    fprintf(stderr, "register: %s %s\n", state == MUSTER_UP ? "up" : "down",
            text);
}

static void on_signal(evutil_socket_t signal, short what, void *base)
{
    (void)signal;
    (void)what;
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    struct muster_options options = {.on_link = on_link};
    struct muster_registration_options service = {
        .on_registered = on_registered,
        .on_refused = on_refused,
    };
    struct muster_attr attrs[64];
    struct event_base *base;
    struct event *term;
    struct muster *m;
    char *error = NULL;
    int i, status;

    if (argc < 3 || argc % 2 == 0 || argc > 2 * 64) {
        fprintf(stderr, "usage: register REGISTRY NAME [ATTR VALUE]...\n");
        return 2;
    }
    options.registries = argv[1];
    service.name = argv[2];
    service.attrs = attrs;
    for (i = 3; i < argc; i += 2)
        attrs[service.attr_count++] =
            (struct muster_attr){.name = argv[i], .value = argv[i + 1]};

    base = event_base_new();
    term = evsignal_new(base, SIGTERM, on_signal, base);
    event_add(term, NULL);
    m = muster_new(base, &options, &error);
    if (m && muster_register(m, &service, &error))
        event_base_dispatch(base);
    else
        fprintf(stderr, "register: %s\n", error);

    muster_free(m); /* closes the connection: the service is gone */
    event_free(term);
    event_base_free(base);
    status = error != NULL;
    free(error);
    return status;
}
