#include "client/cli/verbs.h"

#include <string.h>

#include "lib/mem.h"

#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }

static const struct verb_option globals[] = {
    {.name = "registry",
     .kind = VALUE_TEXT,
     .value = "[tls!]HOST[:NEW[:FIND[:EVENT]]]",
     .help = "the registry; several, separated by commas"},
    {.name = "dispatcher",
     .kind = VALUE_TEXT,
     .value = "HOST:PORT",
     .help = "the dispatcher, not one that the registry knows"},
    {.name = "config",
     .letter = 'c',
     .kind = VALUE_FILE,
     .value = "FILE",
     .help = "the configuration, not /etc/muster/muster.yaml"},
    {.name = "profile",
     .kind = VALUE_TEXT,
     .value = "NAME",
     .help = "the profile in it, instead of the node's"},
    {.name = "option",
     .letter = 'o',
     .kind = VALUE_TEXT,
     .value = "KEY=VALUE",
     .many = true,
     .help = "set any setting"},
    {.name = "json", .help = "write JSON, an object a line; errors, too"},
    {.name = "color",
     .kind = VALUE_ONE_OF,
     .value = "auto|always|never",
     .help = "write in colour; auto is on a terminal"},
    {.name = "quiet", .letter = 'q', .help = "no remarks, no status line"},
    {.name = "verbose", .letter = 'v', .help = "say more on standard error"},
    {.name = "help", .letter = 'h', .help = "explain the verb"},
    END,
};

static const struct verb_option register_options[] = {
    {.name = "persist",
     .help = "it outlives the connection: register and exit"},
    {.name = "ttl",
     .kind = VALUE_TIME,
     .value = "TIME",
     .help = "it goes when it was not refreshed for so long"},
    {.name = "replace", .help = "take the name over from who holds it"},
    {.name = "volatile",
     .kind = VALUE_TEXT,
     .value = "A,B",
     .help = "attributes whose change is no event"},
    {.name = "remove", .help = "remove the persistent service NAME"},
    END,
};

static const struct verb_option find_options[] = {
    {.name = "names", .help = "names only"},
    {.name = "count", .help = "their number only"},
    {.name = "limit",
     .kind = VALUE_NUMBER,
     .value = "N",
     .help = "at most so many"},
    {.name = "after",
     .kind = VALUE_TEXT,
     .value = "NAME",
     .help = "only what follows that service"},
    {.name = "table",
     .kind = VALUE_OPTIONAL,
     .value = "A,B",
     .help = "a table of these attributes, or of all"},
    END,
};

static const struct verb_option exec_options[] = {
    {.name = "selector",
     .letter = 's',
     .kind = VALUE_TEXT,
     .value = "SELECTOR",
     .many = true,
     .help = "the workers; given several times, all must hold"},
    {.name = "hosts",
     .letter = 'H',
     .kind = VALUE_TEXT,
     .value = "HOST,HOST",
     .many = true,
     .help = "these hosts, by name"},
    {.name = "all", .help = "on all that match; alone: on every worker"},
    {.name = "any", .help = "on one that matches, the least loaded"},
    {.name = "shell",
     .letter = 'c',
     .kind = VALUE_TEXT,
     .value = "TEXT",
     .help = "shell text to run, instead of -- COMMAND"},
    {.name = "timeout",
     .kind = VALUE_TIME,
     .value = "TIME",
     .directive = ".timeout",
     .help = "end it after so long"},
    {.name = "idle",
     .kind = VALUE_TIME,
     .value = "TIME",
     .directive = ".idle",
     .help = "end it after so long without output"},
    {.name = "wait",
     .kind = VALUE_TIME,
     .value = "TIME",
     .directive = ".wait",
     .help = "wait so long for a worker or a free slot"},
    {.name = "parallel",
     .kind = VALUE_SHARE,
     .value = "N",
     .directive = ".parallel",
     .help = "at most N or N% at once"},
    {.name = "per",
     .kind = VALUE_TEXT,
     .value = "ATTR=N",
     .directive = ".per",
     .help = "at most N at once that share a value of ATTR"},
    {.name = "fail",
     .kind = VALUE_SHARE,
     .value = "N",
     .directive = ".fail",
     .help = "start no more after N or N% failures"},
    {.name = "min",
     .kind = VALUE_NUMBER,
     .value = "N",
     .directive = ".min",
     .help = "refuse unless at least N match"},
    {.name = "expect",
     .kind = VALUE_NUMBER,
     .value = "N",
     .directive = ".expect",
     .help = "refuse unless exactly N match"},
    {.name = "lost",
     .kind = VALUE_ONE_OF,
     .value = "wait|fail|rerun",
     .directive = ".lost",
     .help = "what to do when a worker goes away with the job"},
    {.name = "group", .help = "fold equal outputs, at the end"},
    {.name = "detach", .help = "print the job's id and leave it running"},
    {.name = "stdin", .help = "send standard input to every host"},
    {.name = "user",
     .kind = VALUE_TEXT,
     .value = "USER",
     .directive = "user",
     .help = "run as that user, where a worker allows it"},
    {.name = "cwd",
     .kind = VALUE_TEXT,
     .value = "DIR",
     .directive = "cwd",
     .help = "run in that directory"},
    {.name = "env",
     .kind = VALUE_TEXT,
     .value = "NAME=VALUE",
     .many = true,
     .help = "set a variable of its environment"},
    {.name = "op",
     .kind = VALUE_TEXT,
     .value = "OP",
     .help = "an operation other than execute; -- ARG=VALUE"},
    END,
};

