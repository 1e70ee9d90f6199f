#include "t/unit/plug_vfs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"

#define BLOCK 512

/* The real file's struct follows it in memory. */
struct plug_file {
    sqlite3_file base;
    sqlite3_file *real;
    char *synced; /* owned; NULL: not a file of a database */
    const char *path;
};

struct fault {
    uint32_t after, n;
};

static struct fault sync_fault, write_fault;
static sqlite3_vfs *real_vfs, vfs;
static sqlite3_io_methods methods;

void plug_fail_syncs(uint32_t after, uint32_t n)
{
    sync_fault = (struct fault){after, n};
}

void plug_fail_writes(uint32_t after, uint32_t n)
{
    write_fault = (struct fault){after, n};
}

static bool fails(struct fault *f)
{
    if (!f->n)
        return false;
    if (f->after) {
        f->after--;
        return false;
    }
    f->n -= f->n != UINT32_MAX;
    return true;
}

/* -- files as a whole ------------------------------------------------------ */

static char *file_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    long size;

    *len = 0;
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    data = xmalloc((size_t)size + 1);
    *len = fread(data, 1, (size_t)size, f);
    fclose(f);
    return data;
}

static void file_write(const char *path, const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static void remember(const struct plug_file *p)
{
    size_t len;
    char *data = p->synced ? file_read(p->path, &len) : NULL, *next;

    if (!data)
        return;
    /* whole or not at all: who is killed here has synced what was before */
    next = xasprintf("%s.next", p->synced);
    file_write(next, data, len);
    assert_int_equal(rename(next, p->synced), 0);
    free(next);
    free(data);
}

/* -- the methods ----------------------------------------------------------- */

#define REAL(f) (((struct plug_file *)(f))->real)

static int plug_close(sqlite3_file *f)
{
    struct plug_file *p = (struct plug_file *)f;

    free(p->synced);
    return REAL(f)->pMethods->xClose(REAL(f));
}

static int plug_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}

/* One that fails has written some of it. */
static int plug_write(sqlite3_file *f, const void *from, int n,
                      sqlite3_int64 at)
{
    if (fails(&write_fault)) {
        REAL(f)->pMethods->xWrite(REAL(f), from, n / 2, at);
        return SQLITE_IOERR_WRITE;
    }
    return REAL(f)->pMethods->xWrite(REAL(f), from, n, at);
}

static int plug_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int plug_sync(sqlite3_file *f, int flags)
{
    int rc;

    if (fails(&sync_fault))
        return SQLITE_IOERR_FSYNC;
    rc = REAL(f)->pMethods->xSync(REAL(f), flags);
    remember((struct plug_file *)f);
    return rc;
}

static int plug_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int plug_lock(sqlite3_file *f, int level)
{
    return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int plug_unlock(sqlite3_file *f, int level)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int plug_reserved(sqlite3_file *f, int *out)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int plug_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int plug_sector(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}

/* None that SQLite could rely on. */
static int plug_traits(sqlite3_file *f)
{
    (void)f;
    return 0;
}

static int plug_shm_map(sqlite3_file *f, int page, int size, int extend,
                        void volatile **out)
{
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}

static int plug_shm_lock(sqlite3_file *f, int from, int n, int flags)
{
    return REAL(f)->pMethods->xShmLock(REAL(f), from, n, flags);
}

static void plug_shm_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int plug_shm_unmap(sqlite3_file *f, int del)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

static int plug_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                     int flags, int *out)
{
    struct plug_file *p = (struct plug_file *)f;
    int rc;

    (void)v;
    *p = (struct plug_file){.real = (sqlite3_file *)(void *)(p + 1),
                            .path = name};
    rc = real_vfs->xOpen(real_vfs, name, p->real, flags, out);
    if (p->real->pMethods)
        p->base.pMethods = &methods;
    if (rc == SQLITE_OK && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) {
        p->synced = xasprintf("%s.synced", name);
        remember(p); /* what is there when it is opened is on the disk */
    }
    return rc;
}

void plug_use(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "plug";
    vfs.szOsFile = (int)sizeof(struct plug_file) + real_vfs->szOsFile;
    vfs.xOpen = plug_open;
    methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = plug_close,
        .xRead = plug_read,
        .xWrite = plug_write,
        .xTruncate = plug_truncate,
        .xSync = plug_sync,
        .xFileSize = plug_size,
        .xLock = plug_lock,
        .xUnlock = plug_unlock,
        .xCheckReservedLock = plug_reserved,
        .xFileControl = plug_control,
        .xSectorSize = plug_sector,
        .xDeviceCharacteristics = plug_traits,
        .xShmMap = plug_shm_map,
        .xShmLock = plug_shm_lock,
        .xShmBarrier = plug_shm_barrier,
        .xShmUnmap = plug_shm_unmap,
    };
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* -- the plug -------------------------------------------------------------- */

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void pull_file(const char *path, uint64_t *random)
{
    char *name = xasprintf("%s.synced", path);
    size_t len, was_len, i, n;
    char *now = file_read(path, &len), *was = file_read(name, &was_len);

    for (i = 0; was && now && i < len; i += BLOCK) {
        n = len - i < BLOCK ? len - i : BLOCK;
        if (draw(random) % 2)
            continue; /* this block was written in time */
        memset(now + i, 0, n);
        if (i < was_len)
            memcpy(now + i, was + i, was_len - i < n ? was_len - i : n);
    }
    if (was && now)
        file_write(path, now, len < was_len ? was_len : len);
    else if (now)
        unlink(path); /* it was never synced */
    unlink(name);
    free(name);
    free(now);
    free(was);
}

void plug_pull(const char *database, uint64_t *random)
{
    char *log = xasprintf("%s-wal", database);
    char *index = xasprintf("%s-shm", database);

    pull_file(database, random);
    pull_file(log, random);
    unlink(index); /* that is memory */
    free(log);
    free(index);
}

void plug_copy(const char *from, const char *to)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    size_t i, len;

    for (i = 0; i < ARRAY_LEN(parts); i++) {
        char *source = xasprintf("%s%s", from, parts[i]);
        char *place = xasprintf("%s%s", to, parts[i]);
        char *data = i < 2 ? file_read(source, &len) : NULL;

        unlink(place);
        if (data)
            file_write(place, data, len);
        free(data);
        free(source);
        free(place);
    }
}
