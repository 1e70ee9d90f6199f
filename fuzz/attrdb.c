/*
 * Static entries: any text is read or refused with at least one mistake, and
 * what is read are good names and values, each found again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "server/attrdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_entry(const struct attrdb *db, const struct attrdb_entry *e)
{
    const struct word *w = attrdb_pairs(db, e);
    bool persist = false;
    unsigned i;

    check(!service_name_wrong(e->name.text, e->name.len));
    check(attrdb_find(db, e->name.text, e->name.len) == e);
    check(e->count <= 33);
    for (i = 0; i < e->count; i++, w += 2) {
        check(w[0].text[w[0].len] == '\0' && w[1].text[w[1].len] == '\0');
        check(!attr_name_wrong(w[0].text, w[0].len));
        check(!attr_value_wrong(w[1].text, w[1].len));
        persist |= word_is(&w[0], "persist");
    }
    check(persist);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct attrdb_limits limits = {
        .name = 64, .value = 256, .attrs = 33};
    struct conf_errors errs = {0};
    struct attrdb db;
    size_t i;

    check(attrdb_read(&db, (const char *)data, size, "f", &limits, &errs) !=
          (errs.n > 0));
    for (i = 0; i < db.count; i++)
        check_entry(&db, &db.entries[i]);
    attrdb_free(&db);
    conf_errors_free(&errs);
    return 0;
}
