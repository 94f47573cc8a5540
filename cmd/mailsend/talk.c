/*
 * talk.c: sendmail -bs: SMTP on standard input
 *
 * Each DATA is submitted at once, and the answer to it is the mail server's.  So
 * are those to RCPT: each is asked about when it is named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "talk.h"
#include "addr.h"
#include "file.h"
#include "letter.h"
#include "pieces.h"
#include "post.h"
#include "queue.h"
#include "queue_flush.h"
#include "sendmail.h"
#include "stop.h"
#include "submit.h"

struct talk {
	struct run *run;
	struct pieces in;
	struct letter_source from;	/* what MAIL and RCPT said */
	bool mail;			/* MAIL was taken */
	int file;			/* for the text of each, in turn; or -1 */
	char answer[1400];		/* where it is another's words */
};

static void
talk_say(const char *text)
{
	printf("%s\r\n", text);
	fflush(stdout);
}

static void
reset(struct talk *t)
{
	t->mail = false;
	t->run->accepted = 0;
	t->run->refusal = (struct smtp_reply){ 0 };
	t->from.mail_from = NULL;
	t->from.to = (struct opt_list){ 0 };
}

/*
 * The address between < and >, which may be quoted within; parameters behind it
 * are not ours to judge.
 */
static char *
path(struct talk *t, struct str arg)
{
	struct str inner = arg;
	bool quoted = false;
	size_t i;

	str_cut(&inner, '<');
	for (i = 0; i < inner.n && (quoted || inner.p[i] != '>'); i++)
		if (inner.p[i] == '\\' && quoted)
			i++;
		else if (inner.p[i] == '"')
			quoted = !quoted;
	return i < inner.n ? arena_dup(&t->run->account.arena,
	    str_to(inner, i)) : NULL;
}

/* Submits what one DATA brought. */
static int
pass_on(struct talk *t, int fd)
{
	struct err e = { 0 };
	int status;

	t->from.fd = fd;
	t->run->account.deadline = 0;	/* each has its own time */
	status = post(t->run, &t->from, &e);
	fail_tell(&e, NULL);
	return status;
}

/*
 * Into one file for all of them, which is empty in between: to make and delete
 * one for each message costs more than the rest of accepting it.
 */
static int
data(struct talk *t, enum sendmail_dots dots)
{
	struct err e = { 0 };
	int code = EX_TEMPFAIL;

	if (t->file < 0 && (t->file = file_temp(&e)) < 0) {
		fail_tell(&e, NULL);
		return e.code;
	}
	talk_say("354 end with a lone dot");
	if (sendmail_text(&t->in, t->file, dots, &e) == 1)
		code = pass_on(t, t->file);
	fail_tell(&e, NULL);
	if (ftruncate(t->file, 0) < 0 || lseek(t->file, 0, SEEK_SET) < 0) {
		close(t->file);
		t->file = -1;
	}
	return code;
}

/* A server's answer, passed on. */
static const char *
relayed(struct talk *t, const struct smtp_reply *r)
{
	char safe[1300];

	str_escape(safe, sizeof safe, str_of(r->text));
	snprintf(t->answer, sizeof t->answer, "%d%s%s %s", r->code,
	    r->status[0] != '\0' ? " " : "", r->status, safe);
	return t->answer;
}

/* What is wrong with this machine is not wrong with the message. */
static bool
talk_passes(int code)
{
	switch (code) {
	case EX_TEMPFAIL:
	case EX_OSERR:
	case EX_CANTCREAT:
	case EX_IOERR:
	case EX_SOFTWARE:
		return true;
	}
	return false;
}

/*
 * RFC 5321 4.2.5: 250 takes responsibility, and 554 none, so a client that
 * hears it sends again.  Nobody may get it twice: if one has got it, it is 250.
 */
static const char *
talk_verdict(struct talk *t, int code)
{
	if (code == 0)
		return queue_first(t->run) ? "250 2.0.0 queued" :
		    "250 2.0.0 accepted by the mail server";
	if (t->run->accepted > 0)
		return "250 2.0.0 accepted for some; standard error has the others";
	if (t->run->refusal.code != 0)
		return relayed(t, &t->run->refusal);
	return talk_passes(code) ? "451 4.3.0 try again later" :
	    "554 5.0.0 not sent";
}

/* With the queue nobody is asked: what is refused later is reported. */
static const char *
queued_rcpt(struct talk *t, const char *rcpt)
{
	struct err e = { 0 };
	struct addr a;

	if ((strchr(rcpt, '@') != NULL ? addr_mailbox(&a, str_of(rcpt), &e) :
	    addr_local(&a, str_of(rcpt), &e)) < 0)
		return "553 5.1.3 no address";
	opt_list_add(&t->run->account.arena, &t->from.to, rcpt);
	return "250 2.1.5 ok";
}

