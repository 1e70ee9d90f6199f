#include "plugins/dispatch/exed/names.h"
#include "plugins/dispatch/exed/run.h"

#define RUN_STATUSES  "200 400 404 500 503"
#define POST_STATUSES "201 400 404 500 503"

/* -- what is run ----------------------------------------------------------- */

static enum http_verdict run_ping(struct exed_call *c)
{
    return run_submit(c, run_spec("ping"));
}

static enum http_verdict run_facter(struct exed_call *c)
{
    return run_submit(c, run_spec("facter"));
}

static enum http_verdict run_service(struct exed_call *c)
{
    struct dispatch_spec *spec = run_spec("service");

    run_param(spec, c, "name", "name");
    run_arg(spec, "state", names_service_word((int)exed_number(c, "state", 0)));
    run_param(spec, c, "graceful", "graceful");
    return run_submit(c, spec);
}

static enum http_verdict run_execute(struct exed_call *c)
{
    struct dispatch_spec *spec = run_spec("execute");

    run_param(spec, c, "cmd", "cmd");
    return run_submit(c, spec);
}

static enum http_verdict run_deploy(struct exed_call *c)
{
    struct dispatch_spec *spec = run_spec("deploy");

    run_param(spec, c, "role", "role");
    run_param(spec, c, "partial", "partial");
    run_param(spec, c, "extra_vars", "extra_vars");
    spec->exclusive = true;
    return run_submit(c, spec);
}

/* -- parameters ------------------------------------------------------------ */

#define BAD_SERVICE "bad service name or state"
#define SERVICE_PARAMS                                                         \
    {.name = "name",                                                           \
     .required = true,                                                         \
     .wrong = BAD_SERVICE,                                                     \
     .help = "The service."},                                                  \
        {.name = "state",                                                      \
         .type = PARAM_NUMBER,                                                 \
         .required = true,                                                     \
         .max = NAMES_SERVICE_STATES - 1,                                      \
         .wrong = BAD_SERVICE,                                                 \
         .help = "0 started, 1 stopped, 2 restarted."},                        \
    {                                                                          \
        .name = "graceful", .type = PARAM_BOOL,                                \
        .help = "Reload it instead of a restart."                              \
    }
#define EXECUTE_PARAMS                                                         \
    {                                                                          \
        .name = "cmd", .required = true,                                       \
        .help = "The command, for the host's shell."                           \
    }

static const struct param get_params[] = {RUN_TARGET};
static const struct param post_params[] = {RUN_TARGETS};
static const struct param get_service[] = {SERVICE_PARAMS, RUN_TARGET};
static const struct param post_service[] = {SERVICE_PARAMS, RUN_TARGETS};
static const struct param get_execute[] = {EXECUTE_PARAMS, RUN_TARGET};
static const struct param post_execute[] = {EXECUTE_PARAMS, RUN_TARGETS};
static const struct param post_deploy[] = {
    {.name = "role",
     .required = true,
     .wrong = "role should be string types",
     .help = "The role to deploy."},
    {.name = "partial",
     .type = PARAM_LIST,
     .help = "Only what is marked by this tag, or one of these."},
    {.name = "extra_vars",
     .type = PARAM_OBJECT,
     .wrong = "extra vars should be an json object or omitted",
     .help = "Variables for the role."},
    RUN_TARGETS,
};

static const struct exed_endpoint rows[] = {
    {.method = HTTP_GET,
     .path = "/ping",
     .name = "ping",
     .handler = run_ping,
     .who = EXED_RUNNER,
     .changes = true,
     .params = EXED_PARAMS(get_params),
     .statuses = RUN_STATUSES,
     .help = "Pings a host."},
    {.method = HTTP_POST,
     .path = "/ping",
     .name = "pingJob",
     .handler = run_ping,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(post_params),
     .statuses = POST_STATUSES,
     .help = "Pings hosts, as a job."},
    {.method = HTTP_GET,
     .path = "/facter",
     .name = "facter",
     .handler = run_facter,
     .who = EXED_RUNNER,
     .changes = true,
     .params = EXED_PARAMS(get_params),
     .statuses = RUN_STATUSES,
     .help = "Facts about a host."},
    {.method = HTTP_POST,
     .path = "/facter",
     .name = "facterJob",
     .handler = run_facter,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(post_params),
     .statuses = POST_STATUSES,
     .help = "Facts about hosts, as a job."},
    {.method = HTTP_GET,
     .path = "/service",
     .name = "service",
     .handler = run_service,
     .who = EXED_RUNNER,
     .changes = true,
     .params = EXED_PARAMS(get_service),
     .statuses = RUN_STATUSES,
     .help = "Starts, stops or restarts a service of a host."},
    {.method = HTTP_POST,
     .path = "/service",
     .name = "serviceJob",
     .handler = run_service,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(post_service),
     .statuses = POST_STATUSES,
     .help = "The same on hosts, as a job."},
    {.method = HTTP_GET,
     .path = "/execute",
     .name = "execute",
     .handler = run_execute,
     .who = EXED_RUNNER,
     .changes = true,
     .params = EXED_PARAMS(get_execute),
     .statuses = RUN_STATUSES,
     .help = "Runs a command on a host."},
    {.method = HTTP_POST,
     .path = "/execute",
     .name = "executeJob",
     .handler = run_execute,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(post_execute),
     .statuses = POST_STATUSES,
     .help = "Runs a command on hosts, as a job."},
    {.method = HTTP_POST,
     .path = "/deploy",
     .name = "deployJob",
     .handler = run_deploy,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(post_deploy),
     .statuses = POST_STATUSES " 409",
     .help = "Deploys a role on hosts, as a job."},
};
const struct exed_family exed_operate = {"operate", rows, ARRAY_LEN(rows)};
