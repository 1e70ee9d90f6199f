/*
 * hcl: what access rules are written in: a part of HCL 1, or the same as JSON.
 *
 *   key "web/" { policy = "write" }     # remarks, // or in stars, too
 *   operator = "read"
 *
 *   {"key": {"web/": {"policy": "write"}}, "operator": "read"}
 *
 * Both become the same tree. Of HCL there are blocks with any number of labels,
 * texts with their escapes, numbers, true and false, lists; and no
 * here-documents. Where the text begins with a brace it is JSON, as HCL has it.
 * What is wrong is refused, with its line; nothing is ignored, and no name may
 * stand twice in an object of JSON.
 *
 * Debian has no library for HCL in C. Pure: it must not know what rules are.
 */
#ifndef MUSTER_LIB_HCL_H
#define MUSTER_LIB_HCL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

#define HCL_DEPTH_MAX 16 /* objects and lists within each other */

enum hcl_kind { HCL_TEXT, HCL_NUMBER, HCL_BOOL, HCL_LIST, HCL_OBJECT };

struct hcl_item {
    char *key;  /* owned; UTF-8 without a NUL; NULL: an item of a list */
    char *text; /* owned; HCL_TEXT, the others as they are written; else NULL */
    enum hcl_kind kind;
    unsigned line;          /* from 1; of JSON: 0 */
    struct hcl_item *first; /* owned; HCL_LIST, HCL_OBJECT: in their order */
    struct hcl_item *next;  /* owned */
};

/* An object without a key, hcl_free(); or NULL, and *why (free()): what is
 * wrong, "line 3: ...". */
MUST_CHECK struct hcl_item *hcl_parse(const char *text, size_t len, char **why);
void hcl_free(struct hcl_item *item); /* NULL is fine */

#endif
