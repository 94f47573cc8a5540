/* dns_name.c: names of the DNS as text and as they stand in messages */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dns_private.h"
#include "table.h"

/* Lower-cases a wire name in place and tells its length; -1 if unsound. */
static int
lower(unsigned char *wire)
{
	size_t at = 0, end;

	while (wire[at] != 0) {
		if (wire[at] > 63 || at + wire[at] + 1 >= DNS_WIRE)
			return -1;
		for (end = at + wire[at]; at < end; at++)
			wire[at + 1] = (unsigned char)
			    str_lower((char)wire[at + 1]);
		at++;
	}
	return (int)at + 1;
}

int
dns_key(const char *name, unsigned type, struct dns_key *k)
{
	uint64_t h;
	int len;

	if (name[0] == '\0' || ns_name_pton(name, k->wire, DNS_WIRE) < 0 ||
	    (len = lower(k->wire)) < 0)
		return -1;
	h = table_hash((struct str){ (const char *)k->wire, (size_t)len });
	k->hash = (uint32_t)(h >> 32) ^ (uint32_t)h * (2 * type + 1);
	k->len = (uint8_t)len;
	k->type = (uint16_t)type;
	return 0;
}

void
dns_text(const unsigned char *wire, char dst[DNS_NAMELEN])
{
	if (ns_name_ntop(wire, dst, DNS_NAMELEN) < 0)
		dst[0] = '\0';
}

int
dns_name(const char *name, char dst[DNS_NAMELEN])
{
	struct dns_key k;

	if (dns_key(name, 0, &k) < 0)
		return -1;
	dns_text(k.wire, dst);
	return 0;
}

bool
dns_hostname(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && res_hnok(name) &&
	    strlen(name) < 255;
}

/* Is the dot before p one between labels, not "\."? */
static bool
cuts(const char *name, const char *p)
{
	size_t back = 0;

	if (p == name)
		return true;
	if (*--p != '.')
		return false;
	while (p > name && *--p == '\\')
		back++;
	return back % 2 == 0;
}

bool
dns_within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	if (strcmp(domain, ".") == 0)
		return true;
	return n >= d && strcasecmp(name + n - d, domain) == 0 &&
	    cuts(name, name + n - d);
}

void
dns_reverse(struct str addr, char dst[DNS_NAMELEN])
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)addr.p;
	size_t i, at = 0;

	if (addr.n == 4) {
		snprintf(dst, DNS_NAMELEN, "%u.%u.%u.%u.in-addr.arpa", p[3],
		    p[2], p[1], p[0]);
		return;
	}
	for (i = addr.n; i-- > 0; at += 4) {
		dst[at] = hex[p[i] & 15];
		dst[at + 2] = hex[p[i] >> 4];
		dst[at + 1] = dst[at + 3] = '.';
	}
	memcpy(dst + at, "ip6.arpa", sizeof "ip6.arpa");
}

void
dns_addr(struct str addr, char *dst, size_t cap)
{
	if ((addr.n != 4 && addr.n != 16) || inet_ntop(addr.n == 4 ?
	    AF_INET : AF_INET6, addr.p, dst, (socklen_t)cap) == NULL)
		dst[0] = '\0';
}
