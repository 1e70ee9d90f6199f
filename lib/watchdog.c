#include "lib/watchdog.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/notify.h"

struct watchdog {
    struct loop_timer *timer;
    uint64_t every_ms;
};

static void tell(void *arg)
{
    struct watchdog *w = arg;

    notify_tell("WATCHDOG=1");
    loop_timer_set(w->timer, w->every_ms);
}

struct watchdog *watchdog_new(struct loop *l)
{
    uint64_t ms = notify_watchdog_ms();
    struct watchdog *w;

    if (!ms)
        return NULL;
    w = xcalloc(1, sizeof(*w));
    w->every_ms = ms > 2 ? ms / 2 : 1;
    w->timer = loop_timer_new(l, tell, w);
    tell(w);
    return w;
}

void watchdog_free(struct watchdog *w)
{
    if (!w)
        return;
    loop_timer_free(w->timer);
    free(w);
}
