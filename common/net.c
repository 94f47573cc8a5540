/* net.c: addresses, and addresses to sockets; the one poll(2) */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "net.h"
#include "os.h"
#include "service.h"
#include "stop.h"

enum { STAGGER_MS = 250, MAXADDR = 32, FEW = 100 };

/* With a descriptor behind the caller's that a stop makes readable. */
static int
wait_with(struct pollfd *p, nfds_t n, int also, int64_t deadline)
{
	struct pollfd few[FEW + 1], *all = few;
	int got, was;
	nfds_t i;

	if (n > FEW)
		all = mem_new(n + 1, sizeof *all);
	if (n > 0)
		memcpy(all, p, n * sizeof *p);
	all[n] = (struct pollfd){ .fd = also, .events = POLLIN };
	got = poll(all, n + 1, clock_left(deadline));
	for (i = 0; i < n; i++)
		p[i].revents = got > 0 ? all[i].revents : 0;
	if (got > 0 && all[n].revents != 0)
		got--;
	was = errno;
	if (all != few)
		free(all);
	errno = was;
	return got;
}

int
net_poll(struct pollfd *p, nfds_t n, int64_t deadline)
{
	int64_t end;
	int got;

	do {
		if (stop_asked())
			return NET_STOPPED;
		service_beat();
		end = service_due();
		got = wait_with(p, n, stop_fd(), end < deadline ? end :
		    deadline);
	} while ((got < 0 && (errno == EINTR || errno == EAGAIN)) ||
	    (got == 0 && clock_left(deadline) != 0));
	return got;
}

int
net_poll_last(struct pollfd *p, nfds_t n, int64_t deadline)
{
	int64_t end = deadline;
	int got;

	do {
		if (stop_asked() && stop_grace() < end)
			end = stop_grace();
		if (stop_asked() && clock_left(end) == 0)
			return NET_STOPPED;
		got = wait_with(p, n, stop_asked() ? -1 : stop_fd(), end);
	} while ((got < 0 && (errno == EINTR || errno == EAGAIN)) ||
	    (got == 0 && clock_left(deadline) != 0));
	return got;
}

