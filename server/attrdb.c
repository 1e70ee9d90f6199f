#include "server/attrdb.h"

#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/mem.h"

/* The reader of one text: a place in it, and what has been read so far. */
struct reader {
    struct attrdb *db;
    const struct attrdb_limits *limits;
    struct conf_errors *errs;
    const char *file;
    char *p, *end; /* what is left of the line */
    int line;
    bool inside;        /* an entry has begun, and may go on */
    bool persist;       /* and says something of that */
    bool bad;           /* a mistake was told of this text */
    size_t words, size; /* in db->words: in use, allocated */
    size_t room;        /* entries allocated */
};

#define MISTAKE(r, ...)                                                        \
    do {                                                                       \
        (r)->bad = true;                                                       \
        conf_errors_add((r)->errs, (r)->file, (r)->line, __VA_ARGS__);         \
    } while (0)

/* -- words ----------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_word(char c)
{
    return is_blank(c) || c == '=' || c == '#';
}

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && is_blank(*r->p))
        r->p++;
}

/*
 * Takes a word, copying it down over its quotes. It is not ended yet: the NUL
 * would stand where what follows it is still to be read (word_end). False, and
 * told, if a quote is not closed.
 */
static bool take_word(struct reader *r, struct word *w)
{
    char *to = r->p, quote = '\0';

    *w = (struct word){.text = r->p};
    for (; r->p < r->end && (quote || !ends_word(*r->p)); r->p++) {
        if (!quote && (*r->p == '\'' || *r->p == '"')) {
            quote = *r->p;
            w->quoted = true;
        } else if (!quote || *r->p != quote) {
            *to++ = *r->p;
        } else if (r->p + 1 < r->end && r->p[1] == quote) {
            *to++ = *r->p++;
        } else {
            quote = '\0';
        }
    }
    w->len = (unsigned)(to - w->text);
    if (quote)
        MISTAKE(r, "a quote is not closed");
    return !quote;
}

/* Everything behind it has been looked at. */
static void word_end(struct word *w)
{
    w->text[w->len] = '\0';
}

/* -- entries --------------------------------------------------------------- */

static struct attrdb_entry *entry_of(struct reader *r)
{
    return &r->db->entries[r->db->count - 1];
}

static void add_pair(struct reader *r, const struct word *name,
                     const struct word *value)
{
    if (r->words + 2 > r->size) {
        r->size = r->size ? 2 * r->size : 64;
        r->db->words =
            xreallocarray(r->db->words, r->size, sizeof(*r->db->words));
    }
    r->db->words[r->words++] = *name;
    r->db->words[r->words++] = *value;
    entry_of(r)->count++;
}

/* An entry stays though nobody holds a connection for it. */
static void end_entry(struct reader *r)
{
    static char persist[] = "persist", one[] = "1";
    const struct word name = {.text = persist, .len = sizeof(persist) - 1};
    const struct word value = {.text = one, .len = sizeof(one) - 1};

    if (r->inside && !r->persist)
        add_pair(r, &name, &value);
    r->inside = r->persist = false;
}

static void begin_entry(struct reader *r, const struct word *name)
{
    const char *wrong = service_name_wrong(name->text, name->len);

    end_entry(r);
    if (wrong)
        MISTAKE(r, "'%.80s': %s", name->text, wrong);
    else if (r->limits->name && name->len > r->limits->name)
        MISTAKE(r, "the name of the service is too long: at most %zu bytes",
                r->limits->name);
    if (r->db->count == r->room) {
        r->room = r->room ? 2 * r->room : 16;
        r->db->entries =
            xreallocarray(r->db->entries, r->room, sizeof(*r->db->entries));
    }
    r->db->entries[r->db->count++] = (struct attrdb_entry){
        .name = *name, .first = r->words, .line = r->line};
    r->inside = true;
}

static void check_pair(struct reader *r, const struct word *name,
                       const struct word *value)
{
    const char *wrong = attr_name_wrong(name->text, name->len);

    if (!wrong)
        wrong = attr_value_wrong(value->text, value->len);
    if (wrong)
        MISTAKE(r, "'%.80s': %s", name->text, wrong);
    else if (r->limits->name && name->len > r->limits->name)
        MISTAKE(r, "the name of an attribute is too long: at most %zu bytes",
                r->limits->name);
    else if (r->limits->value && value->len > r->limits->value)
        MISTAKE(r, "the value of %.80s is too long: at most %zu bytes",
                name->text, r->limits->value);
    else if (word_is(name, "persist") && !strtol(value->text, NULL, 10))
        MISTAKE(r, "persist '%.80s': a static entry is persistent",
                value->text);
}

static void take_pair(struct reader *r, bool first, const struct word *name,
                      const struct word *value)
{
    if (word_is(name, "service") && (first || !name->quoted)) {
        if (first)
            begin_entry(r, value);
        else
            MISTAKE(r,
                    "service=%.80s: an entry begins with it, at the first "
                    "column of a line",
                    value->text);
        return;
    }
    if (first) {
        end_entry(r);
        MISTAKE(r,
                "'%.80s': an entry begins with service=NAME; what goes on "
                "with one is indented",
                name->text);
    }
    check_pair(r, name, value);
    if (!r->inside)
        return;
    add_pair(r, name, value);
    r->persist |= word_is(name, "persist");
}

/* -- lines ----------------------------------------------------------------- */

