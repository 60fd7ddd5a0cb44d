/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a file as a setting gives it.
 */
#ifndef SIGNET_CONFIG_FILE_NAME_H
#define SIGNET_CONFIG_FILE_NAME_H

#include "config/source.h"

/* systemd.exec(5), LoadCredential=: where the unit's credentials are. */
#define CONFIG_CREDENTIALS "${CREDENTIALS_DIRECTORY}"

/*
 * The absolute name. It may begin with CONFIG_CREDENTIALS and a slash, which
 * stands for the environment's variable of that name; one that is relative is
 * seen from the first file's folder. Text that is no file is taken as it is.
 *
 * Returned, free with free(); NULL if the variable is named and not set to an
 * absolute path.
 */
char *config_file_name(const struct config_source *source, const char *name);

#endif
