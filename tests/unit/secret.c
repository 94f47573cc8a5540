/* secret: bounds, and what a failure leaves; more of it in account.c */
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "secret.h"
#include "tap.h"

static void
bounds(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	struct err e = { 0 };

	is_int(secret_command("cmd", "head -c 16384 /dev/zero | tr '\\0' x",
	    60, s, &e), 0, "as much as there is room for %s", e.msg);
	is_int((int)s->n, 16384, "is a secret");
	is_int(secret_command("cmd", "head -c 16385 /dev/zero | tr '\\0' x",
	    60, s, &e), -1, "a byte more is none: %s", e.msg);
	fail_clear(&e);
	is_int(secret_command("cmd", "echo hunter2; exit 1", 60, s, &e), -1,
	    "%s", e.msg);
	ok(s->n == 0 && memmem(s->p, sizeof s->p, "hunter2", 7) == NULL,
	    "of a command that failed nothing is kept");
	free(s);
}

/* It would be stopped by the terminal, and nobody would know why. */
static void
background(void)
{
	static struct secret s;
	struct err e = { 0 };
	int fd, status = 0;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL), asks;

	if (pid == 0) {
		asks = fork();
		if (asks == 0) {
			setpgid(0, 0);
			_exit(40 + secret_prompt("?", clock_in(60), &s, &e));
		}
		waitpid(asks, &status, WUNTRACED);
		kill(asks, SIGKILL);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 39);
	}
	waitpid(pid, &status, 0);
	close(fd);
	is_int(WEXITSTATUS(status), 40, "nobody is asked in the background");
}

int
main(void)
{
	bounds();
	background();
	return done();
}
