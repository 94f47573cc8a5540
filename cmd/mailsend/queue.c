/*
 * queue.c: messages that cannot be sent now wait on the disk
 *
 * A spool of ours is for what could not be sent: the server is asked first.  One
 * that is another's, the system's, is written to, and its owner sends: he alone
 * can read the secret.
 */
#include <stdio.h>
#include <unistd.h>

#include "queue.h"
#include "clock.h"
#include "file.h"
#include "queue_clock.h"
#include "queue_entry.h"
#include "statedir.h"
#include "trace.h"

enum {
	WAIT_FIRST = 300,		/* seconds; doubled each time, */
	WAIT_MOST = 4 * 3600		/* but never more */
};

/* The directory that "on" means, or the one that is named; NULL with err. */
static const char *
place(struct run *run, const char *said, struct err *e)
{
	struct arena *a = &run->account.arena;

	if (said != NULL && (said[0] == '/' || said[0] == '~'))
		return file_path(a, said);
	return statedir_path(a, "queue", "--queue DIRECTORY", e);
}

/* With our own folder in it, if a message may go there. */
static void
find_spool(struct run *run, bool make)
{
	struct spool *s = &run->queue.spool;
	struct err *unable = &run->queue.unable;
	const char *path = place(run, run->options->queue.where, unable);

	if (path != NULL)
		spool_open(s, &run->account.arena, path, make, unable);
	if (make && s->there)
		spool_own(s, unable);
	if (unable->code != 0)
		s->there = false;
	fail_in(unable, "--queue");
}

int
queue_open(struct run *run, struct err *e)
{
	const char *said = run->options->queue.where;
	bool commands = option_queue_asks(&run->options->queue);
	struct queue_clock now;

	if (said != NULL && said[0] != '/' && said[0] != '~' &&
	    !str_is(str_of(said), "on") && !str_is(str_of(said), "off"))
		return fail(e, EX_USAGE, "--queue is on, off or a directory, not \"%s\"",
		    said);
	run->queue.on = said != NULL && !str_is(str_of(said), "off");
	if (!run->queue.on && !commands)
		return 0;
	queue_clock_now(&now);			/* it learns what it needs */
	find_spool(run, run->queue.on && !commands);
	if (run->queue.unable.code == 0 || !commands || !run->queue.on)
		return 0;
	*e = run->queue.unable;
	return -1;
}

bool
queue_others(const struct run *run)
{
	const struct spool *s = &run->queue.spool;

	return run->queue.on && s->there && s->owner != geteuid();
}

bool
queue_first(const struct run *run)
{
	return run->queue.on && !run->options->message.as_is &&
	    run->options->sending.quit_after == OPTION_STEP_ALL &&
	    (run->options->queue.only ||
	    run->options->sendmail.talk || !run->queue.spool.there ||
	    queue_others(run));
}

int64_t
queue_wait(uint64_t tries)
{
	double s = WAIT_FIRST;

	for (; tries > 1 && s < WAIT_MOST; tries--)
		s *= 2;
	return (int64_t)clock_about(s < WAIT_MOST ? s : WAIT_MOST);
}

/* ---- accepting */

/* What the queue has to know of a recipient; QUEUE_TOLD: nothing to do. */
static enum queue_fate
fate_of(const struct smtp_rcpt *r)
{
	switch (r->state) {
	case SMTP_SENT:
		return QUEUE_SENT;
	case SMTP_REFUSED:		/* the caller is told */
		return QUEUE_TOLD;
	case SMTP_UNKNOWN:
		return QUEUE_MAYBE;
	case SMTP_DEFERRED:
		return QUEUE_DEFERRED;
	case SMTP_UNTRIED:
	case SMTP_TAKEN:
		break;
	}
	return QUEUE_WAITING;
}

/* Those that are left, with what was heard of them. */
static void
fill(struct queue_entry *q, const struct letter *l, const struct run *run,
    const struct err *why)
{
	const struct smtp_mail *m = &l->envelope.mail;
	enum queue_fate fate;
	struct smtp_rcpt *r;
	size_t i;

	q->mail = *m;
	q->mail.n = 0;
	q->mail.rcpt = arena_new(q->arena, m->n, sizeof *q->mail.rcpt);
	q->fate = arena_new(q->arena, m->n, sizeof *q->fate);
	q->account = run->account.name;
	q->sealed = l->sealed;
	q->queued = q->since = q->next = clock_wall();
	for (i = 0; i < m->n; i++) {
		fate = fate_of(&m->rcpt[i]);
		if (fate == QUEUE_SENT || fate == QUEUE_TOLD)
			continue;
		r = &q->mail.rcpt[q->mail.n];
		*r = m->rcpt[i];
		if (why->code != 0 && r->reply.code == 0)
			queue_entry_say(&r->reply, why->msg);
		if (why->code != 0 && fate == QUEUE_WAITING)
			fate = QUEUE_DEFERRED;
		q->fate[q->mail.n++] = fate;
	}
}

