/* os_linux.c: what Linux has and POSIX has not, by its own system calls */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>	/* wants struct timespec to be there */

#include "os.h"

/* Younger than some systems' headers, and the same on all machines. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* ---- memory and the process */

int
os_random(void *p, size_t n, bool now)
{
	return getrandom(p, n, now ? GRND_NONBLOCK : 0) == (ssize_t)n ? 0 : -1;
}

void
os_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void *
os_last(const void *p, int c, size_t n)
{
	return memrchr(p, c, n);
}

void
os_frugal(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
#endif
}

void
os_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

const char *
os_program(void)
{
	return program_invocation_short_name;
}

void
os_private(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void
os_helper(const char *name)
{
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void
os_uptime(struct timespec *t)
{
	clock_gettime(CLOCK_BOOTTIME, t);
}

/* ---- descriptors */

void
os_close(int from, int to)
{
	struct rlimit files = { 1024, 1024 };

	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &files);
	for (; from <= to && (rlim_t)from < files.rlim_cur; from++)
		close(from);
}

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM_NP
#endif
#endif

#ifdef HAVE_CLOSEFROM_NP
int
os_spawn_closes(posix_spawn_file_actions_t *acts)
{
	return posix_spawn_file_actions_addclosefrom_np(acts, 3);
}
#else
enum { RANGE_CLOEXEC = 4 };		/* linux/close_range.h */

/* Ours are so already: this is for what libraries and our parent left. */
int
os_spawn_closes(posix_spawn_file_actions_t *acts)
{
	struct rlimit files = { 256, 256 };
	int fd;

	(void)acts;
	if (syscall(SYS_close_range, 3, ~0U, RANGE_CLOEXEC) == 0)
		return 0;
	getrlimit(RLIMIT_NOFILE, &files);
	for (fd = 3; (rlim_t)fd < files.rlim_cur; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}
#endif

int
os_child(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int
os_bell(int bell[2])
{
	bell[0] = bell[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return bell[0] < 0 ? -1 : 0;
}

int
os_file_memory(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

/* ---- files */

int
os_file_unnamed(int at, const char *path, int flags)
{
	return openat(at, path, flags | O_TMPFILE | O_CLOEXEC, 0600);
}

/* By its descriptor alone, where the kernel lets us; else by /proc. */
int
os_file_name(int fd, int at, const char *to, bool *by_path)
{
	char path[32];

	if (!*by_path && linkat(fd, "", at, to, AT_EMPTY_PATH) == 0)
		return 0;
	if (!*by_path && errno != ENOENT)
		return -1;
	*by_path = true;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, at, to, AT_SYMLINK_FOLLOW);
}

bool
os_file_namable(void)
{
	return access("/proc/self/fd", X_OK) == 0;
}

int
os_file_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

int
os_rename_new(int from, const char *a, int to, const char *b)
{
	/* Not every C library has a function for it. */
	int got = (int)syscall(SYS_renameat2, from, a, to, b, RENAME_NOREPLACE);

	if (got < 0 && errno == ENOSYS)
		errno = EINVAL;
	return got;
}

int
os_rename_swap(int from, const char *a, int to, const char *b)
{
	int got = (int)syscall(SYS_renameat2, from, a, to, b, RENAME_EXCHANGE);

	if (got < 0 && errno == ENOSYS)
		errno = EINVAL;
	return got;
}

int
os_sync_begin(int fd)
{
	enum { WORTH = 64 << 10 };	/* bytes; below, the call costs more */

	if (lseek(fd, 0, SEEK_CUR) >= WORTH)
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int
os_sync_later(int fd)
{
	(void)fd;
	return 0;
}

int
os_sync_all(int folder)
{
	return syncfs(folder);
}

/* ---- sockets */

void
os_ack_now(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void
os_keep_alive(int fd)
{
	static const int set[][3] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 120000 },
	};
	size_t i;

	for (i = 0; i < sizeof set / sizeof *set; i++)
		setsockopt(fd, set[i][0], set[i][1], &set[i][2],
		    sizeof set[i][2]);
}

void
os_receive_room(int fd, int size)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void
os_icmp_ask(int fd, int family, bool on)
{
	int value = on;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &value,
		    sizeof value);
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &value, sizeof value);
}

/* What the kernel says of an error; its sender's address stands behind it. */
static bool
from_icmp(const struct cmsghdr *c, struct os_icmp *icmp)
{
	struct sock_extended_err err;
	size_t n = c->cmsg_len - CMSG_LEN(0);
	bool six = c->cmsg_level == IPPROTO_IPV6 &&
	    c->cmsg_type == IPV6_RECVERR;

	if ((!six && (c->cmsg_level != IPPROTO_IP ||
	    c->cmsg_type != IP_RECVERR)) || n < sizeof err)
		return false;
	memcpy(&err, CMSG_DATA(c), sizeof err);
	if (err.ee_origin != SO_EE_ORIGIN_ICMP &&
	    err.ee_origin != SO_EE_ORIGIN_ICMP6)
		return false;
	*icmp = (struct os_icmp){ .type = err.ee_type, .code = err.ee_code };
	n -= sizeof err;
	memcpy(&icmp->from, CMSG_DATA(c) + sizeof err,
	    n < sizeof icmp->from ? n : sizeof icmp->from);
	return true;
}

int
os_icmp(int fd, struct os_icmp *icmp)
{
	_Alignas(struct cmsghdr) char room[512];
	char packet[256];
	struct iovec io = { packet, sizeof packet };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1,
	    .msg_control = room, .msg_controllen = sizeof room };
	struct cmsghdr *c;

	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return -1;
	/* The socket asked for nothing else, so there is one. */
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && from_icmp(c, icmp))
		return 0;
	errno = ENOMSG;
	return -1;
}

