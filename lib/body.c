#include "lib/body.h"

#include <string.h>

#include "lib/conn.h"
#include "lib/words.h"

#define NAME       ".body"
#define DIGITS_MAX 19 /* of a number of bytes */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_back(const char *line, size_t len, bool blanks)
{
    while (len && is_blank(line[len - 1]) == blanks)
        len--;
    return len;
}

/* The line ends in the words `.body` and another one; *front is what is before
 * them. */
static bool find(const char *line, size_t len, size_t *front,
                 struct word *number)
{
    size_t end = skip_back(line, len, true);
    size_t word = skip_back(line, end, false);
    size_t name_end = skip_back(line, word, true);
    size_t name = skip_back(line, name_end, false);

    *number = (struct word){.text = (char *)(uintptr_t)(line + word),
                            .len = (unsigned)(end - word)};
    *front = name;
    return name && name_end - name == strlen(NAME) &&
           memcmp(line + name, NAME, strlen(NAME)) == 0;
}

enum body_kind body_begin(struct body *b, struct conn *c, const char *line,
                          size_t len, uint64_t max, const char **why)
{
    unsigned long long n;
    struct word number;
    size_t front;

    if (!find(line, len, &front, &number))
        return BODY_NONE;
    if (number.len > DIGITS_MAX || !word_to_u64(&number, UINT64_MAX, &n)) {
        *why = NAME " takes a number of bytes";
        return BODY_WRONG;
    }
    b->dropped = n > max;
    if (b->dropped)
        *why = "the body is too long (limits.body)";
    if (b->dropped && n > BODY_DROP_MAX)
        return BODY_WRONG;
    buf_add(&b->line, line, front);
    buf_add_char(&b->line, '\0');
    b->line.end--;
    b->left = n;
    b->pending = n > 0;
    if (n)
        conn_take_bytes(c, n);
    if (b->dropped)
        return BODY_TOO_LONG;
    return n ? BODY_COMES : BODY_WHOLE;
}

bool body_add(struct body *b, const char *bytes, size_t len)
{
    if (!b->dropped)
        buf_add(&b->bytes, bytes, len);
    b->left -= len;
    b->pending = b->left > 0;
    return !b->left;
}

bool body_is_name(const char *name)
{
    return strcmp(name, NAME) == 0;
}

static void wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    buf_free(b);
}

void body_free(struct body *b)
{
    wipe(&b->line);
    wipe(&b->bytes);
    b->left = 0;
    b->pending = b->dropped = false;
}
