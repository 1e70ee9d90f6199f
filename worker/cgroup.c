#include "worker/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <mntent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/mem.h"

/* Where the unified hierarchy is mounted; NULL: nowhere. Free it. */
static char *mount_point(void)
{
    FILE *f = setmntent("/proc/self/mounts", "re");
    struct mntent entry, *m;
    char text[4096], *found = NULL;

    if (!f)
        return NULL;
    while (!found && (m = getmntent_r(f, &entry, text, sizeof(text))))
        if (strcmp(m->mnt_type, "cgroup2") == 0)
            found = xstrdup(m->mnt_dir);
    endmntent(f);
    return found;
}

/* The group this process is in: the line 0::PATH. Free it. */
static char *own_group(void)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char *line = NULL, *found = NULL;
    size_t size = 0;

    if (!f)
        return NULL;
    while (!found && getline(&line, &size, f) > 0)
        if (strncmp(line, "0::/", 4) == 0)
            found = xstrndup(line + 3, strcspn(line + 3, "\n"));
    free(line);
    fclose(f);
    return found;
}

/* The directory of the group this process is in, open; -1: none. */
static int own_directory(void)
{
    char *mount = mount_point(), *group = own_group();
    char *path = mount && group ? xasprintf("%s%s", mount, group) : NULL;
    int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    free(path);
    free(group);
    free(mount);
    return fd;
}

int cgroup_make(int dir, const char *name)
{
    if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
        return -1;
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_remove(int dir, const char *name)
{
    if (dir >= 0)
        unlinkat(dir, name, AT_REMOVEDIR);
}

bool cgroup_kill(int group)
{
    int fd = openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "1", 1) == 1;

    if (fd >= 0)
        close(fd);
    return done;
}

pid_t cgroup_fork(int group)
{
    struct clone_args args = {.flags = CLONE_INTO_CGROUP,
                              .exit_signal = SIGCHLD,
                              .cgroup = (uint64_t)group};

    if (group >= 0) {
        long pid = syscall(SYS_clone3, &args, sizeof(args));

        if (pid >= 0)
            return (pid_t)pid;
    }
    return fork();
}

void cgroup_kill_named(int dir, const char *name)
{
    int group = dir < 0 || !name
                    ? -1
                    : openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (group < 0)
        return;
    cgroup_kill(group);
    close(group);
}

/* Whether a group can be made in there, and killed; NULL or why not. */
static const char *try_one(int dir)
{
    char name[32];
    int group;
    bool may;

    snprintf(name, sizeof(name), "muster-try-%d", (int)getpid());
    group = cgroup_make(dir, name);
    if (group < 0)
        return strerror(errno);
    may = faccessat(group, "cgroup.kill", W_OK, AT_EACCESS) == 0;
    close(group);
    cgroup_remove(dir, name);
    return may ? NULL : "this kernel has no cgroup.kill";
}

int cgroup_open(char *why, unsigned why_size)
{
    int dir = own_directory();
    const char *wrong =
        dir < 0 ? "no unified hierarchy is mounted" : try_one(dir);

    if (!wrong)
        return dir;
    snprintf(why, why_size, "%s", wrong);
    if (dir >= 0)
        close(dir);
    return -1;
}
