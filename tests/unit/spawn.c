/*
 * spawn.c of the tests: what a started command has and has not, and that each
 * way to end is seen, whatever we were started with
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "spawn.h"
#include "spawn_env.h"
#include "tap.h"

/*
 * Which are blocked and ignored; glibc keeps 32 and 33 to itself.  Without a
 * process of its own for it: dash blocks all while it forks.
 */
static const char signals[] = "while read -r k v; do case $k in "
    "SigBlk:) b=$v;; SigIgn:) i=$v;; esac; done < /proc/$$/status; "
    "echo $((0x$b)) $((0x$i & ~0x180000000))";

static const struct spawn_env *told;

/* ---- there is memory for so many descriptors' actions; -1: for all */

static int spare = -1;

static bool
short_of_memory(void)
{
	if (spare > 0)
		spare--;
	else if (spare == 0)
		return true;
	return false;
}

#define ACTION(name, params, args) \
int name params \
{ \
	static int (*real) params; \
\
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	return short_of_memory() ? ENOMEM : real args; \
}

ACTION(posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t *a,
    int from, int to), (a, from, to))
ACTION(posix_spawn_file_actions_addopen, (posix_spawn_file_actions_t *a,
    int fd, const char *path, int flags, mode_t mode),
    (a, fd, path, flags, mode))

/* ---- running */

