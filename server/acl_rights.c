#include "server/acl_rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/auth.h"
#include "lib/auth/private_file.h"
#include "lib/auth/secret.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/acl_principal.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"
#include "server/storage.h"

struct acl_rights {
    struct musterd *m;
    bool on, allow;
    char *master, *token; /* owned; of the files that settings name; or NULL */
    struct acl_token *agent_master; /* owned; or NULL */
};

/* -- settings -------------------------------------------------------------- */

/* The first line of a private file. False: logged. */
static bool read_token(const struct conf *conf, const char *key, char **out)
{
    const char *file = conf_str(conf, key);
    char *why = NULL, *text;
    size_t len, end;

    *out = NULL;
    if (!file || !*file)
        return true;
    text = private_read(file, 4096, &len, &why);
    if (!text) {
        log_error("%s: %s: %s", key, file, why);
        free(why);
        return false;
    }
    end = strcspn(text, "\r\n");
    text[end] = '\0';
    *out = text;
    if (end && end <= ACL_ID_MAX)
        return true;
    log_error("%s: %s: its first line is no token, of 1 to %d bytes", key, file,
              ACL_ID_MAX);
    return false;
}

/* auto: where something says that ACLs are meant. */
static bool is_on(const struct conf *conf, const struct acl_rights *r)
{
    const char *word = conf_str(conf, "consul.acl");

    if (strcmp(word, "auto") != 0)
        return !strcmp(word, "on");
    return r->master || !r->allow;
}

void acl_rights_configure(struct acl_rights *r, const struct conf *conf)
{
    acls_set_max(r->m->acls, (size_t)conf_int(conf, "limits.tokens"));
}

bool acl_is_on(const struct musterd *m)
{
    return m->rights->on;
}

bool acl_allows_by_default(const struct musterd *m)
{
    return m->rights->allow;
}

/* -- tokens of the agent --------------------------------------------------- */

void acl_rights_set_token(struct acl_rights *r, const char *token)
{
    secret_free(r->token);
    r->token = *token ? xstrdup(token) : NULL;
}

void acl_rights_set_agent_master(struct acl_rights *r, const char *token)
{
    static const char rules[] = "agent \"\" { policy = \"write\" }\n"
                                "node \"\" { policy = \"read\" }\n";

    acl_lone_free(r->agent_master);
    r->agent_master = *token ? acl_lone_new(token, rules) : NULL;
}

static const struct acl_token *find_token(const struct acl_rights *r,
                                          const char *token, size_t len)
{
    const struct acl_token *t = acl_find(r->m->acls, token, len);

    return t || !r->agent_master || !acl_lone_is(r->agent_master, token, len)
               ? t
               : r->agent_master;
}

/* -- who ------------------------------------------------------------------- */

bool acl_knows(const struct musterd *m, const char *token)
{
    size_t len = strlen(token);

    return strcmp(token, ACL_ANONYMOUS) != 0 &&
           ((m->rights->on && find_token(m->rights, token, len)) ||
            auth_by_token(m->auth, token, len));
}

/* Whatever token it is that is taken for who shows none, he may no more than
 * his connection. So may who shows `anonymous`, which everybody can. */
static enum acl_known find_nobody(const struct acl_rights *r, const char *token,
                                  const struct principal *connection,
                                  struct acl_subject *who)
{
    who->principal = connection;
    if (!r->on || !connection->anonymous)
        return ACL_KNOWN;
    who->token = acl_find(r->m->acls, token, strlen(token));
    if (who->token)
        return ACL_KNOWN;
    who->principal = NULL;
    return ACL_UNKNOWN;
}

bool acl_is_master(const struct musterd *m, const char *id)
{
    return m->rights->master && !strcmp(m->rights->master, id);
}

enum acl_known acl_subject_find(const struct musterd *m, const char *token,
                                const struct principal *connection,
                                struct acl_subject *who)
{
    const struct acl_rights *r = m->rights;

    *who = (struct acl_subject){NULL, NULL};
    if (!*token)
        return find_nobody(r, r->token ? r->token : ACL_ANONYMOUS, connection,
                           who);
    if (!strcmp(token, ACL_ANONYMOUS))
        return find_nobody(r, token, connection, who);
    if (r->on) {
        who->token = find_token(r, token, strlen(token));
        if (who->token)
            return ACL_KNOWN;
    }
    who->principal = auth_by_token(m->auth, token, strlen(token));
    if (!who->principal && !r->on)
        who->principal = connection;
    return who->principal ? ACL_KNOWN : ACL_UNKNOWN;
}

/* -- may ------------------------------------------------------------------- */

/* What the default policy says of it. */
static bool fallback(const struct acl_rights *r, enum acl_kind kind,
                     const char *name, size_t len, enum acl_level level)
{
    static const char rexec[] = "_rexec";
    size_t n = sizeof(rexec) - 1;

    if (kind == ACL_EVENT && level == ACL_WRITE &&
        (len == (size_t)-1 ? !strcmp(name, rexec)
                           : len == n && !memcmp(name, rexec, n)))
        return false;
    return r->allow;
}

/* What Consul 0.7 asks for no right: it knows no rules for nodes, sessions and
 * agents, and shows everybody its own service. */
