/*
 * Facts of others: facter(8), if it is installed, and the files of a folder,
 * executables and .json and .txt. What goes wrong with one of them is named,
 * and the others count.
 *
 * Must not take longer than its deadlines, whatever those programs do.
 */
#ifndef MUSTER_FACTS_EXTERNAL_H
#define MUSTER_FACTS_EXTERNAL_H

#include <jansson.h>

#define EXTERNAL_MS    5000          /* for one executable */
#define EXTERNAL_ALL   30000         /* for all of a folder */
#define EXTERNAL_BYTES (256 * 1024)  /* of one file, or that it says */
#define EXTERNAL_FILES 256           /* of a folder; others are named */
#define FACTER_MS      20000         /* for facter(8) */
#define FACTER_BYTES   (1024 * 1024) /* that it says */

/* Each adds to all what it finds and to errors, NAME: WHY, what it does not. */
void external_facter(json_t *all, json_t *errors);
void external_folder(json_t *all, json_t *errors, const char *folder);

#endif
