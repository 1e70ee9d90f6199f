#include "worker/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "worker/output_report.h"

#define HOLD_MS   100   /* text waits so long for its LF before it is a part */
#define READ_SIZE 16384 /* bytes of one turn */

static const char *const stream_names[OUTPUT_TEXTS] = {"stdout", "stderr"};

/* What capture.c is given to tell lines to. */
struct telling {
    struct output *output;
    enum output_stream stream;
};

static void tell_text(void *arg, bool whole, const char *text, size_t len)
{
    const struct telling *t = arg;
    struct record *r = t->output->record;
    struct buf *b;

    if (record_cut(r, (int)t->stream, len + whole))
        return;
    b = record_line(r, whole ? "out" : "part");
    buf_add_char(b, ' ');
    buf_add_str(b, stream_names[t->stream]);
    buf_add_word(b, text, len);
    record_line_end(r);
}

static bool holds_text(const struct output *o)
{
    return capture_holds(&o->capture[OUTPUT_STDOUT]) ||
           capture_holds(&o->capture[OUTPUT_STDERR]) || output_report_holds(o);
}

static void tell_held(struct output *o)
{
    enum output_stream i;

    for (i = 0; i < OUTPUT_TEXTS; i++) {
        struct telling t = {o, i};

        capture_flush(&o->capture[i], tell_text, &t);
    }
    output_report_flush(o);
    o->hold_ms = 0;
}

/* -- pipes ----------------------------------------------------------------- */

bool output_open(struct output *o, struct record *record,
                 const struct output_setup *setup, uint64_t now,
                 int ends[OUTPUT_STREAMS])
{
    int i, pipe_fds[2];

    *o = (struct output){.record = record, .setup = *setup, .heard_ms = now};
    report_init(&o->report);
    for (i = 0; i < OUTPUT_STREAMS; i++) {
        o->fds[i] = ends[i] = -1;
        if (i == OUTPUT_REPORT && !setup->report)
            continue;
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
            return false;
        fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
        o->fds[i] = pipe_fds[0];
        ends[i] = pipe_fds[1];
        mask_stream_init(&o->masked[i], setup->mask);
    }
    for (i = 0; i < OUTPUT_TEXTS; i++)
        o->capture[i].max = setup->part;
    return true;
}

static void stream_close(struct output *o, enum output_stream stream)
{
    close(o->fds[stream]);
    o->fds[stream] = -1;
}

/* How many of len bytes of text are told. */
static size_t text_room(struct output *o, size_t len)
{
    uint64_t before = o->text;

    o->text += len;
    if (!o->setup.most || o->text <= o->setup.most)
        return len;
    return before < o->setup.most ? (size_t)(o->setup.most - before) : 0;
}

static void take_bytes(struct output *o, enum output_stream stream,
                       const char *bytes, size_t len)
{
    struct telling t = {o, stream};

    if (stream == OUTPUT_REPORT)
        output_report_add(o, bytes, len);
    else if ((len = text_room(o, len)) > 0)
        capture_feed(&o->capture[stream], bytes, len, tell_text, &t);
}

/* What can be told of a stream with its secrets taken out; bytes NULL: it has
 * ended. */
static void take_masked(struct output *o, enum output_stream stream,
                        const char *bytes, size_t len)
{
    struct buf out = BUF_INIT;

    if (bytes)
        mask_feed(&o->masked[stream], bytes, len, &out);
    else
        mask_end(&o->masked[stream], &out);
    if (buf_len(&out))
        take_bytes(o, stream, buf_data(&out), buf_len(&out));
    buf_free(&out);
}

/* Reads up to max bytes once; returns how many there were. */
static size_t stream_take(struct output *o, enum output_stream stream,
                          size_t max)
{
    char bytes[READ_SIZE];
    ssize_t n = read(o->fds[stream], bytes, max < READ_SIZE ? max : READ_SIZE);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        stream_close(o, stream);
        return 0;
    }
    if (o->setup.mask)
        take_masked(o, stream, bytes, (size_t)n);
    else
        take_bytes(o, stream, bytes, (size_t)n);
    return (size_t)n;
}

void output_read(struct output *o, enum output_stream stream, uint64_t now)
{
    if (!stream_take(o, stream, READ_SIZE))
        return;
    o->heard_ms = now;
    if (!holds_text(o))
        o->hold_ms = 0;
    else if (!o->hold_ms)
        o->hold_ms = now + HOLD_MS;
    output_pace(o, now);
}

void output_step(struct output *o, uint64_t now)
{
    if (o->hold_ms && now >= o->hold_ms)
        tell_held(o);
}

void output_rest(struct output *o)
{
    enum output_stream i;

    for (i = 0; i < OUTPUT_STREAMS; i++) {
        int left = 0;
        size_t n;

        if (o->fds[i] >= 0)
            ioctl(o->fds[i], FIONREAD, &left);
        while (left > 0 && (n = stream_take(o, i, (size_t)left)))
            left -= (int)n;
        if (o->fds[i] >= 0)
            stream_close(o, i);
        if (o->setup.mask)
            take_masked(o, i, NULL, 0);
    }
    output_report_end(o);
    tell_held(o);
}

/* -- pauses ---------------------------------------------------------------- */

/* While nothing is read the job cannot be heard: that time is not counted. */
void output_pace(struct output *o, uint64_t now)
{
    bool pause = record_is_full(o->record);

    if (pause == (o->paused_ms > 0))
        return;
    if (!pause)
        o->heard_ms += now - o->paused_ms;
    o->paused_ms = pause ? now : 0;
}

bool output_is_over(const struct output *o)
{
    return o->setup.most && o->text > o->setup.most;
}

uint64_t output_quiet(const struct output *o, uint64_t now)
{
    return (o->paused_ms ? o->paused_ms : now) - o->heard_ms;
}
