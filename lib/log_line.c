#include "lib/log_line.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "lib/utf8.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* A line in the making. */
struct line {
    char *data;
    size_t len;
    size_t limit; /* up to where clean text goes; the rest is for the end */
    bool json;    /* clean text stands inside a JSON string */
    bool cut;     /* something did not fit, and nothing follows */
};

/* Room kept for what closes a line: `","msg":"..."}` and the newline. */
#define END_ROOM 32

static void line_begin(struct line *l, char *out, bool json)
{
    *l = (struct line){
        .data = out, .limit = LOG_LINE_MAX - END_ROOM, .json = json};
}

/* Appends a text of ours, which is short and clean. */
static void line_add(struct line *l, const char *text)
{
    size_t len = strlen(text);

    if (l->len + len > LOG_LINE_MAX)
        len = LOG_LINE_MAX - l->len;
    memcpy(l->data + l->len, text, len);
    l->len += len;
}

/* Appends one unit of clean text whole, or marks the line as cut. */
static void line_add_unit(struct line *l, const char *unit, size_t len)
{
    char quoted[8];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (l->json && (unit[i] == '"' || unit[i] == '\\'))
            quoted[n++] = '\\';
        quoted[n++] = unit[i];
    }
    if (l->cut || l->len + n > l->limit) {
        l->cut = true;
        return;
    }
    memcpy(l->data + l->len, quoted, n);
    l->len += n;
}

static void line_add_escaped(struct line *l, const char *s, size_t len)
{
    char unit[5];

    for (size_t i = 0; i < len; i++) {
        snprintf(unit, sizeof(unit), "\\x%02x", (unsigned char)s[i]);
        line_add_unit(l, unit, 4);
    }
}

/* Appends any text, cleaned. */
static void line_add_clean(struct line *l, const char *s)
{
    size_t left = strlen(s), len;
    uint32_t code;

    for (; left > 0 && !l->cut; s += len, left -= len) {
        len = utf8_char(s, left, &code);
        if (len == 0 || utf8_unsafe(code)) {
            len = len == 0 ? 1 : len;
            line_add_escaped(l, s, len);
        } else if (*s == '\\') {
            line_add_unit(l, "\\\\", 2);
        } else {
            line_add_unit(l, s, len);
        }
    }
}

/* Appends the message and, where it is not the whole one, says so. */
static void line_add_msg(struct line *l, const struct log_event *e)
{
    line_add_clean(l, e->msg);
    if (l->cut || e->cut)
        line_add(l, "...");
}

static void line_add_time(struct line *l, const struct timespec *when)
{
    char text[48], part[32];
    struct tm tm;

    gmtime_r(&when->tv_sec, &tm);
    strftime(part, sizeof(part), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%03dZ", part,
             (int)(when->tv_nsec / 1000000 % 1000));
    line_add(l, text);
}

static void line_add_number(struct line *l, long number)
{
    char text[24];

    snprintf(text, sizeof(text), "%ld", number);
    line_add(l, text);
}

/* "ID: MESSAGE" */
static void line_add_plain(struct line *l, const struct log_event *e)
{
    if (e->id != NULL) {
        line_add_clean(l, e->id);
        line_add(l, ": ");
    }
    line_add_msg(l, e);
}

static void line_add_object(struct line *l, const struct log_event *e)
{
    l->json = true;
    line_add(l, "{\"time\":\"");
    line_add_time(l, &e->when);
    line_add(l, "\",\"level\":\"");
    line_add(l, level_names[e->level]);
    line_add(l, "\",\"program\":\"");
    line_add_clean(l, e->program);
    line_add(l, "\",\"pid\":");
    line_add_number(l, e->pid);
    if (e->id != NULL) {
        line_add(l, ",\"id\":\"");
        line_add_clean(l, e->id);
        line_add(l, "\"");
    }
    line_add(l, ",\"msg\":\"");
    line_add_msg(l, e);
    line_add(l, "\"}");
}

size_t log_line_text(const struct log_event *e, char *out)
{
    struct line l;

    line_begin(&l, out, false);
    line_add_time(&l, &e->when);
    line_add(&l, " ");
    line_add(&l, level_names[e->level]);
    line_add(&l, " ");
    line_add_clean(&l, e->program);
    line_add(&l, "[");
    line_add_number(&l, e->pid);
    line_add(&l, "]: ");
    line_add_plain(&l, e);
    line_add(&l, "\n");
    return l.len;
}

size_t log_line_json(const struct log_event *e, char *out)
{
    struct line l;

    line_begin(&l, out, true);
    line_add_object(&l, e);
    line_add(&l, "\n");
    return l.len;
}

size_t log_line_syslog(const struct log_event *e, enum log_format format,
                       char *out)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    char head[64], date[32];
    struct line l;
    struct tm tm;

    /* RFC 3164, as syslog(3) writes it: local time, C month names */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    localtime_r(&e->when.tv_sec, &tm);
    strftime(date, sizeof(date), "%e %H:%M:%S", &tm);
    snprintf(head, sizeof(head), "<%d>%.3s %s ",
             LOG_DAEMON | priorities[e->level], months + 3 * tm.tm_mon, date);
    line_begin(&l, out, false);
    line_add(&l, head);
    line_add_clean(&l, e->program);
    line_add(&l, "[");
    line_add_number(&l, e->pid);
    line_add(&l, "]: ");
    if (format == LOG_JSON)
        line_add_object(&l, e);
    else
        line_add_plain(&l, e);
    return l.len;
}
