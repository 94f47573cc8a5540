/* net.c: addresses from text and bytes, /etc/hosts, sockets that do not wait */
#include "net.h"
#include "net_own.h"
#include "net_reach.h"
#include "os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "resolve.h"
#include "stop.h"
#include "tap.h"

static void
addresses(void)
{
	static const struct {
		const char *text, *back;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" }, { "2001:DB8::1", "2001:db8::1" },
		{ "::1", "::1" }, { "127.1", NULL }, { "8", NULL },
		{ "0x7f.0.0.1", NULL }, { "localhost", NULL }, { "", NULL },
		{ "1.2.3.4.5", NULL }, { "1::2::3", NULL },
		{ "host:25", NULL },
	};
	struct net_addr a, b;
	char text[64], back[64];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (net_pton(str_of(cases[i].text), 25, &a) < 0) {
			ok(cases[i].back == NULL, "\"%s\" is no address",
			    cases[i].text);
			continue;
		}
		net_ntop(&a, text, sizeof text);
		is_str(text, cases[i].back, "%s", cases[i].text);
	}
	for (i = 0; i < 256; i++) {
		snprintf(text, sizeof text, "%zu.0.%zu.255", i, 255 - i);
		net_pton(str_of(text), 25, &a);
		net_ntop(&a, back, sizeof back);
		if (strcmp(text, back) != 0)
			ok(false, "%s, not %s", text, back);
	}
	net_pton(STR("192.0.2.1"), 25, &a);
	net_raw((struct str){ "\300\0\2\1", 4 }, 25, &b);
	is_mem(&a.ss, a.len, &b.ss, b.len, "4 bytes are the same address");
	net_port(&b, 26);
	ok(memcmp(&a.ss, &b.ss, a.len) != 0, "with another port it is not");
	ok(net_pton((struct str){ "::1\0x", 5 }, 0, &a) < 0, "a NUL in it");
}

static void
hosts(void)
{
	struct str rest = STR("127.0.0.1 localhost\n"
	    "# 192.0.2.9 a.example\n"
	    "192.0.2.1\tx A.example # a.example\n\n"
	    "2001:db8::1 a.example"), at;

	ok(resolve_hosts_next(&rest, "a.example", &at) &&
	    str_is(at, "192.0.2.1"), "the first line, in any case");
	ok(resolve_hosts_next(&rest, "a.example", &at) &&
	    str_is(at, "2001:db8::1"), "the next, without a line end");
	ok(!resolve_hosts_next(&rest, "a.example", &at), "no more");
}

/* Elsewhere an end behind bytes is told when those are read. */
#define LINUX (os_watch_nap == 0)

/* To a port of our own, and to one that nobody listens at. */
static void
sockets(void)
{
	struct net_addr a;
	struct err e = { 0 };
	struct net_event ev[4];
	socklen_t len = sizeof a.ss;
	int watch = net_watch(&e), listening, fd, peer, n;
	char c = 'x';

	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	net_pton(STR("127.0.0.1"), 0, &a);
	if (watch < 0 || bind(listening, (struct sockaddr *)&a.ss, a.len) < 0 ||
	    listen(listening, 5) < 0 || getsockname(listening,
	    (struct sockaddr *)&a.ss, &len) < 0)
		abort();
	fd = net_begin(&a, NULL, false, &e);
	ok(fd >= 0 && net_watch_add(watch, fd, &a) == 0, "it begins");
	n = net_watch_wait(watch, ev, 4, clock_in(5));
	ok(n == 1 && ev[0].who == &a && ev[0].out && !ev[0].err &&
	    net_error(fd) == 0, "and is connected");
	is_int(net_recv(fd, &c, 1), NET_LATER, "nothing to read yet");
	peer = accept(listening, NULL, NULL);
	is_int(net_send(peer, "yz", 2), 2, "the peer sends, and ends");
	close(peer);
	do
		n = net_watch_wait(watch, ev, 4, clock_in(5));
	while (n == 1 && !ev[0].hup && LINUX);
	ok(n == 1 && ev[0].in && (ev[0].hup || !LINUX), "both are told");
	is_int(net_recv(fd, &c, 1), 1, "a byte");
	is_int(net_recv(fd, &c, 1), 1, "another");
	is_int(net_recv(fd, &c, 1), 0, "the end");
	close(fd);
	close(listening);
	fd = net_begin(&a, NULL, false, &e);
	if (fd >= 0) {
		net_watch_add(watch, fd, &c);
		n = net_watch_wait(watch, ev, 4, clock_in(5));
		ok(n == 1 && ev[0].who == &c && ev[0].err, "nobody there");
		is_int(net_error(fd), ECONNREFUSED, "refused");
		close(fd);
	} else {
		is_int(errno, ECONNREFUSED, "refused at once");
	}
	is_int(net_watch_wait(watch, ev, 4, clock_ms()), 0, "nothing to wait "
	    "for");
	close(watch);
}

static void
loopback(void)
{
	static const struct { const char *ip; bool is; } t[] = {
		{ "127.0.0.1", true }, { "127.255.255.254", true },
		{ "126.255.255.255", false }, { "128.0.0.1", false },
		{ "::1", true }, { "::2", false },
		{ "::ffff:127.0.0.1", true }, { "::ffff:192.0.2.1", false },
		{ "2001:db8::1", false },
	};
	struct net_addr a;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		ok(net_pton(str_of(t[i].ip), 25, &a) == 0 && net_loopback(&a) == t[i].is,
		    "%s is %sthis machine", t[i].ip, t[i].is ? "" : "not ");
}

