/* gearmand's protocol (its document PROTOCOL): background jobs. */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "bench/queue.h"

enum packet {
    CAN_DO = 1,
    PRE_SLEEP = 4,
    NOOP = 6,
    JOB_CREATED = 8,
    GRAB_JOB = 9,
    NO_JOB = 10,
    JOB_ASSIGN = 11,
    WORK_COMPLETE = 13,
    SUBMIT_JOB_BG = 18
};

#define HEAD 12 /* bytes in front of each packet */

static void add_packet(struct queue_peer *p, enum packet type, const void *data,
                       size_t len)
{
    uint32_t head[2] = {htonl(type), htonl((uint32_t)len)};

    buf_add(&p->out, "\0REQ", 4);
    buf_add(&p->out, head, sizeof(head));
    buf_add(&p->out, data, len);
}

static void work(struct queue_peer *p)
{
    add_packet(p, CAN_DO, "noop", 4);
    add_packet(p, GRAB_JOB, NULL, 0);
}

static void submit(struct queue_peer *p)
{
    /* the function, no unique key, no workload */
    static const char job[] = {'n', 'o', 'o', 'p', 0, 0};

    add_packet(p, SUBMIT_JOB_BG, job, sizeof(job));
}

/* The handle of the job stands in front of all else. */
static enum queue_said assigned(struct queue_peer *p, const char *data,
                                size_t len)
{
    size_t handle = strnlen(data, len);

    if (handle == len)
        return QUEUE_WRONG;
    add_packet(p, WORK_COMPLETE, data, handle + 1);
    add_packet(p, GRAB_JOB, NULL, 0);
    return QUEUE_DONE;
}

static enum queue_said took(struct queue_peer *p, uint32_t type,
                            const char *data, size_t len)
{
    switch (type) {
    case JOB_CREATED: return QUEUE_TAKEN;
    case NO_JOB: add_packet(p, PRE_SLEEP, NULL, 0); return QUEUE_NOTHING;
    case NOOP: add_packet(p, GRAB_JOB, NULL, 0); return QUEUE_NOTHING;
    case JOB_ASSIGN: return assigned(p, data, len);
    default: return QUEUE_WRONG;
    }
}

static enum queue_said take(struct queue_peer *p)
{
    uint32_t head[2];
    enum queue_said said;

    if (buf_len(&p->in) < HEAD)
        return QUEUE_MORE;
    memcpy(head, buf_data(&p->in) + 4, sizeof(head));
    head[0] = ntohl(head[0]);
    head[1] = ntohl(head[1]);
    if (buf_len(&p->in) < HEAD + head[1])
        return QUEUE_MORE;
    said = took(p, head[0], buf_data(&p->in) + HEAD, head[1]);
    buf_consume(&p->in, HEAD + head[1]);
    return said;
}

const struct queue_protocol queue_gearman = {"gearman", work, submit, take};
