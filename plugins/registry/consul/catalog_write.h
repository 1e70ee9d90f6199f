/*
 * What is registered in the catalog over HTTP, and what is removed.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_CATALOG_WRITE_H
#define PLUGINS_REGISTRY_CONSUL_CATALOG_WRITE_H

#include "lib/http.h"

enum http_verdict catalog_register_put(struct http_request *r, void *ctx);
enum http_verdict catalog_deregister_put(struct http_request *r, void *ctx);

#endif
