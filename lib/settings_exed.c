#include "lib/settings_impl.h"

/* EXEd's own names for settings: whoever comes from there keeps his file. Each
 * stands in for one of ours where that is not set (conf_exed.c), or is read
 * where it is used, or has no use here, and the log says so. */
static const struct conf_setting table[] = {
    {.key = "api.listen",
     .type = CONF_STRING,
     .programs = DISPATCH,
     .help = "EXEd's name for the address of dispatcher.http"},
    {.key = "api.listen_port",
     .type = CONF_INT,
     .def = "16808",
     .min = 0,
     .max = 65535,
     .programs = DISPATCH,
     .help = "EXEd's name for the port of dispatcher.http"},
    {.key = "api.pid_file",
     .type = CONF_STRING,
     .programs = DISPATCH,
     .help = "file into which the dispatcher writes its process id, and which "
             "it removes at its end; not set, none"},
    {.key = "runner.concurrency",
     .type = CONF_INT,
     .min = 1,
     .max = 100000,
     .unit = "jobs",
     .reloadable = true,
     .programs = WORKER,
     .help = "EXEd's name for worker.slots"},
    {.key = "runner.executor",
     .type = CONF_STRING,
     .programs = DISPATCH,
     .help = "of no use here: a host's worker has the operations, all at once"},
    {.key = "runner.redis_url",
     .type = CONF_STRING,
     .programs = DISPATCH,
     .help = "of no use here: jobs are kept in dispatcher.store"},
    {.key = "runner.broker_url",
     .type = CONF_STRING,
     .programs = DISPATCH,
     .help = "of no use here: workers are reached through the registry"},
    {.key = "log.log_level",
     .type = CONF_ENUM,
     .values = "debug info warn warning error critical",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "EXEd's name for log.level"},
    {.key = "log.error_log",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "EXEd's name for log.to: the path of a file"},
    {.key = "log.access_log",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = DISPATCH,
     .help = "file to which a line is written for each request to "
             "dispatcher.http, without what stands behind the ? (opened again "
             "at SIGHUP); not set, none"},
};

const struct conf_setting *settings_of_exed(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
