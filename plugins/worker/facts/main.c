/*
 * The plugin facter: what this host is, as one JSON object with the names of
 * Puppet's facter. Facter's own facts, where that is installed, and those of
 * the folder facts.d come on top of ours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"
#include "plugins/worker/facts/external.h"
#include "plugins/worker/facts/facts.h"

#define FOLDER     MUSTER_SYSCONFDIR "/muster/facts.d"
#define REPORT     3
#define RESULT_MAX (1024 * 1024) /* bytes that a worker takes */

static json_t *facts_all(json_t *errors)
{
    const char *folder = getenv("MUSTER_FACTS_D");
    json_t *all = json_object();

    facts_os(all);
    facts_hardware(all);
    facts_memory(all);
    facts_mounts(all);
    facts_network(all);
    facts_virtual(all);
    external_facter(all, errors);
    external_folder(all, errors, folder ? folder : FOLDER);
    return all;
}

/* -- some of them ---------------------------------------------------------- */

/* Copies the fact of that dotted name; false: there is none. */
static bool fact_copy(json_t *to, const json_t *from, char *name)
{
    char *part, *save, *next;
    json_t *value, *inner;

    part = strtok_r(name, ".", &save);
    while (part) {
        value = json_object_get(from, part);
        next = strtok_r(NULL, ".", &save);
        if (!value)
            return false;
        if (!next) {
            json_object_set(to, part, value);
            return true;
        }
        inner = json_object_get(to, part);
        if (!inner) {
            inner = json_object();
            json_object_set_new(to, part, inner);
        }
        to = inner;
        from = value;
        part = next;
    }
    return false;
}

/* Those that are asked for, "os.family,memory"; takes over all. */
static json_t *facts_pick(json_t *all, const char *names, json_t *errors)
{
    json_t *some = json_object();
    char *list = xstrdup(names), *name, *save;

    for (name = strtok_r(list, ", ", &save); name;
         name = strtok_r(NULL, ", ", &save)) {
        json_t *found = json_object();
        char *copy = xstrdup(name);

        if (fact_copy(found, all, copy))
            json_object_update_recursive(some, found);
        else
            json_object_set_new(errors, name, json_string("no such fact"));
        json_decref(found);
        free(copy);
    }
    free(list);
    json_decref(all);
    return some;
}

/* -- telling --------------------------------------------------------------- */

/* On descriptor 3, or to who runs it by hand. */
static int tell(const json_t *facts)
{
    bool worker = fcntl(REPORT, F_GETFD) >= 0;
    char *text = json_dumps(facts, worker ? JSON_COMPACT : JSON_INDENT(2));
    int n;

    if (!text || strlen(text) > RESULT_MAX) {
        fprintf(stderr, "facter: the facts are larger than 1 MiB: ask for "
                        "some with only=NAME,NAME\n");
        free(text);
        return 1;
    }
    n = dprintf(worker ? REPORT : STDOUT_FILENO, "%s%s\n",
                worker ? "result " : "", text);
    free(text);
    return n < 0;
}

static int run(void)
{
    const char *only = getenv("MUSTER_ARG_only");
    json_t *errors = json_object(), *own = json_object(),
           *all = facts_all(errors);
    int status;

    if (only && *only)
        all = facts_pick(all, only, errors);
    value_text(own, "version", PACKAGE_VERSION);
    value_object(own, "errors", errors);
    json_object_set_new(all, "muster", own);
    status = tell(all);
    json_decref(all);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "describe") == 0) {
        puts("op facter args only? doc 'facts about the host, as JSON'");
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "run") == 0)
        return run();
    fprintf(stderr, "usage: facter describe | run\n");
    return 64;
}
