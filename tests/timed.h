/*
 * timed.h: a peer and a clock of one's own, for tests of how long things take
 *
 * The clock stands still but while poll(2) would wait; then it is set to what
 * happens next.  So a server can dawdle for hours in no time, and what is
 * measured does not depend on the machine.  For one test file: it defines
 * what is in clock.h, and poll(2).
 */
#ifndef TIMED_H
#define TIMED_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/syscall.h>

#include "clock.h"
#include "conn_open.h"
#define SERVER_LISTENS
#include "fuzz/server.h"
#include "net.h"
#include "smtp_mail.h"
#include "tap.h"

/* ---- the time ---- */

static int64_t now = 1000000;

int64_t
clock_us(void)
{
	return now * 1000;
}

int64_t
clock_ms(void)
{
	return now;
}

int64_t
clock_slept(void)
{
	return 0;
}

time_t
clock_wall(void)
{
	return now / 1000;
}

int64_t
clock_in(double s)
{
	return s <= 0 ? CLOCK_NEVER : now + (int64_t)(s * 1000);
}

int
clock_left(int64_t deadline)
{
	return deadline == CLOCK_NEVER ? -1 : deadline <= now ? 0 :
	    (int)(deadline - now);
}

/* ---- the server ---- */

struct answer {
	const char *to, *say;	/* to a line with this in it */
	double late;		/* seconds */
};

static struct play {
	const struct answer *answers;	/* up to one without to */
	const char *greeting;
	/* After a line with this in it, or at once, it goes on saying drip,
	 * in which # is how often it did: for ever, or so many times. */
	const char *after, *drip;
	double every;
	int times;
	const char *end;	/* said then */
	/* After the line it reads so many bytes a second of the rest. */
	double takes;
	size_t whole;		/* and says end when it has all these */
	const char *other;	/* to whoever connects a second time */
} play;

enum { FOR_EVER = 36 * 3600 * 1000 };	/* ms: longer than any limit */
static int64_t began;
static int fd = -1, door = -1, second = -1, seconds;
static struct buf heard = { .max = 1 << 20 };
static const char *due;
static int64_t due_at, drip_at, take_at, tick;
static int dripped;
static size_t taken;

static void
say(const char *s, size_t n)
{
	if (send(fd, s, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EPIPE && errno != ECONNRESET && errno != EAGAIN)
		abort();
}

static void
say_text(const char *s)
{
	say(s, strlen(s));
}

static void
answer(const char *line)
{
	const struct answer *a = play.answers;

	if (play.after != NULL && strstr(line, play.after) != NULL) {
		if (play.drip != NULL && drip_at == 0)
			drip_at = clock_in(play.every);
		if (play.takes > 0) {
			take_at = now + 10000;
			taken = heard.n - strlen(line) - 1;
		}
	}
	for (; a != NULL && a->to != NULL; a++)
		if (strstr(line, a->to) != NULL) {
			due = a->say;
			due_at = now + (int64_t)(a->late * 1000);
			return;
		}
}

/* Line by line, so that a late answer delays the next. */
static void
hear(void)
{
	static char part[1 << 16];
	ssize_t n;
	char *nl;

	if (take_at == 0 && (n = recv(fd, part, sizeof part,
	    MSG_DONTWAIT)) > 0)
		buf_put(&heard, part, (size_t)n);
	while (due == NULL && take_at == 0 && heard.n > 0 && (nl = memchr(
	    heard.p, '\n', heard.n)) != NULL) {
		*nl = '\0';
		answer(heard.p);
		buf_drop(&heard, (size_t)(nl + 1 - heard.p));
	}
}

static void
drip(void)
{
	const char *p = play.drip;
	char n[16];
	size_t some;

	dripped++;
	for (; *p != '\0'; p += some) {
		some = strcspn(p, "#");
		if (some > 0) {
			say(p, some);
			continue;
		}
		say(n, (size_t)snprintf(n, sizeof n, "%d", dripped));
		some = 1;
	}
	drip_at = dripped == play.times || now - began > FOR_EVER ? 0 :
	    clock_in(play.every);
	if (dripped == play.times && play.end != NULL)
		say_text(play.end);
}

/* Ten seconds' worth of it.  TCP's own timers run in real time. */
static void
take(void)
{
	static char part[1 << 16];
	struct timespec real = { 0, 500000000 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t most = (size_t)(play.takes * 10);
	ssize_t n;

	syscall(SYS_ppoll, &p, 1, &real, NULL, 0);
	n = recv(fd, part, most < sizeof part ? most : sizeof part,
	    MSG_DONTWAIT);
	take_at = now + 10000;
	if (n > 0)
		taken += (size_t)n;
	if (taken >= play.whole && play.whole > 0) {
		play.takes = 0;
		take_at = 0;
		say_text(play.end);
	}
}

/* Somebody else at the door, who has asked something. */
static void
visit(void)
{
	char hello[64];

	if (second < 0 && (second = accept(door, NULL, NULL)) >= 0)
		seconds++;
	if (second >= 0 && play.other != NULL && recv(second, hello,
	    sizeof hello, MSG_DONTWAIT) > 0 && hello[0] == 0x16)
		(void)!send(second, play.other, strlen(play.other),
		    MSG_NOSIGNAL);
}

static void
serve(void)
{
	if (door >= 0)
		visit();
	hear();
	if (due != NULL && due_at <= now) {
		say_text(due);
		due = NULL;
	}
	if (drip_at != 0 && drip_at <= now)
		drip();
	if (take_at != 0 && take_at <= now)
		take();
}

static int64_t
next(void)
{
	int64_t at = due != NULL ? due_at : CLOCK_NEVER;

	if (drip_at != 0 && drip_at < at)
		at = drip_at;
	if (take_at != 0 && take_at < at)
		at = take_at;
	return at;
}

/* The one wait of postbag comes to this. */
static int
wait_for(struct pollfd *p, nfds_t n, int64_t until)
{
	struct timespec none = { 0 };
	int64_t at;
	long got;

	now += tick;
	for (;;) {
		if (fd >= 0)
			serve();
		got = syscall(SYS_ppoll, p, n, &none, NULL, 0);
		if (got != 0 || now >= until)
			return (int)got;
		at = fd >= 0 ? next() : CLOCK_NEVER;
		if (at == CLOCK_NEVER && until == CLOCK_NEVER)
			abort();		/* it would wait for ever */
		now = at < until ? at > now ? at : now : until;
	}
}

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	return wait_for(p, n, ms < 0 ? CLOCK_NEVER : now + ms);
}

int
ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *s)
{
	(void)s;
	return wait_for(p, n, t == NULL ? CLOCK_NEVER : now + t->tv_sec *
	    1000 + t->tv_nsec / 1000000);
}

