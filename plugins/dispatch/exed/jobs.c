#include "plugins/dispatch/exed/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/rights.h"
#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "plugins/dispatch/exed/audit.h"
#include "plugins/dispatch/exed/record.h"

/* -- all of them ----------------------------------------------------------- */

/* The ids of jobs that are asked for. */
struct listing {
    const struct principal *principal;
    const char *after; /* NULL: from the first one */
    json_int_t state;  /* -1: any */
    json_int_t limit;
    bool passed; /* that one was met, or is not asked for */
    bool more;   /* than the limit */
    json_t *jids;
};

static void list_job(void *arg, const char *jid, const struct attrs *pairs)
{
    struct listing *l = arg;

    if (!rights_own(l->principal, attrs_get(pairs, "by")))
        return;
    if (!l->passed) {
        l->passed = strcmp(jid, l->after) == 0;
        return;
    }
    if (l->state >= 0 && record_state(pairs) != l->state)
        return;
    if ((json_int_t)json_array_size(l->jids) < l->limit)
        json_array_append_new(l->jids, json_string(jid));
    else
        l->more = true;
}

/* Where the next page is. */
static void add_next(struct exed_call *c, const struct listing *l)
{
    size_t n = json_array_size(l->jids);
    struct buf link = BUF_INIT;

    if (!l->more || !n)
        return;
    buf_add_fmt(&link, "</jobs?limit=%lld&after=%s", (long long)l->limit,
                json_string_value(json_array_get(l->jids, n - 1)));
    if (l->state >= 0)
        buf_add_fmt(&link, "&state=%lld", (long long)l->state);
    if (exed_flag(c, "detail"))
        buf_add_str(&link, "&detail=1");
    buf_add_str(&link, ">; rel=\"next\"");
    http_add_header(c->request, "Link", buf_str(&link));
    buf_free(&link);
}

static enum http_verdict get_jobs(struct exed_call *c)
{
    struct listing l = {.principal = http_principal(c->request),
                        .after = exed_text(c, "after"),
                        .state = exed_number(c, "state", -1),
                        .limit = exed_number(c, "limit", INT64_MAX),
                        .jids = json_array()};

    l.passed = !l.after;
    dispatch_jobs(c->exed->dispatch, list_job, &l);
    if (!l.passed) {
        json_decref(l.jids);
        http_reply_error(c->request, 400, "after: no job %.80s", l.after);
        return HTTP_DONE;
    }
    add_next(c, &l);
    if (exed_flag(c, "detail"))
        return list_begin(c, l.jids);
    http_reply_json(c->request, 200, l.jids);
    return HTTP_DONE;
}

/* -- one of them ----------------------------------------------------------- */

/* Its id; NULL, and it is answered, if it is not there for who asks. */
static const char *take_jid(struct exed_call *c)
{
    const char *jid = http_param(c->request, "jid");

    if (exed_owns(c, jid))
        return jid;
    http_reply_error(c->request, 404, EXED_NO_JOB);
    return NULL;
}

static enum http_verdict get_job(struct exed_call *c)
{
    const char *jid = take_jid(c);

    if (!jid)
        return HTTP_DONE;
    if (exed_flag(c, "follow"))
        return follow_begin(c, jid);
    if (exed_flag(c, "outputs"))
        return outputs_begin(c, jid);
    http_reply_json(c->request, 200, record_json(c->exed->dispatch, jid));
    return HTTP_DONE;
}

static enum http_verdict no_jid(struct exed_call *c)
{
    http_reply_error(c->request, 400, "no jid given");
    return HTTP_DONE;
}

typedef char *end_fn(struct dispatch *d, const char *jid);

