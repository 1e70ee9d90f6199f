/*
 * Snapshots: everything that is kept, as one file, and such a file taken back
 * into a registry that runs.
 *
 * A file is an archive (gzip over tar) as Consul's own are, whose tools look at
 * it: meta.json says how much there is, state.bin is all of it, and SHA256SUMS
 * has the sums of both. state.bin is lines of words (lib/words.h), a record
 * each:
 *
 *   muster-snapshot 1 REVISION DATACENTER
 *   acl ID64 NAME64 client|management RULES64
 *   service NAME ATTRIBUTE VALUE ...            those that persist
 *   node NAME ADDRESS ID [tagged NAME VALUE]... [meta NAME VALUE]...
 *   check NODE SERVICEID ID NAME64 STATUS AGENT NOTES64 OUTPUT64 DEFINITION64
 *   session ID NAME NODE CHECKS BEHAVIOR LOCKDELAY TTLMS TTL
 *   key KEY64 VALUE64 FLAGS LOCKS SESSION       by key
 *   query ID FIELD VALUE ...
 *   end RECORDS                                 those before it, but the first
 *
 * where ...64 is base64. Tokens of muster's own (auth.tokens, muster token) are
 * not in it; Consul's are, with their secrets: whoever has the file has them.
 *
 *   save:    fork --> the child writes what there was at that moment, the loop
 *            hands it on as it comes
 *   restore: a thread looks at all of it, and only if all is right keeps it
 *            beside the database --> the loop changes what is not so, a little
 *            in each turn --> the thread removes the file
 *
 * What a restore changes are changes as any other: their revisions are new, and
 * who waits is told. What is in the registry and not in the file is removed,
 * but for what a connection holds. If musterd ends meanwhile, however it does,
 * the next start goes on with it before it serves anybody. If the store fails
 * part of it is done; to ask again does the rest.
 */
#ifndef MUSTER_SERVER_SNAPSHOT_H
#define MUSTER_SERVER_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/mem.h"

#define SNAPSHOT_META  "meta.json"
#define SNAPSHOT_STATE "state.bin"
#define SNAPSHOT_SUMS  "SHA256SUMS"

#define SNAPSHOT_FILE_MAX ((size_t)64 << 20)   /* bytes of a file */
#define SNAPSHOT_TEXT_MAX ((size_t)1024 << 20) /* ... of what is in it */

struct musterd;

/* -- saving ---------------------------------------------------------------- */

struct snapshot_save;

/*
 * Begins. *fd gives the file, and its end when it is whole or there is no more
 * of it: it is not blocking, and the callee's. NULL: it cannot, errno says why.
 */
struct snapshot_save *snapshot_save_begin(struct musterd *m, int *fd);
/* The end has come (ended), or nobody wants the rest. True: it was whole. */
bool snapshot_save_end(struct snapshot_save *s, bool ended);

/* In the child: all of it, into that descriptor. */
bool snapshot_write(struct musterd *m, int fd);

/* -- what is in one -------------------------------------------------------- */

enum snapshot_kind {
    SNAPSHOT_ACL,
    SNAPSHOT_SERVICE,
    SNAPSHOT_NODE,
    SNAPSHOT_CHECK,
    SNAPSHOT_SESSION,
    SNAPSHOT_KEY,
    SNAPSHOT_QUERY,
    SNAPSHOT_KINDS
};

struct snapshot_row {
    enum snapshot_kind kind;
    char *line; /* borrowed of the text; without its kind */
    uint32_t len;
};

struct snapshot {
    char *archive; /* owned */
    char *text;    /* the state in it */
    size_t len;
    struct snapshot_row *rows; /* owned; by kind, in the order of the kinds */
    size_t count;
};

/* The file's bytes, and whether all of it is right. NULL, or what is wrong
 * (free()). Pure: for any thread. s is to be freed in either case. */
MUST_CHECK char *snapshot_read(struct snapshot *s, const void *bytes,
                               size_t len);
void snapshot_free(struct snapshot *s);
/* Bytes that the first word of a line takes, its quotes too. */
size_t snapshot_name_len(const char *line, size_t len);

/* -- restoring ------------------------------------------------------------- */

struct snapshot_counts {
    size_t changed, removed, same;
};

enum snapshot_end {
    SNAPSHOT_DONE,
    SNAPSHOT_REFUSED, /* for the file, or before anything has changed */
    SNAPSHOT_FAILED,  /* only so much has been done */
    SNAPSHOT_LATER    /* ... and the next start does the rest */
};

/* wrong: NULL with SNAPSHOT_DONE. Valid during the call. */
typedef void snapshot_done_fn(void *arg, enum snapshot_end end,
                              const char *wrong,
                              const struct snapshot_counts *n);

/* bytes are taken over. Only one at a time: false (and they are still the
 * caller's), if there is one. */
bool snapshot_restore(struct musterd *m, char *bytes, size_t len,
                      snapshot_done_fn *done, void *arg);
/* After the start of all else: one that the last end has interrupted goes on.
 * False: there is none. */
bool snapshot_resume(struct musterd *m, snapshot_done_fn *done, void *arg);
/* The daemon ends: what is under way is left to the next start, or (nothing is
 * kept) given up, and done told. */
void snapshot_stop(struct musterd *m);

#endif
