#include "worker/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/mem.h"
#include "worker/spool_impl.h"

#define FULL_BLOCKS 4         /* of a disk: with fewer free it is full */
#define LONG        (1 << 20) /* bytes of a journal that is worth a new one */

/* -- what is asked for ----------------------------------------------------- */

static void op_free(struct spool_op *op)
{
    buf_free(&op->text);
    free(op->jid);
    free(op);
}

static struct spool_op *op_new(enum spool_what what, const char *jid)
{
    struct spool_op *op = xcalloc(1, sizeof(*op));

    op->what = what;
    op->jid = jid ? xstrdup(jid) : NULL;
    return op;
}

static void op_ask(struct spool *s, struct spool_op *op)
{
    pthread_mutex_lock(&s->lock_ops);
    DL_APPEND(s->todo, op);
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock_ops);
}

void spool_begin(struct spool *s, const char *jid, spool_done_fn *done,
                 void *arg)
{
    struct spool_op *op = op_new(SPOOL_BEGIN, jid);

    buf_add_fmt(&op->text, "run %s %s\n", jid, s->boot);
    op->done = done;
    op->arg = arg;
    op_ask(s, op);
}

void spool_keep(struct spool *s, const char *jid, const char *exit_line)
{
    struct spool_op *op = op_new(SPOOL_KEEP, jid);

    buf_add_fmt(&op->text, "kept %s\n", exit_line);
    op_ask(s, op);
}

void spool_drop(struct spool *s, const char *jid)
{
    op_ask(s, op_new(SPOOL_DROP, jid));
}

void spool_append(struct spool *s, const char *jid, const char *line)
{
    struct spool_op *op = op_new(SPOOL_APPEND, jid);

    buf_add_fmt(&op->text, "%s\n", line);
    op_ask(s, op);
}

void spool_sync(struct spool *s, const char *jid)
{
    op_ask(s, op_new(SPOOL_SYNC, jid));
}

void spool_rewrite(struct spool *s, const char *text, size_t len)
{
    struct spool_op *op = op_new(SPOOL_REWRITE, NULL);

    buf_add(&op->text, text, len);
    op_ask(s, op);
}

bool spool_is_long(const struct spool *s)
{
    struct spool *locked = (struct spool *)(uintptr_t)s;
    bool is_long;

    pthread_mutex_lock(&locked->lock_ops);
    is_long = s->length > LONG;
    pthread_mutex_unlock(&locked->lock_ops);
    return is_long;
}

void spool_read(struct spool *s, const char *jid, uint64_t seq, uint64_t at,
                size_t max, spool_read_fn *done, void *arg)
{
    struct spool_op *op = op_new(SPOOL_READ, jid);

    op->seq = seq;
    op->at = at;
    op->max = max;
    op->read = done;
    op->arg = arg;
    op_ask(s, op);
}

static void forget_in(struct spool_op *list, const void *arg)
{
    struct spool_op *op;

    DL_FOREACH (list, op)
        if (op->arg == arg) {
            op->done = NULL;
            op->read = NULL;
        }
}

/* -- what was done --------------------------------------------------------- */

static void op_tell(struct spool_op *op)
{
    if (op->done)
        op->done(op->arg, op->error);
    if (op->read)
        op->read(op->arg, buf_data(&op->text), buf_len(&op->text), op->seq + 1,
                 op->error ? 0 : op->at);
}

static void on_done(void *arg)
{
    struct spool *s = arg;
    struct spool_op *op;
    uint64_t n;

    (void)!read(s->event, &n, sizeof(n));
    pthread_mutex_lock(&s->lock_ops);
    DL_CONCAT(s->asked, s->did);
    s->did = NULL;
    pthread_mutex_unlock(&s->lock_ops);
    while ((op = s->asked)) {
        DL_DELETE(s->asked, op);
        op_tell(op);
        op_free(op);
    }
}

void spool_counts(struct spool *s, struct spool_counts *counts)
{
    pthread_mutex_lock(&s->lock_ops);
    *counts = s->counts;
    pthread_mutex_unlock(&s->lock_ops);
}

/* A disk that was full and has room again is no trouble: the next write will
 * tell. */
const char *spool_trouble(struct spool *s)
{
    struct spool_counts c;
    struct statvfs disk;
    bool known = fstatvfs(s->dir, &disk) == 0;
    bool full = known && (disk.f_bavail < FULL_BLOCKS ||
                          (disk.f_files && !disk.f_favail));

    spool_counts(s, &c);
    if (full)
        snprintf(s->trouble, sizeof(s->trouble), "the spool's disk is full");
    else if (c.failing && c.failing != ENOSPC && c.failing != EDQUOT)
        snprintf(s->trouble, sizeof(s->trouble), "the spool: %s",
                 strerror(c.failing));
    else
        return NULL;
    return s->trouble;
}

/* -- opening --------------------------------------------------------------- */

static int make_dir(int at, const char *path)
{
    if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
        return -1;
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The folder, and that it is in. */
static int make_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    int fd = make_dir(AT_FDCWD, path);

    if (fd < 0 && errno == ENOENT && slash > path) {
        char *parent = xstrndup(path, (size_t)(slash - path));

        mkdir(parent, 0755);
        free(parent);
        fd = make_dir(AT_FDCWD, path);
    }
    return fd;
}

static void instance_make(char out[9])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char random[8];
    size_t i;

    if (getrandom(random, sizeof(random), 0) < 0)
        memset(random, (int)getpid(), sizeof(random));
    for (i = 0; i < sizeof(random); i++)
        out[i] = letters[random[i] % 32];
    out[8] = '\0';
}

