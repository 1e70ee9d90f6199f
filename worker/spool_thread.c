#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "worker/spool_impl.h"

static bool write_all(int fd, const char *bytes, size_t len, uint64_t at)
{
    while (len) {
        ssize_t n = pwrite(fd, bytes, len, (off_t)at);

        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            return false;
        }
        bytes += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

/* What could not be written whole is as if it had not been: the next line is
 * written in its place. */
static int journal_add(struct spool *s, const struct buf *text)
{
    if (!write_all(s->journal, buf_data(text), buf_len(text), s->end)) {
        int error = errno;

        (void)!ftruncate(s->journal, (off_t)s->end);
        return error;
    }
    s->end += buf_len(text);
    return 0;
}

static int keep(struct spool *s, struct spool_op *op)
{
    int error = buf_len(&op->text) ? journal_add(s, &op->text) : 0;

    /* without that line the name alone stays: it says less, and is true */
    unlinkat(s->jobs, op->jid, 0);
    return error;
}

static int file_open(const struct spool *s, const struct spool_op *op)
{
    return openat(s->jobs, op->jid, O_RDWR | O_CLOEXEC);
}

/* One that is there only to say that it is lost. */
static int file_remake(struct spool *s, struct spool_op *op)
{
    int fd = openat(s->jobs, op->jid, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct buf head = BUF_INIT;

    if (fd < 0)
        return -1;
    spool_file_begin(&head, op->jid, "lost", "", s->boot);
    buf_add_str(&head, "start 0\n");
    if (!write_all(fd, buf_data(&head), buf_len(&head), 0)) {
        close(fd);
        fd = -1;
    }
    buf_free(&head);
    return fd;
}

static int append(struct spool *s, struct spool_op *op)
{
    struct spool_look look;
    int fd = file_open(s, op), error = 0;

    if (fd < 0)
        fd = file_remake(s, op);
    if (fd < 0)
        return errno;
    if (spool_file_look(fd, op->jid, &look)) {
        /* behind it may stand what a crash has left of a line */
        if (ftruncate(fd, (off_t)look.end) < 0 ||
            !write_all(fd, buf_data(&op->text), buf_len(&op->text), look.end) ||
            fdatasync(fd) < 0)
            error = errno;
        spool_look_free(&look);
    }
    close(fd);
    return error;
}

static int sync_file(struct spool *s, struct spool_op *op)
{
    int fd = file_open(s, op), error = 0;

    if (fd < 0)
        return 0;
    if (fdatasync(fd) < 0 || fsync(s->jobs) < 0)
        error = errno;
    close(fd);
    return error;
}

static int rewrite(struct spool *s, struct spool_op *op)
{
    int fd = openat(s->dir, "journal.new",
                    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    if (!write_all(fd, buf_data(&op->text), buf_len(&op->text), 0) ||
        fsync(fd) < 0 ||
        renameat(s->dir, "journal.new", s->dir, "journal") < 0 ||
        fsync(s->dir) < 0) {
        int error = errno;

        close(fd);
        unlinkat(s->dir, "journal.new", 0);
        return error;
    }
    close(s->journal);
    s->journal = fd;
    s->end = buf_len(&op->text);
    return 0;
}

static int read_lines(struct spool *s, struct spool_op *op)
{
    struct spool_look look;
    int fd = file_open(s, op), error = 0;

    buf_reset(&op->text, 0);
    if (fd < 0)
        return errno;
    if (!op->at && spool_file_look(fd, op->jid, &look)) {
        op->at = spool_file_seek(fd, op->jid, look.base, &op->seq);
        spool_look_free(&look);
    }
    if (op->at)
        op->at += spool_file_read(fd, op->at, op->max, &op->text);
    else
        error = EIO;
    close(fd);
    return error;
}

static int spool_do(struct spool *s, struct spool_op *op)
{
    switch (op->what) {
    case SPOOL_BEGIN: return journal_add(s, &op->text);
    case SPOOL_KEEP:
    case SPOOL_DROP: return keep(s, op);
    case SPOOL_APPEND: return append(s, op);
    case SPOOL_SYNC: return sync_file(s, op);
    case SPOOL_REWRITE: return rewrite(s, op);
    case SPOOL_READ: return read_lines(s, op);
    }
    return 0;
}

/* The names that came together reach the disk together. */
static void sync_names(struct spool *s, struct spool_op *list)
{
    struct spool_op *op;
    uint64_t names = 0;
    int error = 0;

    DL_FOREACH (list, op)
        names += op->what == SPOOL_BEGIN && !op->error;
    if (!names)
        return;
    if (fdatasync(s->journal) < 0)
        error = errno;
    DL_FOREACH (list, op)
        if (op->what == SPOOL_BEGIN && !op->error)
            op->error = error;
    pthread_mutex_lock(&s->lock_ops);
    s->counts.syncs++;
    if (!error)
        s->counts.synced += names;
    pthread_mutex_unlock(&s->lock_ops);
}

static void count(struct spool *s, struct spool_op *list)
{
    struct spool_op *op;

    DL_FOREACH (list, op) {
        if (op->what == SPOOL_READ)
            continue;
        s->counts.failing = op->error;
        s->counts.errors += op->error != 0;
    }
    s->length = s->end;
}

static void do_all(struct spool *s, struct spool_op *list)
{
    struct spool_op *op;

    DL_FOREACH (list, op)
        op->error = spool_do(s, op);
    sync_names(s, list);
}

void *spool_thread(void *arg)
{
    struct spool *s = arg;
    uint64_t one = 1;

    pthread_mutex_lock(&s->lock_ops);
    while (s->todo || !s->stop) {
        struct spool_op *list = s->todo;

        if (!list) {
            pthread_cond_wait(&s->work, &s->lock_ops);
            continue;
        }
        s->todo = NULL;
        pthread_mutex_unlock(&s->lock_ops);
        do_all(s, list);
        pthread_mutex_lock(&s->lock_ops);
        count(s, list);
        DL_CONCAT(s->did, list);
        (void)!write(s->event, &one, sizeof(one));
    }
    pthread_mutex_unlock(&s->lock_ops);
    return NULL;
}
