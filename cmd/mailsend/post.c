/* post.c: one message, from the letter to the exit status */
#include <stdio.h>
#include <stdlib.h>

#include "post.h"
#include "letter.h"
#include "msg.h"
#include "queue.h"
#include "report.h"
#include "save.h"
#include "seal.h"
#include "sendlog.h"
#include "submit.h"

static int
print_letter(const struct letter *l, struct err *e)
{
	struct msg_reader *r = msg_reader_new(&l->msg);
	char *some = mem_new(1, 65536);
	ssize_t n, i, k;

	while ((n = msg_read(r, some, 65536, e)) > 0) {
		for (i = k = 0; i < n; i++)
			if (some[i] != '\r')
				some[k++] = some[i];
		fwrite(some, 1, (size_t)k, stdout);
	}
	free(some);
	free(r);
	return n < 0 ? -1 : 0;
}

/*
 * For -bs, which has one answer for all.  What waits is accepted.  Where one is
 * refused and another is to be tried again, the answer is that of the other:
 * a no for good would end both.
 */
static void
note_outcome(const struct letter *l, struct run *run, const struct report *r)
{
	const struct smtp_mail *m = &l->envelope.mail;
	struct smtp_reply *no = &run->refusal;
	const struct smtp_rcpt *p;
	bool later = false;

	run->accepted = 0;
	*no = (struct smtp_reply){ 0 };
	for (p = m->rcpt; p < m->rcpt + m->n; p++) {
		run->accepted += p->state == SMTP_SENT ||
		    (p->state != SMTP_REFUSED && r->queued != NULL);
		later |= p->state != SMTP_REFUSED && !m->whole;
		if (p->reply.code >= 400 && (no->code == 0 ||
		    (no->code >= 500 && p->reply.code < 500)))
			*no = p->reply;
	}
	if (later && no->code >= 500)
		*no = (struct smtp_reply){ .code = 451, .status = "4.3.0",
		    .text = "try again later" };
}

/*
 * To the server, or to the queue alone, or to the queue what the server has not
 * taken.  *cause is what went wrong, be it mended by that.
 */
static void
hand_on(struct letter *l, struct run *run, struct report *r, struct err *cause,
    struct err *e)
{
	struct err unable = { 0 };
	struct spool_new rest;
	bool waits;

	if (queue_first(run) && queue_accept(l, run, r, &unable) == 0)
		return;
	if (unable.code != 0 && !run->account.has_server)
		*e = unable;
	else
		submit(l, run, r, e);
	*cause = *e;
	waits = unable.code == 0 && queue_rest(&rest, l, run, r, e);
	save_letter(l, run, r);		/* by the name that the next try looks for */
	if (waits)
		queue_rest_commit(&rest, l, r, e);
	if (unable.code != 0 && run->account.has_server && e->code != 0)
		fail_print("not queued: %s", unable.msg);
}

static int
send_letter(struct letter *l, struct run *run, struct err *e)
{
	struct report r = { 0 };
	struct err cause = { 0 };
	int code;

	hand_on(l, run, &r, &cause, e);
	note_outcome(l, run, &r);
	if (!option_asks(run->options->sending.quit_after))
		l->envelope.mail.n = 0;	/* nobody was asked about them */
	code = report_send(l, run, &r, e);
	sendlog_message(l, run, &r, code, cause.msg);
	return code;
}

int
post(struct run *run, struct letter_source *from, struct err *e)
{
	struct letter l = { .arena = &run->account.arena };
	struct report none = { 0 };
	int got = 0;

	from->user = run->account.login.user;
	if (letter_write(&l, run->options, from, e) == 0 && !l.nothing) {
		if (!run->options->sending.dry_run)
			got = send_letter(&l, run, e);
		else if (seal_letter(run->options->seal, &l,
		    run->account.quiet, e) == 0)
			print_letter(&l, e);
	} else if (!l.nothing) {
		sendlog_message(&l, run, &none, e->code, e->msg);
	}
	letter_close(&l);
	return fail_worse(got, e->code);
}
