/*
 * Prints the services that a selector selects, as lines of the protocol:
 *
 *   find REGISTRY SELECTOR
 *   find 127.0.0.1 'kind=web mem>=8G'
 */
#include <event2/event.h>
#include <muster.h>
#include <stdio.h>
#include <stdlib.h>

struct lookup {
    struct event_base *base;
    int status; /* to exit with */
};

static void on_service(void *arg, const struct muster_service *s)
{
    size_t i;

    (void)arg;
    printf("%s", s->name);
    for (i = 0; i < s->attr_count; i++)
        printf(" %s '%s'", s->attrs[i].name, s->attrs[i].value);
    printf("\n");
}

static void on_done(void *arg, const char *error, uint64_t revision)
{
    struct lookup *l = arg;

    if (error)
        fprintf(stderr, "find: %s\n", error);
    else
        printf("# revision %llu\n", (unsigned long long)revision);
    l->status = error != NULL;
    event_base_loopbreak(l->base);
}

int main(int argc, char **argv)
{
    static const struct muster_find_callbacks callbacks = {
        .on_service = on_service,
        .on_done = on_done,
    };
    struct muster_options options = {0};
    struct lookup l = {.status = 1};
    struct muster *m;
    char *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: find REGISTRY SELECTOR\n");
        return 2;
    }
    options.registries = argv[1];
    l.base = event_base_new();
    m = muster_new(l.base, &options, &error);
    if (m && muster_find(m, argv[2], &callbacks, &l, &error))
        event_base_dispatch(l.base);
    else
        fprintf(stderr, "find: %s\n", error);

    muster_free(m);
    event_base_free(l.base);
    free(error);
    return l.status;
}
