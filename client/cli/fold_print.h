/*
 * fold_print: how folded outputs are told: to people each text once, families
 * of alike ones as one text with a * for what is not the same in all of them,
 * and what is not like the most as the difference from it; to programs every
 * text as it is.
 */
#ifndef MUSTER_CLI_FOLD_PRINT_H
#define MUSTER_CLI_FOLD_PRINT_H

#include "client/cli/life.h"

/* Everything in life->fold, onto the output. */
void fold_print(struct life *l);

#endif
