/*
 * A snapshot's bytes looked at, whole: unpacked, summed up, cut into records,
 * each of which must be one that could have been written. Pure.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/attrs.h"
#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "lib/words.h"
#include "server/snapshot.h"
#include "server/snapshot_tar.h"
#include "server/state/acl_rules.h"
#include "server/state/catalog.h"
#include "server/state/directory.h"
#include "server/state/kv.h"
#include "server/state/queries_impl.h"

#define GZIP_BITS  (15 + 16) /* of zlib: gzip, and nothing else */
#define PIECE      ((size_t)1 << 18)
#define NODE_WORDS (4 + 3 * 2 * DIR_META_MAX)

/* -- unpacking ------------------------------------------------------------- */

static char *inflate_all(z_stream *z, struct buf *out)
{
    int rc = Z_OK;

    while (rc == Z_OK) {
        if (buf_len(out) > SNAPSHOT_TEXT_MAX)
            return xstrdup("there is more in it than a gigabyte");
        z->next_out = (Bytef *)buf_reserve(out, PIECE);
        z->avail_out = PIECE;
        rc = inflate(z, Z_NO_FLUSH);
        out->end += PIECE - z->avail_out;
        if (rc == Z_BUF_ERROR || (rc == Z_OK && !z->avail_in && z->avail_out))
            return xstrdup("it is cut short");
    }
    if (rc != Z_STREAM_END)
        return xstrdup("it is no gzip file, or damaged");
    return z->avail_in ? xstrdup("something stands behind its end") : NULL;
}

static char *unpack(struct buf *out, const void *bytes, size_t len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    char *wrong;

    if (len > SNAPSHOT_FILE_MAX || inflateInit2(&z, GZIP_BITS) != Z_OK)
        return xstrdup("it is too large");
    wrong = inflate_all(&z, out);
    inflateEnd(&z);
    return wrong;
}

/* -- records --------------------------------------------------------------- */

static bool is64(const struct word *w, size_t max)
{
    struct buf b = BUF_INIT;
    bool ok = base64_decode(&b, w->text, w->len) && buf_len(&b) <= max;

    buf_free(&b);
    return ok;
}

static bool is_number(const struct word *w)
{
    unsigned long long n;

    return word_to_u64(w, UINT64_MAX, &n);
}

static bool is_id(const struct word *w)
{
    return uuid_ok(w->text, w->len);
}

/* A text without line ends, of at least so many bytes. */
static bool is_text(const struct word *w, unsigned least)
{
    return w->len >= least && w->len <= DIR_TEXT_MAX &&
           !attr_value_wrong(w->text, w->len);
}

static bool acl_ok(struct word *w, int n)
{
    struct buf b = BUF_INIT;
    struct acl_rules *rules = NULL;
    char *why = NULL;
    bool ok = n == 4 && w[0].len && is64(&w[0], DIR_TEXT_MAX) &&
              is64(&w[1], DIR_TEXT_MAX) &&
              (word_is(&w[2], "management") || word_is(&w[2], "client")) &&
              base64_decode(&b, w[3].text, w[3].len);

    if (ok)
        rules = acl_rules_parse(buf_str(&b), buf_len(&b), &why);
    ok = rules != NULL;
    acl_rules_free(rules);
    free(why);
    buf_free(&b);
    return ok;
}

static bool node_ok(struct word *w, int n)
{
    int i;

    if (n < 3 || n % 3 || !is_text(&w[0], 1) || !is_text(&w[1], 1) ||
        (w[2].len && !is_id(&w[2])))
        return false;
    for (i = 3; i < n; i += 3)
        if ((!word_is(&w[i], "tagged") && !word_is(&w[i], "meta")) ||
            !is_text(&w[i + 1], 1) || !is_text(&w[i + 2], 0))
            return false;
    return true;
}

