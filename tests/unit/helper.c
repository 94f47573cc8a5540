/*
 * helper.c of the tests: what a confined process has done by its helper
 *
 * Each case runs in a process of its own, which starts a helper and enters
 * the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "helper.h"
#include "sandbox.h"
#include "service.h"
#include "spawn.h"
#include "spawn_env.h"
#include "stop.h"
#include "str.h"
#include "tap.h"

enum { STRAY = 30 };
#define STUBBORN "trap '' TERM; exec sleep 100"

static char dir[] = "/tmp/helper.XXXXXX", sock_path[64];
static char *const words[] = { (char *)"/bin/sh", (char *)"-c",
	(char *)"printf '%s' \"$1\"; exit 7", (char *)"sh", (char *)"a b",
	NULL };
static char secret[] = "rosebud rosebud";
static bool speaks;		/* for a service, which a watchdog looks at */

static void
wipe(void *p)
{
	memset(p, 0, sizeof secret);
}

static const char *
unconfined(void)
{
	return sandbox_entered() ? "" : " # SKIP nothing confines here";
}

/*
 * By the number that the helper's own pipe has, since it has none of ours: 3 is
 * its end that is read.
 */
static void
speak(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) < 0 ||
	    dup2(pair[1], 4) < 0)
		return;
	setenv("WATCHDOG_USEC", "2000", 1);
	service_begin(4);
}

static bool
confined(void)
{
	struct sandbox box = { 0 };
	struct err e = { 0 };
	int i;

	for (i = 0; i < STRAY; i++)
		open("/dev/null", O_RDONLY);
	if (speaks)
		speak();
	errand_command("cat; echo \"$0\" >&2; exit 3");
	errand_command("cat; exit 0");
	errand_command("kill -9 $$");
	errand_command("sleep 100 & sleep 100");
	errand_command(STUBBORN);
	errand_command("grep -cE '(NoNewPrivs|Seccomp):.0$' /proc/self/status");
	errand_command("ls -l /proc/$PPID/fd | grep -c ' -> '");
	errand_command("echo $PPID; exec sleep 3");
	errand_command("grep -cE 'Sig(Ign:.0000000[01][08]|Blk:.00000000)0000000' "
	    "/proc/self/status");
	errand_command("echo \"$POSTBAG_UID,$LD_DEBUG,${POSTBAG_FILE-none}\"");
	errand_argv(words);
	errand_path(sock_path);
	errand_host("localhost");
	errand_host(NULL);
	if (helper_start(wipe, secret, &e) < 0)
		return false;
	sandbox_enter(&box);
	return true;
}

