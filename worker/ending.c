#include "worker/ending.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "worker/cgroup.h"

/* What is left at the main process's end may end by itself in this time: the
 * tee of a shell's >(tee). */
#define SETTLE_MS   100
#define HURRY_MS    1000 /* grace when the worker has died */
#define ROUNDS      16   /* at once, while they still find somebody new */
#define KILL_MIN_MS 5    /* pauses between later rounds double from … */
#define KILL_MAX_MS 1000 /* … to this */
#define STUCK_MS    5000 /* of killing until it is told */

static void phase_enter(struct ending *e, enum ending_phase phase, uint64_t at)
{
    e->phase = phase;
    e->at_ms = at;
    e->pause_ms = KILL_MIN_MS;
}

/* Without a /proc to look at, at least the main process's own group: it cannot
 * be a stranger's as long as that process has not been waited for. */
static void group_signal(const struct ending *e, int signo)
{
    if (e->main)
        kill(-e->main, signo);
}

/* Stops everybody, so that nobody forks and no handler starts anybody until all
 * have been told. Whom a signal waits for forks no more: when a look finds
 * nobody new, all are found. Returns how many live. */
static int stop_all(struct ending *e)
{
    int round, alive = 0, fresh = 1;

    for (round = 0; round < ROUNDS && fresh > 0; round++) {
        struct tree before = e->tree;

        e->tree = (struct tree){0};
        alive = tree_walk(&e->tree, getpid(), NULL, NULL);
        fresh = tree_signal_new(&e->tree, &before, SIGSTOP);
        tree_free(&before);
    }
    return alive;
}

/* TERM to everybody, once: whom their handlers start has the grace, too. */
static void term_round(struct ending *e, uint64_t now)
{
    int alive = stop_all(e);

    tree_signal(&e->tree, SIGTERM);
    tree_continue(&e->tree);
    if (alive < 0)
        group_signal(e, SIGTERM);
    if (alive > 0 && !e->asked)
        e->left = alive;
    phase_enter(e, ENDING_TERMED, now + e->grace_ms);
}

static void kill_round(struct ending *e, uint64_t now)
{
    int round, alive = 0, before = -1;

    if (e->group >= 0)
        cgroup_kill(e->group);
    for (round = 0; round < ROUNDS && alive != before; round++) {
        before = alive;
        alive = tree_walk(&e->tree, getpid(), NULL, NULL);
        tree_signal(&e->tree, SIGKILL);
    }
    if (alive < 0)
        group_signal(e, SIGKILL);
    e->alive = alive;
    e->stuck = now - e->killing_ms > STUCK_MS;
    e->at_ms = now + e->pause_ms;
    if (e->pause_ms < KILL_MAX_MS)
        e->pause_ms *= 2;
}

static void killing_begin(struct ending *e, uint64_t now)
{
    phase_enter(e, ENDING_KILLING, now);
    e->killing_ms = now;
}

void ending_step(struct ending *e, uint64_t now)
{
    if (!e->at_ms || now < e->at_ms)
        return;
    if (e->phase == ENDING_SETTLING && e->leaves && !e->asked) {
        e->over = true;
        e->at_ms = 0;
        return;
    }
    if (e->phase == ENDING_SETTLING) {
        term_round(e, now);
        return;
    }
    if (e->phase == ENDING_TERMED)
        killing_begin(e, now);
    kill_round(e, now);
}

void ending_main_ended(struct ending *e, uint64_t now)
{
    e->main = 0;
    if (e->phase == ENDING_NOT)
        phase_enter(e, ENDING_SETTLING, now + SETTLE_MS);
}

void ending_ask(struct ending *e, uint64_t now, bool at_once)
{
    e->asked = e->asked || e->main;
    if (at_once && e->phase != ENDING_KILLING)
        killing_begin(e, now);
    else if (e->phase < ENDING_TERMED)
        term_round(e, now);
}

void ending_hurry(struct ending *e, uint64_t now)
{
    if (e->grace_ms > HURRY_MS)
        e->grace_ms = HURRY_MS;
    ending_ask(e, now, false);
    if (e->phase == ENDING_TERMED && e->at_ms > now + HURRY_MS)
        e->at_ms = now + HURRY_MS;
}

size_t ending_children(pid_t *pids, size_t max)
{
    struct tree t = {0};
    size_t i, n = 0;

    tree_walk(&t, getpid(), NULL, NULL);
    for (i = 0; i < t.count && n < max; i++)
        if (t.list[i].parent == getpid())
            pids[n++] = t.list[i].pid;
    tree_free(&t);
    return n;
}
