/*
 * Databases that are opened, refused, copied and restored: every refusal names
 * the file and what to do, and leaves it as it was.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/db.h"
#include "lib/mem.h"
#include "t/unit/store_util.h"

static char path[128];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "%s", store_path("db"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_clear();
    return 0;
}

static void open_well(struct db *d)
{
    char *error = db_open(d, db_registry(), path);

    if (error)
        fail_msg("%s", error);
}

static void open_refused(const char *text)
{
    struct db d;
    char *error = db_open(&d, db_registry(), path);

    assert_non_null(error);
    if (!strstr(error, text))
        fail_msg("'%s' does not say '%s'", error, text);
    assert_non_null(strstr(error, path));
    free(error);
    db_close(&d);
}

static void run_sql(const char *file, const char *text)
{
    sqlite3 *sql;

    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static void write_bytes(const char *file, const void *bytes, size_t len,
                        off_t at)
{
    int fd = open(file, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
    close(fd);
}

/* A sum over the file, to see that it was left alone. */
static uint64_t file_sum(const char *file)
{
    FILE *f = fopen(file, "r");
    uint64_t sum = 1;
    int c;

    assert_non_null(f);
    while ((c = getc(f)) != EOF)
        sum = sum * 31 + (unsigned)c;
    fclose(f);
    return sum;
}

