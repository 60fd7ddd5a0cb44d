/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a connection comes from: an address, the source that it counts for,
 * and prefixes of addresses.
 */
#ifndef SIGNET_LIB_ADDRESS_H
#define SIGNET_LIB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* "192.0.2.0/24", "2001:db8::/32"; an address alone is a prefix as well. */
struct address_prefix {
	uint8_t bytes[16]; /* IPv4: mapped into IPv6, behind ::ffff:0:0 */
	uint8_t bits;      /* 0..128, that count of these */
	bool is_ipv4;
};

/* What is wrong with the text: NULL; or in words that follow its name. */
const char *address_prefix_fault(const char *text);

/*
 * prefix: untouched on error.
 * Returns 0 or -EINVAL, if address_prefix_fault() has something to say.
 */
int address_prefix_parse(const char *text, struct address_prefix *prefix);

/* Does it begin so? address: AF_INET or AF_INET6; any other is in none. */
bool address_is_in(const struct sockaddr *address,
    const struct address_prefix *prefix);

/*
 * The source that an address counts for, as a number of its own: an IPv4
 * address; of IPv6 the first 64 bits, as whoever has one address of those has
 * all of them (RFC 4291 s2.5.4). 0 for any other family.
 */
uint64_t address_source(const struct sockaddr *address);

/* The source in words: "192.0.2.1", "2001:db8::/64". */
#define ADDRESS_SOURCE_TEXT_MAX 64
void address_source_print(uint64_t source, char text[ADDRESS_SOURCE_TEXT_MAX]);

#endif
