#include "client/cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/pairs.h"
#include "client/cli/text.h"
#include "client/tls_settings.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/mem.h"

#define HINT_REGISTRY                                                          \
    "is musterd running there? name another with --registry or "               \
    "MUSTER_REGISTRY; to try things out: muster dev"
#define HINT_TLS                                                               \
    "muster-tls(7) says what certificates must be like; tls.ca, tls.cert and " \
    "tls.key (MUSTER_TLS_CA, ...) name them"
#define HINT_TOKEN                                                             \
    "name a file with a token that allows it: MUSTER_TOKEN_FILE, or the "      \
    "setting token_file"
#define HINT_DISPATCHER                                                        \
    "are musterd and muster-dispatch running? name them with --registry and "  \
    "--dispatcher; to try things out: muster dev"

/* -- complaints ------------------------------------------------------------ */

/* Bytes of strangers may stand in a message: none of them reaches a terminal
 * raw. */
static void write_stderr(const struct cli *cli, const char *text,
                         const char *hint)
{
    struct buf out = BUF_INIT;
    bool color = cli->err_color;

    buf_add_str(&out, color ? "\x1b[1;31mmuster:\x1b[0m " : "muster: ");
    text_add_safe(&out, text, strlen(text));
    buf_add_char(&out, '\n');
    if (hint) {
        buf_add_str(&out, color ? "\x1b[2m        " : "        ");
        text_add_safe(&out, hint, strlen(hint));
        buf_add_str(&out, color ? "\x1b[0m\n" : "\n");
    }
    fwrite(buf_data(&out), 1, buf_len(&out), stderr);
    buf_free(&out);
}

static void write_json_error(struct cli *cli, int status, const char *text,
                             const char *hint)
{
    struct jline *j = jline_new();

    jline_text(j, "error", text);
    if (hint)
        jline_text(j, "hint", hint);
    jline_int(j, "exit", status);
    cli_json(cli, j);
}

static int complain(struct cli *cli, int status, const char *text,
                    const char *hint)
{
    if (cli->json)
        write_json_error(cli, status, text, hint);
    else
        write_stderr(cli, text, hint);
    return status;
}

int cli_fail(struct cli *cli, int status, const char *hint, const char *fmt,
             ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    complain(cli, status, text, hint);
    free(text);
    return status;
}

int cli_fail_text(struct cli *cli, int status, char *text, char *hint)
{
    complain(cli, status, text, hint);
    free(text);
    free(hint);
    return status;
}

/* Somebody answers, and TLS does not come about. */
static bool is_about_tls(const char *text)
{
    return strstr(text, "certificate") || strstr(text, "TLS");
}

/* It answered, and lets only in who has a token that it knows. */
static bool is_about_tokens(const char *text)
{
    return strstr(text, "no right to ") || strstr(text, "expired token");
}

int cli_fail_registry(struct cli *cli, const char *text)
{
    return complain(cli, CLI_UNREACHED, text,
                    is_about_tokens(text) ? HINT_TOKEN
                    : is_about_tls(text)  ? HINT_TLS
                                          : HINT_REGISTRY);
}

int cli_fail_dispatcher(struct cli *cli, const char *text, bool unreachable)
{
    return complain(cli, CLI_UNREACHED, text,
                    is_about_tokens(text) ? HINT_TOKEN
                    : is_about_tls(text)  ? HINT_TLS
                    : unreachable         ? HINT_DISPATCHER
                                          : NULL);
}

void cli_note(struct cli *cli, const char *fmt, ...)
{
    struct buf out = BUF_INIT;
    va_list ap;
    char *text;

    if (cli->quiet)
        return;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    buf_add_str(&out, cli->err_color ? "\x1b[2mmuster: " : "muster: ");
    text_add_safe(&out, text, strlen(text));
    buf_add_str(&out, cli->err_color ? "\x1b[0m\n" : "\n");
    fwrite(buf_data(&out), 1, buf_len(&out), stderr);
    buf_free(&out);
    free(text);
}

/* -- beginning and end ----------------------------------------------------- */

bool cli_wants_color(const struct cli *cli, int fd)
{
    const char *choice = args_get(&cli->args, "color");
    const char *term = getenv("TERM");

    if (!choice && cli->conf)
        choice = conf_str(cli->conf, "client.color");
    if (choice && strcmp(choice, "always") == 0)
        return true;
    if (choice && strcmp(choice, "never") == 0)
        return false;
    return isatty(fd) == 1 && !getenv("NO_COLOR") && term &&
           strcmp(term, "dumb") != 0;
}

/* --registry and --dispatcher are settings like any other: they go last. */
static void add_option(struct conf_source *src, char **texts, const char *key,
                       const char *value)
{
    if (!value)
        return;
    texts[src->n_options] = xasprintf("%s=%s", key, value);
    src->n_options++;
}

struct conf *cli_load_conf(struct cli *cli, struct conf_errors *errors)
{
    const struct args *a = &cli->args;
    struct conf_source src = {.environment = true};
    char **texts = xcalloc(a->n_given + 2, sizeof(*texts));
    struct conf *conf;
    const char *value;