/* Deletes or cancels it. */
static enum http_verdict end_job(struct exed_call *c, const char *action,
                                 end_fn *end, int refused, int done)
{
    const char *jid = take_jid(c), *why = audit_refusal();
    char *error;

    if (!jid)
        return HTTP_DONE;
    if (why) {
        http_reply_error(c->request, 503, "%s", why);
        return HTTP_DONE;
    }
    error = end(c->exed->dispatch, jid);
    if (error)
        return exed_wrong(c->request, refused, error);
    exed_audit_done(c->request, action, jid);
    if (done == 204)
        http_reply(c->request, done, NULL, NULL, 0);
    else
        http_reply_json(c->request, done, json_pack("{s:s}", "jid", jid));
    return HTTP_DONE;
}

static enum http_verdict delete_job(struct exed_call *c)
{
    return end_job(c, "delete", dispatch_delete, 400, 204);
}

static enum http_verdict cancel_job(struct exed_call *c)
{
    return end_job(c, "cancel", dispatch_cancel, 409, 202);
}

/* -- the table ------------------------------------------------------------- */

static const struct param list_params[] = {
    {.name = "detail",
     .type = PARAM_BOOL,
     .help = "The jobs themselves instead of their ids."},
    {.name = "state",
     .type = PARAM_STATE,
     .help = "Only those that are done, running, or have failed."},
    {.name = "limit",
     .type = PARAM_NUMBER,
     .min = 1,
     .max = 1000000,
     .help = "At most so many; a Link header says where the next ones are."},
    {.name = "after", .help = "Only those that came after this one."},
};

static const struct param job_params[] = {
    {.name = "outputs",
     .type = PARAM_BOOL,
     .help = "What came of it on each host, too."},
    {.name = "follow",
     .type = PARAM_BOOL,
     .help = "First the job, then each result as it comes."},
};

static const struct param events_params[] = {
    {.name = "from",
     .type = PARAM_NUMBER,
     .max = (1LL << 53),
     .help = "The offset of the first event that is wanted."},
    {.name = "host", .help = "Only what this host says, and the job itself."},
};

static const struct exed_endpoint rows[] = {
    {.method = HTTP_GET,
     .path = "/jobs",
     .name = "jobs",
     .handler = get_jobs,
     .who = EXED_RUNNER,
     .needs = EXED_RECORDS,
     .params = EXED_PARAMS(list_params),
     .statuses = "200 400",
     .help = "The jobs there are, oldest first."},
    {.method = HTTP_DELETE,
     .path = "/jobs",
     .name = "deleteNoJob",
     .handler = no_jid,
     .who = EXED_RUNNER,
     .statuses = "400",
     .help = "Refused: it takes the id of a job."},
    {.method = HTTP_GET,
     .path = "/jobs/:jid",
     .name = "job",
     .handler = get_job,
     .who = EXED_RUNNER,
     .needs = EXED_JOB,
     .params = EXED_PARAMS(job_params),
     .statuses = "200 400 404",
     .help = "A job, and what came of it."},
    {.method = HTTP_DELETE,
     .path = "/jobs/:jid",
     .name = "deleteJob",
     .handler = delete_job,
     .who = EXED_RUNNER,
     .needs = EXED_JOB,
     .statuses = "204 400 404 503",
     .help = "Deletes a job that has ended."},
    {.method = HTTP_POST,
     .path = "/jobs/:jid/cancel",
     .name = "cancelJob",
     .handler = cancel_job,
     .who = EXED_RUNNER,
     .needs = EXED_JOB,
     .statuses = "202 404 409 503",
     .help = "Ends a job before its time."},
    {.method = HTTP_GET,
     .path = "/jobs/:jid/events",
     .name = "jobEvents",
     .handler = stream_events,
     .who = EXED_RUNNER,
     .needs = EXED_JOB,
     .params = EXED_PARAMS(events_params),
     .statuses = "200 400 404",
     .help = "All that happens to a job, as it does: a JSON object in each "
             "line, or Server-Sent Events."},
};
const struct exed_family exed_jobs = {"jobs", rows, ARRAY_LEN(rows)};
