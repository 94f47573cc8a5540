/* errand.c: what a confined process has its helper do: the list, the asking */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "mem.h"
#include "resolve.h"
#include "spawn.h"
#include "stop.h"

enum { SOON = 30, SLACK = 2 };		/* seconds */

static struct errand *list;
static uint32_t entries;
static int helper = -1;
static uint32_t asked;			/* the id of the last question */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* ---- the list ---- */

static size_t
words(char *const *argv)
{
	size_t n = 0;

	while (argv[n] != NULL)
		n++;
	return n;
}

static bool
same_words(char *const *a, char *const *b)
{
	for (; *a != NULL && *b != NULL; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return *a == NULL && *b == NULL;
}

/* The number of an entry; -1: there is none. */
static int
errand_find(enum errand_kind kind, const char *text, char *const *argv)
{
	uint32_t i;

	for (i = 0; i < entries; i++)
		if (list[i].kind == kind && (kind == ERRAND_ARGV ?
		    same_words(list[i].argv, argv) :
		    strcmp(list[i].text, text) == 0))
			return (int)i;
	return -1;
}

static struct errand *
errand_add(enum errand_kind kind)
{
	list = mem_grow(list, entries + 1, sizeof *list);
	list[entries] = (struct errand){ .kind = kind };
	return &list[entries++];
}

static void
add_text(enum errand_kind kind, const char *text)
{
	if (text != NULL && errand_find(kind, text, NULL) < 0)
		errand_add(kind)->text = mem_dup(text);
}

void
errand_command(const char *command)
{
	add_text(ERRAND_COMMAND, command);
}

void
errand_path(const char *path)
{
	add_text(ERRAND_PATH, path);
}

void
errand_host(const char *host)
{
	add_text(ERRAND_HOST, host);
}

void
errand_argv(char *const *argv)
{
	size_t n, i;
	char **copy;

	if (argv == NULL || errand_find(ERRAND_ARGV, NULL, argv) >= 0)
		return;
	n = words(argv);
	copy = mem_new(n + 1, sizeof *copy);
	for (i = 0; i < n; i++)
		copy[i] = mem_dup(argv[i]);
	errand_add(ERRAND_ARGV)->argv = copy;
}

const struct errand *
errand_entry(uint32_t number)
{
	return number < entries ? &list[number] : NULL;
}

/* ---- datagrams with descriptors ---- */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(ERRAND_FDS * sizeof(int))];
};

long
errand_send(int sock, const void *p, size_t len, const int *fd, int n)
{
	struct iovec v = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	union control c = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	size_t bytes = (size_t)n * sizeof(int);

	if (n > 0) {
		m.msg_control = &c;
		/* Of different types in different C libraries. */
		m.msg_controllen = (socklen_t)CMSG_SPACE(bytes);
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = (socklen_t)CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&c.head), fd, bytes);
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL);
}

long
errand_receive(int sock, void *p, size_t len, int fd[ERRAND_FDS])
{
	struct iovec v = { .iov_base = p, .iov_len = len };
	union control c = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = &c, .msg_controllen = sizeof c };
	long got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *h = got >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int i;

	for (i = 0; i < ERRAND_FDS; i++)
		fd[i] = -1;
	if (h != NULL && h->cmsg_level == SOL_SOCKET &&
	    h->cmsg_type == SCM_RIGHTS && h->cmsg_len <= sizeof c)
		memcpy(fd, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	return got;
}

size_t
errand_size(const struct errand_ask *q)
{
	size_t fixed = offsetof(struct errand_ask, env.text);

	return q->env.n <= sizeof q->env.text ? fixed + q->env.n : 0;
}

/* ---- asking ---- */

void
errand_ask_at(int sock)
{
	helper = sock;
}

bool
errand_runs(void)
{
	return helper >= 0;
}

static int
gone(struct err *e)
{
	return fail(e, EX_OSERR, "the helper process has ended");
}

/* Names alone come without a descriptor. */
static bool
comes_with_one(const struct errand_ask *q)
{
	return list[q->number].kind != ERRAND_HOST;
}

static int
hear_answer(struct errand_answer *a, int *fd, int64_t deadline, bool name,
    struct err *e)
{
	struct pollfd p = { .fd = helper, .events = POLLIN };
	int got[ERRAND_FDS], ready;