static const struct verb_option follow_options[] = {
    {.name = "group", .help = "fold equal outputs, at the end"},
    END,
};

static const struct verb_option jobs_options[] = {
    {.name = "names", .help = "ids only"},
    END,
};

static const struct verb_option dev_options[] = {
    {.name = "workers",
     .kind = VALUE_NUMBER,
     .value = "N",
     .help = "so many workers; 1 unless told otherwise"},
    {.name = "attr",
     .kind = VALUE_TEXT,
     .value = "ATTR=VALUE",
     .many = true,
     .help = "an attribute of the workers, instead of role=web"},
    {.name = "ports",
     .kind = VALUE_ONE_OF,
     .value = "default|any",
     .help = "any: the kernel chooses, they are printed"},
    END,
};

static const struct verb_option tls_options[] = {
    {.name = "dir",
     .kind = VALUE_FILE,
     .value = "DIR",
     .help = "the folder of the CA and of what it signs"},
    {.name = "dns",
     .kind = VALUE_TEXT,
     .value = "NAME,NAME",
     .many = true,
     .help = "issue: further names that it is dialled by"},
    {.name = "ip",
     .kind = VALUE_TEXT,
     .value = "ADDRESS,ADDRESS",
     .many = true,
     .help = "issue: addresses that it is dialled by"},
    {.name = "server", .help = "issue: to be dialled only"},
    {.name = "client", .help = "issue: to dial others only"},
    {.name = "name",
     .kind = VALUE_TEXT,
     .value = "NAME",
     .help = "init: the CA's own name"},
    {.name = "days",
     .kind = VALUE_NUMBER,
     .value = "N",
     .help = "how long it is valid; 365 days, the CA 3650"},
    {.name = "from",
     .kind = VALUE_TEXT,
     .value = "DATE",
     .help = "valid from that date on, instead of now"},
    {.name = "force", .help = "replace files that are there"},
    END,
};

/* -- the verbs ------------------------------------------------------------- */

#define SELECTOR_MORE                                                          \
    "A selector is words like role=web os=linux mem>=8G host~^web role!=db;\n" \
    "a word without an operator takes the next one as its value. All must\n"   \
    "hold; none selects everything. See muster-protocol(7).\n"

static const struct verb_option config_options[] = {
    {.name = "effective", .help = "every setting, defaults too"},
    {.name = "program",
     .kind = VALUE_ONE_OF,
     .value = "musterd|muster-dispatch|muster-worker|muster",
     .help = "only what that program uses"},
    END,
};

static const struct verb_option audit_options[] = {
    {.name = "expect",
     .kind = VALUE_TEXT,
     .value = "HASH",
     .help = "this hash must be there: none before is missing"},
    END,
};

static const struct verb_option backup_options[] = {
    {.name = "admin",
     .kind = VALUE_TEXT,
     .value = "HOST:PORT",
     .help = "the registry's admin face (its host:6700)"},
    END,
};

static const struct verb_option health_options[] = {
    {.name = "admin",
     .kind = VALUE_TEXT,
     .value = "HOST:PORT",
     .help = "a daemon's admin face (the registry's host:6700)"},
    END,
};

