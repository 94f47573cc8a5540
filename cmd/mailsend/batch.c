/*
 * batch.c: many messages from standard input, over few connections
 *
 * Each of a few connections has two threads, each with a file for its message.
 * One takes the next message from the one reader and makes it ready while the
 * other sends; their messages go in the order in which they were taken.  Nothing
 * of a message is in memory when the next one is taken.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "batch_brake.h"
#include "batch_done.h"
#include "batch_files.h"
#include "batch_in.h"
#include "batch_link.h"
#include "batch_tell.h"
#include "account_file.h"
#include "clock.h"
#include "file.h"
#include "letter.h"
#include "net.h"
#include "sandbox.h"
#include "save.h"
#include "sendlog.h"
#include "stop.h"
#include "trace.h"
#include "unsubscribe.h"

enum { JOBS_MAX = 100 };

struct batch {
	struct run *run;
	struct options alone;		/* for a message with its envelope */
	const char *self;
	pthread_mutex_t reading;	/* of the input, before the other one */
	struct batch_in in;
	struct spawn_child files;
	pthread_mutex_t lock;		/* of all below, and of the jobs */
	struct batch_set done, never;
	struct batch_brake brake;
	int64_t turn;			/* of --rate: when the next may go */
	bool torn;			/* the output needs a line's end */
	bool over;			/* nothing more is read, */
	bool halted;			/* nor is what was read begun, */
	bool braked;			/* for too many were refused */
	int wake;			/* closed when it is halted */
	int status;
	struct err err;			/* why it is over */
};

/* One connection. */
struct job {
	struct batch_link link;
	size_t taken;			/* messages; with the input's lock */
	size_t served;			/* and those that are done with */
	size_t busy;			/* threads */
	pthread_cond_t moved;
};

/* One thread. */
struct hand {
	struct batch *b;
	struct job *job;
	pthread_t thread;
	size_t turn;			/* of its message, in job->taken */
	int fd;				/* of the message */
	struct arena mem;		/* of the message, too */
};

/* ---- what ends it ---- */

/* With the lock.  Whoever waits for input waits no longer. */
static void
batch_halt(struct batch *b, const struct err *why)
{
	b->over = b->halted = true;
	fail_join(&b->err, why);
	if (b->wake >= 0)
		close(b->wake);
	b->wake = -1;
}

static void
brake_note(struct batch *b, bool refused)
{
	struct err e = { 0 };

	if (b->over || !batch_brake_note(&b->brake, refused))
		return;
	if (b->brake.most > 0)
		fail(&e, EX_TEMPFAIL, "stopped: %llu recipients were refused (--max-refused)",
		    (unsigned long long)b->brake.refused);
	else
		fail(&e, EX_TEMPFAIL, "stopped: too many of the last recipients were refused, %llu in all (--max-refused N stops at so many instead)",
		    (unsigned long long)b->brake.refused);
	b->braked = true;
	batch_halt(b, &e);
}

/* ---- a message ---- */

/* The next one; false: there is none for us. */
static bool
hand_next(struct hand *h, struct batch_item *item)
{
	struct batch *b = h->b;
	struct err e = { 0 };
	int got = 0;
	bool over;

	pthread_mutex_lock(&b->reading);
	pthread_mutex_lock(&b->lock);
	over = b->over;
	pthread_mutex_unlock(&b->lock);
	if (!over)
		got = batch_in_next(&b->in, item, h->fd, &h->mem, &e);
	if (got > 0)
		h->turn = h->job->taken++;
	pthread_mutex_lock(&b->lock);
	b->over |= got <= 0;
	if (e.code != 0 && !b->halted)
		fail_join(&b->err, &e);
	pthread_mutex_unlock(&b->lock);
	pthread_mutex_unlock(&b->reading);
	return got > 0;
}

/* After the messages that were taken before; false: it is not begun. */
static bool
turn_begin(struct hand *h)
{
	bool go;

	pthread_mutex_lock(&h->b->lock);
	while (h->job->served != h->turn)
		pthread_cond_wait(&h->job->moved, &h->b->lock);
	go = !h->b->halted && !stop_asked();
	pthread_mutex_unlock(&h->b->lock);
	return go;
}

static void
turn_end(struct hand *h)
{
	pthread_mutex_lock(&h->b->lock);
	h->job->served++;
	pthread_cond_broadcast(&h->job->moved);
	pthread_mutex_unlock(&h->b->lock);
}

/* Those who are to get it stay. */
static void
sift(struct batch *b, const struct batch_item *item, struct letter *l,
    struct batch_tell *t)
{
	struct smtp_mail *m = &l->envelope.mail;
	size_t i, n = 0;