static void make_one(uint64_t revision)
{
    struct db d;

    open_well(&d);
    assert_true(db_set(&d, "revision", revision));
    assert_int_equal(sqlite3_exec(d.sql,
                                  "INSERT INTO records VALUES(1024, 'service', "
                                  "'a', 1, 'x 1 persist 1', 0)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    db_close(&d);
}

/* -- opening --------------------------------------------------------------- */

static void test_new(void **state)
{
    struct stat st;
    struct db d;
    uint64_t n;

    (void)state;
    open_well(&d);
    assert_true(db_get(&d, "nothing", &n) && n == 0);
    assert_true(db_set(&d, "x", (uint64_t)1 << 60));
    assert_true(db_get(&d, "x", &n) && n == (uint64_t)1 << 60);
    db_close(&d);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    open_well(&d);
    assert_true(db_get(&d, "x", &n) && n == (uint64_t)1 << 60);
    db_close(&d);
}

static void test_locked(void **state)
{
    struct db d;
    char pid[32];

    (void)state;
    open_well(&d);
    snprintf(pid, sizeof(pid), "pid %d, has this registry open", (int)getpid());
    open_refused(pid);
    db_close(&d);
    open_well(&d);
    db_close(&d);
}

static void test_folder(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "%s/db", store_path("missing"));
    open_refused("does not exist: make it with 'install -d -m 700 ");
    open_refused("-o registry.store=memory");
}

static void test_read_only(void **state)
{
    (void)state;
    if (!getuid())
        skip(); /* root may write anywhere; t/store/refused.t is another user */
    chmod(store_path("."), 0500);
    open_refused("may not write into the folder");
    chmod(store_path("."), 0700);
}

static void test_foreign(void **state)
{
    uint64_t sum;

    (void)state;
    write_bytes(path, "a text of somebody else's, not to be lost\n", 42, 0);
    sum = file_sum(path);
    open_refused("is no database of a registry, and is left alone");
    assert_int_equal(file_sum(path), sum);
    unlink(path);
    run_sql(path, "CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)");
    sum = file_sum(path);
    open_refused("is no database of a registry");
    assert_int_equal(file_sum(path), sum);
    unlink(path);
    mkdir(path, 0700);
    open_refused(path);
    rmdir(path);
}

static void test_newer(void **state)
{
    uint64_t sum;

    (void)state;
    make_one(7);
    run_sql(path, "PRAGMA user_version=99");
    sum = file_sum(path);
    open_refused("was written by a newer muster (schema 99");
    assert_int_equal(file_sum(path), sum);
}

static void test_damaged(void **state)
{
    char noise[3000];
    uint64_t sum;

    (void)state;
    make_one(7);
    memset(noise, 0xa5, sizeof(noise));
    write_bytes(path, noise, sizeof(noise), 4096);
    sum = file_sum(path);
    open_refused("is damaged (");
    open_refused("muster restore");
    assert_int_equal(file_sum(path), sum);
    write_bytes(path, noise, sizeof(noise), 0); /* its head, too */
    open_refused("is left alone");
}

/* -- copies ---------------------------------------------------------------- */

static void test_copy(void **state)
{
    char to[160], *error;
    struct stat st;
    struct db d;

    (void)state;
    snprintf(to, sizeof(to), "%s.copy", path);
    make_one(7);
    open_well(&d); /* in use, with changes in its log */
    assert_true(db_set(&d, "late", 5));
    error = db_copy(path, to);
    assert_null(error);
    db_close(&d);
    assert_int_equal(stat(to, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    run_sql(to, "SELECT 1/(value=5) FROM meta WHERE name='late'");
    error = db_copy(path, to);
    assert_non_null(strstr(error, "cannot make"));
    free(error);
    snprintf(to, sizeof(to), "%s/copy", store_path("missing"));
    error = db_copy(path, to);
    assert_non_null(strstr(error, "No such file"));
    free(error);
}

static uint64_t revision_of(const char *file)
{
    struct db d = {.lock = -1};
    uint64_t n;

    assert_int_equal(sqlite3_open(file, &d.sql), SQLITE_OK);
    assert_true(db_get(&d, "revision", &n));
    sqlite3_close(d.sql);
    return n;
}

static void restore_refused(const char *from, const char *text)
{
    struct db_restored r;
    char *error = db_restore(db_registry(), from, path, &r);

    assert_non_null(error);
    if (!strstr(error, text))
        fail_msg("'%s' does not say '%s'", error, text);
    free(error);
}

static void test_restore(void **state)
{
    const uint64_t ahead = (uint64_t)1 << 32;
    char backup[160], was[160];
    struct db_restored r;
    struct db d;

    (void)state;
    snprintf(backup, sizeof(backup), "%s.backup", path);
    snprintf(was, sizeof(was), "%s.replaced", path);
    make_one(7);
    assert_null(db_copy(path, backup));
    run_sql(path, "UPDATE meta SET value=1000 WHERE name='revision'");
    open_well(&d);
    restore_refused(backup, "has this registry open: stop it");
    db_close(&d);
    assert_null(db_restore(db_registry(), backup, path, &r));
    assert_true(r.replaced);
    assert_int_equal(r.counter, 1000 + ahead); /* beyond what was there */
    assert_int_equal(revision_of(path), 1000 + ahead);
    assert_int_equal(revision_of(was), 1000);
    assert_int_equal(revision_of(backup), 7); /* as it was */
    open_well(&d);
    db_close(&d);
    unlink(path);
    assert_null(db_restore(db_registry(), backup, path, &r));
    assert_false(r.replaced);
    assert_int_equal(r.counter, 7 + ahead);
}

/* What was there cannot be asked: far beyond, and it is kept. */
static void test_restore_over_damage(void **state)
{
    char backup[160], was[160];
    struct db_restored r;
    uint64_t sum;

    (void)state;
    snprintf(backup, sizeof(backup), "%s.backup", path);
    snprintf(was, sizeof(was), "%s.replaced", path);
    make_one(7);
    assert_null(db_copy(path, backup));
    write_bytes(path, "damage", 6, 0);
    sum = file_sum(path);
    assert_null(db_restore(db_registry(), backup, path, &r));
    assert_true(r.counter > (uint64_t)1 << 40);
    assert_int_equal(file_sum(was), sum);
    write_bytes(backup, "damage", 6, 0);
    restore_refused(backup, "is no database of a registry");
    unlink(backup);
    restore_refused(backup, "cannot read");
    write_bytes(backup, "", 0, 0);
    restore_refused(backup, "is empty");
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_new),     TEST(test_locked),
        TEST(test_folder),  TEST(test_read_only),
        TEST(test_foreign), TEST(test_newer),
        TEST(test_damaged), TEST(test_copy),
        TEST(test_restore), TEST(test_restore_over_damage),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