    src.file = args_get(a, "config");
    src.profile = args_get(a, "profile");
    while ((value = args_nth(a, "option", src.n_options)))
        texts[src.n_options++] = xstrdup(value);
    add_option(&src, texts, "client.registry", args_get(a, "registry"));
    add_option(&src, texts, "client.dispatcher", args_get(a, "dispatcher"));
    src.options = (const char *const *)texts;
    conf = conf_load(&src, errors);
    for (size_t i = 0; i < src.n_options; i++)
        free(texts[i]);
    free(texts);
    return conf;
}

static bool load_conf(struct cli *cli)
{
    struct conf_errors errors = {0};

    cli->conf = cli_load_conf(cli, &errors);
    if (!cli->conf && cli->json)
        for (size_t i = 0; i < errors.n; i++)
            cli_fail(cli, CLI_USAGE, NULL, "%s: %s", errors.items[i].where,
                     errors.items[i].text);
    else
        conf_errors_print(&errors, stderr, "muster");
    conf_errors_free(&errors);
    return cli->conf != NULL;
}

bool cli_begin(struct cli *cli, int *status)
{
    const struct args *a = &cli->args;

    setlocale(LC_CTYPE, "C.UTF-8"); /* for wcwidth() */
    signal(SIGPIPE, SIG_IGN);
    cli->json = args_has(a, "json");
    cli->quiet = args_has(a, "quiet");
    cli->verbose = args_has(a, "verbose");
    cli->err_tty = isatty(STDERR_FILENO) == 1;
    cli->color = cli_wants_color(cli, STDOUT_FILENO);
    cli->err_color = cli_wants_color(cli, STDERR_FILENO);
    if (cli->verb->bare)
        return true;
    if (!load_conf(cli)) {
        *status = CLI_USAGE;
        return false;
    }
    cli->color = cli_wants_color(cli, STDOUT_FILENO);
    cli->err_color = cli_wants_color(cli, STDERR_FILENO);
    return true;
}

void cli_end(struct cli *cli)
{
    out_end(&cli->out);
    if (cli->muster)
        muster_free(cli->muster);
    if (cli->loop)
        loop_free(cli->loop);
    conf_free(cli->conf);
    args_free(&cli->args);
}

/* -- libmuster ------------------------------------------------------------- */

static void told_link(void *arg, enum muster_link state, const char *text)
{
    struct cli *cli = arg;

    if (cli->verbose)
        cli_note(cli, "%s: %s", state == MUSTER_UP ? "up" : "down", text);
    if (state == MUSTER_DOWN && cli->on_link_lost && !cli->stopped)
        cli->on_link_lost(cli->link_arg, text);
}

char *cli_token(struct cli *cli, char **error)
{
    const char *file = conf_str(cli->conf, "token_file");
    char *why = NULL, *token;

    *error = NULL;
    if (!file || !*file)
        return NULL;
    token = token_read(file, &why);
    if (!token)
        *error = xasprintf("token_file %s (%s): %s", file,
                           conf_origin(cli->conf, "token_file"), why);
    free(why);
    return token;
}

bool cli_connect(struct cli *cli)
{
    struct muster_tls tls = tls_settings(cli->conf);
    struct muster_options options = {
        .on_link = told_link, .arg = cli, .tls = &tls};
    char *error = NULL, *token;

    token = cli_token(cli, &error);
    if (error) {
        cli_fail_text(cli, CLI_USAGE, error, NULL);
        return false;
    }
    options.token = token;
    conf_list(cli->conf, "client.registry", &cli->registries);
    options.registries = conf_joined(cli->conf, "client.registry");
    options.dispatcher = conf_str(cli->conf, "client.dispatcher");
    cli->loop = loop_new(NULL);
    if (!cli->loop)
        error = xstrdup("no event loop: out of descriptors or memory");
    else
        cli->muster = muster_new(loop_base(cli->loop), &options, &error);
    secret_free(token);
    if (cli->muster)
        return true;
    cli_fail_text(cli, CLI_USAGE, error, NULL);
    return false;
}

int cli_run(struct cli *cli)
{
    loop_run(cli->loop);
    return cli->status;
}

void cli_stop(struct cli *cli, int status)
{
    if (!cli->stopped)
        cli->status = status;
    cli->stopped = true;
    loop_stop(cli->loop);
}

/* -- what several verbs print ---------------------------------------------- */

void cli_json(struct cli *cli, struct jline *j)
{
    jline_write(j, out_buf(&cli->out), cli->out.tty);
    out_push(&cli->out);
}

bool cli_selector(struct cli *cli, struct buf *out)
{
    char *error = pairs_selector(out, cli->args.words, cli->args.n_words);

    if (!error)
        return true;
    cli_fail_text(cli, CLI_USAGE, error, NULL);
    return false;
}

void cli_service_line(struct cli *cli, const struct muster_service *s)
{
    struct buf line = BUF_INIT, *out = out_buf(&cli->out);

    buf_add_words(&line, s->name);
    for (size_t i = 0; i < s->attr_count; i++)
        buf_add_pair(&line, s->attrs[i].name, s->attrs[i].value);
    if (cli->out.tty)
        text_add_safe(out, buf_data(&line), buf_len(&line));
    else
        buf_add(out, buf_data(&line), buf_len(&line));
    buf_add_char(out, '\n');
    buf_free(&line);
    out_push(&cli->out);
}

unsigned cli_terminal_width(int fd)
{
    struct winsize ws;

    if (ioctl(fd, TIOCGWINSZ, &ws) < 0)
        return 0;
    return ws.ws_col > 1 ? ws.ws_col - 1u : 0;
}
