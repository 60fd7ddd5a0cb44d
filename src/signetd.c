/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's one program: as the master, with a user's arguments; as any
 * other role, executed again by the master.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "check_files.h"
#include "config/file_fault.h"
#include "master/folder.h"
#include "master/master.h"
#include "proc/child.h"
#include "proc/privileges.h"
#include "rights/rights.h"
#include "start_key.h"
#include "store/check.h"
#include "store/store.h"

/* How ps shows the processes, and how they know themselves. */
#define CHILD_TITLE  "signetd:"
#define MASTER_TITLE "signetd: master"

struct arguments {
	const char *file;
	bool has_file;
	bool is_check;
	bool is_check_store;
	const char *store; /* the folder to check; NULL: store.path */
	bool is_print_config;
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, 't' },
	{ "check-store", optional_argument, NULL, 's' },
	{ "print-config", no_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: signetd [-c FILE]                  run the daemon\n"
    "       signetd -t [-c FILE]               check the configuration\n"
    "       signetd --check-store [-c FILE]    check the database in\n"
    "                                          store.path, or in DIR:\n"
    "       signetd --check-store=DIR\n"
    "       signetd --print-config [-c FILE]   print the settings: the\n"
    "                                          defaults, or those of FILE\n"
    "\n"
    "  -c, --config FILE   read FILE, not " SIGNET_SYSCONFDIR "/signet.conf\n"
    "  -t, --check         check FILE and the files that it names\n"
    "      --check-store   read all that is on disk and say what is there\n"
    "      --print-config  print all settings with their meaning\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n";

static void
arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	arguments->file = SIGNET_SYSCONFDIR "/signet.conf";
	while ((option = getopt_long(argc, argv, "c:thV", long_options,
		    NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->file = optarg;
			arguments->has_file = true;
			break;
		case 't':
			arguments->is_check = true;
			break;
		case 's':
			arguments->is_check_store = true;
			arguments->store = optarg;
			break;
		case 'p':
			arguments->is_print_config = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("signetd " PACKAGE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			exit(EXIT_FAILURE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "signetd: what is \"%s\"?\n%s", argv[optind],
		    usage);
		exit(EXIT_FAILURE);
	}
}

static _Noreturn void
refuse(const char *text)
{
	fprintf(stderr, "%s\n", text);
	exit(EXIT_FAILURE);
}

static struct config *
load_or_refuse(const char *file)
{
	struct config_error error = { .text = "" };
	struct config *config = NULL;

	if (config_load(file, &config, &error) != 0 ||
	    rights_check_config(config, &error) != 0)
		refuse(error.text);
	return config;
}

/* Only root needs somebody to become. */
static void
check_user_or_refuse(const struct config *config)
{
	struct config_error error = { .text = "" };
	char why[256];

	if (proc_privileges_check(config->processes.user, why, sizeof(why)) ==
	    0)
		return;
	config_fault(config, &error, "processes.user", "%s", why);
	refuse(error.text);
}

/* The store would not start, again and again. */
static void
check_libraries_or_refuse(void)
{
	char why[512];

	if (store_prepare(why, sizeof(why)) != 0)
		refuse(why);
}

/* One line about a file that the configuration names. */
static void
say_line(const struct config *config, const char *file, struct bytes line)
{
	const struct bytes warning = BYTES_LITERAL(TRUST_WARNING);
	bool is_warning = line.len > warning.len &&
			  memcmp(line.data, warning.data, warning.len) == 0;
	struct buffer named = { NULL, 0, 0 };
	char place[CONFIG_PLACE_MAX];

	if (is_warning)
		line = bytes_skip(line, warning.len);
	snprintf(place, sizeof(place), "%s", file);
	config_file_fault(config, line, &named);
	config_file_fault_place(config, line, place);
	fprintf(stderr, "%s: %s%.*s\n", place, is_warning ? TRUST_WARNING : "",
	    (int)named.len, (const char *)named.data);
	buffer_done(&named);
}

static void
say_lines(const struct config *config, const char *file, struct bytes text)
{
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;

		say_line(config, file, bytes_of(text.data, len));
		text = bytes_skip(text, len + (end != NULL));
	}
}

/*
 * Everything that can be known to be wrong before the daemon starts. A CRL that
 * has outlived its grace is a fault of a check, but keeps nobody from a start,
 * so that the clients of other authorities are served.
 */
static void
check_or_refuse(const char *file, bool is_check)
{
	struct config *config = load_or_refuse(file);
	struct proc_credentials credentials = { .certificate = { 0 } };
	struct config_error fault = { .text = "" };
	struct buffer text = { NULL, 0, 0 };
	int result;

	check_user_or_refuse(config);
	check_libraries_or_refuse();
	if (proc_credentials_read(config, &credentials, &fault) != 0)
		refuse(fault.text);
	if (!is_check)
		start_key_leave(&credentials);
	result = check_files(config, &credentials, &text);
	say_lines(config, file, buffer_view(&text));
	buffer_done(&text);
	config_free(&config);
	if (result < 0 || (is_check && result == TRUST_LOCKS_OUT))
		exit(EXIT_FAILURE);
}

static int
print_config(const struct arguments *arguments)
{
	struct buffer text = { NULL, 0, 0 };
	struct config *config = NULL;
	size_t written;

	if (arguments->has_file)
		config = load_or_refuse(arguments->file);
	config_print(config, true, &text);
	written = fwrite(text.data, 1, text.len, stdout);
	if (written != text.len || fflush(stdout) != 0)
		fatal("cannot print: %s", strerror(errno));
	buffer_done(&text);
	config_free(&config);
	return EXIT_SUCCESS;
}

/*
 * Exit status 0 if it holds together. A daemon that is running changes what is
 * read: only its backups can be checked.
 */
static int
check_store(const struct arguments *arguments)
{
	struct config *config = NULL;
	const char *folder = arguments->store;
	char why[512];
	int status = EXIT_FAILURE;

	if (folder == NULL) {
		config = load_or_refuse(arguments->file);
		folder = config->store.path;
	}
	if (master_folder_check_lock(folder, why, sizeof(why)) != 0)
		fprintf(stderr, "signetd: %s\n", why);
	else if (store_check(folder, stdout) == 0)
		status = EXIT_SUCCESS;
	config_free(&config);
	return status;
}

/* A descriptor that we open must not be taken for standard error. */
static void
open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Begin anew as the master, under its title and in memory in which no key was
 * ever parsed. Where that is impossible, go on as we are.
 */
static void
become_master(char **argv)
{
	static char title[] = MASTER_TITLE;

	if (strcmp(argv[0], MASTER_TITLE) != 0) {
		argv[0] = title;
		execv("/proc/self/exe", argv);
	}
	prctl(PR_SET_NAME, "signetd", 0, 0, 0);
}

static int
run_child(char **argv)
{
	const struct role *role = role_find_by_name(argv[1]);
	char *end;
	unsigned long index = strtoul(argv[2], &end, 10);

	if (role == NULL || *end != '\0' || index > UINT16_MAX)
		fatal("there is no role %s %s", argv[1], argv[2]);
	return proc_child_main(role, (uint16_t)index);
}

static int
run_master(const char *file)
{
	struct config *config = load_or_refuse(file);
	struct proc_credentials credentials = { .certificate = { 0 } };
	struct config_error fault = { .text = "" };
	int status;

	if (start_key_read(config, &credentials, &fault) != 0)
		refuse(fault.text);
	status = master_run(file, config, &credentials);
	config_free(&config);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { .has_file = false };

	if (argc == 3 && strcmp(argv[0], CHILD_TITLE) == 0)
		return run_child(argv);
	if (argc == 0)
		return EXIT_FAILURE;
	open_standard_files();
	arguments_parse(argc, argv, &arguments);
	if (arguments.is_print_config)
		return print_config(&arguments);
	if (arguments.is_check_store)
		return check_store(&arguments);
	if (strcmp(argv[0], MASTER_TITLE) != 0)
		check_or_refuse(arguments.file, arguments.is_check);
	if (arguments.is_check) {
		printf("%s: OK\n", arguments.file);
		return EXIT_SUCCESS;
	}
	become_master(argv);
	return run_master(arguments.file);
}