static bool is_free_in_07(enum acl_kind kind, const char *name, size_t len,
                          enum acl_level level)
{
    if (kind == ACL_SERVICE && level == ACL_READ)
        return len == (size_t)-1 ? !strcmp(name, DIR_OWN_SERVICE)
                                 : len == strlen(DIR_OWN_SERVICE) &&
                                       !memcmp(name, DIR_OWN_SERVICE, len);
    return kind == ACL_NODE || kind == ACL_SESSION || kind == ACL_AGENT;
}

static bool token_may(const struct acl_rights *r, const struct acl_token *t,
                      enum acl_kind kind, const char *name, size_t len,
                      enum acl_level level)
{
    return t->management ||
           (r->m->self->is_07 && is_free_in_07(kind, name, len, level)) ||
           acl_rules_allow(t->rules, kind, name, len, level,
                           t != r->agent_master &&
                               fallback(r, kind, name, len, level));
}

static bool principal_may(const struct musterd *m, const struct principal *p,
                          enum acl_kind kind, const char *name, size_t len,
                          enum acl_level level)
{
    char *copy;
    bool may;

    if (p->all || p->admin)
        return true;
    if (len == (size_t)-1)
        return acl_principal_may(p, m->directory, kind, name, level);
    copy = xmemdup0(name, len);
    may = strlen(copy) == len &&
          acl_principal_may(p, m->directory, kind, copy, level);
    free(copy);
    return may;
}

bool acl_subject_may(const struct musterd *m, const struct acl_subject *who,
                     enum acl_kind kind, const char *name, size_t len,
                     enum acl_level level)
{
    if (who->token && !token_may(m->rights, who->token, kind, name, len, level))
        return false;
    if (who->principal)
        return principal_may(m, who->principal, kind, name, len, level);
    return who->token != NULL;
}

bool acl_subject_sees_service(const struct musterd *m,
                              const struct acl_subject *who,
                              const struct dir_instance *i)
{
    const struct principal *p = who->principal;

    if (who->token && !token_may(m->rights, who->token, ACL_SERVICE, i->service,
                                 (size_t)-1, ACL_READ))
        return false;
    return p ? acl_principal_sees(p, i) : who->token != NULL;
}

bool acl_subject_sees(const struct musterd *m, const struct acl_subject *who,
                      const struct dir_instance *i)
{
    return acl_subject_sees_service(m, who, i) &&
           (!who->token || token_may(m->rights, who->token, ACL_NODE,
                                     i->node->name, (size_t)-1, ACL_READ));
}

bool acl_subject_is_all(const struct acl_subject *who)
{
    if (who->token && !who->token->management)
        return false;
    if (who->principal)
        return who->principal->all || who->principal->admin;
    return who->token != NULL;
}

bool acl_anonymous_may(const struct musterd *m, bool local, enum acl_kind kind,
                       const char *name, size_t len, enum acl_level level)
{
    struct acl_subject who;

    return acl_subject_find(m, "", auth_anonymous(m->auth, local), &who) ==
               ACL_KNOWN &&
           acl_subject_may(m, &who, kind, name, len, level);
}

const char *acl_subject_label(const struct acl_subject *who,
                              char out[PRINCIPAL_NAME_MAX + 1])
{
    if (who->token && strcmp(who->token->id, ACL_ANONYMOUS) != 0)
        return acl_token_label(who->token, out);
    snprintf(out, PRINCIPAL_NAME_MAX + 1, "%s",
             who->principal ? who->principal->name : "anonymous");
    return out;
}

/* -- life ------------------------------------------------------------------ */

static void tokens_are_there(void *arg, enum acl_status status,
                             const char *text)
{
    bool *good = arg;

    *good = status == ACL_OK;
    if (!*good)
        log_error("consul.acl: the first tokens cannot be kept: %s", text);
}

bool acl_rights_start(struct acl_rights *r)
{
    bool good = false;

    acls_start(r->m->acls, r->on, r->master, tokens_are_there, &good);
    storage_finish(r->m->storage);
    return good;
}

static double count(void *arg)
{
    const struct acl_rights *r = arg;

    return (double)acl_count(r->m->acls);
}

struct acl_rights *acl_rights_new(struct musterd *m, const struct conf *conf)
{
    struct acl_rights *r = xcalloc(1, sizeof(*r));
    bool good;

    r->m = m;
    m->acls = acls_new(m->store);
    r->allow = !strcmp(conf_str(conf, "consul.acl_default_policy"), "allow");
    good = read_token(conf, "consul.acl_master_token", &r->master);
    good = read_token(conf, "consul.acl_token", &r->token) && good;
    r->on = is_on(conf, r);
    acl_rights_configure(r, conf);
    m->rights = r;
    metrics_add_gauge("muster_acl_tokens", "Tokens of Consul's ACLs.", count, r,
                      r);
    return good ? r : NULL;
}

void acl_rights_free(struct acl_rights *r)
{
    if (!r)
        return;
    metrics_forget(r);
    acl_lone_free(r->agent_master);
    acls_free(r->m->acls);
    r->m->acls = NULL;
    secret_free(r->master);
    secret_free(r->token);
    free(r);
}
