/* net_reach.c: from where an address can be reached (RFC 6890) */
#include <netinet/in.h>

#include "net_reach.h"

/* The first row that fits counts. */
struct network {
	unsigned char prefix[16];
	unsigned bits;
	enum net_reach reach;
};

static const struct network four[] = {
	{ { 0 }, 8, NET_REACH_HERE },
	{ { 127 }, 8, NET_REACH_HERE },
	{ { 10 }, 8, NET_REACH_PRIVATE },
	{ { 172, 16 }, 12, NET_REACH_PRIVATE },
	{ { 192, 168 }, 16, NET_REACH_PRIVATE },
	{ { 100, 64 }, 10, NET_REACH_PRIVATE },		/* RFC 6598 */
	{ { 198, 18 }, 15, NET_REACH_PRIVATE },		/* RFC 2544 */
	{ { 169, 254 }, 16, NET_REACH_LINK },
	{ { 224 }, 3, NET_REACH_NOBODY },
	{ { 0 }, 0, NET_REACH_PUBLIC },
};

static const struct network six[] = {
	{ { [15] = 1 }, 128, NET_REACH_HERE },
	{ { 0 }, 128, NET_REACH_HERE },
	{ { 0 }, 96, NET_REACH_NOBODY },		/* RFC 4291 2.5.5.1 */
	{ { 0xfc }, 7, NET_REACH_PRIVATE },
	{ { 0xfe, 0xc0 }, 10, NET_REACH_PRIVATE },	/* RFC 3879 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, NET_REACH_PRIVATE },
	{ { 0xfe, 0x80 }, 10, NET_REACH_LINK },
	{ { 0xff }, 8, NET_REACH_NOBODY },
	{ { 0 }, 0, NET_REACH_PUBLIC },
};

/* Where IPv6 has an address of IPv4, and at which byte. */
static const struct embedded {
	unsigned char prefix[16];
	unsigned bits, at;
} embedded[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 },	/* RFC 4291 2.5.5.2 */
	{ { 0, 0x64, 0xff, 0x9b }, 96, 12 },		/* RFC 6052 */
	{ { 0x20, 0x02 }, 16, 2 },			/* RFC 3056 */
};

static bool
prefixed(const unsigned char *p, const unsigned char *prefix, unsigned bits)
{
	unsigned i, rest;

	for (i = 0; i < bits / 8; i++)
		if (p[i] != prefix[i])
			return false;
	rest = bits % 8;
	return rest == 0 || (p[i] ^ prefix[i]) >> (8 - rest) == 0;
}

enum net_reach
net_reach(struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	const struct network *n = bytes.n == 4 ? four : six;
	size_t i;

	for (i = 0; bytes.n == 16 && i < sizeof embedded / sizeof *embedded; i++)
		if (prefixed(p, embedded[i].prefix, embedded[i].bits))
			return net_reach((struct str){
			    bytes.p + embedded[i].at, 4 });
	while (!prefixed(p, n->prefix, n->bits))
		n++;
	return n->reach;
}

enum net_reach
net_reach_of(const struct net_addr *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->ss;

	if (a->ss.ss_family == AF_INET)
		return net_reach((struct str){ (const char *)&in->sin_addr, 4 });
	if (a->ss.ss_family == AF_INET6)
		return net_reach((struct str){ (const char *)&in6->sin6_addr,
		    16 });
	return NET_REACH_HERE;
}

const char *
net_reach_word(enum net_reach r)
{
	static const char *const words[] = { "public", "private", "link-local",
	    "loopback", "multicast or reserved" };

	return words[r];
}