static bool instance_is_good(const char *text, ssize_t len)
{
    ssize_t i;

    for (i = 0; i < len; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", text[i]) || !text[i])
            return false;
    return len == 8;
}

/* Made once: written beside its place, and moved there whole. */
static bool instance_take(struct spool *s)
{
    int fd = openat(s->dir, "instance", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, s->instance, 8) : -1;

    if (fd >= 0)
        close(fd);
    if (instance_is_good(s->instance, n))
        return true;
    instance_make(s->instance);
    fd = openat(s->dir, "instance.new",
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    if (write(fd, s->instance, 8) != 8 || fsync(fd) < 0 ||
        renameat(s->dir, "instance.new", s->dir, "instance") < 0 ||
        fsync(s->dir) < 0) {
        close(fd);
        return false;
    }
    close(fd);
    return true;
}

static void boot_read(struct spool *s)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, s->boot, sizeof(s->boot) - 1) : 0;

    if (fd >= 0)
        close(fd);
    s->boot[n > 0 ? n : 0] = '\0';
    s->boot[strcspn(s->boot, "\n")] = '\0';
    if (!s->boot[0])
        memcpy(s->boot, "unknown", sizeof("unknown"));
}

/* NULL, or the step that failed, and errno. */
static const char *files_open(struct spool *s, const char *path)
{
    s->dir = make_folder(path);
    if (s->dir < 0)
        return "the folder";
    s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) < 0)
        return "lock";
    s->jobs = make_dir(s->dir, "jobs");
    if (s->jobs < 0)
        return "jobs";
    if (!instance_take(s))
        return "instance";
    s->journal = openat(s->dir, "journal", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->journal < 0 || fsync(s->dir) < 0)
        return "journal";
    boot_read(s);
    return NULL;
}

static bool thread_start(struct spool *s)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&s->thread, NULL, spool_thread, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void files_close(struct spool *s)
{
    int fds[] = {s->dir, s->jobs, s->lock, s->journal, s->event};
    size_t i;

    for (i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(s);
}

struct spool *spool_open(struct loop *l, const char *path, char **why)
{
    struct spool *s = xcalloc(1, sizeof(*s));
    const char *step;

    s->dir = s->jobs = s->lock = s->journal = -1;
    s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    step = files_open(s, path);
    pthread_mutex_init(&s->lock_ops, NULL);
    pthread_cond_init(&s->work, NULL);
    if (!step) {
        s->length = s->end = (uint64_t)lseek(s->journal, 0, SEEK_END);
        step = thread_start(s) ? NULL : "its thread";
    }
    if (step) {
        *why = errno == EWOULDBLOCK && strcmp(step, "lock") == 0
                   ? xstrdup("another worker has it")
                   : xasprintf("%s: %s", step, strerror(errno));
        files_close(s);
        return NULL;
    }
    s->done_fd = loop_fd_new(l, s->event, false, on_done, s);
    loop_fd_on(s->done_fd);
    return s;
}

void spool_forget_caller(struct spool *s, const void *arg)
{
    pthread_mutex_lock(&s->lock_ops);
    forget_in(s->todo, arg);
    forget_in(s->did, arg);
    pthread_mutex_unlock(&s->lock_ops);
    forget_in(s->asked, arg);
}

void spool_free(struct spool *s)
{
    struct spool_op *op;

    if (!s)
        return;
    pthread_mutex_lock(&s->lock_ops);
    s->stop = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock_ops);
    pthread_join(s->thread, NULL);
    loop_fd_free(s->done_fd);
    while ((op = s->did)) {
        DL_DELETE(s->did, op);
        op_free(op);
    }
    pthread_mutex_destroy(&s->lock_ops);
    pthread_cond_destroy(&s->work);
    files_close(s);
}

/* -- what is there --------------------------------------------------------- */

const char *spool_instance(const struct spool *s)
{
    return s->instance;
}

const char *spool_boot(const struct spool *s)
{
    return s->boot;
}

int spool_jobs(const struct spool *s)
{
    return s->jobs;
}

static void name_tell(const struct spool *s, char *line,
                      const struct spool_names *names, void *arg)
{
    char *rest = strchr(line, ' '), *boot;

    if (!rest)
        return;
    *rest++ = '\0';
    if (strcmp(line, "kept") == 0)
        names->kept(arg, rest);
    boot = strchr(rest, ' ');
    if (strcmp(line, "run") == 0 && boot) {
        *boot++ = '\0';
        names->run(arg, rest, strcmp(boot, s->boot) == 0);
    }
}

void spool_read_names(struct spool *s, const struct spool_names *names,
                      void *arg)
{
    int fd = dup(s->journal);
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    char *line = NULL;
    size_t size = 0;
    uint64_t end = 0;
    ssize_t n;

    if (!f) {
        if (fd >= 0)
            close(fd);
        return;
    }
    rewind(f);
    while ((n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] != '\n')
            break; /* torn by a crash: nobody was told of it */
        line[n - 1] = '\0';
        end += (uint64_t)n;
        name_tell(s, line, names, arg);
    }
    free(line);
    fclose(f);
    s->length = s->end = end; /* the thread has nothing to do yet */
}

void spool_each_file(struct spool *s, void (*fn)(void *arg, const char *jid),
                     void *arg)
{
    int fd = openat(s->jobs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.' && !strstr(e->d_name, ".sock"))
            fn(arg, e->d_name);
    if (dir)
        closedir(dir);
}

bool spool_look(const struct spool *s, const char *jid, struct spool_look *look,
                bool *alive)
{
    int fd = openat(s->jobs, jid, O_RDONLY | O_CLOEXEC);
    bool found;

    *look = (struct spool_look){.last = 0};
    *alive = false;
    if (fd < 0)
        return false;
    *alive = flock(fd, LOCK_EX | LOCK_NB) < 0;
    found = spool_file_look(fd, jid, look);
    close(fd);
    return found || *alive;
}
