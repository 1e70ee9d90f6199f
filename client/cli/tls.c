/*
 * muster tls: a small CA and certificates for what speaks TLS, and what to put
 * into muster.yaml to use them.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/ca.h"
#include "client/cli/ca_files.h"
#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/mem.h"

#define TLS_DIR   MUSTER_SYSCONFDIR "/muster/tls"
#define CA_DAYS   3650
#define LEAF_DAYS 365
#define DAYS_MAX  36500
#define DAY_S     INT64_C(86400)
/* Valid since a little before: clocks differ. */
#define BEFORE_S 300

/* One run of the verb. */
struct making {
    struct cli *cli;
    char *dir; /* owned */
    struct ca_request request;
    struct ca_pair pair;
    char *cert_path, *key_path, *ca_path, *ca_key_path; /* owned */
    char *texts[2 * CA_SANS_MAX]; /* owned; values of --dns and --ip */
    size_t n_texts;
};

static char *path_in(const char *dir, const char *name, const char *suffix)
{
    size_t len = strlen(dir);
    char *path = xasprintf("%s%s%s%s", dir,
                           len && dir[len - 1] == '/' ? "" : "/", name, suffix);
    char *at;

    for (at = path + len; *at; at++)
        if (*at == '*')
            *at = '_'; /* no shell is to stumble over it */
    return path;
}

/* -- the command line ------------------------------------------------------ */

/* "2026-11-22" or "2026-11-22T05:30:00Z". */
static bool parse_date(const char *text, int64_t *seconds)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end && *end)
        end = strptime(end, "T%H:%M:%SZ", &tm);
    if (!end || *end)
        return false;
    *seconds = (int64_t)timegm(&tm);
    return true;
}

/* From when and until when; false after complaining. */
static bool read_times(struct making *m, unsigned days)
{
    const char *from = args_get(&m->cli->args, "from");
    uint64_t asked = args_number(&m->cli->args, "days", days);
    struct ca_request *r = &m->request;

    r->from = (int64_t)time(NULL);
    if (asked < 1 || asked > DAYS_MAX) {
        cli_fail(m->cli, CLI_USAGE, NULL, "tls: --days is from 1 to %d",
                 DAYS_MAX);
        return false;
    }
    if (from && !parse_date(from, &r->from)) {
        cli_fail(m->cli, CLI_USAGE, "2026-11-22, or 2026-11-22T05:30:00Z",
                 "tls: --from %s is no date", from);
        return false;
    }
    r->till = r->from + (int64_t)asked * DAY_S;
    if (!from)
        r->from -= BEFORE_S;
    return true;
}

static bool name_fits(const char *name)
{
    size_t i;

    for (i = 0; name[i]; i++)
        if (name[i] == '/' || !isprint((unsigned char)name[i]))
            return false;
    return i > 0 && i <= CA_NAME_MAX && name[0] != '.' && name[0] != '-' &&
           strcmp(name, "ca") != 0;
}

static bool add_name(struct making *m, const char **list, const char *name)
{
    size_t n;

    for (n = 0; n < CA_SANS_MAX && list[n]; n++)
        if (!strcmp(list[n], name))
            return true;
    if (n + 1 >= CA_SANS_MAX) {
        cli_fail(m->cli, CLI_USAGE, NULL, "tls: at most %d names of a kind",
                 CA_SANS_MAX - 1);
        return false;
    }
    list[n] = name;
    return true;
}

/* The items of an option, with commas between them and given many times. */
static bool add_names(struct making *m, const char *option, const char **list,
                      bool (*fits)(const char *text), const char *what)
{
    const char *value;
    char *item, *rest;
    size_t n;

    for (n = 0; (value = args_nth(&m->cli->args, option, n)); n++) {
        if (n == CA_SANS_MAX) {
            cli_fail(m->cli, CLI_USAGE, "write them with commas between them",
                     "tls: too many --%s", option);
            return false;
        }
        rest = m->texts[m->n_texts++] = xstrdup(value);
        while ((item = strsep(&rest, ","))) {
            if (!fits(item)) {
                cli_fail(m->cli, CLI_USAGE, NULL, "tls: --%s: '%s' is no %s",
                         option, item, what);
                return false;
            }
            if (!add_name(m, list, item))
                return false;
        }
    }
    return true;
}

