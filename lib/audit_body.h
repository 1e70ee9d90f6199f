/*
 * audit_body: an event of the audit log as members of a JSON object, always
 * valid UTF-8 and never longer than AUDIT_BODY_MAX: a text that is too long
 * ends in "...", names that do not fit are counted. Pure.
 */
#ifndef MUSTER_LIB_AUDIT_BODY_H
#define MUSTER_LIB_AUDIT_BODY_H

#include <time.h>

#include "lib/audit.h"
#include "lib/audit_chain.h"
#include "lib/buf.h"

#define AUDIT_TEXT_MAX  1024 /* bytes of one text that are written */
#define AUDIT_NAMES_MAX 64   /* names of attributes that are written */

/* `"time":"…","who":"…",…` appended to out. */
void audit_body(struct buf *out, const struct timespec *when,
                const struct audit_event *e);

/* Parts of one, each with a comma before it but at the beginning: for lines
 * that the log writes about itself. */
void audit_body_time(struct buf *out, const struct timespec *when);
void audit_body_text(struct buf *out, const char *key, const char *text,
                     size_t len);
void audit_body_number(struct buf *out, const char *key, uint64_t n);

#endif