static bool check_ok(struct word *w, int n)
{
    enum dir_status status;

    return n == 9 && is_text(&w[0], 1) && is_text(&w[1], 0) &&
           is_text(&w[2], 1) && is64(&w[3], DIR_TEXT_MAX) &&
           dir_status_parse(w[4].text, &status) &&
           (word_is(&w[5], "0") || word_is(&w[5], "1")) &&
           is64(&w[6], DIR_TEXT_MAX) && is64(&w[7], DIR_OUTPUT_MAX) &&
           is64(&w[8], UINT16_MAX);
}

static bool session_ok(struct word *w, int n)
{
    return n == 8 && is_id(&w[0]) && is_text(&w[1], 0) && is_text(&w[2], 0) &&
           is_text(&w[3], 0) &&
           (word_is(&w[4], "delete") || word_is(&w[4], "release")) &&
           is_number(&w[5]) && is_number(&w[6]) && is_text(&w[7], 0);
}

static bool key_ok(struct word *w, int n)
{
    return n == 5 && w[0].len && is64(&w[0], KV_KEY_MAX) &&
           is64(&w[1], SNAPSHOT_TEXT_MAX) && is_number(&w[2]) &&
           is_number(&w[3]) && (!w[4].len || is_id(&w[4]));
}

/* -- lines ----------------------------------------------------------------- */

static const struct {
    const char *word;
    bool (*ok)(struct word *w, int n); /* of those behind it; or NULL */
} kinds[SNAPSHOT_KINDS] = {
    [SNAPSHOT_ACL] = {"acl ", acl_ok},
    [SNAPSHOT_SERVICE] = {"service ", NULL},
    [SNAPSHOT_NODE] = {"node ", node_ok},
    [SNAPSHOT_CHECK] = {"check ", check_ok},
    [SNAPSHOT_SESSION] = {"session ", session_ok},
    [SNAPSHOT_KEY] = {"key ", key_ok},
    [SNAPSHOT_QUERY] = {"query ", NULL},
};

size_t snapshot_name_len(const char *line, size_t len)
{
    bool quoted = false;
    size_t i;

    for (i = 0; i < len && (quoted || line[i] != ' '); i++)
        if (line[i] == '\'')
            quoted = !quoted;
    return i;
}

static bool service_ok(const char *line, size_t len)
{
    size_t name = snapshot_name_len(line, len);
    char *copy;
    struct word w;
    bool ok;

    if (!name || name >= len || !catalog_kept_ok(line + name, len - name))
        return false;
    copy = xmemdup0(line, name);
    ok = words_split(copy, name, &w, 1) == 1 &&
         !service_name_wrong(w.text, w.len);
    free(copy);
    return ok;
}

static bool query_ok(const char *line, size_t len)
{
    struct query_def d;
    char *wrong;

    if (len <= UUID_LEN || line[UUID_LEN] != ' ' || !uuid_ok(line, UUID_LEN))
        return false;
    wrong = query_read(&d, line + UUID_LEN, len - UUID_LEN);
    query_def_free(&d);
    free(wrong);
    return !wrong;
}

static bool words_ok(const struct snapshot_row *row)
{
    struct word *words = xcalloc(NODE_WORDS, sizeof(*words));
    char *copy = xmemdup0(row->line, row->len);
    int n = words_split(copy, row->len, words, NODE_WORDS);
    bool ok = n > 0 && kinds[row->kind].ok(words, n);

    free(copy);
    free(words);
    return ok;
}

static bool row_ok(const struct snapshot_row *row)
{
    if (memchr(row->line, '\0', row->len))
        return false;
    switch (row->kind) {
    case SNAPSHOT_SERVICE: return service_ok(row->line, row->len);
    case SNAPSHOT_QUERY: return query_ok(row->line, row->len);
    default: return words_ok(row);
    }
}

static bool row_of(struct snapshot_row *row, char *line, size_t len)
{
    size_t kind, n;

    for (kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        n = strlen(kinds[kind].word);
        if (len > n && len - n <= UINT32_MAX &&
            !memcmp(line, kinds[kind].word, n)) {
            *row = (struct snapshot_row){.kind = (enum snapshot_kind)kind,
                                         .line = line + n,
                                         .len = (uint32_t)(len - n)};
            return row_ok(row);
        }
    }
    return false;
}

