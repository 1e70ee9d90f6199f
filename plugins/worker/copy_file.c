#include "plugins/worker/copy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"

/* -- its chunks ------------------------------------------------------------ */

char *copy_file_chunks(struct copy_file *f, const char *text)
{
    size_t len = strlen(text), i;
    uint64_t count = (f->size + f->chunk - 1) / f->chunk;

    if (len % (SHA256_HEX + 1) != 0 || len / (SHA256_HEX + 1) != count)
        return xasprintf("a file of %llu bytes has %llu chunks of %zu: as many "
                         "lines with a SHA-256 each are expected",
                         (unsigned long long)f->size, (unsigned long long)count,
                         f->chunk);
    f->chunks = text;
    f->count = (size_t)count;
    for (i = 0; i < f->count; i++)
        if (!sha256_is_hex(copy_file_hex(f, i), SHA256_HEX) ||
            copy_file_hex(f, i)[SHA256_HEX] != '\n')
            return xasprintf("line %zu is no SHA-256", i + 1);
    return NULL;
}

const char *copy_file_hex(const struct copy_file *f, size_t i)
{
    return f->chunks + i * (SHA256_HEX + 1);
}

size_t copy_file_len(const struct copy_file *f, size_t i)
{
    if (i + 1 < f->count || f->size % f->chunk == 0)
        return f->chunk;
    return (size_t)(f->size % f->chunk);
}

/* -- what is there --------------------------------------------------------- */

/* Whether it is the one that hex says. */
static bool sum_is(struct sha256 *sum, const char *hex)
{
    char is[SHA256_HEX + 1];

    sha256_end(sum, is);
    return memcmp(is, hex, SHA256_HEX) == 0;
}

static bool content_is(int fd, const char *hex)
{
    char *bytes = xmalloc(COPY_CHUNK_MAX);
    struct sha256 sum;
    ssize_t n;

    sha256_begin(&sum);
    while ((n = read(fd, bytes, COPY_CHUNK_MAX)) > 0)
        sha256_add(&sum, bytes, (size_t)n);
    free(bytes);
    return sum_is(&sum, hex) && n == 0;
}

/* A descriptor of what is there with the same content, or -1. */
static int open_same(const struct copy_file *f)
{
    int fd = open(f->to, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (uint64_t)st.st_size == f->size && content_is(fd, f->sha256))
        return fd;
    close(fd);
    return -1;
}

bool copy_file_is_there(const struct copy_file *f)
{
    int fd = open_same(f);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* -- putting it there ------------------------------------------------------ */

static char *failed(const char *what, const char *path)
{
    return xasprintf("%s %s: %s", what, path, strerror(errno));
}

/* Owner first: a change of it takes special bits of the mode away. */
static char *set_rights(const struct copy_file *f, int fd, bool *changed)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return failed("looking at", f->to);
    if ((f->uid != (uid_t)-1 && f->uid != st.st_uid) ||
        (f->gid != (gid_t)-1 && f->gid != st.st_gid)) {
        if (fchown(fd, f->uid, f->gid) < 0)
            return failed("setting the owner of", f->to);
        *changed = true;
        st.st_mode = 0;
    }
    if (f->has_mode && (st.st_mode & 07777) != f->mode) {
        if (fchmod(fd, f->mode) < 0)
            return failed("setting the mode of", f->to);
        *changed = true;
    }
    return NULL;
}

static char *fill(const struct copy_file *f, const struct store *s, int fd)
{
    char *bytes = xmalloc(f->chunk), *why = NULL;
    struct sha256 sum;

    sha256_begin(&sum);
    for (size_t i = 0; i < f->count && !why; i++) {
        size_t len = copy_file_len(f, i), at = 0;

        if (!store_get(s, copy_file_hex(f, i), bytes, len)) {
            why = xasprintf("chunk %zu is not here: it has to be sent", i);
            break;
        }
        sha256_add(&sum, bytes, len);
        while (at < len) {
            ssize_t n = write(fd, bytes + at, len - at);

            if (n < 0 && errno != EINTR) {
                why = failed("writing", f->to);
                break;
            }
            at += n > 0 ? (size_t)n : 0;
        }
    }
    free(bytes);
    if (!sum_is(&sum, f->sha256) && !why)
        why = xasprintf("the chunks make another file than %s", f->sha256);
    return why;
}

/* Of the folder, and the name that the file has there until it is whole: the
 * same for each copy to that place, so that a dead one leaves one at most. */
static char *new_name(const struct copy_file *f, char **dir)
{
    const char *slash = strrchr(f->to, '/');
    char hex[SHA256_HEX + 1];

    sha256_hex(slash + 1, strlen(slash + 1), hex);
    *dir = slash == f->to ? xstrdup("/")
                          : xstrndup(f->to, (size_t)(slash - f->to));
    return xasprintf("%s/.muster-copy-%.16s", *dir, hex);
}

static char *sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *why = NULL;

    if (fd < 0 || fsync(fd) < 0)
        why = failed("syncing", dir);
    if (fd >= 0)
        close(fd);
    return why;
}

static char *put(const struct copy_file *f, const struct store *s,
                 const char *new, int fd)
{
    bool changed;
    char *why = NULL;

    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return xasprintf("another copy to %s is running", f->to);
    if (ftruncate(fd, 0) < 0)
        why = failed("emptying", new);
    if (!why)
        why = fill(f, s, fd);
    if (!why)
        why = set_rights(f, fd, &changed);
    if (!why && fsync(fd) < 0)
        why = failed("syncing", new);
    if (!why && rename(new, f->to) < 0)
        why = failed("putting it at", f->to);
    if (why)
        unlink(new);
    return why;
}

static char *replace(const struct copy_file *f, const struct store *s)
{
    char *dir, *new = new_name(f, &dir), *why;
    int fd = open(new, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        why = failed("making", new);
    } else {
        why = put(f, s, new, fd);
        close(fd);
        if (!why)
            why = sync_dir(dir);
    }
    free(new);
    free(dir);
    return why;
}

char *copy_file_make(const struct copy_file *f, const struct store *s,
                     bool *changed)
{
    int fd = open_same(f);
    char *why;

    *changed = false;
    if (fd >= 0) {
        why = set_rights(f, fd, changed);
        close(fd);
    } else {
        why = replace(f, s);
        *changed = !why;
    }
    for (size_t i = 0; i < f->count && !why; i++)
        store_drop(s, copy_file_hex(f, i));
    return why;
}
