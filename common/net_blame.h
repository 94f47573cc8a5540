/* net_blame.h: who has ended an attempt to connect, and in what words */
#ifndef NET_BLAME_H
#define NET_BLAME_H

#include <sys/socket.h>

#include "net.h"

enum net_who {
	NET_UNSAID,		/* nobody: it was refused, or time was up */
	NET_HERE,		/* this machine: no socket, source or route */
	NET_LINK,		/* this machine, which finds nobody there */
	NET_ROUTER,		/* something on the way, by ICMP */
	NET_HOST,		/* the address itself, by ICMP */
	NET_WHOS
};

struct net_blame {
	enum net_who who;
	int error;		/* errno */
	unsigned type, code;	/* of ICMP: RFC 792, RFC 4443 */
	char from[64];		/* its sender; "" if there is none */
	char text[256];		/* all of it in words */
};

const char *net_who(enum net_who);	/* a word; NULL for NET_UNSAID */

/*
 * net_begin, and if that fails, who is to blame.  Otherwise one of the next
 * two is owed.
 */
int net_blame_begin(const struct net_addr *, const char *source,
    struct net_blame *);

/* The socket is connected. */
void net_blame_none(int fd, const struct net_addr *);

/* It is not, because of this errno value (net_error). */
void net_blame_take(int fd, const struct net_addr *, int error,
    struct net_blame *);

#endif
