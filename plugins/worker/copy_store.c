#include "plugins/worker/copy_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

#define OLD_S (24 * 60 * 60) /* a chunk that nobody has asked for since */

/* -- names ----------------------------------------------------------------- */

static char *chunk_path(const struct store *s, const char *hex)
{
    return xasprintf("%s/%.*s", s->dir, SHA256_HEX, hex);
}

/* -- the folder ------------------------------------------------------------ */

/* DIR and what is above it. */
static bool make_dirs(char *dir)
{
    char *p;

    for (p = strchr(dir + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return mkdir(dir, 0700) == 0 || errno == EEXIST;
}

bool store_open(struct store *s, const char *dir, uint64_t max, char **why)
{
    *s = (struct store){.dir = xstrdup(dir), .max = max};
    if (make_dirs(s->dir))
        return true;
    *why = xasprintf("%s: %s", s->dir, strerror(errno));
    store_close(s);
    return false;
}

void store_close(struct store *s)
{
    free(s->dir);
    s->dir = NULL;
}

/* -- chunks ---------------------------------------------------------------- */

static bool read_all(int fd, char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t n = read(fd, bytes + at, len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t n = write(fd, bytes + at, len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

/* Whether the file is that chunk; it is marked as asked for. */
static bool chunk_read(int fd, const char *hex, char *bytes, size_t len)
{
    char is[SHA256_HEX + 1];
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size != (off_t)len ||
        !read_all(fd, bytes, len))
        return false;
    sha256_hex(bytes, len, is);
    if (memcmp(is, hex, SHA256_HEX) != 0)
        return false;
    futimens(fd, NULL);
    return true;
}

bool store_get(const struct store *s, const char *hex, void *bytes, size_t len)
{
    char *path = chunk_path(s, hex);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = false;

    if (fd >= 0) {
        good = chunk_read(fd, hex, bytes, len);
        close(fd);
        if (!good)
            unlink(path);
    }
    free(path);
    return good;
}

char *store_put(const struct store *s, const char *hex, const void *bytes,
                size_t len)
{
    char *path, *new, *why, is[SHA256_HEX + 1];
    int fd;

    sha256_hex(bytes, len, is);
    if (memcmp(is, hex, SHA256_HEX) != 0)
        return xasprintf("the chunk is corrupt: its SHA-256 is %s, not %.*s",
                         is, SHA256_HEX, hex);
    why = store_room(s, len);
    if (why)
        return why;
    path = chunk_path(s, hex);
    new = xasprintf("%s/new-%ld", s->dir, (long)getpid());
    fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !write_all(fd, bytes, len) || rename(new, path) < 0) {
        why = xasprintf("%s: %s", new, strerror(errno));
        unlink(new);
    }
    if (fd >= 0)
        close(fd);
    free(new);
    free(path);
    return why;
}

void store_drop(const struct store *s, const char *hex)
{
    char *path = chunk_path(s, hex);

    unlink(path);
    free(path);
}

/* -- its bound ------------------------------------------------------------- */

struct chunk {
    char *name;
    uint64_t size;
    time_t asked;
};

struct chunks {
    struct chunk *list;
    size_t count, size;
    uint64_t bytes;
};

static void chunks_add(struct chunks *c, const char *name,
                       const struct stat *st)
{
    if (c->count == c->size) {
        c->size = c->size ? c->size * 2 : 256;
        c->list = xreallocarray(c->list, c->size, sizeof(*c->list));
    }
    c->list[c->count++] =
        (struct chunk){xstrdup(name), (uint64_t)st->st_size, st->st_mtime};
    c->bytes += (uint64_t)st->st_size;
}

static void chunks_read(struct chunks *c, const struct store *s)
{
    DIR *dir = opendir(s->dir);
    struct dirent *e;
    struct stat st;

    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.' &&
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            chunks_add(c, e->d_name, &st);
    if (dir)
        closedir(dir);
}

static int by_age(const void *a, const void *b)
{
    const struct chunk *x = a, *y = b;

    return (x->asked > y->asked) - (x->asked < y->asked);
}

static void chunks_evict(struct chunks *c, const struct store *s, uint64_t room)
{
    time_t old = time(NULL) - OLD_S;

    if (c->count)
        qsort(c->list, c->count, sizeof(*c->list), by_age);
    for (size_t i = 0; i < c->count && c->bytes + room > s->max; i++) {
        char *path;

        if (c->list[i].asked > old)
            break;
        path = xasprintf("%s/%s", s->dir, c->list[i].name);
        if (unlink(path) == 0)
            c->bytes -= c->list[i].size;
        free(path);
    }
}

char *store_room(const struct store *s, uint64_t bytes)
{
    struct chunks c = {0};
    char *why = NULL;

    chunks_read(&c, s);
    if (c.bytes + bytes > s->max)
        chunks_evict(&c, s, bytes);
    if (c.bytes + bytes > s->max)
        why =
            xasprintf("no room for %llu bytes: %s holds %llu of at most %llu "
                      "(setting worker.copy)",
                      (unsigned long long)bytes, s->dir,
                      (unsigned long long)c.bytes, (unsigned long long)s->max);
    for (size_t i = 0; i < c.count; i++)
        free(c.list[i].name);
    free(c.list);
    return why;
}
