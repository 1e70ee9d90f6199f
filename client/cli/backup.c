/*
 * muster backup and muster restore: a copy of what a registry keeps, taken
 * while it serves; and a copy put into the place of a database whose registry
 * does not run. A backup is looked at when it has come; what stood in its file
 * before is replaced only then.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/admin_call.h"
#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/db.h"
#include "lib/mem.h"

#define STORE_SQLITE "sqlite:"

struct backing_up {
    struct cli *cli;
    const char *file;
    char *beside; /* owned; what is written, until it is whole */
    int fd;
    uint64_t bytes;
};

/* -- backup ---------------------------------------------------------------- */

static bool write_piece(void *arg, const char *bytes, size_t len)
{
    struct backing_up *b = arg;
    ssize_t n;

    for (; len; bytes += n, len -= (size_t)n, b->bytes += (uint64_t)n) {
        n = write(b->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            n = 0;
        if (n < 0) {
            cli_fail(b->cli, CLI_NO, NULL, "cannot write %s: %s", b->beside,
                     strerror(errno));
            return false;
        }
    }
    return true;
}

/* It has come: into its place, if it is what it should be. */
static int finish(struct backing_up *b)
{
    char *error = NULL;

    if (fsync(b->fd))
        error = xasprintf("cannot write %s: %s", b->beside, strerror(errno));
    if (!error)
        error = db_check_copy(db_registry(), b->beside);
    if (!error && rename(b->beside, b->file))
        error = xasprintf("cannot rename %s: %s", b->beside, strerror(errno));
    if (error)
        return cli_fail_text(b->cli, CLI_NO, error, NULL);
    return CLI_OK;
}

static void tell_backup(const struct backing_up *b)
{
    struct jline *j;

    if (b->cli->json) {
        j = jline_new();
        jline_text(j, "file", b->file);
        jline_int(j, "bytes", (long long)b->bytes);
        cli_json(b->cli, j);
    } else {
        cli_note(b->cli, "%s: %" PRIu64 " bytes", b->file, b->bytes);
    }
}

int verb_backup(struct cli *cli)
{
    struct backing_up b = {.cli = cli, .file = cli->args.words[0]};
    struct admin_call call = {
        .method = "GET", .path = "/v1/backup", .piece = write_piece, .arg = &b};
    int status = CLI_NO;

    b.beside = xasprintf("%s.new", b.file);
    b.fd = open(b.beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (b.fd < 0) {
        status = cli_fail(cli, CLI_NO, NULL, "cannot make %s: %s", b.beside,
                          strerror(errno));
    } else {
        status = admin_call(cli, &call);
        if (status == CLI_OK)
            status = finish(&b);
        if (status == CLI_OK)
            tell_backup(&b);
        else
            unlink(b.beside);
        close(b.fd);
    }
    buf_free(&call.reply);
    free(b.beside);
    return status;
}

/* -- restore --------------------------------------------------------------- */

static void tell_restore(struct cli *cli, const struct db_kind *kind,
                         const char *path, const struct db_restored *r)
{
    bool jobs = kind == db_jobs();
    struct jline *j;

    if (cli->json) {
        j = jline_new();
        jline_text(j, "file", path);
        jline_int(j, jobs ? "job" : "revision", (long long)r->counter);
        jline_bool(j, "replaced", r->replaced);
        cli_json(cli, j);
        return;
    }
    cli_note(cli, "%s: restored; its next %s is %" PRIu64, path,
             jobs ? "number of a job" : "revision", r->counter + 1);
    if (r->replaced)
        cli_note(cli, "what was there is %s.replaced now", path);
}

/* A dispatcher's database if it is one, else it should be a registry's. */
static const struct db_kind *kind_of(const char *file)
{
    char *wrong = db_check_copy(db_jobs(), file);
    const struct db_kind *kind = wrong ? db_registry() : db_jobs();

    free(wrong);
    return kind;
}

int verb_restore(struct cli *cli)
{
    const char *to = args_get(&cli->args, "to"), *from = cli->args.words[0];
    const struct db_kind *kind = kind_of(from);
    struct db_restored r;
    char *error;

    if (!to)
        to = conf_str(cli->conf, kind->setting);
    if (strncmp(to, STORE_SQLITE, strlen(STORE_SQLITE)) != 0)
        return cli_fail(cli, CLI_USAGE, "name the database: --to sqlite:PATH",
                        "'%s' is not sqlite:PATH", to);
    to += strlen(STORE_SQLITE);
    error = db_restore(kind, from, to, &r);
    if (error)
        return cli_fail_text(cli, CLI_NO, error, NULL);
    tell_restore(cli, kind, to, &r);
    return CLI_OK;
}
