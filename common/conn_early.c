/* conn_early.c: what a server says before it is asked */
#include <string.h>
#include <sys/ioctl.h>

#include "conn_early.h"
#include "conn_private.h"

/*
 * Any byte counts: a whole line, half of one, or one still in the kernel.  That
 * the peer is gone is no word of it: who reads or writes will see.
 */
long
conn_early(struct conn *c, const char **p)
{
	int waiting = 0;

	if (c->state != CONN_ALIVE)
		return -1;
	ioctl(c->fd, FIONREAD, &waiting);
	if ((waiting > 0 && conn_recv_some(c) < 0) || conn_decode(c) < 0)
		return -1;
	*p = c->in.p + c->in.at;
	return (long)c->in.n;
}

uint64_t
conn_came(struct conn *c)
{
	const char *p;

	conn_early(c, &p);	/* failure comes out at the next read */
	return c->came;
}

uint64_t
conn_taken(const struct conn *c)
{
	return c->came - c->in.n;
}

int
conn_our_turn(struct conn *c, const char *refusals)
{
	const char *p;
	long n = conn_early(c, &p);
	size_t len;

	if (n <= 0)
		return (int)n;
	if (strchr(refusals, *p) != NULL && *p != '\0') {
		conn_deafen(c);
		return 1;
	}
	if (memchr(p, '\n', (size_t)n) == NULL)
		p = "half a line";
	else if ((p = conn_line(c, &len)) == NULL)
		return -1;
	return conn_abort(c, EX_PROTOCOL, "%s: the server answers before it was asked: %.200s",
	    c->limits.what, p);
}
