/*
 * program.c: how each of the tools begins and ends
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "program.h"
#include "stop.h"

/*
 * What is meant for a terminal would go into the file or to the server that
 * has its number.  They are opened the wrong way round, so that to use them
 * still fails.
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
program_begin(const char *argv0)
{
	plug();
	fail_name(argv0);
	stop_guard();
}

void
program_private(void)
{
	struct rlimit none = { 0, 0 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
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
		fail_say("stopped by %s", stop_name());
		return EX_TEMPFAIL;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fail_say("standard output cannot be written");
	return status == 0 || status >= EX__BASE ?
	    fail_worse(status, EX_IOERR) : status;
}
