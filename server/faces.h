/*
 * The faces of musterd: the only place that names them. A face is its folder
 * in plugins/registry and a line here.
 */
#ifndef MUSTER_SERVER_FACES_H
#define MUSTER_SERVER_FACES_H

#include <stddef.h>

struct listen_face;

struct face_entry {
    const char *key; /* the setting that holds its address */
    const struct listen_face *(*face)(void);
};

const struct face_entry *faces_table(size_t *count);

#endif
