/* muster job JID: what was asked, and where each host stands. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/ask.h"
#include "client/cli/columns.h"
#include "client/cli/jobs_text.h"
#include "client/cli/records.h"
#include "client/cli/text.h"

static const char *const titles[] = {"host",    "state", "exit", "reason",
                                     "started", "took",  ""};
#define COLUMNS (sizeof(titles) / sizeof(titles[0]))

struct showing {
    struct cli *cli;
    struct columns columns;
    size_t hosts;
    time_t now;
};

/* -- the job --------------------------------------------------------------- */

static void print_field(struct cli *cli, const char *name, const char *text)
{
    struct buf *out = out_buf(&cli->out);

    if (!*text)
        return;
    buf_add_fmt(out, cli->color ? "\x1b[1m%-10s\x1b[0m" : "%-10s", name);
    text_add_safe(out, text, strlen(text));
    buf_add_char(out, '\n');
}

static void print_composed(struct cli *cli, const char *name, struct buf *text)
{
    print_field(cli, name, buf_len(text) ? buf_str(text) : "");
    buf_free(text);
}

/* What only jobs have that begin later, or by a plan or key. */
static void print_later(struct showing *w, const struct muster_service *s)
{
    static const char *const times[] = {"next", "planned"};
    static const char *const texts[] = {"every",  "after", "runs", "missed",
                                        "parent", "plan",  "key"};
    const char *value;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct buf text = BUF_INIT;

        jobs_add_time(&text, muster_service_get(s, times[i]), w->now);
        print_composed(w->cli, times[i], &text);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        value = muster_service_get(s, texts[i]);
        print_field(w->cli, texts[i], value ? value : "");
    }
}

static void print_job(struct showing *w, const struct muster_service *s)
{
    const char *submitted = muster_service_get(s, "submitted");
    const char *error = muster_service_get(s, "error");
    struct buf target = BUF_INIT, command = BUF_INIT, began = BUF_INIT,
               took = BUF_INIT;

    print_field(w->cli, "job", s->name);
    print_field(w->cli, "state", jobs_job_state_text(s));
    jobs_add_command(&command, s);
    print_composed(w->cli, "command", &command);
    jobs_add_target(&target, s);
    print_composed(w->cli, "on", &target);
    jobs_add_time(&began, submitted, w->now);
    print_composed(w->cli, "submitted", &began);
    jobs_add_took(&took, submitted, muster_service_get(s, "ended"), w->now);
    print_composed(w->cli, "took", &took);
    print_later(w, s);
    print_field(w->cli, "error", error ? error : "");
}

/* -- its hosts ------------------------------------------------------------- */

static const char *get(const struct muster_service *s, const char *attr)
{
    const char *value = muster_service_get(s, attr);

    return value ? value : "";
}

static void print_host(struct showing *w, const struct muster_service *s)
{
    struct buf began = BUF_INIT, took = BUF_INIT;
    const char *cells[COLUMNS] = {
        s->name, jobs_host_state_text(s), get(s, "rc"), get(s, "reason"), "",
        "",      get(s, "error")};

    jobs_add_time(&began, muster_service_get(s, "started"), w->now);
    if (*get(s, "duration"))
        text_add_elapsed(&took, (uint64_t)(1000 * atof(get(s, "duration"))));
    else
        jobs_add_took(&took, muster_service_get(s, "started"),
                      muster_service_get(s, "ended"), w->now);
    if (buf_len(&began) > 0)
        cells[4] = buf_str(&began);
    if (buf_len(&took) > 0)
        cells[5] = buf_str(&took);
    if (w->hosts++ == 0) {
        buf_add_char(out_buf(&w->cli->out), '\n');
        columns_row(&w->columns, titles, out_buf(&w->cli->out));
    }
    columns_row(&w->columns, cells, out_buf(&w->cli->out));
    buf_free(&began);
    buf_free(&took);
}

/* First the job's own record, then `host HOST …` for each. */
static void on_line(void *arg, const char *const *words, size_t count)
{
    struct showing *w = arg;
    bool host = count > 1 && strcmp(words[0], "host") == 0;
    struct muster_service s =
        host ? records_make(words + 1, count - 1) : records_make(words, count);

    if (w->cli->json)
        records_print(w->cli, host ? "host" : "jid", &s);
    else if (!w->cli->out.tty) {
        if (host)
            buf_add_str(out_buf(&w->cli->out), "host ");
        cli_service_line(w->cli, &s);
    } else if (host)
        print_host(w, &s);
    else
        print_job(w, &s);
    free((void *)s.attrs);
}

int verb_job(struct cli *cli)
{
    const char *words[] = {"job", cli->args.words[0]};
    struct showing w = {.cli = cli, .now = time(NULL)};
    int status;

    columns_init(&w.columns, COLUMNS, cli_terminal_width(cli->out.fd),
                 cli->color);
    status = ask_dispatcher(cli, words, 2, on_line, &w);
    columns_end(&w.columns, out_buf(&cli->out));
    return status;
}
