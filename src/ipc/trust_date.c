/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/trust_date.h"

#include <stdio.h>
#include <time.h>

#include "lib/clock.h"

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
ipc_trust_time_text(int64_t seconds, char text[IPC_TRUST_TIME_TEXT_MAX])
{
	time_t when = (time_t)seconds;
	struct tm utc;

	if (gmtime_r(&when, &utc) == NULL ||
	    strftime(text, IPC_TRUST_TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC",
		&utc) == 0)
		text[0] = '\0';
}

int64_t
ipc_trust_date_refused_at(const struct ipc_trust_index *index,
    const struct ipc_trust_date *date)
{
	struct ipc_trust_crl crl;

	if (date->kind != IPC_TRUST_DATE_CRL ||
	    date->id.len != IPC_TRUST_ID_LEN ||
	    !ipc_trust_crl_find(index, date->id.data, &crl))
		return IPC_TRUST_NEVER;
	return crl.ends_at;
}

static void
certificate_text(const struct ipc_trust_date *date, int64_t now, char *text,
    size_t size)
{
	int64_t left = date->ends_at - now;
	time_t end = (time_t)date->ends_at;
	char day[32] = "";
	struct tm utc;

	if (gmtime_r(&end, &utc) != NULL)
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &utc);
	if (left > 0)
		snprintf(text, size, "\"%.*s\" expires on %s, in %d days",
		    (int)date->name.len, (const char *)date->name.data, day,
		    (int)(left / CLOCK_DAY_SECONDS));
	else
		snprintf(text, size, "\"%.*s\" expired on %s",
		    (int)date->name.len, (const char *)date->name.data, day);
}

static void
crl_text(const struct ipc_trust_date *date, int64_t refused_at, int64_t now,
    char *text, size_t size)
{
	int name_len = (int)date->name.len;
	const char *name = (const char *)date->name.data;
	char end[IPC_TRUST_TIME_TEXT_MAX], refused[IPC_TRUST_TIME_TEXT_MAX];
	char then[IPC_TRUST_NAME_MAX + 96] =
	    "what was revoked since is not known";
	bool is_over = now >= date->ends_at;

	ipc_trust_time_text(date->ends_at, end);
	if (refused_at != IPC_TRUST_NEVER) {
		ipc_trust_time_text(refused_at, refused);
		snprintf(then, sizeof(then),
		    "clients of \"%.*s\" are refused from %s on", name_len,
		    name, refused);
	}
	if (is_over)
		snprintf(text, size,
		    "the CRL of \"%.*s\" is out of date since %s: %s; fetch "
		    "the next one",
		    name_len, name, end, then);
	else if (refused_at != IPC_TRUST_NEVER)
		snprintf(text, size,
		    "the CRL of \"%.*s\" needs its next update on %s, in %d "
		    "days; without it, %s",
		    name_len, name, end,
		    (int)((date->ends_at - now) / CLOCK_DAY_SECONDS), then);
	else
		snprintf(text, size,
		    "the CRL of \"%.*s\" needs its next update on %s, in %d "
		    "days",
		    name_len, name, end,
		    (int)((date->ends_at - now) / CLOCK_DAY_SECONDS));
}

void
ipc_trust_date_text(const struct ipc_trust_date *date, int64_t refused_at,
    int64_t now, char text[IPC_TRUST_DATE_TEXT_MAX])
{
	int len = snprintf(text, IPC_TRUST_DATE_TEXT_MAX,
	    "%s: ", ipc_trust_date_word(date->kind));
	size_t left = IPC_TRUST_DATE_TEXT_MAX - (size_t)len;

	if (date->kind == IPC_TRUST_DATE_CRL)
		crl_text(date, refused_at, now, text + len, left);
	else
		certificate_text(date, now, text + len, left);
}
