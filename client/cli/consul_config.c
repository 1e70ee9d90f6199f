/*
 * muster consul-config: reads the files, has them translated, and writes or
 * prints what came of it.
 */
#include "client/cli/consul_config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "client/cli/slurp.h"
#include "lib/mem.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* -- reading --------------------------------------------------------------- */

/* False after complaining. */
static bool read_file(struct cli *cli, struct consul_config *c,
                      const char *file)
{
    struct buf text = BUF_INIT;
    json_error_t wrong;
    json_t *object = NULL;
    char *wrong_type, *error = slurp_bytes(file, FILE_MAX, &text);

    if (!error) {
        object = json_loadb(buf_len(&text) ? buf_data(&text) : "",
                            buf_len(&text), 0, &wrong);
        if (!json_is_object(object))
            error = object
                        ? xasprintf("%s: it is no JSON object", file)
                        : xasprintf("%s:%d: %s", file, wrong.line, wrong.text);
    }
    if (!error && (wrong_type = consul_config_wrong(object))) {
        error = xasprintf("%s: %s", file, wrong_type);
        free(wrong_type);
    }
    if (error)
        cli_fail_text(cli, CLI_USAGE, error, NULL);
    else
        consul_config_merge(c, object);
    json_decref(object);
    buf_free(&text);
    return !error;
}

static int is_json(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    return len > 5 && !strcmp(d->d_name + len - 5, ".json");
}

static bool read_dir(struct cli *cli, struct consul_config *c, const char *dir)
{
    struct dirent **names;
    int n = scandir(dir, &names, is_json, alphasort);
    bool good = n >= 0;

    if (!good)
        cli_fail(cli, CLI_USAGE, NULL, "%s: %s", dir, strerror(errno));
    else if (n == 0)
        good = !cli_fail(cli, CLI_USAGE, NULL, "%s: there is no *.json in it",
                         dir);
    for (int i = 0; i < n; i++) {
        char *file = xasprintf("%s/%s", dir, names[i]->d_name);

        good = good && read_file(cli, c, file);
        free(file);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return good;
}

static bool read_all(struct cli *cli, struct consul_config *c)
{
    const struct args *a = &cli->args;
    struct stat st;

    for (size_t i = 0; i < a->n_words; i++) {
        bool dir = !stat(a->words[i], &st) && S_ISDIR(st.st_mode);

        if (!(dir ? read_dir : read_file)(cli, c, a->words[i]))
            return false;
    }
    return true;
}

/* -- writing --------------------------------------------------------------- */

/* A file of its own, whole or not at all; false after complaining. */
static bool write_file(struct cli *cli, const char *dir, const char *name,
                       const void *bytes, size_t len, mode_t mode)
{
    char *path = xasprintf("%s/%s", dir, name);
    bool force = args_has(&cli->args, "force");
    int fd = -1;
    bool good;

    if (force)
        unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    good = fd >= 0 && write(fd, bytes, len) == (ssize_t)len && !fsync(fd);
    if (!good)
        cli_fail(cli, CLI_NO,
                 errno == EEXIST ? "--force overwrites what is there" : NULL,
                 "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return good;
}

static bool write_buf(struct cli *cli, const char *dir, const char *name,
                      struct buf *text)
{
    return !buf_len(text) ||
           write_file(cli, dir, name, buf_data(text), buf_len(text), 0644);
}

static bool write_secret(struct cli *cli, const char *dir,
                         const struct consul_secret *s)
{
    return write_file(cli, dir, s->file, s->text, strlen(s->text), 0600);
}

static bool write_all(struct cli *cli, struct consul_config *c)
{
    if (!write_buf(cli, c->dir, "muster.yaml", &c->yaml) ||
        !write_buf(cli, c->dir, "services.db", &c->services))
        return false;
    for (unsigned i = 0; i < c->n_secrets; i++)
        if (!write_secret(cli, c->dir, &c->secrets[i]))
            return false;
    return true;
}

static void print_all(struct cli *cli, struct consul_config *c)
{
    struct buf *out = out_buf(&cli->out);

    buf_add(out, buf_data(&c->yaml), buf_len(&c->yaml));
    if (buf_len(&c->services)) {
        buf_add_str(out, "# services.db:\n");
        buf_add(out, buf_data(&c->services), buf_len(&c->services));
    }
    for (unsigned i = 0; i < c->n_secrets; i++)
        cli_note(cli, "%s: a secret, which is not printed; --dir DIR writes it",
                 c->secrets[i].file);
    out_push(&cli->out);
}

/* -- telling --------------------------------------------------------------- */

static void tell_remark(struct cli *cli, const struct consul_remark *r)
{
    struct jline *j;

    if (!cli->json) {
        cli_note(cli, "%s%s", r->lost ? "LOST: " : "", r->text);
        return;
    }
    j = jline_new();
    jline_text(j, "remark", r->text);
    jline_bool(j, "lost", r->lost);
    cli_json(cli, j);
}

static int tell_remarks(struct cli *cli, const struct consul_config *c)
{
    int status = CLI_OK;

    for (size_t i = 0; i < c->n_remarks; i++) {
        tell_remark(cli, &c->remarks[i]);
        if (c->remarks[i].lost)
            status = CLI_NO;
    }
    return status;
}

int verb_consul_config(struct cli *cli)
{
    const char *dir = args_get(&cli->args, "dir");
    struct consul_config c = {.dir = "."};
    char *whole = NULL;
    int status = CLI_USAGE;

    if (dir && !(whole = realpath(dir, NULL)))
        return cli_fail(cli, CLI_USAGE,
                        errno == ENOENT ? "make the folder first" : NULL,
                        "--dir %s: %s", dir, strerror(errno));
    if (whole)
        c.dir = whole;
    if (read_all(cli, &c)) {
        consul_config_settings(&c);
        consul_config_services(&c);
        consul_config_rest(&c);
        if (whole && !write_all(cli, &c)) {
            status = CLI_NO;
        } else {
            if (!whole && !cli->json)
                print_all(cli, &c);
            status = tell_remarks(cli, &c);
        }
    }
    consul_config_free(&c);
    free(whole);
    return status;
}