/* Ours is the same thing by another name, so that arrays need no copy. */
_Static_assert(sizeof(struct os_datagram) == sizeof(struct mmsghdr) &&
    offsetof(struct os_datagram, len) == offsetof(struct mmsghdr, msg_len),
    "struct os_datagram is struct mmsghdr");

int
os_send_many(int fd, struct os_datagram *d, unsigned n)
{
	return sendmmsg(fd, (struct mmsghdr *)d, n, MSG_DONTWAIT);
}

int
os_receive_many(int fd, struct os_datagram *d, unsigned n)
{
	return recvmmsg(fd, (struct mmsghdr *)d, n, MSG_DONTWAIT, NULL);
}

/*
 * Edge-triggered: one system call per socket to watch it, none to change what
 * is watched, none to end it.
 */
const int os_watch_nap = 0;

int
os_watch(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int
os_watch_add(int watch, int fd, void *who, enum os_how how)
{
	static const uint32_t events[] = {
		[OS_ALWAYS] = EPOLLIN,
		[OS_CHANGES] = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		[OS_ONCE] = EPOLLIN | EPOLLONESHOT,
	};
	struct epoll_event ev = { .events = events[how], .data.ptr = who };

	if (how == OS_ONCE && epoll_ctl(watch, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &ev);
}

int
os_watch_wait(int watch, struct os_event *out, int max, int ms)
{
	enum { BATCH = 256 };
	struct epoll_event ev[BATCH];
	int n = epoll_wait(watch, ev, max < BATCH ? max : BATCH, ms), i;
	uint32_t b;

	for (i = 0; i < n; i++) {
		b = ev[i].events;
		out[i] = (struct os_event){ .who = ev[i].data.ptr };
		if ((b & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
			out[i].bits |= OS_IN;
		if ((b & EPOLLOUT) != 0)
			out[i].bits |= OS_OUT;
		if ((b & (EPOLLRDHUP | EPOLLHUP)) != 0)
			out[i].bits |= OS_HUP;
		if ((b & EPOLLERR) != 0)
			out[i].bits |= OS_ERR;
	}
	return n;
}

void
os_watch_more(int fd, enum os_bits bits)
{
	(void)fd;
	(void)bits;
}

void
os_watch_end(int fd)
{
	(void)fd;
}
