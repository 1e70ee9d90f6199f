#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "plugins/worker/facts/facts.h"

#define SECTOR 512 /* of sysfs, whatever the disk's is */

/* -- processors ------------------------------------------------------------ */

struct cpus {
    json_t *models;
    uint64_t logical;
    unsigned long sockets; /* a bit for each of the first ones */
    uint64_t cores, siblings;
};

static void cpu_line(struct cpus *c, char *line)
{
    char *colon = strchr(line, ':');
    size_t len = strcspn(line, "\t:");
    const char *value;

    if (!colon)
        return;
    line[len] = '\0';
    value = colon + 1 + strspn(colon + 1, " ");
    colon[1 + strcspn(colon + 1, "\n")] = '\0';
    if (strcmp(line, "processor") == 0)
        c->logical++;
    else if (strcmp(line, "model name") == 0)
        json_array_append_new(c->models, json_string(value));
    else if (strcmp(line, "physical id") == 0)
        c->sockets |= 1UL << (strtoul(value, NULL, 10) % (8 * sizeof(long)));
    else if (strcmp(line, "cpu cores") == 0)
        c->cores = strtoul(value, NULL, 10);
    else if (strcmp(line, "siblings") == 0)
        c->siblings = strtoul(value, NULL, 10);
}

static void add_processors(json_t *all)
{
    struct cpus c = {.models = json_array()};
    FILE *f = fopen("/proc/cpuinfo", "re");
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    json_t *o = json_object();
    char line[4096];
    struct utsname u;

    while (f && fgets(line, sizeof(line), f))
        cpu_line(&c, line);
    if (f)
        fclose(f);
    uname(&u);
    value_int(o, "count", online > 0 ? (uint64_t)online : c.logical);
    value_int(o, "physicalcount",
              c.sockets ? (uint64_t)__builtin_popcountl(c.sockets) : 1);
    value_text(o, "isa", u.machine);
    if (c.cores)
        value_int(o, "cores", c.cores);
    if (c.cores && c.siblings)
        value_int(o, "threads", c.siblings / c.cores);
    if (json_array_size(c.models))
        json_object_set(o, "models", c.models);
    json_decref(c.models);
    value_object(all, "processors", o);
}

/* -- disks ----------------------------------------------------------------- */

static void add_disk(json_t *disks, const char *name)
{
    json_t *o = json_object();
    char text[256];

    if (value_filef(text, sizeof(text), "/sys/block/%s/size", name))
        value_size(o, "size", strtoull(text, NULL, 10) * SECTOR);
    if (value_filef(text, sizeof(text), "/sys/block/%s/device/model", name))
        value_text(o, "model", text);
    if (value_filef(text, sizeof(text), "/sys/block/%s/device/vendor", name))
        value_text(o, "vendor", text);
    if (value_filef(text, sizeof(text), "/sys/block/%s/serial", name))
        value_text(o, "serial_number", text);
    if (value_filef(text, sizeof(text), "/sys/block/%s/queue/rotational", name))
        value_text(o, "type", strcmp(text, "0") == 0 ? "ssd" : "hdd");
    value_object(disks, name, o);
}

/* Those that are of something: no loops, no memory. */
static void add_disks(json_t *all)
{
    DIR *dir = opendir("/sys/block");
    json_t *disks = json_object();
    struct dirent *e;
    char path[512];

    while (dir && (e = readdir(dir))) {
        snprintf(path, sizeof(path), "/sys/block/%s/device", e->d_name);
        if (e->d_name[0] != '.' && access(path, F_OK) == 0)
            add_disk(disks, e->d_name);
    }
    if (dir)
        closedir(dir);
    value_object(all, "disks", disks);
}

/* -- dmi ------------------------------------------------------------------- */

static void add_dmi(json_t *object, const char *name, const char *file)
{
    char text[256];

    if (value_filef(text, sizeof(text), "/sys/class/dmi/id/%s", file))
        value_text(object, name, text);
}

static void add_board(json_t *all)
{
    json_t *dmi = json_object(), *bios = json_object(),
           *product = json_object(), *board = json_object();

    add_dmi(bios, "vendor", "bios_vendor");
    add_dmi(bios, "version", "bios_version");
    add_dmi(bios, "release_date", "bios_date");
    add_dmi(board, "manufacturer", "board_vendor");
    add_dmi(board, "product", "board_name");
    add_dmi(product, "name", "product_name");
    add_dmi(product, "uuid", "product_uuid");
    add_dmi(product, "serial_number", "product_serial");
    add_dmi(dmi, "manufacturer", "sys_vendor");
    value_object(dmi, "bios", bios);
    value_object(dmi, "board", board);
    value_object(dmi, "product", product);
    value_object(all, "dmi", dmi);
}

void facts_hardware(json_t *all)
{
    add_processors(all);
    add_disks(all);
    add_board(all);
}
