/*
 * What the table of verbs says of kv, services, nodes, event and
 * consul-config: their options and their explanations.
 */
#include "client/cli/verbs.h"
#include "client/cli/verbs_options.h"

#define OPTION_CONSUL                                                          \
    {                                                                          \
        .name = "consul", .kind = VALUE_TEXT, .value = "HOST:PORT",            \
        .help = "the registry's Consul API (its host:8500)"                    \
    }

const struct verb_option verb_options_of_kv[] = {
    OPTION_CONSUL,
    {.name = "recurse",
     .letter = 'r',
     .help = "get, delete, watch: all whose key begins so"},
    {.name = "raw", .help = "get: the bytes as they are, nothing after them"},
    {.name = "separator",
     .kind = VALUE_TEXT,
     .value = "TEXT",
     .help = "list: keys cut behind the first of it"},
    {.name = "cas",
     .kind = VALUE_TEXT,
     .value = "INDEX",
     .help = "put, delete: if its index is that; 0: is absent"},
    {.name = "flags",
     .kind = VALUE_TEXT,
     .value = "NUMBER",
     .help = "put: a number of 64 bits, kept with the value"},
    {.name = "acquire",
     .kind = VALUE_TEXT,
     .value = "SESSION",
     .help = "put: if that session gets or has its lock"},
    {.name = "release",
     .kind = VALUE_TEXT,
     .value = "SESSION",
     .help = "put: if that session had its lock; it is free"},
    {.name = "holders",
     .letter = 'n',
     .kind = VALUE_NUMBER,
     .value = "N",
     .help = "lock: so many may hold it at once (1)"},
    {.name = "ttl",
     .kind = VALUE_TIME,
     .value = "TIME",
     .help = "lock: how long it outlives the registry (15s)"},
    {.name = "try",
     .kind = VALUE_TIME,
     .value = "TIME",
     .help = "lock: do not wait for it any longer"},
    OPTIONS_END,
};

const struct verb_option verb_options_of_services[] = {
    OPTION_CONSUL,
    {.name = "tag",
     .kind = VALUE_TEXT,
     .value = "TAG",
     .many = true,
     .help = "instances with that tag"},
    {.name = "passing", .help = "instances whose checks all pass"},
    OPTIONS_END,
};

const struct verb_option verb_options_of_nodes[] = {
    OPTION_CONSUL,
    OPTIONS_END,
};

const struct verb_option verb_options_of_event[] = {
    OPTION_CONSUL,
    {.name = "node",
     .kind = VALUE_TEXT,
     .value = "REGEX",
     .help = "fire: for nodes whose name matches"},
    {.name = "service",
     .kind = VALUE_TEXT,
     .value = "REGEX",
     .help = "fire: for nodes with a service whose id matches"},
    {.name = "tag",
     .kind = VALUE_TEXT,
     .value = "REGEX",
     .help = "fire: and one of its tags does"},
    OPTIONS_END,
};

const struct verb_option verb_options_of_consul_config[] = {
    {.name = "dir",
     .kind = VALUE_FILE,
     .value = "DIR",
     .help = "write muster.yaml, services.db and secrets there"},
    {.name = "force", .help = "overwrite what is there"},
    OPTIONS_END,
};

const char verbs_kv_more[] =
    "A value is the word (after -- if it begins with a dash), - for standard\n"
    "input, or @FILE; any bytes, up to 512 KiB. watch tells what is there and\n"
    "then what changes, + came, = changed, - is gone; with --recurse of all\n"
    "whose key begins so.\n"
    "\n"
    "  muster kv put web/port 8080\n"
    "  muster kv put web/logo @logo.png --flags 42\n"
    "  muster kv get web/logo --raw >logo.png\n"
    "  muster kv get --recurse web/\n"
    "  muster kv list web/ --separator /\n"
    "  muster kv watch --recurse web/\n"
    "\n"
    "lock waits for the lock of a prefix and holds it while the command\n"
    "runs, whose exit status it has; when it is lost the command gets TERM,\n"
    "5 s later KILL. Consul's own command and libraries can contend for the\n"
    "same lock.\n"
    "\n"
    "  muster kv lock locks/backup -- ./backup\n"
    "  muster kv lock locks/build -n 3 --try 1m -- make\n"
    "\n"
    "Exit status 1: a condition did not hold, or the lock was not to be had\n"
    "in time; 3: there is no such key; 4: the lock was lost.\n";

const char verbs_services_more[] =
    "Services as Consul's clients see them, whatever way they registered.\n"
    "\n"
    "  muster services\n"
    "  muster services web --tag primary --passing\n"
    "\n"
    "Exit status 3 when there is none.\n";

const char verbs_nodes_more[] =
    "Nodes as Consul's clients see them: hosts of workers, what services name\n"
    "as their node, and those that were registered as such.\n"
    "\n"
    "  muster nodes\n"
    "  muster nodes web1\n"
    "\n"
    "Exit status 3 when there is none.\n";

const char verbs_event_more[] =
    "The payload is the word, - for standard input, or @FILE: a name and all\n"
    "that comes with it have about 512 bytes. fire prints the event's id;\n"
    "watch prints NAME PAYLOAD of each that comes.\n"
    "\n"
    "  muster event fire deploy 'web 1.2.3' --node '^web'\n"
    "  muster event watch deploy\n";

const char verbs_consul_config_more[] =
    "FILE is a Consul agent's configuration as JSON; later ones override\n"
    "earlier ones, and a folder is all *.json in it. Without --dir the\n"
    "muster.yaml is printed, and after it the file of services. With it they\n"
    "are written: muster.yaml, services.db (for registry.static), and each\n"
    "secret into a file of its own that only its owner can read. Secrets are\n"
    "never printed. What cannot be translated is named on standard error.\n"
    "\n"
    "  muster consul-config /etc/consul.d --dir /etc/muster\n"
    "\n"
    "Exit status 1: something was left out that the agent cannot do without;\n"
    "0: all else is translated, or changes nothing here.\n";
