/* session.c: from an account to an open connection, ready to log in */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_secret.h"
#include "account_url.h"
#include "addr.h"
#include "clock.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "net.h"
#include "proxy.h"
#include "session.h"
#include "session_private.h"

/* Anything that makes the connection weaker is loud, each time. */
static void
warn(const struct account_trust *t)
{
	if (t->insecure)
		fail_print("WARNING: --insecure-no-verify: whoever answers is believed to be the server; no password is sent");
	if (t->min != TLS_ANY && t->min < TLS_1_2)
		fail_print("WARNING: --tls-min %s: TLS before 1.2 is broken: whoever is between us and the server may read and change it all",
		    tls_version_name(t->min));
}

static int
fill_tls(struct session *s, struct err *e)
{
	struct account *a = s->account;
	const struct tls_conf *f = &s->tls_conf;

	account_tls_conf(a, &s->tls_conf);
	if (a->tls == ACCOUNT_TLS_OFF)
		return f->ca != NULL || f->crl != NULL || f->cert != NULL ||
		    f->key != NULL ? tls_check(f, e) : 0;
	s->tls = s->conf.tls = tls_ctx_new(f, e);
	if (s->tls != NULL)
		warn(&a->trust);
	return s->tls != NULL ? 0 : -1;
}

/*
 * ALPN is for servers that speak several protocols at one port, with TLS from
 * the first byte: not for a protocol's own, where some do not know its name.
 * SMTP has none (IANA's list has imap and pop3).
 */
static const char *
alpn(const struct account *a)
{
	static const struct {
		const char *protocol;
		unsigned own[2];
	} names[] = { { "imap", { 993, 143 } }, { "pop3", { 995, 110 } } };
	size_t i;

	for (i = 0; a->tls == ACCOUNT_TLS_IMPLICIT &&
	    i < sizeof names / sizeof *names; i++)
		if (strcmp(account_protocol(a->server.scheme),
		    names[i].protocol) == 0)
			return a->server.port != names[i].own[0] &&
			    a->server.port != names[i].own[1] ?
			    names[i].protocol : NULL;
	return NULL;
}

static int
family_of(const struct account *a)
{
	if (a->way.only4)
		return AF_INET;
	return a->way.only6 ? AF_INET6 : AF_UNSPEC;
}

static int
fill_conf(struct session *s, struct err *e)
{
	const struct account *a = s->account;
	struct conn_conf *f = &s->conf;
	char source[300];
	struct str host;

	*f = (struct conn_conf){ .port = a->server.port,
	    .path = a->server.path, .command = a->way.connect_command,
	    .proxy = a->way.proxy,
	    .deadline = a->deadline, .family = family_of(a),
	    .alpn = alpn(a), .classic = &s->classic };
	if (a->way.source != NULL) {
		net_scope(a->way.source, source, sizeof source);
		f->source = arena_dup(&s->arena, str_of(source));
	}
	if (a->server.path == NULL && strchr(a->server.host, ':') != NULL) {
		f->host = a->server.host;	/* [IPv6] */
	} else if (a->server.path == NULL) {
		if (addr_ascii(&s->arena, str_of(a->server.host), &host, e) < 0)
			return -1;
		f->host = arena_dup(&s->arena, host);
	}
	if (a->way.connect_to == NULL)
		return 0;
	if (net_hostport(str_of(a->way.connect_to), &host, &f->dial_port,
	    e) < 0)
		return fail_in(e, "--connect-to");
	f->dial_host = arena_dup(&s->arena, host);
	return 0;
}

enum conn_tls
session_tls(const struct account *a)
{
	switch (a->tls) {
	case ACCOUNT_TLS_IMPLICIT:
		return CONN_TLS_IMPLICIT;
	case ACCOUNT_TLS_STARTTLS:
		return CONN_TLS_STARTTLS;
	case ACCOUNT_TLS_MAY:
		return CONN_TLS_MAY;
	case ACCOUNT_TLS_OFF:
	case ACCOUNT_TLS_UNSET:
		break;
	}
	return CONN_TLS_OFF;
}

bool
session_wants_login(const struct account *a)
{
	const struct account_login *l = &a->login;

	if (l->auth != NULL && strcmp(l->auth, "off") == 0)
		return false;
	return l->user != NULL || l->auth != NULL || l->token_command != NULL ||
	    l->password_command != NULL || l->password_file != NULL ||
	    l->password_fd != NULL || l->netrc != NULL;
}

