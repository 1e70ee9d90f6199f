/* beanstalkd's protocol (its doc/protocol.txt): put, reserve, delete. */
#include <stdio.h>
#include <string.h>

#include "bench/queue.h"

static void work(struct queue_peer *p)
{
    buf_add_str(&p->out, "reserve\r\n");
}

static void submit(struct queue_peer *p)
{
    buf_add_str(&p->out, "put 0 0 60 4\r\nnoop\r\n");
}

/* RESERVED ID BYTES, and behind that line the job of four bytes. */
static enum queue_said reserved(struct queue_peer *p, const char *line,
                                size_t len)
{
    unsigned long long id;

    if (sscanf(line, "RESERVED %llu 4\r", &id) != 1)
        return QUEUE_WRONG;
    if (buf_len(&p->in) < len + 6)
        return QUEUE_MORE;
    buf_add_fmt(&p->out, "delete %llu\r\n", id);
    buf_consume(&p->in, len + 6);
    return QUEUE_NOTHING;
}

static enum queue_said take(struct queue_peer *p)
{
    const char *line = buf_str(&p->in);
    const char *lf = memchr(line, '\n', buf_len(&p->in));
    size_t len = lf ? (size_t)(lf - line) + 1 : 0;
    enum queue_said said = QUEUE_WRONG;

    if (!lf)
        return QUEUE_MORE;
    if (strncmp(line, "RESERVED ", 9) == 0)
        return reserved(p, line, len);
    if (strncmp(line, "INSERTED ", 9) == 0)
        said = QUEUE_TAKEN;
    else if (strncmp(line, "DELETED\r", 8) == 0)
        said = QUEUE_DONE;
    buf_consume(&p->in, len);
    if (said == QUEUE_DONE)
        work(p);
    return said;
}

const struct queue_protocol queue_beanstalk = {"beanstalk", work, submit, take};
