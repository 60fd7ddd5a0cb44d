/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a daemon that is running what to do.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "ctl/backup.h"
#include "ctl/explain.h"
#include "ctl/line.h"

struct arguments {
	const char *file;   /* the configuration that names the socket */
	const char *socket; /* NULL: control.socket of it */
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: signetctl [-c FILE | -s SOCKET] backup DIR\n"
    "       signetctl [-c FILE | -s SOCKET] reload\n"
    "       signetctl explain --cert FILE [--client-id ID] [--config FILE]\n"
    "                         ACTION [TOPIC]\n"
    "\n"
    "  backup DIR          copy what the running daemon keeps to DIR, which\n"
    "                      must be empty or not there\n"
    "  reload              have the daemon take up its configuration and the\n"
    "                      files that it names, and say what has changed\n"
    "  explain             say if the client with this certificate may do it,\n"
    "                      and which rule decides; see signetctl(1)\n"
    "\n"
    "  -c, --config FILE   the daemon's configuration, if it is not\n"
    "                      " SIGNET_SYSCONFDIR "/signet.conf\n"
    "  -s, --socket SOCKET the daemon's control.socket\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n";

static void
arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	arguments->file = SIGNET_SYSCONFDIR "/signet.conf";
	while ((option = getopt_long(argc, argv, "+c:s:hV", long_options,
		    NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->file = optarg;
			break;
		case 's':
			arguments->socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("signetctl " PACKAGE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			exit(EXIT_FAILURE);
		}
	}
}

/* The connection to the daemon, or the end. */
static int
connect_or_refuse(const struct arguments *arguments)
{
	struct config_error error = { .text = "" };
	struct config *config = NULL;
	const char *path = arguments->socket;
	int fd;

	if (path == NULL) {
		if (config_load(arguments->file, &config, &error) != 0) {
			fprintf(stderr, "%s\n", error.text);
			exit(EXIT_FAILURE);
		}
		path = config->control.socket;
	}
	fd = line_connect(path);
	if (fd < 0) {
		fprintf(stderr, "signetctl: %s: %s\n", path, strerror(-fd));
		exit(EXIT_FAILURE);
	}
	config_free(&config);
	return fd;
}

static int
run_backup(const struct arguments *arguments, const char *folder)
{
	int fd = connect_or_refuse(arguments);
	char why[BACKUP_WHY_MAX];
	int result = backup_make(fd, folder, why);

	close(fd);
	if (result == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "signetctl: %s\n", why);
	return EXIT_FAILURE;
}

/* Print an answer, in which tabs stand between lines. */
static void
print_lines(FILE *file, char *text)
{
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = '\n';
	fprintf(file, "%s\n", text);
}

static int
run_reload(const struct arguments *arguments)
{
	char answer[LINE_ANSWER_MAX];
	int fd = connect_or_refuse(arguments);
	int result = line_ask(fd, "reload", answer);

	close(fd);
	if (result < 0)
		fprintf(stderr, "signetctl: %s\n", strerror(-result));
	else
		print_lines(result == 0 ? stdout : stderr, answer);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { .socket = NULL };

	arguments_parse(argc, argv, &arguments);
	if (argc - optind == 2 && strcmp(argv[optind], "backup") == 0)
		return run_backup(&arguments, argv[optind + 1]);
	if (argc > optind && strcmp(argv[optind], "explain") == 0)
		return explain_run(argc - optind, argv + optind,
		    arguments.file);
	if (argc - optind == 1 && strcmp(argv[optind], "reload") == 0)
		return run_reload(&arguments);
	fputs(usage, stderr);
	return EXIT_FAILURE;
}
