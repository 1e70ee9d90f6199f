/*
 * What the table of verbs says of copy, release and deploy: their options and
 * their explanations.
 */
#include "client/cli/verbs.h"
#include "client/cli/verbs_options.h"

/* Rows that they share with exec */
#define OPTIONS_OF_TARGET                                                      \
    OPTION_SELECTOR, OPTION_HOSTS,                                             \
        {.name = "all", .help = "on all that match; alone: on every worker"},  \
        {.name = "any", .help = "on one that matches, the least loaded"},      \
        {.name = "wait",                                                       \
         .kind = VALUE_TIME,                                                   \
         .value = "TIME",                                                      \
         .directive = ".wait",                                                 \
         .help = "wait so long for a worker or a free slot"},                  \
        OPTION_MIN, OPTION_EXPECT

#define OPTIONS_OF_PACE                                                        \
    {.name = "timeout",                                                        \
     .kind = VALUE_TIME,                                                       \
     .value = "TIME",                                                          \
     .directive = ".timeout",                                                  \
     .help = "end it after so long"},                                          \
        {.name = "parallel",                                                   \
         .kind = VALUE_SHARE,                                                  \
         .value = "N",                                                         \
         .directive = ".parallel",                                             \
         .help = "at most N or N% at once"},                                   \
        {.name = "per",                                                        \
         .kind = VALUE_TEXT,                                                   \
         .value = "ATTR=N",                                                    \
         .directive = ".per",                                                  \
         .help = "at most N at once that share a value of ATTR"},              \
        {.name = "fail",                                                       \
         .kind = VALUE_SHARE,                                                  \
         .value = "N",                                                         \
         .directive = ".fail",                                                 \
         .help = "start no more after N or N% failures"},                      \
        {.name = "group", .help = "fold equal outputs, at the end"},           \
    {                                                                          \
        .name = "detach", .help = "print the job's id and leave it running"    \
    }

const struct verb_option verb_options_of_copy[] = {
    {.name = "to",
     .kind = VALUE_TEXT,
     .value = "PATH",
     .help = "the whole path there; a folder when it ends in /"},
    {.name = "mode",
     .kind = VALUE_TEXT,
     .value = "MODE",
     .help = "permissions in octal, not those of the file"},
    {.name = "owner",
     .kind = VALUE_TEXT,
     .value = "USER[:GROUP]",
     .help = "whose it is, where the worker is root"},
    OPTIONS_OF_TARGET,
    OPTIONS_END,
};

const struct verb_option verb_options_of_release[] = {
    {.name = "rollback", .help = "go back, to REVISION or the one before"},
    {.name = "type",
     .kind = VALUE_TEXT,
     .value = "TYPE",
     .help = "how that is done; common is a git repository"},
    {.name = "opts",
     .kind = VALUE_TEXT,
     .value = "JSON|@FILE",
     .help = "options for the type, an object"},
    OPTIONS_OF_TARGET,
    OPTIONS_OF_PACE,
    OPTIONS_END,
};

const struct verb_option verb_options_of_deploy[] = {
    {.name = "tag",
     .kind = VALUE_TEXT,
     .value = "TAG,TAG",
     .help = "only what is marked with one of these"},
    {.name = "vars",
     .kind = VALUE_TEXT,
     .value = "JSON|@FILE",
     .help = "variables for the role, an object"},
    OPTIONS_OF_TARGET,
    OPTIONS_OF_PACE,
    OPTIONS_END,
};

const char verbs_copy_more[] =
    "A file goes over in chunks of 512 KiB, each to those who miss it, and is\n"
    "put in its place at once, when it is whole and verified. A copy that was\n"
    "cut off goes on where it was: run it again. The same file is not sent\n"
    "twice.\n"
    "\n"
    "  muster copy app.tar -s role=web --to /srv/app/\n"
    "  muster copy hosts -H web1,web2 --to /etc/hosts --mode 644 --owner root\n"
    "\n"
    "Exit status as of muster exec.\n";

const char verbs_release_more[] =
    "Without a REVISION it asks which one is live. The type common checks a\n"
    "commit of a git repository out, switches to it by a rename, and goes "
    "back\n"
    "when its health command fails.\n"
    "\n"
    "  muster release shop -s role=web\n"
    "  muster release shop v2.1 -s role=web --parallel 25% --fail 1 \\\n"
    "      --opts '{\"giturl\": \"https://git.example.com/shop.git\"}'\n"
    "  muster release shop --rollback -s role=web\n"
    "\n"
    "Exit status as of muster exec.\n";

const char verbs_deploy_more[] =
    "ansible-playbook runs the role on each host itself, or over ssh on the\n"
    "hosts of a worker's inventory. Each task is a result.\n"
    "\n"
    "  muster deploy nginx -s role=web --tag reconfig\n"
    "  muster deploy nginx -H web1 --vars '{\"server_name\": "
    "\"example.com\"}'\n"
    "\n"
    "Exit status as of muster exec.\n";
