/* net.h: addresses, and addresses to sockets; the one poll(2) */
#ifndef NET_H
#define NET_H

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "fail.h"
#include "str.h"

struct net_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/*
 * Waits until a descriptor is ready or the deadline (clock.h) passes: how many
 * are ready, 0 when time is up, NET_STOPPED at once when we were asked to end
 * (stop.h), also if something is ready: a loop that goes on then would turn
 * without a pause.  Whoever waits for the network waits here, in
 * net_poll_last, or in net_watch_wait.
 */
enum { NET_STOPPED = -2 };
int net_poll(struct pollfd *, nfds_t, int64_t deadline);

/*
 * As net_poll, for an answer without which nobody knows whether a message was
 * taken: a stop leaves it until stop_grace.
 */
int net_poll_last(struct pollfd *, nfds_t, int64_t deadline);

/*
 * Connects to the first of the addresses that answers, starting the next one
 * every 250 ms (RFC 8305): a connected, non-blocking, close-on-exec socket
 * with TCP_NODELAY.  source is a local address to come from, or NULL.
 * *which, if not NULL, is set to the address taken.  EX_TEMPFAIL on failure.
 */
int net_connect(const struct net_addr *, int n, const char *source,
    int64_t deadline, int *which, struct err *);

/*
 * A stream socket to a path; one with @ in front is abstract (unix(7)).
 * EX_TEMPFAIL, EX_NOHOST if it is not there.
 */
int net_unix(const char *path, struct err *);

/* One for datagrams, likewise: a write(2) is one of them, and never waits. */
int net_unix_datagrams(const char *path, struct err *);

/* "192.0.2.1" or "2001:db8::1"; "unix" for anything else. */
void net_ntop(const struct net_addr *, char *dst, size_t cap);

bool net_loopback(const struct net_addr *);

/*
 * "fe80::1%eth0" with the interface's number for its name, which cannot be
 * looked up behind the sandbox; any other text as it is.
 */
void net_scope(const char *text, char *dst, size_t cap);

/* "host", "host:port", "[v6]:port" cut in two; port 0 if there is none. */
int net_hostport(struct str, struct str *host, unsigned *port, struct err *);

/* ---- for one's own loop over many sockets; nothing here waits */

/*
 * Begins to connect as net_connect does: the socket; -1: errno, and e.  ask:
 * ICMP that comes instead is kept (net_blame.h).
 */
int net_begin(const struct net_addr *, const char *source, bool ask,
    struct err *);
int net_error(int fd);	/* what became of it: 0, or an errno value */

/*
 * Bytes moved; 0: the peer has ended (recv); NET_LATER: not now; else -1 and
 * errno.
 */
enum { NET_LATER = -2 };
long net_recv(int fd, void *, size_t);
long net_send(int fd, const void *, size_t);

/*
 * Many sockets watched, told of once per change: read until fewer bytes came
 * than there was room for.  A watch is a descriptor, and can itself be waited
 * for, together with others: until net_watch_until(deadline), then
 * net_watch_wait says what there is.  A watched socket ends by net_watch_close.
 */
struct net_event {
	void *who;
	bool in, out, hup, err;
};
int net_watch(struct err *);
int net_watch_add(int watch, int fd, void *who);
/* For what may block: told once that it can be read, until asked again; -1
 * for a plain file, which always can. */
int net_watch_once(int watch, int fd, void *who);
/* How many; 0 when time is up, and at once when we were asked to end. */
void net_watch_close(int fd);
int64_t net_watch_until(int64_t deadline);
int net_watch_wait(int watch, struct net_event *, int max, int64_t deadline);

/* ---- addresses */

/* Numbers to an address, no names: 0, -1.  net_raw: from its bytes, 4 or 16. */
int net_pton(struct str, unsigned port, struct net_addr *);
void net_raw(struct str bytes, unsigned port, struct net_addr *);
void net_port(struct net_addr *, unsigned port);
unsigned net_port_of(const struct net_addr *);

/*
 * Our name for EHLO (RFC 5321 section 4.1.1.1): the host name if it is fully
 * qualified, else the literal of the connection's own address.
 */
void net_ehlo(int fd, char *dst, size_t cap);

#endif