/* Who is asked by an address of his that leads here. */
static void
own(void)
{
	static const struct { const char *ip; bool is; } t[] = {
		{ "192.0.2.7", true }, { "192.0.2.8", false },
		{ "::ffff:192.0.2.7", true }, { "::ffff:192.0.2.8", false },
		{ "2001:db8::7", true }, { "2001:db8::8", false },
		{ "127.0.0.1", true }, { "::1", true }, { "0.0.0.0", true },
		{ "0.1.2.3", true }, { "::", true },
		{ "::ffff:0.0.0.0", true }, { "1.0.0.0", false },
	};
	struct net_addr mine[2], a;
	struct net_own all = { mine, 2 };
	size_t i;

	ok(net_pton(str_of("192.0.2.7"), 0, &mine[0]) == 0 &&
	    net_pton(str_of("2001:db8::7"), 0, &mine[1]) == 0, "two are ours");
	for (i = 0; i < sizeof t / sizeof *t; i++)
		ok(net_pton(str_of(t[i].ip), 25, &a) == 0 &&
		    net_own_has(&all, &a) == t[i].is, "%s is %sone of ours",
		    t[i].ip, t[i].is ? "" : "not ");
}

/* The first and the last of each network, and its neighbours. */
static void
reach(void)
{
	static const struct { const char *ip; enum net_reach is; } t[] = {
		{ "0.0.0.0", NET_REACH_HERE }, { "0.255.255.255", NET_REACH_HERE },
		{ "1.0.0.0", NET_REACH_PUBLIC }, { "9.255.255.255", NET_REACH_PUBLIC },
		{ "10.0.0.0", NET_REACH_PRIVATE }, { "10.255.255.255", NET_REACH_PRIVATE },
		{ "11.0.0.0", NET_REACH_PUBLIC }, { "100.63.255.255", NET_REACH_PUBLIC },
		{ "100.64.0.0", NET_REACH_PRIVATE }, { "100.127.255.255", NET_REACH_PRIVATE },
		{ "100.128.0.0", NET_REACH_PUBLIC }, { "126.255.255.255", NET_REACH_PUBLIC },
		{ "127.0.0.0", NET_REACH_HERE }, { "127.255.255.255", NET_REACH_HERE },
		{ "128.0.0.0", NET_REACH_PUBLIC }, { "169.253.255.255", NET_REACH_PUBLIC },
		{ "169.254.169.254", NET_REACH_LINK }, { "169.255.0.0", NET_REACH_PUBLIC },
		{ "172.15.255.255", NET_REACH_PUBLIC }, { "172.16.0.0", NET_REACH_PRIVATE },
		{ "172.31.255.255", NET_REACH_PRIVATE }, { "172.32.0.0", NET_REACH_PUBLIC },
		{ "192.167.255.255", NET_REACH_PUBLIC }, { "192.168.0.0", NET_REACH_PRIVATE },
		{ "192.169.0.0", NET_REACH_PUBLIC }, { "198.17.255.255", NET_REACH_PUBLIC },
		{ "198.18.0.0", NET_REACH_PRIVATE }, { "198.20.0.0", NET_REACH_PUBLIC },
		{ "223.255.255.255", NET_REACH_PUBLIC }, { "224.0.0.1", NET_REACH_NOBODY },
		{ "255.255.255.255", NET_REACH_NOBODY },
		{ "::", NET_REACH_HERE }, { "::1", NET_REACH_HERE },
		{ "::2", NET_REACH_NOBODY }, { "::127.0.0.1", NET_REACH_NOBODY },
		{ "2001:db8::1", NET_REACH_PUBLIC }, { "fbff::", NET_REACH_PUBLIC },
		{ "fc00::", NET_REACH_PRIVATE }, { "fdff::1", NET_REACH_PRIVATE },
		{ "fe00::", NET_REACH_PUBLIC }, { "fe80::1", NET_REACH_LINK },
		{ "febf::1", NET_REACH_LINK }, { "fec0::1", NET_REACH_PRIVATE },
		{ "ff02::1", NET_REACH_NOBODY },
		{ "::ffff:127.0.0.1", NET_REACH_HERE }, { "::ffff:192.0.2.1", NET_REACH_PUBLIC },
		{ "64:ff9b::10.0.0.1", NET_REACH_PRIVATE }, { "64:ff9b::c000:201", NET_REACH_PUBLIC },
		{ "64:ff9b:1::c000:201", NET_REACH_PRIVATE },
		{ "2002:7f00:1::1", NET_REACH_HERE }, { "2002:c000:201::1", NET_REACH_PUBLIC },
	};
	struct net_addr a;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		ok(net_pton(str_of(t[i].ip), 25, &a) == 0 &&
		    net_reach_of(&a) == t[i].is, "%s is %s", t[i].ip,
		    net_reach_word(t[i].is));
}

/* ---- how often it waits, while a last answer is awaited after a stop */

static int polls;

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	polls++;
	return (int)syscall(SYS_ppoll, p, n, ms < 0 ? NULL : &t, NULL, 0);
}

static void
last_answer(void)
{
	struct pollfd p = { .events = POLLIN };
	int fd[2];

	if (pipe(fd) < 0)
		return;
	p.fd = fd[0];
	stop_guard();
	raise(SIGTERM);
	is_int(net_poll_last(&p, 1, clock_in(60)), NET_STOPPED,
	    "it waits for the time of grace");
	ok(polls < 100, "and does not ask all the time: %d times", polls);
}

int
main(void)
{
	loopback();
	own();
	reach();
	addresses();
	hosts();
	sockets();
	last_answer();
	return done();
}
