/*
 * The worker's port: any bytes from somebody who dials. Nothing is run: where a
 * process would be started, the job is done at once instead.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/port.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "worker/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fixture[] = "hello A\nrun A-1 ping\nrun A-2 execute cmd x\n";

/* Linked in the place of job_start(): see Makefile.am. */
struct job *__wrap_job_start(struct jobs *js, const char *jid,
                             const struct job_process *process, char **why);
struct job *__wrap_job_start(struct jobs *js, const char *jid,
                             const struct job_process *process, char **why)
{
    const char *first = process->child.argv[0];

    if (!first || !*first)
        abort();
    if (*first == 'f') {
        *why = xstrdup("the system cannot");
        return NULL;
    }
    return job_done(js, jid);
}

static void nothing_changed(void *arg)
{
    (void)arg;
}

static char *nothing_drained(void *arg, const char *reason, uint64_t seconds)
{
    (void)arg;
    (void)reason;
    return seconds % 2 ? xstrdup("it cannot") : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ops[] = {"all"}, *const users[] = {"root"};
    struct loop *l = loop_new(NULL);
    struct jobs jobs = {.loop = l,
                        .limits = {.slots = 4,
                                   .window = 65536,
                                   .results = 8,
                                   .part = 1024,
                                   .abandon_ms = 1000},
                        .host = "web1",
                        .news = peer_news,
                        .changed = nothing_changed};
    struct peers peers = {.jobs = &jobs,
                          .rules = {.ops = ops,
                                    .op_count = ARRAY_LEN(ops),
                                    .users = users,
                                    .user_count = ARRAY_LEN(users)},
                          .host = "web1",
                          .instance = "B",
                          .drain = nothing_drained,
                          .load = "0.5"};
    struct port_conn other, p;

    log_set(MLOG_ERROR, LOG_TEXT);
    port_open(&other, l, &peer_face, &peers);
    port_send(&other, l, fixture, strlen(fixture));
    port_open(&p, l, &peer_face, &peers);
    port_feed(&p, l, data, size);
    port_close(&p, l);
    port_close(&other, l);
    peers_free(&peers);
    jobs_free(&jobs);
    loop_free(l);
    return 0;
}