/* What the command prints, with this as its input; *c says how it ended. */
static void
run(const char *command, char *const *argv, const char *input, char *to,
    size_t cap, struct spawn_child *c, struct err *e)
{
	struct spawn_conf f = { .command = command, .argv = argv };
	int in[2], out[2];
	size_t n = 0;
	ssize_t got = 1;

	to[0] = '\0';
	if (pipe(in) < 0 || pipe(out) < 0)
		return;
	f.fd[0] = in[0];
	f.fd[1] = out[1];
	f.fd[2] = SPAWN_NULL;
	if (write(in[1], input, strlen(input)) < 0)
		return;
	close(in[1]);
	spawn_start(&f, c, e);
	close(in[0]);
	close(out[1]);
	while (got > 0 && n < cap - 1 && c->how == SPAWN_RUNS) {
		got = read(out[0], to + n, cap - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	to[n] = '\0';
	close(out[0]);
	spawn_wait(c, clock_in(10));
}

static void
commands(void)
{
	struct spawn_child c;
	struct err e = { 0 };
	char text[200];

	run("cat; exit 0", NULL, "hello", text, sizeof text, &c, &e);
	is_str(text, "hello", "a command has the descriptors");
	ok(c.how == SPAWN_EXITED && c.code == 0, "its status is told");
	run(NULL, words, "", text, sizeof text, &c, &e);
	is_str(text, "a b", "words are words");
	ok(c.how == SPAWN_EXITED && c.code == 7, "another status");
	run("kill -9 $$", NULL, "", text, sizeof text, &c, &e);
	ok(c.how == SPAWN_KILLED && c.code == 9, "a signal");
	run("grep -cE '(NoNewPrivs|Seccomp):.0$' /proc/self/status", NULL, "",
	    text, sizeof text, &c, &e);
	is_str(text, "2\n", "neither a filter nor no_new_privs");
	run("grep -cE 'Sig(Ign:.0000000[01][08]|Blk:.00000000)0000000' "
	    "/proc/self/status", NULL, "", text,
	    sizeof text, &c, &e);
	/* two are the C library's own */
	is_str(text, "2\n", "no signal is ignored or blocked");
	run("ls -l /proc/$PPID/fd | grep -c ' -> '", NULL, "", text,
	    sizeof text, &c, &e);
	/* its own, and those of a command that it is about to close */
	ok(atoi(text) > 3 && atoi(text) < STRAY, "the helper has none of the "
	    "others");
	ok(e.code == 0, "all of it without an error");
	run("cat; exit 1", NULL, "", text, sizeof text, &c, &e);
	ok((c.how == SPAWN_NONE && e.code != 0) || !sandbox_entered(),
	    "what is not on the list is not started%s", unconfined());
}

/* A confined process may not name variables: LD_PRELOAD is a way out. */
static void
told(void)
{
	static struct spawn_env env;
	struct spawn_conf f = { .env = &env,
	    .command = "echo \"$POSTBAG_UID,$LD_DEBUG,${POSTBAG_FILE-none}\"" };
	struct spawn_child c = { .how = SPAWN_NONE };
	struct err e = { 0 };
	char text[200] = "";
	static const char forged[] = "LD_DEBUG=help\0POSTBAG_FILE=a\nb";
	int out[2];

	spawn_env_put(&env, SPAWN_UID, "7");
	memcpy(env.text + env.n, forged, sizeof forged);
	env.n += sizeof forged;
	if (pipe(out) < 0)
		return;
	f.fd[0] = f.fd[2] = SPAWN_NULL;
	f.fd[1] = out[1];
	spawn_start(&f, &c, &e);
	close(out[1]);
	if (read(out[0], text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(out[0]);
	spawn_wait(&c, clock_in(10));
	is_str(text, "7,,none\n", "a command is told what it may be, no more");
}

static void
ending(void)
{
	struct spawn_conf f = { .command = "sleep 100 & sleep 100",
	    .fd = { SPAWN_NULL, 1, 2 } };
	struct spawn_child c[2];
	struct err e = { 0 };
	int64_t start;

	ok(spawn_start(&f, &c[0], &e) == 0 && spawn_start(&f, &c[1], &e) == 0,
	    "two that would take long");
	ok(!spawn_wait(&c[0], clock_in(0.05)), "it runs");
	start = clock_ms();
	spawn_end(&c[0]);
	ok(c[0].how == SPAWN_KILLED && c[0].code == SIGTERM, "ended by SIGTERM");
	ok(clock_ms() - start < 900, "without waiting for SIGKILL");
	ok(!spawn_wait(&c[1], clock_in(0.05)), "the other one runs on");
	spawn_end(&c[1]);
}

static void
sockets(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct net_addr addr[4];
	struct err e = { 0 };
	char byte = 0;
	int fd;

	memcpy(un.sun_path, sock_path, strlen(sock_path) + 1);
	ok((socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM) ||
	    !sandbox_entered(), "control: not by itself%s", unconfined());
	fd = errand_unix(sock_path, &e);
	ok(fd >= 0, "a socket with a path");
	fcntl(fd, F_SETFL, 0);
	ok(read(fd, &byte, 1) == 1 && byte == 'x', "is the one that was named");
	close(fd);
	ok(errand_unix("/run/other", &e) < 0 && e.code == EX_SOFTWARE,
	    "no other");
	fail_clear(&e);
	ok(errand_resolve("localhost", 25, AF_INET, addr, 4, clock_in(10),
	    &e) >= 1, "a name");
	ok(net_loopback(&addr[0]) && net_port_of(&addr[0]) == 25,
	    "its address");
	ok(errand_resolve("192.0.2.1", 25, AF_UNSPEC, addr, 4, clock_in(10),
	    &e) == 1, "an address needs nobody");
}

static void
watched(void)
{
	struct net_addr addr[4];
	struct err e = { 0 };
	int i, found = 0;

	for (i = 0; i < 10; i++) {
		usleep(5000);
		found += errand_resolve("localhost", 25, AF_INET, addr, 4,
		    clock_in(10), &e) >= 1;
	}
	is_int(found, 10, "its helper tells no watchdog anything: %s", e.msg);
}

/* Both print the helper's number, and are killed, or just end. */
static void
orphan(bool by_signal)
{
	struct spawn_conf f = { .command = "echo $PPID; exec sleep 3",
	    .fd = { SPAWN_NULL, 1, SPAWN_NULL } };
	struct spawn_child c;
	struct err e = { 0 };

	spawn_start(&f, &c, &e);
	spawn_wait(&c, clock_in(0.2));
	if (by_signal)
		raise(SIGKILL);
	spawn_end(&c);
}

static void
killed(void)
{
	orphan(true);
}

static void
exits(void)
{
	orphan(false);
}

/* ---- a helper of our own, which answers as it likes */

enum { WRONG = 1, RIGHT };

/* Says that the host's address is 127.0.0.n. */
static void
tell(int sock, uint32_t id, unsigned n)
{
	struct errand_answer a = { .id = id, .n = 1 };
	char text[32];

	snprintf(text, sizeof text, "127.0.0.%u", n);
	net_pton(str_of(text), 25, &a.addr[0]);
	errand_send(sock, &a, sizeof a, NULL, 0);
}

/* The answer to the first question comes once more, before the second's. */
static void
slow_helper(int sock)
{
	struct errand_ask q = { 0 };
	int fd[ERRAND_FDS];
	uint32_t first;

	errand_receive(sock, &q, sizeof q, fd);
	first = q.id;
	tell(sock, first, WRONG);
	errand_receive(sock, &q, sizeof q, fd);
	tell(sock, first, WRONG);
	tell(sock, q.id, RIGHT);
	_exit(0);
}

static unsigned
ask_address(void)
{
	struct net_addr to[1];
	struct err e = { 0 };
	char text[64] = "";

	if (errand_resolve("one.test", 25, AF_INET, to, 1, clock_in(10),
	    &e) == 1)
		net_ntop(&to[0], text, sizeof text);
	return strncmp(text, "127.0.0.", 8) == 0 ? (unsigned)atoi(text + 8) :
	    0;
}

/* It runs in a process of its own, and is asked from now on: our end. */
static int
ask_of(void (*one)(int), pid_t *pid)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		exit(1);
	fflush(stdout);
	if ((*pid = fork()) == 0)
		one(sock[1]);
	close(sock[1]);
	errand_ask_at(sock[0]);
	return sock[0];
}

static void
late_answers(void)
{
	pid_t pid;
	int sock = ask_of(slow_helper, &pid);

	errand_host("one.test");
	is_int(ask_address(), WRONG, "control: an answer");
	is_int(ask_address(), RIGHT, "what answers an earlier question is none");
	waitpid(pid, NULL, 0);
	close(sock);
}

/* ---- descriptors that do not come */

static void
answer_alone(int sock)
{
	struct errand_ask q = { 0 };
	struct errand_answer a = { .n = 0 };
	int fd[ERRAND_FDS];

	errand_receive(sock, &q, sizeof q, fd);
	a.id = q.id;
	errand_send(sock, &a, sizeof a, NULL, 0);
	_exit(0);
}

/* With no descriptor free it is not asked; an answer may be without all the same. */
static void
no_room(void)
{
	struct spawn_conf f = { .command = "true",
	    .fd = { SPAWN_NULL, SPAWN_NULL, SPAWN_NULL } };
	struct rlimit was, none;
	struct spawn_child c;
	struct err e = { 0 };
	pid_t pid;
	int sock = ask_of(answer_alone, &pid);

	errand_command("true");
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	ok(spawn_start(&f, &c, &e) < 0 && c.how == SPAWN_NONE &&
	    e.code == EX_OSERR, "no descriptor is free: nothing is started");
	setrlimit(RLIMIT_NOFILE, &was);
	fail_clear(&e);
	ok(spawn_start(&f, &c, &e) < 0 && c.how == SPAWN_LOST &&
	    e.code == EX_OSERR, "an answer without its descriptor: it may run");
	waitpid(pid, NULL, 0);
	close(sock);
	errand_ask_at(-1);
}

/* As if the one that is to be standard input had been lost on the way. */
static void
input_lost(void)
{
	struct errand_ask q = { .id = 7, .number = 1, .ms = -1,
	    .fd = { 0, ERRAND_NULL, ERRAND_NULL } };
	struct errand_answer a = { .n = 0 };
	int sock = -1, type, fd, got[ERRAND_FDS];
	socklen_t n = sizeof type;

	for (fd = 3; fd < 100 && sock < 0; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
		    type == SOCK_SEQPACKET)
			sock = fd;
	ok(errand_send(sock, &q, errand_size(&q), NULL, 0) ==
	    (long)errand_size(&q), "control: the helper is asked");
	ok(errand_receive(sock, &a, sizeof a, got) == (long)sizeof a &&
	    a.id == 7 && a.n < 0, "without its input nothing is started");
}

/* It says that the command cannot be started, and to the next one nothing. */
static void
dying_helper(int sock)
{
	struct errand_ask q = { 0 };
	struct errand_answer a = { .n = -1, .err = { .code = EX_UNAVAILABLE } };
	int fd[ERRAND_FDS];

	errand_receive(sock, &q, sizeof q, fd);
	a.id = q.id;
	errand_send(sock, &a, sizeof a, NULL, 0);
	errand_receive(sock, &q, sizeof q, fd);
	_exit(0);
}

static void
no_answer(void)
{
	struct spawn_conf f = { .command = "true",
	    .fd = { SPAWN_NULL, SPAWN_NULL, SPAWN_NULL } };
	struct spawn_child c;
	struct err e = { 0 };
	pid_t pid;
	int sock = ask_of(dying_helper, &pid);

	errand_command("true");
	ok(spawn_start(&f, &c, &e) < 0 && c.how == SPAWN_NONE,
	    "who is told that it was not started knows it");
	fail_clear(&e);
	ok(spawn_start(&f, &c, &e) < 0 && c.how == SPAWN_LOST,
	    "the helper dies with the question: it may have been started");
	fail_clear(&e);
	waitpid(pid, NULL, 0);
	ok(spawn_start(&f, &c, &e) < 0 && c.how == SPAWN_NONE,
	    "whom nobody hears starts nothing");
	close(sock);
}

/* ---- each in a process of its own */

/* What it counted comes back by shared memory. */
static void
apart(void (*test)(void))
{
	int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (confined())
			test();
		count[0] = tap_run;
		count[1] = tap_failed;
		exit(0);
	}
	waitpid(pid, NULL, 0);
	if (count[0] > 0) {
		tap_run = count[0];
		tap_failed = count[1];
	}
	munmap(count, 4096);
}

/* How long it takes until it is killed. */
static int64_t
stubborn(void)
{
	struct spawn_conf f = { .command = STUBBORN,
	    .fd = { SPAWN_NULL, SPAWN_NULL, SPAWN_NULL } };
	struct spawn_child c;
	struct err e = { 0 };
	int64_t began;

	spawn_start(&f, &c, &e);
	usleep(100000);
	began = clock_ms();
	spawn_end(&c);
	is_int(c.code, SIGKILL, "who ignores SIGTERM is killed");
	return clock_ms() - began;
}

static void
stopped(void)
{
	int64_t slow = stubborn(), soon;

	ok(slow >= 1000, "it has a second (%d ms)", (int)slow);
	stop_guard();
	raise(SIGTERM);
	ok(stop_asked(), "control: a stop");
	soon = stubborn();
	ok(soon < slow, "then it has less (%d ms)", (int)soon);
}

/* Who is above us may not reap what we leave: no zombie either. */
static void
left_over(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	apart(stopped);
	is_int(waitpid(-1, NULL, 0), -1, "after a stop no helper is left");
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

static bool
alive(pid_t pid)
{
	char path[64], text[256] = "";
	int i, fd;

	for (i = 0; i < 100; i++) {	/* a zombie has ended */
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 ||
		    strstr(text, ") Z ") != NULL)
			break;
		close(fd);
		usleep(20000);
	}
	if (fd >= 0)
		close(fd);
	return i == 100;
}

/* Does the helper outlive it? */
static void
outlives(void (*test)(void), const char *name)
{
	char text[32] = "";
	int out[2], was = dup(1);
	ssize_t n;

	fflush(stdout);
	if (pipe(out) < 0)
		return;
	dup2(out[1], 1);
	apart(test);
	dup2(was, 1);
	close(out[1]);
	close(was);
	n = read(out[0], text, sizeof text - 1);
	ok(n > 0 && atoi(text) > 1, "control: there was one");
	ok(n > 0 && !alive(atoi(text)), "%s", name);
	close(out[0]);
}

static void
listener(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), one;

	snprintf(sock_path, sizeof sock_path, "%s/s", dir);
	memcpy(un.sun_path, sock_path, strlen(sock_path) + 1);
	bind(fd, (struct sockaddr *)&un, sizeof un);
	listen(fd, 5);
	fflush(stdout);
	if (fork() == 0) {
		if ((one = accept(fd, NULL, NULL)) >= 0)
			(void)!write(one, "x", 1);
		_exit(0);
	}
	close(fd);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	left_over();
	listener();
	apart(commands);
	apart(told);
	apart(ending);
	apart(input_lost);
	apart(sockets);
	speaks = true;
	apart(watched);
	speaks = false;
	outlives(killed, "killed: the helper goes, too");
	outlives(exits, "it ends: the helper goes, too");
	is_str(secret, "rosebud rosebud", "what the helper wiped is still here");
	late_answers();
	no_answer();
	no_room();
	unlink(sock_path);
	rmdir(dir);
	return done();
}
