/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults in words, and the places of settings that faults name.
 */
#ifndef SIGNET_CONFIG_FAULT_H
#define SIGNET_CONFIG_FAULT_H

#include <stdarg.h>

#include "config/source.h"

/* Add "FILE:LINE: " and what is wrong to what error says already. */
void config_fault_at(struct config_error *error, struct config_place place,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same about one setting: "FILE:LINE: setting `PATH' " and what it is. */
void config_fault_setting(struct config_error *error, struct config_place place,
    const char *path, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* Remember where a setting stands; path and the place's file are copied. */
void config_place_add(struct config *config, const char *path,
    struct config_place place);

void config_places_free(struct config_places **places);

#endif
