/* net_own.c: the addresses of this machine */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "net_own.h"

static socklen_t
length(const struct sockaddr *sa)
{
	if (sa == NULL)
		return 0;
	if (sa->sa_family == AF_INET)
		return sizeof(struct sockaddr_in);
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
}

void
net_own_find(struct net_own *own)
{
	struct ifaddrs *all, *i;
	struct net_addr *a;

	if (getifaddrs(&all) < 0)
		return;			/* those of the loopback are known */
	for (i = all; i != NULL; i = i->ifa_next) {
		if (length(i->ifa_addr) == 0)
			continue;
		own->v = mem_grow(own->v, own->n + 1, sizeof *own->v);
		a = &own->v[own->n++];
		*a = (struct net_addr){ .len = length(i->ifa_addr) };
		memcpy(&a->ss, i->ifa_addr, a->len);
	}
	freeifaddrs(all);
}

void
net_own_free(struct net_own *own)
{
	free(own->v);
	*own = (struct net_own){ 0 };
}

/* What ::ffff:192.0.2.1 leads to is 192.0.2.1. */
static const char *
host_text(const struct net_addr *a, char *text, size_t cap)
{
	static const char mapped[] = "::ffff:";
	size_t n = sizeof mapped - 1;

	net_ntop(a, text, cap);
	return strncmp(text, mapped, n) == 0 && strchr(text, '.') != NULL ?
	    text + n : text;
}


bool
net_own_has(const struct net_own *own, const struct net_addr *a)
{
	char want[64], have[64];
	const char *host = host_text(a, want, sizeof want);
	size_t i;

	if (net_loopback(a) || strncmp(host, "0.", 2) == 0 ||
	    strcmp(host, "::") == 0)
		return true;
	for (i = 0; i < own->n; i++)
		if (strcmp(host_text(&own->v[i], have, sizeof have), host) == 0)
			return true;
	return false;
}
