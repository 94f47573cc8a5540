/* fallback.c: the servers of an account that are tried one after the other */
#include <string.h>

#include "fallback.h"
#include "account_url.h"
#include "clock.h"
#include "save.h"
#include "stop.h"

struct fallback {
	size_t n;
	struct account *account;	/* n copies of the run's */
	struct session *session;	/* n of them */
};

/* TLS as that URL has it, unless --tls. */
static enum account_tls
tls_of(const struct account *a)
{
	if (a->tls_option != ACCOUNT_TLS_UNSET)
		return a->tls_option;
	if (a->server.scheme == ACCOUNT_LMTP_UNIX)
		return ACCOUNT_TLS_OFF;
	return a->server.scheme == ACCOUNT_SMTPS ? ACCOUNT_TLS_IMPLICIT :
	    ACCOUNT_TLS_STARTTLS;
}

static int
read_url(struct account *a, const char *url, struct err *e)
{
	const char *protocol;

	if (account_url(&a->server, &a->arena, url,
	    account_bare_scheme(STR("smtp")), e) < 0)
		return -1;
	protocol = account_protocol(a->server.scheme);
	if (a->server.scheme == ACCOUNT_MX || account_here(a->server.scheme) ||
	    (strcmp(protocol, "smtp") != 0 && strcmp(protocol, "lmtp") != 0))
		return fail(e, EX_USAGE, "smtps://, smtp:// or lmtp://, not \"%s\"",
		    url);
	if (a->server.user != NULL && (a->login.user == NULL ||
	    strcmp(a->server.user, a->login.user) != 0))
		return fail(e, EX_USAGE, "all servers of an account have its login: no other user in \"%s\"",
		    url);
	a->tls = tls_of(a);
	return 0;
}

/*
 * A copy without what is wiped with the original: secrets and the file's text.
 * What its URL needs of the arena is the original's.
 */
static int
copy_account(struct account *to, struct account *of, const char *url,
    struct err *e)
{
	int got;

	*to = *of;
	to->password = to->from_fd = NULL;
	to->file = (struct account_file){ 0 };
	got = read_url(to, url, e);
	of->arena = to->arena;
	to->arena = (struct arena){ 0 };
	return got;
}

int
fallback_check(struct run *run, struct err *e)
{
	const struct opt_list *urls = &run->options->sending.fallback;
	struct account *a = &run->account;
	struct fallback *f;

	if (urls->n == 0 || !a->has_server ||
	    run->options->batch.kind != OPTION_BATCH_NONE)
		return 0;
	if (a->server.scheme == ACCOUNT_MX)
		return fail(e, EX_USAGE, "--fallback has no effect with mx:, which has servers enough");
	if (account_here(a->server.scheme))
		return fail(e, EX_USAGE, "--fallback has no effect where mail is delivered on this machine");
	if (a->way.connect_to != NULL || a->way.connect_command != NULL)
		return fail(e, EX_USAGE, "--fallback has no effect with --connect-to or --connect-command, which lead to one server");
	f = arena_new(&a->arena, 1, sizeof *f);
	f->account = arena_new(&a->arena, urls->n, sizeof *f->account);
	f->session = arena_new(&a->arena, urls->n, sizeof *f->session);
	for (; f->n < urls->n; f->n++)
		if (copy_account(&f->account[f->n], a, urls->v[f->n], e) < 0)
			return fail_in(e, "--fallback");
	run->fallback = f;
	a->role = ACCOUNT_ONE_OF;
	return 0;
}

int
fallback_ready(struct run *run, struct err *e)
{
	struct fallback *f = run->fallback;
	struct session **v, *save;
	size_t i, n = 1;

	if (run->session.account != NULL)
		return 0;
	v = arena_new(&run->account.arena, 2 + (f != NULL ? f->n : 0),
	    sizeof(struct session *));
	v[0] = &run->session;
	v[0]->account = &run->account;
	for (i = 0; f != NULL && i < f->n; i++) {
		v[n] = &f->session[i];
		v[n++]->account = &f->account[i];
		f->account[i].role = ACCOUNT_ONE_OF;
	}
	if ((save = save_session(run)) != NULL)
		v[n++] = save;
	return session_ready_all(v, n, e);
}

struct session *
fallback_session(struct run *run, size_t i)
{
	if (i == 0)
		return &run->session;
	return run->fallback != NULL && i <= run->fallback->n ?
	    &run->fallback->session[i - 1] : NULL;
}

void
fallback_begin(struct run *run, size_t i)
{
	const struct fallback *f = run->fallback;
	int64_t end = run->account.deadline;
	struct session *s = fallback_session(run, i);

	if (f == NULL || s == NULL || run->account.timeout <= 0)
		return;
	if (end == 0)			/* --timeout begins here */
		end = run->account.deadline = clock_in(run->account.timeout);
	s->within = clock_ms() + clock_left(end) / (int)(f->n + 1 - i);
}

bool
fallback_helps(const struct letter *l, int got, const struct err *e)
{
	const struct smtp_mail *m = &l->envelope.mail;
	bool left = false;
	size_t i;

	if (stop_asked() || (got < 0 && e->code != EX_TEMPFAIL &&
	    e->code != EX_NOHOST))
		return false;
	for (i = 0; i < m->n; i++) {
		if (m->rcpt[i].state == SMTP_UNKNOWN ||
		    (m->whole && m->rcpt[i].state == SMTP_REFUSED))
			return false;
		left |= m->rcpt[i].state == SMTP_DEFERRED ||
		    (got != 0 && m->rcpt[i].state == SMTP_UNTRIED);
	}
	return m->n > 0 ? left : got != 0;
}

struct smtp_rcpt *
fallback_reopen(struct letter *l)
{
	struct smtp_mail *m = &l->envelope.mail;
	struct smtp_rcpt *kept = arena_new(l->arena, m->n, sizeof *kept);
	size_t i;

	for (i = 0; i < m->n; i++) {
		kept[i] = m->rcpt[i];
		if (kept[i].state != SMTP_DEFERRED)
			continue;
		m->rcpt[i].state = SMTP_UNTRIED;
		m->rcpt[i].stage = SMTP_AT_MAIL;
		m->rcpt[i].reply = (struct smtp_reply){ 0 };
	}
	return kept;
}

void
fallback_restore(struct letter *l, const struct smtp_rcpt *kept)
{
	struct smtp_mail *m = &l->envelope.mail;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_UNTRIED &&
		    kept[i].state == SMTP_DEFERRED)
			m->rcpt[i] = kept[i];
}

void
fallback_blame(struct err *all, const struct err *why)
{
	struct err both = { 0 };

	if (all->code == 0 || why->code == 0) {
		if (why->code != 0)
			*all = *why;
		return;
	}
	fail(&both, why->code == EX_NOHOST ? all->code : why->code, "%s; %s",
	    all->msg, why->msg);
	*all = both;
}

void
fallback_close(struct run *run)
{
	struct fallback *f = run->fallback;
	size_t i;

	for (i = 0; f != NULL && i < f->n; i++)
		if (f->session[i].account != NULL)
			session_close(&f->session[i]);
}
