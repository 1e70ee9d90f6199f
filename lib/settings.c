#include "lib/settings.h"

#include <assert.h>
#include <string.h>

#include "lib/settings_impl.h"

#define SETTINGS_MAX 256 /* of all programs together */

/* what a node is, and where it and its registries are */
static const struct conf_setting node_table[] = {
    {.key = "node",
     .type = CONF_ID,
     .programs = DAEMONS,
     .help = "name of this process in the network; %n is the node name, %u a "
             "fresh random string, %% a percent sign; not set, it is the "
             "profile's name (without a profile %n) with /%u appended"},
    {.key = "binds",
     .type = CONF_BINDS,
     .programs = DAEMONS,
     .help = "addresses to listen on, HOST[:PORT[:PORT[:PORT]]] with * for "
             "every address, for each face that has no address of its own "
             "set; the ports are those of new, find and event, of exec and "
             "http, or of the worker"},
    {.key = "seeds",
     .type = CONF_REGISTRIES,
     .programs = DISPATCH | WORKER | CLI,
     .help = "registries of which a client keeps a connection to at least one "
             "at any time, for each program whose own registry is not set"},
    {.key = "ready_fd",
     .type = CONF_INT,
     .def = "-1",
     .min = -1,
     .max = FD_MAX,
     .programs = DAEMONS,
     .help = "an open file descriptor to which a line with the addresses in "
             "use is written once the daemon serves; -1 is none"},
};

static const struct conf_setting client_table[] = {
    {.key = "client.registry",
     .type = CONF_REGISTRIES,
     .def = "127.0.0.1",
     .min = 1,
     .env = "MUSTER_REGISTRY",
     .programs = CLI,
     .help = "registries of the command line, HOST[:NEW[:FIND[:EVENT]]]"},
    {.key = "client.dispatcher",
     .type = CONF_ADDR,
     .env = "MUSTER_DISPATCHER",
     .programs = CLI,
     .help = "dispatcher of the command line; not set, the registry is asked "
             "for one"},
    {.key = "client.consul",
     .type = CONF_STRING,
     .env = "MUSTER_CONSUL",
     .programs = CLI,
     .help = "the Consul API of a registry for the command line, HOST:PORT, "
             "http://HOST:PORT, https://HOST:PORT or unix:///PATH; not set, "
             "it is that of the first registry, port 8500"},
    {.key = "client.color",
     .type = CONF_ENUM,
     .def = "auto",
     .values = "auto always never",
     .programs = CLI,
     .help = "whether to write in colour; auto is on a terminal"},
};

/* of every daemon */
static const struct conf_setting log_table[] = {
    {.key = "log.level",
     .type = CONF_ENUM,
     .def = "info",
     .values = "error warn info debug",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "the least important messages that are written"},
    {.key = "log.format",
     .type = CONF_ENUM,
     .def = "text",
     .values = "text json",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "lines of text, or one JSON object per line"},
    {.key = "log.to",
     .type = CONF_LOG_TO,
     .def = "stderr",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "where messages go: stderr, file:PATH (opened again at SIGHUP) "
             "or syslog"},
    {.key = "log.refusals",
     .type = CONF_INT,
     .def = "10",
     .min = 0,
     .max = 1000000,
     .unit = "refusals",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how many refusals of one kind to one address are written one by "
             "one in 10 seconds; of the others the number is"},
};

/* of every program */
static const struct conf_setting tls_table[] = {
    {.key = "tls.cert",
     .type = CONF_STRING,
     .env = "MUSTER_TLS_CERT",
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "file with the certificate that this program shows, PEM, and "
             "behind it those that lead from it to the CA; not set, none"},
    {.key = "tls.key",
     .type = CONF_STRING,
     .env = "MUSTER_TLS_KEY",
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "file with its key, PEM and not encrypted; not set, it is in the "
             "file of tls.cert"},
    {.key = "tls.ca",
     .type = CONF_STRING,
     .env = "MUSTER_TLS_CA",
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "file with the CAs, PEM, that sign the certificates of others; "
             "not set, servers are checked against the system's"},
    {.key = "tls.name",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "name or address that the certificate of whoever is dialled must "
             "be for; not set, the host that is dialled"},
    {.key = "tls.min",
     .type = CONF_ENUM,
     .def = "1.2",
     .values = "1.2 1.3",
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "the oldest version of TLS that is spoken"},
    {.key = "tls.client",
     .type = CONF_ENUM,
     .def = "off",
     .values = "off optional required",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "whether those who connect are asked for a certificate, signed by "
             "a CA in tls.ca, and refused when they have none"},
    {.key = "tls.check",
     .type = CONF_DURATION,
     .def = "10s",
     .min = 0,
     .max = DAY,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how often these files are looked at, to read them again when "
             "they have changed; 0 is never, only at SIGHUP"},
};

static const struct conf_setting audit_table[] = {
    {.key = "audit.to",
     .type = CONF_AUDIT_TO,
     .def = "off",
     .programs = DAEMONS,
     .help = "where each change and each refusal is written, as a chain of "
             "JSON lines: off or file:PATH (opened again at SIGHUP), in which "
             "%p is the program's name"},
    {.key = "audit.sync",
     .type = CONF_DURATION,
     .def = "1s",
     .min = 0,
     .max = 3600 * SECOND,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how much later than its event a line is on the disk at the "
             "latest; 0 is at once, with those that came together"},
    {.key = "audit.queue",
     .type = CONF_SIZE,
     .def = "4M",
     .min = 128 * KIB,
     .max = GIB,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "how much may wait to be written"},
    {.key = "audit.full",
     .type = CONF_ENUM,
     .def = "drop",
     .values = "drop refuse",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "when so much waits: drop lines, of which the log then says how "
             "many are missing, or refuse what would change anything"},
};

/* The table is in parts, by program, so that each can be read in one go. */
static struct {
    struct conf_setting table[SETTINGS_MAX];
    size_t count;
} all;

static void add(const struct conf_setting *part, size_t count)
{
    assert(all.count + count <= SETTINGS_MAX);
    memcpy(all.table + all.count, part, count * sizeof(*part));
    all.count += count;
}

static void add_part(settings_part_fn *of)
{
    size_t count;
    const struct conf_setting *part = of(&count);

    add(part, count);
}

const struct conf_setting *settings_table(size_t *count)
{
    if (!all.count) {
        add(node_table, ARRAY_LEN(node_table));
        add_part(settings_of_registry);
        add_part(settings_of_consul);
        add_part(settings_of_dns);
        add_part(settings_of_acl);
        add_part(settings_of_dispatcher);
        add_part(settings_of_worker);
        add(client_table, ARRAY_LEN(client_table));
        add_part(settings_of_auth);
        add(log_table, ARRAY_LEN(log_table));
        add(tls_table, ARRAY_LEN(tls_table));
        add(audit_table, ARRAY_LEN(audit_table));
        add_part(settings_of_limits);
        add_part(settings_of_http);
        add_part(settings_of_exed);
        add_part(settings_of_ansible);
    }
    *count = all.count;
    return all.table;
}
