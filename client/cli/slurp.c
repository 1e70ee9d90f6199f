#include "client/cli/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 16384 /* bytes of one read */

char *slurp_bytes(const char *file, size_t max, struct buf *out)
{
    const char *name = file ? file : "standard input";
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    char *error = NULL;
    ssize_t n = 1;

    while (fd >= 0 && n > 0 && buf_len(out) <= max) {
        n = read(fd, buf_reserve(out, CHUNK), CHUNK);
        if (n > 0)
            out->end += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    if (fd < 0 || n < 0)
        error = xasprintf("%s: %s", name, strerror(errno));
    else if (buf_len(out) > max)
        error = xasprintf("%s: more than %zu bytes", name, max);
    if (file && fd >= 0)
        close(fd);
    return error;
}
