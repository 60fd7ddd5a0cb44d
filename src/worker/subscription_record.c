/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/subscription_record.h"

#include <errno.h>

#include "lib/pack.h"

#define FLAG_QOS                 0x03
#define FLAG_NO_LOCAL            0x04
#define FLAG_RETAIN_AS_PUBLISHED 0x08
#define FLAGS                    0x0f

#define IDENTIFIER_MAX 268435455

void
subscription_record_encode(const struct session_subscription *subscription,
    struct buffer *out)
{
	uint8_t flags = subscription->qos;

	if (subscription->no_local)
		flags |= FLAG_NO_LOCAL;
	if (subscription->retain_as_published)
		flags |= FLAG_RETAIN_AS_PUBLISHED;
	pack_u8(out, SUBSCRIPTION_RECORD_VERSION);
	pack_u8(out, flags);
	pack_u32(out, subscription->identifier);
}

int
subscription_record_decode(struct bytes record,
    struct session_subscription *subscription)
{
	struct unpack in = { .input = record };
	uint8_t version = unpack_u8(&in);
	uint8_t flags = unpack_u8(&in);
	uint32_t identifier = unpack_u32(&in);

	if (!unpack_is_complete(&in) ||
	    version != SUBSCRIPTION_RECORD_VERSION || (flags & ~FLAGS) != 0 ||
	    (flags & FLAG_QOS) > 2 || identifier > IDENTIFIER_MAX)
		return -EBADMSG;
	subscription->qos = flags & FLAG_QOS;
	subscription->no_local = (flags & FLAG_NO_LOCAL) != 0;
	subscription->retain_as_published = (flags &
						FLAG_RETAIN_AS_PUBLISHED) != 0;
	subscription->identifier = identifier;
	return 0;
}
