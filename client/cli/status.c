#include "client/cli/status.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"

#define FIRST_MS 500 /* shorter jobs do without */
#define TICK_MS  1000

/* A terminal that is stopped must not stop us: the line is skipped then. */
static bool to_terminal(const char *bytes, size_t len)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) > 0 && write(STDERR_FILENO, bytes, len) > 0;
}

static void tick(void *arg)
{
    struct status *s = arg;

    s->due = true;
    status_show(s);
    loop_timer_set(s->timer, TICK_MS);
}

void status_begin(struct status *s, struct loop *l,
                  void (*text)(void *arg, struct buf *out), void *arg)
{
    *s = (struct status){.text = text, .arg = arg};
    s->timer = loop_timer_new(l, tick, s);
    loop_timer_set(s->timer, FIRST_MS);
}

void status_hide(struct status *s)
{
    static const char erase[] = "\r\x1b[K";

    if (s->drawn)
        to_terminal(erase, sizeof(erase) - 1);
    s->drawn = false;
}

void status_show(struct status *s)
{
    struct buf line = BUF_INIT;

    if (!s->timer || !s->due || s->held)
        return;
    buf_add_char(&line, '\r');
    s->text(s->arg, &line);
    buf_add_str(&line, "\x1b[K");
    s->drawn |= to_terminal(buf_data(&line), buf_len(&line));
    buf_free(&line);
}

void status_hold(struct status *s, bool held)
{
    if (held)
        status_hide(s);
    s->held = held;
    status_show(s);
}

void status_end(struct status *s)
{
    status_hide(s);
    loop_timer_free(s->timer);
    s->timer = NULL;
}
