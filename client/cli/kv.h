/*
 * muster kv: what its words are, a file each or two, and the pairs that they
 * read.
 *
 * Must not know how a pair is printed.
 */
#ifndef MUSTER_CLI_KV_H
#define MUSTER_CLI_KV_H

#include "client/cli/consul.h"

/* A key with what it holds. */
struct kv_pair {
    char *key; /* owned */
    size_t key_len;
    struct buf value; /* any bytes */
    uint64_t flags;
    uint64_t created, changed; /* indexes */
    uint64_t locks;            /* how often it was locked */
    char *session;             /* owned; who holds it; "": nobody */
};

/* Reads one object of an answer; false: it is none of a pair. kv_pair_free()
 * in either case. */
bool kv_pair_read(struct kv_pair *p, const json_t *object);
void kv_pair_free(struct kv_pair *p);

/* A text or bytes, as JSON: {"base64": …} where it is no UTF-8. */
json_t *kv_json_bytes(const char *text, size_t len);
json_t *kv_json_number(uint64_t n);
/* The pair as an object. */
json_t *kv_pair_json(const struct kv_pair *p);
/* Appends KEY VALUE, a line: the key as a word, the value made safe. */
void kv_pair_line(struct buf *out, const struct kv_pair *p);

/* "/v1/kv/KEY" */
void kv_path(struct buf *out, const char *key);

/* The words, each with the number of the words that follow it. */
int kv_get(struct cli *cli);
int kv_list(struct cli *cli);
int kv_put(struct cli *cli);
int kv_delete(struct cli *cli);
int kv_watch(struct cli *cli);
int kv_lock(struct cli *cli);

#endif
