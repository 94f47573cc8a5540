/* lock.c of the tests: one run at a time, and who is dead */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "sandbox.h"
#include "str.h"
#include "tap.h"

static char dir[] = "/tmp/lock.XXXXXX", path[64];
static int replace;		/* so often another file comes in between */

/* Between the open and the lock of lock_take: somebody cleans up. */
int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_OFD_SETLK && replace > 0 && replace-- > 0) {
		unlink(path);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

/* As in the sandbox, or beside another user's process; with hidepid(5). */
static bool refused, confined, hidden;

int
kill(pid_t pid, int sig)
{
	if (refused) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_kill, pid, sig);
}

int
access(const char *name, int mode)
{
	if (hidden && strncmp(name, "/proc/", 6) == 0) {
		errno = ENOENT;
		return -1;
	}
	return faccessat(AT_FDCWD, name, mode, 0);
}

bool
sandbox_entered(void)
{
	return confined;
}

static bool
same_file(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_ino == b.st_ino;
}

/* A living process that we may not send a signal to: asked by nobody. */
static bool
left_by_root(const char *text, size_t n)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && setuid(65534) < 0)
			_exit(2);
		_exit(lock_left(text, n));
	}
	waitpid(pid, &status, 0);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* What another process hears that wants it: the status, and the text. */
static int
other(char *text, size_t cap)
{
	struct err e = { 0 };
	int p[2], status = -1;
	ssize_t n;

	if (pipe(p) < 0)
		return -1;
	if (fork() == 0) {
		lock_take(path, &e);
		(void)!write(p[1], e.msg, strlen(e.msg));
		_exit(e.code);
	}
	wait(&status);
	close(p[1]);
	n = read(p[0], text, cap - 1);
	text[n > 0 ? n : 0] = '\0';
	close(p[0]);
	return WEXITSTATUS(status);
}

static void
puts_to(const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)!write(fd, text, n);
	close(fd);
}

static pid_t
dead(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void
one_at_a_time(void)
{
	struct err e = { 0 };
	struct stat st = { 0 };
	char text[300], pid[32], ours[LOCK_TEXT], left[2 * LOCK_TEXT];
	int fd = lock_take(path, &e);

	ok(fd >= 0, "taken %s", e.msg);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "mode 0600");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "no command has it");
	snprintf(pid, sizeof pid, "process %d", (int)getpid());
	is_int(other(text, sizeof text), EX_TEMPFAIL, "not by another");
	ok(strstr(text, pid) != NULL, "who is told by whom: %s", text);
	puts_to("", 0);
	is_int(other(text, sizeof text), EX_TEMPFAIL, "by who says nothing");
	ok(strstr(text, "process") == NULL, "none is named: %s", text);
	puts_to("4711\nelsewhere pid:[1]\n", 23);
	other(text, sizeof text);
	ok(strstr(text, "process 4711 on elsewhere") != NULL, "%s", text);
	lock_text(ours);
	puts_to(left, (size_t)snprintf(left, sizeof left, "%d\n%s",
	    (int)dead(), strchr(ours, '\n') + 1));
	is_int(other(text, sizeof text), EX_TEMPFAIL, "by who has not written yet");
	ok(strstr(text, "process") == NULL, "none that is dead is named: %s",
	    text);
	close(fd);
	is_int(other(text, sizeof text), 0, "given back: %s", text);
	ok(access(path, F_OK) == 0, "the file stays");
}

static void
replaced(void)
{
	struct err e = { 0 };
	int fd;

	replace = 1;
	fd = lock_take(path, &e);
	is_int(replace, 0, "somebody put another file there");
	ok(fd >= 0 && same_file(fd), "ours is the one that others see");
	close(fd);
	replace = 1000;
	is_int(lock_take(path, &e), -1, "%s", e.msg);
	is_int(e.code, EX_TEMPFAIL, "that has an end");
	replace = 0;
}

static void
no_links(void)
{
	struct err e = { 0 };
	char target[80];

	unlink(path);
	snprintf(target, sizeof target, "%s/target", dir);
	(void)!symlink(target, path);
	is_int(lock_take(path, &e), -1, "%s", e.msg);
	is_int(e.code, EX_CANTCREAT, "a link is not followed");
	is_int(access(target, F_OK), -1, "nothing is made");
	unlink(path);
}

static void
who_is_dead(void)
{
	char text[LOCK_TEXT], other_one[2 * LOCK_TEXT];
	size_t n = lock_text(text);
	const char *place = strchr(text, '\n') + 1;
	pid_t pid = dead();

	is_int(strtol(text, NULL, 10), getpid(), "the process comes first");
	ok(!lock_left(text, n), "we live");
	n = (size_t)snprintf(other_one, sizeof other_one, "%d\n%s", (int)pid,
	    place);
	ok(lock_left(other_one, n), "who is dead here is");
	n = (size_t)snprintf(other_one, sizeof other_one, "%d\nx%s", (int)pid,
	    place);
	ok(!lock_left(other_one, n), "of another machine nobody knows");
	n = (size_t)snprintf(other_one, sizeof other_one, "%d\n%.*s pid:[1]\n",
	    (int)pid, (int)strcspn(place, " "), place);
	ok(!lock_left(other_one, n), "nor of a container's");
	n = (size_t)snprintf(other_one, sizeof other_one, "%d\n", (int)pid);
	ok(!lock_left(other_one, n), "nor of who does not say where");
	n = (size_t)snprintf(other_one, sizeof other_one, "1\n%s", place);
	ok(!left_by_root(other_one, n), "another user's lives, though it may not be asked");
	n = (size_t)snprintf(other_one, sizeof other_one, "%d\n%s", (int)pid,
	    place);
	refused = true;
	ok(!lock_left(other_one, n), "who may not be asked lives");
	confined = true;
	ok(lock_left(other_one, n), "but that nobody may be, and /proc tells");
	hidden = true;
	ok(!lock_left(other_one, n), "where /proc shows others at all");
	refused = confined = hidden = false;
	ok(!lock_left("", 0) && !lock_left("x\n", 2) && !lock_left("0\n", 2) &&
	    !lock_left("-1\n", 3), "no process, no death");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/lock", dir);
	one_at_a_time();
	replaced();
	no_links();
	who_is_dead();
	unlink(path);
	rmdir(dir);
	return done();
}
