#include "lib/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A last whole line and a torn one behind it */
#define TAIL_MAX (2 * (size_t)AUDIT_LINE_MAX)
/* PATH.last: a number of 20 digits, a blank, a hash, LF: one write, whole */
#define LAST_LEN (20 + 1 + AUDIT_HASH_LEN + 1)

static char *cannot(const char *what, const char *path)
{
    return xasprintf("cannot %s %s: %s", what, path, strerror(errno));
}

/* -- PATH.last ------------------------------------------------------------- */

static char *last_open(struct audit_file *f)
{
    f->last_fd = open(f->last_path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (f->last_fd < 0)
        return cannot("open", f->last_path);
    if (flock(f->last_fd, LOCK_EX | LOCK_NB) == 0)
        return NULL;
    if (errno == EWOULDBLOCK)
        return xasprintf("%s is locked: another process writes that log; give "
                         "each daemon a file of its own",
                         f->last_path);
    return cannot("lock", f->last_path);
}

/* A chain that has not begun where nothing (or nothing sensible) is said. */
static void last_read(const struct audit_file *f, struct audit_chain *c)
{
    char text[LAST_LEN + 1] = "";
    ssize_t n = pread(f->last_fd, text, LAST_LEN, 0);
    unsigned long long seq;
    char hash[AUDIT_HASH_LEN + 1];

    audit_chain_init(c);
    if (n != LAST_LEN || sscanf(text, "%20llu %64[0-9a-f]", &seq, hash) != 2 ||
        !audit_hash_ok(hash))
        return;
    c->seq = seq;
    memcpy(c->hash, hash, sizeof(hash));
}

/* That it fails is of no consequence but for what the head of this says. */
static void last_write(const struct audit_file *f)
{
    char text[LAST_LEN + 1];
    ssize_t n;

    snprintf(text, sizeof(text), "%020llu %s\n",
             (unsigned long long)f->chain.seq, f->chain.hash);
    n = pwrite(f->last_fd, text, LAST_LEN, 0);
    (void)n;
}

/* -- the end of PATH ------------------------------------------------------- */

static const char *last_lf(const char *text, size_t len)
{
    return len ? memrchr(text, '\n', len) : NULL;
}

/* The chain as the last whole line in the tail says, and what follows it. */
static bool tail_read(struct audit_file *f, const char *tail, size_t len,
                      bool begins)
{
    const char *lf = last_lf(tail, len), *line;
    struct audit_seal seal;

    f->torn = len - (lf ? (size_t)(lf + 1 - tail) : 0);
    if (f->torn)
        audit_hash(tail + len - f->torn, f->torn, f->torn_hash);
    if (!lf)
        return begins && len < AUDIT_LINE_MAX;
    line = last_lf(tail, (size_t)(lf - tail));
    if (!line && !begins)
        return false;
    line = line ? line + 1 : tail;
    if (!audit_seal_read(line, (size_t)(lf - line), &seal))
        return false;
    f->chain.seq = seal.seq;
    memcpy(f->chain.hash, seal.hash, sizeof(f->chain.hash));
    return true;
}

/* What PATH and PATH.last say together. A PATH without a whole line is a new
 * one. */
static void compare(struct audit_file *f, const struct audit_chain *last)
{
    if (last->seq > f->chain.seq) {
        f->missing = f->chain.seq ? last->seq - f->chain.seq : 0;
        f->chain = *last;
    } else if (last->seq == f->chain.seq && strcmp(last->hash, f->chain.hash)) {
        f->replaced = true;
        f->chain = *last;
    }
}

static char *find_end(struct audit_file *f)
{
    struct audit_chain last;
    struct stat st;
    size_t len;
    char *tail, *error = NULL;
    ssize_t n;

    if (fstat(f->fd, &st) < 0)
        return cannot("look at", f->path);
    if (!S_ISREG(st.st_mode))
        return xasprintf("%s is no file; name one that is, or is not there",
                         f->path);
    len = st.st_size > (off_t)TAIL_MAX ? TAIL_MAX : (size_t)st.st_size;
    tail = xmalloc(TAIL_MAX);
    n = pread(f->fd, tail, len, st.st_size - (off_t)len);
    if (n != (ssize_t)len)
        error = cannot("read", f->path);
    else if (len && !tail_read(f, tail, len, (off_t)len == st.st_size))
        error = xasprintf("%s does not end as an audit log does: move it "
                          "away, a new one will be begun",
                          f->path);
    free(tail);
    last_read(f, &last);
    compare(f, &last);
    if (!error && f->torn)
        buf_add_char(&f->pending, '\n');
    return error;
}

/* -- its life -------------------------------------------------------------- */

static int path_open(const char *path)
{
    return open(path,
                O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                0640);
}

char *audit_file_open(struct audit_file *f, const char *path)
{
    char *error;

    *f = (struct audit_file){.path = xstrdup(path),
                             .last_path = xasprintf("%s.last", path),
                             .fd = -1,
                             .last_fd = -1};
    audit_chain_init(&f->chain);
    error = last_open(f);
    if (!error) {
        f->fd = path_open(path);
        error = f->fd < 0 ? cannot("open", path) : find_end(f);
    }
    if (error)
        audit_file_close(f);
    return error;
}

void audit_file_add(struct audit_file *f, const char *body, size_t len)
{
    audit_chain_add(&f->chain, body, len, &f->pending);
}

/* Of the n bytes that were written only whole lines stay, unless the rest
 * cannot be taken back: then that stays, too. */
static void keep_whole_lines(struct audit_file *f, size_t n)
{
    const char *data = buf_data(&f->pending), *lf = last_lf(data, n);
    size_t whole = lf ? (size_t)(lf + 1 - data) : 0;
    off_t end = lseek(f->fd, 0, SEEK_END);
    bool back = end >= 0 && ftruncate(f->fd, end - (off_t)(n - whole)) == 0;

    buf_consume(&f->pending, back ? whole : n);
}

bool audit_file_flush(struct audit_file *f)
{
    size_t len = buf_len(&f->pending), done = 0;
    int error;
    ssize_t n;

    while (done < len) {
        n = write(f->fd, buf_data(&f->pending) + done, len - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    f->unsynced |= done > 0;
    if (done < len) {
        error = errno;
        keep_whole_lines(f, done);
        errno = error;
        return false;
    }
    buf_reset(&f->pending, TAIL_MAX);
    last_write(f);
    return true;
}

bool audit_file_sync(struct audit_file *f)
{
    if (!f->unsynced)
        return true;
    if (fdatasync(f->fd) < 0)
        return false;
    f->unsynced = false;
    return true;
}

bool audit_file_reopen(struct audit_file *f)
{
    struct stat here, there;
    int fd;

    if (fstat(f->fd, &here) == 0 && stat(f->path, &there) == 0 &&
        here.st_dev == there.st_dev && here.st_ino == there.st_ino)
        return true;
    fd = path_open(f->path);
    if (fd < 0)
        return false;
    (void)!fdatasync(f->fd);
    (void)!fdatasync(f->last_fd);
    close(f->fd);
    f->fd = fd;
    return true;
}

void audit_file_close(struct audit_file *f)
{
    if (f->fd >= 0) {
        (void)!fdatasync(f->fd);
        close(f->fd);
    }
    if (f->last_fd >= 0) {
        (void)!fdatasync(f->last_fd);
        close(f->last_fd);
    }
    buf_free(&f->pending);
    free(f->path);
    free(f->last_path);
    *f = (struct audit_file){.fd = -1, .last_fd = -1};
}
