/*
 * program.c: how each of the tools begins and ends
 */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "os.h"
#include "program.h"
#include "stop.h"

/*
 * Output meant for a terminal would go into the file or to the server that has
 * its number.  They are opened the wrong way round, so that to use them still
 * fails.
 */
static void
plug(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			_exit(EX_OSERR);
}

void
program_close(int fd)
{
	close(fd);
	if (fd < 3)
		plug();
}

/*
 * Cron jobs, init wrappers and entry points of containers start programs with
 * signals blocked or ignored.  With SIGCHLD ignored nobody learns how a child
 * ended; with SIGTERM blocked nothing but SIGKILL ends us.
 */
static void
usual_signals(void)
{
	static const int usual[] = { SIGCHLD, SIGPIPE, SIGALRM };
	struct sigaction as_usual = { .sa_handler = SIG_DFL };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof usual / sizeof usual[0]; i++)
		sigaction(usual[i], &as_usual, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);	/* a limit is an error of write */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Daemons and "env -i" give none; it is for the commands that we start, too. */
static void
home(void)
{
	const char *is = getenv("HOME");
	const struct passwd *pw;

	if (is != NULL && is[0] == '/')
		return;
	pw = getpwuid(getuid());
	if (pw != NULL && pw->pw_dir[0] == '/')
		setenv("HOME", pw->pw_dir, 1);
}

void
program_begin(const char *argv0)
{
	plug();
	usual_signals();
	umask(umask(022) | 022);
	home();
	fail_name(argv0);
	stop_guard();
}

void
program_private(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	os_private();
	sigaction(SIGPIPE, &ignore, NULL);
	umask(077);
}

unsigned long
program_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 256;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur;
}

int
program_end(int status)
{
	if (status >= EX__BASE && stop_asked()) {
		fail_print("stopped by %s", stop_name());
		return EX_TEMPFAIL;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fail_print("standard output cannot be written");
	return status == 0 || status >= EX__BASE ?
	    fail_worse(status, EX_IOERR) : status;
}
