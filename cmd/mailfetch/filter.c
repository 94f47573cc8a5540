/*
 * filter.c: a command that a message goes through before it is delivered
 *
 * Nothing has been handed over yet: whatever becomes of the command, running
 * it again is no harm.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "errand.h"
#include "file.h"
#include "filter.h"
#include "tally.h"
#include "trace.h"
#include "words.h"

enum { DROP = 99 };			/* as getmail has it */

int
filter_parse(struct filter *f, struct handed *h)
{
	f->command = (struct command){ .what = "filter", .passes = true,
	    .argv = words_of(h->arena, h->o->to.filter, "--filter", h->e) };
	return f->command.argv != NULL ? 0 : -1;
}

void
filter_box(const struct filter *f)
{
	errand_argv(f->command.argv);
}

/* A process that an earlier one left in the background may still write. */
static int
renew(struct filter *f, struct err *e)
{
	f->out = file_temp_next(f->out, e);
	return f->out < 0 ? -1 : 0;
}

/* Whatever ends with 0 and gives nothing has not understood. */
static int
passed(struct filter *f, struct handed *h)
{
	struct stat st;

	if (fstat(f->out, &st) < 0)
		return fail_sys(h->e, EX_IOERR, "temporary file");
	if (st.st_size == 0 && h->size > 0) {
		tally_add(h->tally, &h->now, EX_TEMPFAIL, NULL, "filter %s: exit 0, and no output",
		    f->command.argv[0]);
		h->count->status = fail_worse(h->count->status, EX_TEMPFAIL);
		return FILTER_LEFT;
	}
	h->file = f->out;
	h->size = (uint64_t)st.st_size;
	return FILTER_PASSED;
}

/* A command that cannot be started is a failure like any other of it. */
static int
run_filter(struct filter *f, struct handed *h, struct command_end *end)
{
	struct err *was = h->e, why = { 0 };
	int got;

	h->e = &why;
	got = command_run(&f->command, h, f->out, end);
	h->e = was;
	if (got == 0)
		return FILTER_PASSED;
	if (end->started || why.code != EX_UNAVAILABLE)
		return fail(h->e, why.code, "%s", why.msg);
	tally_add(h->tally, &h->now, EX_TEMPFAIL, NULL, "filter %s", why.msg);
	h->count->status = fail_worse(h->count->status, EX_TEMPFAIL);
	return FILTER_LEFT;
}

int
filter_run(struct filter *f, struct handed *h)
{
	struct command_end end;
	int got;

	if (renew(f, h->e) < 0)
		return -1;
	if ((got = run_filter(f, h, &end)) != FILTER_PASSED)
		return got;
	if (end.late || end.child.how != SPAWN_EXITED)
		return command_failed(&f->command, h, &end) < 0 ? -1 :
		    FILTER_LEFT;
	if (end.child.code == 0)
		return passed(f, h);
	if (end.child.code != DROP)
		return command_failed(&f->command, h, &end) < 0 ? -1 :
		    FILTER_LEFT;
	trace_note(TRACE_DONE, "%s: dropped by %s", h->o->title,
	    f->command.argv[0]);
	return FILTER_DROPPED;
}

void
filter_close(struct filter *f)
{
	if (f->out >= 0)
		close(f->out);
	f->out = -1;
}
