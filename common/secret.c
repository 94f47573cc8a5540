/* secret.c: getting a secret out of a command or a person */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "secret.h"
#include "spawn.h"
#include "stop.h"
#include "str.h"

/* --- a command --- */

struct source {
	const char *what;
	struct spawn_child child;
	int fd;
	int64_t deadline;
};

static int
source_start(struct source *c, const char *command, struct err *e)
{
	struct spawn_conf f = { .command = command, .asks = true };
	int pair[2], bad;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, EX_OSERR, "pipe");
	f.fd[0] = SPAWN_NULL;
	f.fd[1] = pair[1];
	f.fd[2] = STDERR_FILENO;
	bad = spawn_start(&f, &c->child, e);
	close(pair[1]);
	c->fd = pair[0];
	if (bad < 0) {
		fail_in(e, "%s", c->what);
		close(c->fd);
	}
	return bad;
}

static int
late(const struct source *c, struct err *e)
{
	return stop_asked() ? fail_stop(e) : fail(e, EX_TEMPFAIL, "%s takes too long",
	    c->what);
}

/* Bytes of the first line are kept, the others only drained. */
static int
keep_line(struct secret *s, bool *whole, const char *p, size_t n)
{
	const char *eol = memchr(p, '\n', n);
	size_t len = eol != NULL ? (size_t)(eol - p) : n;

	if (*whole)
		return 0;
	if (len > sizeof s->p - s->n)
		return -1;
	memcpy(s->p + s->n, p, len);
	s->n += len;
	*whole = eol != NULL;
	return 0;
}

/* 1 there was something, 0 that was the end, -1 not now. */
static int
source_read(struct source *c, struct secret *s, bool *whole, bool *over)
{
	char some[1024];
	ssize_t n = read(c->fd, some, sizeof some);

	if (n > 0)
		*over |= keep_line(s, whole, some, (size_t)n) < 0;
	mem_wipe(some, sizeof some);
	if (n < 0 && errno == EINTR)
		return -1;
	return n > 0 ? 1 : 0;
}

/*
 * To the end of its output, or of itself: a daemon that it left behind may
 * hold the pipe open for ever, hence the look at the child.
 */
static int
drain(struct source *c, struct secret *s, struct err *e)
{
	bool whole = false, over = false, gone;
	struct pollfd p[2];
	int got = 1;

	while (got != 0 && !over) {
		if (clock_left(c->deadline) == 0)
			return late(c, e);
		gone = spawn_wait(&c->child, clock_ms());
		p[0] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = spawn_fd(&c->child),
		    .events = POLLIN };
		if (net_poll(p, 2, gone ? clock_ms() : clock_in(0.1)) ==
		    NET_STOPPED)
			return fail_stop(e);
		if (p[0].revents != 0)
			got = source_read(c, s, &whole, &over);
		else if (gone)
			got = 0;
	}
	return over ? fail(e, EX_CONFIG, "%s: the first line is over %zu bytes",
	    c->what, sizeof s->p) : 0;
}

/* A command whose end nobody saw has printed what it had to print. */
static int
source_finish(struct source *c, struct err *e)
{
	if (!spawn_wait(&c->child, c->deadline))
		return late(c, e);
	if (c->child.how == SPAWN_KILLED)
		return fail(e, EX_CONFIG, "%s: ended by signal %d", c->what,
		    c->child.code);
	if (c->child.how == SPAWN_EXITED && c->child.code != 0)
		return fail(e, EX_CONFIG, "%s: exit status %d", c->what,
		    c->child.code);
	return 0;
}

int
secret_command(const char *what, const char *command, double seconds,
    struct secret *s, struct err *e)
{
	struct source c = { .what = what, .deadline = clock_in(seconds) };
	int got;

	s->n = 0;
	if (source_start(&c, command, e) < 0)
		return -1;
	got = drain(&c, s, e);
	close(c.fd);
	if (got == 0)
		got = source_finish(&c, e);
	spawn_end(&c.child);
	if (s->n > 0 && s->p[s->n - 1] == '\r')
		s->n--;
	if (got == 0 && s->n == 0)
		got = fail(e, EX_CONFIG, "%s printed nothing", what);
	if (got < 0)
		mem_secret_wipe(s);
	return got;
}

/* --- a person --- */

/* Who asks us to end is heard by stop.h, and interrupts the reading. */
static const int signals[] = { SIGQUIT, SIGTSTP };
#define NSIGNAL (sizeof signals / sizeof signals[0])

static volatile sig_atomic_t caught;

static void
catch(int sig)
{
	caught = sig;
}

/* A signal that somebody ignores stays ignored. */
static void
listen_to(struct sigaction old[NSIGNAL])
{
	struct sigaction sa = { .sa_handler = catch };
	size_t i;

	caught = 0;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < NSIGNAL; i++) {
		sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

static void
listen_no_more(const struct sigaction old[NSIGNAL])
{
	size_t i;

	for (i = 0; i < NSIGNAL; i++)
		sigaction(signals[i], &old[i], NULL);
}

static bool
prompt_say(int fd, const char *text)
{
	char safe[512];

	str_escape(safe, sizeof safe, str_of(text));
	return write(fd, safe, strlen(safe)) == (ssize_t)strlen(safe);
}

/* A line; bytes that do not fit are dropped, and -1 then, as when it is late. */
static int
prompt_answer(int fd, int64_t deadline, struct secret *s)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool over = false;
	int got = -1;
	char c = 0;

	s->n = 0;
	while (caught == 0 && !stop_asked()) {
		got = poll(&p, 1, clock_left(deadline));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || read(fd, &c, 1) != 1 || c == '\n')
			break;
		if (s->n < sizeof s->p)
			s->p[s->n++] = c;
		else
			over = true;
	}
	mem_wipe(&c, 1);
	return over || got <= 0 || caught != 0 || stop_asked() ? -1 : 0;
}

/* Asks once; the terminal and the signals are as before afterwards. */
static int
prompt_ask(int fd, const char *prompt, int64_t deadline, struct secret *s)
{
	struct sigaction old[NSIGNAL];
	struct termios was, mute;
	int got = -1;

	if (tcgetattr(fd, &was) < 0)
		return -1;
	mute = was;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	mute.c_lflag |= ICANON | ISIG;
	listen_to(old);
	if (tcsetattr(fd, TCSAFLUSH, &mute) == 0 && prompt_say(fd, prompt))
		got = prompt_answer(fd, deadline, s);
	tcsetattr(fd, TCSAFLUSH, &was);
	if (write(fd, "\n", 1) != 1)
		got = -1;
	listen_no_more(old);
	return got;
}

int
secret_prompt(const char *prompt, int64_t deadline, struct secret *s,
    struct err *e)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), got;

	if (fd < 0)
		return 0;
	if (tcgetpgrp(fd) != getpgrp()) {	/* it would only stop us */
		close(fd);
		return 0;
	}
	do {
		got = prompt_ask(fd, prompt, deadline, s);
		if (caught != 0)
			raise(caught);		/* now as it was meant */
	} while (caught == SIGTSTP);
	close(fd);
	if (got < 0 || s->n == 0) {
		mem_secret_wipe(s);
		if (stop_asked())
			return fail_stop(e);
		return clock_left(deadline) == 0 ? fail(e, EX_TEMPFAIL, "no password was typed within the time allowed for all") :
		    fail(e, EX_NOPERM, "no password was typed");
	}
	return 1;
}