static const struct verb_option restore_options[] = {
    {.name = "to",
     .kind = VALUE_TEXT,
     .value = "STORE",
     .help = "sqlite:PATH; else what registry.store says"},
    END,
};

static const struct verb table[] = {
    {.word = "register",
     .usage = "NAME [ATTR=VALUE...] [-- COMMAND...]",
     .help = "keep a service registered while this runs",
     .more =
         "The service is there until Ctrl-C, or while COMMAND runs, whose "
         "exit\n"
         "status is taken over. It comes back by itself after a registry did.\n"
         "\n"
         "  muster register 'tcp!web1!80' kind=web role=front\n"
         "  muster register 'tcp!web1!80' kind=web -- nginx -g 'daemon off;'\n"
         "  muster register build-4711 kind=note --persist\n"
         "  muster register build-4711 --remove\n",
     .min = 1,
     .max = -1,
     .command = true,
     .run = verb_register,
     .options = register_options},
    {.word = "find",
     .usage = "[SELECTOR...]",
     .help = "print the services that match",
     .more =
         SELECTOR_MORE "\n"
                       "  muster find\n"
                       "  muster find kind=worker role=web --names\n"
                       "  muster find kind=worker --table=host,os,cpus,mem\n"
                       "\n"
                       "Exit status 3 when nothing matches.\n",
     .max = -1,
     .run = verb_find,
     .options = find_options},
    {.word = "watch",
     .usage = "[SELECTOR...]",
     .help = "print services as they come, change and go",
     .more = "First those that are there, then what happens to them:\n"
             "+ came, = changed, - is gone.\n\n" SELECTOR_MORE "\n"
             "  muster watch kind=worker\n",
     .max = -1,
     .run = verb_watch},
    {.word = "exec",
     .usage = "-s SELECTOR|-H HOSTS|--all [OPTION...] -- COMMAND [ARG...]",
     .help = "run a command on the workers that match",
     .more =
         "COMMAND runs without a shell; -c TEXT runs shell text. Output comes\n"
         "as it is written, host | line, of standard error host ! line.\n"
         "\n"
         "  muster exec -s 'role=web os=linux' --timeout 30 -- uptime\n"
         "  muster exec -s role=web --any -- hostname\n"
         "  muster exec -H web1,web2 -c 'df -h | tail -n 1'\n"
         "  muster exec --all --group -- uname -r\n"
         "  muster exec -s role=web --parallel 25% --fail 2 -- ./deploy\n"
         "\n"
         "Ctrl-C asks whether to detach, cancel or continue. Exit status, the\n"
         "worst that applies: 0 all ok, 1 a task failed, 3 nobody matched,\n"
         "4 lost or unreachable, 5 cancelled, 6 stopped by --fail, 7 timed "
         "out.\n",
     .command = true,
     .run = verb_exec,
     .options = exec_options},
    {.word = "jobs",
     .usage = "[SELECTOR...]",
     .help = "list the jobs that the dispatcher knows",
     .more = "  muster jobs\n"
             "  muster jobs state=running\n",
     .max = -1,
     .run = verb_jobs,
     .options = jobs_options},
    {.word = "job",
     .usage = "JID",
     .help = "show a job, host by host",
     .min = 1,
     .max = 1,
     .run = verb_job},
    {.word = "follow",
     .usage = "JID",
     .help = "show a job's output from the start, then live",
     .more = "Exit status as of muster exec.\n",
     .min = 1,
     .max = 1,
     .run = verb_follow,
     .options = follow_options},
    {.word = "cancel",
     .usage = "JID",
     .help = "end a job on all its hosts",
     .min = 1,
     .max = 1,
     .run = verb_cancel},
    {.word = "delete",
     .usage = "JID",
     .help = "forget a job that is done, and its output",
     .min = 1,
     .max = 1,
     .run = verb_delete},
    {.word = "config",
     .usage = "check|show",
     .help = "check the configuration, or show it with its origins",
     .more = "  muster config check\n"
             "  muster config show --effective --program muster-worker\n",
     .min = 1,
     .max = 1,
     .bare = true,
     .run = verb_config,
     .options = config_options},
    {.word = "backup",
     .usage = "FILE",
     .help = "copy what a registry keeps into a file, while it serves",
     .more =
         "A consistent copy over the admin face. It is checked when it has\n"
         "come, and takes the place of FILE only then.\n"
         "\n"
         "  muster backup /var/backups/registry.db\n"
         "  muster backup --admin registry.example.com:6700 today.db\n",
     .min = 1,
     .max = 1,
     .run = verb_backup,
     .options = backup_options},
    {.word = "health",
     .usage = "",
     .help = "ask a daemon whether all is well with it",
     .more =
         "Asks the admin face of the registry, or of any daemon named with\n"
         "--admin. What ails is told check by check; -v tells all checks.\n"
         "\n"
         "  muster health\n"
         "  muster health --admin worker1.example.com:6711 --json\n"
         "\n"
         "Exit status 0: all is well, 1: it is degraded, 8: it does not "
         "answer.\n",
     .min = 0,
     .max = 0,
     .run = verb_health,
     .options = health_options},
    {.word = "restore",
     .usage = "FILE",
     .help = "put a backup into the place of a registry's database",
     .more = "The registry must not run. What was there is kept as\n"
             "PATH.replaced. Revisions go on above both.\n"
             "\n"
             "  muster restore /var/backups/registry.db\n"
             "  muster restore --to sqlite:/srv/registry.db today.db\n",
     .min = 1,
     .max = 1,
     .run = verb_restore,
     .options = restore_options},
    {.word = "audit",
     .usage = "verify FILE...",
     .help = "check that an audit log is whole",
     .more =
         "The files of one log, oldest first; - is standard input. Each line\n"
         "holds the hash of the line before: what was changed, left out or\n"
         "moved is named. Lines cut off at the end are missed by nobody "
         "unless\n"
         "a later hash is known: note the one printed, and give it next time.\n"
         "\n"
         "  muster audit verify /var/log/muster/audit.log\n"
         "  zcat audit.log.2.gz | muster audit verify - audit.log.1 audit.log\n"
         "\n"
         "Exit status 1 when it is not whole.\n",
     .min = 2,
     .max = -1,
     .bare = true,
     .run = verb_audit,
     .options = audit_options},
    {.word = "dev",
     .usage = "",
     .help = "run registry, dispatcher and workers here, to try things out",
     .more =
         "All of it on loopback and in memory, in the foreground; Ctrl-C ends\n"
         "all of it. The workers are dev1, dev2 and so on.\n"
         "\n"
         "  muster dev --workers 3\n"
         "  muster dev --ports any --attr role=db --attr rack=1\n",
     .run = verb_dev,
     .options = dev_options},
    {.word = "tls",
     .usage = "init|issue [NAME]",
     .help = "make a small CA, and certificates that it signs",
     .more = "init makes a CA: ca.pem, which every program is to know, and "
             "ca.key,\n"
             "which makes certificates and stays where it is. issue makes "
             "NAME.pem\n"
             "and NAME.key for a host, to be dialled and to dial others, and "
             "prints\n"
             "what its muster.yaml needs. The folder is /etc/muster/tls unless "
             "--dir\n"
             "names another. Nothing is overwritten without --force. See "
             "muster-tls(7).\n"
             "\n"
             "  muster tls init\n"
             "  muster tls issue web1.example.com --ip 10.0.0.7\n"
             "  muster tls issue deploy --client\n",
     .min = 1,
     .max = 2,
     .bare = true,
     .run = verb_tls,
     .options = tls_options},
    {.word = "version",
     .usage = "",
     .help = "print the version",
     .bare = true,
     .run = verb_version},
    {.word = "completion",
     .usage = "bash|zsh|fish",
     .help = "print the shell's completion of this command",
     .more =
         "  muster completion bash >/etc/bash_completion.d/muster\n"
         "  muster completion zsh >\"${fpath[1]}/_muster\"\n"
         "  muster completion fish >~/.config/fish/completions/muster.fish\n",
     .min = 1,
     .max = 1,
     .bare = true,
     .run = verb_completion},
    {.word = "help",
     .usage = "[VERB]",
     .help = "explain a verb, or list them",
     .max = 1,
     .bare = true,
     .run = verb_help},
};

const struct verb *verbs_table(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}

const struct verb *verbs_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].word, word) == 0)
            return &table[i];
    return NULL;
}

const struct verb_option *verbs_globals(void)
{
    return globals;
}
