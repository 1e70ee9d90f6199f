#include "worker/plugin_env.h"

#include <stdlib.h>

#include "lib/mem.h"

static const struct {
    const char *name, *key;
} texts[] = {
    {"MUSTER_STATE", "worker.state"},
    {"MUSTER_RELEASE_APPS", "worker.releases"},
    {"MUSTER_ANSIBLE_INVENTORY", "ansible.inventory"},
    {"MUSTER_ANSIBLE_PLAYBOOKS", "ansible.playbooks"},
    {"MUSTER_ANSIBLE_SSHKEY", "ansible.sshkey"},
    {"MUSTER_ANSIBLE_WORKDIR", "ansible.workdir"},
};

void plugin_env_set(char ***env, const struct conf *conf)
{
    char **new = xcalloc(ARRAY_LEN(texts) + 2, sizeof(*new));
    size_t i, n = 0;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        const char *value = conf_str(conf, texts[i].key);

        if (value && *value)
            new[n++] = xasprintf("%s=%s", texts[i].name, value);
    }
    new[n] = xasprintf("MUSTER_COPY_MAX=%llu",
                       (unsigned long long)conf_size(conf, "worker.copy"));
    plugin_env_free(env);
    *env = new;
}

void plugin_env_free(char ***env)
{
    char **s;

    for (s = *env; s && *s; s++)
        free(*s);
    free(*env);
    *env = NULL;
}

size_t plugin_env_count(char *const *env)
{
    size_t n = 0;

    while (env && env[n])
        n++;
    return n;
}
