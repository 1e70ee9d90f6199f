#include "client/cli/jobs_text.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/mem.h"

const char *jobs_state_text(const char *state)
{
    switch (state ? state[0] : 0) {
    case '0': return "done";
    case '1': return "running";
    case '2': return "failed";
    default: return "?";
    }
}

const char *jobs_job_state_text(const struct muster_service *job)
{
    if (muster_service_get(job, "held"))
        return "held";
    return jobs_state_text(muster_service_get(job, "state"));
}

const char *jobs_host_state_text(const struct muster_service *host)
{
    static const char *const words[] = {"ok", "skipped", "failed",
                                        "unreachable", "changed"};
    const char *state = muster_service_get(host, "state");
    const char *task = muster_service_get(host, "task");

    if (!state)
        return task ? task : "";
    if (state[0] < '0' || state[0] > '4' || state[1])
        return state;
    return words[state[0] - '0'];
}

void jobs_add_time(struct buf *out, const char *seconds, time_t now)
{
    time_t then = seconds ? (time_t)atoll(seconds) : 0;
    struct tm tm, today;
    char text[32];

    if (!then || !localtime_r(&then, &tm) || !localtime_r(&now, &today))
        return;
    if (tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year)
        strftime(text, sizeof(text), "%H:%M:%S", &tm);
    else
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
    buf_add_str(out, text);
}

void jobs_add_took(struct buf *out, const char *from, const char *to,
                   time_t now)
{
    long long begin = from ? atoll(from) : 0;
    long long end = to ? atoll(to) : (long long)now;

    if (!begin || end < begin)
        return;
    if (end == begin)
        buf_add_str(out, "<1 s");
    else if (end - begin < 60)
        buf_add_fmt(out, "%lld s", end - begin);
    else
        text_add_elapsed(out, (unsigned long long)(end - begin) * 1000);
}

void jobs_add_command(struct buf *out, const struct muster_service *job)
{
    const char *op = muster_service_get(job, "op");
    const char *cmd = muster_service_get(job, "cmd");

    if (op && strcmp(op, "execute") != 0)
        buf_add_fmt(out, "%s ", op);
    if (cmd)
        buf_add_str(out, cmd);
}

void jobs_add_target(struct buf *out, const struct muster_service *job)
{
    const char *on = muster_service_get(job, "on");
    const char *hosts = muster_service_get(job, "on-hosts");
    const char *any = muster_service_get(job, "any");

    if (any)
        buf_add_str(out, "any of ");
    buf_add_str(out, on ? on : "");
    if (hosts)
        buf_add_fmt(out, "%s%s", on ? " " : "", hosts);
}

bool jobs_is_number(const char *attr)
{
    static const char *const names[] = {
        "state",    "hosts",     "ok",      "failed",    "unreachable",
        "skipped",  "changed",   "timeout", "cancelled", "idle",
        "lost",     "refused",   "stopped", "waiting",   "notstarted",
        "running",  "submitted", "ended",   "started",   "rc",
        "duration", "next",      "planned", "runs",      "missed"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], attr) == 0)
            return true;
    return false;
}
