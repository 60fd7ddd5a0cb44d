/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/trust_date.h"

#include <stdio.h>
#include <time.h>

#define DAY_SECONDS 86400

const char *
ipc_trust_date_word(enum ipc_trust_date_kind kind)
{
	switch (kind) {
	case IPC_TRUST_DATE_SERVER:
		return "tls.certificate";
	case IPC_TRUST_DATE_AUTHORITY:
		return "tls.client_ca";
	case IPC_TRUST_DATE_CRL:
		break;
	}
	return "tls.crl";
}

void
ipc_trust_date_text(const struct ipc_trust_date *date, int64_t now,
    char text[IPC_TRUST_DATE_TEXT_MAX])
{
	bool is_crl = date->kind == IPC_TRUST_DATE_CRL;
	int64_t left = date->ends_at - now;
	time_t end = (time_t)date->ends_at;
	char day[32] = "";
	struct tm utc;
	int len;

	if (gmtime_r(&end, &utc) != NULL)
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &utc);
	len = snprintf(text, IPC_TRUST_DATE_TEXT_MAX, "%s: %s\"%.*s\" ",
	    ipc_trust_date_word(date->kind), is_crl ? "the CRL of " : "",
	    (int)date->name.len, (const char *)date->name.data);
	if (len < 0 || len >= IPC_TRUST_DATE_TEXT_MAX)
		return;
	text += len;
	len = IPC_TRUST_DATE_TEXT_MAX - len;
	if (left > 0)
		snprintf(text, (size_t)len, "%s on %s, in %d days",
		    is_crl ? "needs its next update" : "expires", day,
		    (int)(left / DAY_SECONDS));
	else if (is_crl)
		snprintf(text, (size_t)len,
		    "is out of date since %s: what was revoked since is not "
		    "known; fetch the next one",
		    day);
	else
		snprintf(text, (size_t)len, "expired on %s", day);
}
