/*
 * dns_name.c: names of the DNS as text and as they stand in messages
 *
 * RFC 1035 sections 3.1, 4.1.4 (pointers) and 5.1 (escapes).  It is not left to
 * the C library: what musl makes of a label with a dot in it is another name.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dns_private.h"
#include "table.h"

enum { LABEL = 63, POINTER = 0xc0 };

/* How a byte of a label is written: in lower case, or (0) with a backslash. */
static const char as_text[256] =
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0!\0#\0%&'\0\0*+,-\0/"
    "0123456789:\0<=>?"
    "\0abcdefghijklmno"
    "pqrstuvwxyz[\0]^_"
    "`abcdefghijklmno"
    "pqrstuvwxyz{|}~";

int
dns_escaped(const char **p)
{
	const char *s = *p;
	int c;

	if (*s == '\0')
		return -1;
	*p = s + 1;
	if (!str_digit(s[0]))
		return (unsigned char)*s;
	if (!str_digit(s[1]) || !str_digit(s[2]))
		return -1;
	*p = s + 3;
	c = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
	return c < 256 ? c : -1;
}

/* The label whose length belongs at *label ends before at, as the next does. */
static int
end_label(unsigned char *wire, size_t *label, size_t at)
{
	size_t n = at - *label - 1;

	if (n == 0 || n > LABEL || at >= DNS_WIRE)
		return -1;
	wire[*label] = (unsigned char)n;
	*label = at;
	return 0;
}

/* Its length in wire, lower case; -1 if that is no name. */
static int
name_encode(const char *p, unsigned char wire[DNS_WIRE])
{
	size_t label = 0, at = 1;
	int c;

	if (strcmp(p, ".") == 0)
		p++;
	else if (*p == '\0')
		return -1;
	for (;; at++) {
		while (at < DNS_WIRE &&
		    (c = as_text[(unsigned char)*p]) != 0) {
			wire[at++] = (unsigned char)c;
			p++;
		}
		if (*p == '\0')
			break;
		c = (unsigned char)*p++;
		if (c == '.') {
			if (end_label(wire, &label, at) < 0)
				return -1;
			continue;
		}
		if (c == '\\' && (c = dns_escaped(&p)) < 0)
			return -1;
		if (at >= DNS_WIRE)
			return -1;
		wire[at] = (unsigned char)str_lower((char)c);
	}
	/* The last dot may be left out. */
	if (at > label + 1 && end_label(wire, &label, at) < 0)
		return -1;
	wire[label] = 0;
	return (int)label + 1;
}

int
dns_key(const char *name, unsigned type, struct dns_key *k)
{
	int len = name_encode(name, k->wire);
	uint64_t h;

	if (len < 0)
		return -1;
	h = table_hash((struct str){ (const char *)k->wire, (size_t)len });
	k->hash = (uint32_t)(h >> 32) ^ (uint32_t)h * (2 * type + 1);
	k->len = (uint8_t)len;
	k->type = (uint16_t)type;
	return 0;
}

/* Characters that would be read as something else. */
static char *
put_escaped(char *at, unsigned char c)
{
	*at++ = '\\';
	if (c > ' ' && c < 0x7f) {
		*at++ = (char)c;
		return at;
	}
	*at++ = (char)('0' + c / 100);
	*at++ = (char)('0' + c / 10 % 10);
	*at++ = (char)('0' + c % 10);
	return at;
}

/* A label, in lower case, to at of the name at dst. */
static char *
put_label(char *dst, char *at, const unsigned char *label)
{
	const unsigned char *p = label + 1, *end = p + *label;

	if (at > dst)
		*at++ = '.';
	for (; p < end; p++)
		if (as_text[*p] != 0)
			*at++ = as_text[*p];
		else
			at = put_escaped(at, *p);
	return at;
}

static void
end_name(char *dst, char *at)
{
	if (at == dst)
		*at++ = '.';
	*at = '\0';
}

void
dns_text(const unsigned char *wire, char dst[DNS_NAMELEN])
{
	char *at = dst;

	for (; *wire != 0; wire += *wire + 1)
		at = put_label(dst, at, wire);
	end_name(dst, at);
}

/*
 * Where the pointer at p leads: to what came before *limit, so that no name
 * goes round in a circle.  NULL if it does not.
 */
static const unsigned char *
follow(const unsigned char *msg, const unsigned char *end,
    const unsigned char *p, const unsigned char **limit)
{
	size_t at;

	if (end - p < 2)
		return NULL;
	at = (size_t)(p[0] & 0x3f) << 8 | p[1];
	if (at >= (size_t)(*limit - msg))
		return NULL;
	*limit = msg + at;
	return *limit;
}

int
dns_expand(const unsigned char *msg, const unsigned char *end,
    const unsigned char *p, char *dst)
{
	const unsigned char *start = p, *limit = p, *behind = NULL;
	char *at = dst;
	size_t n, total = 1;

	while (p < end && *p != 0) {
		if (*p >= POINTER) {
			if (behind == NULL)
				behind = p + 2;
			p = follow(msg, end, p, &limit);
			if (p == NULL)
				return -1;
			continue;
		}
		n = *p + 1u;
		total += n;
		if (*p > LABEL || n > (size_t)(end - p) || total > DNS_WIRE)
			return -1;
		if (dst != NULL)
			at = put_label(dst, at, p);
		p += n;
	}
	if (p >= end)
		return -1;
	if (dst != NULL)
		end_name(dst, at);
	return (int)((behind != NULL ? behind : p + 1) - start);
}

const unsigned char *
dns_skip(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p != 0 && *p <= LABEL && *p < end - p)
		p += *p + 1;
	if (p < end && *p == 0)
		return p + 1;
	return p < end && *p >= POINTER && end - p >= 2 ? p + 2 : NULL;
}

int
dns_name(const char *name, char dst[DNS_NAMELEN])
{
	unsigned char wire[DNS_WIRE];

	if (name_encode(name, wire) < 0)
		return -1;
	dns_text(wire, dst);
	return 0;
}

static bool
host_byte(unsigned char c)
{
	return str_alpha((char)c) || str_digit((char)c) || c == '-' || c == '_';
}

bool
dns_hostname(const char *name)
{
	const char *p = name;
	size_t n = 0;			/* of the label so far */

	if (*p == '-')
		return false;
	for (; *p != '\0'; p++) {
		if (*p == '.' ? n == 0 : n == LABEL ||
		    !host_byte((unsigned char)*p))
			return false;
		n = *p == '.' ? 0 : n + 1;
	}
	/* The last dot may be left out, and a length and a root go with it. */
	return p > name && p - name + (n > 0) + 1 <= DNS_WIRE;
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
