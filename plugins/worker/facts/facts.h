/*
 * What the plugin facter finds out, a file for each subject, as members of one
 * JSON object with the names that Puppet's facter gives them. What cannot be
 * found out is left out.
 *
 * Must not ask the network, nor a file system that is on one.
 */
#ifndef MUSTER_FACTS_FACTS_H
#define MUSTER_FACTS_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void facts_os(json_t *all);
void facts_hardware(json_t *all); /* processors, disks, dmi */
void facts_memory(json_t *all);   /* and load, uptime */
void facts_mounts(json_t *all);
void facts_network(json_t *all);
void facts_virtual(json_t *all);

/* value.c: texts of files, and members; NULL or "" is left out. */

/* The file's text up to size - 1 bytes without its last line end; false: it
 * cannot be read. */
bool value_file(const char *path, char *out, size_t size);
/* The same of a file named by a format. */
bool value_filef(char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void value_text(json_t *object, const char *name, const char *text);
void value_int(json_t *object, const char *name, uint64_t n);
/* NAME "1.50 GiB" and NAME_bytes. */
void value_size(json_t *object, const char *name, uint64_t bytes);
/* capacity "12.34%": used of total. */
void value_capacity(json_t *object, uint64_t used, uint64_t total);
/* Takes over inner: a member, unless it is empty. */
void value_object(json_t *object, const char *name, json_t *inner);

#endif
