/*
 * The JSON body of a call, read as Consul reads it: names of fields in any
 * case, unknown ones left alone, null as if it was not there; what is no JSON,
 * and what is of a wrong type, is told in Go's words.
 *
 *   bool ok;
 *   const json_t *b = call_body(c, &ok);
 *
 *   if (!ok)
 *       return HTTP_DONE;
 *   name = body_text(c, b, "Name");
 *   body_uint(c, b, "Port", &port);
 *   if (!body_ok(c))
 *       return HTTP_DONE;
 *
 * A field may have several names: "ServiceID|service_id". A wrong type is
 * noted, and body_ok() tells of all of them.
 *
 * Of a number beyond 2^63 body_uint() gives the right value; use it, and not
 * jansson's, for whatever may be one.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_BODY_H
#define PLUGINS_REGISTRY_CONSUL_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

/*
 * The body, owned by the call. NULL and *ok: there is none (nor any where it is
 * only blanks). Not *ok: it is no JSON, and this has been answered: 400
 * "Request decode failed: ...".
 */
const json_t *call_body(struct call *c, bool *ok);
/* The same with other words before what is wrong: "Failed to parse body: ". */
const json_t *call_body_as(struct call *c, const char *prefix, bool *ok);
/* Where a body must be: 400 "...: EOF" without one. NULL: it was answered. */
const json_t *call_body_needed(struct call *c, const char *prefix);

/* False: something was of a wrong type, and 400 has been answered. */
bool body_ok(struct call *c);
/* Notes that something is wrong: a line of the answer, as "'Port' expected
 * ...". */
void body_wrong(struct call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The field as it is, null too; NULL: there is none. object may be NULL, or no
 * object (which is noted). */
const json_t *body_field(struct call *c, const json_t *object,
                         const char *names);

/* NULL or false: it is not there, null, or of a wrong type. *out is left. */
const char *body_text(struct call *c, const json_t *object, const char *names);
bool body_uint(struct call *c, const json_t *object, const char *names,
               uint64_t *out);
bool body_int(struct call *c, const json_t *object, const char *names,
              int64_t *out);
/* The field "Port" of a service. 0: it has none, or a negative one. */
unsigned body_port(struct call *c, const json_t *object);
bool body_bool(struct call *c, const json_t *object, const char *names,
               bool *out);
const json_t *body_list(struct call *c, const json_t *object,
                        const char *names);
const json_t *body_map(struct call *c, const json_t *object, const char *names);
/* "10s", or a number of nanoseconds. A text that is no duration is noted in
 * Go's words. */
bool body_duration(struct call *c, const json_t *object, const char *names,
                   int64_t *ns);

/* An item of a list as a text; NULL and noted if it is none. */
const char *body_item(struct call *c, const json_t *list, size_t i,
                      const char *names);

#endif
