/*
 * What the two halves of rex.h share: the compiled form. rex_compile.c writes
 * it, rex.c runs it; nobody else includes this.
 */
#ifndef MUSTER_LIB_REX_IMPL_H
#define MUSTER_LIB_REX_IMPL_H

#include <stdint.h>

#include "lib/rex.h"

enum rex_op {
    REX_BYTE,  /* that byte, then the next instruction */
    REX_CLASS, /* a byte of that class, then the next */
    REX_SPLIT, /* both at +x and at +y */
    REX_JUMP,  /* at +x */
    REX_BEGIN, /* the next, at the beginning of the text */
    REX_END,   /* the next, at its end */
    REX_SAVE,  /* the next; the place in the text is noted as the xth */
    REX_MATCH
};

struct rex_inst {
    enum rex_op op;
    int x, y; /* the byte; the class's number; relative places */
};

struct rex_class {
    uint32_t bits[256 / 32];
};

struct rex_slow;

struct rex {
    struct rex_inst *code;     /* owned */
    struct rex_slow *slow;     /* owned; texts that took long; or NULL */
    struct rex_class *classes; /* owned */
    int count, n_classes;
    bool anchored; /* begins with REX_BEGIN on every way */
};

static inline bool rex_class_has(const struct rex_class *k, unsigned char byte)
{
    return k->bits[byte / 32] >> byte % 32 & 1;
}

#endif
