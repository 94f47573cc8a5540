/* conn_open.c: from a host's name, a path or a command to a connection */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conn_open.h"
#include "conn_private.h"
#include "conn_secret.h"
#include "errand.h"
#include "mem.h"
#include "proxy.h"
#include "stop.h"
#include "trace.h"

enum { ADDRESSES = 16 };

static int
look_up(struct conn *c, struct net_addr *addr, int max)
{
	const struct conn_conf *f = c->conf;
	const char *host = f->dial_host != NULL ? f->dial_host : f->host;
	unsigned port = f->dial_port != 0 ? f->dial_port : f->port;
	struct proxy_conf proxy;
	int n;

	if (f->proxy == NULL)
		return errand_resolve(host, port, f->family, addr, max,
		    conn_limits_end(&c->limits), c->e);
	if (proxy_parse(&proxy, f->proxy, c->e) < 0)
		return -1;
	n = errand_resolve(proxy.host, proxy.port, f->family, addr, max,
	    conn_limits_end(&c->limits), c->e);
	proxy_wipe(&proxy);
	return n;
}

static int
dial(struct conn *c)
{
	const struct conn_conf *f = c->conf;
	struct net_addr found[ADDRESSES];
	const struct net_addr *addr = f->naddr > 0 ? f->addr : found;
	int n = f->naddr, which = 0;

	if (f->command != NULL)
		return spawn_socket(f->command, &c->child, c->e);
	if (f->path != NULL)
		return errand_runs() ? errand_unix(f->path, c->e) :
		    net_unix(f->path, c->e);
	if (n == 0 && (n = look_up(c, found, ADDRESSES)) <= 0)
		return -1;
	c->peer.tcp = true;
	c->fd = net_connect(addr, n, f->source, conn_limits_end(&c->limits),
	    &which, c->e);
	c->peer.addr = addr[which];
	net_ntop(&c->peer.addr, c->peer.text, sizeof c->peer.text);
	return c->fd;
}

static int
through(struct conn *c)
{
	const struct conn_conf *f = c->conf;
	struct proxy_conf proxy;
	int got;

	if (f->proxy == NULL || f->command != NULL || f->path != NULL)
		return 0;
	if (proxy_parse(&proxy, f->proxy, c->e) < 0)
		return conn_broken(c);
	conn_phase(c, "the proxy", CONN_PROXY);
	got = proxy_connect(c, &proxy, f->dial_host != NULL ? f->dial_host :
	    f->host, f->dial_port != 0 ? f->dial_port : f->port, c->e);
	proxy_wipe(&proxy);
	conn_wipe(c);
	return got < 0 ? conn_broken(c) : 0;
}

void
conn_name(struct conn *c)
{
	const struct conn_conf *f = c->conf;

	if (f->path != NULL)
		snprintf(c->peer.where, sizeof c->peer.where, "%s", f->path);
	else if (strchr(f->host, ':') != NULL)
		snprintf(c->peer.where, sizeof c->peer.where, "[%s]:%u", f->host,
		    f->port);
	else
		snprintf(c->peer.where, sizeof c->peer.where, "%s:%u", f->host, f->port);
}

/* All that is known before there is a connection. */
static void
conn_prepare(struct conn *c, const struct conn_conf *conf, struct err *e)
{
	c->conf = conf;
	c->e = e;
	c->limits.whole = &conf->deadline;
	conn_name(c);
	conn_phase(c, "connecting",
	    conf->connect_timeout > 0 ? conf->connect_timeout : CONN_DIAL);
}

int
conn_resolve(const struct conn_conf *conf, struct net_addr *addr, int max,
    struct err *e)
{
	struct conn c = { .fd = -1 };
	int n = 0;

	conn_prepare(&c, conf, e);
	if (conf->command == NULL && conf->path == NULL)
		n = look_up(&c, addr, max);
	return n < 0 ? conn_broken(&c) : n;
}

/* Connected, and through the proxy if there is one. */
static int
reach(struct conn *c)
{
	snprintf(c->peer.text, sizeof c->peer.text, "%s",
	    c->conf->command != NULL ? "command" : "unix");
	c->fd = dial(c);
	if (c->fd < 0)
		return stop_asked() ? conn_stopped(c) : conn_broken(c);
	trace_note(TRACE_DONE, "connected to %s (%s)", c->peer.where, c->peer.text);
	return through(c);
}

static void
fresh(struct conn *c, const struct conn_conf *conf, struct err *e)
{
	*c = (struct conn){ .fd = -1, .opening = true,
	    .slept = clock_slept(),
	    .line = CONN_LINE, .out.max = CONN_BURST, .tx.max = 2 * CONN_BURST,
	    .rx.max = CONN_BURST, .in.max = CONN_AHEAD };
	conn_prepare(c, conf, e);
}

struct conn *
conn_open(const struct conn_conf *conf, struct err *e)
{
	struct conn *c = mem_new(1, sizeof *c);

	fresh(c, conf, e);
	c->hello.classic = conf->classic != NULL && atomic_load(conf->classic);
	if (reach(c) == 0)
		return c;
	conn_close(c);
	return NULL;
}

int
conn_redial(struct conn *c)
{
	struct conn was = *c;

	fail_clear(c->e);
	conn_hang_up(c);
	fresh(c, was.conf, was.e);
	c->line = was.line;
	c->hello = was.hello;
	return reach(c);
}

const struct conn_conf *
conn_settings(const struct conn *c)
{
	return c->conf;
}
