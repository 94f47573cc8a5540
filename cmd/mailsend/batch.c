/*
 * batch.c: many messages from standard input, over few connections
 *
 * Each of --jobs threads has a connection, and a file for its message.  It takes
 * the next message from the one reader, sends it, tells what became of it, and
 * has nothing of it in memory when it takes the next one.
 */
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
#include "sendlog.h"
#include "stop.h"
#include "trace.h"
#include "unsubscribe.h"

enum { JOBS_MAX = 100 };

struct batch {
	struct run *run;
	struct options alone;		/* for a message with its envelope */
	const char *self;
	pthread_mutex_t lock;		/* of all below */
	struct batch_in in;
	struct spawn_child files;
	struct batch_set done, never;
	struct batch_brake brake;
	int64_t turn;			/* of --rate: when the next may go */
	bool torn;			/* the output needs a line's end */
	bool over;			/* nothing more is begun, */
	bool braked;			/* for too many were refused */
	int status;
	struct err err;			/* why it is over */
};

/* One thread. */
struct job {
	struct batch *b;
	pthread_t thread;
	struct batch_link link;
	int fd;				/* of the message */
	struct arena mem;		/* of the message, too */
};

/* ---- what ends it ---- */

/* With the lock. */
static void
batch_over(struct batch *b, const struct err *why)
{
	b->over = true;
	if (why->code != 0)
		fail_join(&b->err, why);
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
	batch_over(b, &e);
}

/* ---- a message ---- */

/* The next one; false: there is none for us. */
static bool
job_next(struct job *j, struct batch_item *item)
{
	struct batch *b = j->b;
	struct err e = { 0 };
	int got = 0;

	pthread_mutex_lock(&b->lock);
	if (!b->over)
		got = batch_in_next(&b->in, item, j->fd, &j->mem, &e);
	if (got <= 0)
		batch_over(b, &e);
	pthread_mutex_unlock(&b->lock);
	return got > 0;
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

/* What is known of it goes out at once, and counts. */
static void
batch_conclude(struct batch *b, const struct letter *l, struct batch_tell *t,
    const struct report *r, const struct err *why)
{
	const struct smtp_mail *m = &l->envelope.mail;
	struct err e = { 0 };
	int worst = fail_worse(why->code, t->status);
	size_t i;

	for (i = 0; i < m->n; i++) {
		batch_tell_rcpt(t, &m->rcpt[i], why);
		worst = fail_worse(worst, report_status(&m->rcpt[i],
		    b->run->options));
	}
	pthread_mutex_lock(&b->lock);
	if (batch_tell_out(t, &b->torn, &e) < 0)
		batch_over(b, &e);
	mem_stake(NULL);
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
write_letter(struct job *j, const struct batch_item *item, struct letter *l,
    struct err *e)
{
	struct batch *b = j->b;
	struct letter_source from = { .fd = j->fd, .to = item->to,
	    .mail_from = item->from != NULL ? item->from :
	    b->run->options->envelope.mail_from, .self = b->self,
	    .user = b->run->account.login.user };

	if (item->e.code != 0)
		return fail(e, item->e.code, "%s", item->e.msg);
	return letter_write(l, item->enveloped ? &b->alone : b->run->options,
	    &from, e);
}

static void
send_item(struct job *j, const struct batch_item *item)
{
	struct batch *b = j->b;
	struct letter l = { .arena = &j->mem };
	struct batch_tell t = { .item = item };
	struct report r = { 0 };
	struct err e = { 0 };
	bool lost = false;

	if (write_letter(j, item, &l, &e) < 0) {
		l.envelope.mail.n = 0;
		batch_tell_fault(&t, &e);
	} else {
		t.id = l.id;
		sift(b, item, &l, &t);
		if (l.envelope.mail.n > 0) {
			wait_turn(b);
			lost = batch_link_send(&j->link, &l, &r, &e) < 0;
		}
	}
	batch_conclude(b, &l, &t, &r, &e);
	letter_close(&l);
	if (lost) {
		pthread_mutex_lock(&b->lock);
		batch_over(b, &e);
		pthread_mutex_unlock(&b->lock);
	}
}

static void *
job_work(void *arg)
{
	struct job *j = arg;
	struct batch_item item;

	while (job_next(j, &item)) {
		send_item(j, &item);
		arena_reset(&j->mem);
	}
	batch_link_close(&j->link);
	return NULL;
}

/* ---- all of it ---- */

static int
jobs_open(struct batch *b, struct job *j, size_t n, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		j[i].b = b;
		j[i].fd = file_temp(e);
		if (j[i].fd < 0)
			return -1;
		batch_link_open(&j[i].link, b->run, i == 0);
	}
	return 0;
}

/* This thread is one of them. */
static void
jobs_run(struct job *j, size_t n)
{
	size_t i, k;

	for (k = 1; k < n; k++)
		if (pthread_create(&j[k].thread, NULL, job_work, &j[k]) != 0)
			break;
	job_work(&j[0]);
	for (i = 1; i < k; i++)
		pthread_join(j[i].thread, NULL);
}

static int
batch_open(struct batch *b, size_t jobs, struct err *e)
{
	const struct option_batch_run *o = &b->run->options->batch;
	struct account *a = &b->run->account;
	struct sandbox *box;

	if (o->resume != NULL && batch_done_load(&b->done,
	    file_path(&a->arena, o->resume), &b->torn, e) < 0)
		return -1;
	if (o->suppress != NULL && batch_suppress_load(&b->never,
	    file_path(&a->arena, o->suppress), e) < 0)
		return -1;
	b->in.kind = o->kind;
	b->in.fd = STDIN_FILENO;
	if (o->kind == OPTION_BATCH_FILES &&
	    (b->in.fd = batch_files(&b->files, e)) < 0)
		return -1;
	box = a->box = arena_new(&a->arena, 1, sizeof *box);
	file_temp_keep(3 * jobs, box);	/* as it came, in 7 bits, once more */
	a->again = true;		/* each connection logs in */
	return batch_link_ready(b->run, e);
}

static void
batch_close(struct batch *b, struct job *j, size_t jobs)
{
	size_t i;

	for (i = 0; i < jobs; i++) {
		if (j[i].fd > 0)
			close(j[i].fd);
		arena_free(&j[i].mem);
	}
	if (b->in.kind == OPTION_BATCH_FILES && b->in.fd > 0) {
		close(b->in.fd);
		spawn_end_soon(&b->files);
	}
	batch_in_free(&b->in);
	batch_set_free(&b->done);
	batch_set_free(&b->never);
	free(j);
}

int
batch_run(struct run *run, struct err *e)
{
	struct batch b = { .run = run, .alone = *run->options,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .brake.most = run->options->batch.max_refused };
	size_t jobs = run->options->batch.jobs > 0 ?
	    (size_t)run->options->batch.jobs : 1;
	struct job *j = mem_new(jobs, sizeof *j);

	b.alone.message.read_recipients = false;
	b.self = envelope_self(&run->account.arena);
	if (batch_open(&b, jobs, e) == 0 && jobs_open(&b, j, jobs, e) == 0) {
		jobs_run(j, jobs);
		if (stop_asked())
			fail_stop(&b.err);
		*e = b.err;
	}
	batch_close(&b, j, jobs);
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
