#include "client/cli/verbs.h"

#include <string.h>

#include "client/cli/verbs_options.h"
#include "lib/mem.h"

#define SELECTOR_MORE                                                          \
    "A selector is words like role=web os=linux mem>=8G host~^web role!=db;\n" \
    "a word without an operator takes the next one as its value. All must\n"   \
    "hold; none selects everything. See muster-protocol(7).\n"

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
     .options = verb_options_of_register},
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
     .options = verb_options_of_find},
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
     .options = verb_options_of_exec},
    {.word = "run",
     .usage = "OP [ARG=VALUE...] -s SELECTOR|-H HOSTS|--all [OPTION...]",
     .help = "run an operation of the workers that match",
     .more = "An operation is what a worker's plugins can do, or ping. Results "
             "are\n"
             "printed as they come, host = JSON. Options and exit status are "
             "those\n"
             "of muster exec; -c, --user, --cwd and --env are for exec only.\n"
             "\n"
             "  muster run facter -H web1\n"
             "  muster run service name=nginx state=restarted graceful=1 -s "
             "role=web\n"
             "  muster run ping --all\n",
     .min = 1,
     .max = -1,
     .run = verb_run,
     .options = verb_options_of_exec,
     .options_of = "exec"},
    {.word = "copy",
     .usage = "FILE... -s SELECTOR|-H HOSTS|--all --to PATH",
     .help = "put files on hosts, by chunks that are not sent twice",
     .more = verbs_copy_more,
     .min = 1,
     .max = -1,
     .run = verb_copy,
     .options = verb_options_of_copy},
    {.word = "release",
     .usage = "APP [REVISION] -s SELECTOR|-H HOSTS|--all [OPTION...]",
     .help = "put a revision live, roll it back, or ask which one is",
     .more = verbs_release_more,
     .min = 1,
     .max = 2,
     .run = verb_release,
     .options = verb_options_of_release},
    {.word = "deploy",
     .usage = "ROLE -s SELECTOR|-H HOSTS|--all [OPTION...]",
     .help = "deploy an Ansible role, a result per task",
     .more = verbs_deploy_more,
     .min = 1,
     .max = 1,
     .run = verb_deploy,
     .options = verb_options_of_deploy},
    {.word = "jobs",
     .usage = "[SELECTOR...]",
     .help = "list the jobs that the dispatcher knows",
     .more = "  muster jobs\n"
             "  muster jobs state=running\n",
     .max = -1,
     .run = verb_jobs,
     .options = verb_options_of_jobs},
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
     .options = verb_options_of_follow},
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
    {.word = "plan",
     .usage = "",
     .help = "show where a job would run, and give an id to run it by",
     .more =
         "Nothing is run. Hosts marked with - would be left out, and why is\n"
         "said. muster exec --plan ID runs on exactly that set, or refuses\n"
         "with the difference. A plan is kept for an hour, and not over a\n"
         "restart of the dispatcher.\n"
         "\n"
         "  muster plan -s 'role=web rack=r1'\n"
         "  muster exec --plan 5TMK72TF -- uptime\n",
     .run = verb_plan,
     .options = verb_options_of_plan},
    {.word = "explain",
     .usage = "HOST",
     .help = "tell which terms of a selector hold for a host",
     .more = "Each term with the value that the host has for it, and for how\n"
             "long the dispatcher has known that. Exit status 0: it matches,\n"
             "1: it does not, 3: there is no such host.\n"
             "\n"
             "  muster explain web1 -s 'role=web mem>=8G'\n",
     .min = 1,
     .max = 1,
     .run = verb_explain,
     .options = verb_options_of_explain},
    {.word = "rerun",
     .usage = "JID",
     .help = "run a job again, where it did not end well",
     .more =
         "The same operation, on those hosts only; a job of its own, whose\n"
         "life is shown as of muster exec, whose exit status it has.\n"
         "\n"
         "  muster rerun 4RUZQ2XA-17\n"
         "  muster rerun 4RUZQ2XA-17 --where failed,lost,notstarted\n",
     .min = 1,
     .max = 1,
     .run = verb_rerun,
     .options = verb_options_of_rerun},
    {.word = "pause",
     .usage = "[JID]",
     .help = "let nothing more start, of a job or of all",
     .more = "What runs goes on. It holds until muster resume, over restarts\n"
             "of the dispatcher, too.\n",
     .max = 1,
     .run = verb_pause},
    {.word = "resume",
     .usage = "[JID]",
     .help = "let a paused job go on, or all",
     .max = 1,
     .run = verb_pause},
    {.word = "drain",
     .usage = "HOST REASON",
     .help = "give a worker no more jobs",
     .more = "What it runs goes on. Selectors skip it and say why; only jobs\n"
             "that name it run there. It holds until muster undrain, over its\n"
             "restarts, too.\n"
             "\n"
             "  muster drain web1 'new disk' --for 2h\n",
     .min = 2,
     .max = 2,
     .run = verb_drain,
     .options = verb_options_of_drain},
    {.word = "undrain",
     .usage = "HOST",
     .help = "give a drained worker jobs again",
     .min = 1,
     .max = 1,
     .run = verb_drain},
    {.word = "why",
     .usage = "JID [HOST]",
     .help = "tell what happened to a job on a host, with times",
     .more = "From its submission to its end, and what came after: why it\n"
             "waited, where it was sent, what the worker said, when its\n"
             "connection broke and came back. Without HOST what happened to\n"
             "the job as a whole; HOST - is a job that no worker has taken.\n"
             "\n"
             "  muster why 4RUZQ2XA-17 web1\n",
     .min = 1,
     .max = 2,
     .run = verb_why},
    {.word = "kv",
     .usage = "get|put|delete|list|watch|lock KEY [VALUE] [-- COMMAND...]",
     .help = "keys and values of a registry; a lock while a command runs",
     .more = verbs_kv_more,
     .min = 1,
     .max = 3,
     .command = true,
     .run = verb_kv,
     .options = verb_options_of_kv},
    {.word = "services",
     .usage = "[NAME]",
     .help = "list the services of the catalog, or a service's instances",
     .more = verbs_services_more,
     .max = 1,
     .run = verb_services,
     .options = verb_options_of_services},
    {.word = "nodes",
     .usage = "[NODE]",
     .help = "list the nodes of the catalog, or a node's services",
     .more = verbs_nodes_more,
     .max = 1,
     .run = verb_nodes,
     .options = verb_options_of_nodes},
    {.word = "event",
     .usage = "fire|watch [NAME] [PAYLOAD]",
     .help = "fire a user event, or print those that come",
     .more = verbs_event_more,
     .min = 1,
     .max = 3,
     .run = verb_event,
     .options = verb_options_of_event},
    {.word = "consul-config",
     .usage = "FILE...",
     .help = "translate the configuration of a Consul agent",
     .more = verbs_consul_config_more,
     .min = 1,
     .max = -1,
     .bare = true,
     .run = verb_consul_config,
     .options = verb_options_of_consul_config},
    {.word = "config",
     .usage = "check|show",
     .help = "check the configuration, or show it with its origins",
     .more = "  muster config check\n"
             "  muster config show --effective --program muster-worker\n",
     .min = 1,
     .max = 1,
     .bare = true,
     .run = verb_config,
     .options = verb_options_of_config},
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
     .options = verb_options_of_backup},
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
     .options = verb_options_of_health},
    {.word = "restore",
     .usage = "FILE",
     .help = "put a backup into the place of the database it is of",
     .more = "The registry must not run. What was there is kept as\n"
             "PATH.replaced. Revisions go on above both.\n"
             "\n"
             "  muster restore /var/backups/registry.db\n"
             "  muster restore --to sqlite:/srv/registry.db today.db\n",
     .min = 1,
     .max = 1,
     .run = verb_restore,
     .options = verb_options_of_restore},
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
     .options = verb_options_of_audit},
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
     .options = verb_options_of_dev},
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
     .options = verb_options_of_tls},
    {.word = "token",
     .usage = "create|list|show|revoke [NAME]",
     .help = "make tokens, look at them, and revoke them",
     .more = verbs_token_more,
     .min = 1,
     .max = 2,
     .run = verb_token,
     .options = verbs_token_options},
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
    return verb_globals;
}
