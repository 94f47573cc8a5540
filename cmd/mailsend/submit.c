/* submit.c: to the server */
#include <stdio.h>

#include "conn_tls.h"
#include "submit.h"
#include "account_file.h"
#include "direct.h"
#include "fallback.h"
#include "file.h"
#include "local.h"
#include "mime.h"
#include "sandbox.h"
#include "save.h"
#include "seal.h"
#include "trace.h"

static struct smtp_conf
conf_for(const struct options *o, const struct account *a)
{
	return (struct smtp_conf){
		.tls = session_tls(a),
		.lmtp = a->server.scheme == ACCOUNT_LMTP ||
		    a->server.scheme == ACCOUNT_LMTP_UNIX,
		.ehlo = o->sending.ehlo,
		.no_chunking = o->sending.no_chunking,
		.no_pipelining = o->sending.no_pipelining,
	};
}

struct smtp_conf
submit_conf(const struct run *run)
{
	return conf_for(run->options, &run->account);
}

static void
describe(struct report *r, const struct session *s)
{
	const struct tls *t = conn_session(s->conn);

	snprintf(r->peer, sizeof r->peer, "%s", conn_peer(s->conn));
	if (t == NULL)
		return;
	snprintf(r->tls, sizeof r->tls, "%s", tls_version(t));
	snprintf(r->cipher, sizeof r->cipher, "%s", tls_cipher(t));
	r->verified = tls_verified(t);
	tls_pin(t, r->pin);
}

static int
submit_login(struct smtp *s, struct run *run, struct session *sess,
    struct report *r)
{
	bool more = run->options->sendmail.talk || run->many ||
	    run->fallback != NULL;
	struct sasl_login l;
	int got;

	if (!session_wants_login(&run->account))
		return 0;
	if (session_login(sess, &l) < 0)
		return -1;
	got = smtp_auth(s, &l);
	if (!more && s->mail_max == 0)	/* the only connection */
		session_forget(sess);
	snprintf(r->mech, sizeof r->mech, "%s", s->mech);
	return got;
}

int
submit_downgrade(struct letter *l, const struct smtp *s, const struct options *o,
    struct err *e)
{
	struct msg eight = l->msg;
	int got;

	if (!l->msg.eight || (s->caps & SMTP_8BITMIME) != 0 ||
	    o->message.as_is)
		return 0;
	got = mime_downgrade(&eight, &l->msg, l->arena,
	    o->message.daemon ? MIME_FORCE : 0, e);
	msg_close(&eight);
	return got < 0 ? fail_in(e, "the server has no 8BITMIME") : 0;
}

/* Parameters for what the server does not know are left out, and said so. */
static void
tell_no_dsn(const struct smtp *s, const struct run *run)
{
	const struct option_envelope *o = &run->options->envelope;

	if ((s->caps & SMTP_DSN) != 0 ||
	    (o->dsn == 0 && o->dsn_ret == OPTION_RET_UNSAID && o->envid == NULL))
		return;
	if (!run->account.quiet)
		fail_print("the server has no DSN: no reports are asked for");
}

static int
submit_talk(struct letter *l, struct run *run, struct session *sess,
    struct smtp *s, struct report *r, struct err *e)
{
	enum option_step last = run->options->sending.quit_after;

	if (last == OPTION_STEP_CONNECT || last == OPTION_STEP_EHLO)
		return 0;
	if (submit_login(s, run, sess, r) < 0)
		return -1;
	if (last == OPTION_STEP_AUTH)
		return 0;
	r->reached = true;
	l->envelope.mail.utf8 = l->envelope.utf8 || l->msg.utf8;
	if (submit_downgrade(l, s, run->options, e) < 0)
		return -1;
	tell_no_dsn(s, run);
	l->envelope.mail.msg = last == OPTION_STEP_RCPT ? NULL : &l->msg;
	l->envelope.mail.last = true;
	return smtp_send(s, &l->envelope.mail);
}

