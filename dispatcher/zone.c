#include "dispatcher/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatcher/calendar.h"
#include "dispatcher/zone_rule.h"
#include "lib/buf.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define ZONE_LOCAL  "/etc/localtime"
#define ZONE_NAME   64 /* bytes of a zone's name */
#define FILE_MAX    (256 * 1024)
#define TIMES_MAX   65536
#define HEADER      44
#define OFFSET_MAX  (26 * 3600) /* RFC 8536: from -25 h to +26 h */
#define RULE_MAX    256         /* bytes of the rule at the end of a file */

/* The offset is first up to the first change, then as the changes say, then as
 * the rule does. */
struct zone {
    int32_t first;
    struct zone_change *changes; /* in order */
    size_t n_changes;
    bool has_rule;
    struct zone_rule rule;
};

/* -- a file ---------------------------------------------------------------- */

struct reader {
    const unsigned char *p;
    size_t left;
};

/* How many there are of each, as the header says. */
struct counts {
    uint32_t utc, std, leap, times, types, chars;
};

static uint64_t big(const unsigned char *p, size_t len)
{
    uint64_t n = 0;

    while (len--)
        n = n << 8 | *p++;
    return n;
}

static const unsigned char *take(struct reader *r, size_t len)
{
    const unsigned char *p = r->p;

    if (len > r->left)
        return NULL;
    r->p += len;
    r->left -= len;
    return p;
}

static bool take_header(struct reader *r, struct counts *c, char *version)
{
    const unsigned char *p = take(r, HEADER);

    if (!p || memcmp(p, "TZif", 4) != 0)
        return false;
    *version = (char)p[4];
    *c = (struct counts){(uint32_t)big(p + 20, 4), (uint32_t)big(p + 24, 4),
                         (uint32_t)big(p + 28, 4), (uint32_t)big(p + 32, 4),
                         (uint32_t)big(p + 36, 4), (uint32_t)big(p + 40, 4)};
    return c->utc <= 256 && c->std <= 256 && c->leap <= TIMES_MAX &&
           c->times <= TIMES_MAX && c->types && c->types <= 256 &&
           c->chars <= 4096;
}

/* wide: bytes of a time in this part. */
static size_t body_size(const struct counts *c, size_t wide)
{
    return c->times * (wide + 1) + c->types * 6 + c->chars +
           c->leap * (wide + 4) + c->std + c->utc;
}

static bool type_offset(const unsigned char *types, unsigned n, unsigned type,
                        int32_t *offset)
{
    if (type >= n)
        return false;
    *offset = (int32_t)(uint32_t)big(types + (size_t)type * 6, 4);
    return *offset > -OFFSET_MAX && *offset < OFFSET_MAX;
}

static bool take_body(struct zone *z, struct reader *r, const struct counts *c)
{
    const unsigned char *p = take(r, body_size(c, 8)), *kinds, *types;

    if (!p)
        return false;
    kinds = p + c->times * 8;
    types = kinds + c->times;
    if (!type_offset(types, c->types, 0, &z->first))
        return false;
    z->changes = xcalloc(c->times + 1, sizeof(*z->changes));
    for (uint32_t i = 0; i < c->times; i++) {
        struct zone_change *change = &z->changes[i];

        change->at = (int64_t)big(p + (size_t)i * 8, 8);
        if (i && change->at <= z->changes[i - 1].at)
            return false;
        if (!type_offset(types, c->types, kinds[i], &change->offset))
            return false;
    }
    z->n_changes = c->times;
    return true;
}

/* LF, the rule (which may be empty: none), LF */
static bool take_footer(struct zone *z, struct reader *r)
{
    const char *p = (const char *)r->p, *end;
    char text[RULE_MAX];
    size_t len;

    end = r->left > 1 && *p == '\n' ? memchr(p + 1, '\n', r->left - 1) : NULL;
    if (!end)
        return false;
    len = (size_t)(end - ++p);
    if (len >= sizeof(text) || memchr(p, '\0', len))
        return false;
    memcpy(text, p, len);
    text[len] = '\0';
    z->has_rule = len > 0;
    return !len || zone_rule_parse(&z->rule, text);
}

static bool read_file(struct zone *z, struct reader *r)
{
    struct counts c;
    char version;

    /* the first part has times of 32 bits, for readers of old */
    if (!take_header(r, &c, &version) || version < '2' ||
        !take(r, body_size(&c, 4)))
        return false;
    return take_header(r, &c, &version) && take_body(z, r, &c) &&
           take_footer(z, r);
}

struct zone *zone_from_file(const void *bytes, size_t len)
{
    struct reader r = {.p = bytes, .left = len};
    struct zone *z = xcalloc(1, sizeof(*z));

    if (read_file(z, &r))
        return z;
    zone_free(z);
    return NULL;
}

