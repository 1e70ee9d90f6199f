#include "client/exec_told.h"

#include "client/hosts.h"

struct told {
    const struct muster_exec_callbacks *cb;
    void *arg;
};

static void told_output(const struct told *t, struct host *h,
                        const struct reply *r)
{
    bool whole = r->kind == REPLY_OUT;
    size_t size = r->text_len + whole; /* the line end counts */
    size_t news = (size_t)host_output(h, r->stream, size);

    if (news && t->cb->on_output)
        t->cb->on_output(t->arg, r->name, r->stream, r->text + (size - news),
                         news - whole, whole);
}

static void told_result(const struct told *t, struct host *h,
                        const struct reply *r)
{
    bool last = r->kind == REPLY_RESULT;
    size_t size = r->text_len + last, len; /* its end counts */
    size_t news = (size_t)host_output(h, MUSTER_RESULTS, size);
    const char *json;

    if (!news)
        return;
    json = host_result(h, r->text + (size - news), news - last, last, &len);
    if (json && t->cb->on_result)
        t->cb->on_result(t->arg, r->name, json, len);
    else if (!json && last && t->cb->on_cut)
        t->cb->on_cut(t->arg, r->name, MUSTER_RESULTS, len + 1);
}

/* As the dispatcher counts it: PERCENT, a blank, TEXT and its end. */
static void told_progress(const struct told *t, struct host *h,
                          const struct reply *r)
{
    unsigned percent = (unsigned)r->number;
    size_t digits = percent > 99 ? 3 : percent > 9 ? 2 : 1;

    if (host_output(h, MUSTER_PROGRESS, digits + 2 + r->text_len) &&
        t->cb->on_progress)
        t->cb->on_progress(t->arg, r->name, percent, r->text, r->text_len);
}

static void told_cut(const struct told *t, struct host *h,
                     const struct reply *r)
{
    uint64_t news = host_output(h, r->stream, r->number);

    if (news && r->stream == MUSTER_RESULTS)
        host_result_cut(h);
    if (news && t->cb->on_cut)
        t->cb->on_cut(t->arg, r->name, r->stream, news);
}

static void told_exit(const struct told *t, struct host *h,
                      const struct reply *r)
{
    if (host_exit(h) && t->cb->on_exit)
        t->cb->on_exit(t->arg, r->name, &r->result);
}

static void told_retry(const struct told *t, struct host *h,
                       const struct reply *r)
{
    if (host_retry(h, (unsigned)r->number) && t->cb->on_retry)
        t->cb->on_retry(t->arg, r->name, (unsigned)r->number, r->result.attrs,
                        r->result.attr_count);
}

void told_host(const struct muster_exec_callbacks *cb, void *arg,
               struct host *h, const struct reply *r)
{
    const struct told t = {cb, arg};

    switch (r->kind) {
    case REPLY_OUT:
    case REPLY_PART: told_output(&t, h, r); break;
    case REPLY_RESULT:
    case REPLY_RESULT_MORE: told_result(&t, h, r); break;
    case REPLY_PROGRESS: told_progress(&t, h, r); break;
    case REPLY_CUT: told_cut(&t, h, r); break;
    case REPLY_RETRY: told_retry(&t, h, r); break;
    case REPLY_EXIT: told_exit(&t, h, r); break;
    default:
        if (host_ack(h) && cb->on_ack)
            cb->on_ack(arg, r->name);
        break;
    }
}