/* The answer is the server's own. */
static const char *
talk_rcpt(struct talk *t, const char *rcpt)
{
	struct smtp_reply r = { 0 };
	struct err e = { 0 };
	char safe[1300];

	if (submit_ask(t->run, &t->from, rcpt, &r, &e) < 0) {
		str_escape(safe, sizeof safe, str_of(e.msg));
		snprintf(t->answer, sizeof t->answer, "%s %s", e.code ==
		    EX_DATAERR ? "553 5.1.3" : "451 4.4.0", safe);
		return t->answer;
	}
	if (r.code / 100 == 2)
		opt_list_add(&t->run->account.arena, &t->from.to, rcpt);
	return relayed(t, &r);
}

static const char *
talk_command(struct talk *t, struct str line)
{
	bool crlf = line.n > 1 && line.p[line.n - 2] == '\r';
	struct str verb = str_word(&line);
	const char *answer;
	char *p;

	if (line.n > 0 && memchr(line.p, '\0', line.n) != NULL)
		return "500 5.5.2 a NUL";	/* the rest would be lost */
	if (str_is(verb, "EHLO") || str_is(verb, "HELO")) {
		reset(t);		/* RFC 5321 4.1.4 */
		return "250 postbag";
	}
	if (str_is(verb, "MAIL")) {
		if ((p = path(t, line)) == NULL)
			return "501 5.5.4 MAIL FROM:<address>";
		reset(t);
		t->mail = true;
		t->from.mail_from = p;
		return "250 2.1.0 ok";
	}
	if (str_is(verb, "RCPT")) {
		if (!t->mail)
			return "503 5.5.1 MAIL first";
		if ((p = path(t, line)) == NULL)
			return "501 5.5.4 RCPT TO:<address>";
		return queue_first(t->run) ? queued_rcpt(t, p) :
		    talk_rcpt(t, p);
	}
	if (str_is(verb, "DATA")) {
		if (t->from.to.n == 0)
			return "503 5.5.1 RCPT first";
		answer = talk_verdict(t, data(t, crlf ?
		    SENDMAIL_CRLF : SENDMAIL_STUFFED));
		reset(t);
		return answer;
	}
	if (str_is(verb, "RSET")) {
		reset(t);
		return "250 2.0.0 ok";
	}
	if (str_is(verb, "NOOP"))
		return "250 2.0.0 ok";
	if (str_is(verb, "VRFY"))
		return "252 2.1.5 send and see";
	if (str_is(verb, "QUIT"))
		return "221 2.0.0 bye";
	return "500 5.5.2 unknown command";
}

/*
 * A command: 1, or 0 if there are no more.  Of one that is too long nothing is
 * done: its rest is not to be taken for another one.
 */
static int
talk_line(struct talk *t, struct str *line)
{
	struct err e = { 0 };
	bool whole, first = true;

	do {
		if (pieces_next(&t->in, line, &whole, &e) < 0 || line->n == 0)
			return 0;
		if (!whole || !first)
			*line = STR("?");
		first = false;
	} while (!whole);
	return 1;
}

/* May others follow before it is answered?  RFC 2920 3.1. */
static bool
talk_groups(struct str line)
{
	struct str verb = str_word(&line);

	return str_is(verb, "MAIL") || str_is(verb, "RCPT") ||
	    str_is(verb, "RSET");
}

int
talk_serve(struct run *run)
{
	struct talk t = { .run = run, .file = -1, .in.fd = STDIN_FILENO };
	const char *answer = "";
	struct str line;
	bool groups;

	t.from.self = envelope_self(&run->account.arena);
	talk_say("220 postbag ESMTP");
	while (strncmp(answer, "221", 3) != 0 && !stop_asked() &&
	    talk_line(&t, &line) > 0) {
		groups = talk_groups(line);
		answer = talk_command(&t, line);
		printf("%s\r\n", answer);
		if (!groups || !pieces_ready(&t.in))
			fflush(stdout);
	}
	pieces_free(&t.in);
	if (t.file >= 0)
		close(t.file);
	submit_asked(run);
	if (queue_first(run) && !run->options->queue.only && !stop_asked())
		queue_flush_new(run);
	if (strncmp(answer, "221", 3) == 0 || !stop_asked())
		return 0;
	talk_say("421 4.3.2 asked to stop");
	return EX_TEMPFAIL;
}
