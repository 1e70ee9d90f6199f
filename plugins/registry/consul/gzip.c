#include "plugins/registry/consul/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "lib/mem.h"

#define LEVEL       1         /* the time counts more than the last byte */
#define WINDOW_GZIP (15 + 16) /* zlib's for a header of gzip */
#define MEMORY      8
#define ROOM        4096 /* bytes to write to at once, at least */

struct gzip {
    z_stream stream;
};

struct gzip *gzip_new(void)
{
    struct gzip *z = xcalloc(1, sizeof(*z));

    if (deflateInit2(&z->stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        mem_exhausted();
    return z;
}

void gzip_free(struct gzip *z)
{
    if (!z)
        return;
    deflateEnd(&z->stream);
    free(z);
}

/* Of what fits zlib's counters. */
static void add_some(z_stream *s, int flush, struct buf *out)
{
    size_t room;

    do {
        room = s->avail_in / 2 + ROOM;
        s->next_out = (Bytef *)buf_reserve(out, room);
        s->avail_out = (uInt)room;
        deflate(s, flush);
        out->end += room - s->avail_out;
    } while (!s->avail_out);
}

void gzip_add(struct gzip *z, const void *bytes, size_t len, bool last,
              struct buf *out)
{
    z_stream *s = &z->stream;
    size_t part;

    s->next_in = (Bytef *)(uintptr_t)bytes;
    do {
        part = len < INT_MAX ? len : INT_MAX;
        s->avail_in = (uInt)part;
        len -= part;
        add_some(s, last && !len ? Z_FINISH : Z_NO_FLUSH, out);
    } while (len);
    if (last)
        deflateReset(s);
}

/* ";q=0", ";q=0.0": this one not. */
static bool is_refused(const char *params, size_t len)
{
    size_t i = 0;

    while (i < len && strchr("; \t", params[i]))
        i++;
    if (len - i < 3 || strncasecmp(params + i, "q=0", 3))
        return false;
    for (i += 3; i < len; i++)
        if (params[i] >= '1' && params[i] <= '9')
            return false;
    return true;
}

bool gzip_is_taken(const char *accept)
{
    size_t len, name;

    for (; accept && *accept; accept += len) {
        accept += strspn(accept, ", \t");
        len = strcspn(accept, ",");
        name = strcspn(accept, ",; \t");
        if (name == 4 && !strncasecmp(accept, "gzip", 4))
            return !is_refused(accept + name, len - name);
    }
    return false;
}