	pthread_mutex_lock(&b->lock);
	for (i = 0; i < m->n; i++) {
		if (batch_done_take(&b->done, item->key, m->rcpt[i].addr))
			trace_note(TRACE_DONE, "%s has got message %llu already",
			    m->rcpt[i].addr, (unsigned long long)item->n);
		else if (batch_suppressed(&b->never, m->rcpt[i].addr))
			batch_tell_word(t, m->rcpt[i].addr, "suppressed");
		else
			m->rcpt[n++] = m->rcpt[i];
	}
	pthread_mutex_unlock(&b->lock);
	m->n = n;
}

/* Waits until it is our turn (--rate). */
static void
wait_turn(struct batch *b)
{
	double rate = b->run->options->batch.rate;
	struct pollfd none = { .fd = -1 };
	int64_t at;

	if (rate <= 0)
		return;
	pthread_mutex_lock(&b->lock);
	at = batch_brake_turn(&b->turn, clock_us(), rate);
	pthread_mutex_unlock(&b->lock);
	if (at > clock_us())
		net_poll(&none, 1, at / 1000);
}

/* What is known of it goes out at once: --resume reads it after a crash. */
static void
batch_told(struct batch *b, const struct letter *l, struct batch_tell *t,
    const struct err *why)
{
	const struct smtp_mail *m = &l->envelope.mail;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < m->n; i++)
		batch_tell_rcpt(t, &m->rcpt[i], why);
	pthread_mutex_lock(&b->lock);
	if (batch_tell_out(t, &b->torn, &e) < 0)
		batch_halt(b, &e);
	mem_stake(NULL);
	pthread_mutex_unlock(&b->lock);
}

/* And it counts. */
static void
batch_conclude(struct batch *b, const struct letter *l,
    const struct batch_tell *t, const struct report *r, const struct err *why)
{
	const struct smtp_mail *m = &l->envelope.mail;
	int worst = fail_worse(why->code, t->status);
	size_t i;

	for (i = 0; i < m->n; i++)
		worst = fail_worse(worst, report_status(&m->rcpt[i],
		    b->run->options));
	if (r->unsaved)
		worst = fail_worse(worst, EX_IOERR);
	pthread_mutex_lock(&b->lock);
	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_SENT ||
		    m->rcpt[i].state == SMTP_REFUSED)
			brake_note(b, m->rcpt[i].state == SMTP_REFUSED);
	if (m->n > 0 || why->code != 0)
		sendlog_message(l, b->run, r, worst, why->msg);
	b->status = fail_worse(b->status, worst);
	pthread_mutex_unlock(&b->lock);
}

/* The letter of an item, and who is to get it; -1: it cannot be sent. */
static int
write_letter(struct hand *h, const struct batch_item *item, struct letter *l,
    struct err *e)
{
	struct batch *b = h->b;
	struct letter_source from = { .fd = h->fd, .to = item->to,
	    .mail_from = item->from != NULL ? item->from :
	    b->run->options->envelope.mail_from, .self = b->self,
	    .user = b->run->account.login.user };

	if (item->e.code != 0)
		return fail(e, item->e.code, "%s", item->e.msg);
	return letter_write(l, item->enveloped ? &b->alone : b->run->options,
	    &from, e);
}

/* In its turn. */
static void
send_letter(struct hand *h, struct letter *l, struct batch_tell *t,
    struct err *e)
{
	struct batch *b = h->b;
	struct report r = { 0 };
	bool lost = false;

	if (l->envelope.mail.n > 0) {
		wait_turn(b);
		lost = batch_link_send(&h->job->link, l, &r, e) < 0;
	}
	batch_told(b, l, t, e);
	save_letter(l, b->run, &r);
	batch_conclude(b, l, t, &r, e);
	if (!lost)
		return;
	pthread_mutex_lock(&b->lock);
	batch_halt(b, e);
	pthread_mutex_unlock(&b->lock);
}

static void
send_item(struct hand *h, const struct batch_item *item)
{
	struct letter l = { .arena = &h->mem };
	struct batch_tell t = { .item = item };
	struct err e = { 0 };

	if (write_letter(h, item, &l, &e) < 0) {
		l.envelope.mail.n = 0;
		batch_tell_fault(&t, &e);
	} else {
		t.id = l.id;
		sift(h->b, item, &l, &t);
	}
	if (turn_begin(h))
		send_letter(h, &l, &t, &e);
	else
		buf_free(&t.out);
	turn_end(h);
	letter_close(&l);
}

static void *
hand_work(void *arg)
{
	struct hand *h = arg;
	struct batch_item item;
	bool last;

	while (hand_next(h, &item)) {
		send_item(h, &item);
		arena_reset(&h->mem);
	}
	pthread_mutex_lock(&h->b->lock);
	last = --h->job->busy == 0;
	pthread_mutex_unlock(&h->b->lock);
	if (last)
		batch_link_close(&h->job->link);
	return NULL;
}

/* ---- all of it ---- */

static int
jobs_open(struct batch *b, struct job *j, size_t n, struct hand *h,
    size_t hands, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		j[i].moved = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		batch_link_open(&j[i].link, b->run, i == 0);
	}
	for (i = 0; i < hands; i++) {
		h[i].b = b;
		h[i].job = &j[i % n];
		h[i].job->busy++;
		h[i].fd = file_temp(e);
		if (h[i].fd < 0)
			return -1;
	}
	return 0;
}

