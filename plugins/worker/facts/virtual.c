#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/worker/facts/facts.h"

/* A file whose being there, or whose text, tells. */
static const struct sign {
    const char *path, *text; /* NULL: it is there */
    const char *is;
} signs[] = {
    {"/.dockerenv", NULL, "docker"},
    {"/run/.containerenv", NULL, "podman"},
    {"/run/systemd/container", "lxc", "lxc"},
    {"/run/systemd/container", "systemd-nspawn", "systemd_nspawn"},
    {"/run/systemd/container", "docker", "docker"},
    {"/run/systemd/container", "podman", "podman"},
    {"/proc/1/cgroup", "/docker", "docker"},
    {"/proc/1/cgroup", "/lxc", "lxc"},
    {"/proc/vz/veinfo", NULL, "openvzve"},
    {"/sys/class/dmi/id/product_name", "VirtualBox", "virtualbox"},
    {"/sys/class/dmi/id/product_name", "VMware", "vmware"},
    {"/sys/class/dmi/id/product_name", "Virtual Machine", "hyperv"},
    {"/sys/class/dmi/id/product_name", "Google Compute Engine", "gce"},
    {"/sys/class/dmi/id/product_name", "HVM domU", "xenhvm"},
    {"/sys/class/dmi/id/product_name", "KVM", "kvm"},
    {"/sys/class/dmi/id/product_name", "RHEV", "ovirt"},
    {"/sys/class/dmi/id/product_name", "Standard PC", "kvm"},
    {"/sys/class/dmi/id/sys_vendor", "QEMU", "kvm"},
    {"/sys/class/dmi/id/sys_vendor", "Amazon EC2", "kvm"},
    {"/sys/class/dmi/id/sys_vendor", "DigitalOcean", "kvm"},
    {"/sys/class/dmi/id/sys_vendor", "Hetzner", "kvm"},
    {"/sys/class/dmi/id/sys_vendor", "OpenStack", "kvm"},
    {"/sys/hypervisor/type", "xen", "xenu"},
};

static bool shows(const struct sign *s)
{
    char text[8192];

    if (!s->text)
        return access(s->path, F_OK) == 0;
    return value_file(s->path, text, sizeof(text)) && strstr(text, s->text);
}

/* The processor says that somebody stands between it and us. */
static bool has_hypervisor(void)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[8192];
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f))
        found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor");
    if (f)
        fclose(f);
    return found;
}

void facts_virtual(json_t *all)
{
    const char *is = NULL;
    size_t i;

    for (i = 0; i < sizeof(signs) / sizeof(signs[0]) && !is; i++)
        if (shows(&signs[i]))
            is = signs[i].is;
    if (!is)
        is = has_hypervisor() ? "unknown" : "physical";
    value_text(all, "virtual", is);
    json_object_set_new(all, "is_virtual",
                        json_boolean(strcmp(is, "physical") != 0));
}
