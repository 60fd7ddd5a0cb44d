/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master of a daemon whose other processes are the test: it hears what
 * they are told, and says what they answer.
 */
#ifndef SIGNET_TEST_RELOAD_RIG_H
#define SIGNET_TEST_RELOAD_RIG_H

#include "master/reload.h"

#define SETTINGS                                                               \
	"listen = ( { address = \"::1\"; } );"                                 \
	"tls = { certificate = \"/c\"; private_key = \"/k\"; "                 \
	"client_ca = \"/a\"; };"
#define BEFORE SETTINGS "log = { level = \"error\"; };"
#define AFTER                                                                  \
	SETTINGS                                                               \
	"log = { level = \"error\"; }; sys = { interval_seconds = 7; };"

enum { READER, KEY, TRUST, GATE, WORKER, COUNT };

extern struct master master;
extern struct reload reload;
extern struct member members[COUNT];
extern struct config *config_before;
extern uint64_t proposed; /* the number of the last proposal */

void rig_setup(void);
void rig_teardown(void);
/* What it was told since the last time: P(ropose), C(ommit), D(ismiss), R(ead),
 * K(ey), T(rust check). */
void expect_told(int who, const char *text);
void expect_all_told(const char *text);
/* It says this; fd: taken, or -1. Returns what the master makes of it. */
int rig_say(int who, enum ipc_message_type type, struct bytes payload, int fd);
int say_generation(int who, enum ipc_message_type type, uint64_t number,
    const char *why);
/* What it says to the last proposal. */
void rig_agree(int who);
void rig_refuse(int who);
void rig_commit(int who);
/* What the reader has read; changed: the files that are others. */
void say_contents(const char *text, unsigned int changed);
void begin_reading(void);
/* A reload, as far as everybody was asked. */
void rig_propose(void);
void end_process(int who);
/* It is there again, with what was in use when it was started. */
void come_back(int who);
void expect_refused(void);
void expect_used(void);

#endif
