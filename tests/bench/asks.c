/*
 * asks.c: asks for the MX of the names on standard input, and nothing else
 *
 *	asks PORT WINDOW < NAMES
 *
 * The least that a careful resolver has to do, for the bench of mxlookup: ids
 * from getrandom, four ports that the kernel picks, each replaced after 1,000
 * queries, id and question of a reply compared.  Nothing is taken out of a
 * reply, nothing is sent again: it fails where one is missing for a second.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS = 4, BATCH = 64, READ = 32, PORT_QUERIES = 1000, ROOM = 2048,
    QUERY = 300 };

struct query {
	size_t len;
	unsigned char wire[QUERY];
};

struct port {
	int fd;
	unsigned sent, waiting;
	struct query *slot[65536];	/* by id */
};

static struct sockaddr_in server;
static struct port port[2 * PORTS];	/* those behind PORTS only listen */
static unsigned window, inflight;
static int more = 1;			/* names */

static unsigned
random16(void)
{
	static uint16_t pool[512];
	static unsigned n;

	if (n == 0) {
		if (getrandom(pool, sizeof pool, 0) != sizeof pool)
			err(1, "getrandom");
		n = sizeof pool / sizeof *pool;
	}
	return pool[--n];
}

static void
begin(struct port *p)
{
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	p->sent = 0;
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&server,
	    sizeof server) < 0)
		err(1, "connect");
}

/* A port to ask by; a worn one goes behind, where nobody waits any more. */
static struct port *
pick(void)
{
	static struct port was;
	struct port *p = &port[random16() % PORTS], *old = port + PORTS;

	if (p->sent < PORT_QUERIES)
		return p;
	while (old < port + 2 * PORTS && old->waiting > 0)
		old++;
	if (old == port + 2 * PORTS)
		return p;
	if (old->fd >= 0)
		close(old->fd);
	was = *old;
	*old = *p;
	*p = was;
	begin(p);
	return p;
}

/* The query of a name without escapes. */
static struct query *
query(const char *name)
{
	static const unsigned char head[] = { 0, 0, 1, 0x20, 0, 1, 0, 0, 0, 0,
	    0, 1 }, tail[] = { 0, 0, 15, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0,
	    0, 0 };
	struct query *q = malloc(sizeof *q);
	unsigned char *p;
	size_t n;

	if (q == NULL || strlen(name) + sizeof head + sizeof tail > QUERY)
		errx(1, "a long name");
	memcpy(q->wire, head, sizeof head);
	for (p = q->wire + sizeof head; *name != '\0'; name += n) {
		name += *name == '.';
		n = strcspn(name, ".");
		*p = (unsigned char)n;
		memcpy(p + 1, name, n);
		p += n + 1;
	}
	memcpy(p, tail, sizeof tail);
	q->len = (size_t)(p - q->wire) + sizeof tail;
	return q;
}

static struct query *
next_query(void)
{
	char name[QUERY];

	more = more && fgets(name, sizeof name, stdin) != NULL;
	if (!more)
		return NULL;
	name[strcspn(name, "\n")] = '\0';
	return query(name);
}

static void
take_id(struct port *p, struct query *q)
{
	unsigned id;

	do
		id = random16();
	while (p->slot[id] != NULL);
	p->slot[id] = q;
	q->wire[0] = (unsigned char)(id >> 8);
	q->wire[1] = (unsigned char)id;
}

/* What the window has room for, at most a batch. */
static void
ask(void)
{
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	struct port *p = pick();
	struct query *q;
	unsigned n;

	for (n = 0; n < BATCH && inflight + n < window; n++) {
		q = next_query();
		if (q == NULL)
			break;
		take_id(p, q);
		v[n] = (struct iovec){ q->wire, q->len };
		m[n] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &v[n],
		    .msg_iovlen = 1 } };
	}
	if (n > 0 && sendmmsg(p->fd, m, n, 0) != (int)n)
		err(1, "sendmmsg");
	p->sent += n;
	p->waiting += n;
	inflight += n;
}

/* Is it the reply to what this port asked?  The OPT record is not in it. */
static void
reply(struct port *p, const unsigned char *msg, size_t len)
{
	struct query *q = p->slot[msg[0] << 8 | msg[1]];

	if (q == NULL || len < q->len || memcmp(msg + 12, q->wire + 12,
	    q->len - 12 - 11) != 0)
		return;
	p->slot[msg[0] << 8 | msg[1]] = NULL;
	free(q);
	p->waiting--;
	inflight--;
}

static void
hear(struct port *p)
{
	static unsigned char room[READ][ROOM];
	struct mmsghdr m[READ];
	struct iovec v[READ];
	int i, n;

	for (i = 0; i < READ; i++) {
		v[i] = (struct iovec){ room[i], ROOM };
		m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &v[i],
		    .msg_iovlen = 1 } };
	}
	n = recvmmsg(p->fd, m, READ, 0, NULL);
	for (i = 0; i < n; i++)
		reply(p, room[i], m[i].msg_len);
}

int
main(int argc, char **argv)
{
	struct pollfd p[2 * PORTS];
	unsigned i, turn = 0;

	if (argc != 3)
		errx(1, "usage: asks PORT WINDOW");
	server.sin_family = AF_INET;
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	window = (unsigned)atoi(argv[2]);
	for (i = 0; i < 2 * PORTS; i++)
		port[i].fd = -1;
	for (i = 0; i < PORTS; i++)
		begin(&port[i]);
	while (ask(), inflight > 0) {
		for (i = 0; i < 2 * PORTS; i++)
			p[i] = (struct pollfd){ port[i].fd, POLLIN, 0 };
		if (poll(p, 2 * PORTS, 1000) <= 0)
			errx(1, "%u replies are missing", inflight);
		do
			turn = (turn + 1) % (2 * PORTS);
		while (p[turn].revents == 0);
		hear(&port[turn]);
	}
	return 0;
}
