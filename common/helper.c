/*
 * helper.c: a small process that stays outside the sandbox
 *
 * One loop: a question comes, what it wants is done, an answer goes back,
 * with a descriptor perhaps.  A command that runs is a ward, with a socket
 * that tells whoever asked for it when it ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "helper.h"
#include "mem.h"
#include "os.h"
#include "resolve.h"
#include "service.h"
#include "spawn.h"
#include "stop.h"
#include "trace.h"

enum { NAP_MS = 5, LAST_MS = 500 };

struct ward {
	struct spawn_child child;
	int fd;				/* -1: nobody cares any more */
};

static struct ward *ward;
static size_t wards;

/* ---- what is asked for ---- */

/*
 * The child's descriptor i; less than SPAWN_NULL: nonsense was asked for, or it
 * did not come, which must not become /dev/null: that is an empty message.
 */
static int
child_fd(int asked, int i, const int given[ERRAND_FDS])
{
	bool came = asked >= 0 && asked < ERRAND_FDS && given[asked] >= 0;

	if (asked == ERRAND_NULL)
		return SPAWN_NULL;
	if (asked == ERRAND_OWN)
		return i;
	return came ? given[asked] : SPAWN_NULL - 1;
}

/* Both ends of a new one; ours becomes the ward's. */
static int
helper_spawn(const struct errand *t, const struct errand_ask *q,
    const int given[ERRAND_FDS], struct err *e)
{
	struct spawn_conf f = { .asks = q->asks,
	    .env = q->told ? &q->env : NULL };
	struct ward w;
	int pair[2], i;

	f.command = t->kind == ERRAND_COMMAND ? t->text : NULL;
	f.argv = t->argv;
	for (i = 0; i < 3; i++) {
		f.fd[i] = child_fd(q->fd[i], i, given);
		if (f.fd[i] < SPAWN_NULL)
			return fail(e, EX_SOFTWARE, "a descriptor is missing");
	}
	/* Without memory nothing is to be started of which nobody is told. */
	ward = mem_grow(ward, wards + 1, sizeof *ward);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    pair) < 0)
		return fail_sys(e, EX_OSERR, "socketpair");
	if (spawn_start(&f, &w.child, e) < 0) {
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	w.fd = pair[0];
	ward[wards++] = w;
	return pair[1];
}

/* The descriptor that goes along, or -1. */
static int
serve_errand(const struct errand_ask *q, const int given[ERRAND_FDS],
    struct errand_answer *a)
{
	const struct errand *t = errand_entry(q->number);
	int64_t deadline = q->ms < 0 ? CLOCK_NEVER : clock_ms() + q->ms;
	int fd = -1;

	if (t == NULL) {
		a->n = fail(&a->err, EX_SOFTWARE, "no such errand");
	} else if (t->kind == ERRAND_HOST) {
		a->n = resolve_host(t->text, q->port, q->family, a->addr,
		    ERRAND_ADDRESSES, deadline, &a->err);
	} else {
		fd = t->kind == ERRAND_PATH ? net_unix(t->text, &a->err) :
		    helper_spawn(t, q, given, &a->err);
		a->n = fd < 0 ? -1 : 0;
	}
	return fd;
}

