#include "server/snapshot_journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/auth/private_file.h"
#include "lib/db.h"
#include "server/musterd.h"
#include "server/snapshot.h"
#include "server/storage.h"

char *journal_path(const struct musterd *m)
{
    const char *db = storage_path(m->storage);

    return db ? xasprintf("%s" DB_SNAPSHOT, db) : NULL;
}

bool journal_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

char *journal_write(const char *path, const char *bytes, size_t len)
{
    char *why = private_write(path, bytes, len), *text;

    if (!why)
        return NULL;
    text = xasprintf("it cannot be kept while it is restored: %s", why);
    free(why);
    (void)unlink(path); /* the folder may not have been synced */
    return text;
}

char *journal_read(const char *path, size_t *len, char **wrong)
{
    return private_read(path, SNAPSHOT_FILE_MAX, len, wrong);
}

void journal_tidy(const char *path)
{
    char *folder = db_folder(path);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t len = strlen(base);
    DIR *d = opendir(folder);
    const struct dirent *e;

    while (d && (e = readdir(d)))
        if (!strncmp(e->d_name, base, len) && e->d_name[len] == '.' &&
            strlen(e->d_name + len) == strlen(".XXXXXX"))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    free(folder);
}

char *journal_drop(const char *path)
{
    if ((unlink(path) == 0 || errno == ENOENT) && db_sync_folder(path))
        return NULL;
    return xasprintf("all of it is done, but %s cannot be removed: %s: remove "
                     "it, or the next start does it again",
                     path, strerror(errno));
}
