#include "server/probe_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"
#include "server/probe_url.h"

#define LINE_MAX 8192
#define HEAD_MAX 65536 /* all lines but the body's */

void probe_answer_init(struct probe_answer *a, size_t body_max, bool no_body)
{
    *a = (struct probe_answer){.body_max = body_max, .no_body = no_body};
    line_init(&a->in, LINE_MAX);
}

void probe_answer_free(struct probe_answer *a)
{
    line_free(&a->in);
    buf_free(&a->body);
    free(a->location);
    a->location = NULL;
}

/* -- lines ----------------------------------------------------------------- */

static void take_status(struct probe_answer *a, const char *line)
{
    const char *p = line;

    if (strncmp(p, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)p[7]) ||
        p[8] != ' ' || !isdigit((unsigned char)p[9]) ||
        !isdigit((unsigned char)p[10]) || !isdigit((unsigned char)p[11]) ||
        (p[12] && p[12] != ' ')) {
        a->part = ANSWER_BROKEN;
        return;
    }
    a->status = (unsigned)atoi(p + 9);
    snprintf(a->reason, sizeof(a->reason), "%s", p[12] ? p + 13 : "");
    a->part = ANSWER_HEADERS;
}

/* The value of a header of that name, or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    return line + len + 1 + strspn(line + len + 1, " \t");
}

static void take_header(struct probe_answer *a, char *line, size_t len)
{
    const char *value;
    char *end;

    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        line[--len] = '\0';
    if ((value = value_of(line, "Content-Length"))) {
        a->left = strtoull(value, &end, 10);
        a->has_length = true;
        if (!isdigit((unsigned char)*value) || *end)
            a->part = ANSWER_BROKEN;
    } else if ((value = value_of(line, "Transfer-Encoding"))) {
        a->chunked = strcasecmp(value, "chunked") == 0;
    } else if ((value = value_of(line, "Location")) && !a->location &&
               strlen(value) <= PROBE_URL_MAX) {
        a->location = xstrdup(value);
    }
}

/* A status below 200 is followed by the answer proper. */
static void end_head(struct probe_answer *a)
{
    if (a->status < 200) {
        a->part = ANSWER_STATUS;
        a->has_length = a->chunked = false;
        free(a->location);
        a->location = NULL;
    } else if (a->no_body || a->status == 204 || a->status == 304) {
        a->part = ANSWER_DONE;
    } else if (a->chunked) {
        a->part = ANSWER_CHUNK;
    } else if (a->has_length) {
        a->part = a->left ? ANSWER_BODY : ANSWER_DONE;
    } else {
        a->part = ANSWER_TO_END;
    }
}

static void take_size(struct probe_answer *a, const char *line)
{
    char *end;

    a->left = strtoull(line, &end, 16);
    if (end == line || !isxdigit((unsigned char)*line))
        a->part = ANSWER_BROKEN;
    else
        a->part = a->left ? ANSWER_BODY : ANSWER_DONE; /* trailers: no need */
}

static void take_line(struct probe_answer *a, char *line, size_t len)
{
    a->head += len + 1;
    if (a->head > HEAD_MAX && !a->chunked) {
        a->part = ANSWER_BROKEN;
        return;
    }
    switch (a->part) {
    case ANSWER_STATUS: take_status(a, line); break;
    case ANSWER_HEADERS:
        if (len)
            take_header(a, line, len);
        else
            end_head(a);
        break;
    case ANSWER_CHUNK: take_size(a, line); break;
    case ANSWER_CHUNK_END: a->part = ANSWER_CHUNK; break;
    default: break;
    }
}

/* -- the body -------------------------------------------------------------- */

/* What is at hand of it. False: nothing is. */
static bool take_body(struct probe_answer *a)
{
    size_t len, room = a->body_max - buf_len(&a->body);
    size_t most = SIZE_MAX;
    const char *bytes;

    if (a->part == ANSWER_BODY && a->left < most)
        most = (size_t)a->left;
    bytes = line_bytes(&a->in, most, &len);
    if (!len)
        return false;
    if (len && room)
        buf_add(&a->body, bytes, len < room ? len : room);
    if (len > room) {
        a->part = ANSWER_DONE; /* enough */
    } else if (a->part == ANSWER_BODY) {
        a->left -= len;
        if (!a->left)
            a->part = a->chunked ? ANSWER_CHUNK_END : ANSWER_DONE;
    }
    return true;
}

static bool take_next(struct probe_answer *a)
{
    char *line;
    size_t len;

    if (a->part == ANSWER_BODY || a->part == ANSWER_TO_END)
        return take_body(a);
    switch (line_next(&a->in, false, &line, &len)) {
    case LINE_NONE: return false;
    case LINE_GOT: take_line(a, line, len); return true;
    case LINE_TOO_LONG: break;
    }
    a->part = ANSWER_BROKEN;
    return false;
}

static bool is_over(const struct probe_answer *a)
{
    return a->part == ANSWER_DONE || a->part == ANSWER_BROKEN;
}

bool probe_answer_feed(struct probe_answer *a, const char *bytes, size_t len)
{
    size_t room;

    while (len && !is_over(a)) {
        char *to = line_room(&a->in, len < LINE_MAX ? len : LINE_MAX, &room);
        size_t n = len < room ? len : room;

        memcpy(to, bytes, n);
        line_fed(&a->in, n);
        bytes += n;
        len -= n;
        while (!is_over(a) && take_next(a))
            ;
    }
    return is_over(a);
}

bool probe_answer_end(struct probe_answer *a)
{
    if (a->part == ANSWER_TO_END)
        a->part = ANSWER_DONE;
    return a->part == ANSWER_DONE;
}
