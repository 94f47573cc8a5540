/*
 * net_watch.c: many sockets and one loop: epoll(7), and moves without waiting
 *
 * Edge-triggered: one system call per socket to watch it, none to change what
 * is watched, none to end it.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "clock.h"
#include "net.h"
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
	return got < 0 && errno == EAGAIN ? NET_LATER : got;
}

long
net_send(int fd, const void *p, size_t n)
{
	ssize_t got;

	do
		got = send(fd, p, n, MSG_NOSIGNAL);
	while (got < 0 && errno == EINTR);
	return got < 0 && errno == EAGAIN ? NET_LATER : got;
}

int
net_watch(struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &bell };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, EX_OSERR, "epoll_create1");
	if (stop_fd() >= 0)
		epoll_ctl(fd, EPOLL_CTL_ADD, stop_fd(), &ev);
	return fd;
}

int
net_watch_add(int watch, int fd, void *who)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
	    EPOLLET, .data.ptr = who };

	return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &ev);
}

int
net_watch_once(int watch, int fd, void *who)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT,
	    .data.ptr = who };

	return epoll_ctl(watch, EPOLL_CTL_MOD, fd, &ev) == 0 ? 0 :
	    epoll_ctl(watch, EPOLL_CTL_ADD, fd, &ev);
}

int
net_watch_wait(int watch, struct net_event *out, int max, int64_t deadline)
{
	struct epoll_event ev[BATCH];
	uint32_t bits;
	int n, i;

	if (max > BATCH)
		max = BATCH;
	do {
		if (stop_asked())
			return 0;
		n = epoll_wait(watch, ev, max, clock_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (stop_asked())
		return 0;
	for (i = 0; i < n; i++) {
		bits = ev[i].events;
		out[i] = (struct net_event){ .who = ev[i].data.ptr,
		    .in = (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP |
		    EPOLLERR)) != 0,
		    .out = (bits & EPOLLOUT) != 0,
		    .hup = (bits & (EPOLLRDHUP | EPOLLHUP)) != 0,
		    .err = (bits & EPOLLERR) != 0 };
	}
	return n < 0 ? 0 : n;
}
