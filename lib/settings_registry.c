#include "lib/settings_impl.h"

static const struct conf_setting table[] = {
    {.key = "registry.new",
     .type = CONF_LISTEN,
     .def = "127.0.0.1:6701",
     .min = 1,
     .face = 0,
     .programs = MUSTERD,
     .help = "where services register, or off"},
    {.key = "registry.find",
     .type = CONF_LISTEN,
     .def = "127.0.0.1:6702",
     .min = 1,
     .face = 1,
     .programs = MUSTERD,
     .help = "where services are looked up, or off"},
    {.key = "registry.event",
     .type = CONF_LISTEN,
     .def = "127.0.0.1:6703",
     .min = 1,
     .face = 2,
     .programs = MUSTERD,
     .help = "where changes are told, or off"},
    {.key = "registry.store",
     .type = CONF_STORE,
     .def = "sqlite:/var/lib/muster/registry.db",
     .programs = MUSTERD,
     .help = "where persistent services are kept"},
    {.key = "registry.store_queue",
     .type = CONF_SIZE,
     .def = "64M",
     .min = 64 * KIB,
     .max = 64 * GIB,
     .programs = MUSTERD,
     .help = "how much may wait for the disk; then changes that must be kept "
             "are refused"},
    {.key = "registry.static",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "a file of static entries in the attrdb format: services that are "
             "registered for as long as they stand in it; read again at "
             "SIGHUP"},
    {.key = "registry.changes",
     .type = CONF_INT,
     .def = "100000",
     .min = 1,
     .max = MANY,
     .unit = "changes",
     .programs = MUSTERD,
     .help = "how many recent changes are kept for .since"},
    {.key = "registry.changes_size",
     .type = CONF_SIZE,
     .def = "64M",
     .min = 64 * KIB,
     .max = 64 * GIB,
     .programs = MUSTERD,
     .help =
         "how much memory the recent changes may take; the oldest go first"},
    {.key = "registry.watch_queue",
     .type = CONF_SIZE,
     .def = "1M",
     .min = 4 * KIB,
     .max = GIB,
     .reloadable = true,
     .programs = MUSTERD,
     .help = "how much waits for one event reader before it gets ! REVISION "
             "in place of what it missed"},
};

const struct conf_setting *settings_of_registry(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
