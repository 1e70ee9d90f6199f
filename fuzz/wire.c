/*
 * What a worker says to the dispatcher: the first line is its greeting, each
 * later one words that become calls; whatever it is, nothing but whole and
 * well-formed ones are told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/wire_words.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void told_name(void *arg, const char *jid)
{
    (void)arg;
    must(jid && strlen(jid) < SIZE_MAX);
}

static void told_two(void *arg, const char *one, const char *two)
{
    told_name(arg, one);
    told_name(arg, two);
}

static void told_output(void *arg, const struct wire_output *o)
{
    told_name(arg, o->jid);
    must(o->stream <= DISPATCH_PROGRESSES && o->text[o->len] == '\0');
}

static void told_exit(void *arg, const struct wire_exit *e)
{
    told_two(arg, e->jid, e->rc);
    must(e->state <= 4);
}

static void told_have(void *arg, const char *jid, uint64_t last, bool exited)
{
    (void)last;
    (void)exited;
    told_name(arg, jid);
}

static void told_end(void *arg)
{
    (void)arg;
}

static void told_drained(void *arg, const char *error)
{
    (void)arg;
    must(!error || strlen(error) < 1UL << 20);
}

static const struct wire_handler handler = {
    .ack = told_name,
    .refuse = told_two,
    .output = told_output,
    .exit = told_exit,
    .have = told_have,
    .list_end = told_end,
    .load = told_two,
    .load_end = told_end,
    .drained = told_drained,
    .complaint = told_name,
};

static void one_line(char *line, size_t len, bool greeting)
{
    struct word words[WIRE_WORDS_MAX];
    int n = words_split(line, len, words, WIRE_WORDS_MAX);
    struct wire_hello hello;

    if (n <= 0)
        return;
    if (!greeting)
        (void)!wire_dispatch_words(&handler, NULL, words, n);
    else if (!wire_parse_hello(words, n, &hello))
        must(*hello.host && *hello.instance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size);
    char *p = text, *end = text + size, *stop;

    for (; p < end; p = stop + 1) {
        stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            stop = end;
        *stop = '\0';
        one_line(p, (size_t)(stop - p), p == text);
    }
    free(text);
    return 0;
}
