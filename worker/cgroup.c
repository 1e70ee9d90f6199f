#include "worker/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

int cgroup_make(int dir, const char *job)
{
    if (mkdirat(dir, job, 0755) < 0 && errno != EEXIST)
        return -1;
    return openat(dir, job, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_remove(int dir, const char *job)
{
    if (dir >= 0)
        unlinkat(dir, job, AT_REMOVEDIR);
}

bool cgroup_kill(int group)
{
    int fd = openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "1", 1) == 1;

    if (fd >= 0)
        close(fd);
    return done;
}

int cgroup_open(const char *name, char *why, unsigned why_size)
{
    int parent = own_directory(), fd;

    if (parent < 0) {
        snprintf(why, why_size, "no unified hierarchy is mounted");
        return -1;
    }
    fd = cgroup_make(parent, name);
    if (fd < 0)
        snprintf(why, why_size, "%s", strerror(errno));
    else if (faccessat(fd, "cgroup.kill", W_OK, AT_EACCESS) < 0) {
        snprintf(why, why_size, "cgroup.kill: %s", strerror(errno));
        close(fd);
        unlinkat(parent, name, AT_REMOVEDIR);
        fd = -1;
    }
    close(parent);
    return fd;
}

void cgroup_close(int dir, const char *name)
{
    char path[64];
    int parent;

    if (dir < 0)
        return;
    parent = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
        snprintf(path, sizeof(path), "%s", name);
        unlinkat(parent, path, AT_REMOVEDIR);
        close(parent);
    }
    close(dir);
}
