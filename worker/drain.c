#include "worker/drain.h"

#include "lib/log.h"
#include "worker/status.h"
#include "worker/worker.h"

#define DELIVER_MS 5000 /* for dispatchers to fetch the last results */
#define GIVE_UP_MS 5000 /* beyond the grace, for trees that do not die */

static void end_all(struct worker *w, bool at_once)
{
    struct job *j, *next;

    for (j = w->jobs.by_jid; j; j = next) {
        next = j->hh.next;
        if (at_once)
            job_kill(j, "cancelled");
        else
            job_end(j, "cancelled");
    }
}

static void phase_enter(struct worker *w, enum worker_phase phase, uint64_t ms)
{
    w->phase = phase;
    loop_timer_set(w->drain_timer, ms);
}

static void drain_over(void *arg)
{
    struct worker *w = arg;

    switch (w->phase) {
    case SERVING: break;
    case DRAINING:
        log_info("%u jobs still run: ending them", w->jobs.active);
        phase_enter(w, ENDING, w->jobs.limits.grace_ms + GIVE_UP_MS);
        end_all(w, false);
        break;
    case ENDING:
        log_error("%u jobs do not end", w->jobs.active);
        loop_stop(w->loop);
        break;
    case DELIVERING:
        log_warn("%u results have not been fetched", w->jobs.finished_count);
        loop_stop(w->loop);
        break;
    }
}

void drain_check(struct worker *w)
{
    if (w->phase == SERVING || w->jobs.active)
        return;
    if (w->jobs.finished_count == 0 || w->spool)
        loop_stop(w->loop);
    else if (w->phase != DELIVERING)
        phase_enter(w, DELIVERING, DELIVER_MS);
}

static void drain_begin(struct worker *w)
{
    daemon_stopping(&w->daemon,
                    w->jobs.active ? "told to; letting jobs end" : "told to");
    w->peers.draining = true;
    w->drain_timer = loop_timer_new(w->loop, drain_over, w);
    registrar_set(&w->registrar, "drain", "the worker is going down");
    fronts_set(w->fronts, "drain", "the worker is going down");
    phase_enter(w, DRAINING,
                (uint64_t)conf_duration_ms(w->daemon.conf, "worker.drain"));
    status_changed(w);
}

void drain_leave(void *arg)
{
    struct worker *w = arg;

    if (!w->spool) {
        log_warn("without worker.spool no job outlives the worker: it stays");
        return;
    }
    daemon_stopping(&w->daemon, "told to; its jobs go on");
    loop_stop(w->loop);
}

void drain_signal(void *arg)
{
    struct worker *w = arg;

    if (w->phase == SERVING && w->spool &&
        conf_bool(w->daemon.conf, "worker.survive")) {
        drain_leave(w);
        return;
    }
    if (w->phase == SERVING) {
        drain_begin(w);
        return;
    }
    log_warn("told to end again: killing what runs");
    if (w->jobs.active) {
        end_all(w, true);
        phase_enter(w, ENDING, GIVE_UP_MS);
    } else {
        loop_stop(w->loop);
    }
}
