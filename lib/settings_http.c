#include "lib/settings_impl.h"

static const struct conf_setting table[] = {
    {.key = "http.hosts",
     .type = CONF_WORDS,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "names that a request may ask for in Host, beside addresses, "
             "localhost and the name of this machine; others are refused "
             "unless a token is shown"},
    {.key = "http.header",
     .type = CONF_SIZE,
     .def = "32K",
     .min = KIB,
     .max = MIB,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "longest first line and header of an HTTP request; limits.line "
             "holds for each of its lines, too"},
    {.key = "http.request",
     .type = CONF_DURATION,
     .def = "30s",
     .min = 100,
     .max = DAY,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how long an HTTP request may take to come, body and all"},
    {.key = "http.idle",
     .type = CONF_DURATION,
     .def = "60s",
     .min = 100,
     .max = DAY,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how long an HTTP connection may stay without a request"},
    {.key = "http.waiting",
     .type = CONF_INT,
     .def = "1024",
     .min = 1,
     .max = FD_MAX,
     .unit = "requests",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "HTTP requests of one face that wait for their answer, or are "
             "being told it in pieces; more are refused"},
};

const struct conf_setting *settings_of_http(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
