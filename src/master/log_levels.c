/* SPDX-License-Identifier: Apache-2.0 */
#include "master/log_levels.h"

#include "ipc/control.h"
#include "lib/buffer.h"
#include "master/member.h"
#include "proc/role.h"

#define MASTER "master"

void
log_level_supply(struct member *member)
{
	struct buffer out = { NULL, 0, 0 };

	if (!member->told_level.is_told)
		return;
	ipc_log_level_encode(member->told_level.level, &out);
	member_send(member, IPC_LOG_LEVEL, buffer_view(&out), -1);
	buffer_done(&out);
}

static void
tell(struct member *member, enum log_level level)
{
	member->told_level = (struct told_level){ true, level };
	if (member->state == MEMBER_DOWN)
		return;
	log_level_supply(member);
	member_flush(member);
}

unsigned int
log_levels_set(struct master *master, struct bytes role, enum log_level level)
{
	unsigned int count = 0;

	if (role.len == 0 || bytes_equal(role, BYTES_LITERAL(MASTER))) {
		master->told_level = (struct told_level){ true, level };
		log_set_level(level);
		count++;
	}
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (role.len > 0 &&
		    !bytes_equal(bytes_of_string(member->role->name), role))
			continue;
		tell(member, level);
		count++;
	}
	return count;
}

static void
forget_if_changed(struct told_level *told, const char *role,
    const struct config *before, const struct config *now)
{
	if (config_log_level(before, role) != config_log_level(now, role))
		told->is_told = false;
}

void
log_levels_on_commit(struct master *master, const struct config *before,
    const struct config *now)
{
	forget_if_changed(&master->told_level, MASTER, before, now);
	role_log_as(now, MASTER);
	if (master->told_level.is_told)
		log_set_level(master->told_level.level);
	for (size_t i = 0; i < master->member_count; i++)
		forget_if_changed(&master->members[i].told_level,
		    master->members[i].role->name, before, now);
}
