#include "plugins/dispatch/exec_lines.h"

#include <stdio.h>
#include <string.h>

#define LINE_OVERHEAD 64 /* verb, stream, blanks, quotes */

static void add_number(struct buf *out, uint64_t n)
{
    buf_add_char(out, ' ');
    buf_add_u64(out, n);
}

static const char *stream_text(enum dispatch_stream s)
{
    static const char *const names[] = {[DISPATCH_STDOUT] = "stdout",
                                        [DISPATCH_STDERR] = "stderr",
                                        [DISPATCH_RESULTS] = "result",
                                        [DISPATCH_PROGRESSES] = "progress"};

    return names[s];
}

/* How many bytes of text fit into max bytes of a quoted word. */
static size_t text_fits(const char *text, size_t len, size_t max)
{
    size_t cost = 0;

    if (len <= max / 2)
        return len;
    for (size_t i = 0; i < len; i++) {
        cost += text[i] == '\'' ? 2 : 1;
        if (cost > max)
            return i;
    }
    return len;
}

/* The words before a piece of text. */
static void add_piece(struct buf *out, const struct dispatch_event *ev,
                      bool last)
{
    if (ev->kind == DISPATCH_RESULT)
        buf_add_words(out, last ? "result" : "result+");
    else
        buf_add_words(out, last ? "out" : "part");
    buf_add_words(out, ev->host);
    if (ev->kind == DISPATCH_OUTPUT)
        buf_add_words(out, stream_text(ev->stream));
}

static void add_output(struct buf *out, const struct dispatch_event *ev,
                       size_t line_max)
{
    size_t room = LINE_OVERHEAD + strlen(ev->host), done = 0, n;

    room = line_max > 2 * room ? line_max - room : room;
    do {
        n = text_fits(ev->text + done, ev->len - done, room);
        add_piece(out, ev, ev->whole && done + n == ev->len);
        buf_add_word(out, ev->text + done, n);
        done += n;
        if (done < ev->len)
            buf_add_char(out, '\n');
    } while (done < ev->len);
}

static void add_progress(struct buf *out, const struct dispatch_event *ev)
{
    buf_add_words(out, "progress");
    buf_add_words(out, ev->host);
    add_number(out, ev->percent);
    buf_add_word(out, ev->text, ev->len);
}

static void add_end(struct buf *out, const struct dispatch_event *ev)
{
    buf_add_words(out, "state");
    add_number(out, (uint64_t)ev->state);
    attrs_write(ev->attrs, out);
}

void exec_lines_event(struct buf *out, const struct dispatch_event *ev,
                      size_t line_max)
{
    switch (ev->kind) {
    case DISPATCH_SUBMIT:
        buf_add_words(out, "submit");
        buf_add_words(out, ev->jid);
        add_number(out, ev->hosts);
        break;
    case DISPATCH_MERGED:
        buf_add_words(out, "merged");
        buf_add_words(out, ev->jid);
        break;
    case DISPATCH_HELD:
        buf_add_words(out, "held");
        buf_add_words(out, ev->jid);
        attrs_write(ev->attrs, out);
        break;
    case DISPATCH_ACK:
        buf_add_words(out, "ack");
        buf_add_words(out, ev->host);
        break;
    case DISPATCH_OUTPUT:
    case DISPATCH_RESULT: add_output(out, ev, line_max); break;
    case DISPATCH_PROGRESS: add_progress(out, ev); break;
    case DISPATCH_CUT:
        buf_add_words(out, "cut");
        buf_add_words(out, ev->host);
        buf_add_words(out, stream_text(ev->stream));
        add_number(out, ev->bytes);
        break;
    case DISPATCH_EXIT:
        buf_add_words(out, "exit");
        buf_add_words(out, ev->host);
        buf_add_words(out, ev->rc);
        add_end(out, ev);
        break;
    case DISPATCH_DONE:
        buf_add_words(out, "done");
        buf_add_words(out, ev->jid);
        add_end(out, ev);
        break;
    case DISPATCH_RETRY:
        buf_add_words(out, "retry");
        buf_add_words(out, ev->host);
        buf_add_char(out, ' ');
        buf_add(out, ev->text, ev->len);
        break;
    case DISPATCH_ERROR:
        buf_add_words(out, "error:");
        buf_add_word(out, ev->text, ev->len);
        break;
    }
    buf_add_char(out, '\n');
}

void exec_lines_record(struct buf *out, const char *first, const char *name,
                       const struct attrs *pairs)
{
    if (first)
        buf_add_words(out, first);
    buf_add_words(out, name);
    attrs_write(pairs, out);
    buf_add_char(out, '\n');
}

void exec_lines_life(struct buf *out, const struct dispatch_life *l)
{
    if (l->gone)
        buf_add_fmt(out, "cut %u\n", l->gone);
    buf_add_fmt(out, "at %lld.%03d", (long long)(l->ms / 1000),
                (int)(l->ms % 1000));
    buf_add_words(out, l->kind);
    buf_add_words(out, l->text);
    buf_add_char(out, '\n');
}

void exec_lines_plan(struct buf *out, const struct dispatch_plan *p)
{
    buf_add_words(out, "plan");
    buf_add_words(out, p->id);
    add_number(out, p->n_run);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < p->n_hosts; i++) {
        const struct dispatch_plan_host *h = &p->hosts[i];

        buf_add_words(out, h->why ? "skip" : "host");
        buf_add_words(out, h->host);
        if (h->why)
            buf_add_words(out, h->why);
        buf_add_char(out, '\n');
    }
}

void exec_lines_explained(struct buf *out, const char *host,
                          const struct dispatch_explained *x)
{
    buf_add_words(out, "matches");
    buf_add_words(out, host);
    buf_add_words(out, x->matches ? "1" : "0");
    if (!x->up)
        buf_add_pair(out, "link", "down");
    if (x->drained)
        buf_add_pair(out, "drained", x->drained);
    buf_add_char(out, '\n');
}

void exec_lines_term(struct buf *out, const struct dispatch_term *t)
{
    buf_add_words(out, "term");
    buf_add_words(out, t->term);
    buf_add_words(out, t->holds ? "1" : "0");
    if (t->value)
        buf_add_pair(out, "value", t->value);
    if (t->age_ms >= 0)
        buf_add_fmt(out, " age %lld.%03d", (long long)(t->age_ms / 1000),
                    (int)(t->age_ms % 1000));
    buf_add_char(out, '\n');
}

const char *exec_lines_lookup(const void *record, const char *attr,
                              size_t attr_len, size_t *value_len)
{
    const struct attrs *pairs = record;

    for (size_t i = 0; i < pairs->count; i++) {
        const struct attr *a = &pairs->list[i];

        if (strlen(a->name) != attr_len || memcmp(a->name, attr, attr_len))
            continue;
        *value_len = strlen(a->value);
        return a->value;
    }
    return NULL;
}
