/*
 * place_exec.c: a command for each message
 *
 * It gets the message as its standard input, a file and no pipe: it may read
 * it or not.  No shell sees any of it.
 */
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "hand.h"
#include "place_kind.h"
#include "spawn.h"
#include "stop.h"
#include "words.h"

static int
parse_exec(struct place *p, const char *rest, struct handed *h)
{
	p->argv = words_of(h->arena, rest, "--deliver exec", h->e);
	return p->argv != NULL ? 0 : -1;
}

static void
box_exec(const struct place *p, struct sandbox *box)
{
	(void)box;
	errand_argv(p->argv);
}

static int
start(struct place *p, struct handed *h, struct spawn_child *c)
{
	int fd = hand_file(h), got;

	if (fd < 0)
		return -1;
	got = spawn_start(&(struct spawn_conf){ .argv = p->argv,
	    .fd = { fd, STDOUT_FILENO, STDERR_FILENO } }, c, h->e);
	close(fd);
	return got;
}

/* It has read the message, perhaps: whether it took it is not known. */
static int
unknown(struct place *p, struct handed *h, struct spawn_child *c)
{
	if (c->how == SPAWN_LOST)
		return fail(h->e, EX_TEMPFAIL, "%s: ended, and its exit status is lost. The message stays on the server",
		    p->argv[0]);
	spawn_end(c);
	if (stop_asked())
		fail_say("%s: ended while it had a message, which may have been accepted and stays on the server",
		    p->argv[0]);
	if (stop_asked())
		return fail_stop(h->e);
	return fail(h->e, EX_TEMPFAIL, "%s: not done after %g seconds; ended. The message stays on the server",
	    p->argv[0],
	    h->o->to.deliver_timeout);
}

static int
give_exec(struct place *p, struct handed *h)
{
	struct spawn_child c;

	if (hand_doubt(p, h) < 0)
		return -1;
	mem_stake("a command has a message, which may have been accepted");
	if (start(p, h, &c) < 0) {
		if (!stop_asked())	/* else it was started, perhaps */
			hand_certain(p, h);
		return -1;
	}
	if (!spawn_wait_last(&c, clock_in(h->o->to.deliver_timeout)) ||
	    c.how == SPAWN_LOST)
		return unknown(p, h, &c);
	if (c.how == SPAWN_EXITED && c.code == 0)
		return 0;
	if (c.how == SPAWN_EXITED)
		fail_say("%s: exit %d: the message stays on the server",
		    p->argv[0], c.code);
	else
		fail_say("%s: ended by signal %d: the message stays on the server",
		    p->argv[0], c.code);
	h->count->status = fail_worse(h->count->status, c.how == SPAWN_EXITED &&
	    c.code != EX_TEMPFAIL ? EX_UNAVAILABLE : EX_TEMPFAIL);
	return hand_certain(p, h);
}

const struct place_kind place_exec = {
	.name = "exec", .also = "mda", .doubtful = true, .single = true,
	.parse = parse_exec, .box = box_exec, .give = give_exec,
	.record = hand_sure
};
