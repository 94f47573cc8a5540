/* resolve.h: names to addresses */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "fail.h"
#include "net.h"
#include "str.h"

/*
 * The addresses of host, at most max, families in turn as RFC 8305 section 4
 * says; family is AF_UNSPEC, AF_INET or AF_INET6.  How many, or -1: EX_NOHOST
 * when there is no such host, EX_TEMPFAIL when nobody could tell in time.
 * If POSTBAG_DNS is set these servers are asked, unless /etc/hosts knows.
 */
int resolve_host(const char *host, unsigned port, int family,
    struct net_addr *, int max, int64_t deadline, struct err *);

/*
 * /etc/hosts: its text, and the next address in it for a host; *rest is the
 * text at first.
 */
void resolve_hosts(struct buf *text);
bool resolve_hosts_next(struct str *rest, const char *host, struct str *address);

#endif
