/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IS_SANITIZED: is this a build with a sanitizer? Its leak check looks into its
 * own process from outside, and it needs files and system calls of its own, so
 * such a build, which is for tests, confines itself less; and what it is to see
 * misused has to be the heap's.
 */
#ifndef SIGNET_LIB_SANITIZED_H
#define SIGNET_LIB_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#endif
