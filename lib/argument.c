#include "lib/argument.h"

#include <stdint.h>
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
        explicit_bzero(value->text + buf_len(&bytes),
                       value->len - buf_len(&bytes));
        value->len = (unsigned)buf_len(&bytes);
        value->text[value->len] = '\0';
    }
    if (bytes.data)
        explicit_bzero(buf_data(&bytes), buf_len(&bytes));
    buf_free(&bytes);
    return good ? NULL : "the value behind a name with a colon is no base64";
}

void argument_word(struct buf *text, const char *word, size_t len)
{
    if (buf_len(text))
        buf_add_char(text, ' ');
    if (!buf_word_quotes(word, len)) {
        buf_add(text, word, len);
        return;
    }
    buf_add_char(text, '\'');
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '\'')
            buf_add_char(text, '\'');
        buf_add_char(text, word[i]);
    }
    buf_add_char(text, '\'');
}

bool argument_line_is_secret(const char *line, size_t len)
{
    return memmem(line, len, ".secret", strlen(".secret")) != NULL;
}

bool argument_is_binary(const char *value, size_t len)
{
    return len && (memchr(value, '\n', len) || memchr(value, '\0', len));
}

void argument_write(struct buf *out, const char *name, const char *value,
                    size_t len)
{
    struct buf text = BUF_INIT;
    size_t name_len = strlen(name);
    bool colon = name_len && name[name_len - 1] == ':';

    if (!colon && !argument_is_binary(value, len)) {
        buf_add_words(out, name);
        buf_add_word(out, value, len);
        return;
    }
    buf_add_fmt(&text, "%s:", name);
    buf_add_words(out, buf_str(&text));
    buf_reset(&text, SIZE_MAX);
    base64_encode(&text, value, len);
    buf_add_word(out, buf_data(&text), buf_len(&text));
    if (text.data)
        explicit_bzero(text.data, text.size);
    buf_free(&text);
}
