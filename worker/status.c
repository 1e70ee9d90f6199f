#include "worker/status.h"

#include <stdio.h>
#include <string.h>

#include "worker/drain.h"
#include "worker/facts.h"
#include "worker/worker.h"

#define LOAD_MS     5000 /* the kernel counts anew as often */
#define REGISTRY_MS 1000 /* between two words to the registry */

static void registry_tell(void *arg)
{
    struct worker *w = arg;
    char free_text[16];

    w->registry_ms = loop_now(w->loop);
    snprintf(free_text, sizeof(free_text), "%u", peers_slots_free(&w->peers));
    registrar_set(&w->registrar, "slots_free", free_text);
    registrar_set(&w->registrar, "load", w->load);
}

static void registry_soon(struct worker *w)
{
    uint64_t since = loop_now(w->loop) - w->registry_ms;

    if (!loop_timer_is_set(w->registry_timer))
        loop_timer_set(w->registry_timer,
                       since < REGISTRY_MS ? REGISTRY_MS - since : 0);
}

static void load_look(void *arg)
{
    struct worker *w = arg;
    char load[sizeof(w->load)];

    loop_timer_set(w->load_timer, LOAD_MS);
    facts_load(load, sizeof(load));
    if (strcmp(load, w->load) == 0)
        return;
    memcpy(w->load, load, sizeof(load));
    peers_tell_load(&w->peers);
    registry_soon(w);
}

static void status_settle(void *arg)
{
    struct worker *w = arg;
    unsigned slots = peers_slots_free(&w->peers);

    if (slots != w->slots_told) {
        w->slots_told = slots;
        peers_tell_load(&w->peers);
        registry_soon(w);
    }
    drain_check(w);
}

void status_changed(struct worker *w)
{
    loop_settle(w->loop, &w->status);
}

void status_init(struct worker *w)
{
    facts_load(w->load, sizeof(w->load));
    w->peers.load = w->load;
    w->slots_told = peers_slots_free(&w->peers);
    w->status = (struct loop_task){.fn = status_settle, .arg = w};
    w->registry_timer = loop_timer_new(w->loop, registry_tell, w);
    w->load_timer = loop_timer_new(w->loop, load_look, w);
    loop_timer_set(w->load_timer, LOAD_MS);
}

void status_free(struct worker *w)
{
    loop_unsettle(w->loop, &w->status);
    loop_timer_free(w->registry_timer);
    loop_timer_free(w->load_timer);
}
