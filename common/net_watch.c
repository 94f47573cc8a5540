/*
 * net_watch.c: many sockets and one loop, and moves without waiting
 *
 * One thread's, and one watch in a process: see os_watch.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "os.h"
#include "stop.h"

enum { BATCH = 256 };

static char bell;		/* who: a stop, which is nobody's event */

long
net_recv(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = recv(fd, p, n, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0) {			/* fewer than n: no more for now */
		os_watch_more(fd, OS_IN);
		return got;
	}
	if (got == 0 || errno != EAGAIN)
		return got;
	os_watch_more(fd, OS_IN);
	return NET_LATER;
}

long
net_send(int fd, const void *p, size_t n)
{
	ssize_t got;

	do
		got = send(fd, p, n, MSG_NOSIGNAL);
	while (got < 0 && errno == EINTR);
	if (got >= 0 || errno != EAGAIN)
		return got;
	os_watch_more(fd, OS_OUT);
	return NET_LATER;
}

int
net_watch(struct err *e)
{
	int watch = os_watch();

	if (watch < 0)
		return fail_sys(e, EX_OSERR, "watching sockets");
	if (stop_fd() >= 0)
		os_watch_add(watch, stop_fd(), &bell, OS_ALWAYS);
	return watch;
}

int
net_watch_add(int watch, int fd, void *who)
{
	return os_watch_add(watch, fd, who, OS_CHANGES);
}

int
net_watch_once(int watch, int fd, void *who)
{
	return os_watch_add(watch, fd, who, OS_ONCE);
}

void
net_watch_close(int fd)
{
	os_watch_end(fd);
	close(fd);
}

int64_t
net_watch_until(int64_t deadline)
{
	int64_t nap = clock_ms() + os_watch_nap;

	return os_watch_nap > 0 && nap < deadline ? nap : deadline;
}

int
net_watch_wait(int watch, struct net_event *out, int max, int64_t deadline)
{
	struct os_event ev[BATCH];
	int n, i;

	if (max > BATCH)
		max = BATCH;
	do {
		if (stop_asked())
			return 0;
		n = os_watch_wait(watch, ev, max, clock_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (stop_asked())
		return 0;
	for (i = 0; i < n; i++)
		out[i] = (struct net_event){ .who = ev[i].who,
		    .in = (ev[i].bits & OS_IN) != 0,
		    .out = (ev[i].bits & OS_OUT) != 0,
		    .hup = (ev[i].bits & OS_HUP) != 0,
		    .err = (ev[i].bits & OS_ERR) != 0 };
	return n < 0 ? 0 : n;
}
