/* muster jobs [SELECTOR]: the jobs that the dispatcher knows. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/ask.h"
#include "client/cli/columns.h"
#include "client/cli/jobs_text.h"
#include "client/cli/records.h"

static const char *const titles[] = {"job",     "state", "hosts", "failed",
                                     "started", "took",  "on",    "command"};
#define COLUMNS (sizeof(titles) / sizeof(titles[0]))

struct listing {
    struct cli *cli;
    struct columns columns;
    bool table; /* for people */
    size_t count;
    time_t now;
};

static const char *get(const struct muster_service *s, const char *attr)
{
    const char *value = muster_service_get(s, attr);

    return value ? value : "";
}

/* "3/5" while it runs, "5" after. */
static void add_hosts(struct buf *out, const struct muster_service *s)
{
    int left = atoi(get(s, "waiting")) + atoi(get(s, "running"));
    int hosts = atoi(get(s, "hosts"));

    if (left > 0)
        buf_add_fmt(out, "%d/%d", hosts - left, hosts);
    else
        buf_add_fmt(out, "%d", hosts);
}

static void add_failed(struct buf *out, const struct muster_service *s)
{
    int failed = atoi(get(s, "failed")) + atoi(get(s, "unreachable"));

    if (failed > 0)
        buf_add_fmt(out, "%d", failed);
}

/* Of one that is held: when it begins, or begins again. */
static void add_next(struct buf *out, const struct muster_service *s,
                     time_t now)
{
    buf_add_str(out, "next ");
    jobs_add_time(out, get(s, "next"), now);
}

static void print_row(struct listing *l, const struct muster_service *s)
{
    const char *cells[COLUMNS], *submitted = get(s, "submitted");
    struct buf texts[COLUMNS] = {BUF_INIT};

    buf_add_str(&texts[0], s->name);
    buf_add_str(&texts[1], jobs_job_state_text(s));
    add_hosts(&texts[2], s);
    add_failed(&texts[3], s);
    jobs_add_time(&texts[4], submitted, l->now);
    if (muster_service_get(s, "next"))
        add_next(&texts[5], s, l->now);
    else
        jobs_add_took(&texts[5], submitted, muster_service_get(s, "ended"),
                      l->now);
    jobs_add_target(&texts[6], s);
    jobs_add_command(&texts[7], s);
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = buf_len(&texts[i]) ? buf_str(&texts[i]) : "";
    if (l->count == 1)
        columns_row(&l->columns, titles, out_buf(&l->cli->out));
    columns_row(&l->columns, cells, out_buf(&l->cli->out));
    for (size_t i = 0; i < COLUMNS; i++)
        buf_free(&texts[i]);
}

static void print_name(struct cli *cli, const char *name)
{
    struct muster_service s = {.name = name};

    records_print(cli, "jid", &s);
}

static void on_line(void *arg, const char *const *words, size_t count)
{
    struct listing *l = arg;
    struct muster_service s = records_make(words, count);

    l->count++;
    if (args_has(&l->cli->args, "names"))
        print_name(l->cli, s.name);
    else if (l->table)
        print_row(l, &s);
    else
        records_print(l->cli, "jid", &s);
    free((void *)s.attrs);
}

static int list(struct cli *cli, const char *selector)
{
    struct listing l = {
        .cli = cli, .table = cli->out.tty && !cli->json, .now = time(NULL)};
    const char *words[] = {"jobs", selector};
    int status;

    columns_init(&l.columns, COLUMNS, cli_terminal_width(cli->out.fd),
                 cli->color);
    status = ask_dispatcher(cli, words, *selector ? 2 : 1, on_line, &l);
    columns_end(&l.columns, out_buf(&cli->out));
    if (status == CLI_OK && l.count == 0)
        return CLI_NOBODY;
    return status;
}

int verb_jobs(struct cli *cli)
{
    struct buf selector = BUF_INIT;
    int status = CLI_USAGE;

    if (cli_selector(cli, &selector))
        status = list(cli, buf_len(&selector) ? buf_str(&selector) : "");
    buf_free(&selector);
    return status;
}
