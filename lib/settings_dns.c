#include "lib/settings_impl.h"

static const struct conf_setting table[] = {
    {.key = "registry.dns",
     .type = CONF_LISTEN,
     .def = "127.0.0.1:8600",
     .min = 1,
     .face = -1,
     .programs = MUSTERD,
     .help = "where services are found by DNS, over UDP and TCP, or off"},
    {.key = "consul.domain",
     .type = CONF_STRING,
     .def = "consul",
     .programs = MUSTERD,
     .help = "the domain that registry.dns answers for"},
    {.key = "consul.dns_only_passing",
     .type = CONF_BOOL,
     .def = "off",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "whether DNS leaves instances with a check in the state warning "
             "out, as it always does those in the state critical"},
    {.key = "consul.dns_node_ttl",
     .type = CONF_DURATION,
     .def = "0s",
     .min = 0,
     .max = DAY,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "how long answers about nodes may be kept by who asked, in whole "
             "seconds; 0 is not at all"},
    {.key = "consul.dns_service_ttl",
     .type = CONF_DURATION,
     .def = "0s",
     .min = 0,
     .max = DAY,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "the same for answers about services, and prepared queries that "
             "say nothing else"},
    {.key = "consul.dns_udp_answers",
     .type = CONF_INT,
     .def = "3",
     .min = 0,
     .max = 4096,
     .unit = "answers",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "most instances in an answer over UDP to who does not say that he "
             "takes more than 512 bytes; 0: as many as fit"},
    {.key = "consul.dns_udp_size",
     .type = CONF_SIZE,
     .def = "1232",
     .min = 512,
     .max = 65507,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "longest answer over UDP to who takes so much; what is longer is "
             "truncated, and whole over TCP"},
    {.key = "consul.dns_rate",
     .type = CONF_INT,
     .def = "1000",
     .min = 0,
     .max = 1000000,
     .unit = "answers",
     .reloadable = true,
     .programs = MUSTERD,
     .help = "answers a second to one address over UDP; half of what is beyond "
             "that is told to come by TCP, the rest is dropped; this machine's "
             "own addresses have no bound; 0: nor has any other"},
    {.key = "consul.dns_idle",
     .type = CONF_DURATION,
     .def = "10s",
     .min = SECOND,
     .max = DAY,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "how long a connection of DNS may be without a question"},
};

const struct conf_setting *settings_of_dns(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
