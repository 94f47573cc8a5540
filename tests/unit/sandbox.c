/* sandbox.c of the tests: rule 19, what a taken-over process could still do */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dirwatch.h"
#include "sandbox.h"
#include "tap.h"

#if defined __SANITIZE_ADDRESS__
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

static char dir[] = "/tmp/sandbox.XXXXXX", in[64], out[64], put[64];

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* ECONNREFUSED is a connect that was allowed. */
static int
try_connect(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int got = connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? errno :
	    0;

	close(fd);
	return got;
}

/* By a flag of send(2) that connects. */
static int
try_fast(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int got = sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to,
	    sizeof to) < 0 ? errno : 0;

	close(fd);
	return got;
}

static int
try_bind(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int got = bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ? errno : 0;

	close(fd);
	return got;
}

static int
try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int
try_pair(int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type, 0, pair) < 0)
		return errno;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* What a child could do that a fork brought about. */
static int
try_exec(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
try_call(long got)
{
	return got < 0 ? errno : 0;
}

static void *
thread(void *arg)
{
	*(int *)arg = try_open("/etc/passwd", O_RDONLY) == EACCES &&
	    try_socket(AF_UNIX, SOCK_STREAM, 0) == EPERM;
	return NULL;
}

static void
controls(void)
{
	ok(try_open("/etc/passwd", O_RDONLY) == 0, "control: readable");
	ok(try_exec() == 0, "control: executable");
	ok(try_connect(8025) == ECONNREFUSED, "control: any port");
	ok(try_socket(AF_UNIX, SOCK_STREAM, 0) == 0, "control: AF_UNIX");
	ok(try_socket(AF_INET, SOCK_DGRAM, 0) == 0, "control: UDP");
	ok(try_call(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0)) == 0,
	    "control: prctl");
}

static void
files(void)
{
	char path[80], to[80];

	is_int(try_open("/etc/passwd", O_RDONLY), EACCES, "others' files");
	is_int(try_open("/etc/ssl/openssl.cnf", O_RDONLY), 0, "named files");
	is_int(try_open("/etc/ssl/x", O_WRONLY | O_CREAT), EACCES,
	    "named files are not writable");
	is_int(try_open(in, O_WRONLY | O_CREAT), 0, "the place to write");
	is_int(try_open(in, O_RDONLY), 0, "it is read, too");
	is_int(try_open(out, O_WRONLY | O_CREAT), EACCES, "nowhere else");
	snprintf(path, sizeof path, "%s/new", put);
	is_int(try_open(path, O_WRONLY | O_CREAT), 0, "the place to put");
	is_int(try_open(path, O_RDONLY), EACCES, "from which nothing is read");
	snprintf(to, sizeof to, "%s/name", put);
	is_int(rename(path, to), 0, "a file there is renamed");
	is_int(unlink(to), 0, "and removed");
	is_int(try_call(mkdir(path, 0700)), EACCES, "but no folder is made");
	is_int(try_call(chmod(in, 0600)), EPERM, "no modes by name");
	is_int(try_call(truncate(in, 0)), EPERM, "no truncation by name");
	is_int(try_call(symlink("/etc", path)), EPERM, "no link");
	is_int(try_call(utimensat(AT_FDCWD, in, NULL, 0)), EPERM,
	    "no times by name");
}

static void
network(void)
{
	is_int(try_connect(993), ECONNREFUSED, "the port named");
	if (try_connect(8025) == ECONNREFUSED)
		ok(true, "ports # SKIP Landlock ABI below 4");
	else
		is_int(try_connect(8025), EACCES, "no other port");
	is_int(try_fast(8025), EPERM, "nor by MSG_FASTOPEN");
	is_int(try_bind(0), EPERM, "no bind");
	is_int(try_socket(AF_UNIX, SOCK_STREAM, 0), EPERM, "no AF_UNIX");
	is_int(try_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), EPERM,
	    "no syslog");
	is_int(try_socket(AF_NETLINK, SOCK_RAW, 0), EPERM, "no AF_NETLINK");
	is_int(try_socket(AF_PACKET, SOCK_RAW, 0), EPERM, "no packets");
	is_int(try_socket(AF_INET, SOCK_RAW, 1), EPERM, "no raw socket");
	is_int(try_socket(AF_INET, SOCK_DGRAM, 0), EPERM, "no UDP");
	is_int(try_socket(AF_INET6, SOCK_DGRAM, 17), EPERM, "no UDP, IPv6");
	is_int(try_socket(AF_INET, SOCK_STREAM, 262), EPERM, "no MPTCP");
	is_int(try_socket(AF_INET6, SOCK_STREAM, 6) & ~EAFNOSUPPORT, 0,
	    "TCP, IPv6");
	is_int(try_pair(SOCK_STREAM | SOCK_CLOEXEC), 0, "a pair");
	is_int(try_pair(SOCK_DGRAM), EPERM, "no pair that can turn to others");
}

