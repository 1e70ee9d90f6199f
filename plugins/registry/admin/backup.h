/*
 * GET /v1/backup: a consistent copy of what the store keeps, made and sent
 * while changes go on.
 */
#ifndef MUSTER_FACE_ADMIN_BACKUP_H
#define MUSTER_FACE_ADMIN_BACKUP_H

#include "lib/http_route.h"

extern const struct http_table admin_backup;

#endif