/* One attr=value; false at the end of the line, or where it makes no sense. */
static bool read_pair(struct reader *r, bool first)
{
    struct word name, value;

    skip_blanks(r);
    if (r->p == r->end || *r->p == '#' || !take_word(r, &name))
        return false;
    skip_blanks(r);
    if (r->p == r->end || *r->p != '=') {
        word_end(&name);
        MISTAKE(r, "'%.80s' has no value: write %.80s=VALUE", name.text,
                name.text);
        return false;
    }
    r->p++;
    word_end(&name);
    skip_blanks(r);
    if (!take_word(r, &value))
        return false;
    if (r->p < r->end && *r->p == '=') {
        MISTAKE(r, "the value of %.80s holds a =: quote it", name.text);
        return false;
    }
    if (r->p < r->end && *r->p == '#')
        r->end = r->p; /* the NUL takes its place */
    else if (r->p < r->end)
        r->p++;
    word_end(&value);
    take_pair(r, first, &name, &value);
    return true;
}

static void read_line(struct reader *r, char *line, size_t len)
{
    bool first = len && !is_blank(*line);

    r->line++;
    if (memchr(line, '\0', len)) {
        MISTAKE(r, "the line holds a NUL");
        return;
    }
    r->p = line;
    r->end = line + len - (len && line[len - 1] == '\r');
    skip_blanks(r);
    if (r->p == r->end || *r->p == '#')
        return;
    if (!first && !r->db->count && !r->bad)
        MISTAKE(r, "an attribute before the first entry: an entry begins with "
                   "service=NAME at the first column");
    while (read_pair(r, first))
        first = false;
}

static void read_lines(struct reader *r, char *text, size_t len)
{
    char *p = text, *stop;

    while (p < text + len) {
        stop = memchr(p, '\n', (size_t)(text + len - p));
        if (!stop)
            stop = text + len;
        read_line(r, p, (size_t)(stop - p));
        p = stop + 1;
    }
}

/* -- the whole ------------------------------------------------------------- */

static int word_order(const struct word *a, const struct word *b)
{
    unsigned len = a->len < b->len ? a->len : b->len;
    int order = len ? memcmp(a->text, b->text, len) : 0;

    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int pair_order(const void *a, const void *b)
{
    const struct word *const *x = a, *const *y = b;

    return word_order(*x, *y);
}

/* Each attribute of an entry once, and not too many of them. */
static void check_entry(struct reader *r, const struct attrdb_entry *e)
{
    const struct word **names = xcalloc(e->count + 1, sizeof(*names));
    unsigned i;

    r->line = e->line;
    if (r->limits->attrs && e->count > r->limits->attrs)
        MISTAKE(r, "%.80s has %u attributes: at most %u", e->name.text,
                e->count, r->limits->attrs);
    for (i = 0; i < e->count; i++)
        names[i] = &attrdb_pairs(r->db, e)[2 * i];
    if (e->count)
        qsort(names, e->count, sizeof(*names), pair_order);
    for (i = 1; i < e->count; i++)
        if (!word_order(names[i - 1], names[i]))
            MISTAKE(r, "%.80s has the attribute %.80s twice", e->name.text,
                    names[i]->text);
    free(names);
}

static int entry_order(const void *a, const void *b, void *arg)
{
    const struct attrdb *db = arg;
    const struct attrdb_entry *x = &db->entries[*(const size_t *)a];
    const struct attrdb_entry *y = &db->entries[*(const size_t *)b];
    int order = word_order(&x->name, &y->name);

    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void sort_entries(struct reader *r)
{
    struct attrdb *db = r->db;
    const struct attrdb_entry *e, *before;
    size_t i;

    db->by_name = xcalloc(db->count + 1, sizeof(*db->by_name));
    for (i = 0; i < db->count; i++)
        db->by_name[i] = i;
    if (db->count)
        qsort_r(db->by_name, db->count, sizeof(*db->by_name), entry_order, db);
    for (i = 1; i < db->count; i++) {
        before = &db->entries[db->by_name[i - 1]];
        e = &db->entries[db->by_name[i]];
        r->line = e->line;
        if (!word_order(&before->name, &e->name))
            MISTAKE(r, "%.80s is there already, in line %d", e->name.text,
                    before->line);
    }
}

bool attrdb_read(struct attrdb *db, const char *text, size_t len,
                 const char *file, const struct attrdb_limits *limits,
                 struct conf_errors *errs)
{
    struct reader r = {.db = db, .limits = limits, .errs = errs, .file = file};
    size_t i;

    *db = (struct attrdb){.text = xmemdup0(text, len)};
    read_lines(&r, db->text, len);
    end_entry(&r);
    for (i = 0; i < db->count; i++)
        check_entry(&r, &db->entries[i]);
    sort_entries(&r);
    conf_errors_sort(errs);
    if (r.bad)
        attrdb_free(db);
    return !r.bad;
}

void attrdb_free(struct attrdb *db)
{
    free(db->text);
    free(db->words);
    free(db->entries);
    free(db->by_name);
    *db = (struct attrdb){0};
}

const struct attrdb_entry *attrdb_find(const struct attrdb *db,
                                       const char *name, size_t len)
{
    const struct word key = {.text = (char *)name, .len = (unsigned)len};
    size_t from = 0, to = db->count, at;
    int order;

    while (from < to) {
        at = from + (to - from) / 2;
        order = word_order(&key, &db->entries[db->by_name[at]].name);
        if (!order)
            return &db->entries[db->by_name[at]];
        if (order < 0)
            to = at;
        else
            from = at + 1;
    }
    return NULL;
}
