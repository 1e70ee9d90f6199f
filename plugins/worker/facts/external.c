#include "plugins/worker/facts/external.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/utf8.h"
#include "plugins/worker/facts/spawn.h"

static void error_set(json_t *errors, const char *name, const char *why)
{
    if (utf8_valid(name, strlen(name)))
        json_object_set_new(errors, name, json_string(why));
    else
        json_object_set_new(errors, "a file", json_string(why));
}

/* -- what they say --------------------------------------------------------- */

/* NAME=VALUE, a line each. */
static char *take_lines(json_t *all, char *text)
{
    char *line, *save, *eq;

    if (!utf8_valid(text, strlen(text)))
        return xstrdup("it is no UTF-8");
    for (line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        eq = strchr(line, '=');
        if (line[strspn(line, " \t\r")] == '\0' || *line == '#')
            continue;
        if (!eq || eq == line)
            return xasprintf("'%.60s' is not NAME=VALUE", line);
        line[strcspn(line, "\r")] = '\0';
        *eq = '\0';
        json_object_set_new(all, line, json_string(eq + 1));
    }
    return NULL;
}

static char *take_json(json_t *all, const char *text, size_t len)
{
    json_error_t error;
    json_t *o = json_loadb(text, len, 0, &error);
    char *why = NULL;

    if (!o)
        return xasprintf("it is no JSON: line %d: %.100s", error.line,
                         error.text);
    if (json_is_object(o))
        json_object_update_recursive(all, o);
    else
        why = xstrdup("it is no JSON object");
    json_decref(o);
    return why;
}

/* All of it or nothing. */
static char *take_text(json_t *all, struct buf *text)
{
    const char *start = buf_str(text);
    json_t *found = json_object();
    char *why;

    if (start[strspn(start, " \t\r\n")] == '{')
        why = take_json(found, start, buf_len(text));
    else
        why = take_lines(found, buf_data(text));
    if (!why)
        json_object_update_recursive(all, found);
    json_decref(found);
    return why;
}

/* -- facter(8) ------------------------------------------------------------- */

void external_facter(json_t *all, json_t *errors)
{
    static const char *const places[] = {
        "/opt/puppetlabs/bin/facter", "/opt/puppetlabs/puppet/bin/facter",
        "/usr/local/bin/facter", "/usr/bin/facter"};
    const char *named = getenv("MUSTER_FACTER"), *path = NULL;
    struct buf out = BUF_INIT;
    char *why;
    size_t i;

    for (i = 0; i < ARRAY_LEN(places) && !path; i++)
        if (access(places[i], X_OK) == 0)
            path = places[i];
    if (named)
        path = named;
    if (!path || !*path)
        return;
    why = spawn_read((char *[]){(char *)path, (char *)"--json", NULL},
                     FACTER_MS, FACTER_BYTES, &out);
    if (!why)
        why = take_text(all, &out);
    if (why)
        error_set(errors, path, why);
    free(why);
    buf_free(&out);
}

/* -- a folder -------------------------------------------------------------- */

static bool ends_in(const char *name, const char *with)
{
    size_t len = strlen(name), n = strlen(with);

    return len > n && strcmp(name + len - n, with) == 0;
}

/* What is read may be written by whom it belongs to only: it speaks, or runs,
 * for root. */
static const char *file_wrong(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "it is no file";
    if (st->st_mode & S_IWOTH)
        return "anybody may write to it";
    if (st->st_uid && st->st_uid != geteuid())
        return "it belongs to another user";
    return NULL;
}

static char *file_read(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return xstrdup(strerror(errno));
    n = fread(buf_reserve(out, EXTERNAL_BYTES + 1), 1, EXTERNAL_BYTES + 1, f);
    out->end += n;
    fclose(f);
    return n > EXTERNAL_BYTES ? xstrdup("it is too large") : NULL;
}

static char *take_file(json_t *all, const char *path, uint64_t end)
{
    uint64_t now = spawn_clock(), ms = EXTERNAL_MS;
    struct buf out = BUF_INIT;
    struct stat st;
    const char *wrong = stat(path, &st) < 0 ? strerror(errno) : file_wrong(&st);
    char *why = NULL;

    if (wrong)
        return xstrdup(wrong);
    if (now + ms > end)
        ms = now < end ? end - now : 0;
    if (ends_in(path, ".json") || ends_in(path, ".txt"))
        why = file_read(path, &out);
    else if (!(st.st_mode & 0111))
        why = xstrdup("it is neither executable nor .json or .txt");
    else if (!ms)
        why = xstrdup("those before it took all the time");
    else
        why = spawn_read((char *[]){(char *)path, NULL}, ms, EXTERNAL_BYTES,
                         &out);
    if (!why)
        why = take_text(all, &out);
    buf_free(&out);
    return why;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

void external_folder(json_t *all, json_t *errors, const char *folder)
{
    uint64_t end = spawn_clock() + EXTERNAL_ALL;
    struct dirent **names = NULL;
    int i, n = scandir(folder, &names, is_visible, alphasort);

    if (n < 0 && errno != ENOENT)
        error_set(errors, folder, strerror(errno));
    for (i = 0; i < n; i++) {
        char *path = xasprintf("%s/%s", folder, names[i]->d_name), *why;

        why = i < EXTERNAL_FILES ? take_file(all, path, end)
                                 : xstrdup("there are too many files");
        if (why)
            error_set(errors, path, why);
        free(why);
        free(path);
        free(names[i]);
    }
    free(names);
}
