/*
 * What is in a snapshot: the input is its lines but for the last, which is made
 * here with the archive around it, for a checksum is nothing that chance finds.
 * What is taken has rows in the order of their kinds, each a line of the text.
 * The input is an archive, too, and a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/sha256.h"
#include "server/snapshot.h"
#include "server/snapshot_tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "muster-snapshot 1 7 dc1\n";

static void text_of(struct buf *text, const uint8_t *data, size_t size)
{
    size_t i, lines = 0;

    buf_add(text, head, sizeof(head) - 1);
    buf_add(text, data, size);
    for (i = 0; i < size; i++)
        lines += data[i] == '\n';
    buf_add_fmt(text, "end %zu\n", lines);
}

static void add_file(struct buf *tar, const char *name, const struct buf *text)
{
    tar_head(buf_reserve(tar, TAR_BLOCK), name, buf_len(text), 0);
    tar->end += TAR_BLOCK;
    buf_add(tar, buf_data(text), buf_len(text));
    memset(buf_reserve(tar, TAR_BLOCK), 0, TAR_BLOCK);
    tar->end += tar_padding(buf_len(text));
}

static void archive_of(struct buf *tar, const struct buf *text)
{
    struct buf sums = BUF_INIT;
    char sum[SHA256_HEX + 1];

    sha256_hex(buf_data(text), buf_len(text), sum);
    buf_add_fmt(&sums, "%s  %s\n", sum, SNAPSHOT_STATE);
    add_file(tar, SNAPSHOT_STATE, text);
    add_file(tar, SNAPSHOT_SUMS, &sums);
    buf_free(&sums);
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

static void read_back(const void *bytes, size_t len)
{
    struct snapshot s;
    char *wrong = snapshot_read(&s, bytes, len);

    if (!wrong)
        check(&s);
    free(wrong);
    snapshot_free(&s);
}

static void read_packed(const struct buf *archive)
{
    struct buf file = BUF_INIT;

    pack(&file, archive);
    read_back(buf_data(&file), buf_len(&file));
    buf_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_INIT, archive = BUF_INIT, raw = BUF_INIT;

    text_of(&text, data, size);
    archive_of(&archive, &text);
    read_packed(&archive);
    buf_add(&raw, data, size);
    read_packed(&raw);
    read_back(data, size);
    buf_free(&text);
    buf_free(&archive);
    buf_free(&raw);
    return 0;
}
