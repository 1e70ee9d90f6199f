#include "dispatcher/front.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define FRONT_LETTERS 12 /* of five bits each */

/* FNV-1a: the same after a restart, so that the worker's jobs are found. */
static uint64_t hash_of(const char *text)
{
    uint64_t h = 14695981039346656037ULL;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211ULL;
    return h ^ h >> 32;
}

char *front_name(const char *instance, const char *host)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char text[FRONT_LETTERS + 1];
    uint64_t h = hash_of(host);

    for (unsigned i = 0; i < FRONT_LETTERS; i++, h >>= 5)
        text[i] = letters[h & 31];
    text[FRONT_LETTERS] = '\0';
    return xasprintf("%sx%s", instance, text);
}

void front_write(struct buf *out, const char *name, const char *jid)
{
    const char *rest = strchr(jid, '-');
    char *id = xasprintf("%s%s", name, rest ? rest : "");

    buf_add_words(out, id);
    free(id);
}

void front_read(struct word *id, const char *name, const char *instance)
{
    size_t old = strlen(name), new = strlen(instance);

    if (id->len <= old || memcmp(id->text, name, old) != 0 ||
        id->text[old] != '-')
        return;
    id->text += old - new;
    id->len -= old - new;
    memcpy(id->text, instance, new);
}
