/*
 * The operation copy: a file of the caller's put on this host, by chunks that
 * are sent once, kept until they are all there, and verified, each and as a
 * whole. Three kinds of job, argument `do`:
 *
 *   ask       which chunks are missing (stdin: their SHA-256s, a line each)
 *   put       a chunk (stdin: its bytes; sha256: its own)
 *   assemble  makes the file of them (stdin as for ask)
 *
 * All of them name the file (`to`), so that a right to copy can be one to copy
 * there. Between them nothing is kept but chunks: who was cut off asks again
 * and goes on.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "plugins/worker/copy_file.h"
#include "plugins/worker/copy_store.h"

#define STORE_MAX (2ULL << 30) /* unless MUSTER_COPY_MAX says otherwise */

struct copy {
    json_t *args;
    struct store store;
    struct copy_file file;
};

/* -- what is told ---------------------------------------------------------- */

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    /* without a descriptor 3 nobody has asked for it */
    vdprintf(3, fmt, args);
    va_end(args);
}

static int refuse(char *why)
{
    fprintf(stderr, "copy: %s\n", why);
    free(why);
    return 1;
}

/* -- arguments ------------------------------------------------------------- */

static const char *arg(const struct copy *c, const char *name)
{
    return json_string_value(json_object_get(c->args, name));
}

static bool number(const char *text, int base, uint64_t max, uint64_t *out)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, base);
    return !*end && !errno && *out <= max;
}

/* Where a pattern like /srv/ and a star after it means what it seems to. */
static bool path_is_plain(const char *path)
{
    size_t len;

    if (!path || path[0] != '/')
        return false;
    while (*path == '/') {
        path++;
        len = strcspn(path, "/");
        if (!len || (len <= 2 && strspn(path, ".") >= len))
            return false;
        path += len;
    }
    return true;
}

static bool id_of(const char *name, bool group, unsigned *id)
{
    uint64_t n;

    if (number(name, 10, UINT32_MAX - 1, &n)) {
        *id = (unsigned)n;
    } else if (group) {
        const struct group *g = getgrnam(name);

        if (!g)
            return false;
        *id = g->gr_gid;
    } else {
        const struct passwd *p = getpwnam(name);

        if (!p)
            return false;
        *id = p->pw_uid;
    }
    return true;
}

/* USER, USER:GROUP, :GROUP */
static char *take_owner(struct copy_file *f, const char *owner)
{
    const char *colon;
    char *user;
    bool good;

    f->uid = (uid_t)-1;
    f->gid = (gid_t)-1;
    if (!owner)
        return NULL;
    colon = strchrnul(owner, ':');
    user = xstrndup(owner, (size_t)(colon - owner));
    good = (!*user || id_of(user, false, &f->uid)) &&
           (!*colon || id_of(colon + 1, true, &f->gid));
    free(user);
    return good ? NULL : xasprintf("owner %s: no such user or group", owner);
}

static char *take_file(struct copy *c)
{
    struct copy_file *f = &c->file;
    const char *chunks = arg(c, "stdin"), *mode = arg(c, "mode");
    uint64_t chunk, bits;
    char *why;

    if (!number(arg(c, "size"), 10, INT64_MAX, &f->size))
        return xstrdup("size is a number of bytes");
    if (!number(arg(c, "chunk"), 10, COPY_CHUNK_MAX, &chunk) || chunk < 1024)
        return xasprintf("chunk is a number of bytes, 1024 to %d",
                         COPY_CHUNK_MAX);
    f->chunk = (size_t)chunk;
    if (mode && !number(mode, 8, 07777, &bits))
        return xasprintf("mode is octal, up to 7777, not %s", mode);
    f->has_mode = mode != NULL;
    f->mode = mode ? (mode_t)bits : 0;
    why = take_owner(f, arg(c, "owner"));
    return why ? why : copy_file_chunks(f, chunks ? chunks : "");
}

/* -- the three jobs -------------------------------------------------------- */

/* The bytes of an argument: text, or under the name with a colon base64. */
static bool arg_bytes(const struct copy *c, const char *name, struct buf *out)
{
    char *coded = xasprintf("%s:", name);
    const char *text = arg(c, coded);
    const json_t *plain = json_object_get(c->args, name);

    free(coded);
    if (text)
        return base64_decode(out, text, strlen(text));
    if (json_is_string(plain))
        buf_add(out, json_string_value(plain), json_string_length(plain));
    return json_is_string(plain);
}

static int do_put(struct copy *c)
{
    struct buf bytes = BUF_INIT;
    char *why;

    if (!arg_bytes(c, "stdin", &bytes) || !buf_len(&bytes))
        why = xstrdup("no chunk comes with it, or it is no base64");
    else if (buf_len(&bytes) > COPY_CHUNK_MAX)
        why = xasprintf("a chunk is at most %d bytes", COPY_CHUNK_MAX);
    else
        why = store_put(&c->store, c->file.sha256, buf_data(&bytes),
                        buf_len(&bytes));
    buf_free(&bytes);
    if (why)
        return refuse(why);
    report("state ok\n");
    return 0;
}