static int
bind_to(int fd, const char *source, int family, struct err *e)
{
	struct addrinfo hints = { .ai_family = family,
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *a;
	int got;

	if (getaddrinfo(source, NULL, &hints, &a) != 0) {
		errno = EAFNOSUPPORT;
		return fail(e, EX_USAGE, "--source %s: no address of that family",
		    source);
	}
	got = bind(fd, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
	return got == 0 ? 0 : fail_sys(e, EX_TEMPFAIL, "--source %s", source);
}

static int
unbegun(const struct net_addr *a, const char *what, struct err *e)
{
	char text[64];

	net_ntop(a, text, sizeof text);
	return fail_sys(e, EX_TEMPFAIL, "%s: %s", text, what);
}

int
net_begin(const struct net_addr *a, const char *source, bool ask,
    struct err *e)
{
	int one = 1, fd;

	fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd < 0)
		return unbegun(a, "socket", e);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (ask)
		os_icmp_ask(fd, a->ss.ss_family, true);
	if (source != NULL && bind_to(fd, source, a->ss.ss_family, e) < 0) {
		one = errno;
		close(fd);
		errno = one;
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	one = errno;
	close(fd);
	errno = one;
	return unbegun(a, "connect", e);
}

int
net_error(int fd)
{
	int bad = 0;
	socklen_t len = sizeof bad;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &len) < 0 ? errno :
	    bad;
}

/* Did this one connect?  1, 0 not yet, -1 no. */
static int
connected(const struct pollfd *p, const struct net_addr *a, struct err *e)
{
	char text[64];
	int bad;

	if (p->revents == 0)
		return 0;
	bad = net_error(p->fd);
	if (bad == 0)
		return 1;
	net_ntop(a, text, sizeof text);
	errno = bad;
	return fail_sys(e, EX_TEMPFAIL, "%s: connect", text);
}

/* The race of RFC 8305: who is in it, and what the first loser said. */
struct race {
	struct pollfd p[MAXADDR];
	const struct net_addr *addr;
	const char *source;
	int n, started, running;
	struct err first;
};

static void
start_next(struct race *r)
{
	int i = r->started++;

	r->p[i].events = POLLOUT;
	r->p[i].fd = net_begin(&r->addr[i], r->source, false,
	    &r->first);
	r->running += r->p[i].fd >= 0;
}

/* Waits once; the index of a winner, or -1: none yet, or we are to stop. */
static int
round_of(struct race *r, int64_t until)
{
	int i, got;

	if (net_poll(r->p, (nfds_t)r->started, until) <= 0)
		return -1;
	for (i = 0; i < r->started; i++) {
		if (r->p[i].fd < 0)
			continue;
		got = connected(&r->p[i], &r->addr[i], &r->first);
		if (got > 0)
			return i;
		if (got < 0) {
			close(r->p[i].fd);
			r->p[i].fd = -1;
			r->running--;
		}
	}
	return -1;
}

static int
winner(struct race *r, int64_t deadline, struct err *e)
{
	int64_t until;
	int i, was;

	for (;;) {
		if (r->started < r->n)
			start_next(r);
		if (r->running == 0 && r->started == r->n)
			return fail(e, r->first.code != 0 ? r->first.code :
			    EX_TEMPFAIL, "%s", r->first.msg);
		until = r->started < r->n ? clock_ms() + STAGGER_MS : deadline;
		if (until > deadline)
			until = deadline;
		do {
			was = r->running;
			if (was > 0 && (i = round_of(r, until)) >= 0)
				return i;
		} while (r->running > 0 && r->running == was &&
		    clock_left(until) != 0 && !stop_asked());
		if (stop_asked())
			return fail_stop(e);
		if (clock_left(deadline) == 0)
			return fail(e, EX_TEMPFAIL, "connect: no answer in time");
	}
}

int
net_connect(const struct net_addr *addr, int n, const char *source,
    int64_t deadline, int *which, struct err *e)
{
	struct race r = { .addr = addr, .source = source,
	    .n = n < MAXADDR ? n : MAXADDR };
	int i, won = winner(&r, deadline, e);

	for (i = 0; i < r.started; i++)
		if (i != won && r.p[i].fd >= 0)
			close(r.p[i].fd);
	if (won >= 0 && which != NULL)
		*which = won;
	return won >= 0 ? r.p[won].fd : -1;
}

static int
unix_socket(const char *path, int type, struct err *e)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof un;
	int fd;

	if (strlen(path) >= sizeof un.sun_path)
		return fail(e, EX_USAGE, "%s: too long for a socket", path);
	memcpy(un.sun_path, path, strlen(path) + 1);
	if (path[0] == '@') {		/* abstract: the bytes it has, no more */
		un.sun_path[0] = '\0';
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		    strlen(path));
	}
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_sys(e, EX_OSERR, "socket");
	if (connect(fd, (struct sockaddr *)&un, len) == 0)
		return fd;
	fail_sys(e, errno == ENOENT ? EX_NOHOST : EX_TEMPFAIL, "%s", path);
	close(fd);
	return -1;
}

int
net_unix(const char *path, struct err *e)
{
	return unix_socket(path, SOCK_STREAM, e);
}

int
net_unix_datagrams(const char *path, struct err *e)
{
	return unix_socket(path, SOCK_DGRAM, e);
}

int
net_pton(struct str s, unsigned port, struct net_addr *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *found;
	char text[80], service[8];
	struct in_addr four;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n) != NULL)
		return -1;
	str_copy(text, s);
	text[s.n] = '\0';
	if (!str_has(s, ':')) {
		if (inet_pton(AF_INET, text, &four) != 1)
			return -1;	/* "127.1" and "8" are none here */
		net_raw((struct str){ (const char *)&four, sizeof four }, port,
		    a);
		return 0;
	}
	snprintf(service, sizeof service, "%u", port & 0xffff);
	if (getaddrinfo(text, service, &hints, &found) != 0)
		return -1;
	*a = (struct net_addr){ .len = found->ai_addrlen };
	memcpy(&a->ss, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

void
net_raw(struct str bytes, unsigned port, struct net_addr *a)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&a->ss;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a->ss;

	*a = (struct net_addr){ 0 };
	if (bytes.n == 4) {
		a->len = sizeof *four;
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, bytes.p, 4);
	} else if (bytes.n == 16) {
		a->len = sizeof *six;
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, bytes.p, 16);
	}
	net_port(a, port);
}

void
net_port(struct net_addr *a, unsigned port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&a->ss;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a->ss;

	if (a->ss.ss_family == AF_INET)
		four->sin_port = htons((uint16_t)port);
	else
		six->sin6_port = htons((uint16_t)port);
}

unsigned
net_port_of(const struct net_addr *a)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a->ss;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->ss;

	return ntohs(a->ss.ss_family == AF_INET ? four->sin_port :
	    six->sin6_port);
}

