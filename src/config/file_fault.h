/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults in what a file holds that a setting names.
 */
#ifndef SIGNET_CONFIG_FILE_FAULT_H
#define SIGNET_CONFIG_FILE_FAULT_H

#include "config/config.h"
#include "lib/buffer.h"

/*
 * Append a fault, and put the name of the file into it if it begins with a
 * setting of one file and does not name it: "tls.client_ca: what is wrong"
 * becomes "tls.client_ca: /etc/ca.pem: what is wrong".
 *
 * config: NULL: nothing is put in.
 */
void config_file_fault(const struct config *config, struct bytes why,
    struct buffer *out);

/*
 * Where the setting that a fault begins with is written: its file and line.
 *
 * place: CONFIG_PLACE_MAX bytes; left as it is if there is none.
 */
void config_file_fault_place(const struct config *config, struct bytes why,
    char *place);

#endif