int
nanosleep(const struct timespec *t, struct timespec *rest)
{
	(void)rest;
	now += t->tv_sec * 1000 + t->tv_nsec / 1000000;
	return 0;
}

/* ---- a scene ---- */

static struct err e;
static struct conn *c;
static unsigned port;		/* 0: a socket in the file system */
static struct tls_ctx *tls;
static double total;		/* --timeout in seconds; 0: none.  By TCP only */

/* By TCP, for its queue can be looked at, and it has a port. */
static void
by_tcp(unsigned n)
{
	static struct conn_conf conf = { .host = "127.0.0.1",
	    .dial_host = "127.0.0.1" };
	struct net_addr a;
	socklen_t len = sizeof a.ss;
	int small = 4096;

	net_pton(STR("127.0.0.1"), 0, &a);
	door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(door, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (bind(door, (struct sockaddr *)&a.ss, a.len) < 0 ||
	    listen(door, 4) < 0 || getsockname(door, (struct sockaddr *)&a.ss,
	    &len) < 0)
		abort();
	conf.port = n;
	conf.dial_port = ntohs(((struct sockaddr_in *)&a.ss)->sin_port);
	conf.tls = tls;
	conf.deadline = total > 0 ? clock_in(total) : 0;
	c = conn_open(&conf, &e);
	fd = accept(door, NULL, NULL);
	if (c == NULL || fd < 0)
		abort();
}

static void
begin(const struct play *p)
{
	play = *p;
	fd = -1;
	buf_drop(&heard, heard.n);
	due = NULL;
	dripped = 0;
	tick = drip_at = take_at = 0;
	taken = 0;
	fail_clear(&e);
	second = door = -1;
	seconds = 0;
	if (play.takes > 0 || port > 0)
		by_tcp(port > 0 ? port : 25);
	else
		c = server_waits(&fd, &e);
	began = now;
	if (play.greeting != NULL)
		say_text(play.greeting);
	if (play.after == NULL && play.drip != NULL)
		drip_at = clock_in(play.every);
}

static double
took(void)
{
	return (double)(now - began) / 1000;
}

static void
over(void)
{
	conn_close(c);
	close(fd);
	if (second >= 0)
		close(second);
	if (door >= 0)
		close(door);
	second = door = fd = -1;
}

static void TAP_UNUSED
lived(int got, double least, const char *name)
{
	ok(got >= 0 && took() >= least, "%s: %.0f s are no fault", name,
	    took());
	if (got < 0)
		diag("%s", e.msg);
	over();
}

static void TAP_UNUSED
left(int got, double least, double most, const char *words, const char *name)
{
	bool good = got < 0 && e.code == EX_TEMPFAIL &&
	    strstr(e.msg, words) != NULL;

	ok(good && took() >= least && took() <= most,
	    "%s: left after %.0f s", name, took());
	if (!good)
		diag("%d, %d: %s", got, e.code, e.msg);
	over();
}

#endif
