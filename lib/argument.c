#include "lib/argument.h"

#include <string.h>

#include "lib/base64.h"

const char *argument_decode(struct word *name, struct word *value)
{
    struct buf bytes = BUF_INIT;
    bool good;

    if (name->len < 2 || name->text[0] == '.' ||
        name->text[name->len - 1] != ':')
        return NULL;
    name->text[--name->len] = '\0';
    good = base64_decode(&bytes, value->text, value->len);
    if (good && bytes.data) {
        memcpy(value->text, buf_data(&bytes), buf_len(&bytes));
        value->len = (unsigned)buf_len(&bytes);
        value->text[value->len] = '\0';
    }
    if (bytes.data)
        explicit_bzero(buf_data(&bytes), buf_len(&bytes));
    buf_free(&bytes);
    return good ? NULL : "the value behind a name with a colon is no base64";
}

bool argument_is_binary(const char *value, size_t len)
{
    return len && (memchr(value, '\n', len) || memchr(value, '\0', len));
}

void argument_write(struct buf *out, const char *name, const char *value,
                    size_t len)
{
    buf_add_words(out, name);
    if (!argument_is_binary(value, len)) {
        buf_add_word(out, value, len);
        return;
    }
    buf_add_str(out, ": ");
    base64_encode(out, value, len);
}
