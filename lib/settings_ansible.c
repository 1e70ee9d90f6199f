#include "lib/settings_impl.h"

/* For the operations that go by Ansible, under EXEd's names. */
static const struct conf_setting table[] = {
    {.key = "ansible.inventory",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = WORKER,
     .help = "inventory, a file or a folder, whose hosts are reached through "
             "this worker; read again at SIGHUP; not set, none"},
    {.key = "ansible.playbooks",
     .type = CONF_STRING,
     .def = "/etc/ansible/playbooks",
     .reloadable = true,
     .programs = WORKER,
     .help = "folder whose roles, or those in roles/ of it, may be deployed"},
    {.key = "ansible.sshkey",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = WORKER,
     .help = "private key to log in to the inventory's hosts with; not set, "
             "what the inventory or ssh says"},
    {.key = "ansible.workdir",
     .type = CONF_STRING,
     .def = "/etc/ansible",
     .reloadable = true,
     .programs = WORKER,
     .help = "folder in which Ansible runs, and to which the other paths are "
             "relative; its ansible.cfg is used"},
};

const struct conf_setting *settings_of_ansible(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
