/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of ours in the place of mbedTLS's.
 *
 * A part of mbedTLS calls the public functions of another, which is a library
 * of its own, by name: a function of that name in a program comes first.
 */
#ifndef SIGNET_GATE_INTERPOSE_H
#define SIGNET_GATE_INTERPOSE_H

/*
 * The function of that name in mbedTLS itself.
 *
 * function: points to where a pointer to it goes, which C has no cast for.
 */
void interpose_find_next(const char *name, void *function);

#endif
