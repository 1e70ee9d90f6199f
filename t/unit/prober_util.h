/*
 * A prober under test: two runs at once, scripts allowed; what it says is
 * heard, and time is that of fake_time.h.
 */
#ifndef MUSTER_TEST_PROBER_UTIL_H
#define MUSTER_TEST_PROBER_UTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "server/prober.h"

/* What was said last, and how often. */
struct prober_heard {
    unsigned reports, reaps;
    char id[64];
    enum probe_status status;
    char output[PROBE_OUTPUT_MAX + 200];
    bool drops; /* what is reaped is dropped at once */
};

struct prober_world {
    struct loop *loop;
    struct prober *prober;
    int listening; /* on a port of 127.0.0.1, and does not block */
    uint16_t port;
    struct prober_heard heard;
    bool lives;        /* what is put gives signs of life */
    uint64_t alive_ms; /* when it gave the last one */
};

struct prober_world *world(void);
int prober_setup(void **state);
int prober_teardown(void **state);

int listen_any(uint16_t *at);
/* The port alone: who connects is refused until it is listened on. */
int bind_any(uint16_t *at);
struct probe_id named(const char *id);
/* Puts a check of that line, soon. */
void put(const char *id, enum probe_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void assert_heard(unsigned reports, const char *id, enum probe_status status,
                  const char *output);

#endif