/* All that is asked of a certificate; false after complaining. */
static bool read_request(struct making *m)
{
    const struct args *a = &m->cli->args;
    struct ca_request *r = &m->request;

    r->name = a->words[1];
    r->use = (args_has(a, "server") ? CA_USE_SERVER : 0) |
             (args_has(a, "client") ? CA_USE_CLIENT : 0);
    if (!r->use)
        r->use = CA_USE_SERVER | CA_USE_CLIENT;
    if (!name_fits(r->name)) {
        cli_fail(m->cli, CLI_USAGE, "muster tls issue web1.example.com",
                 "tls: '%s' cannot be a name: 1 to %d printing characters "
                 "without /, and not ca",
                 r->name, CA_NAME_MAX);
        return false;
    }
    if (r->use & CA_USE_SERVER && ca_is_ip(r->name))
        add_name(m, r->ip, r->name);
    else if (r->use & CA_USE_SERVER && ca_is_dns(r->name))
        add_name(m, r->dns, r->name);
    if (!add_names(m, "dns", r->dns, ca_is_dns, "name of a host") ||
        !add_names(m, "ip", r->ip, ca_is_ip, "address") ||
        !read_times(m, LEAF_DAYS))
        return false;
    if (r->use & CA_USE_SERVER && !r->dns[0] && !r->ip[0]) {
        cli_fail(m->cli, CLI_USAGE,
                 "add --dns or --ip, as others dial it; or --client",
                 "tls: '%s' is no host, and nobody could dial it", r->name);
        return false;
    }
    return true;
}

/* -- telling --------------------------------------------------------------- */

static void write_date(int64_t seconds, char out[32])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void tell_json(struct making *m, bool ca)
{
    const struct ca_request *r = &m->request;
    struct jline *j = jline_new();
    char date[32];
    size_t n;

    jline_text(j, "name", r->name);
    jline_text(j, "cert", m->cert_path);
    jline_text(j, "key", m->key_path);
    if (!ca) {
        jline_text(j, "ca", m->ca_path);
        for (n = 0; r->dns[n]; n++)
            ;
        jline_list(j, "dns", r->dns, n);
        for (n = 0; r->ip[n]; n++)
            ;
        jline_list(j, "ip", r->ip, n);
        jline_bool(j, "server", r->use & CA_USE_SERVER);
        jline_bool(j, "client", r->use & CA_USE_CLIENT);
    }
    jline_text(j, "serial", m->pair.serial);
    write_date(m->pair.till, date);
    jline_text(j, "until", date);
    cli_json(m->cli, j);
}

static void tell_setting(struct buf *out, const char *name, const char *path)
{
    char *quoted = conf_quote(path);

    buf_add_fmt(out, "  %s: ", name);
    text_add_safe(out, quoted, strlen(quoted));
    buf_add_char(out, '\n');
    free(quoted);
}

static void tell_head(struct making *m, const char *what)
{
    struct buf *out = out_buf(&m->cli->out);
    char date[32];

    write_date(m->pair.till, date);
    buf_add_fmt(out, "# %s ", what);
    text_add_safe(out, m->request.name, strlen(m->request.name));
    buf_add_fmt(out, ", until %s\n", date);
}

static void tell_ca(struct making *m)
{
    struct buf *out = out_buf(&m->cli->out);

    tell_head(m, "made the CA");
    buf_add_str(out, "# its key makes certificates: keep it to yourself, ");
    text_add_safe(out, m->key_path, strlen(m->key_path));
    buf_add_str(out, "\n# next: muster tls issue NAME, for each host\n"
                     "# muster.yaml of every program:\ntls:\n");
    tell_setting(out, "ca", m->cert_path);
}

static void tell_issued(struct making *m)
{
    struct buf *out = out_buf(&m->cli->out);

    tell_head(m, "made a certificate for");
    buf_add_str(out, "# muster.yaml there:\ntls:\n");
    tell_setting(out, "cert", m->cert_path);
    tell_setting(out, "key", m->key_path);
    tell_setting(out, "ca", m->ca_path);
}

