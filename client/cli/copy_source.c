#include "client/cli/copy_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *failed(const char *path, int error)
{
    return xasprintf("%s: %s", path, strerror(error));
}

/* So many bytes from there, fewer only at the end; -1 and errno. */
static ssize_t read_at(int fd, char *out, size_t len, uint64_t at)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = pread(fd, out + got, len - got, (off_t)(at + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* To its end, wherever that is by now. */
static char *read_whole(struct copy_source *s)
{
    char *bytes = xmalloc(COPY_CHUNK), hex[SHA256_HEX + 1];
    struct sha256 whole;
    ssize_t n;

    sha256_begin(&whole);
    while ((n = read_at(s->fd, bytes, COPY_CHUNK, s->size)) > 0) {
        sha256_hex(bytes, (size_t)n, hex);
        sha256_add(&whole, bytes, (size_t)n);
        buf_add_fmt(&s->chunks, "%s\n", hex);
        s->size += (uint64_t)n;
        s->count++;
    }
    sha256_end(&whole, s->sha256);
    free(bytes);
    return n < 0 ? failed(s->path, errno) : NULL;
}

char *copy_source_open(struct copy_source *s, const char *path)
{
    struct stat st;
    char *why;

    *s = (struct copy_source){.path = path};
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return failed(path, errno);
    if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
        why = failed(path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
    else
        why = read_whole(s);
    s->mode = st.st_mode & 0777;
    if (why)
        copy_source_close(s);
    return why;
}

void copy_source_close(struct copy_source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    buf_free(&s->chunks);
}

const char *copy_source_hex(const struct copy_source *s, size_t i)
{
    return buf_data(&s->chunks) + i * (SHA256_HEX + 1);
}

char *copy_source_read(const struct copy_source *s, size_t i, struct buf *out)
{
    char hex[SHA256_HEX + 1];
    ssize_t n = read_at(s->fd, buf_reserve(out, COPY_CHUNK), COPY_CHUNK,
                        (uint64_t)i * COPY_CHUNK);

    if (n < 0)
        return failed(s->path, errno);
    sha256_hex(out->data + out->end, (size_t)n, hex);
    if (memcmp(hex, copy_source_hex(s, i), SHA256_HEX) != 0)
        return xasprintf("%s: it changed while it was copied", s->path);
    out->end += (size_t)n;
    return NULL;
}
