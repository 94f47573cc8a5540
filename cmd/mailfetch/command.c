/*
 * command.c: a command that gets a message
 *
 * The message is a file and no pipe: the command may read it or not, and how
 * far it has read can be seen, since the two of us share the place in it.
 */
#include <unistd.h>

#include "about.h"
#include "clock.h"
#include "command.h"
#include "hand.h"
#include "stop.h"
#include "tally.h"

enum { LATE = 5 };			/* times in a row */

/* Who reads it in another way, as by mmap(2), seems to have read nothing. */
static bool
read_to_end(int fd, const struct handed *h)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	return at < 0 || (uint64_t)at >= h->size;
}

/* Whether it took the message is not known, if it has read it. */
static int
unfinished(struct command *c, struct command_end *end, struct handed *h)
{
	if (end->child.how == SPAWN_LOST)
		return fail(h->e, EX_TEMPFAIL, "%s: ended, and its exit status is lost. The message stays on the server",
		    c->argv[0]);
	spawn_end(&end->child);
	end->late = true;
	if (!stop_asked())
		return 0;
	fail_print("%s: ended while it had a message, which may have been accepted and stays on the server",
	    c->argv[0]);
	return fail_stop(h->e);
}

int
command_run(struct command *c, struct handed *h, int out,
    struct command_end *end)
{
	int fd = hand_file(h), got = 0;
	struct spawn_env env;
	struct spawn_conf f = { .argv = c->argv, .env = &env,
	    .fd = { fd, out, STDERR_FILENO } };

	*end = (struct command_end){ .started = false };
	if (fd < 0)
		return -1;
	about_message(&env, h);
	if (spawn_start(&f, &end->child, h->e) < 0) {
		end->started = end->child.how == SPAWN_LOST;	/* perhaps */
		close(fd);
		return -1;
	}
	end->started = true;
	if (!spawn_wait_last(&end->child, clock_in(h->o->to.deliver_timeout)) ||
	    end->child.how == SPAWN_LOST)
		got = unfinished(c, end, h);
	end->all = read_to_end(fd, h);
	close(fd);
	if (!end->late)
		c->late = 0;
	return got;
}

int
command_failed(struct command *c, struct handed *h,
    const struct command_end *end)
{
	bool passes = true;
	int status;

	if (!end->late && end->child.how == SPAWN_EXITED)
		passes = c->passes || end->child.code == EX_TEMPFAIL;
	status = passes ? EX_TEMPFAIL : EX_UNAVAILABLE;
	if (end->late)
		tally_add(h->tally, &h->now, status, NULL, "%s %s: not done after %g seconds, and ended",
		    c->what, c->argv[0], h->o->to.deliver_timeout);
	else if (end->child.how == SPAWN_KILLED)
		tally_add(h->tally, &h->now, status, NULL, "%s %s: ended by signal %d",
		    c->what, c->argv[0], end->child.code);
	else
		tally_add(h->tally, &h->now, status, NULL, "%s %s: exit %d",
		    c->what, c->argv[0], end->child.code);
	h->count->status = fail_worse(h->count->status, status);
	if (!end->late || ++c->late < LATE)
		return 0;
	return fail(h->e, EX_TEMPFAIL, "%s: not done after %g seconds, %d times in a row",
	    c->argv[0], h->o->to.deliver_timeout, LATE);
}