/* This thread is one of them.  The first n have a job each. */
static void
hands_run(struct hand *h, size_t n)
{
	size_t i, k;

	for (k = 1; k < n; k++)
		if (pthread_create(&h[k].thread, NULL, hand_work, &h[k]) != 0)
			break;
	pthread_mutex_lock(&h->b->lock);
	for (i = k; i < n; i++)
		h[i].job->busy--;
	pthread_mutex_unlock(&h->b->lock);
	hand_work(&h[0]);
	for (i = 1; i < k; i++)
		pthread_join(h[i].thread, NULL);
}

static int
batch_open(struct batch *b, size_t hands, struct err *e)
{
	const struct option_batch_run *o = &b->run->options->batch;
	struct account *a = &b->run->account;
	struct sandbox *box;
	int wake[2];

	if (o->resume != NULL && batch_done_load(&b->done,
	    file_path(&a->arena, o->resume), &b->torn, e) < 0)
		return -1;
	if (o->suppress != NULL && batch_suppress_load(&b->never,
	    file_path(&a->arena, o->suppress), e) < 0)
		return -1;
	b->in.kind = o->kind;
	b->in.pieces.fd = STDIN_FILENO;
	if (o->kind == OPTION_BATCH_FILES &&
	    (b->in.pieces.fd = batch_files(&b->files, e)) < 0)
		return -1;
	if (pipe2(wake, O_CLOEXEC) < 0)
		return fail_sys(e, EX_OSERR, "pipe");
	b->in.pieces.wake = wake[0];
	b->wake = wake[1];
	box = a->box = arena_new(&a->arena, 1, sizeof *box);
	/* As it came, in 7 bits, once more. */
	file_temp_keep(3 * hands, box);
	a->again = true;		/* each connection logs in */
	b->run->many = true;
	if (save_prepare(b->run, e) < 0)
		return -1;
	return batch_link_ready(b->run, e);
}

static void
batch_close(struct batch *b, struct job *j, struct hand *h, size_t hands)
{
	size_t i;

	for (i = 0; i < hands; i++) {
		if (h[i].fd > 0)
			close(h[i].fd);
		arena_free(&h[i].mem);
	}
	if (b->in.pieces.wake > 0)
		close(b->in.pieces.wake);
	if (b->wake > 0)
		close(b->wake);
	if (b->in.kind == OPTION_BATCH_FILES && b->in.pieces.fd > 0) {
		close(b->in.pieces.fd);
		spawn_end_soon(&b->files);
	}
	batch_in_free(&b->in);
	batch_set_free(&b->done);
	batch_set_free(&b->never);
	free(h);
	free(j);
}

int
batch_run(struct run *run, struct err *e)
{
	struct batch b = { .run = run, .alone = *run->options,
	    .reading = PTHREAD_MUTEX_INITIALIZER,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .brake.most = run->options->batch.max_refused };
	size_t jobs = run->options->batch.jobs > 0 ?
	    (size_t)run->options->batch.jobs : 1;
	size_t hands = jobs == 1 ? 2 : jobs;	/* one reads while another sends */
	struct job *j = mem_new(jobs, sizeof *j);
	struct hand *h = mem_new(hands, sizeof *h);

	b.alone.message.read_recipients = false;
	b.self = envelope_self(&run->account.arena);
	if (batch_open(&b, hands, e) == 0 && jobs_open(&b, j, jobs, h, hands,
	    e) == 0) {
		hands_run(h, hands);
		if (stop_asked())
			fail_stop(&b.err);
		*e = b.err;
	}
	batch_close(&b, j, h, hands);
	return b.braked ? EX_TEMPFAIL : fail_worse(b.status, e->code);
}

int
batch_check(const struct account *a, const struct options *o, struct err *e)
{
	const struct option_batch_run *b = &o->batch;
	bool mx = a->has_server && a->server.scheme == ACCOUNT_MX;

	if (b->unsubscribe != NULL &&
	    unsubscribe_check(b->unsubscribe, e) < 0)
		return -1;
	if (b->kind == OPTION_BATCH_NONE)
		return 0;
	if (!a->has_server)
		return account_nowhere(a, e);
	if (o->operands.n > 0)
		return fail(e, EX_USAGE, "--batch: recipients come from the messages (-t) or their envelopes, not from the command line");
	if (b->kind != OPTION_BATCH_NDJSON && !o->message.read_recipients)
		return fail(e, EX_USAGE, "--batch mboxrd and files need -t: recipients come from the messages");
	if (b->jobs > JOBS_MAX || (mx && b->jobs > 1))
		return fail(e, EX_USAGE, mx ?
		    "--jobs: with mx: the domains of a message are served side by side, and messages one after the other" :
		    "--jobs is 1 to 100");
	return 0;
}
