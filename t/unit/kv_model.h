/*
 * The naive model that keys and sessions are compared with: a few keys in an
 * array, requests tried on a copy of all of it, everything found by looking at
 * everything. It shares no code with server/state.
 */
#ifndef MUSTER_TEST_KV_MODEL_H
#define MUSTER_TEST_KV_MODEL_H

#include "server/state/kv.h"
#include "server/state/session.h"

#define M_KEYS     40 /* "", and all of up to three of a, b and / */
#define M_SESSIONS 6
#define M_OPS      5

struct m_key {
    char key[4];
    bool there;
    char value[4];
    uint64_t flags, locks, created, changed;
    char session;      /* a letter; '-': nobody */
    uint64_t buried;   /* revision that deleted it; 0: not known */
    uint64_t until_ms; /* ... known till then */
    uint64_t delay_ms; /* cannot be locked till then */
};

struct m_session {
    bool there, ending;
    enum session_behavior behavior;
    uint64_t ttl_ms, expires_ms, created;
    uint32_t delay_ms;
};

struct m_state {
    struct m_key keys[M_KEYS];
    struct m_session sessions[M_SESSIONS]; /* 'a' + place */
    uint64_t now_ms, floor, index;
};

struct m_op {
    enum kv_verb verb;
    unsigned key;
    char value[4];
    uint64_t flags, index;
    char session;
};

void m_init(struct m_state *m);
/* What the request gives, as kv_told_done() writes it but without revisions of
 * entries; *m is what it makes of
 * the state if that is DONE. changed: the keys that it changes. */
void m_request(struct m_state *m, const struct m_op *ops, unsigned count,
               uint64_t revision, char *text, size_t size,
               bool changed[M_KEYS]);
/* True if it would change anything. */
bool m_changes(const struct m_state *m, const struct m_op *ops, unsigned count);
/* The session ends, and what becomes of its keys. */
void m_session_end(struct m_state *m, unsigned at, uint64_t revision,
                   bool changed[M_KEYS]);
/* Tombstones that are over are forgotten. */
void m_forget(struct m_state *m);
/* As after a new start. */
void m_restart(struct m_state *m, uint64_t revision);
/* All keys, as kv_text() writes them. */
void m_text(const struct m_state *m, char *text, size_t size);
bool m_covers(const struct m_key *k, const struct kv_scope *s);
uint64_t m_index(const struct m_state *m, const struct kv_scope *s);
bool m_has_changed(const struct m_state *m, const struct kv_scope *s,
                   uint64_t since);

#endif
