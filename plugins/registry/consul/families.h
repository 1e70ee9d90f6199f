/*
 * The families of endpoints of the Consul face: each is a file with a table of
 * routes (lib/http_route.h), named here and in consul.c.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_FAMILIES_H
#define PLUGINS_REGISTRY_CONSUL_FAMILIES_H

#include "lib/http_route.h"

extern const struct http_table consul_status;
extern const struct http_table consul_acl;
extern const struct http_table consul_catalog;
extern const struct http_table consul_health;
extern const struct http_table consul_self;
extern const struct http_table consul_members;
extern const struct http_table consul_monitor;
extern const struct http_table consul_operator;
extern const struct http_table consul_kv;
extern const struct http_table consul_session;
extern const struct http_table consul_txn;
extern const struct http_table consul_event;
extern const struct http_table consul_query;
extern const struct http_table consul_coordinate;
extern const struct http_table consul_snapshot;
extern const struct http_table consul_agent_check;
extern const struct http_table consul_agent_maintenance;
extern const struct http_table consul_agent_service;
extern const struct http_table consul_agent_token;
extern const struct http_table consul_keyring;

#endif