/* False: nobody will ask any more. */
static bool
question(int sock)
{
	struct errand_answer a = { .n = 0 };
	struct errand_ask q;
	int given[ERRAND_FDS], fd, i;
	long got = errand_receive(sock, &q, sizeof q, given);

	if (got < 0 && errno == EINTR)
		return true;
	if (got < (long)offsetof(struct errand_ask, env.text) ||
	    got != (long)errand_size(&q))
		return false;
	a.id = q.id;
	fd = serve_errand(&q, given, &a);
	got = errand_send(sock, &a, sizeof a, &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	for (i = 0; i < ERRAND_FDS; i++)
		if (given[i] >= 0)
			close(given[i]);
	return got == (long)sizeof a;
}

/* ---- what runs ---- */

/* Whoever waits may be gone; the end is what counts. */
static void
helper_over(struct ward *w)
{
	struct errand_end end = { (int)w->child.how, w->child.code };

	if (w->fd >= 0) {
		(void)!send(w->fd, &end, sizeof end, MSG_NOSIGNAL);
		close(w->fd);
	}
	*w = ward[--wards];
}

/* A byte: it is to be ended, soon if that is 1.  The end: it is left alone. */
static void
told(struct ward *w)
{
	char byte;
	long got = recv(w->fd, &byte, 1, 0);

	if (got == 1 && byte != 0)
		spawn_end_soon(&w->child);
	else if (got == 1)
		spawn_end(&w->child);
	if (got == 0) {
		close(w->fd);
		w->fd = -1;
	}
}

static void
helper_look(const struct pollfd *p)
{
	size_t i;

	for (i = wards; i-- > 0;) {
		if (p[2 * i].revents != 0 && ward[i].fd >= 0)
			told(&ward[i]);
		if (spawn_wait(&ward[i].child, clock_ms()))
			helper_over(&ward[i]);
	}
}

static void
loop(int sock)
{
	struct pollfd *p = NULL;
	size_t i;
	int nap;

	for (;;) {
		p = mem_grow(p, 2 * wards + 1, sizeof *p);
		nap = -1;
		for (i = 0; i < wards; i++) {
			p[2 * i] = (struct pollfd){ ward[i].fd, POLLIN, 0 };
			p[2 * i + 1] = (struct pollfd){
			    spawn_fd(&ward[i].child), POLLIN, 0 };
			if (p[2 * i + 1].fd < 0)
				nap = NAP_MS;
		}
		p[2 * wards] = (struct pollfd){ sock, POLLIN, 0 };
		if (poll(p, 2 * wards + 1, nap) < 0)
			continue;
		if (p[2 * wards].revents != 0) {
			if (!question(sock))
				return;
		} else {
			helper_look(p);
		}
	}
}

/* ---- the process ---- */

/* All but the first three, the socket, and what net_poll waits for, too. */
static void
close_others(int sock)
{
	int bell = stop_fd(), low = bell > 2 && bell < sock ? bell : sock;
	int high = low == sock && bell > 2 ? bell : sock;

	os_close(3, low - 1);
	os_close(low + 1, high - 1);
	os_close(high + 1, 0x7fffffff);
}

/* A key at the terminal goes to all that is in the foreground there. */
static void
ignore(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = SIG_IGN };
	size_t i;

	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &sa, NULL);
}

static _Noreturn void
helper_run(int sock, pid_t parent)
{
	ignore();
	service_leave();
	os_helper("postbag-helper");
	close_others(sock);
	if (getppid() == parent)
		loop(sock);
	_exit(0);
}

static struct spawn_child process;
static int asking = -1;

/*
 * It sees the end of the socket, and is waited for after a stop, too: or it is
 * left to whoever reaps orphans.  One that is stuck may run on after us.
 */
static void
helper_finish(void)
{
	struct pollfd p = { .fd = spawn_fd(&process), .events = POLLIN };
	int64_t end = clock_ms() + LAST_MS;

	close(asking);
	asking = -1;
	errand_ask_at(-1);
	while (!spawn_wait(&process, clock_ms()) && clock_left(end) > 0)
		(void)poll(&p, 1, p.fd >= 0 ? clock_left(end) : NAP_MS);
}

int
helper_start(void (*wipe)(void *), void *arg, struct err *e)
{
	pid_t parent = getpid();
	int pair[2], got;

	if (errand_entry(0) == NULL || errand_runs())
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_sys(e, EX_OSERR, "socketpair");
	os_trim();		/* what is free here would be kept there */
	got = spawn_fork(&process, e);
	if (got == 0) {
		wipe(arg);
		helper_run(pair[1], parent);
	}
	close(pair[1]);
	if (got < 0) {
		close(pair[0]);
		return -1;
	}
	trace_note(TRACE_TALK, "a helper process (%ld) for commands, names, sockets with a path",
	    (long)process.pid);
	asking = pair[0];
	errand_ask_at(asking);
	atexit(helper_finish);
	return 0;
}
