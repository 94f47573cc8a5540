/* stop.c: the first signal is a request, the second one ends the program */
#include "stop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "conn_open.h"
#include "file.h"
#include "msg.h"
#include "tap.h"

static void
nap(long ms)
{
	int64_t end = clock_ms() + ms;
	struct timespec t = { 0, 5000000 };

	while (clock_ms() < end)	/* whatever interrupts it */
		nanosleep(&t, NULL);
}

/* What a child does, and how it ended: its status, or 128 + the signal. */
static int
child(void (*what)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(20);	/* overridden by the first signal that counts */
		what();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

static void
one(void)
{
	struct pollfd p = { .events = POLLIN };

	stop_guard();
	p.fd = stop_fd();
	if (stop_asked() || stop_signal() != 0 || poll(&p, 1, 0) != 0)
		_exit(1);
	raise(SIGTERM);
	if (!stop_asked() || stop_signal() != SIGTERM ||
	    strcmp(stop_name(), "SIGTERM") != 0)
		_exit(2);
	if (poll(&p, 1, 0) != 1)
		_exit(3);
	raise(SIGINT);			/* an echo */
	if (stop_signal() != SIGTERM)
		_exit(4);
	_exit(stop_grace() > clock_ms() ? 0 : 5);
}

static void
two_of_a_kind(void)
{
	stop_guard();
	raise(SIGTERM);
	nap(STOP_ECHO + 50);
	raise(SIGTERM);
	_exit(1);
}

static void
two_different(void)
{
	stop_guard();
	raise(SIGTERM);
	nap(STOP_ECHO + 50);
	raise(SIGINT);
	_exit(1);
}

static void
hangup(void)
{
	stop_guard();
	raise(SIGHUP);
	_exit(stop_signal() == SIGHUP ? 0 : 1);
}

static void
nohup(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGHUP, &ignore, NULL);
	stop_guard();
	raise(SIGHUP);
	_exit(stop_asked() ? 1 : 0);
}

static void
blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	stop_guard();
	raise(SIGTERM);
	_exit(stop_asked() ? 0 : 1);
}

/* Reading what never comes, begun only when the signal is long past. */
static void
late(void)
{
	int fd[2];
	char c;

	if (pipe(fd) < 0)
		_exit(1);
	stop_guard();
	raise(SIGINT);
	if (read(fd[0], &c, 1) >= 0 || errno != EINTR)
		_exit(2);
	_exit(read(fd[0], &c, 1) < 0 && errno == EINTR ? 0 : 3);
}

static void *
wait_for_it(void *arg)
{
	struct pollfd p = { .fd = stop_fd(), .events = POLLIN };

	(void)arg;
	while (poll(&p, 1, 20000) < 0)
		;
	return stop_asked() ? &tap_run : NULL;
}

/* The signal comes to one thread, and all hear of it. */
static void
threads(void)
{
	pthread_t t[4];
	void *heard;
	int i;

	stop_guard();
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, wait_for_it, NULL) != 0)
			_exit(1);
	raise(SIGTERM);
	for (i = 0; i < 4; i++)
		if (pthread_join(t[i], &heard) != 0 || heard == NULL)
			_exit(2);
	_exit(0);
}

/* Each of the two has its own request. */
static void
forked(void)
{
	struct pollfd p = { .events = POLLIN };
	int status = 0;
	pid_t pid;

	stop_guard();
	if ((pid = stop_fork()) == 0) {
		raise(SIGTERM);
		_exit(stop_asked() ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(2);
	p.fd = stop_fd();
	if (stop_asked() || poll(&p, 1, 0) != 0)
		_exit(3);
	raise(SIGINT);
	if (!stop_asked())
		_exit(4);
	if ((pid = stop_fork()) == 0) {
		p.fd = stop_fd();
		_exit(stop_asked() && poll(&p, 1, 0) == 1 ? 0 : 1);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(status == 0 ? 0 : 5);
}

/* A long message is looked at block by block. */
static void
scan(void)
{
	static const char text[] = "Subject: 1\n\ntext\n";
	struct err e = { 0 };
	struct arena a = { 0 };
	struct msg m;
	int fd = file_temp(&e);

	stop_guard();
	if (fd < 0 || write(fd, text, sizeof text - 1) < 0)
		_exit(1);
	lseek(fd, 0, SEEK_SET);
	if (msg_scan(&m, &a, fd, 0, &e) < 0)
		_exit(2);
	raise(SIGTERM);
	lseek(fd, 0, SEEK_SET);
	if (msg_scan(&m, &a, fd, 0, &e) >= 0)
		_exit(3);
	_exit(e.code == EX_TEMPFAIL && strcmp(e.msg, "stopped by SIGTERM") ==
	    0 ? 0 : 4);
}

/* Who asks for more lines after the stop has not lost his last word. */
static void
farewell(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct conn_conf conf = { .path = at.sun_path };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), peer;
	struct err e = { 0 };
	struct conn *c;
	char got[16];
	size_t len;

	snprintf(at.sun_path, sizeof at.sun_path, "/tmp/stop.%ld", (long)getpid());
	if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(s, 1) < 0)
		_exit(1);
	c = conn_open(&conf, &e);
	unlink(at.sun_path);
	if (c == NULL || (peer = accept(s, NULL, NULL)) < 0)
		_exit(2);
	stop_guard();
	raise(SIGTERM);
	if (conn_line(c, &len) != NULL || conn_line(c, &len) != NULL)
		_exit(3);
	conn_farewell(c, "QUIT");
	conn_close(c);
	if (read(peer, got, sizeof got) != 6 || memcmp(got, "QUIT\r\n", 6) != 0)
		_exit(4);
	_exit(strcmp(e.msg, "stopped by SIGTERM") == 0 ? 0 : 5);
}

/* After a stop "try again" needs no word, and what has gone wrong does. */
static void
telling(void)
{
	struct err later = { EX_TEMPFAIL, "stopped" }, full = { EX_IOERR,
	    "no room" };
	char text[200] = "";
	int fd[2];
	ssize_t n;

	if (pipe(fd) < 0)
		_exit(1);
	dup2(fd[1], 2);
	stop_guard();
	raise(SIGTERM);
	fail_tell(&later, NULL);
	fail_tell(&full, NULL);
	n = read(fd[0], text, sizeof text - 1);
	_exit(n > 0 && strstr(text, "no room") != NULL &&
	    strstr(text, "stopped") == NULL ? 0 : 2);
}

int
main(void)
{
	static const struct {
		void (*what)(void);
		int want;
		const char *name;
	} cases[] = {
		{ one, 0, "one signal is a request, an echo no second one" },
		{ two_of_a_kind, 128 + SIGTERM, "the second one kills" },
		{ two_different, 128 + SIGINT, "so does another one" },
		{ hangup, 0, "SIGHUP is a request" },
		{ nohup, 0, "but not if it was ignored" },
		{ blocked, 0, "what was blocked is not" },
		{ late, 0, "what blocks later is interrupted, again and again" },
		{ threads, 0, "all threads hear of it" },
		{ scan, 0, "a message that is looked at" },
		{ forked, 0, "after a fork each has its own" },
		{ telling, 0, "what has gone wrong is told after a stop, too" },
		{ farewell, 0, "a farewell, though lines were asked for again" },
	};
	size_t i;

	signal(SIGHUP, SIG_DFL);	/* whoever started us */
	is_int(stop_fd(), -1, "no guard, no descriptor");
	ok(!stop_asked() && stop_signal() == 0 && stop_name()[0] == '\0',
	    "nothing was asked");
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(child(cases[i].what), cases[i].want, "%s",
		    cases[i].name);
	return done();
}