/* Before connecting: no server waits while somebody types. */
static int
get_secret(struct session *s, struct err *e)
{
	const struct account *a = s->account;

	if (!session_wants_login(a) ||
	    (a->login.auth != NULL &&
	    str_is(str_of(a->login.auth), "external")))
		return 0;
	s->secret = mem_new(1, sizeof *s->secret);
	if ((a->login.token_command != NULL ?
	    account_token(s->account, s->secret, e) :
	    account_password(s->account, s->secret, e)) < 0)
		return -1;
	return a->login.user != NULL ? 0 : fail(e, EX_CONFIG,
	    "there is a password but nobody to log in as (-u)");
}

/*
 * Before the sandbox, in which nobody can be asked.  Later connections go to
 * the same addresses.
 */
static int
look_up(struct session *s, struct err *e)
{
	s->conf.naddr = conn_resolve(&s->conf, s->addr, SESSION_ADDRESSES, e);
	s->conf.addr = s->addr;
	return s->conf.naddr < 0 ? -1 : 0;
}

/* The same login: nobody is asked twice. */
static int
copy_secret(struct session *s, const struct session *of)
{
	if (of->secret == NULL)
		return 0;
	s->secret = mem_new(1, sizeof *s->secret);
	*s->secret = *of->secret;
	return 0;
}

/*
 * The secret, and where it is.  What fails for one of several servers, or for
 * one beside them, does not keep from the others.
 */
static int
find_it(struct session *s, const struct session *first, struct err *e)
{
	int got;

	switch (s->account->role) {
	case ACCOUNT_ALONE:
		break;
	case ACCOUNT_ONE_OF:
		if ((s == first ? get_secret(s, e) : copy_secret(s, first)) < 0)
			return -1;
		if (look_up(s, &s->unready) < 0)
			s->conf.naddr = 0;
		return 0;
	case ACCOUNT_BESIDE:
		got = get_secret(s, &s->unready);
		if (got < 0 || look_up(s, &s->unready) < 0)
			s->conf.naddr = 0;
		return 0;
	}
	return get_secret(s, e) < 0 ? -1 : look_up(s, e);
}

/* --timeout is for the whole, the time for the secret included. */
static void
session_begin(struct account *a)
{
	if (a->timeout > 0 && a->deadline == 0)
		a->deadline = clock_in(a->timeout);
}

static int
session_prepare(struct session *s, struct err *e)
{
	struct account *a = s->account;

	*s = (struct session){ .account = a };
	if (a->login.user != NULL && str_control(str_of(a->login.user)))
		return fail(e, EX_USAGE, "the user name has a control byte");
	if (a->login.authzid != NULL &&
	    (a->login.authzid[0] == '\0' ||
	    str_control(str_of(a->login.authzid))))
		return fail(e, EX_USAGE, "--authzid is a user's name");
	if (a->login.authzid != NULL && !session_wants_login(a))
		return fail(e, EX_USAGE, "--authzid %s, and nobody logs in (-u)",
		    a->login.authzid);
	if (a->way.only4 && a->way.only6)
		return fail(e, EX_USAGE, "-4 and -6: one of them");
	session_begin(a);
	return fill_conf(s, e);
}

static int
ready_sessions(const struct sessions *all, struct err *e)
{
	struct session *const *v = all->v;
	size_t n = all->n, i;
	int got = 0;

	if (v[0]->account->box == NULL)
		got = fail(e, EX_SOFTWARE, "nobody has said what this program reads and writes");
	for (i = 0; i < n && got == 0; i++)
		got = session_prepare(v[i], e);
	/* it needs no TLS, whose memory would be its own for ever */
	if (got == 0)
		got = session_helper(all, e);
	for (i = 0; i < n && got == 0; i++)
		got = fill_tls(v[i], e);
	for (i = 0; i < n && got == 0; i++)
		got = find_it(v[i], v[0], e);
	if (got == 0)
		session_confine(all);
	for (i = 0; i < n && got < 0; i++)
		session_close(v[i]);
	return got;
}

int
session_ready_all(struct session *const *v, size_t n, struct err *e)
{
	return ready_sessions(&(struct sessions){ .v = v, .n = n }, e);
}