struct zone *zone_from_rule(const char *text)
{
    struct zone *z = xcalloc(1, sizeof(*z));

    if (zone_rule_parse(&z->rule, text)) {
        z->has_rule = true;
        z->first = z->rule.offset;
        return z;
    }
    zone_free(z);
    return NULL;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->changes);
    free(z);
}

/* -- by name --------------------------------------------------------------- */

static struct zone *load(const char *path)
{
    struct buf file = BUF_INIT;
    struct zone *z = NULL;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    while (fd >= 0 && n > 0 && buf_len(&file) <= FILE_MAX) {
        n = read(fd, buf_reserve(&file, 4096), 4096);
        if (n > 0)
            file.end += (size_t)n;
    }
    if (fd >= 0 && n == 0)
        z = zone_from_file(buf_data(&file), buf_len(&file));
    if (fd >= 0)
        close(fd);
    buf_free(&file);
    return z;
}

/* No way out of the folder of time zones. */
static bool name_is_fine(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                  "stuvwxyz0123456789_+-/";
    size_t len = strlen(name);

    return len && len <= ZONE_NAME && name[0] != '/' &&
           strspn(name, allowed) == len;
}

static struct zone *load_name(const char *name)
{
    struct zone *z = NULL;

    if (name_is_fine(name)) {
        char *path = xasprintf(ZONE_FOLDER "%s", name);

        z = load(path);
        free(path);
    }
    return z;
}

/* As tzset(3) has it. */
static struct zone *load_local(void)
{
    const char *text = getenv("TZ");
    struct zone *z = NULL;

    if (!text) {
        z = load(ZONE_LOCAL);
    } else {
        text += *text == ':';
        z = *text == '/' ? load(text) : load_name(text);
        if (!z)
            z = zone_from_rule(text);
    }
    return z ? z : zone_from_rule("UTC0");
}

struct zone *zone_open(const char *name, char **error)
{
    struct zone *z = name ? load_name(name) : load_local();

    *error = NULL;
    if (!z)
        *error = xasprintf("there is no time zone %.64s in " ZONE_FOLDER, name);
    return z;
}

/* -- looking up ------------------------------------------------------------ */

/* How many of the table's changes are at t or before. */
static size_t changes_before(const struct zone *z, int64_t t)
{
    size_t low = 0, high = z->n_changes;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (z->changes[mid].at <= t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

#define RULE_CHANGES 6

/* The rule's changes of three years stand around t, in order. */
static void rule_changes(const struct zone *z, int64_t t,
                         struct zone_change changes[RULE_CHANGES])
{
    int64_t year = calendar_date(calendar_day_of(t)).year;

    for (int i = 0; i < 3; i++)
        zone_rule_year(&z->rule, year - 1 + i, &changes[(ptrdiff_t)i * 2]);
}

static int32_t rule_offset(const struct zone *z, int64_t t)
{
    struct zone_change changes[RULE_CHANGES];
    int32_t offset = z->rule.offset;

    if (!z->rule.has_summer)
        return offset;
    rule_changes(z, t, changes);
    for (size_t i = 0; i < RULE_CHANGES && changes[i].at <= t; i++)
        offset = changes[i].offset;
    return offset;
}

static int32_t offset_at(const struct zone *z, int64_t t)
{
    size_t n = changes_before(z, t);

    if (n == z->n_changes && z->has_rule)
        return rule_offset(z, t);
    return n ? z->changes[n - 1].offset : z->first;
}

void zone_span_at(const struct zone *z, int64_t t, struct zone_span *span)
{
    size_t n = changes_before(z, t);
    struct zone_change changes[RULE_CHANGES];

    *span = (struct zone_span){.start = n ? z->changes[n - 1].at : INT64_MIN,
                               .end = INT64_MAX};
    if (n < z->n_changes) {
        span->end = z->changes[n].at;
    } else if (z->has_rule && z->rule.has_summer) {
        rule_changes(z, t, changes);
        for (size_t i = 0; i < RULE_CHANGES; i++) {
            if (changes[i].at <= t && changes[i].at > span->start)
                span->start = changes[i].at;
            if (changes[i].at > t && changes[i].at < span->end)
                span->end = changes[i].at;
        }
    }
    span->offset = span->before = offset_at(z, t);
    if (span->start != INT64_MIN)
        span->before = offset_at(z, span->start - 1);
}

int64_t zone_from_local(const struct zone *z, int64_t local)
{
    struct zone_span span;
    int64_t t = local - 2 * CALENDAR_DAY; /* more than any offset */

    for (;;) {
        zone_span_at(z, t, &span);
        if (span.start != INT64_MIN && local - span.offset < span.start)
            return span.start; /* it was skipped */
        if (local - span.offset < span.end)
            return local - span.offset;
        t = span.end;
    }
}
