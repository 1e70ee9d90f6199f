#include "worker/drained.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/words.h"
#include "worker/worker.h"

#define LOOK_MS   60000 /* the wall clock may be set meanwhile */
#define FILE_MAX  1024
#define FILE_NAME "drained"

/* -- the file: a line `drained REASON UNTIL` ------------------------------- */

/* Workers of one machine may share the folder. */
static char *file_path(const struct worker *w, const char *more)
{
    const char *folder = conf_str(w->daemon.conf, "worker.state");
    char *path = xasprintf("%s/" FILE_NAME ".%s%s", folder, w->host, more);

    for (char *p = path + strlen(folder) + 1; *p; p++)
        if (*p == '/')
            *p = '!';
    return path;
}

/* The folder, and those that it is in. */
static void folder_make(const char *path)
{
    char *folder = xstrdup(path);

    for (char *p = folder + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(folder, 0755);
        *p = '/';
    }
    free(folder);
}

static bool fd_write(int fd, const struct buf *text)
{
    return write(fd, buf_data(text), buf_len(text)) == (ssize_t)buf_len(text) &&
           fsync(fd) == 0;
}

/* In the place of the one before, at once or not at all. */
static bool file_replace(const char *beside, const char *path,
                         const struct buf *text)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && fd_write(fd, text);
    int error = errno;

    if (fd >= 0)
        close(fd);
    if (ok && rename(beside, path) == 0)
        return true;
    if (ok)
        error = errno;
    if (fd >= 0)
        unlink(beside);
    errno = error;
    return false;
}

static bool file_write(const struct worker *w, const char *reason,
                       int64_t until)
{
    char *path = file_path(w, ""), *beside = file_path(w, ".new");
    struct buf text = BUF_INIT;
    int error;
    bool ok;

    if (reason) {
        buf_add_words(&text, "drained");
        buf_add_words(&text, reason);
        buf_add_fmt(&text, " %lld\n", (long long)until);
        folder_make(path);
        ok = file_replace(beside, path, &text);
    } else {
        ok = unlink(path) == 0 || errno == ENOENT;
    }
    error = errno;
    buf_free(&text);
    free(path);
    free(beside);
    errno = error;
    return ok;
}

/* What the file says, if it can be read. */
static char *file_read(const struct worker *w, int64_t *until)
{
    char *path = file_path(w, ""), line[FILE_MAX];
    FILE *f = fopen(path, "re");
    struct word words[4];
    unsigned long long n;
    char *reason = NULL;

    if (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (words_split(line, strlen(line), words, 4) == 3 &&
            word_to_u64(&words[2], INT64_MAX, &n)) {
            reason = xmemdup0(words[1].text, words[1].len);
            *until = (int64_t)n;
        }
    }
    if (f && !reason)
        log_error("%s is not understood: the worker is not drained", path);
    if (f)
        fclose(f);
    free(path);
    return reason;
}

/* -- its state ------------------------------------------------------------- */

static void drained_look(void *arg)
{
    struct worker *w = arg;
    int64_t left = w->drained_until - (int64_t)time(NULL);
    char *error;

    if (!w->drained_until)
        return;
    if (left > 0) {
        loop_timer_set(w->drained_timer,
                       left < LOOK_MS / 1000 ? (uint64_t)left * 1000 : LOOK_MS);
        return;
    }
    error = drained_set(w, NULL, 0);
    if (error)
        loop_timer_set(w->drained_timer, LOOK_MS);
    free(error);
}

static void drained_attrs(const struct worker *w, const char *reason,
                          struct attrs *attrs)
{
    attrs_set(attrs, "drain", reason);
    if (w->drained_until)
        attrs_set_fmt(attrs, "drain.until", "%lld",
                      (long long)w->drained_until);
}

/* At its own end that is what is registered. */
static void drained_register(struct worker *w, const char *reason)
{
    char until[24];

    if (w->phase != SERVING)
        return;
    fronts_set(w->fronts, "drain", reason);
    if (reason)
        registrar_set(&w->registrar, "drain", reason);
    else
        registrar_unset(&w->registrar, "drain");
    snprintf(until, sizeof(until), "%lld", (long long)w->drained_until);
    if (w->drained_until)
        registrar_set(&w->registrar, "drain.until", until);
    else
        registrar_unset(&w->registrar, "drain.until");
}

char *drained_set(struct worker *w, const char *reason, uint64_t seconds)
{
    int64_t until =
        reason && seconds ? (int64_t)time(NULL) + (int64_t)seconds : 0;

    if (reason && (!*reason || strlen(reason) > DRAINED_REASON_MAX))
        return xasprintf("a reason has 1 to %d bytes", DRAINED_REASON_MAX);
    if (!file_write(w, reason, until)) {
        log_error("cannot remember that the worker is %sdrained: %s",
                  reason ? "" : "not ", strerror(errno));
        return xasprintf("the worker cannot remember it in %s: %s",
                         conf_str(w->daemon.conf, "worker.state"),
                         strerror(errno));
    }
    log_info("%s%s", reason ? "drained: " : "not drained any more",
             reason ? reason : "");
    w->drained_until = until;
    drained_register(w, reason);
    loop_timer_off(w->drained_timer);
    drained_look(w);
    return NULL;
}

void drained_load(struct worker *w, struct attrs *attrs)
{
    char *reason = file_read(w, &w->drained_until);

    w->drained_timer = loop_timer_new(w->loop, drained_look, w);
    if (reason && w->drained_until && w->drained_until <= time(NULL)) {
        w->drained_until = 0;
        (void)file_write(w, NULL, 0);
    } else if (reason) {
        log_warn("drained: %s", reason);
        drained_attrs(w, reason, attrs);
        drained_look(w);
    }
    free(reason);
}

void drained_free(struct worker *w)
{
    loop_timer_free(w->drained_timer);
}
