#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/db_impl.h"

char *db_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool db_sync_folder(const char *path)
{
    char *folder = db_folder(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && !fsync(fd);

    if (fd >= 0)
        close(fd);
    free(folder);
    return ok;
}

/* No lock file can be made: the folder is not there, or not ours. */
static char *folder_error(const struct db *d, const struct db_kind *kind,
                          int error)
{
    char *folder = db_folder(d->path), *text;

    if (error == ENOENT)
        text = xasprintf("%s: the folder %s does not exist: make it with "
                         "'install -d -m 700 %s', or keep nothing on disk "
                         "with -o %s=memory",
                         d->path, folder, folder, kind->setting);
    else if (error == EACCES || error == EPERM || error == EROFS)
        text =
            xasprintf("%s: may not write into the folder %s (%s): give it "
                      "to this user with 'install -d -m 700 -o USER %s', "
                      "or keep nothing on disk with -o %s=memory",
                      d->path, folder, strerror(error), folder, kind->setting);
    else
        text = xasprintf("%s: cannot make %s: %s", d->path, d->lock_path,
                         strerror(error));
    free(folder);
    return text;
}

static char *held_error(const struct db *d, const struct db_kind *kind)
{
    char pid[24] = "";
    ssize_t n = pread(d->lock, pid, sizeof(pid) - 1, 0);

    if (n > 0)
        pid[strcspn(pid, "\n")] = '\0';
    return xasprintf("%s: another process%s%s%s has this %s open: stop it, or "
                     "give this one a file of its own",
                     d->path, n > 0 ? ", pid " : "", pid, n > 0 ? "," : "",
                     kind->what);
}

char *db_lock(struct db *d, const struct db_kind *kind)
{
    d->lock = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock < 0)
        return folder_error(d, kind, errno);
    if (flock(d->lock, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK ? held_error(d, kind)
                                    : xasprintf("%s: cannot lock: %s",
                                                d->lock_path, strerror(errno));
    /* for whoever finds it held; that it cannot be written is no harm */
    if (ftruncate(d->lock, 0) || dprintf(d->lock, "%d\n", (int)getpid()) < 0)
        return NULL;
    return NULL;
}

void db_unlock(struct db *d)
{
    if (d->lock >= 0)
        close(d->lock); /* the file stays: another may be waiting at it */
    d->lock = -1;
}
