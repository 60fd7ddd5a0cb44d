/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a daemon that is running what to do.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "ctl/backup.h"
#include "ctl/explain.h"
#include "ctl/line.h"
#include "ctl/output.h"
#include "ctl/sessions.h"
#include "ctl/status.h"
#include "lib/fields.h"

#define WATCH_SECONDS 2

struct arguments {
	const char *file;   /* the configuration that names the socket */
	const char *socket; /* NULL: control.socket of it */
	bool is_json;
	bool is_watched;
	struct sessions_filter filter;
};

enum {
	OPTION_IDENTITY = 256,
	OPTION_CLIENT_ID,
	OPTION_PEER,
	OPTION_STATE,
	OPTION_WORKER,
	OPTION_SORT,
	OPTION_LIMIT,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "watch", no_argument, NULL, 'w' },
	{ "identity", required_argument, NULL, OPTION_IDENTITY },
	{ "client-id", required_argument, NULL, OPTION_CLIENT_ID },
	{ "peer", required_argument, NULL, OPTION_PEER },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "worker", required_argument, NULL, OPTION_WORKER },
	{ "sort", required_argument, NULL, OPTION_SORT },
	{ "limit", required_argument, NULL, OPTION_LIMIT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: signetctl [-c FILE | -s SOCKET] [--json] COMMAND\n"
    "\n"
    "  status [--watch]    the daemon at a glance: sessions, rates, queues,\n"
    "                      certificates, processes\n"
    "  sessions [--watch] [--identity PATTERN] [--client-id PATTERN]\n"
    "      [--peer PATTERN] [--state connected|offline] [--worker INDEX]\n"
    "      [--sort [-]FIELD] [--limit COUNT]\n"
    "                      a line for each session\n"
    "  session NAME        all that is known of it; NAME is IDENTITY,\n"
    "                      IDENTITY/CLIENT-ID, or session= of the log\n"
    "  disconnect NAME     end its connection; with IDENTITY alone all of\n"
    "                      that identity's\n"
    "  log level [ROLE] LEVEL\n"
    "                      log from this level on: error, warning, info,\n"
    "                      debug\n"
    "  reload              have the daemon take up its configuration and the\n"
    "                      files that it names, and say what has changed\n"
    "  backup DIR          copy what the running daemon keeps to DIR, which\n"
    "                      must be empty or not there\n"
    "  explain --cert FILE [--client-id ID] [--config FILE] ACTION [TOPIC]\n"
    "                      say if the client with this certificate may do it,\n"
    "                      and which rule decides\n"
    "  version             the versions of signetctl and of the daemon\n"
    "\n"
    "  -c, --config FILE   the daemon's configuration, if it is not\n"
    "                      " SIGNET_SYSCONFDIR "/signet.conf\n"
    "  -s, --socket SOCKET the daemon's control.socket\n"
    "  -j, --json          print JSON; see signetctl(1)\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n";

/* One line says what is wrong: the whole of the usage would hide it. */
static _Noreturn void __attribute__((format(printf, 1, 2)))
refuse_usage(const char *format, ...)
{
	va_list arguments;

	fputs("signetctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs(" (signetctl --help)\n", stderr);
	exit(LINE_USAGE);
}

static uint64_t
limit_of(const char *text)
{
	char *end = NULL;
	unsigned long long limit = strtoull(text, &end, 10);

	if (text[0] < '1' || text[0] > '9' || *end != '\0')
		refuse_usage("--limit %s: not a number from 1 on", text);
	return limit;
}

static const char *
state_of(const char *text)
{
	if (strcmp(text, "connected") != 0 && strcmp(text, "offline") != 0)
		refuse_usage("--state %s: neither connected nor offline", text);
	return text;
}

static const char *
worker_of(const char *text)
{
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		refuse_usage("--worker %s: not a number", text);
	return text;
}

static const char *
sort_of(const char *text)
{
	if (!sessions_has_field(text[0] == '-' ? text + 1 : text))
		refuse_usage("--sort %s: sessions have no such field", text);
	return text;
}

static bool
take_filter(struct sessions_filter *filter, int option, const char *value)
{
	switch (option) {
	case OPTION_IDENTITY:
		filter->identity = value;
		return true;
	case OPTION_CLIENT_ID:
		filter->client_id = value;
		return true;
	case OPTION_PEER:
		filter->peer = value;
		return true;
	case OPTION_STATE:
		filter->state = state_of(value);
		return true;
	case OPTION_WORKER:
		filter->worker = worker_of(value);
		return true;
	case OPTION_SORT:
		filter->sort = sort_of(value);
		return true;
	case OPTION_LIMIT:
		filter->limit = limit_of(value);
		return true;
	default:
		return false;
	}
}

/* Those before the command, or behind it; short: what getopt takes. */
static void
arguments_parse(int argc, char **argv, const char *short_options,
    struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, short_options, long_options,
		    NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->file = optarg;
			break;
		case 's':
			arguments->socket = optarg;
			break;
		case 'j':
			arguments->is_json = true;
			break;
		case 'w':
			arguments->is_watched = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("signetctl " PACKAGE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			if (!take_filter(&arguments->filter, option, optarg))
				exit(LINE_USAGE); /* getopt has said why */
		}
	}
}

/* The connection to the daemon, or the end. */
static void
connect_or_refuse(const struct arguments *arguments,
    struct line_connection *connection)
{
	struct config_error error = { .text = "" };
	struct config *config = NULL;
	const char *path = arguments->socket;
	enum line_status status;

	if (path == NULL) {
		/* Not everybody who may ask the daemon may read its key. */
		if (config_load_alone(arguments->file, &config, &error) != 0) {
			fprintf(stderr, "%s\n", error.text);
			exit(LINE_REFUSED);
		}
		path = config->control.socket;
	}
	status = line_open(path, connection);
	config_free(&config);
	if (status != LINE_OK)
		exit(status);
}

static enum line_status
run_backup(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	char why[BACKUP_WHY_MAX];
	int result = backup_make(connection, names[0], why);

	(void)arguments;
	if (result == 0)
		return LINE_OK;
	fprintf(stderr, "signetctl: %s\n", why);
	return LINE_REFUSED;
}

/* Print an answer, in which tabs stand between lines. */
static void
print_lines(FILE *file, char *text)
{
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = '\n';
	fprintf(file, "%s\n", text);
}

static enum line_status
end_of(int result, char *answer, bool is_json)
{
	if (result < 0) {
		fprintf(stderr, "signetctl: %s\n", strerror(-result));
		return LINE_UNREACHABLE;
	}
	if (is_json) {
		printf("{\"ok\": %s, \"text\": ",
		    result == 0 ? "true" : "false");
		for (char *tab = answer; (tab = strchr(tab, '\t')) != NULL;)
			*tab = '\n';
		output_json_text(bytes_of_string(answer));
		printf("}\n");
	} else if (answer[0] != '\0') {
		print_lines(result == 0 ? stdout : stderr, answer);
	}
	return result == 0 ? LINE_OK : LINE_REFUSED;
}

static enum line_status
run_reload(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	char *answer = NULL;
	int result = line_ask(connection, "reload", &answer);

	(void)names;
	return end_of(result, answer, arguments->is_json);
}

/* log level [ROLE] LEVEL */
static enum line_status
run_log(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	struct buffer command = { NULL, 0, 0 };
	char *answer = NULL;
	bool has_role = names[1] != NULL && names[2] != NULL;
	int result;

	if (strcmp(names[0], "level") != 0)
		refuse_usage("log %s: log level is all there is", names[0]);
	fields_begin(&command, "log-level");
	fields_text(&command, "level",
	    bytes_of_string(names[has_role ? 2 : 1]));
	if (has_role)
		fields_text(&command, "role", bytes_of_string(names[1]));
	buffer_append(&command, bytes_of("", 1));
	result = line_ask(connection, (const char *)command.data, &answer);
	buffer_done(&command);
	return end_of(result, answer, arguments->is_json);
}

static enum line_status
run_status(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	(void)names;
	return status_run(connection, arguments->is_json);
}

static enum line_status
run_sessions(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	(void)names;
	return sessions_run(connection, &arguments->filter, arguments->is_json);
}

static enum line_status
run_session(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	return session_run(connection, names[0], arguments->is_json);
}

static enum line_status
run_disconnect(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	return disconnect_run(connection, names[0], arguments->is_json);
}

static enum line_status
run_version(struct line_connection *connection, char **names,
    const struct arguments *arguments)
{
	struct bytes line;
	struct row row;
	int error = line_send(connection, BYTES_LITERAL("version"));

	(void)names;
	if (error == 0)
		error = line_next(connection, &line);
	if (error != 0 || !row_parse(line, &row)) {
		fprintf(stderr, "signetctl: the daemon does not answer\n");
		return LINE_UNREACHABLE;
	}
	if (arguments->is_json) {
		printf("{\"signetctl\": \"" PACKAGE_VERSION "\", \"daemon\": ");
		output_json_text(row_text(&row, "version"));
		printf("}\n");
	} else {
		struct buffer text = { NULL, 0, 0 };

		output_escape(row_text(&row, "version"), &text);
		printf("signetctl " PACKAGE_VERSION "\nsignetd %.*s\n",
		    (int)text.len, (const char *)text.data);
		buffer_done(&text);
	}
	row_done(&row);
	return LINE_OK;
}

/* Each command, and how many words it has behind it. */
static const struct {
	const char *name;
	int least, most;
	enum line_status (*run)(struct line_connection *connection,
	    char **names, const struct arguments *arguments);
	bool is_watchable;
} commands[] = {
	{ "backup", 1, 1, run_backup, false },
	{ "disconnect", 1, 1, run_disconnect, false },
	{ "log", 2, 3, run_log, false },
	{ "reload", 0, 0, run_reload, false },
	{ "session", 1, 1, run_session, false },
	{ "sessions", 0, 0, run_sessions, true },
	{ "status", 0, 0, run_status, true },
	{ "version", 0, 0, run_version, false },
};

static enum line_status
run_once(size_t command, char **names, const struct arguments *arguments)
{
	struct line_connection connection;
	enum line_status status;

	connect_or_refuse(arguments, &connection);
	status = commands[command].run(&connection, names, arguments);
	line_close(&connection);
	return status;
}

/* Again and again, until it fails or is ended. */
static enum line_status
run_watched(size_t command, char **names, const struct arguments *arguments)
{
	enum line_status status;

	do {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J\033[3J", stdout);
		status = run_once(command, names, arguments);
		if (fflush(stdout) != 0)
			return LINE_REFUSED;
		sleep(WATCH_SECONDS);
	} while (status == LINE_OK);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { .file = SIGNET_SYSCONFDIR
				       "/signet.conf" };
	char own_name[] = "signetctl"; /* for getopt to complain by */
	char *name;

	argv[0] = own_name;
	arguments_parse(argc, argv, "+c:s:jwhV", &arguments);
	if (optind == argc)
		refuse_usage("there is no command");
	name = argv[optind];
	argv[optind] = own_name;
	if (strcmp(name, "explain") == 0)
		return explain_run(argc - optind, argv + optind,
		    arguments.file);
	argc -= optind;
	argv += optind;
	optind = 0; /* it begins anew, behind the command */
	arguments_parse(argc, argv, "c:s:jwhV", &arguments);
	argc -= optind;
	argv += optind;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (argc < commands[i].least)
			refuse_usage("%s needs more behind it", name);
		if (argc > commands[i].most)
			refuse_usage("%s: too much behind %s",
			    argv[commands[i].most], name);
		if (arguments.is_watched && !commands[i].is_watchable)
			refuse_usage("%s cannot be watched", name);
		return arguments.is_watched ? run_watched(i, argv, &arguments)
					    : run_once(i, argv, &arguments);
	}
	refuse_usage("there is no command %s", name);
}
