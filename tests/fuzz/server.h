/*
 * server.h: for fuzz targets of protocols: a connection to a server that says
 * the input, whatever it is asked, and hangs up
 */
#ifndef SERVER_H
#define SERVER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "conn_early.h"
#include "conn_open.h"

#ifndef SERVER_LISTENS
/*
 * In place of conn_early.c: all of the input is there from the beginning, and
 * would else be refused for that alone.  Not for a server that says it when it
 * is asked.
 */
long
conn_early(struct conn *c, const char **p)
{
	(void)c;
	*p = "";
	return 0;
}

int
conn_our_turn(struct conn *c, const char *refusals)
{
	(void)c;
	(void)refusals;
	return 0;
}

uint64_t
conn_came(struct conn *c)
{
	(void)c;
	return 0;
}

uint64_t
conn_taken(const struct conn *c)
{
	(void)c;
	return 0;
}
#endif

static int server_fd = -1;
static struct conn_conf server_conf;
static char server_path[64];

static void
server_gone(void)
{
	unlink(server_path);
}

static void
server_listen(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	signal(SIGPIPE, SIG_IGN);
	snprintf(server_path, sizeof server_path, "/tmp/fuzz.%d.sock",
	    (int)getpid());
	snprintf(a.sun_path, sizeof a.sun_path, "%s", server_path);
	unlink(server_path);
	server_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server_fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(server_fd, 8) < 0)
		abort();
	atexit(server_gone);
	server_conf = (struct conn_conf){ .path = server_path };
}

/* The server's end is *fd, to be closed after the connection. */
static struct conn *
server_waits(int *fd, struct err *e)
{
	struct conn *c;

	if (server_fd < 0)
		server_listen();
	c = conn_open(&server_conf, e);
	if (c == NULL)
		abort();
	*fd = accept(server_fd, NULL, NULL);
	if (*fd < 0)
		abort();
	return c;
}

static __attribute__((unused)) struct conn *
server_says(const uint8_t *p, size_t n, int *fd, struct err *e)
{
	struct conn *c = server_waits(fd, e);

	if (send(*fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		abort();
	shutdown(*fd, SHUT_WR);
	return c;
}

static int __attribute__((unused))
server_sink(void *to, const void *p, size_t n, struct err *e)
{
	const unsigned char *b = p;
	size_t i;

	(void)e;
	for (i = 0; i < n; i++)
		*(unsigned *)to += b[i];
	return 0;
}

#endif
