#include <stdio.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/rexec_run_impl.h"
#include "plugins/registry/consul/rexec_written.h"
#include "server/musterd.h"

/* -- what is written ------------------------------------------------------- */

static void set_timer(struct rexec_run *r, uint64_t at)
{
    uint64_t now = loop_now(r->m->loop);

    if (r->timer_at && r->timer_at <= at)
        return;
    r->timer_at = at;
    loop_timer_set(r->timer, at > now ? at - now : 0);
}

static void write_key(struct rexec_run *r, struct place *p, const char *name,
                      const void *value, size_t len, uint64_t flags)
{
    bool last = !strcmp(name, "exit");

    if (!r->cancelled)
        rexec_writer_add(r->writer, p->node, name, value, len, flags, last);
    p->alive_at = loop_now(r->m->loop) + r->wait_ms;
}

/* A piece of output, or (len 0) a sign of life: they are counted together. */
static void write_piece(struct rexec_run *r, struct place *p, const void *bytes,
                        size_t len, uint64_t flags)
{
    char name[24];

    snprintf(name, sizeof(name), "out/%05x", p->pieces++);
    write_key(r, p, name, bytes, len, flags);
}

static void flush(struct rexec_run *r, struct place *p)
{
    p->written += buf_len(&p->out);
    if (buf_len(&p->out))
        write_piece(r, p, buf_data(&p->out), buf_len(&p->out),
                    rexec_written_flags(p->written, p->errors));
    buf_reset(&p->out, REXEC_CHUNK);
    p->errors = 0;
    p->quiet_at = 0;
}

/* How many of so many bytes were told before the restart. */
static size_t pass_over(struct place *p, enum muster_stream stream,
                        uint64_t bytes)
{
    uint64_t *skip = &p->skip[stream];
    uint64_t first = p->first < bytes ? p->first : bytes;
    uint64_t n = *skip < bytes - first ? *skip : bytes - first;

    p->first -= first;
    *skip -= n;
    return (size_t)(first + n);
}

void rexec_run_output(struct rexec_run *r, struct place *p,
                      enum muster_stream stream, const char *text, size_t len)
{
    size_t n = pass_over(p, stream, len);

    text += n;
    len -= n;
    for (; len; text += n, len -= n) {
        n = REXEC_CHUNK - buf_len(&p->out);
        n = len < n ? len : n;
        buf_add(&p->out, text, n);
        if (stream == MUSTER_STDERR)
            p->errors += (unsigned)n;
        if (buf_len(&p->out) == REXEC_CHUNK)
            flush(r, p);
    }
    p->quiet_at = buf_len(&p->out) ? loop_now(r->m->loop) + REXEC_QUIET_MS : 0;
    if (p->quiet_at)
        set_timer(r, p->quiet_at);
    if (r->ask && rexec_writer_queued(r->writer) >= REXEC_BACKLOG)
        rexec_ask_pause(r->ask);
}

void rexec_run_remark(struct rexec_run *r, struct place *p, const char *text)
{
    struct buf line = BUF_INIT;

    buf_add_fmt(&line, "muster: %s: %s\n", p->host, text);
    rexec_run_output(r, p, MUSTER_STDOUT, buf_data(&line), buf_len(&line));
    buf_free(&line);
}

/* A piece of its own, that stands for them. Some may have been told before the
 * restart: the dispatcher keeps the beginning and the end of much output. */
void rexec_run_missing(struct rexec_run *r, struct place *p,
                       enum muster_stream stream, uint64_t bytes)
{
    struct buf line = BUF_INIT;

    bytes -= pass_over(p, stream, bytes);
    if (!bytes)
        return;
    buf_add_fmt(&line, "muster: %s: %llu bytes of output are missing here\n",
                p->host, (unsigned long long)bytes);
    flush(r, p);
    p->written += bytes;
    write_piece(r, p, buf_data(&line), buf_len(&line),
                rexec_written_missing(stream == MUSTER_STDERR, bytes));
    buf_free(&line);
}

void rexec_run_exit(struct rexec_run *r, struct place *p, int rc)
{
    char text[16];

    if (p->exited)
        return;
    flush(r, p);
    snprintf(text, sizeof(text), "%d", rc);
    write_key(r, p, "exit", text, strlen(text), 0);
    p->exited = true;
    r->left--;
}

void rexec_run_acknowledge(struct rexec_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->places[i].acked)
            continue;
        r->places[i].acked = true;
        write_key(r, &r->places[i], "ack", "", 0, 0);
    }
    set_timer(r, loop_now(r->m->loop) + r->wait_ms);
}

void rexec_run_timer(void *arg)
{
    struct rexec_run *r = arg;
    uint64_t now = loop_now(r->m->loop), next = UINT64_MAX;

    r->timer_at = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct place *p = &r->places[i];

        if (p->exited || !p->acked)
            continue;
        if (p->quiet_at && p->quiet_at <= now)
            flush(r, p);
        if (p->alive_at <= now)
            write_piece(r, p, NULL, 0, 0);
        if (p->quiet_at && p->quiet_at < next)
            next = p->quiet_at;
        if (p->alive_at < next)
            next = p->alive_at;
    }
    if (next != UINT64_MAX && !r->cancelled)
        set_timer(r, next);
}

/* -- after a restart ------------------------------------------------------- */

void rexec_run_look_back(struct rexec_run *r)
{
    struct rexec_written w;

    for (size_t i = 0; i < r->count; i++) {
        struct place *p = &r->places[i];

        rexec_written_look(r->m->kv, r->base, p->node, &w);
        p->acked = w.acked;
        p->exited = w.exited;
        p->pieces = w.pieces;
        p->written = w.all;
        p->first = w.first;
        memcpy(p->skip, w.bytes, sizeof(p->skip));
        p->alive_at = loop_now(r->m->loop) + r->wait_ms;
        r->left -= w.exited;
    }
    set_timer(r, loop_now(r->m->loop) + r->wait_ms);
}
