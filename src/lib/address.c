/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS 96

/*
 * A source of IPv4 has these bits before its address. As the beginning of an
 * IPv6 address they are one of multicast (RFC 4291 s2.7), which is nobody's.
 */
#define SOURCE_IPV4 UINT64_C(0xffffffff00000000)

static void
map(const void *in, uint8_t bytes[16])
{
	memset(bytes, 0, 10);
	memset(bytes + 10, 0xff, 2);
	memcpy(bytes + 12, in, 4);
}

/* Do all bits from this one on have the value 0? */
static bool
is_clear_from(const uint8_t bytes[16], unsigned int bits)
{
	for (unsigned int i = bits; i < 128; i++)
		if (bytes[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* A number of 1 to 3 digits and nothing else; -1 if it is none. */
static int
parse_bits(const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 3 || text[len] != '\0')
		return -1;
	return atoi(text);
}

/* NULL, or the fault. prefix: written in any case. */
static const char *
parse(const char *text, struct address_prefix *prefix)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	struct in_addr in;
	int bits, most;

	if (len >= sizeof(address))
		return "is no address";
	memcpy(address, text, len);
	address[len] = '\0';
	prefix->is_ipv4 = inet_pton(AF_INET, address, &in) == 1;
	if (prefix->is_ipv4)
		map(&in, prefix->bytes);
	else if (inet_pton(AF_INET6, address, prefix->bytes) != 1)
		return "is no IPv4 or IPv6 address in digits, nor a prefix of "
		       "them as 192.0.2.0/24 or 2001:db8::/32";
	most = prefix->is_ipv4 ? 32 : 128;
	bits = text[len] == '\0' ? most : parse_bits(text + len + 1);
	if (bits < 0 || bits > most)
		return prefix->is_ipv4 ? "must have 0 to 32 bits behind the /"
				       : "must have 0 to 128 bits behind the /";
	prefix->bits = (uint8_t)(prefix->is_ipv4 ? MAPPED_BITS + bits : bits);
	if (!is_clear_from(prefix->bytes, prefix->bits))
		return "has bits behind those of the prefix";
	return NULL;
}

const char *
address_prefix_fault(const char *text)
{
	struct address_prefix prefix;

	return parse(text, &prefix);
}

int
address_prefix_parse(const char *text, struct address_prefix *prefix)
{
	struct address_prefix parsed;

	if (parse(text, &parsed) != NULL)
		return -EINVAL;
	*prefix = parsed;
	return 0;
}

/* The address as 16 bytes; false if it is of no family that has some. */
static bool
bytes_of_address(const struct sockaddr *address, uint8_t bytes[16])
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->sa_family == AF_INET)
		map(&in->sin_addr, bytes);
	else if (address->sa_family == AF_INET6)
		memcpy(bytes, &in6->sin6_addr, 16);
	else
		return false;
	return true;
}

bool
address_is_in(const struct sockaddr *address,
    const struct address_prefix *prefix)
{
	unsigned int whole = prefix->bits / 8, rest = prefix->bits % 8;
	uint8_t bytes[16];

	if (!bytes_of_address(address, bytes) ||
	    prefix->is_ipv4 != (address->sa_family == AF_INET) ||
	    memcmp(bytes, prefix->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0;
}

uint64_t
address_source(const struct sockaddr *address)
{
	uint8_t bytes[16];
	uint64_t first;
	uint32_t last;

	if (!bytes_of_address(address, bytes))
		return 0;
	memcpy(&first, bytes, sizeof(first));
	memcpy(&last, bytes + 12, sizeof(last));
	return address->sa_family == AF_INET ? SOURCE_IPV4 | be32toh(last)
					     : be64toh(first);
}

void
address_source_print(uint64_t source, char text[ADDRESS_SOURCE_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN] = "?";
	uint32_t last = htobe32((uint32_t)source);
	uint64_t first = htobe64(source);
	uint8_t bytes[16] = { 0 };

	if ((source & SOURCE_IPV4) == SOURCE_IPV4) {
		inet_ntop(AF_INET, &last, text, INET_ADDRSTRLEN);
		return;
	}
	memcpy(bytes, &first, sizeof(first));
	inet_ntop(AF_INET6, bytes, address, sizeof(address));
	snprintf(text, ADDRESS_SOURCE_TEXT_MAX, "%s/64", address);
}
