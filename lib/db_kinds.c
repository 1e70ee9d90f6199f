#include "lib/db.h"

const struct db_kind *db_registry(void)
{
    static const struct db_kind kind = {
        .what = "registry",
        .setting = "registry.store",
        .application_id = 0x6d737472, /* "mstr" */
        .version = 1,
        /* id: the revision that created it times DB_PLACES, and its place
         * among those that were created with it; new ones come behind all.
         * sum: db_sum() of the rest, for SQLite sees no damage in there */
        .schema = "CREATE TABLE records(id INTEGER PRIMARY KEY, "
                  "kind TEXT NOT NULL, key BLOB NOT NULL, "
                  "changed INTEGER NOT NULL, value BLOB NOT NULL, "
                  "sum INTEGER NOT NULL)",
        .counter = "revision",
    };

    return &kind;
}

const struct db_kind *db_jobs(void)
{
    static const struct db_kind kind = {
        .what = "dispatcher",
        .setting = "dispatcher.store",
        .application_id = 0x6d73746a, /* "mstj" */
        .version = 1,
        .large = true,
        /* jobs: ended in ms since 1970, NULL: it lives; spec as the words of a
         * request, state in pairs, tasks once it has ended; log: the first
         * entries of its life. log: further ones, of one turn in the order of
         * ids; task: whose output they are only, or -1. bytes: of all that.
         * Every blob ends in its db_sum(), four bytes, lowest first */
        .schema =
            "CREATE TABLE jobs(number INTEGER PRIMARY KEY, ended INTEGER, "
            "bytes INTEGER NOT NULL, spec BLOB NOT NULL, state BLOB NOT NULL, "
            "tasks BLOB, log BLOB NOT NULL);"
            "CREATE INDEX live ON jobs(number) WHERE ended IS NULL;"
            "CREATE TABLE log(id INTEGER PRIMARY KEY, job INTEGER NOT NULL, "
            "turn INTEGER NOT NULL, task INTEGER NOT NULL, "
            "data BLOB NOT NULL);"
            "CREATE INDEX log_of ON log(job);"
            "CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
            " WITHOUT ROWID",
        .counter = "jobs",
    };

    return &kind;
}
