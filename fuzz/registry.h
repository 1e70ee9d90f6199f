/*
 * One face of musterd, fed with any bytes, beside clients that behave: they
 * have registered services, and watch what happens to them.
 */
#ifndef MUSTER_FUZZ_REGISTRY_H
#define MUSTER_FUZZ_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

struct listen_face;

int fuzz_registry(const struct listen_face *face, const uint8_t *data,
                  size_t size);

#endif
