/*
 * fastmail: an IMAP or SMTP server for thousands of probes.
 *
 *	fastmail -l PORT [-p imap|smtp] [-c CERT.pem] [-f PROCESSES] [-d MS]
 *
 * It greets, tells what it can, does STARTTLS if it has a certificate (with
 * key and chain in one file), and takes leave; nothing else.  One epoll loop
 * for each process.  A real server with a process or a session state for each
 * connection would be what is measured, not the client.
 * It listens on all addresses of the loopback interface, and prints its port
 * (-l 0: any).  -d: once TLS is there, or if there is none, answers come MS
 * late, so that many connections are there at once; SIGUSR1 makes it print
 * how many there were at most.
 */

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

struct link {
	struct link *next;	/* of those that wait */
	long due;
	int fd;
	SSL *ssl;
	bool shaking, waiting;
	size_t n;
	char in[512];
};

static bool smtp;
static SSL_CTX *ctx;
static int ep;
static long delay;
static struct link *first, **last = &first;
static unsigned open_now, open_most;
static volatile sig_atomic_t asked;

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
on_ask(int sig)
{
	(void)sig;
	asked = 1;
}

static void
end(struct link *l)
{
	if (l->ssl) {
		if (!l->shaking)
			SSL_shutdown(l->ssl);
		SSL_free(l->ssl);
	}
	close(l->fd);
	free(l);
	open_now--;
}

