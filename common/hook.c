/* hook.c: a command of the user's that is told what was done */
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "file.h"
#include "hook.h"
#include "spawn.h"
#include "spawn_env.h"
#include "stop.h"
#include "words.h"

enum { SOME = 65536 };		/* bytes, until they go into the file */

static int
ended(const struct hook_command *c, struct spawn_child *child, struct err *e)
{
	const char *name = c->argv[0];

	switch (child->how) {
	case SPAWN_EXITED:
		return child->code == 0 ? 0 : fail(e, child->code ==
		    EX_TEMPFAIL ? EX_TEMPFAIL : EX_UNAVAILABLE,
		    "%s %s: exit %d", c->option, name, child->code);
	case SPAWN_KILLED:
		return fail(e, EX_TEMPFAIL, "%s %s: ended by signal %d",
		    c->option, name, child->code);
	case SPAWN_NONE:
	case SPAWN_RUNS:
	case SPAWN_LOST:
		break;
	}
	return fail(e, EX_TEMPFAIL, "%s %s: ended, and its exit status is lost",
	    c->option, name);
}

int
hook_command(const struct hook_command *c, int in,
    const struct spawn_env *env, struct err *e)
{
	struct spawn_conf f = { .argv = c->argv, .env = env,
	    .fd = { in, STDERR_FILENO, STDERR_FILENO } };
	struct spawn_child child = { 0 };

	if (spawn_start(&f, &child, e) < 0)
		return fail_in(e, "%s", c->option);
	if (spawn_wait_last(&child, clock_in(c->seconds)))
		return ended(c, &child, e);
	spawn_end(&child);
	return fail(e, EX_TEMPFAIL, "%s %s: not done %s, and ended",
	    c->option, c->argv[0], stop_asked() ? "at a stop" : "in time");
}

/* ---- events ---- */

int
hook_open(struct hook *h, struct arena *a, const char *command,
    double seconds, struct err *e)
{
	h->command = (struct hook_command){ .option = "--on-change",
	    .seconds = seconds };
	h->some.max = 1 << 24;
	if (command == NULL)
		return 0;
	h->command.argv = words_of(a, command, h->command.option, e);
	errand_argv(h->command.argv);
	return h->command.argv != NULL ? 0 : -1;
}

/* Into a file, for nobody reads them yet. */
static void
put_down(struct hook *h)
{
	if (h->file < 0 && h->err.code == 0)
		h->file = file_temp(&h->err);
	if (h->err.code == 0)
		file_write(h->file, h->some.p, h->some.n, &h->err);
	h->some.n = 0;
}

void
hook_event(struct hook *h, struct str line)
{
	if (h->command.argv == NULL)
		return;
	buf_str(&h->some, line);
	buf_c(&h->some, '\n');
	h->lines++;
	if (h->some.n >= SOME)
		put_down(h);
}

int
hook_run(struct hook *h, struct err *e)
{
	static const struct spawn_env nothing;	/* of another tool's message */
	int got = -1;

	if (h->lines == 0)
		return 0;
	put_down(h);
	if (h->err.code != 0)
		fail(e, h->err.code, "%s: %s", h->command.option, h->err.msg);
	else if (lseek(h->file, 0, SEEK_SET) < 0)
		fail_sys(e, EX_IOERR, "temporary file");
	else
		got = hook_command(&h->command, h->file, &nothing, e);
	/* A process that it left behind may still read the last ones. */
	fail_clear(&h->err);
	h->lines = 0;
	if (h->file >= 0)
		h->file = file_temp_next(h->file, &h->err);
	return got;
}

void
hook_close(struct hook *h)
{
	if (h->file >= 0)
		close(h->file);
	h->file = -1;
	buf_free(&h->some);
}