/*
 * The state comes last in it: a message without one is sent as soon as anybody
 * looks, which a recipient in doubt must not be unnoticed.
 */
static int
write_new(struct spool_new *n, const struct queue_entry *q,
    const struct msg *m, struct err *e)
{
	struct buf b = { .max = 0 };
	int got = queue_entry_write(n->fd, q, m, e);

	if (got == 0 && q->tries > 0) {
		queue_entry_state(&b, q);
		got = spool_new_state(n, BUF_STR(b), e);
		buf_free(&b);
	}
	return got;
}

/* All is written; nobody sees it before it is committed. */
static int
entry_begin(struct spool_new *n, struct letter *l, struct run *run,
    const struct report *r, const struct err *why, struct err *e)
{
	struct queue_entry q = { .arena = l->arena };
	const struct spool *s = &run->queue.spool;

	if (!s->there) {
		*e = run->queue.unable;
		return -1;
	}
	fill(&q, l, run, why);
	if (why->code != 0 || r->host[0] != '\0') {	/* it was tried */
		queue_clock_now(&q.clock);
		q.tries = 1;
		q.next = q.queued + queue_wait(1);
	}
	if (spool_begin(n, s, NULL, e) < 0)
		return -1;
	if (write_new(n, &q, &l->msg, e) < 0) {
		spool_cancel(n);
		return -1;
	}
	l->queued = queue_entry_name(&q, geteuid(), n->id);
	return 0;
}

static int
entry_commit(struct spool_new *n, struct report *r, struct arena *a, struct err *e)
{
	const char *id = arena_dup(a, str_of(n->id));

	if (spool_commit(n, e) < 0)
		return -1;
	r->queued = id;
	trace_note(TRACE_DONE, "queued as %s", id);
	return 0;
}

int
queue_accept(struct letter *l, struct run *run, struct report *r, struct err *e)
{
	const struct err none = { 0 };
	struct spool_new n;

	return entry_begin(&n, l, run, r, &none, e) < 0 ? -1 :
	    entry_commit(&n, r, l->arena, e);
}

bool
queue_hopeless(const struct report *r, int code)
{
	switch (code) {
	case EX_DATAERR:
	case EX_USAGE:
	case EX_UNAVAILABLE:
		return r->reached;
	}
	return false;
}

/*
 * What may pass.  A wrong password and a bad certificate are for who reads it
 * to mend; a daemon's mail waits until somebody has.
 */
static bool
may_pass(const struct run *run, const struct report *r, int code)
{
	if (queue_hopeless(r, code))
		return false;
	switch (code) {
	case 0:
	case EX_TEMPFAIL:
	case EX_NOHOST:
	case EX_OSERR:
		return true;
	}
	return run->options->message.daemon;
}

/* Does anybody want another try? */
static bool
any_left(const struct letter *l)
{
	const struct smtp_mail *m = &l->envelope.mail;
	bool left = false;
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->whole && m->rcpt[i].state == SMTP_REFUSED)
			return false;
		left |= m->rcpt[i].state != SMTP_SENT &&
		    m->rcpt[i].state != SMTP_REFUSED;
	}
	return left;
}

bool
queue_rest(struct spool_new *n, struct letter *l, struct run *run,
    const struct report *r, const struct err *e)
{
	struct err why = { 0 };

	if (!run->queue.on || run->options->message.as_is || !any_left(l) ||
	    run->options->sending.quit_after != OPTION_STEP_ALL ||
	    !may_pass(run, r, e->code))
		return false;
	if (entry_begin(n, l, run, r, e, &why) == 0)
		return true;
	fail_print("not queued: %s", why.msg);
	return false;
}

void
queue_rest_commit(struct spool_new *n, const struct letter *l, struct report *r,
    struct err *e)
{
	struct err why = { 0 };

	if (entry_commit(n, r, l->arena, &why) < 0) {
		fail_print("not queued: %s", why.msg);
		return;
	}
	if (e->code != 0)
		trace_note(TRACE_DONE, "%s", e->msg);
	fail_clear(e);
}
