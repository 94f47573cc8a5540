/*
 * net_blame.c: who has ended an attempt to connect, and in what words
 *
 * "No route to host" may be said by this machine's routing table, by its search
 * for a neighbour, by a router far away, or by a firewall that sends what it
 * likes.  errno is the same for all of them; ICMP says which one it was.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "net_blame.h"
#include "os.h"

const char *
net_who(enum net_who w)
{
	static const char *const names[NET_WHOS] = {
		[NET_UNSAID] = NULL,
		[NET_HERE] = "here",
		[NET_LINK] = "link",
		[NET_ROUTER] = "router",
		[NET_HOST] = "host",
	};

	return names[w];
}

/* Destination unreachable: 3 of ICMP, 1 of ICMPv6. */
static const char *
unreachable(bool six, unsigned code)
{
	static const char *const four[] = { "no route to its network",
	    "the host is unreachable", "the protocol is unreachable",
	    "the port is unreachable", "a fragment would be needed",
	    "the source route failed", "the network is unknown",
	    "the host is unknown", "the source is isolated",
	    "the network is prohibited", "the host is prohibited",
	    "no route of this type of service",
	    "the host is unreachable for this type of service",
	    "prohibited by a filter", "the host takes precedence",
	    "the precedence is too low" };
	static const char *const more[] = { "no route to its network",
	    "prohibited by a filter", "beyond the scope of the source",
	    "the host is unreachable", "the port is unreachable",
	    "the source is prohibited", "the route is prohibited" };

	if (six)
		return code < sizeof more / sizeof *more ? more[code] : NULL;
	return code < sizeof four / sizeof *four ? four[code] : NULL;
}

int
net_blame_begin(const struct net_addr *a, const char *source,
    struct net_blame *b)
{
	struct err e = { 0 };
	int fd = net_begin(a, source, true, &e);

	*b = (struct net_blame){ 0 };
	if (fd >= 0)
		return fd;
	b->who = NET_HERE;
	b->error = errno;
	snprintf(b->text, sizeof b->text, "%.*s", (int)sizeof b->text - 1,
	    e.msg);
	return -1;
}

/*
 * With it on, the next read fails by any ICMP error that comes later: those are
 * hints, after which TCP sends again (RFC 1122 section 4.2.3.9).
 */
void
net_blame_none(int fd, const struct net_addr *a)
{
	os_icmp_ask(fd, a->ss.ss_family, false);
}

/* What the kernel answers itself has our own address for its sender. */
static bool
own(int fd, const char *from)
{
	struct net_addr a = { .len = sizeof a.ss };
	char text[64];

	if (getsockname(fd, (struct sockaddr *)&a.ss, &a.len) < 0)
		return false;
	net_ntop(&a, text, sizeof text);
	return strcmp(text, from) == 0;
}

void
net_blame_take(int fd, const struct net_addr *a, int error,
    struct net_blame *b)
{
	bool six = a->ss.ss_family == AF_INET6;
	struct net_addr from = { 0 };
	struct os_icmp icmp;
	const char *what = NULL;
	char to[64];

	*b = (struct net_blame){ .error = error };
	snprintf(b->text, sizeof b->text, "%s", strerror(error));
	if (os_icmp(fd, &icmp) < 0)
		return;
	from.ss = icmp.from;
	net_ntop(&from, b->from, sizeof b->from);
	net_ntop(a, to, sizeof to);
	b->type = icmp.type;
	b->code = icmp.code;
	if (icmp.type == (six ? 1 : 3))
		what = unreachable(six, icmp.code);
	if (strcmp(b->from, to) == 0)
		b->who = NET_HOST;
	else
		b->who = own(fd, b->from) ? NET_LINK : NET_ROUTER;
	if (b->who == NET_LINK)
		snprintf(b->text, sizeof b->text, "nobody answers for the address on the network of %s", b->from);
	else
		snprintf(b->text, sizeof b->text, "%s, says %s (ICMP %u/%u)",
		    what != NULL ? what : strerror(error), b->from, b->type,
		    b->code);
}
