#include "lib/pidfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"

bool pidfile_write(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    bool good = fd >= 0 && write(fd, text, (size_t)len) == len;

    if (!good)
        log_error("the file for the process id, %s: %m", path);
    if (fd >= 0)
        close(fd);
    return good;
}

void pidfile_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[32] = "";
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (n > 0 && strtol(text, NULL, 10) == (long)getpid())
        unlink(path);
}
