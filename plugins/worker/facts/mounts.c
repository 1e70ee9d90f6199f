#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "plugins/worker/facts/facts.h"

/* With data in them, of this machine. Others are the kernel's own, or are
 * asked over a network that may not answer: those are named and not asked. */
static bool is_local(const struct mntent *m)
{
    static const char *const types[] = {"tmpfs", "overlay", "zfs", "btrfs",
                                        "ramfs"};
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(m->mnt_type, types[i]) == 0)
            return true;
    return strncmp(m->mnt_fsname, "/dev/", 5) == 0 &&
           strncmp(m->mnt_type, "fuse", 4) != 0;
}

static bool is_remote(const struct mntent *m)
{
    static const char *const types[] = {"nfs",  "nfs4",      "cifs", "smb3",
                                        "ceph", "glusterfs", "9p"};
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(m->mnt_type, types[i]) == 0)
            return true;
    return strncmp(m->mnt_type, "fuse", 4) == 0;
}

static void add_sizes(json_t *o, const char *path)
{
    struct statvfs v;
    uint64_t size, available, used;

    if (statvfs(path, &v) < 0 || !v.f_blocks)
        return;
    size = (uint64_t)v.f_blocks * v.f_frsize;
    available = (uint64_t)v.f_bavail * v.f_frsize;
    used = (uint64_t)(v.f_blocks - v.f_bfree) * v.f_frsize;
    value_size(o, "size", size);
    value_size(o, "used", used);
    value_size(o, "available", available);
    value_capacity(o, used, used + available);
}

static json_t *mount_of(const struct mntent *m)
{
    json_t *o = json_object(), *options = json_array();
    char text[1024];
    char *save, *p;

    value_text(o, "device", m->mnt_fsname);
    value_text(o, "filesystem", m->mnt_type);
    snprintf(text, sizeof(text), "%s", m->mnt_opts);
    for (p = strtok_r(text, ",", &save); p; p = strtok_r(NULL, ",", &save))
        json_array_append_new(options, json_string(p));
    json_object_set_new(o, "options", options);
    if (is_local(m))
        add_sizes(o, m->mnt_dir);
    return o;
}

void facts_mounts(json_t *all)
{
    FILE *f = setmntent("/proc/self/mounts", "re");
    json_t *mounts = json_object();
    struct mntent m;
    char text[4096];

    while (f && getmntent_r(f, &m, text, sizeof(text)))
        if (is_local(&m) || is_remote(&m))
            value_object(mounts, m.mnt_dir, mount_of(&m));
    if (f)
        endmntent(f);
    value_object(all, "mountpoints", mounts);
}
