/*
 * Which files a worker runs as plugins: those that nobody but root and its own
 * user may have written.
 *
 * Must not know what is in them.
 */
#ifndef MUSTER_WORKER_PLUGIN_FILE_H
#define MUSTER_WORKER_PLUGIN_FILE_H

/* Why a file that is to be run must not be, or NULL: a static text. */
const char *plugin_file_wrong(const char *path);
/* Why no file of that folder is run, or NULL: a static text. */
const char *plugin_folder_wrong(const char *folder);

#endif
