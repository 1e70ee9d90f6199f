/*
 * What is in a snapshot: the input is its lines but for the last, which is made
 * here, for a checksum is nothing that chance finds. What is taken has rows in
 * the order of their kinds, each a line of the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/sha256.h"
#include "server/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "muster-snapshot 1 7 dc1\n";

static void text_of(struct buf *text, const uint8_t *data, size_t size)
{
    char sum[SHA256_HEX + 1];
    size_t i, lines = 0;

    buf_add(text, head, sizeof(head) - 1);
    buf_add(text, data, size);
    for (i = 0; i < size; i++)
        lines += data[i] == '\n';
    sha256_hex(buf_data(text), buf_len(text), sum);
    buf_add_fmt(text, "end %zu %s\n", lines, sum);
}

/* As gzip: what is not packed will do. */
static void pack(struct buf *out, const struct buf *text)
{
    z_stream z = {.next_in = (Bytef *)buf_data(text),
                  .avail_in = (uInt)buf_len(text)};
    size_t room;

    if (deflateInit2(&z, 0, Z_DEFLATED, 15 + 16, 1, 0) != Z_OK)
        abort();
    room = deflateBound(&z, z.avail_in) + 64;
    z.next_out = (Bytef *)buf_reserve(out, room);
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    out->end += room - z.avail_out;
    deflateEnd(&z);
}

static void check(const struct snapshot *s)
{
    size_t i;

    for (i = 0; i < s->count; i++)
        if ((i && s->rows[i].kind < s->rows[i - 1].kind) ||
            s->rows[i].line < s->text ||
            s->rows[i].line + s->rows[i].len >= s->text + s->len)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_INIT, file = BUF_INIT;
    struct snapshot s;
    char *wrong;

    text_of(&text, data, size);
    pack(&file, &text);
    wrong = snapshot_read(&s, buf_data(&file), buf_len(&file));
    if (!wrong)
        check(&s);
    free(wrong);
    snapshot_free(&s);
    wrong = snapshot_read(&s, data, size); /* as no gzip at all */
    free(wrong);
    snapshot_free(&s);
    buf_free(&text);
    buf_free(&file);
    return 0;
}
