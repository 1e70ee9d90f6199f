#include "worker/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/mem.h"

#define STAT_MAX 1024 /* more than the part of /proc/PID/stat that is read */

/* PID (COMM) S PPID ... START: COMM may hold anything, so its end is the last
 * bracket; START is the 20th word after it. */
bool tree_parse_stat(struct tree_process *p, const char *text, size_t len)
{
    const char *after = memrchr(text, ')', len);
    int pid, parent;

    if (!after || sscanf(text, "%d (", &pid) != 1)
        return false;
    if (sscanf(after + 1,
               " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %*d %*d %llu",
               &p->state, &parent, &p->start) != 3)
        return false;
    p->pid = pid;
    p->parent = parent;
    p->inside = false;
    return true;
}

static bool process_read(struct tree_process *p, const char *pid)
{
    char path[64], text[STAT_MAX];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return tree_parse_stat(p, text, (size_t)n);
}

static struct tree_process *tree_slot(struct tree *t)
{
    if (t->count == t->size) {
        t->size = t->size ? t->size * 2 : 256;
        t->list = xreallocarray(t->list, t->size, sizeof(*t->list));
    }
    return &t->list[t->count];
}

static int by_pid(const void *a, const void *b)
{
    pid_t x = ((const struct tree_process *)a)->pid;
    pid_t y = ((const struct tree_process *)b)->pid;

    return (x > y) - (x < y);
}

static bool tree_read(struct tree *t)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;

    t->count = 0;
    if (!dir)
        return false;
    while ((e = readdir(dir)))
        if (isdigit((unsigned char)e->d_name[0]) &&
            process_read(tree_slot(t), e->d_name))
            t->count++;
    closedir(dir);
    if (t->count)
        qsort(t->list, t->count, sizeof(*t->list), by_pid);
    return t->count > 0;
}

static struct tree_process *tree_find(const struct tree *t, pid_t pid)
{
    struct tree_process key = {.pid = pid};

    if (t->count == 0)
        return NULL; /* bsearch() wants an array */
    return bsearch(&key, t->list, t->count, sizeof(key), by_pid);
}

static bool is_inside(const struct tree *t, pid_t pid)
{
    const struct tree_process *p;

    if (pid == t->root)
        return true;
    p = tree_find(t, pid);
    return p && p->inside;
}

int tree_walk(struct tree *t, pid_t root, bool (*skip)(void *arg, pid_t pid),
              void *arg)
{
    bool grew = true;
    int alive = 0;
    size_t i;

    t->root = root;
    if (!tree_read(t))
        return -1;
    while (grew) {
        grew = false;
        for (i = 0; i < t->count; i++) {
            struct tree_process *p = &t->list[i];

            if (p->inside || !is_inside(t, p->parent) ||
                (skip && skip(arg, p->pid)))
                continue;
            p->inside = grew = true;
            alive += p->state != 'Z';
        }
    }
    return alive;
}

/* The process that has this pid now is the one that the walk found, and
 * nobody has taken it out of the tree since. */
static bool is_still_ours(const struct tree *t, const struct tree_process *p)
{
    struct tree_process now;
    char pid[16];

    snprintf(pid, sizeof(pid), "%d", (int)p->pid);
    return process_read(&now, pid) && now.start == p->start &&
           is_inside(t, now.parent);
}

/* The pidfd is taken first: should the pid change hands after the second
 * look, the signal finds nobody. Linux before 5.3 (and valgrind) has none:
 * there the second look alone must do. */
static bool process_signal(const struct tree *t, const struct tree_process *p,
                           int signo)
{
    int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    bool sent;

    if (fd < 0)
        return errno == ENOSYS && is_still_ours(t, p) &&
               kill(p->pid, signo) == 0;
    sent = is_still_ours(t, p) &&
           syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) == 0;
    close(fd);
    return sent;
}

int tree_signal(const struct tree *t, int signo)
{
    int sent = 0;
    size_t i;

    for (i = 0; i < t->count; i++)
        if (t->list[i].inside && process_signal(t, &t->list[i], signo))
            sent++;
    return sent;
}

void tree_continue(const struct tree *t)
{
    size_t i;

    for (i = t->count; i-- > 0;)
        if (t->list[i].inside)
            process_signal(t, &t->list[i], SIGCONT);
}

int tree_signal_new(const struct tree *t, const struct tree *before, int signo)
{
    const struct tree_process *p, *old;
    int sent = 0;

    for (p = t->list; p < t->list + t->count; p++) {
        old = p->inside ? tree_find(before, p->pid) : NULL;
        if (p->inside && !(old && old->inside && old->start == p->start) &&
            process_signal(t, p, signo))
            sent++;
    }
    return sent;
}

/* Whose parent vanishes while /proc is read can be missed once: only a second
 * look tells that all are gone. */
int tree_kill(pid_t root, bool (*skip)(void *arg, pid_t pid), void *arg)
{
    struct tree tree = {0};
    int alive = 0, look;

    for (look = 0; look < 2 && alive == 0; look++)
        alive = tree_walk(&tree, root, skip, arg);
    if (alive > 0)
        tree_signal(&tree, SIGKILL);
    tree_free(&tree);
    return alive;
}

void tree_free(struct tree *t)
{
    free(t->list);
    *t = (struct tree){0};
}