/* What the command prints, which is to be short. */
static const char *
run(const char *command, struct spawn_child *c)
{
	static char text[4000];
	struct err e = { 0 };
	size_t n = 0;
	ssize_t got;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return "no pipe";
	if (spawn_start(&(struct spawn_conf){ .command = command,
	    .env = told, .fd = { SPAWN_NULL, p[1], 2 } }, c, &e) < 0)
		return e.msg[0] != '\0' ? "failed" : "failed, no word";
	close(p[1]);
	while ((got = read(p[0], text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(p[0]);
	if (!spawn_wait(c, clock_in(30)))
		diag("%s: not ended in 30 s", command);
	return text;
}

static void
what_it_has(void)
{
	struct spawn_child c;
	int i, stray[200];

	for (i = 0; i < 200; i++)
		stray[i] = dup(0);
	is_str(run("ls /proc/$$/fd; true", &c), "0\n1\n2\n",
	    "three descriptors, of 200");
	for (i = 0; i < 200; i++)
		close(stray[i]);
	is_str(run("readlink /proc/$$/fd/0", &c), "/dev/null\n",
	    "nothing to read");
	is_str(run(signals, &c), "0 0\n", "no signal is ignored or blocked");
	run("exit 7", &c);
	is_int(c.how, SPAWN_EXITED, "exited");
	is_int(c.code, 7, "with its status");
}

static void
what_it_is_told(void)
{
	static const char vars[] = "echo \"$POSTBAG_SENDER,${POSTBAG_UID-none},"
	    "${POSTBAG_FOLDER-none},${POSTBAG_FILE-none},$POSTBAG_DNS\"";
	static struct spawn_env env;
	static char room[sizeof env.text];
	struct spawn_child c;

	setenv("POSTBAG_UID", "another run's", 1);
	setenv("POSTBAG_DNS", "ours", 1);
	is_str(run(vars, &c), ",another run's,none,none,ours\n",
	    "nothing: our environment");
	memset(room, 'x', sizeof room - 1);
	room[sizeof env.text - strlen("POSTBAG_FILE=")] = '\0';
	spawn_env_put(&env, SPAWN_FILE, room);
	is_int(env.n, 0, "no room for the NUL");
	room[sizeof env.text - strlen("POSTBAG_FILE=") - 1] = '\0';
	spawn_env_put(&env, SPAWN_FILE, room);
	is_int(env.n, sizeof env.text, "room for all of it");
	env.n = 0;
	memset(room, 'x', sizeof room - 1);
	spawn_env_put(&env, SPAWN_SENDER, "");
	spawn_env_put(&env, SPAWN_FOLDER, "a\nb");
	spawn_env_put(&env, SPAWN_FILE, room);
	spawn_env_put(&env, SPAWN_UID, NULL);
	told = &env;
	is_str(run(vars, &c), ",none,none,none,ours\n", "no control byte, "
	    "nothing endless, nothing of another message");
	spawn_env_put(&env, SPAWN_UID, "7 $(id)");
	is_str(run(vars, &c), ",7 $(id),none,none,ours\n", "a value as it is");
	told = NULL;
	unsetenv("POSTBAG_UID");
	unsetenv("POSTBAG_DNS");
}

static void
own_group(void)
{
	struct spawn_child c;
	const char *text = run("echo $(ps -o pgid= -p $$)-$$", &c);
	long group = strtol(text, NULL, 10);

	is_int(group, strtol(strchr(text, '-') + 1, NULL, 10),
	    "it leads a process group");
	ok(group != getpgrp(), "which is not ours");
}

static void
ends(void)
{
	struct spawn_child c;
	struct err e = { 0 };
	char missing[] = "/nonexistent/command", *argv[] = { missing, NULL };
	int64_t began = clock_ms();

	run("kill -KILL $$", &c);
	is_int(c.how, SPAWN_KILLED, "ended by a signal");
	is_int(c.code, SIGKILL, "which one");

	is_int(spawn_start(&(struct spawn_conf){ .argv = argv,
	    .fd = { 0, 1, 2 } }, &c, &e), -1, "what is not there");
	is_int(e.code, EX_UNAVAILABLE, "is said at once");
	is_int(c.how, SPAWN_NONE, "nothing runs");
	ok(spawn_wait(&c, CLOCK_NEVER), "nothing is not waited for");
	spawn_end(&c);

	spawn_start(&(struct spawn_conf){ .command = "exec sleep 100",
	    .fd = { SPAWN_NULL, 1, 2 } }, &c, &e);
	ok(!spawn_wait(&c, clock_in(0.05)), "it runs yet");
	spawn_end(&c);
	is_int(c.how, SPAWN_KILLED, "is ended");
	is_int(c.code, SIGTERM, "in peace");
	is_int(kill(c.pid, 0), -1, "and waited for");

	ok(clock_ms() - began < 60000, "nothing took its time");
}

/* With our own descriptors in place of its own it would do something else. */
static void
no_memory(void)
{
	int started = 0, p[2], left;
	struct spawn_child c;
	struct err e;
	char byte;

	for (left = 0; left < 4; left++) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return;
		e = (struct err){ 0 };
		spare = left;
		if (spawn_start(&(struct spawn_conf){ .command = "echo x",
		    .fd = { SPAWN_NULL, p[1], p[1] } }, &c, &e) == 0)
			started++;
		spare = -1;
		close(p[1]);
		ok(read(p[0], &byte, 1) == (left == 3) && (left == 3 ||
		    (c.how == SPAWN_NONE && e.code == EX_OSERR)),
		    "memory for %d of three descriptors: %s", left, e.msg);
		spawn_wait(&c, clock_in(30));
		close(p[0]);
	}
	is_int(started, 1, "it is started with all of them alone");
}

/*
 * The shell ignores SIGTERM, and so do the two that it started.  How long it
 * took to end them.
 */
static int64_t
stubborn(void (*end_it)(struct spawn_child *))
{
	struct spawn_child c;
	struct err e = { 0 };
	struct pollfd p;
	int64_t began, took;
	int end[2];

	if (pipe2(end, O_CLOEXEC) < 0)
		return 0;
	spawn_start(&(struct spawn_conf){ .command = "trap '' TERM; "
	    "sleep 100 & sleep 100", .fd = { SPAWN_NULL, end[1], 2 } }, &c,
	    &e);
	close(end[1]);
	spawn_wait(&c, clock_in(0.1));
	began = clock_ms();
	end_it(&c);
	took = clock_ms() - began;
	is_int(c.code, SIGKILL, "who ignores SIGTERM is killed");
	p = (struct pollfd){ .fd = end[0], .events = POLLIN };
	ok(poll(&p, 1, 10000) == 1 && (p.revents & POLLHUP) != 0,
	    "its children, too");
	close(end[0]);
	return took;
}

static void
in_a_hurry(void)
{
	int64_t slow = stubborn(spawn_end), soon = stubborn(spawn_end_soon);

	ok(slow >= 1000, "it has a second (%d ms)", (int)slow);
	ok(soon >= 200 && soon < slow, "or less (%d ms)", (int)soon);
}

static void
any(void)
{
	struct spawn_child c[3] = { 0 };
	struct err e = { 0 };
	struct pollfd p;
	int i;

	for (i = 0; i < 3; i++)
		if (spawn_fork(&c[i], &e) == 0) {
			if (i != 1)
				pause();
			_exit(40 + i);
		}
	p = (struct pollfd){ .fd = spawn_fd(&c[1]), .events = POLLIN };
	ok(p.fd < 0 || poll(&p, 1, 30000) == 1, "its descriptor tells");
	is_int(spawn_any(c, 3, clock_in(30)), 1, "who ends first");
	is_int(c[1].code, 41, "and how");
	is_int(spawn_any(c, 3, clock_in(0.02)), -1, "the others run");
	kill(c[2].pid, SIGKILL);
	is_int(spawn_any(c, 3, clock_in(30)), 2, "the next");
	spawn_end(&c[0]);
	is_int(spawn_fd(&c[0]), -1, "no descriptor is left");
}

static void
peer(void)
{
	struct spawn_child c;
	struct err e = { 0 };
	struct pollfd p;
	char text[10] = "";
	int fd = spawn_socket("read x; echo $x$x", &c, &e);

	ok(fd >= 0 && write(fd, "ab\n", 3) == 3, "a peer is written to");
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	poll(&p, 1, 30000);
	ok(read(fd, text, sizeof text - 1) == 5, "and answers");
	is_str(text, "abab\n", "what it should");
	close(fd);
	ok(spawn_wait(&c, clock_in(30)), "and ends");
}

/* The kernel waits for our children then, and waitpid(2) for nobody. */
static void
ignored(void)
{
	struct spawn_child c;
	struct err e = { 0 };
	struct sigaction none = { .sa_handler = SIG_IGN }, was;
	sigset_t set, old;

	sigaction(SIGCHLD, &none, &was);
	sigaction(SIGPIPE, &none, NULL);
	sigaction(SIGINT, &none, NULL);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old);
	is_str(run("echo well; exit 3", &c), "well\n", "SIGCHLD ignored");
	is_int(c.how, SPAWN_LOST, "nobody knows how it ended, but it did");
	is_str(run(signals, &c), "0 0\n",
	    "what we ignore and block is not its affair");
	spawn_start(&(struct spawn_conf){ .command = "exec sleep 100",
	    .fd = { SPAWN_NULL, 1, 2 } }, &c, &e);
	spawn_end(&c);
	is_int(c.how, SPAWN_LOST, "it can be ended");
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGCHLD, &was, NULL);
}

int
main(void)
{
	alarm(120);
	what_it_has();
	what_it_is_told();
	own_group();
	ends();
	no_memory();
	in_a_hurry();
	any();
	peer();
	ignored();
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left behind");
	return done();
}
