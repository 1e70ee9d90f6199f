/*
 * Tokens of the registry's store over the admin face: its routes.
 *
 * Must not know how the store keeps them, nor who may ask.
 */
#ifndef MUSTER_FACE_ADMIN_TOKENS_H
#define MUSTER_FACE_ADMIN_TOKENS_H

#include "lib/http_route.h"

extern const struct http_table admin_tokens;

#endif