static const void *
raw(const struct net_addr *a)
{
	if (a->ss.ss_family == AF_INET6)
		return &((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
	return &((const struct sockaddr_in *)&a->ss)->sin_addr;
}

/* As inet_ntop(3), which calls printf for it, and takes 20 times as long. */
static void
dotted(const unsigned char *p, char *to)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		if (p[i] >= 100)
			*to++ = (char)('0' + p[i] / 100);
		if (p[i] >= 10)
			*to++ = (char)('0' + p[i] / 10 % 10);
		*to++ = (char)('0' + p[i] % 10);
	}
	*to = '\0';
}

void
net_ntop(const struct net_addr *a, char *dst, size_t cap)
{
	int f = a->ss.ss_family;

	if (f == AF_INET && cap >= INET_ADDRSTRLEN)
		dotted(raw(a), dst);
	else if ((f != AF_INET && f != AF_INET6) ||
	    inet_ntop(f, raw(a), dst, (socklen_t)cap) == NULL)
		snprintf(dst, cap, "unix");
}

void
net_scope(const char *text, char *dst, size_t cap)
{
	const char *name = strchr(text, '%');
	unsigned number = name != NULL ? if_nametoindex(name + 1) : 0;

	if (number != 0)
		snprintf(dst, cap, "%.*s%%%u", (int)(name - text), text,
		    number);
	else
		snprintf(dst, cap, "%s", text);
}

bool
net_loopback(const struct net_addr *a)
{
	const struct in6_addr *six = raw(a);

	if (a->ss.ss_family == AF_INET)
		return *(const unsigned char *)raw(a) == 127;
	if (a->ss.ss_family != AF_INET6)
		return a->ss.ss_family == AF_UNIX;
	return IN6_IS_ADDR_LOOPBACK(six) ||
	    (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

int
net_hostport(struct str s, struct str *host, unsigned *port, struct err *e)
{
	struct str rest = s;
	uint64_t v = 0;

	if (s.n > 0 && s.p[0] == '[') {
		rest = str_from(s, 1);
		*host = str_cut(&rest, ']');
		if (rest.p == NULL || (rest.n > 0 && rest.p[0] != ':'))
			return fail(e, EX_USAGE, "\"%.*s\": a ] is missing",
			    STR_ARG(s));
		rest = rest.n > 0 ? str_from(rest, 1) : (struct str){ 0 };
	} else {
		*host = str_cut(&rest, ':');
		if (str_has(rest, ':')) {	/* a bare IPv6 address */
			*host = s;
			rest = (struct str){ 0 };
		}
	}
	if (rest.p != NULL && (str_num(rest, 65535, &v) < 0 || v == 0))
		return fail(e, EX_USAGE, "\"%.*s\": \"%.*s\" is no port",
		    STR_ARG(s), STR_ARG(rest));
	if (host->n == 0)
		return fail(e, EX_USAGE, "\"%.*s\": no host", STR_ARG(s));
	*port = (unsigned)v;
	return 0;
}

static bool
qualified(const char *h)
{
	size_t i, n = strlen(h);

	for (i = 0; i < n; i++)
		if (!str_alpha(h[i]) && !str_digit(h[i]) && h[i] != '-' &&
		    h[i] != '.')
			return false;
	return n > 2 && n < 254 && h[0] != '.' && h[n - 1] != '.' &&
	    strchr(h, '.') != NULL && strstr(h, "..") == NULL &&
	    !str_starts(str_of(h), "localhost.") &&
	    !str_digit(h[n - 1]) && strstr(h, ".localdomain") == NULL;
}

void
net_ehlo(int fd, char *dst, size_t cap)
{
	struct net_addr a = { .len = sizeof a.ss };
	char host[256], text[64];

	if (gethostname(host, sizeof host) == 0) {
		host[sizeof host - 1] = '\0';
		if (qualified(host)) {
			snprintf(dst, cap, "%s", host);
			return;
		}
	}
	if (getsockname(fd, (struct sockaddr *)&a.ss, &a.len) < 0 ||
	    (a.ss.ss_family != AF_INET && a.ss.ss_family != AF_INET6)) {
		snprintf(dst, cap, "[127.0.0.1]");
		return;
	}
	net_ntop(&a, text, sizeof text);
	snprintf(dst, cap, "[%s%s]", a.ss.ss_family == AF_INET6 ? "IPv6:" :
	    "", text);
}