static void
processes(void)
{
	is_int(try_call(syscall(SYS_setns, 0, 0)), EPERM, "no namespaces");
	is_int(try_call(syscall(SYS_execve, "/bin/true", NULL, NULL)), EPERM,
	    "execve");
	is_int(try_call(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL,
	    0, 0)), EPERM, "no memory of others");
	is_int(try_call(syscall(434, getppid(), 0)), EPERM, "no pidfd");
	is_int(try_call(syscall(425, 1, NULL)), EPERM, "no io_uring");
	is_int(try_call(syscall(SYS_bpf, 0, NULL, 0)), EPERM, "no bpf");
	is_int(try_call(syscall(SYS_keyctl, 0, 0)), EPERM, "no keys");
	is_int(try_call(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0)),
	    EPERM, "no perf");
	is_int(try_call(syscall(SYS_userfaultfd, 0)), EPERM,
	    "no userfaultfd");
	is_int(try_call(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)),
	    EPERM, "no mount");
	is_int(try_call(syscall(SYS_memfd_create, "x", 0)), EPERM,
	    "no file in memory");
	is_int(try_call(syscall(435, NULL, 0)), ENOSYS,
	    "clone3: unknown, for its flags cannot be seen");
	is_int(try_call(syscall(510)), ENOSYS, "so is what comes one day");
	is_int(try_call(fcntl(0, F_SETOWN, getppid())), EPERM,
	    "no signals by SIGIO");
	is_int(try_call(ioctl(0, TIOCSTI, "x")), EPERM, "no typing");
}

/*
 * LeakSanitizer needs a process, ptrace and kill.  A sanitized build that looks
 * for no leaks has the same filter as a release: there all of it is run.
 */
static bool leaks_sought;
static int without_leaks;

static void
no_leaks(char *program)
{
	const char *options = getenv("ASAN_OPTIONS");
	char set[300];
	pid_t pid;

	if (!SANITIZED || (options != NULL &&
	    strstr(options, "detect_leaks=0") != NULL))
		return;
	leaks_sought = true;
	snprintf(set, sizeof set, "%s:detect_leaks=0",
	    options != NULL ? options : "");
	setenv("ASAN_OPTIONS", set, 1);
	if ((pid = fork()) == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &without_leaks, 0);
	if (options != NULL)
		setenv("ASAN_OPTIONS", options, 1);
	else
		unsetenv("ASAN_OPTIONS");
}

/* What a sanitizer that looks for leaks does itself. */
static void
traced(void)
{
	struct rlimit lim = { 0, 0 };

	if (leaks_sought) {
		is_int(without_leaks, 0,
		    "no leaks looked for: no process, no ptrace, no kill");
		return;
	}
	is_int(try_exec(), EPERM, "no process");
	is_int(try_call(ptrace(PTRACE_ATTACH, getppid(), 0, 0)), EPERM,
	    "no ptrace");
	is_int(try_call(kill(getppid(), 0)), EPERM, "no kill");
	is_int(try_call(syscall(SYS_tgkill, getppid(), getppid(), 0)), EPERM,
	    "nor tgkill");
	is_int(try_call(syscall(SYS_tgkill, getpid(), getpid(), 0)), 0,
	    "but abort(3)");
	is_int(try_call(kill(getpid(), 0)), 0, "and oneself");
	is_int(try_call(kill(0, 0)), EPERM, "not one's group");
	is_int(try_call(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0)), EPERM,
	    "no prctl");
	is_int(try_call(getrlimit(RLIMIT_NOFILE, &lim)), 0, "limits are seen");
	is_int(try_call(setrlimit(RLIMIT_NOFILE, &lim)), EPERM, "not set");
}

/* In a process of its own: with --source, to the ports named or to any. */
static void
source(bool any)
{
	struct sandbox box = { .source = true, .any_port = any };
	pid_t pid;
	int status = -1;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		sandbox_port(&box, 993);
		sandbox_enter(&box);
		_exit(try_bind(0) | (try_connect(993) != ECONNREFUSED) << 7 |
		    (any && try_connect(8025) != ECONNREFUSED) << 7);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a local port for a connection to %s",
	    any ? "any port" : "a port named");
}

/* Likewise: who watches folders, and who does not. */
static void
watches(bool yes)
{
	struct sandbox box = { .watches = yes };
	pid_t pid;
	int status = -1;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		sandbox_enter(&box);
		_exit(sandbox_entered() ? try_call(dirwatch_open()) : 255);
	}
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 255)
		ok(true, "the kernel has neither Landlock nor seccomp # SKIP");
	else
		is_int(WEXITSTATUS(status), yes ? 0 : EPERM,
		    "folders are %s", yes ? "watched" : "not watched");
}

int
main(int argc, char **argv)
{
	struct sandbox box = { 0 };
	pthread_t t;
	int well = 0;

	(void)argc;
	no_leaks(argv[0]);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(in, sizeof in, "%s/in", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	snprintf(put, sizeof put, "%s/put", dir);
	mkdir(in, 0700);
	mkdir(put, 0700);
	controls();
	source(false);
	source(true);
	watches(true);
	watches(false);
	sandbox_path(&box, "/etc/ssl", SANDBOX_READ);
	sandbox_path(&box, "/nonexistent", SANDBOX_READ);
	sandbox_path(&box, in, SANDBOX_WRITE);
	sandbox_path(&box, put, SANDBOX_PUT);
	sandbox_port(&box, 993);
	snprintf(in, sizeof in, "%s/in/x", dir);
	sandbox_enter(&box);
	if (!sandbox_entered()) {
		ok(true, "the kernel has neither Landlock nor seccomp # SKIP");
		return done();
	}
	files();
	network();
	processes();
	traced();
	pthread_create(&t, NULL, thread, &well);
	pthread_join(t, NULL);
	ok(well, "threads can be started, and are confined");
	unlink(in);
	return done();
}
