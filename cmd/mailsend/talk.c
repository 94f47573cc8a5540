/*
 * talk.c: sendmail -bs: SMTP on standard input
 *
 * Each DATA is submitted at once, and the answer to it is the mail server's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "talk.h"
#include "file.h"
#include "letter.h"
#include "post.h"
#include "sendmail.h"
#include "stop.h"

struct talk {
	struct run *run;
	struct letter_source from;	/* what MAIL and RCPT said */
	bool mail;			/* MAIL was taken */
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
	t->from.mail_from = NULL;
	t->from.to = (struct opt_list){ 0 };
}

/* The address between < and >; parameters behind it are not ours to judge. */
static char *
path(struct talk *t, struct str arg)
{
	struct str inner = arg;

	str_cut(&inner, '<');
	return inner.p != NULL && str_has(inner, '>') ?
	    arena_dup(&t->run->account.arena, str_cut(&inner, '>')) : NULL;
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

static int
data(struct talk *t)
{
	struct err e = { 0 };
	int fd = file_temp(&e), code = EX_TEMPFAIL;

	if (fd < 0)
		return e.code;
	talk_say("354 end with a lone dot");
	if (sendmail_text(stdin, fd, true, &e) == 1)
		code = pass_on(t, fd);
	close(fd);
	return code;
}

static const char *
talk_verdict(int code)
{
	if (code == 0)
		return "250 2.0.0 accepted by the mail server";
	if (code == EX_TEMPFAIL)
		return "451 4.3.0 try again later";
	return "554 5.0.0 not sent";
}

static const char *
talk_command(struct talk *t, struct str line)
{
	struct str verb = str_word(&line);
	const char *answer;
	char *p;

	if (str_is(verb, "EHLO") || str_is(verb, "HELO"))
		return "250 postbag";
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
		opt_list_add(&t->run->account.arena, &t->from.to, p);
		return "250 2.1.5 ok";
	}
	if (str_is(verb, "DATA")) {
		if (t->from.to.n == 0)
			return "503 5.5.1 RCPT first";
		answer = talk_verdict(data(t));
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

int
talk_serve(struct run *run)
{
	struct talk t = { .run = run };
	const char *answer = "";
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	t.from.self = envelope_self(&run->account.arena);
	talk_say("220 postbag ESMTP");
	while (strncmp(answer, "221", 3) != 0 && !stop_asked() &&
	    (n = getline(&line, &cap, stdin)) > 0) {
		answer = talk_command(&t, (struct str){ line, (size_t)n });
		talk_say(answer);
	}
	free(line);
	if (strncmp(answer, "221", 3) == 0 || !stop_asked())
		return 0;
	talk_say("421 4.3.2 asked to stop");
	return EX_TEMPFAIL;
}
