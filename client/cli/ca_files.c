#include "client/cli/ca_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"

char *ca_file_read(const char *path, char **error)
{
    FILE *f = fopen(path, "re");
    char *text = xcalloc(1, CA_FILE_MAX + 1);
    size_t len = f ? fread(text, 1, CA_FILE_MAX, f) : 0;

    if (f && !ferror(f) && len < CA_FILE_MAX) {
        fclose(f);
        return text;
    }
    *error = xasprintf("cannot read %s: %s", path,
                       len == CA_FILE_MAX ? "it is too long" : strerror(errno));
    if (f)
        fclose(f);
    free(text);
    return NULL;
}

char *ca_folder_make(const char *path)
{
    char *copy = xstrdup(path), *at = copy, *error = NULL;
    bool more = true;

    while (more && !error) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        more = *at != '\0';
        *at = '\0';
        if (*copy && mkdir(copy, 0755) < 0 && errno != EEXIST)
            error = xasprintf("cannot make the folder %s: %s", copy,
                              strerror(errno));
        if (more)
            *at = '/';
    }
    free(copy);
    return error;
}

/* -- writing --------------------------------------------------------------- */

/* A file beside path with that text, on the disk; its name, or NULL. */
static char *write_beside(const char *path, const char *text, mode_t mode)
{
    char *name = xasprintf("%s.XXXXXX", path);
    size_t len = strlen(text);
    int fd = mkostemp(name, O_CLOEXEC);
    bool ok = fd >= 0 && fchmod(fd, mode) == 0 &&
              write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    int error = errno;

    if (fd >= 0)
        close(fd);
    if (ok)
        return name;
    if (fd >= 0)
        unlink(name);
    free(name);
    errno = error;
    return NULL;
}

/* Gives it its name. */
static bool put(const char *beside, const char *path, bool replace)
{
    if (replace)
        return rename(beside, path) == 0;
    return link(beside, path) == 0 && unlink(beside) == 0;
}

static char *cannot_write(const char *path)
{
    return xasprintf("cannot write %s: %s", path,
                     errno == EEXIST ? "it is there already (--force replaces "
                                       "it)"
                                     : strerror(errno));
}

/* Both are beside their places: the key goes first, for a certificate without
 * one is of no use to anybody. */
static char *put_both(const char *cert_beside, const char *cert_path,
                      const char *key_beside, const char *key_path,
                      bool replace)
{
    char *error;

    if (!put(key_beside, key_path, replace))
        return cannot_write(key_path);
    if (put(cert_beside, cert_path, replace))
        return NULL;
    error = cannot_write(cert_path);
    if (!replace)
        unlink(key_path);
    return error;
}

char *ca_pair_write(const char *cert_path, const char *cert,
                    const char *key_path, const char *key, bool replace)
{
    char *cert_beside, *key_beside, *error = NULL;
    struct stat st;

    errno = EEXIST;
    if (!replace && lstat(cert_path, &st) == 0)
        return cannot_write(cert_path);
    cert_beside = write_beside(cert_path, cert, 0644);
    if (!cert_beside)
        return cannot_write(cert_path);
    key_beside = write_beside(key_path, key, 0600);
    if (key_beside)
        error = put_both(cert_beside, cert_path, key_beside, key_path, replace);
    else
        error = cannot_write(key_path);
    if (error) {
        unlink(cert_beside);
        if (key_beside)
            unlink(key_beside);
    }
    free(cert_beside);
    free(key_beside);
    return error;
}