/* -- doing ----------------------------------------------------------------- */

/* Takes error over. */
static int failed(struct making *m, char *error, const char *hint)
{
    int status = cli_fail(m->cli, CLI_NO, hint, "tls: %s", error);

    free(error);
    return status;
}

static int write_files(struct making *m, bool ca)
{
    bool replace = args_has(&m->cli->args, "force");
    char *error = ca_pair_write(m->cert_path, m->pair.cert, m->key_path,
                                m->pair.key, replace);

    if (error)
        return failed(m, error, NULL);
    if (m->cli->json)
        tell_json(m, ca);
    else if (ca)
        tell_ca(m);
    else
        tell_issued(m);
    out_push(&m->cli->out);
    return CLI_OK;
}

static int tls_init(struct making *m)
{
    struct utsname system;
    char name[CA_NAME_MAX + 1] = "muster CA";
    const char *asked = args_get(&m->cli->args, "name");
    char *error;

    if (uname(&system) == 0)
        snprintf(name, sizeof(name), "muster CA %.50s", system.nodename);
    m->request.name = asked ? asked : name;
    if (!name_fits(m->request.name))
        return cli_fail(m->cli, CLI_USAGE, NULL, "tls: '%s' cannot be a name",
                        m->request.name);
    if (!read_times(m, CA_DAYS))
        return CLI_USAGE;
    m->cert_path = path_in(m->dir, "ca", ".pem");
    m->key_path = path_in(m->dir, "ca", ".key");
    error = ca_folder_make(m->dir);
    if (!error)
        error = ca_make(&m->request, &m->pair);
    if (error)
        return failed(m, error, "another folder: --dir DIR");
    return write_files(m, true);
}

static int tls_issue(struct making *m)
{
    char *error = NULL, *cert = NULL, *key = NULL;

    if (m->cli->args.n_words < 2)
        return cli_fail(m->cli, CLI_USAGE, "muster tls issue web1.example.com",
                        "tls issue: for whom? NAME is missing");
    if (!read_request(m))
        return CLI_USAGE;
    m->cert_path = path_in(m->dir, m->request.name, ".pem");
    m->key_path = path_in(m->dir, m->request.name, ".key");
    m->ca_path = path_in(m->dir, "ca", ".pem");
    m->ca_key_path = path_in(m->dir, "ca", ".key");
    cert = ca_file_read(m->ca_path, &error);
    if (!error)
        key = ca_file_read(m->ca_key_path, &error);
    if (!error)
        error = ca_issue(&m->request, cert, key, &m->pair);
    free(cert);
    free(key);
    if (error)
        return failed(m, error,
                      "muster tls init makes a CA; --dir names its folder");
    return write_files(m, false);
}

/* As a daemon finds it, wherever it runs; owned. */
static char *folder_of(const struct cli *cli)
{
    const char *dir = args_get(&cli->args, "dir");
    char *here, *path;

    if (!dir || !*dir)
        return xstrdup(TLS_DIR);
    here = *dir == '/' ? NULL : getcwd(NULL, 0);
    path = here ? xasprintf("%s/%s", here, dir) : xstrdup(dir);
    free(here);
    return path;
}

int verb_tls(struct cli *cli)
{
    const char *word = cli->args.words[0];
    struct making m = {.cli = cli, .dir = folder_of(cli)};
    int status;

    if (!strcmp(word, "issue"))
        status = tls_issue(&m);
    else if (strcmp(word, "init") != 0)
        status = cli_fail(cli, CLI_USAGE, "muster tls init, or issue NAME",
                          "tls %s: there is no such thing", word);
    else if (cli->args.n_words > 1)
        status =
            cli_fail(cli, CLI_USAGE, "a name is given with --name",
                     "tls init: one word too many: %s", cli->args.words[1]);
    else
        status = tls_init(&m);
    ca_pair_free(&m.pair);
    while (m.n_texts)
        free(m.texts[--m.n_texts]);
    free(m.dir);
    free(m.cert_path);
    free(m.key_path);
    free(m.ca_path);
    free(m.ca_key_path);
    return status;
}
