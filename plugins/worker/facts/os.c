#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "plugins/worker/facts/facts.h"
#include "worker/facts.h"

#define SELINUX "/sys/fs/selinux/enforce"

/* What Puppet calls the systems whose ID in os-release(5) is that. */
static const struct distro {
    const char *id, *name, *family;
} distros[] = {
    {"debian", "Debian", "Debian"},
    {"ubuntu", "Ubuntu", "Debian"},
    {"linuxmint", "LinuxMint", "Debian"},
    {"raspbian", "Raspbian", "Debian"},
    {"devuan", "Devuan", "Debian"},
    {"rhel", "RedHat", "RedHat"},
    {"centos", "CentOS", "RedHat"},
    {"fedora", "Fedora", "RedHat"},
    {"rocky", "Rocky", "RedHat"},
    {"almalinux", "AlmaLinux", "RedHat"},
    {"ol", "OracleLinux", "RedHat"},
    {"amzn", "Amazon", "RedHat"},
    {"sles", "SLES", "Suse"},
    {"opensuse-leap", "OpenSuSE", "Suse"},
    {"opensuse-tumbleweed", "OpenSuSE", "Suse"},
    {"arch", "Archlinux", "Archlinux"},
    {"gentoo", "Gentoo", "Gentoo"},
    {"alpine", "Alpine", "Alpine"},
};

static const struct distro *distro_find(const char *id, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(distros) / sizeof(distros[0]); i++)
        if (strlen(distros[i].id) == len &&
            strncasecmp(distros[i].id, id, len) == 0)
            return &distros[i];
    return NULL;
}

/* That of the system, or of one that it is like. */
static const char *family_of(const struct distro *d, const char *like)
{
    for (; !d && *like; like += strcspn(like, " "), like += *like == ' ')
        d = distro_find(like, strcspn(like, " "));
    return d ? d->family : "Linux";
}

/* 12.5 is 12 and 5; Ubuntu's major release is 22.04. */
static json_t *release(const char *full, bool ubuntu)
{
    json_t *o = json_object();
    size_t major = strcspn(full, ".");
    char text[64];

    if (ubuntu && full[major])
        major += 1 + strcspn(full + major + 1, ".");
    value_text(o, "full", full);
    snprintf(text, sizeof(text), "%.*s", (int)major, full);
    value_text(o, "major", text);
    if (full[major]) {
        snprintf(text, sizeof(text), "%.*s",
                 (int)strcspn(full + major + 1, "."), full + major + 1);
        value_text(o, "minor", text);
    }
    return o;
}

/* VALUE of NAME=VALUE in an os-release text, "" if there is none. */
static void release_value(const char *text, const char *name, char *out,
                          unsigned size)
{
    if (!facts_os_release(text, name, out, size))
        out[0] = '\0';
}

static void add_distro(json_t *os, const char *text, const char *id,
                       const char *full)
{
    json_t *o = json_object();
    char value[128];

    value_text(o, "id", id);
    release_value(text, "PRETTY_NAME", value, sizeof(value));
    value_text(o, "description", value);
    release_value(text, "VERSION_CODENAME", value, sizeof(value));
    value_text(o, "codename", value);
    value_object(o, "release", release(full, strcmp(id, "ubuntu") == 0));
    value_object(os, "distro", o);
}

static void add_release(json_t *os, const char *text)
{
    char id[64], name[64], like[128], full[64];
    const struct distro *d;
    bool debian;

    release_value(text, "ID", id, sizeof(id));
    release_value(text, "NAME", name, sizeof(name));
    release_value(text, "ID_LIKE", like, sizeof(like));
    release_value(text, "VERSION_ID", full, sizeof(full));
    d = distro_find(id, strlen(id));
    debian = strcmp(id, "debian") == 0;
    if (debian)
        (void)!value_file("/etc/debian_version", full, sizeof(full));
    value_text(os, "name", d ? d->name : name);
    value_text(os, "family", family_of(d, like));
    value_object(os, "release", release(full, strcmp(id, "ubuntu") == 0));
    add_distro(os, text, id, full);
}

/* Debian has its own words for machines. */
static const char *architecture(const json_t *os, const char *machine)
{
    const char *family = json_string_value(json_object_get(os, "family"));

    if (!family || strcmp(family, "Debian") != 0)
        return machine;
    if (strcmp(machine, "x86_64") == 0)
        return "amd64";
    return strlen(machine) == 4 && machine[0] == 'i' ? "i386" : machine;
}

static void add_kernel(json_t *all, const struct utsname *u)
{
    char text[64];
    size_t version = strspn(u->release, "0123456789."), major;

    value_text(all, "kernel", u->sysname);
    value_text(all, "kernelrelease", u->release);
    snprintf(text, sizeof(text), "%.*s", (int)version, u->release);
    value_text(all, "kernelversion", text);
    major = strcspn(text, ".");
    if (text[major])
        major += 1 + strcspn(text + major + 1, ".");
    text[major] = '\0';
    value_text(all, "kernelmajversion", text);
}

static void add_identity(json_t *all)
{
    const struct passwd *u = getpwuid(geteuid());
    const struct group *g = getgrgid(getegid());
    json_t *o = json_object();

    value_text(o, "user", u ? u->pw_name : NULL);
    value_int(o, "uid", geteuid());
    value_text(o, "group", g ? g->gr_name : NULL);
    value_int(o, "gid", getegid());
    json_object_set_new(o, "privileged", json_boolean(geteuid() == 0));
    value_object(all, "identity", o);
}

void facts_os(json_t *all)
{
    json_t *os = json_object(), *selinux = json_object();
    time_t now = time(NULL);
    char text[8192], zone[32];
    struct utsname u;
    struct tm tm;

    uname(&u);
    if (value_file("/etc/os-release", text, sizeof(text)) ||
        value_file("/usr/lib/os-release", text, sizeof(text)))
        add_release(os, text);
    value_text(os, "hardware", u.machine);
    value_text(os, "architecture", architecture(os, u.machine));
    json_object_set_new(selinux, "enabled",
                        json_boolean(access(SELINUX, F_OK) == 0));
    value_object(os, "selinux", selinux);
    value_object(all, "os", os);
    add_kernel(all, &u);
    add_identity(all);
    localtime_r(&now, &tm);
    if (strftime(zone, sizeof(zone), "%Z", &tm))
        value_text(all, "timezone", zone);
}
