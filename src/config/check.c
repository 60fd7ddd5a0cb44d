/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "config/schema.h"
#include "lib/address.h"

/* The same address may be spelled in several ways. */
static bool
address_equal(const char *a, const char *b)
{
	struct in6_addr a_bytes, b_bytes;

	if (inet_pton(AF_INET6, a, &a_bytes) == 1 &&
	    inet_pton(AF_INET6, b, &b_bytes) == 1)
		return memcmp(&a_bytes, &b_bytes, sizeof(a_bytes)) == 0;
	return strcmp(a, b) == 0;
}

static void
check_listeners(const struct config *config, struct config_error *error)
{
	const struct config_listener *a, *b;
	char path[CONFIG_PATH_MAX];
	size_t i, j;

	for (i = 0; i < config->listen.count; i++) {
		for (j = 0; j < i; j++) {
			a = &config->listen.items[i];
			b = &config->listen.items[j];
			if (a->port != b->port ||
			    !address_equal(a->address, b->address))
				continue;
			config_path_format(path, "listen[%zu]", i);
			config_fault(config, error, path,
			    "has the address and the port of `listen[%zu]'", j);
			break;
		}
	}
}

static void
check_roles(const struct config *config, struct config_error *error)
{
	char path[CONFIG_PATH_MAX];
	size_t i, j;

	for (i = 0; i < config->roles.count; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(config->roles.items[i].name,
				config->roles.items[j].name) != 0)
				continue;
			config_path_format(path, "roles[%zu].name", i);
			config_fault(config, error, path,
			    "is \"%s\", as is `roles[%zu].name'",
			    config->roles.items[i].name, j);
			break;
		}
	}
}

static bool
role_matches_something(const struct config_role *role)
{
	return role->match.identity.count > 0 || role->match.o.count > 0 ||
	       role->match.ou.count > 0 || role->match.san.count > 0 ||
	       role->match.issuer.count > 0 ||
	       role->match.authority.count > 0 ||
	       role->match.fingerprint.count > 0;
}

/* Whoever forgets to say whom a role is for does not mean everybody. */
static void
check_matches(const struct config *config, struct config_error *error)
{
	char path[CONFIG_PATH_MAX];
	size_t i;

	for (i = 0; i < config->roles.count; i++) {
		if (role_matches_something(&config->roles.items[i]))
			continue;
		config_path_format(path, "roles[%zu]", i);
		config_fault(config, error, path,
		    "is for nobody: its match is missing; identity = \"*\" "
		    "is everybody");
	}
}

static void
check_exempt(const struct config *config, struct config_error *error)
{
	const struct config_strings *exempt = &config->limits.source_exempt;
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; i < exempt->count; i++) {
		const char *fault = address_prefix_fault(exempt->items[i]);

		if (fault == NULL)
			continue;
		config_path_format(path, "limits.source_exempt[%zu]", i);
		config_fault(config, error, path, "is \"%.64s\", which %s",
		    exempt->items[i], fault);
	}
}

static void
check_metrics_socket(const struct config *config, struct config_error *error)
{
	const char *path = config->metrics.socket;

	if (path[0] != '\0' && path[0] != '/')
		config_fault(config, error, "metrics.socket",
		    "is \"%s\", which does not begin with /", path);
	else if (strcmp(path, config->control.socket) == 0)
		config_fault(config, error, "metrics.socket",
		    "is \"%s\", as is `control.socket'", path);
}

/* What it shows over TCP, and to whom, nobody checks. */
static void
check_metrics(const struct config *config, struct config_error *error)
{
	const char *address = config->metrics.address;
	struct in6_addr six;
	struct in_addr four;
	bool is_local = false;

	if (inet_pton(AF_INET, address, &four) == 1)
		is_local = ntohl(four.s_addr) >> 24 == 127;
	else if (inet_pton(AF_INET6, address, &six) == 1)
		is_local = IN6_IS_ADDR_LOOPBACK(&six) != 0;
	if (!is_local)
		config_fault(config, error, "metrics.address",
		    "is \"%s\", which is not of this machine alone: 127.0.0.1 "
		    "and ::1 are",
		    address);
}

void
config_check(const struct config *config, struct config_error *error)
{
	check_listeners(config, error);
	check_roles(config, error);
	check_matches(config, error);
	check_exempt(config, error);
	check_metrics(config, error);
	check_metrics_socket(config, error);
}
