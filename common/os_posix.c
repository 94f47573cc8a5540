/* os_posix.c: what only Linux has, done by POSIX.1-2024 alone, or not at all */
#if defined(OS_POSIX) || !defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os.h"

/* ---- memory and the process */

int
os_random(void *p, size_t n, bool now)
{
	unsigned char *at = p;
	size_t some;

	(void)now;
	for (; n > 0; n -= some, at += some) {
		some = n < 256 ? n : 256;	/* GETENTROPY_MAX */
		if (getentropy(at, some) < 0)
			return -1;
	}
	return 0;
}

void
os_wipe(void *p, size_t n)
{
	volatile unsigned char *at = p;

	while (n-- > 0)
		*at++ = 0;
}

void *
os_last(const void *p, int c, size_t n)
{
	const unsigned char *start = p;

	while (n-- > 0)
		if (start[n] == (unsigned char)c)
			return (void *)(uintptr_t)&start[n];
	return NULL;
}

void
os_frugal(void)
{
}

void
os_trim(void)
{
}

const char *
os_program(void)
{
	return "postbag";
}

void
os_private(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

/* It sees the end of its socket, a little later. */
void
os_helper(const char *name)
{
	(void)name;
}

void
os_uptime(struct timespec *t)
{
	clock_gettime(CLOCK_MONOTONIC, t);
}

/* ---- descriptors */

static int
most_files(void)
{
	struct rlimit files = { 1024, 1024 };

	getrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur > 65536 ? 65536 : (int)files.rlim_cur;
}

void
os_close(int from, int to)
{
	int most = most_files();

	for (; from <= to && from < most; from++)
		close(from);
}

int
os_spawn_closes(posix_spawn_file_actions_t *acts)
{
	int fd, most = most_files();

	(void)acts;
	for (fd = 3; fd < most; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

int
os_child(pid_t pid)
{
	(void)pid;
	errno = ENOSYS;
	return -1;
}

int
os_bell(int bell[2])
{
	return pipe2(bell, O_CLOEXEC | O_NONBLOCK);
}

int
os_file_memory(const char *name)
{
	char path[] = "/tmp/postbag.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	(void)name;
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* ---- files */

int
os_file_unnamed(int at, const char *path, int flags)
{
	(void)at;
	(void)path;
	(void)flags;
	errno = EOPNOTSUPP;
	return -1;
}

int
os_file_name(int fd, int at, const char *name, bool *by_path)
{
	(void)fd;
	(void)at;
	(void)name;
	(void)by_path;
	errno = EOPNOTSUPP;
	return -1;
}

bool
os_file_namable(void)
{
	return false;
}

int
os_file_reopen(int fd, int flags)
{
	(void)fd;
	(void)flags;
	errno = EOPNOTSUPP;
	return -1;
}

/* A link first: it fails if the name is taken. */
int
os_rename_new(int from, const char *a, int to, const char *b)
{
	if (linkat(from, a, to, b, 0) == 0)
		return unlinkat(from, a, 0);
	if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS ||
	    errno == EMLINK)
		errno = EINVAL;
	return -1;
}

int
os_rename_swap(int from, const char *a, int to, const char *b)
{
	(void)from;
	(void)a;
	(void)to;
	(void)b;
	errno = EINVAL;
	return -1;
}

int
os_sync_begin(int fd)
{
	return fsync(fd);
}

int
os_sync_later(int fd)
{
	return fsync(fd);
}

int
os_sync_all(int folder)
{
	(void)folder;		/* each file is on the disk by now */
	return 0;
}

/* ---- sockets */

void
os_ack_now(int fd)
{
	(void)fd;
}

void
os_keep_alive(int fd)
{
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

void
os_receive_room(int fd, int size)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void
os_icmp_ask(int fd, int family, bool on)
{
	(void)fd;
	(void)family;
	(void)on;
}

int
os_icmp(int fd, struct os_icmp *icmp)
{
	(void)fd;
	(void)icmp;
	errno = ENOTSUP;
	return -1;
}

/* Its sockets are non-blocking. */
int
os_send_many(int fd, struct os_datagram *d, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && sendmsg(fd, &d[i].msg, 0) >= 0; i++)
		;
	return i > 0 ? (int)i : -1;
}

int
os_receive_many(int fd, struct os_datagram *d, unsigned n)
{
	unsigned i;
	ssize_t got;

	for (i = 0; i < n; i++) {
		got = recvmsg(fd, &d[i].msg, 0);
		if (got < 0)
			break;
		d[i].len = (unsigned)got;
	}
	return i > 0 ? (int)i : -1;
}

/*
 * As epoll(7) keeps it in the kernel: by descriptor, who wants to know, and
 * what is still to be told.  A change is told once: that direction is asked
 * for again when its user says that it would block.  One who never says so (a
 * pipe that is read in another way) is told as often as there is something.
 * There is one watch, and one thread that uses it.
 */
const int os_watch_nap = 10;

static struct watched {
	void *who;
	enum os_how how;
	bool any;		/* it is watched */
	bool tells;		/* it has said OS_IN would block, once */
	bool in, out;		/* to be asked for */
} *watched;
static size_t nwatched;
static struct pollfd *polls;
static size_t next;		/* whose turn it is to be told first */

int
os_watch(void)
{
	int end[2];

	if (pipe2(end, O_CLOEXEC) < 0)
		return -1;
	free(watched);
	free(polls);
	watched = NULL;
	polls = NULL;
	nwatched = 0;
	/* Never closed nor written to, it is never readable. */
	return end[0];
}

static int
grow_watched(size_t n)
{
	struct watched *w = realloc(watched, n * sizeof *w);
	struct pollfd *p;

	if (w == NULL)
		return -1;
	watched = w;
	p = realloc(polls, n * sizeof *p);
	if (p == NULL)
		return -1;
	polls = p;
	memset(watched + nwatched, 0, (n - nwatched) * sizeof *watched);
	nwatched = n;
	return 0;
}

int
os_watch_add(int watch, int fd, void *who, enum os_how how)
{
	(void)watch;
	if ((size_t)fd >= nwatched && grow_watched(((size_t)fd + 1) * 2) < 0)
		return -1;
	watched[fd] = (struct watched){ .who = who, .how = how, .any = true,
	    .in = true, .out = how == OS_CHANGES };
	return 0;
}

static unsigned
ready_bits(short revents)
{
	unsigned bits = 0;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		bits |= OS_IN;
	if ((revents & POLLOUT) != 0)
		bits |= OS_OUT;
	if ((revents & POLLHUP) != 0)
		bits |= OS_HUP;
	if ((revents & POLLERR) != 0)
		bits |= OS_ERR;
	return bits;
}

/* Those that are left to tell. */
static void
told(struct watched *w, unsigned bits)
{
	if (w->how == OS_ONCE)
		w->any = false;
	if (w->how != OS_CHANGES)
		return;
	if ((bits & OS_IN) != 0 && w->tells)
		w->in = false;
	if ((bits & OS_OUT) != 0)
		w->out = false;
}

static size_t
count_asked(void)
{
	const struct watched *w;
	size_t fd, n = 0;

	for (fd = 0; fd < nwatched; fd++) {
		w = &watched[fd];
		if (!w->any || (!w->in && !w->out))
			continue;
		polls[n++] = (struct pollfd){ .fd = (int)fd,
		    .events = (short)((w->in ? POLLIN : 0) |
		    (w->out ? POLLOUT : 0)) };
	}
	return n;
}

int
os_watch_wait(int watch, struct os_event *out, int max, int ms)
{
	size_t n = count_asked(), i, at;
	int got = poll(polls, (nfds_t)n, ms), told_of = 0;
	struct watched *w;

	(void)watch;
	if (got < 0)
		return -1;
	for (i = 0; i < n && told_of < max; i++) {
		at = (next + i) % n;
		w = &watched[polls[at].fd];
		if ((polls[at].revents & POLLNVAL) != 0)
			w->any = false;
		else if (polls[at].revents != 0) {
			out[told_of] = (struct os_event){ .who = w->who,
			    .bits = ready_bits(polls[at].revents) };
			told(w, out[told_of++].bits);
		}
	}
	next = n > 0 ? (next + i) % n : 0;
	return told_of;
}

void
os_watch_more(int fd, enum os_bits bits)
{
	if ((size_t)fd >= nwatched || !watched[fd].any)
		return;
	if (bits == OS_IN)
		watched[fd].in = watched[fd].tells = true;
	else
		watched[fd].out = true;
}

void
os_watch_end(int fd)
{
	if ((size_t)fd < nwatched)
		watched[fd].any = false;
}

#endif
