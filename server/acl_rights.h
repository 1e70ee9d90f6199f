/*
 * Who may what at the faces that speak as Consul does, whether it is a token of
 * Consul's (server/state/acl.h), a principal of ours, or nobody.
 *
 *   consul.acl off   rights are those of the principal: of the token shown if
 *                    it is one of ours, else of the connection; tokens of
 *                    Consul's mean nothing
 *   consul.acl on    a token is Consul's, ours, or an error; without one it is
 *                    what Consul's `anonymous` may, where the connection's
 *                    principal may it, too
 *
 * consul.acl_default_policy decides where no rule of Consul's does.
 *
 * Must not know HTTP.
 */
#ifndef MUSTER_SERVER_ACL_RIGHTS_H
#define MUSTER_SERVER_ACL_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/auth/principal.h"
#include "lib/conf.h"
#include "server/state/acl.h"

struct acl_rights;
struct dir_instance;
struct musterd;

/* Whoever asks: where both are there, both must allow it; where neither is,
 * nothing is allowed. Borrowed: who keeps one holds what is in it. */
struct acl_subject {
    const struct acl_token *token;
    const struct principal *principal;
};

enum acl_known { ACL_KNOWN, ACL_UNKNOWN };

/* Before the replay: makes m->acls and m->rights. NULL, and logged, if a file
 * with a token cannot be read. */
struct acl_rights *acl_rights_new(struct musterd *m, const struct conf *conf);
/* After the replay: the tokens that must be there are, when this returns.
 * False, and logged: they could not be kept. */
bool acl_rights_start(struct acl_rights *r);
/* Settings that may change while it runs. */
void acl_rights_configure(struct acl_rights *r, const struct conf *conf);
/* After the store was closed. NULL is fine. */
void acl_rights_free(struct acl_rights *r);

/* Until the next start, in the place of what the settings say: the token that
 * stands for who shows none; "": `anonymous`. */
void acl_rights_set_token(struct acl_rights *r, const char *token);
/* The one that may look after this agent, and see all nodes, and nothing else,
 * whatever the default policy is; "": there is none. No list has it. */
void acl_rights_set_agent_master(struct acl_rights *r, const char *token);

bool acl_is_on(const struct musterd *m);
/* consul.acl_default_policy is allow. */
bool acl_allows_by_default(const struct musterd *m);

/* It is the one that consul.acl_master_token names. */
bool acl_is_master(const struct musterd *m, const char *id);

/* That token is one of Consul's, while ACLs are on, or one of ours. `anonymous`
 * is none, for it is no secret: who shows it shows nothing. */
bool acl_knows(const struct musterd *m, const char *token);

/* Who shows that token ("": none), on a connection of that principal.
 * ACL_UNKNOWN: ACLs are on, and there is no such token; *who may nothing. */
enum acl_known acl_subject_find(const struct musterd *m, const char *token,
                                const struct principal *connection,
                                struct acl_subject *who);
/* len may be (size_t)-1 of a NUL-terminated name; "" for kinds without one. To
 * fire the event _rexec, which executes, takes a rule: the default policy gives
 * no right to it. */
bool acl_subject_may(const struct musterd *m, const struct acl_subject *who,
                     enum acl_kind kind, const char *name, size_t len,
                     enum acl_level level);
/* Whether it may see that instance: its service, its node, and where a right to
 * find selects by more than their names, that. */
bool acl_subject_sees(const struct musterd *m, const struct acl_subject *who,
                      const struct dir_instance *i);
/* The same, whatever its node is. */
bool acl_subject_sees_service(const struct musterd *m,
                              const struct acl_subject *who,
                              const struct dir_instance *i);
/* True if it may do everything whatever its name. */
bool acl_subject_is_all(const struct acl_subject *who);

/* What may be done without a token by who is on this machine, or elsewhere: for
 * DNS. */
bool acl_anonymous_may(const struct musterd *m, bool local, enum acl_kind kind,
                       const char *name, size_t len, enum acl_level level);

/* What audit logs and owners are told: "consul:17", a principal's name. */
const char *acl_subject_label(const struct acl_subject *who,
                              char out[PRINCIPAL_NAME_MAX + 1]);

#endif