/* Answers are small: they fit into an empty socket buffer. */
static bool
say(struct link *l, const char *text)
{
	size_t len = strlen(text);

	if (l->ssl)
		return SSL_write(l->ssl, text, (int)len) > 0;
	return send(l->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static const char *
caps(const struct link *l)
{
	if (!ctx || l->ssl)
		return "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE "
		    "LITERAL+ AUTH=PLAIN";
	return "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ "
	    "STARTTLS LOGINDISABLED";
}

static bool
greet(struct link *l)
{
	char text[256];

	if (smtp)
		return say(l, "220 mail.johndoe.com ESMTP\r\n");
	snprintf(text, sizeof(text), "* OK [CAPABILITY %s] ready.\r\n",
	    caps(l));
	return say(l, text);
}

static bool
go(struct link *l, const char *text)
{
	if (!say(l, text) || !(l->ssl = SSL_new(ctx)) ||
	    !SSL_set_fd(l->ssl, l->fd))
		return false;
	SSL_set_accept_state(l->ssl);
	l->shaking = true;
	l->n = 0;
	return true;
}

/* The answer to a line; false ends the connection. */
static bool
smtp_line(struct link *l, char *line)
{
	if (!strncasecmp(line, "EHLO", 4))
		return say(l, !ctx || l->ssl ?
		    "250-mail.johndoe.com\r\n250-PIPELINING\r\n"
		    "250-SIZE 10240000\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n" :
		    "250-mail.johndoe.com\r\n250-PIPELINING\r\n"
		    "250-SIZE 10240000\r\n250-STARTTLS\r\n250 8BITMIME\r\n");
	if (!strncasecmp(line, "STARTTLS", 8) && ctx && !l->ssl)
		return go(l, "220 2.0.0 go\r\n");
	if (!strncasecmp(line, "QUIT", 4)) {
		say(l, "221 2.0.0 bye\r\n");
		return false;
	}
	return say(l, strncasecmp(line, "HELO", 4) ? "502 5.5.1 what?\r\n" :
	    "250 mail.johndoe.com\r\n");
}

static bool
imap_line(struct link *l, char *tag)
{
	char text[512], *word = strchr(tag, ' ');

	if (!word)
		return say(l, "* BAD what?\r\n");
	*word++ = '\0';
	if (!strcasecmp(word, "STARTTLS") && ctx && !l->ssl) {
		snprintf(text, sizeof(text), "%.20s OK go\r\n", tag);
		return go(l, text);
	}
	if (!strcasecmp(word, "CAPABILITY"))
		snprintf(text, sizeof(text), "* CAPABILITY %s\r\n%.20s OK done"
		    "\r\n", caps(l), tag);
	else if (!strcasecmp(word, "LOGOUT"))
		snprintf(text, sizeof(text), "* BYE bye\r\n%.20s OK done\r\n",
		    tag);
	else
		snprintf(text, sizeof(text), "%.20s BAD what?\r\n", tag);
	return say(l, text) && strcasecmp(word, "LOGOUT") != 0;
}

static bool
lines(struct link *l)
{
	char *nl, *start = l->in;

	while ((nl = memchr(start, '\n', l->n))) {
		*nl = '\0';
		if (nl > start && nl[-1] == '\r')
			nl[-1] = '\0';
		l->n -= (size_t)(nl + 1 - start);
		if (!(smtp ? smtp_line : imap_line)(l, start))
			return false;
		if (l->shaking)
			return true;
		start = nl + 1;
	}
	memmove(l->in, start, l->n);
	return l->n < sizeof(l->in);
}

/* They wait in the order of their time: it is the same for all. */
static void
wait(struct link *l)
{
	l->due = now() + delay;
	l->waiting = true;
	l->next = NULL;
	*last = l;
	last = &l->next;
}

/* Everything that there is to read; false when the connection is over. */
static bool
work(struct link *l)
{
	ssize_t n;
	int r;

	while (!l->waiting) {
		if (l->shaking) {
			if ((r = SSL_accept(l->ssl)) <= 0)
				return SSL_get_error(l->ssl, r) ==
				    SSL_ERROR_WANT_READ;
			l->shaking = false;
		}
		if (l->ssl) {
			r = SSL_read(l->ssl, l->in + l->n,
			    (int)(sizeof(l->in) - l->n));
			if (r <= 0)
				return SSL_get_error(l->ssl, r) ==
				    SSL_ERROR_WANT_READ;
			n = r;
		} else {
			n = recv(l->fd, l->in + l->n, sizeof(l->in) - l->n, 0);
			if (n <= 0)
				return n < 0 && errno == EAGAIN;
		}
		l->n += (size_t)n;
		if (delay && (l->ssl || !ctx))
			wait(l);
		else if (!lines(l))
			return false;
	}
	return true;
}

/* Those whose time has come; milliseconds to the next, or -1. */
static int
overdue(void)
{
	struct link *l;

	while ((l = first)) {
		if (l->due > now())
			return (int)(l->due - now() + 1);
		if (!(first = l->next))
			last = &first;
		l->waiting = false;
		if (!lines(l) || !work(l))
			end(l);
	}
	return -1;
}

static void
welcome(int listener)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct link *l;
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (!(l = malloc(sizeof(*l))))
			err(71, NULL);
		*l = (struct link){ .fd = fd };
		if (++open_now > open_most)
			open_most = open_now;
		ev.data.ptr = l;
		if (!greet(l) || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
			end(l);
	}
}

static void
loop(int listener)
{
	struct epoll_event ev[256] = { { .events = EPOLLIN } };
	int i, n;

	if ((ep = epoll_create1(0)) < 0 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev[0]))
		err(71, "epoll");
	for (;;) {
		n = epoll_wait(ep, ev, 256, overdue());
		if (n < 0 && errno != EINTR)
			err(71, "epoll");
		if (asked) {
			asked = 0;
			printf("most %u\n", open_most);
			fflush(stdout);
		}
		for (i = 0; i < n; i++) {
			if (!ev[i].data.ptr)
				welcome(listener);
			else if (!((struct link *)ev[i].data.ptr)->waiting &&
			    !work(ev[i].data.ptr))
				end(ev[i].data.ptr);
		}
	}
}

static int
open_listener(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((in_port_t)port),
	    .sin_addr.s_addr = htonl(INADDR_ANY) };
	socklen_t len = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(71, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* all addresses, and yet nothing from outside */
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 4096) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		err(71, "listen");
	printf("%u\n", (unsigned)ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void
load(const char *file)
{
	if (!(ctx = SSL_CTX_new(TLS_server_method())) ||
	    SSL_CTX_use_certificate_chain_file(ctx, file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM) != 1)
		errx(78, "%s: no certificate with a key", file);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
}

int
main(int argc, char **argv)
{
	struct sigaction ask = { .sa_handler = on_ask };
	unsigned port = 0, forks = 1;
	int c, listener;

	while ((c = getopt(argc, argv, "l:p:c:f:d:")) != -1) {
		switch (c) {
		case 'l': port = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'p': smtp = !strcmp(optarg, "smtp"); break;
		case 'c': load(optarg); break;
		case 'f': forks = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'd': delay = strtol(optarg, NULL, 10); break;
		default: return 64;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &ask, NULL);
	listener = open_listener(port);
	while (forks-- > 1) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			break;
		}
	}
	loop(listener);
}
