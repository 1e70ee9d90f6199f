/*
 * Writes to keys: the handlers of PUT and DELETE of /v1/kv (kv.c).
 */
#ifndef PLUGINS_REGISTRY_CONSUL_KV_WRITE_H
#define PLUGINS_REGISTRY_CONSUL_KV_WRITE_H

#include "lib/http_route.h"

struct call;
struct http_request;

enum http_verdict kv_write_put(struct http_request *r, void *ctx);
enum http_verdict kv_write_delete(struct http_request *r, void *ctx);

#endif