int
session_ready_beside(struct session *s, struct account *a, struct err *e)
{
	return ready_sessions(&(struct sessions){ .v = &s, .n = 1,
	    .alone = a }, e);
}

int
session_ready(struct session *s, struct account *a, struct err *e)
{
	struct session *one[] = { s };

	*s = (struct session){ .account = a };
	return session_ready_all(one, 1, e);
}

/* A command's secret may expire, as tokens do. */
static bool
renewed(const struct account *a)
{
	return a->login.token_command != NULL ||
	    a->login.password_command != NULL;
}

static int
renew_secret(struct session *s, struct err *e)
{
	if (s->secret == NULL || !renewed(s->account))
		return 0;
	mem_secret_wipe(s->secret);
	free(s->secret);
	s->secret = NULL;
	return get_secret(s, e);
}

void
session_again(struct session *s)
{
	s->account->deadline = 0;
	session_begin(s->account);
	s->conf.deadline = s->account->deadline;
}

int
session_renew(struct session *s, struct err *e)
{
	session_begin(s->account);
	s->conf.deadline = s->account->deadline;
	/* what no file had before the sandbox none has now */
	if (s->unready.code != 0 && s->secret != NULL && s->secret->n == 0 &&
	    !renewed(s->account))
		return fail(e, s->unready.code, "%s", s->unready.msg);
	if (renew_secret(s, e) < 0 || look_up(s, e) < 0)
		return -1;
	fail_clear(&s->unready);
	return 0;
}

void
session_share(struct session *s, const struct session *of)
{
	*s = (struct session){ .account = of->account, .conf = of->conf,
	    .tls = of->tls, .secret = of->secret, .shared = true };
}

int
session_connect(struct session *s, struct err *e)
{
	session_hang_up(s);
	session_begin(s->account);
	s->conf.deadline = s->within != 0 ? s->within : s->account->deadline;
	if (s->unready.code != 0)
		return fail(e, s->unready.code, "%s", s->unready.msg);
	s->conn = conn_open(&s->conf, e);
	return s->conn != NULL ? 0 : -1;
}

int
session_login(struct session *s, struct sasl_login *l)
{
	const struct account *a = s->account;
	struct tls *t = conn_session(s->conn);

	*l = (struct sasl_login){ .user = a->login.user,
	    .authzid = a->login.authzid, .mechs = a->login.auth,
	    .host = s->conf.host, .port = s->conf.port,
	    .tls = conn_private(s->conn), .client_cert = a->trust.cert != NULL };
	if (t != NULL) {
		l->exporter = (struct str){ (char *)s->exporter,
		    tls_exporter(t, s->exporter) };
		l->endpoint = (struct str){ (char *)s->endpoint,
		    tls_endpoint(t, s->endpoint) };
	}
	if (!conn_private(s->conn))
		return conn_fail(s->conn, EX_NOPERM, conn_encrypted(s->conn) ?
		    "no password is sent to a server that was not verified" :
		    "no password is sent without TLS, except to loopback");
	if (s->secret != NULL && s->secret->n == 0)
		return conn_fail(s->conn, EX_SOFTWARE, "the password was forgotten after the login: there is no other one");
	if (a->login.token_command != NULL)
		l->token = s->secret;
	else
		l->password = s->secret;
	return 0;
}

void
session_hang_up(struct session *s)
{
	conn_close(s->conn);
	s->conn = NULL;
}

void
session_forget(struct session *s)
{
	if (s->secret != NULL && (!s->account->again || renewed(s->account)))
		mem_secret_wipe(s->secret);
	account_forget(s->account);
}

void
session_close(struct session *s)
{
	session_hang_up(s);
	if (!s->shared) {
		tls_ctx_free(s->tls);
		if (s->secret != NULL)
			mem_secret_wipe(s->secret);
		free(s->secret);
	}
	mem_wipe(s->exporter, sizeof s->exporter);
	arena_free(&s->arena);
	*s = (struct session){ 0 };
}

void
session_where(const struct account *a, char *dst, size_t cap)
{
	if (a->server.path != NULL)
		snprintf(dst, cap, "%s", a->server.path);
	else if (a->server.scheme == ACCOUNT_MX)
		snprintf(dst, cap, "mx:");
	else
		snprintf(dst, cap, "%s:%u", a->server.host, a->server.port);
}
