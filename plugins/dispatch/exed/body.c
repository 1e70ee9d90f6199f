#include "plugins/dispatch/exed/body.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/utf8.h"

#define BLANKS " \t\r\n"

/* The end of a string that begins at i. */
static size_t string_end(const char *text, size_t len, size_t i)
{
    for (i++; i < len && text[i] != '"'; i++)
        i += text[i] == '\\';
    return i;
}

/* Blanks a comma that stands behind a value and before a closing bracket. */
static void commas_drop(char *text, size_t len)
{
    char last = '\0'; /* before the comma, blanks aside */
    size_t i, comma = 0;

    for (i = 0; i < len; i++) {
        if (!text[i] || strchr(BLANKS, text[i]))
            continue;
        if ((text[i] == ']' || text[i] == '}') && comma)
            text[comma] = ' ';
        comma = text[i] == ',' && last && !strchr("[{,:", last) ? i : 0;
        last = text[i];
        if (text[i] == '"')
            i = string_end(text, len, i);
    }
}

char *body_parse(const char *bytes, size_t len, json_t **out)
{
    char *text = xmemdup0(bytes, len), *wrong = NULL;
    json_error_t error;
    json_t *o;

    commas_drop(text, len);
    o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!o)
        wrong = xasprintf("the body is no JSON: %s (line %d)", error.text,
                          error.line);
    else if (!json_is_object(o))
        wrong = xstrdup("the body is no JSON object");
    if (wrong)
        json_decref(o);
    else
        *out = o;
    return wrong;
}

json_t *body_text(const char *bytes, size_t len, int *base64)
{
    json_t *o = json_stringn(bytes, len);
    struct buf text = BUF_INIT;

    if (base64)
        *base64 = !o;
    if (o)
        return o;
    base64_encode(&text, bytes, len);
    o = json_string(buf_str(&text));
    buf_free(&text);
    return o;
}

json_t *body_clean(const char *text)
{
    json_t *o = json_string(text);
    size_t size = 4 * strlen(text) + 1;
    char *clean;

    if (o)
        return o;
    clean = xmalloc(size);
    o = json_string(utf8_clean(clean, size, text));
    free(clean);
    return o;
}
