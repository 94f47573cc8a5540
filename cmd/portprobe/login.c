/*
 * login.c: --login: once to each server of the list
 *
 * Not by the probe's own connection, which talks to anyone whatever his
 * certificate: as the other tools log in, with the certificate verified first,
 * and in a process of its own, which is confined to that one server and holds
 * the secret as long as it lives.  One attempt: who was refused is not tried
 * again, by another protocol neither, since servers lock the account after a
 * few.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "imap.h"
#include "login.h"
#include "pop3.h"
#include "server.h"
#include "session.h"
#include "smtp.h"

/* Between AUTH and its answer. */
static void
ended(struct login *l, int64_t began, int got, const char *mech)
{
	l->us = clock_us() - began;
	l->refused = got < 0;
	snprintf(l->mech, sizeof l->mech, "%s", mech);
}

static int
by_imap(struct session *s, struct login *l)
{
	struct imap i = { 0 };
	struct sasl_login who;
	int64_t at;
	int got;

	got = imap_open(&i, s->conn, session_tls(s->account));
	if (got == 0)
		got = session_login(s, &who);
	if (got == 0) {
		at = clock_us();
		got = imap_auth(&i, &who);
		ended(l, at, got, i.mech);
		imap_quit(&i);
	}
	imap_free(&i);
	return got;
}

static int
by_pop3(struct session *s, struct login *l)
{
	struct pop3 p = { 0 };
	struct sasl_login who;
	int64_t at;
	int got;

	if (pop3_open(&p, s->conn, session_tls(s->account), NULL) < 0 ||
	    session_login(s, &who) < 0)
		return -1;
	at = clock_us();
	got = pop3_auth(&p, &who);
	ended(l, at, got, p.mech);
	if (got == 0)
		pop3_quit(&p, false);
	return got;
}

static int
by_smtp(struct session *s, struct login *l)
{
	struct smtp_conf conf = { .tls = session_tls(s->account),
	    .lmtp = s->account->server.scheme == ACCOUNT_LMTP };
	struct smtp p = { 0 };
	struct sasl_login who;
	int64_t at;
	int got;

	if (smtp_open(&p, s->conn, &conf) < 0 || session_login(s, &who) < 0)
		return -1;
	at = clock_us();
	got = smtp_auth(&p, &who);
	ended(l, at, got, p.mech);
	smtp_quit(&p);
	return got;
}

static int
talk(struct session *s, struct login *l)
{
	snprintf(l->ip, sizeof l->ip, "%s", conn_peer(s->conn));
	switch (s->account->server.scheme) {
	case ACCOUNT_IMAP:
	case ACCOUNT_IMAPS:
		return by_imap(s, l);
	case ACCOUNT_POP3:
	case ACCOUNT_POP3S:
		return by_pop3(s, l);
	case ACCOUNT_SMTP:
	case ACCOUNT_SMTPS:
	case ACCOUNT_LMTP:
	case ACCOUNT_LMTP_UNIX:
	case ACCOUNT_MAILDIR:
	case ACCOUNT_MBOX:
	case ACCOUNT_MX:
		break;
	}
	return by_smtp(s, l);
}

static void
log_in(struct account *a, struct login *l)
{
	struct sandbox box = { 0 };
	struct session s;
	struct err e = { 0 };

	l->tried = true;
	l->us = -1;
	a->box = &box;
	if (session_ready(&s, a, &e) == 0) {
		if (session_connect(&s, &e) == 0 && talk(&s, l) < 0 &&
		    e.code == 0)
			fail(&e, EX_SOFTWARE, "the login failed");
		session_close(&s);
	}
	a->box = NULL;
	l->status = e.code;
	l->refused &= e.code == EX_NOPERM;
	snprintf(l->text, sizeof l->text, "%.*s", (int)sizeof l->text - 1,
	    e.msg);
}

/* In a process of its own: see above. */
static int
apart(struct server *s, struct err *e)
{
	int end[2], state;
	struct login l = { 0 };
	ssize_t got;
	pid_t child;

	if (pipe(end) < 0)
		return fail_sys(e, EX_OSERR, "--login: pipe");
	fflush(NULL);
	child = fork();
	if (child < 0) {
		fail_sys(e, EX_OSERR, "--login: fork");
		close(end[0]);
		close(end[1]);
		return -1;
	}
	if (child == 0) {
		close(end[0]);
		log_in(&s->account, &l);
		_exit(write(end[1], &l, sizeof l) == sizeof l ? 0 : EX_OSERR);
	}
	close(end[1]);
	do
		got = read(end[0], &s->login, sizeof s->login);
	while (got < 0 && errno == EINTR);
	close(end[0]);
	while (waitpid(child, &state, 0) < 0 && errno == EINTR)
		;
	if (got != sizeof s->login)
		return fail(e, EX_SOFTWARE, "--login %s: the process that logs in has ended",
		    s->url);
	return 0;
}

/* The same user of the same host was refused by another of its servers. */
static bool
known_refused(const struct settings *o, const struct server *s)
{
	const struct server *q;

	for (q = o->login.servers; q != s; q = q->next)
		if (q->login.refused && str_eq(
		    str_of(account_user(&q->account)),
		    str_of(account_user(&s->account))) &&
		    str_eq(str_of(q->account.server.host),
		    str_of(s->account.server.host)))
			return true;
	return false;
}

int
login_all(struct settings *o, struct err *e)
{
	struct server *s;

	for (s = o->login.servers; s != NULL; s = s->next) {
		if (!known_refused(o, s)) {
			if (apart(s, e) < 0)
				return -1;
			continue;
		}
		s->login = (struct login){ .tried = true, .us = -1,
		    .status = EX_NOPERM, .text = "not tried: this user was refused at another port" };
	}
	return 0;
}
