/*
 * spawn.c: the one way to start a process, and to wait for it
 *
 * What a process inherits that nobody meant for it is a secret's descriptor,
 * a pipe whose other end never sees the end, a signal that is ignored.  Who
 * starts us with SIGCHLD ignored has the kernel reap our children: waitpid(2)
 * says ECHILD then, which is the end and not a reason to wait on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "mem.h"
#include "net.h"
#include "os.h"
#include "spawn.h"
#include "spawn_env.h"
#include "stop.h"

enum { GRACE_MS = 1000, HURRY_MS = 200, NAP_MS = 5 };
extern char **environ;

/* ---- starting ---- */

/*
 * 0, or an errno, for each action needs memory.  With one of them missing the
 * command would read our own input, find nothing, and be content.
 */
static int
set_files(posix_spawn_file_actions_t *acts, const int fd[3])
{
	int i, bad = 0;

	for (i = 0; i < 3 && bad == 0; i++) {
		if (fd[i] == SPAWN_NULL)
			bad = posix_spawn_file_actions_addopen(acts, i,
			    "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
		else if (fd[i] != i)
			bad = posix_spawn_file_actions_adddup2(acts, fd[i], i);
	}
	return bad != 0 ? bad : os_spawn_closes(acts);
}

static void
set_attr(posix_spawnattr_t *attr, bool group)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t set;

	posix_spawnattr_init(attr);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(attr, &set);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(attr, &set);
	posix_spawnattr_setpgroup(attr, 0);
	if (group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(attr, flags);
}

/* Who is not in the terminal's foreground is stopped when he reads there. */
static bool
in_foreground(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool is;

	if (fd < 0)
		return false;
	is = tcgetpgrp(fd) == getpgrp();
	close(fd);
	return is;
}

static void
began(struct spawn_child *c, pid_t pid, bool group)
{
	*c = (struct spawn_child){ .how = SPAWN_RUNS, .pid = pid,
	    .group = group, .fd = os_child(pid) };
}

static int
start_remote(const struct spawn_conf *f, struct spawn_child *c, struct err *e)
{
	bool perhaps;
	int fd = errand_spawn(f, &perhaps, e);

	if (fd < 0) {
		if (perhaps)
			c->how = SPAWN_LOST;
		return -1;
	}
	*c = (struct spawn_child){ .how = SPAWN_RUNS, .fd = fd,
	    .remote = true };
	return 0;
}

int
spawn_start(const struct spawn_conf *f, struct spawn_child *c, struct err *e)
{
	char sh[] = "/bin/sh", dash_c[] = "-c";
	char *text = f->command != NULL ? mem_dup(f->command) : NULL;
	char *shell[] = { sh, dash_c, text, NULL };
	char *const *argv = f->command != NULL ? shell : f->argv;
	const char *program = f->program != NULL ? f->program : argv[0];
	bool group = !f->asks || !in_foreground();
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	char **env = NULL;
	int status;
	pid_t pid;

	*c = (struct spawn_child){ .how = SPAWN_NONE, .fd = -1 };
	if (errand_has(f)) {
		free(text);
		return start_remote(f, c, e);
	}
	if (f->env != NULL)
		env = spawn_env_make(f->env);
	set_attr(&attr, group);
	posix_spawn_file_actions_init(&acts);
	status = f->command != NULL ? EX_OSERR : EX_UNAVAILABLE;
	if ((errno = set_files(&acts, f->fd)) != 0)
		status = EX_OSERR;
	else
		errno = posix_spawnp(&pid, program, &acts, &attr, argv,
		    env != NULL ? env : environ);
	if (errno == 0)
		began(c, pid, group);
	else
		fail_sys(e, status, "%s", program);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&acts);
	free(env);
	free(text);
	return c->how == SPAWN_RUNS ? 0 : -1;
}

int
spawn_socket(const char *command, struct spawn_child *c, struct err *e)
{
	struct spawn_conf f = { .command = command, .asks = true };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_sys(e, EX_OSERR, "socketpair");
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	f.fd[0] = f.fd[1] = pair[1];
	f.fd[2] = STDERR_FILENO;
	if (spawn_start(&f, c, e) < 0) {
		close(pair[0]);
		pair[0] = -1;
	}
	close(pair[1]);
	return pair[0];
}

int
spawn_fork(struct spawn_child *c, struct err *e)
{
	pid_t pid = stop_fork();

	*c = (struct spawn_child){ .how = SPAWN_NONE, .fd = -1 };
	if (pid < 0)
		return fail_sys(e, EX_OSERR, "fork");
	if (pid > 0)
		began(c, pid, false);
	return pid > 0;
}

/* ---- waiting ---- */