/* One connection: 0 done, 1 some recipients want another, -1. */
static int
submit_once(struct letter *l, struct run *run, struct session *sess,
    struct report *r, struct err *e)
{
	struct smtp_conf c = conf_for(run->options, sess->account);
	struct smtp s;
	int got = -1;

	r->reached = false;
	if (session_connect(sess, e) < 0)
		return -1;
	if (smtp_open(&s, sess->conn, &c) == 0) {
		describe(r, sess);
		got = submit_talk(l, run, sess, &s, r, e);
	}
	smtp_quit(&s);
	session_hang_up(sess);
	return got;
}

static size_t
untried(const struct letter *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->envelope.mail.n; i++)
		n += l->envelope.mail.rcpt[i].state == SMTP_UNTRIED;
	return n;
}

int
submit_check(const struct options *opts, struct err *e)
{
	const struct option_sending *o = &opts->sending;

	if (o->ehlo != NULL && addr_domain(str_of(o->ehlo), e) < 0)
		return fail_in(e, "--ehlo");
	return save_check(opts, e);
}

/*
 * All that this will write: temporary files (mime_downgrade; of -bs what DATA
 * brings, too), and the Maildir of --save, which must be there before anything
 * is sent.
 */
static int
submit_prepare(struct letter *l, struct run *run, struct err *e)
{
	const struct options *o = run->options;
	struct sandbox *box;

	if (run->account.box != NULL)		/* -bs: not the first one */
		return 0;
	/* not the letter's memory: the next one of a queue looks at it, too */
	box = run->account.box = arena_new(&run->account.arena, 1,
	    sizeof *box);
	if (run->queue.spool.there)
		sandbox_path(box, run->queue.spool.path, SANDBOX_WRITE);
	if (o->sendmail.talk)
		file_temp_keep(3, box);
	else if (run->many)		/* whatever the messages will need */
		file_temp_keep(2, box);
	else if (l->msg.eight)
		file_temp_keep(1, box);
	return save_prepare(run, e);
}

int
submit_ready(struct letter *l, struct run *run, struct err *e)
{
	return submit_prepare(l, run, e) < 0 ? -1 : fallback_ready(run, e);
}

/* To one server: each connection must get us further. */
static int
submit_to(struct letter *l, struct run *run, struct session *s,
    struct report *r, struct err *e)
{
	size_t open = untried(l), was;
	int got;

	session_where(s->account, r->host, sizeof r->host);
	do {
		was = open;
		got = submit_once(l, run, s, r, e);
		open = untried(l);
	} while (got == 1 && open < was);
	return got == 1 ? fail(e, EX_TEMPFAIL, "%s takes no more now",
	    r->host) : got;
}

/* To the account's server, and if that does not help to those behind it. */
static int
submit_around(struct letter *l, struct run *run, struct report *r,
    struct err *e)
{
	struct smtp_rcpt *kept = NULL;
	struct session *s;
	struct err all = { 0 };
	size_t i;
	int got;

	if (fallback_ready(run, e) < 0)
		return -1;
	for (i = 0; ; i++) {
		struct err why = { 0 };

		s = fallback_session(run, i);
		fallback_begin(run, i);
		got = submit_to(l, run, s, r, &why);
		if (kept != NULL)
			fallback_restore(l, kept);
		fallback_blame(&all, &why);
		if (fallback_session(run, i + 1) == NULL ||
		    !fallback_helps(l, got, &why))
			break;
		trace_note(TRACE_DONE, "%s: %s; the next server is tried",
		    r->host, got < 0 ? why.msg : "not now");
		kept = fallback_reopen(l);
	}
	if (got < 0)
		*e = all;
	return got;
}

int
submit(struct letter *l, struct run *run, struct report *r, struct err *e)
{
	if (!run->account.has_server)
		return account_nowhere(&run->account, e);
	if (submit_prepare(l, run, e) < 0 || seal_letter(run->options->seal, l,
	    run->account.quiet, e) < 0)
		return -1;
	submit_asked(run);
	session_where(&run->account, r->host, sizeof r->host);
	l->envelope.mail.msg = run->options->sending.quit_after ==
	    OPTION_STEP_RCPT ? NULL : &l->msg;
	if (account_here(run->account.server.scheme)) {
		local_send(l, run);
		return 0;
	}
	return run->account.server.scheme == ACCOUNT_MX ?
	    direct_send(l, run, r, e) : submit_around(l, run, r, e);
}

