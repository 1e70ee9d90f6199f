#include "plugins/registry/consul/rexec_kept.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/words.h"
#include "plugins/registry/consul/rexec_job.h"

#define HEAD       4 /* words before the first job */
#define PART_WORDS 3
#define ONE_WORDS  2 /* of a worker */

/* -- parts and targets ----------------------------------------------------- */

void rexec_targets_free(struct rexec_target *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].node);
        free(list[i].host);
    }
    free(list);
}

void rexec_parts_free(struct rexec_part *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].jid);
    free(list);
}

void rexec_kept_free(struct rexec_kept *k)
{
    free(k->prefix);
    free(k->dispatcher);
    rexec_parts_free(k->parts, k->n_parts);
    rexec_targets_free(k->targets, k->count);
    *k = (struct rexec_kept){0};
}

/* -- writing --------------------------------------------------------------- */

static void add_number(struct buf *out, uint64_t n)
{
    buf_add_char(out, ' ');
    buf_add_u64(out, n);
}

void rexec_kept_write(const struct rexec_kept *k, struct buf *out)
{
    base64_encode(out, k->prefix, strlen(k->prefix));
    add_number(out, k->wait_ms);
    buf_add_words(out, k->dispatcher);
    add_number(out, k->n_parts);
    for (size_t i = 0; i < k->n_parts; i++) {
        buf_add_words(out, k->parts[i].jid);
        add_number(out, k->parts[i].first);
        add_number(out, k->parts[i].count);
    }
    for (size_t i = 0; i < k->count; i++) {
        buf_add_words(out, k->targets[i].node);
        buf_add_words(out, k->targets[i].host);
    }
}

/* -- reading --------------------------------------------------------------- */

/* A copy; NULL: there is a NUL or a line end in it, or (named) nothing. */
static char *text_of(const struct word *w, bool named)
{
    if (memchr(w->text, '\0', w->len) || memchr(w->text, '\n', w->len) ||
        (named && !w->len))
        return NULL;
    return xmemdup0(w->text, w->len);
}

static bool read_prefix(struct rexec_kept *k, const struct word *w)
{
    struct buf text = BUF_INIT;
    bool good = base64_decode(&text, w->text, w->len) && buf_len(&text) &&
                buf_len(&text) <= REXEC_PREFIX_MAX &&
                !memchr(buf_data(&text), '\0', buf_len(&text));

    if (good)
        k->prefix = xstrdup(buf_str(&text));
    buf_free(&text);
    return good;
}

/* Each part follows the one before it, and the last ends with the workers. */
static bool read_parts(struct rexec_kept *k, const struct word *w, size_t n,
                       size_t workers)
{
    unsigned long long first, count;
    size_t next = 0;

    k->parts = xcalloc(n + 1, sizeof(*k->parts));
    for (size_t i = 0; i < n; i++, w += PART_WORDS) {
        struct rexec_part *p = &k->parts[i];

        p->jid = text_of(w, false);
        k->n_parts++;
        if (!p->jid || !word_to_u64(&w[1], workers, &first) ||
            !word_to_u64(&w[2], workers, &count) || first != next || !count ||
            count > workers - next)
            return false;
        p->first = next;
        p->count = count;
        next += count;
    }
    return !n || next == workers;
}

static bool read_targets(struct rexec_kept *k, const struct word *w, size_t n)
{
    k->targets = xcalloc(n, sizeof(*k->targets));
    for (size_t i = 0; i < n; i++, w += ONE_WORDS) {
        struct rexec_target *t = &k->targets[i];

        t->node = text_of(&w[0], true);
        t->host = text_of(&w[1], true);
        k->count++;
        if (!t->node || !t->host || (i && strcmp(t[-1].host, t->host) > 0))
            return false;
    }
    return true;
}

static const char *read_words(struct rexec_kept *k, const struct word *w,
                              size_t n)
{
    unsigned long long wait, parts;
    size_t workers;

    if (n < HEAD || !read_prefix(k, &w[0]))
        return "it has no Prefix";
    if (!word_to_u64(&w[1], REXEC_WAIT_MAX, &wait) || wait < REXEC_WAIT_MIN)
        return "it has no Wait";
    k->wait_ms = wait;
    k->dispatcher = text_of(&w[2], true);
    if (!k->dispatcher)
        return "it has no dispatcher";
    if (!word_to_u64(&w[3], (n - HEAD) / PART_WORDS, &parts))
        return "it has more jobs than it says";
    w += HEAD;
    n -= HEAD + PART_WORDS * parts;
    workers = n / ONE_WORDS;
    if (!workers || n % ONE_WORDS)
        return "it has no workers";
    if (!read_parts(k, w, parts, workers))
        return "its jobs are not those of its workers";
    if (!read_targets(k, w + PART_WORDS * parts, workers))
        return "its workers have no names, or are in no order";
    return NULL;
}

/* At most so many words are in it. */
static size_t most_words(const char *bytes, size_t len)
{
    size_t n = 2;

    for (size_t i = 0; i < len; i++)
        n += bytes[i] == ' ' || bytes[i] == '\t';
    return n;
}

const char *rexec_kept_read(struct rexec_kept *k, const char *bytes, size_t len)
{
    size_t most = most_words(bytes, len);
    struct word *words = xreallocarray(NULL, most, sizeof(*words));
    char *line = xmemdup0(bytes, len);
    int n = words_split(line, len, words, (int)most);
    const char *wrong = "it is no line of words";

    *k = (struct rexec_kept){0};
    if (n >= 0)
        wrong = read_words(k, words, (size_t)n);
    free(line);
    free(words);
    return wrong;
}