static void
child_ended(struct spawn_child *c, pid_t got, int status)
{
	if (got != c->pid)
		c->how = SPAWN_LOST;
	else if (WIFEXITED(status))
		c->how = SPAWN_EXITED;
	else
		c->how = SPAWN_KILLED;
	c->code = 0;
	if (c->how == SPAWN_EXITED)
		c->code = WEXITSTATUS(status);
	if (c->how == SPAWN_KILLED)
		c->code = WTERMSIG(status);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* The helper tells how it ended, or is gone itself. */
static bool
reap_remote(struct spawn_child *c)
{
	struct errand_end end;
	ssize_t n = read(c->fd, &end, sizeof end);	/* does not block */

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	c->how = n == (ssize_t)sizeof end ? (enum spawn_how)end.how :
	    SPAWN_LOST;
	c->code = c->how != SPAWN_LOST ? end.code : 0;
	close(c->fd);
	c->fd = -1;
	return true;
}

static bool
reap(struct spawn_child *c, int flags)
{
	int status = 0;
	pid_t got;

	if (c->how != SPAWN_RUNS)
		return true;
	if (c->remote)
		return reap_remote(c);
	do
		got = waitpid(c->pid, &status, flags);
	while (got < 0 && errno == EINTR);
	if (got != 0)
		child_ended(c, got, status);
	return got != 0;
}

int
spawn_fd(const struct spawn_child *c)
{
	return c->fd;
}

/* Looks at it; if it runs on, what to poll, and until when at most. */
static bool
child_look(struct spawn_child *c, struct pollfd *p, int64_t *until)
{
	int64_t nap = clock_ms() + NAP_MS;

	*p = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (c->how != SPAWN_RUNS)
		return false;
	if (reap(c, WNOHANG))
		return true;
	p->fd = c->fd;
	if (c->fd < 0 && nap < *until)
		*until = nap;
	return false;
}

static int
any(struct spawn_child *c, size_t n, int64_t deadline,
    int (*wait)(struct pollfd *, nfds_t, int64_t))
{
	struct pollfd *p = mem_new(n, sizeof *p);
	int which = -1;
	int64_t until;
	size_t i;

	do {
		until = deadline;
		for (i = 0; i < n && which < 0; i++)
			if (child_look(&c[i], &p[i], &until))
				which = (int)i;
	} while (which < 0 && clock_left(deadline) != 0 &&
	    wait(p, n, until) >= 0);
	free(p);
	return which;
}

int
spawn_any(struct spawn_child *c, size_t n, int64_t deadline)
{
	return any(c, n, deadline, net_poll);
}

bool
spawn_wait(struct spawn_child *c, int64_t deadline)
{
	return c->how != SPAWN_RUNS || spawn_any(c, 1, deadline) == 0;
}

bool
spawn_wait_last(struct spawn_child *c, int64_t deadline)
{
	return c->how != SPAWN_RUNS || any(c, 1, deadline, net_poll_last) == 0;
}

void
spawn_stop(struct spawn_child *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c[i].how == SPAWN_RUNS && !c[i].remote &&
		    !reap(&c[i], WNOHANG))
			kill(c[i].pid, stop_signal());
	for (i = 0; i < n; i++)
		reap(&c[i], 0);
}

/*
 * 1 it has ended, 0 not, -1 it is no longer there.  Nobody has waited for it
 * yet, so that its number is not another's.
 */
static int
gone(const struct spawn_child *c)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -1;
	return info.si_pid == c->pid;
}

/* The helper signals its group, which we may not; of a stop it knows nothing. */
static void
end_remote(struct spawn_child *c, bool soon)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t end = clock_ms() + 3 * GRACE_MS;
	char byte = soon;

	(void)!send(c->fd, &byte, 1, MSG_NOSIGNAL);
	while (!reap_remote(c) && clock_left(end) > 0)
		(void)poll(&p, 1, clock_left(end));
	if (c->how == SPAWN_RUNS) {
		close(c->fd);
		c->fd = -1;
		c->how = SPAWN_LOST;
	}
}

static void
spawn_end_in(struct spawn_child *c, bool soon)
{
	pid_t whom = c->group ? -c->pid : c->pid;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t end = clock_ms() + (soon ? HURRY_MS : GRACE_MS);
	int got;

	if (c->how != SPAWN_RUNS || reap(c, WNOHANG))
		return;
	if (c->remote) {
		end_remote(c, soon);
		return;
	}
	kill(whom, SIGTERM);
	while ((got = gone(c)) == 0 && clock_left(end) > 0)
		(void)poll(&p, 1, c->fd >= 0 ? clock_left(end) : NAP_MS);
	if (got >= 0)
		kill(whom, SIGKILL);
	reap(c, 0);
}

void
spawn_end(struct spawn_child *c)
{
	spawn_end_in(c, stop_asked());
}

void
spawn_end_soon(struct spawn_child *c)
{
	spawn_end_in(c, true);
}