static void add_range(struct buf *out, size_t from, size_t to)
{
    if (buf_len(out) > 0)
        buf_add_char(out, ',');
    buf_add_u64(out, from);
    if (to > from) {
        buf_add_char(out, '-');
        buf_add_u64(out, to);
    }
}

/* Which are missing, as "0-5,9"; and how many bytes that is. */
static uint64_t look_for(struct copy *c, struct buf *missing)
{
    const struct copy_file *f = &c->file;
    char *bytes = xmalloc(f->chunk);
    size_t from = f->count;
    uint64_t total = 0;

    for (size_t i = 0; i < f->count; i++) {
        size_t len = copy_file_len(f, i);
        bool there = store_get(&c->store, copy_file_hex(f, i), bytes, len);

        if (!there && from == f->count)
            from = i;
        if (there && from < f->count) {
            add_range(missing, from, i - 1);
            from = f->count;
        }
        total += there ? 0 : len;
    }
    if (from < f->count)
        add_range(missing, from, f->count - 1);
    free(bytes);
    return total;
}

static int do_ask(struct copy *c)
{
    struct buf missing = BUF_INIT;
    bool same = copy_file_is_there(&c->file);
    uint64_t bytes = same ? 0 : look_for(c, &missing);
    char *why = bytes ? store_room(&c->store, bytes) : NULL;

    if (!why) {
        report("result {\"same\": %s, \"missing\": \"%s\", \"bytes\": %" PRIu64
               "}\nstate ok\n",
               same ? "true" : "false", buf_str(&missing), bytes);
        printf("%" PRIu64 " of %" PRIu64 " bytes are missing\n", bytes,
               c->file.size);
    }
    buf_free(&missing);
    return why ? refuse(why) : 0;
}

static int do_assemble(struct copy *c)
{
    const struct copy_file *f = &c->file;
    bool changed;
    char *why = copy_file_make(f, &c->store, &changed), *text;
    json_t *result;

    if (why)
        return refuse(why);
    result =
        json_pack("{s:s, s:s, s:I, s:b}", "path", f->to, "sha256", f->sha256,
                  "size", (json_int_t)f->size, "changed", changed);
    text = json_dumps(result, JSON_COMPACT | JSON_ENSURE_ASCII);
    report("result %s\nstate %s\n", text ? text : "{}",
           changed ? "changed" : "ok");
    free(text);
    json_decref(result);
    return 0;
}

/* -- which ----------------------------------------------------------------- */

static const struct job {
    const char *what;
    bool file; /* it needs to know all of the file */
    int (*run)(struct copy *c);
} jobs[] = {
    {"ask", true, do_ask},
    {"put", false, do_put},
    {"assemble", true, do_assemble},
};

static int run_as(struct copy *c, const struct job *j)
{
    struct copy_file *f = &c->file;
    char *why = NULL;

    f->to = arg(c, "to");
    f->sha256 = arg(c, "sha256");
    if (!path_is_plain(f->to))
        why = xstrdup("to is the whole path of a file, without . and ..");
    else if (!f->sha256 || !sha256_is_hex(f->sha256, strlen(f->sha256)))
        why = xstrdup("sha256 is 64 characters of 0-9 and a-f");
    else if (j->file)
        why = take_file(c);
    return why ? refuse(why) : j->run(c);
}

static char *store_dir(void)
{
    const char *state = getenv("MUSTER_STATE"), *home = getenv("HOME");

    if (state && *state)
        return xasprintf("%s/copy", state);
    if (geteuid() == 0 || !home)
        return xstrdup("/var/lib/muster/plugins/copy");
    return xasprintf("%s/.local/state/muster/copy", home);
}

static int with_store(struct copy *c, const struct job *j)
{
    char *dir = store_dir(), *why = NULL;
    uint64_t max = STORE_MAX;
    int status;

    number(getenv("MUSTER_COPY_MAX"), 10, INT64_MAX, &max);
    if (store_open(&c->store, dir, max, &why))
        status = run_as(c, j);
    else
        status = refuse(why);
    store_close(&c->store);
    free(dir);
    return status;
}

static int run(void)
{
    struct copy c = {0};
    json_error_t error;
    json_t *job = json_loadf(stdin, JSON_ALLOW_NUL, &error);
    const char *what;
    int status = -1;

    c.args = json_object_get(job, "args");
    what = arg(&c, "do");
    for (size_t i = 0; what && i < ARRAY_LEN(jobs); i++)
        if (strcmp(jobs[i].what, what) == 0)
            status = with_store(&c, &jobs[i]);
    if (!job)
        status = refuse(xasprintf("the job is no JSON: %s", error.text));
    else if (status < 0)
        status = refuse(xstrdup("do is ask, put or assemble"));
    json_decref(job);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "describe") == 0) {
        puts("op copy args do,to,sha256,size?,chunk?,mode?,owner?,stdin? "
             "mutex 0 doc 'a file, by chunks; see muster copy'");
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "run") == 0)
        return run();
    fprintf(stderr, "usage: copy describe | run\n");
    return 64;
}
