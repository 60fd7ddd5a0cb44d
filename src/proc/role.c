/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/role.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

/* As many processes of a role as can be configured. */
#define CORES_MAX 64

const struct role *
role_find(enum ipc_role id)
{
	for (const struct role *role = role_table; role->name != NULL; role++)
		if (role->id == id)
			return role;
	return NULL;
}

const struct role *
role_find_by_name(const char *name)
{
	for (const struct role *role = role_table; role->name != NULL; role++)
		if (strcmp(role->name, name) == 0)
			return role;
	return NULL;
}

void
role_log_as(const struct config *config, const char *name)
{
	log_set_format(config->log.format);
	log_set_repeats(config->log.repeats);
	log_set_level(config_log_level(config, name));
}

unsigned int
role_count_or_cores(uint32_t setting)
{
	cpu_set_t cores;
	unsigned int count = 1;

	if (setting > 0)
		return setting;
	/* those that we may use, which a container can make fewer */
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = (unsigned int)CPU_COUNT(&cores);
	return count < CORES_MAX ? count : CORES_MAX;
}
