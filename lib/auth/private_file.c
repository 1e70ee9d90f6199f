#include "lib/auth/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why the file is not private, or NULL. */
static char *mode_wrong(const struct stat *st)
{
    unsigned mode = st->st_mode & 07777;

    if (!S_ISREG(st->st_mode))
        return xstrdup("it is no regular file");
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return xasprintf("it belongs to user %u, who could change it: let it "
                         "belong to root or to the user of this program "
                         "(chown)",
                         (unsigned)st->st_uid);
    if (mode & 007)
        return xasprintf("its mode %04o lets everybody %s it: chmod o= FILE",
                         mode, mode & 002 ? "change" : "read");
    if (mode & 020)
        return xasprintf("its mode %04o lets a group change it: chmod g-w FILE",
                         mode);
    return NULL;
}

/* All of fd; NULL with errno; more than max bytes are EFBIG. */
static char *read_all(int fd, size_t max, size_t *len)
{
    char *text = xmalloc(max + 2);
    ssize_t n = 1;

    for (*len = 0; n > 0 && *len <= max;) {
        n = read(fd, text + *len, max + 1 - *len);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            *len += (size_t)n;
    }
    if (n >= 0 && *len <= max) {
        text[*len] = '\0';
        return text;
    }
    if (n >= 0)
        errno = EFBIG;
    free(text);
    return NULL;
}

char *private_read(const char *path, size_t max, size_t *len, char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        *why = xstrdup(strerror(errno));
    else
        *why = mode_wrong(&st);
    if (!*why) {
        text = read_all(fd, max, len);
        if (!text)
            *why = xstrdup(strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    return text;
}

/* -- writing --------------------------------------------------------------- */

/* The directory knows the new name, too. */
static bool sync_directory(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    free(copy);
    return good;
}

static bool write_all(int fd, const char *text, size_t len)
{
    ssize_t n;

    while (len) {
        n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* The new file looks as the old one did, as far as we may. */
static bool take_after(int fd, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno == ENOENT;
    if (fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
        return false;
    return fchmod(fd, st.st_mode & 0640) == 0;
}

char *private_write(const char *path, const char *text, size_t len)
{
    char *beside = xasprintf("%s.XXXXXX", path), *why = NULL;
    int fd = mkostemp(beside, O_CLOEXEC);
    bool good;

    if (fd < 0) {
        why = xasprintf("%s: %s", beside, strerror(errno));
        free(beside);
        return why;
    }
    good = take_after(fd, path) && write_all(fd, text, len) && fsync(fd) == 0;
    if (close(fd) < 0 || !good || rename(beside, path) < 0 ||
        !sync_directory(path)) {
        why = xasprintf("%s: %s", path, strerror(errno));
        unlink(beside);
    }
    free(beside);
    return why;
}