/* ---- asking, for -bs ---- */

void
submit_asked(struct run *run)
{
	if (!run->asking.live)
		return;
	smtp_quit(&run->asking.smtp);
	session_hang_up(run->asking.session);
	run->asking.live = false;
}

static int
ask_one(struct run *run, struct session *s)
{
	struct run_asking *a = &run->asking;
	struct report unused = { 0 };

	fail_clear(&a->err);
	a->session = s;
	a->conf = conf_for(run->options, s->account);
	if (session_connect(s, &a->err) < 0)
		return -1;
	a->live = true;
	return smtp_open(&a->smtp, s->conn, &a->conf) < 0 ? -1 :
	    submit_login(&a->smtp, run, s, &unused);
}

/* The first server that can be talked to. */
static int
ask_open(struct run *run)
{
	struct run_asking *a = &run->asking;
	const struct letter nobody = { 0 };
	struct session *s;
	size_t i;
	int got = -1;

	fail_clear(&a->err);
	if (fallback_ready(run, &a->err) < 0)
		return -1;
	for (i = 0; got < 0 && (s = fallback_session(run, i)) != NULL; i++) {
		if (i > 0 && !fallback_helps(&nobody, -1, &a->err))
			break;
		submit_asked(run);
		fallback_begin(run, i);
		got = ask_one(run, s);
	}
	return got;
}

/*
 * Once more where an idle connection has been closed meanwhile.  EX_DATAERR is
 * of the address alone, not of what the login would need.
 */
static int
ask_server(struct run *run, struct smtp_mail *m, struct err *e)
{
	struct run_asking *a = &run->asking;
	bool was = a->live, again, open;
	int got;

	do {
		run->account.deadline = 0;	/* each has its own time */
		open = a->live || ask_open(run) == 0;
		got = open ? smtp_send(&a->smtp, m) : -1;
		if (got < 0)
			submit_asked(run);
		again = got < 0 && was;
		was = false;
	} while (again && m->rcpt[0].state == SMTP_UNTRIED);
	if (m->rcpt[0].reply.code != 0)
		return 0;
	if (!open && a->err.code == EX_DATAERR)
		a->err.code = EX_CONFIG;
	return fail(e, a->err.code != 0 ? a->err.code : EX_TEMPFAIL, "%s",
	    a->err.code != 0 ? a->err.msg : "the server takes no more now");
}

int
submit_ask(struct run *run, const struct letter_source *from, const char *rcpt,
    struct smtp_reply *reply, struct err *e)
{
	struct letter l = { .arena = &run->account.arena };
	struct envelope *env = &l.envelope;
	struct opt_list one = { 0 };
	int got = -1;

	opt_list_add(l.arena, &one, rcpt);
	if (!run->account.has_server)
		return account_nowhere(&run->account, e);
	if (run->account.server.scheme == ACCOUNT_MX) {
		*reply = (struct smtp_reply){ .code = 250, .status = "2.1.5",
		    .text = "its hosts are asked with the message" };
		return 0;
	}
	if (envelope_begin(env, l.arena, run->options, e) == 0 &&
	    envelope_sender(env, NULL, run->account.login.user, from->self,
	    e) == 0 && envelope_operands(env, &one, NULL, e) == 0 &&
	    envelope_end(env, from->mail_from, e) == 0 &&
	    submit_prepare(&l, run, e) == 0) {
		env->mail.utf8 = env->utf8;
		if (env->mail.n == 0) {
			fail(e, EX_DATAERR, "no address");
		} else if (account_here(run->account.server.scheme)) {
			local_ask(&l, run, &env->mail.rcpt[0].reply);
			got = 0;
		} else {
			got = ask_server(run, &env->mail, e);
		}
	}
	if (got == 0)
		*reply = env->mail.rcpt[0].reply;
	envelope_close(env);
	return got;
}
