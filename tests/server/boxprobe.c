/*
 * boxprobe.c: what a program could still do once a stranger has spoken
 *
 * For LD_PRELOAD.  At the first byte that recv(2) or recvmmsg(2) brings, each
 * attempt is made once, and what became of it written to the file BOX_OUT
 * names: "ALLOWED what" or "refused what".  BOX_HOME is a file that the
 * options do not name, BOX_CONF the configuration, BOX_AWAY a folder
 * elsewhere, BOX_SOCKET an AF_UNIX socket, BOX_PID a process of the same user,
 * BOX_PORT a TCP port where somebody listens.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int out = -1, done;

__attribute__((constructor)) static void
born(void)
{
	if (getenv("BOX_OUT") != NULL)
		out = open(getenv("BOX_OUT"), O_CREAT | O_WRONLY | O_APPEND |
		    O_CLOEXEC, 0600);
}

static void
said(const char *what, int well)
{
	dprintf(out, "%s %s\n", well ? "ALLOWED" : "refused", what);
}

static void
file(const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	said(what, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void
call(const char *what, long got)
{
	said(what, got >= 0);
}

/* ---- files ---- */

static void
files(void)
{
	const char *home = getenv("BOX_HOME"), *away = getenv("BOX_AWAY");
	char path[4096], other[4096];

	file("read /etc/shadow", "/etc/shadow", O_RDONLY);
	file("read /etc/passwd", "/etc/passwd", O_RDONLY);
	file("read a file of the home", home, O_RDONLY);
	file("read the configuration", getenv("BOX_CONF"), O_RDONLY);
	file("write a file of the home", home, O_WRONLY);
	file("write /etc", "/etc/postbag-box", O_CREAT | O_WRONLY);
	unlink("/etc/postbag-box");
	file("write /tmp", "/tmp/postbag-box", O_CREAT | O_WRONLY);
	unlink("/tmp/postbag-box");
	file("make a file in /tmp without a name", "/tmp", O_TMPFILE | O_RDWR);
	snprintf(path, sizeof path, "%s/x", away);
	file("write elsewhere", path, O_CREAT | O_WRONLY);
	snprintf(other, sizeof other, "%s/folder", away);
	call("make a folder elsewhere", mkdir(other, 0700));
	rmdir(other);
	snprintf(path, sizeof path, "%s/victim", away);
	call("change a mode elsewhere", chmod(path, 0640));
	call("cut a file elsewhere", truncate(path, 0));
	call("link a file elsewhere", symlink("/etc", other));
	unlink(other);
	call("remove a file elsewhere", unlink(path));
	file("look at other processes' memory", "/proc/1/maps", O_RDONLY);
	call("make a file in memory", syscall(SYS_memfd_create, "x", 0));
	call("mount", mount("none", away, "tmpfs", 0, NULL));
	umount(away);
}

/* ---- processes ---- */

static void
processes(void)
{
	pid_t pid = atoi(getenv("BOX_PID")), child;
	char byte, mine;
	struct iovec here = { &mine, 1 }, there = { &byte, 1 };
	int status = -1;

	if ((child = fork()) == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	said("fork", child > 0);
	if (child > 0)
		waitpid(child, &status, 0);
	said("execve", status == 0);
	call("signal another process", kill(pid, 0));
	status = ptrace(PTRACE_ATTACH, pid, 0, 0) == 0;
	said("ptrace another process", status);
	if (status)
		waitpid(pid, NULL, 0);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	said("read another process's memory", process_vm_readv(pid, &here, 1,
	    &there, 1, 0) >= 0 || errno == EFAULT);
	call("hold another process", syscall(SYS_pidfd_open, pid, 0));
	call("leave the namespaces", syscall(SYS_unshare, CLONE_NEWNS));
	call("set its own traits", prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0));
}

/* ---- the network ---- */

static int
tcp(unsigned port, int listening)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((unsigned short)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	int got = listening ? bind(s, (void *)&a, sizeof a) :
	    connect(s, (void *)&a, sizeof a);

	close(s);
	return got;
}

static int
local(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), got;

	strncpy(a.sun_path, path, sizeof a.sun_path - 1);
	got = connect(s, (void *)&a, sizeof a);
	close(s);
	return got;
}

static int
abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX,
	    .sun_path = "\0postbag-box" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	int got = bind(s, (void *)&a, sizeof a);

	close(s);
	return got;
}

static int
udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t got = sendto(s, "x", 1, 0, (void *)&a, sizeof a);

	close(s);
	return (int)got;
}

static void
sock(const char *what, int family, int type, int protocol)
{
	int s = socket(family, type, protocol);

	call(what, s);
	close(s);
}

static void
network(void)
{
	call("TCP to another port", tcp((unsigned)atoi(getenv("BOX_PORT")),
	    0));
	call("TCP bind", tcp(0, 1));
	call("UDP", udp());
	call("a local socket", local(getenv("BOX_SOCKET")));
	call("an abstract socket", abstract());
	sock("netlink", AF_NETLINK, SOCK_RAW, 0);
	sock("raw socket", AF_INET, SOCK_RAW, 1);
	sock("packets", AF_PACKET, SOCK_RAW, 0);
	sock("MPTCP", AF_INET, SOCK_STREAM, 262);
}

/* ---- the kernel ---- */

static void
kernel(void)
{
	char attr[128] = { 0 };

	call("io_uring", syscall(425, 1, attr));
	memset(attr, 0, sizeof attr);
	call("bpf", syscall(SYS_bpf, 0, attr, 72));
	call("userfaultfd", syscall(SYS_userfaultfd, 1));
	call("keys", syscall(SYS_keyctl, 0, -3, 1));
	attr[4] = sizeof attr;
	attr[0] = 1;			/* software: the clock */
	call("perf", syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
}

static void
attack(void)
{
	files();
	processes();
	network();
	kernel();
}

/* ---- the first byte ---- */

static ssize_t
seen(ssize_t n)
{
	int was = errno;

	if (n > 0 && out >= 0 && !__atomic_exchange_n(&done, 1,
	    __ATOMIC_SEQ_CST))
		attack();
	errno = was;
	return n;
}

ssize_t
recv(int fd, void *b, size_t n, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "recv");
	return seen(real(fd, b, n, flags));
}

ssize_t
__recv_chk(int fd, void *b, size_t n, size_t room, int flags)
{
	(void)room;
	return recv(fd, b, n, flags);
}

int
recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags,
    struct timespec *t)
{
	static int (*real)(int, struct mmsghdr *, unsigned, int,
	    struct timespec *);

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "recvmmsg");
	return (int)seen(real(fd, m, n, flags, t));
}
