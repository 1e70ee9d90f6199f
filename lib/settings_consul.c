#include "lib/settings_impl.h"

/* What of Consul's interfaces musterd speaks, and how; a room that adds to them
 * adds its rows to its part of this table. */
static const struct conf_setting table[] = {
    /* the HTTP face */
    {.key = "registry.consul",
     .type = CONF_LISTEN,
     .def = "127.0.0.1:8500",
     .min = 1,
     .face = -1,
     .programs = MUSTERD,
     .help = "where Consul's HTTP interface is spoken, or off"},
    {.key = "consul.node_name",
     .type = CONF_ID,
     .def = "%n",
     .programs = MUSTERD,
     .help = "what the node of this registry is called in Consul's interfaces; "
             "%n is the node name"},
    {.key = "consul.datacenter",
     .type = CONF_STRING,
     .def = "dc1",
     .programs = MUSTERD,
     .help = "what the datacenter is called there, in lower case; another one "
             "is not known"},
    {.key = "consul.compat",
     .type = CONF_ENUM,
     .def = "1.0",
     .values = "1.0 0.7",
     .programs = MUSTERD,
     .help = "the version of Consul that is answered like, where 0.7 and its "
             "successors differ"},
    {.key = "consul.advertise",
     .type = CONF_ADDR,
     .programs = MUSTERD,
     .help = "the address that the one server of the cluster is said to have; "
             "not set, it is that of registry.consul, and 127.0.0.1 where that "
             "is every address"},
    {.key = "consul.remote_exec",
     .type = CONF_BOOL,
     .def = "off",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "whether who may fire the event _rexec and may execute has a job "
             "run by a dispatcher that is registered, as consul exec asks for "
             "it"},
    {.key = "consul.blocking",
     .type = CONF_INT,
     .def = "16384",
     .min = 1,
     .max = FD_MAX,
     .unit = "requests",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "blocking queries over HTTP that wait at once; more are refused"},

    /* keys and sessions */
    {.key = "consul.session_ttl_min",
     .type = CONF_DURATION,
     .def = "10s",
     .min = 100,
     .max = DAY,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "the shortest time a session over HTTP may ask to live for "
             "without being renewed"},

    /* checks */
    {.key = "consul.enable_script_checks",
     .type = CONF_BOOL,
     .def = "off",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "whether who may register a check may have it run a script here"},
    {.key = "consul.script_user",
     .type = CONF_STRING,
     .def = "nobody",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "who runs the scripts of checks where musterd is root; elsewhere "
             "it is who runs musterd"},
    {.key = "consul.probes",
     .type = CONF_INT,
     .def = "128",
     .min = 1,
     .max = 10000,
     .unit = "checks",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "checks that are run at once; more wait"},
};

const struct conf_setting *settings_of_consul(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
