/* secret.c: getting a secret out of a command or a person */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "secret.h"
#include "str.h"

/* --- a command --- */

struct child {
	const char *what;
	pid_t pid;			/* 0 when it has been waited for */
	int fd, status;
	int64_t deadline;
};

/* Signals as a program expects them, whatever we made of them. */
static void
spawn_attr(posix_spawnattr_t *at)
{
	sigset_t set;

	posix_spawnattr_init(at);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(at, &set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	posix_spawnattr_setsigdefault(at, &set);
	posix_spawnattr_setflags(at,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int
spawn(struct child *c, const char *command, int out)
{
	char sh[] = "sh", dash_c[] = "-c", *text = mem_dup(command);
	char *argv[] = { sh, dash_c, text, NULL };
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t at;
	int bad;

	spawn_attr(&at);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&acts, 3);
	bad = posix_spawn(&c->pid, "/bin/sh", &acts, &at, argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	posix_spawnattr_destroy(&at);
	free(text);
	errno = bad;
	return bad == 0 ? 0 : -1;
}

static int
start(struct child *c, const char *command, struct err *e)
{
	int pair[2], bad;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, EX_OSERR, "pipe");
	bad = spawn(c, command, pair[1]);
	close(pair[1]);
	c->fd = pair[0];
	if (bad < 0) {
		c->pid = 0;
		fail_sys(e, EX_OSERR, "%s: /bin/sh", c->what);
		close(c->fd);
	}
	return bad;
}

static bool
ended(struct child *c)
{
	if (c->pid != 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->pid = 0;
	return c->pid == 0;
}

static int
late(const struct child *c, struct err *e)
{
	return fail(e, EX_TEMPFAIL, "%s takes too long", c->what);
}

/* Bytes of the first line are kept, the others only drained. */
static int
keep(struct secret *s, bool *whole, const char *p, size_t n)
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

/*
 * To the end of its output, or of itself: a daemon that it left behind may
 * hold the pipe open for ever, hence the look at the child now and then.
 */
static int
drain(struct child *c, struct secret *s, struct err *e)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	bool whole = false, over = false, gone;
	char some[1024];
	ssize_t n = 1;

	while (n != 0 && !over) {
		gone = ended(c);
		if (net_poll(&p, 1, gone ? clock_ms() : clock_in(0.1)) > 0) {
			n = read(c->fd, some, sizeof some);
			if (n > 0)
				over = keep(s, &whole, some, (size_t)n) < 0;
			else if (n < 0 && errno != EINTR)
				break;
		} else if (gone) {
			break;
		}
		if (clock_left(c->deadline) == 0)
			return late(c, e);
	}
	mem_wipe(some, sizeof some);
	return over ? fail(e, EX_CONFIG, "%s: the first line is over %zu "
	    "bytes", c->what, sizeof s->p) : 0;
}

static int
finish(struct child *c, struct err *e)
{
	while (!ended(c)) {
		if (clock_left(c->deadline) == 0)
			return late(c, e);
		net_poll(NULL, 0, clock_in(0.002));
	}
	if (WIFSIGNALED(c->status))
		return fail(e, EX_CONFIG, "%s: ended by signal %d", c->what,
		    WTERMSIG(c->status));
	if (WEXITSTATUS(c->status) != 0)
		return fail(e, EX_CONFIG, "%s: exit status %d", c->what,
		    WEXITSTATUS(c->status));
	return 0;
}

int
secret_command(const char *what, const char *command, double seconds,
    struct secret *s, struct err *e)
{
	struct child c = { .what = what, .deadline = clock_in(seconds) };
	int got;

	s->n = 0;
	if (start(&c, command, e) < 0)
		return -1;
	got = drain(&c, s, e);
	close(c.fd);
	if (got == 0)
		got = finish(&c, e);
	if (c.pid != 0) {
		kill(c.pid, SIGKILL);
		waitpid(c.pid, &c.status, 0);
	}
	if (s->n > 0 && s->p[s->n - 1] == '\r')
		s->n--;
	if (got == 0 && s->n == 0)
		got = fail(e, EX_CONFIG, "%s printed nothing", what);
	if (got < 0)
		mem_secret_wipe(s);
	return got;
}

/* --- a person --- */

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define NSIGNAL (sizeof signals / sizeof signals[0])

static volatile sig_atomic_t caught;

static void
catch(int sig)
{
	caught = sig;
}

/* What somebody ignores stays ignored. */
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
say(int fd, const char *text)
{
	char safe[512];

	str_escape(safe, sizeof safe, str_of(text));
	return write(fd, safe, strlen(safe)) == (ssize_t)strlen(safe);
}

/* A line; bytes that do not fit are dropped, and -1 then. */
static int
answer(int fd, struct secret *s)
{
	bool over = false;
	ssize_t n;
	char c = 0;

	s->n = 0;
	while (caught == 0 && (n = read(fd, &c, 1)) != 0 && c != '\n') {
		if (n < 0)
			break;
		if (s->n < sizeof s->p)
			s->p[s->n++] = c;
		else
			over = true;
	}
	mem_wipe(&c, 1);
	return over || caught != 0 ? -1 : 0;
}

/* Asks once; the terminal and the signals are as before afterwards. */
static int
ask(int fd, const char *prompt, struct secret *s)
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
	if (tcsetattr(fd, TCSAFLUSH, &mute) == 0 && say(fd, prompt))
		got = answer(fd, s);
	tcsetattr(fd, TCSAFLUSH, &was);
	if (write(fd, "\n", 1) != 1)
		got = -1;
	listen_no_more(old);
	return got;
}

int
secret_prompt(const char *prompt, struct secret *s, struct err *e)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), got;

	if (fd < 0)
		return 0;
	if (tcgetpgrp(fd) != getpgrp()) {	/* it would only stop us */
		close(fd);
		return 0;
	}
	do {
		got = ask(fd, prompt, s);
		if (caught != 0)
			raise(caught);		/* now as it was meant */
	} while (caught == SIGTSTP);
	close(fd);
	if (got < 0 || s->n == 0) {
		mem_secret_wipe(s);
		return fail(e, EX_NOPERM, "no password was typed");
	}
	return 1;
}
