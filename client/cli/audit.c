/*
 * muster audit: whether the chain of an audit log holds, from file to file.
 * Nothing is asked of a daemon: the log stands for itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/audit_verify.h"
#include "lib/mem.h"

#define BREAKS_MAX 100 /* told one by one */

struct verifying {
    struct cli *cli;
    struct jline *json; /* NULL: for people */
    uint64_t told;
};

/* -- what is found --------------------------------------------------------- */

static void tell_break_json(struct verifying *v, const char *file,
                            uint64_t line, const char *text)
{
    struct jline *j = jline_new();

    jline_text(j, "file", file);
    jline_int(j, "line", (long long)line);
    jline_text(j, "error", text);
    jline_append(v->json, "breaks", j);
}

static void on_broken(void *arg, const char *file, uint64_t line,
                      const char *text)
{
    struct verifying *v = arg;
    struct buf *out = out_buf(&v->cli->out);

    if (v->told++ >= BREAKS_MAX)
        return;
    if (v->json != NULL) {
        tell_break_json(v, file, line, text);
        return;
    }
    text_add_safe(out, file, strlen(file));
    buf_add_fmt(out, ":%llu: %s\n", (unsigned long long)line, text);
    out_push(&v->cli->out);
}

/* "3 lines" */
static void add_count(struct buf *out, uint64_t n, const char *one,
                      const char *many)
{
    buf_add_u64(out, n);
    buf_add_char(out, ' ');
    buf_add_str(out, n == 1 ? one : many);
}

/* What is no break, and still worth knowing. */
static void tell_remarks(struct cli *cli, const struct audit_verify *a)
{
    if (a->first > 1)
        cli_note(cli,
                 "it begins with line %llu: what was before stands in older "
                 "files",
                 (unsigned long long)a->first);
    if (a->lost)
        cli_note(cli, "%llu events are not in it: the queue was full",
                 (unsigned long long)a->lost);
    if (a->torn)
        cli_note(cli, "%llu times a crash tore the line that was being written",
                 (unsigned long long)a->torn);
    if (a->expected && a->after_expected)
        cli_note(cli, "%llu lines stand behind the expected one",
                 (unsigned long long)a->after_expected);
}

static void tell_people(struct cli *cli, const struct audit_verify *a, bool ok)
{
    struct buf *out = out_buf(&cli->out);

    if (a->breaks > BREAKS_MAX)
        buf_add_fmt(out, "and %llu more\n",
                    (unsigned long long)(a->breaks - BREAKS_MAX));
    if (a->expect != NULL && !a->expected)
        buf_add_fmt(out,
                    "no line has the hash %s: the end is missing, or it "
                    "is another log\n",
                    a->expect);
    buf_add_str(out, ok ? "ok: " : "broken: ");
    add_count(out, a->lines, "line", "lines");
    if (a->breaks) {
        buf_add_str(out, ", ");
        add_count(out, a->breaks, "break", "breaks");
    }
    if (a->lines)
        buf_add_fmt(out, ", the last is %llu %s",
                    (unsigned long long)a->chain.seq, a->chain.hash);
    buf_add_char(out, '\n');
    tell_remarks(cli, a);
}

static void tell_json(struct cli *cli, const struct audit_verify *a, bool ok,
                      struct jline *j)
{
    jline_bool(j, "ok", ok);
    jline_int(j, "lines", (long long)a->lines);
    jline_int(j, "broken", (long long)a->breaks);
    if (a->expect != NULL)
        jline_bool(j, "expected", a->expected);
    jline_int(j, "lost", (long long)a->lost);
    jline_int(j, "torn", (long long)a->torn);
    if (a->lines) {
        jline_int(j, "first", (long long)a->first);
        jline_int(j, "seq", (long long)a->chain.seq);
        jline_text(j, "hash", a->chain.hash);
    }
    cli_json(cli, j);
}

/* -- reading --------------------------------------------------------------- */

static bool verify_stream(struct audit_verify *a, const char *name, FILE *f)
{
    uint64_t number = 0;
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    bool ended;

    while ((n = getline(&line, &size, f)) > 0) {
        ended = line[n - 1] == '\n';
        audit_verify_line(a, name, ++number, line, (size_t)n - ended, ended);
    }
    free(line);
    return !ferror(f);
}

static bool verify_file(struct audit_verify *a, const char *name)
{
    bool in = strcmp(name, "-") == 0, ok;
    FILE *f = in ? stdin : fopen(name, "re");
    int error;

    if (f == NULL)
        return false;
    ok = verify_stream(a, name, f);
    error = errno;
    if (!in)
        fclose(f);
    errno = error;
    return ok;
}

static int verify(struct cli *cli, const char *expect)
{
    struct verifying v = {.cli = cli, .json = cli->json ? jline_new() : NULL};
    struct audit_verify a;
    bool ok;

    audit_verify_init(&a);
    a.expect = expect;
    a.broken = on_broken;
    a.arg = &v;
    for (size_t i = 1; i < cli->args.n_words; i++)
        if (!verify_file(&a, cli->args.words[i]))
            return cli_fail(cli, CLI_USAGE, NULL, "cannot read %s: %s",
                            cli->args.words[i], strerror(errno));
    ok = audit_verify_end(&a);
    if (v.json != NULL)
        tell_json(cli, &a, ok, v.json);
    else
        tell_people(cli, &a, ok);
    return ok ? CLI_OK : CLI_NO;
}

int verb_audit(struct cli *cli)
{
    const char *expect = args_get(&cli->args, "expect");

    if (strcmp(cli->args.words[0], "verify") != 0)
        return cli_fail(cli, CLI_USAGE, "muster audit verify FILE...",
                        "audit %s: there is no such thing", cli->args.words[0]);
    if (expect != NULL && !audit_hash_ok(expect))
        return cli_fail(cli, CLI_USAGE,
                        "it is the last word of what audit verify prints",
                        "'%s' is no hash: 64 digits, lower case", expect);
    return verify(cli, expect);
}
