#include "worker/plugin_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

const char *plugin_file_wrong(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "it is no file";
    if (st.st_mode & S_IWOTH)
        return "anybody may write to it";
    if (!is_ours(&st))
        return "it belongs to another user";
    if (access(path, X_OK) < 0)
        return "it is not executable";
    return NULL;
}

/* The sticky bit keeps others from replacing what is ours. */
const char *plugin_folder_wrong(const char *folder)
{
    struct stat st;

    if (stat(folder, &st) < 0)
        return strerror(errno);
    if (!S_ISDIR(st.st_mode))
        return "it is no folder";
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return "anybody may write to it";
    return is_ours(&st) ? NULL : "it belongs to another user";
}
