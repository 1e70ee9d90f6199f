/* The ordered map against a sorted array: the same after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/hash.h"
#include "server/state/keymap.h"

#define KEYS  200
#define STEPS 20000

struct item {
    struct keynode_numbered by;
    char key[8];
};

static struct item *items[KEYS]; /* sorted */
static unsigned count;
static uint64_t seed = 12345, numbers;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % n;
}

/* Few letters, so that prefixes are common; NULs and high bytes, too. */
static size_t random_key(char *key)
{
    static const char letters[] = {'a', 'b', '\0', '/', (char)0xff};
    size_t len = below(6), i;

    for (i = 0; i < len; i++)
        key[i] = letters[below(sizeof(letters))];
    return len;
}

static int order(const struct item *i, const char *key, size_t len)
{
    size_t least = i->by.node.key_len < len ? i->by.node.key_len : len;
    int o = memcmp(i->key, key, least);

    return o ? o : (i->by.node.key_len > len) - (i->by.node.key_len < len);
}

/* The place of the first that is not less. */
static unsigned place(const char *key, size_t len)
{
    unsigned at = 0;

    while (at < count && order(items[at], key, len) < 0)
        at++;
    return at;
}

static struct item *item_new(const char *key, size_t len)
{
    struct item *i = xcalloc(1, sizeof(*i));

    memcpy(i->key, key, len);
    i->by.node.key = i->key;
    i->by.node.key_len = (uint32_t)len;
    i->by.number = ++numbers;
    return i;
}

static void step(struct keymap *m)
{
    char key[8];
    size_t len = random_key(key);
    unsigned at = place(key, len);
    bool there = at < count && !order(items[at], key, len);
    struct item *i;

    if (!there && count < KEYS) {
        i = item_new(key, len);
        keymap_insert(m, &i->by.node);
        memmove(items + at + 1, items + at, (count - at) * sizeof(i));
        items[at] = i;
        count++;
    } else if (there && below(2)) {
        i = item_new(key, len);
        keymap_replace(m, &items[at]->by.node, &i->by.node);
        free(items[at]);
        items[at] = i;
    } else if (there) {
        keymap_remove(m, &items[at]->by.node);
        free(items[at]);
        count--;
        memmove(items + at, items + at + 1, (count - at) * sizeof(i));
    }
}

static struct keynode *node_at(unsigned at)
{
    return at < count ? &items[at]->by.node : NULL;
}

static void compare(const struct keymap *m)
{
    char key[8];
    size_t len = random_key(key);
    unsigned at = place(key, len), behind = at, i;
    bool there = at < count && !order(items[at], key, len);
    uint64_t greatest = 0;

    assert_int_equal(m->count, count);
    assert_ptr_equal(keymap_find(m, key, len), there ? node_at(at) : NULL);
    assert_ptr_equal(keymap_from(m, key, len), node_at(at));
    assert_ptr_equal(keymap_after(m, key, len), node_at(at + there));
    for (i = at; i < count && keynode_has_prefix(node_at(i), key, len); i++) {
        behind = i + 1;
        if (items[i]->by.number > greatest)
            greatest = items[i]->by.number;
    }
    assert_ptr_equal(keymap_behind(m, key, len), node_at(behind));
    assert_int_equal(keymap_greatest(m, key, len), greatest);
}

static unsigned forgotten;

static void forget(struct keynode *n, void *arg)
{
    (void)arg;
    forgotten++;
    free(container_of(n, struct item, by.node));
}

static void it_is_a_sorted_array(void **state)
{
    struct keymap m = {.numbered = true};
    unsigned i;

    (void)state;
    hash_init();
    for (i = 0; i < STEPS; i++) {
        step(&m);
        compare(&m);
    }
    i = count;
    keymap_empty(&m, forget, NULL);
    assert_int_equal(forgotten, i);
    assert_int_equal(m.count, 0);
    assert_null(keymap_from(&m, "", 0));
    count = 0;
}

static unsigned depth(const struct keynode *n)
{
    unsigned left, right;

    if (!n)
        return 0;
    left = depth(n->left);
    right = depth(n->right);
    return 1 + (left > right ? left : right);
}

/* Keys in their order, as a client may choose them, make no list of it. */
static void it_stays_shallow(void **state)
{
    static struct item many[20000];
    struct keymap m = {0}; /* not numbered */
    unsigned i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(many); i++) {
        snprintf(many[i].key, sizeof(many[i].key), "%06u", i);
        many[i].by.node.key = many[i].key;
        many[i].by.node.key_len = 6;
        keymap_insert(&m, &many[i].by.node);
    }
    assert_in_range(depth(m.root), 15, 70);
    assert_int_equal(many[0].by.greatest, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_sorted_array),
        cmocka_unit_test(it_stays_shallow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
