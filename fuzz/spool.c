/*
 * A job's file in the spool, as a crash or a loss of power may have left it:
 * whatever bytes are there, what is read of it are whole lines of that job,
 * numbered without a gap, and the number of the newest is the last of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/mem.h"
#include "worker/spool_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JID "A-1"

static void must(bool good)
{
    if (!good)
        abort();
}

/* Lines from the first one behind seq, to the end. */
static void read_behind(int fd, const struct spool_look *look, uint64_t seq)
{
    uint64_t at = spool_file_seek(fd, JID, look->base, &seq);
    struct buf lines = BUF_INIT;
    const char *p, *lf;
    size_t n;

    must(at >= look->base);
    while ((n = spool_file_read(fd, at, 64, &lines)))
        at += n;
    p = buf_data(&lines);
    for (n = buf_len(&lines); n; n -= (size_t)(lf + 1 - p), p = lf + 1) {
        uint64_t number;

        lf = memchr(p, '\n', n);
        must(lf);
        number = spool_line_number(p, (size_t)(lf - p), JID);
        if (number != seq + 1)
            break; /* behind the last whole one */
        seq = number;
    }
    buf_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("spool", MFD_CLOEXEC);
    struct spool_look look;

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    if (spool_file_look(fd, JID, &look)) {
        must(look.base <= look.end && look.end <= size);
        must(!look.exit ||
             spool_line_number(look.exit, strlen(look.exit), JID) == look.last);
        read_behind(fd, &look, 0);
        read_behind(fd, &look, look.last / 2);
        read_behind(fd, &look, look.last);
    }
    spool_look_free(&look);
    close(fd);
    return 0;
}
