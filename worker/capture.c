#include "worker/capture.h"

#include <string.h>

#define HELD_KEEP 1024 /* bytes of memory that an empty one keeps */

void capture_flush(struct capture *c, capture_fn *tell, void *arg)
{
    if (!capture_holds(c))
        return;
    tell(arg, false, buf_data(&c->held), buf_len(&c->held));
    buf_reset(&c->held, HELD_KEEP);
}

/* Text without an LF: tells parts of it until the rest may be held. */
static void capture_hold(struct capture *c, const char *text, size_t len,
                         capture_fn *tell, void *arg)
{
    while (buf_len(&c->held) + len > c->max) {
        size_t n = c->max - buf_len(&c->held);

        buf_add(&c->held, text, n);
        capture_flush(c, tell, arg);
        text += n;
        len -= n;
    }
    buf_add(&c->held, text, len);
}

/* The text before an LF. */
static void capture_line(struct capture *c, const char *text, size_t len,
                         capture_fn *tell, void *arg)
{
    if (!capture_holds(c) && len <= c->max) {
        tell(arg, true, text, len);
        return;
    }
    capture_hold(c, text, len, tell, arg);
    tell(arg, true, buf_data(&c->held), buf_len(&c->held));
    buf_reset(&c->held, HELD_KEEP);
}

void capture_feed(struct capture *c, const char *bytes, size_t len,
                  capture_fn *tell, void *arg)
{
    const char *end = bytes + len, *lf;

    while ((lf = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        capture_line(c, bytes, (size_t)(lf - bytes), tell, arg);
        bytes = lf + 1;
    }
    capture_hold(c, bytes, (size_t)(end - bytes), tell, arg);
}

void capture_free(struct capture *c)
{
    buf_free(&c->held);
}
