/* proxy.h: through a SOCKS5 (RFC 1928, 1929) or HTTP CONNECT proxy */
#ifndef PROXY_H
#define PROXY_H

#include "fail.h"

struct conn;

struct proxy_conf {
	enum { PROXY_SOCKS5, PROXY_HTTP } kind;
	char host[256], user[256], pass[256];
	unsigned port;
};

/* "socks5://[user:pass@]host[:1080]" or "http://[user:pass@]host[:8080]" */
int proxy_parse(struct proxy_conf *, const char *url, struct err *);

/*
 * Asks the proxy at the other end of c for host:port, which the proxy
 * resolves.  Afterwards c is as if it had been opened to host itself.
 */
int proxy_connect(struct conn *, const struct proxy_conf *, const char *host,
    unsigned port, struct err *);

void proxy_wipe(struct proxy_conf *);

#endif
