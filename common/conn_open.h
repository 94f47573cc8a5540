/* conn_open.h: from a host's name, a path or a command to a connection */
#ifndef CONN_OPEN_H
#define CONN_OPEN_H

#include <stdatomic.h>
#include <stdint.h>

#include "conn.h"
#include "fail.h"

struct net_addr;
struct tls_ctx;
struct tls_proof;

struct conn_conf {
	const char *host;	/* to connect to (A-labels or address) */
	unsigned port;
	const char *path;	/* or: a unix socket */
	const char *command;	/* or: --connect-command */
	const char *dial_host;	/* --connect-to: connect there, verify host */
	unsigned dial_port;
	const char *proxy;	/* socks5://[user:pass@]h[:1080], http://h:port */
	const char *source;	/* local address */
	const struct net_addr *addr;	/* looked up before: conn_resolve */
	int naddr;
	int family;		/* AF_UNSPEC, AF_INET, AF_INET6 */
	double connect_timeout;	/* seconds; 0: 60 */
	int64_t deadline;	/* of the whole (clock.h); 0: never */
	struct tls_ctx *tls;	/* for conn_starttls and conn_tls */
	const char *alpn;	/* offered by conn_tls; or NULL */
	const struct tls_proof *proof;	/* see struct tls_hello; or NULL */
	/* set once a server needed classic groups, for the next connection */
	atomic_bool *classic;	/* or NULL */
};

/*
 * Looks up whom conn_open would connect to, for conf->addr: how many addresses
 * at most max, 0 where nothing is looked up (a path, a command), -1.
 */
int conn_resolve(const struct conn_conf *, struct net_addr *, int max,
    struct err *);

/* Connected, in plaintext; NULL on failure.  *conf must outlive it. */
struct conn *conn_open(const struct conn_conf *, struct err *);

/* The conf of conn_open. */
const struct conn_conf *conn_settings(const struct conn *);

#endif