/* -- all of it ------------------------------------------------------------- */

#define HEAD "muster-snapshot 1 "

/* The line of a file among the sums: SHA256, two blanks, its name. */
static bool sum_is_told(const char *sums, size_t len, const char *file,
                        const char *bytes, size_t size)
{
    char sum[SHA256_HEX + 1], *line;
    bool told;

    sha256_hex(bytes, size, sum);
    line = xasprintf("%s  %s\n", sum, file);
    told = memmem(sums, len, line, strlen(line)) != NULL;
    free(line);
    return told;
}

/* The state, out of its archive. */
static char *open_archive(struct snapshot *s, const struct buf *archive)
{
    const char *bytes = buf_data(archive), *state, *sums;
    size_t len = buf_len(archive), size, sums_len;

    state = tar_find(bytes, len, SNAPSHOT_STATE, &size);
    sums = tar_find(bytes, len, SNAPSHOT_SUMS, &sums_len);
    if (!state || !sums)
        return xasprintf("it is no archive of %s and %s, or damaged",
                         SNAPSHOT_STATE, SNAPSHOT_SUMS);
    if (!sum_is_told(sums, sums_len, SNAPSHOT_STATE, state, size))
        return xasprintf("the checksum of its %s is another one",
                         SNAPSHOT_STATE);
    s->text = s->archive + (state - bytes);
    s->len = size;
    return NULL;
}

/* The last line: end RECORDS. */
static char *check_end(const struct snapshot *s, size_t at, size_t *records)
{
    char *line = xmemdup0(s->text + at, s->len - at - 1);
    struct word w[2];
    unsigned long long n = 0;
    bool ok = words_split(line, s->len - at - 1, w, 2) == 2 &&
              word_is(&w[0], "end") && word_to_u64(&w[1], SIZE_MAX, &n);

    free(line);
    *records = (size_t)n;
    return ok ? NULL : xstrdup("its end is missing");
}

static char *cut(struct snapshot *s, size_t end, size_t records)
{
    char *at = (char *)memchr(s->text, '\n', s->len) + 1, *nl;
    char *stop = s->text + end;
    size_t room = 0;

    while (at < stop) {
        nl = memchr(at, '\n', (size_t)(stop - at));
        if (s->count == room) {
            room = room ? 2 * room : 64;
            s->rows = xreallocarray(s->rows, room, sizeof(*s->rows));
        }
        if (!nl || !row_of(&s->rows[s->count], at, (size_t)(nl - at)))
            return xasprintf("its line %zu is no record", s->count + 2);
        if (s->count && s->rows[s->count].kind < s->rows[s->count - 1].kind)
            return xasprintf("its line %zu is not in its place", s->count + 2);
        s->count++;
        at = nl + 1;
    }
    return s->count == records ? NULL
                               : xasprintf("it has %zu records, and says %zu",
                                           s->count, records);
}

char *snapshot_read(struct snapshot *s, const void *bytes, size_t len)
{
    struct buf archive = BUF_INIT;
    char *wrong = unpack(&archive, bytes, len), *last;
    size_t records = 0;

    *s = (struct snapshot){.archive = archive.data};
    if (!wrong)
        wrong = open_archive(s, &archive);
    if (wrong)
        return wrong;
    if (s->len <= sizeof(HEAD) || memcmp(s->text, HEAD, sizeof(HEAD) - 1) != 0)
        return xstrdup("it is no snapshot of a muster registry, or of a newer "
                       "one");
    if (s->text[s->len - 1] != '\n')
        return xstrdup("its last line is cut short");
    last = memrchr(s->text, '\n', s->len - 1);
    if (!last)
        return xstrdup("it has but one line");
    wrong = check_end(s, (size_t)(last + 1 - s->text), &records);
    return wrong ? wrong : cut(s, (size_t)(last + 1 - s->text), records);
}

void snapshot_free(struct snapshot *s)
{
    free(s->archive);
    free(s->rows);
    *s = (struct snapshot){0};
}
