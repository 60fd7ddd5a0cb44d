/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode arbitrary bytes as a hand-over. What decodes is a state that records
 * can start from, and encodes to the very same bytes.
 */
#include <stdlib.h>

#include "tls/handover.h"
#include "tls/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
fields_check(struct bytes fields)
{
	enum tls_field_type type;
	struct bytes value;
	size_t pos = 0, count = 0;

	while (tls_field_next(fields, &pos, &type, &value)) {
		check(type >= TLS_FIELD_SUBJECT_CN);
		check(type <= TLS_FIELD_AUTHORITY_CN);
		check(value.len <= TLS_FIELD_VALUE_MAX);
		count++;
	}
	check(pos == fields.len);
	check(count <= TLS_FIELDS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tls_handover handover;
	struct tls_records records;
	struct buffer out = { 0 };
	int status = tls_handover_decode(bytes_of(data, len), &handover);

	if (status != 0) {
		check(status == -TLS_ALERT_DECODE_ERROR ||
		      status == -TLS_ALERT_PROTOCOL_VERSION);
		return 0;
	}
	fields_check(handover.peer.fields);
	check(handover.peer.identity.len >= 1);
	check(handover.peer.identity_kind <= TLS_IDENTITY_KIND_MAX);
	tls_handover_encode(&handover, &out);
	check(bytes_equal(buffer_view(&out), bytes_of(data, len)));
	buffer_wipe(&out);
	check(tls_records_init(&records, &handover.state) == 0);
	tls_records_done(&records);
	return 0;
}