	do {		/* a command that was started may have a message */
		ready = name ? net_poll(&p, 1, deadline) :
		    net_poll_last(&p, 1, deadline);
		if (ready < 0 && stop_asked())
			return fail_stop(e);
		if (ready <= 0)
			return fail(e, EX_TEMPFAIL, "the helper process does not answer in time");
		if (errand_receive(helper, a, sizeof *a, got) !=
		    (long)sizeof *a)
			return gone(e);
		*fd = got[0];
		if (a->id != asked && *fd >= 0)
			close(*fd);	/* nobody waits for that any more */
	} while (a->id != asked);
	if (a->n < 0)
		return fail(e, a->err.code, "%s", a->err.msg);
	return a->n;
}

/*
 * Where none is free the kernel hands over an answer without its descriptor,
 * and the command runs with nobody who hears of it.  So one is kept free.
 */
static int
ask_and_hear(struct errand_ask *q, const int *give, int n,
    struct errand_answer *a, int *fd, int64_t deadline, struct err *e)
{
	int room = fcntl(helper, F_DUPFD_CLOEXEC, 0), got;
	long sent;

	a->id = q->id;			/* nobody has it */
	if (room < 0)
		return fail_sys(e, EX_OSERR, "the helper process");
	sent = errand_send(helper, q, errand_size(q), give, n);
	close(room);
	if (sent != (long)errand_size(q))
		return gone(e);
	a->id = q->id - 1;
	got = hear_answer(a, fd, deadline, q->ms >= 0, e);
	if (got < 0 || *fd >= 0 || !comes_with_one(q))
		return got;
	a->id = q->id - 1;		/* another thread was faster */
	return fail(e, EX_OSERR, "the helper process answers without a descriptor");
}

/*
 * One question at a time, whatever thread asks.  The answer's descriptor is in
 * *fd, or -1.  It failed, and a has another id than q: the question went out,
 * and what came of it is not known.
 */
static int
errand_request(struct errand_ask *q, const int *give, int n,
    struct errand_answer *a, int *fd, struct err *e)
{
	int64_t deadline = clock_in(SOON);
	int got;

	if (q->ms >= 0)
		deadline = clock_ms() + q->ms + SLACK * 1000;
	*fd = -1;
	pthread_mutex_lock(&turn);
	q->id = ++asked;
	got = ask_and_hear(q, give, n, a, fd, deadline, e);
	pthread_mutex_unlock(&turn);
	return got;
}

static int
number_of(const struct spawn_conf *f)
{
	return f->command != NULL ?
	    errand_find(ERRAND_COMMAND, f->command, NULL) :
	    errand_find(ERRAND_ARGV, NULL, f->argv);
}

bool
errand_has(const struct spawn_conf *f)
{
	return errand_runs() && number_of(f) >= 0;
}

int
errand_spawn(const struct spawn_conf *f, bool *perhaps, struct err *e)
{
	struct errand_ask q = { .number = (uint32_t)number_of(f),
	    .asks = f->asks, .ms = -1 };
	struct errand_answer a;
	int give[ERRAND_FDS], n = 0, i, fd;

	q.told = f->env != NULL;
	if (q.told)
		q.env = *f->env;
	for (i = 0; i < 3; i++) {
		q.fd[i] = f->fd[i] == SPAWN_NULL ? ERRAND_NULL : ERRAND_OWN;
		if (f->fd[i] != SPAWN_NULL && f->fd[i] != i) {
			q.fd[i] = n;
			give[n++] = f->fd[i];
		}
	}
	if (errand_request(&q, give, n, &a, &fd, e) < 0)
		fd = -1;
	*perhaps = a.id != q.id;
	return fd;
}

int
errand_unix(const char *path, struct err *e)
{
	int number = errand_find(ERRAND_PATH, path, NULL), fd;
	struct errand_ask q = { .number = (uint32_t)number, .ms = -1 };
	struct errand_answer a;

	if (number < 0)
		return fail(e, EX_SOFTWARE, "%s is not on the helper's list",
		    path);
	return errand_request(&q, NULL, 0, &a, &fd, e) < 0 ? -1 : fd;
}

int
errand_resolve(const char *host, unsigned port, int family,
    struct net_addr *to, int max, int64_t deadline, struct err *e)
{
	int number = errand_find(ERRAND_HOST, host, NULL), fd, n;
	struct errand_ask q = { .number = (uint32_t)number, .port = port,
	    .family = family, .ms = clock_left(deadline) };
	struct errand_answer a;

	if (!errand_runs() || number < 0)	/* an address, perhaps */
		return resolve_host(host, port, family, to, max, deadline, e);
	n = errand_request(&q, NULL, 0, &a, &fd, e);
	n = n < max ? n : max;
	if (n > 0)
		memcpy(to, a.addr, (size_t)n * sizeof *to);
	return n;
}
