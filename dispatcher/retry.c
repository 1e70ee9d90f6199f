/*
 * .retry: another attempt after one that failed, some time later. The pause is
 * chance between the half and the whole of a bound that doubles with each
 * attempt, up to a limit: what many tasks failed by together is not asked again
 * by all of them together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/random.h"
#include "dispatcher/route.h"
#include "lib/log.h"
#include "lib/mem.h"

static bool task_may_retry(const struct task *t, const struct wire_exit *e,
                           enum task_reason reason)
{
    const struct job *j = t->job;

    return e->state == HOST_FAILED && reason != REASON_CANCELLED &&
           reason != REASON_LOST && t->retries < j->spec.retry &&
           !j->cancelled && !route_is_stopped(j);
}

/* How the attempt ended, which may turn out to have been the last. */
static void task_note(struct task *t, const struct wire_exit *e,
                      const char *reason)
{
    attrs_free(&t->attrs);
    attrs_set(&t->attrs, "reason", reason);
    for (size_t i = 0; i < e->attrs->count; i++)
        attrs_set(&t->attrs, e->attrs->list[i].name, e->attrs->list[i].value);
    free(t->rc);
    t->rc = xstrdup(e->rc);
}

static void task_tell(struct dispatch *d, struct task *t, uint64_t pause)
{
    struct buf words = BUF_INIT;

    buf_add_fmt(&words, "%u rc %s state %d reason", t->attempt, t->rc,
                (int)HOST_FAILED);
    buf_add_words(&words, attrs_get(&t->attrs, "reason"));
    buf_add_fmt(&words, " in %llu.%03llu", (unsigned long long)pause / 1000,
                (unsigned long long)pause % 1000);
    free(t->retried);
    t->retried = xstrdup(buf_str(&words));
    buf_free(&words);
    jobstore_event(d->store, t->job, EVENT_RETRY, t);
}

bool retry_exited(struct dispatch *d, struct task *t, const struct wire_exit *e,
                  const char *reason)
{
    uint64_t pause;

    if (!task_may_retry(t, e, task_reason_parse(reason)))
        return false;
    task_note(t, e, reason);
    pause = route_backoff(t->retries, d->settings.retry_ms,
                          d->settings.retry_max_ms, random_u32());
    t->last_host = t->host;
    t->last_seq = e->seq;
    t->retries++;
    t->attempt++;
    log_id_info(t->job->jid, "%s: rc %s, attempt %u in %llu ms", t->host, e->rc,
                t->attempt, (unsigned long long)pause);
    task_tell(d, t, pause);
    run_requeue(d, t, false);
    task_release(t);
    t->place = PLACE_LATER;
    start_due(d, t, dispatch_now(d) + pause);
    return true;
}

void retry_give_up(struct dispatch *d, struct task *t)
{
    const char *why = attrs_get(&t->attrs, "reason");
    char *rc = t->rc, *reason = xstrdup(why ? why : "exited");
    struct attrs attrs = {0};
    struct task_end end = {.reason = task_reason_parse(reason),
                           .state = HOST_FAILED,
                           .attrs = &attrs};

    t->rc = NULL;
    t->attempt--; /* the next one never was */
    attrs_copy(&attrs, &t->attrs);
    end.rc = rc;
    end.text = reason;
    run_finish(d, t, &end);
    attrs_free(&attrs);
    free(reason);
    free(rc);
}
