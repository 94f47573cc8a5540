/* server.c: the servers of accounts: targets, and where to log in */
#include <stdlib.h>
#include <string.h>

#include "account_file.h"
#include "server.h"
#include "session.h"

static void
server_drop(struct server *s)
{
	account_wipe(&s->account);
	free(s->url);
	free(s);
}

/* What portprobe's own options say counts for the login, too. */
static void
take_settings(struct account *a, const struct settings *o)
{
	if (o->login.user != NULL)
		a->login.user = o->login.user;
	if (o->login.auth != NULL)
		a->login.auth = o->login.auth;
	if (o->login.password_command != NULL)
		a->login.password_command = o->login.password_command;
	if (o->login.password_file != NULL)
		a->login.password_file = o->login.password_file;
	if (o->tls.ca != NULL)
		a->trust.ca = o->tls.ca;
	if (o->tls.crl != NULL)
		a->trust.crl = o->tls.crl;
	a->trust.strict |= o->tls.strict;
	a->way.only4 |= o->scope.four;
	a->way.only6 |= o->scope.six;
	a->no_sandbox |= o->limit.no_sandbox;
	a->timeout = o->scope.timeout;
}

static char *
server_url(const struct account_server *s)
{
	struct str scheme = account_scheme_name(s->scheme);
	bool six = strchr(s->host, ':') != NULL;
	struct buf b = { .max = 600 };
	char *url;

	buf_printf(&b, "%.*s://%s%s%s:%u", STR_ARG(scheme), six ? "[" : "",
	    s->host, six ? "]" : "", s->port);
	url = mem_dup(b.p);
	buf_free(&b);
	return url;
}

/* An account's server of these protocols; *got: there is one. */
static int
server_add(struct settings *o, const char *name, const char *url,
    const char *protocols, bool *got, struct err *e)
{
	struct server *s = mem_new(1, sizeof *s), **q;
	struct account *a = &s->account;
	struct opt_set set = { .tables = { account_options(a) },
	    .arena = &a->arena };

	a->config = o->login.config;
	a->name = name;
	a->url = url;
	if (account_load(a, &set, protocols, NULL, e) < 0) {
		server_drop(s);
		return -1;
	}
	*got = a->has_server && a->server.host != NULL;
	if (!*got) {
		server_drop(s);
		return 0;
	}
	take_settings(a, o);
	s->url = server_url(&a->server);
	for (q = &o->login.servers; *q != NULL; q = &(*q)->next)
		;
	*q = s;
	return 0;
}

static int
one_account(struct settings *o, const char *name, struct err *e)
{
	static const char *const protocols[] = { "smtp lmtp", "imap",
	    "pop3" };
	bool got, any = false;
	size_t i;

	for (i = 0; i < sizeof protocols / sizeof *protocols; i++) {
		if (server_add(o, name, NULL, protocols[i], &got, e) < 0)
			return -1;
		any |= got;
	}
	if (!any)
		return fail(e, EX_CONFIG, "account %s has no server", name);
	return 0;
}

static int
all_accounts(struct settings *o, struct arena *mem, struct err *e)
{
	struct account a = { .config = o->login.config };
	struct opt_list names = { 0 };
	size_t i;
	int got;

	got = account_sections(&a, "account", &names, e);
	for (i = 0; i < names.n; i++)
		names.v[i] = arena_dup(mem, str_of(names.v[i]));
	for (i = 0; got == 0 && i < names.n; i++)
		got = one_account(o, names.v[i], e);
	account_wipe(&a);
	return got;
}

/*
 * Servers are judged by whom their account trusts, as its login is; but what
 * one account trusts is nothing to another, so all of them must agree.
 */
static const char *
common_ca(const struct server *s)
{
	const char *ca = s->account.trust.ca;

	for (; s != NULL; s = s->next)
		if (!str_eq(str_of(s->account.trust.ca), str_of(ca)))
			return NULL;
	return ca;
}

static void
add_operands(struct settings *o, struct arena *mem)
{
	const struct server *s;
	size_t i;

	for (s = o->login.servers; s != NULL; s = s->next) {
		for (i = 0; i < o->operands.n; i++)
			if (strcmp(o->operands.v[i], s->url) == 0)
				break;
		if (i == o->operands.n)
			opt_list_add(mem, &o->operands, arena_dup(mem,
			    str_of(s->url)));
	}
}

/* A secret goes only to a server that the user has named himself. */
static int
one_operand(struct settings *o, struct err *e)
{
	bool got;

	if (o->operands.n != 1 || o->limit.list)
		return fail(e, EX_USAGE, "--login is for -A, -a, or one target");
	if (strstr(o->operands.v[0], "://") == NULL)
		return fail(e, EX_USAGE, "--login wants a URL: imaps://USER@HOST");
	if (server_add(o, NULL, o->operands.v[0], "imap pop3 smtp lmtp", &got,
	    e) < 0)
		return -1;
	return got ? 0 : fail(e, EX_USAGE, "--login: %s names no server",
	    o->operands.v[0]);
}

int
server_load(struct settings *o, struct arena *mem, struct err *e)
{
	bool accounts = o->login.account != NULL || o->login.all;
	const struct server *s;

	if (o->login.on && o->want.no_verify)
		return fail(e, EX_USAGE, "--login: no password is sent to a server that was not verified (--no-verify)");
	if (o->login.on && accounts && o->operands.n > 0)
		return fail(e, EX_USAGE, "--login is for -A, -a, or one target");
	if (o->login.account != NULL &&
	    one_account(o, o->login.account, e) < 0)
		return -1;
	if (o->login.all && all_accounts(o, mem, e) < 0)
		return -1;
	if (o->login.on && !accounts && one_operand(o, e) < 0)
		return -1;
	for (s = o->login.servers; o->login.on && s != NULL; s = s->next)
		if (!session_wants_login(&s->account))
			return fail(e, EX_USAGE, "%s: log in as whom? -u USER, or a user in the account",
			    s->url);
	if (accounts && o->tls.ca == NULL && o->login.servers != NULL)
		o->tls.ca = common_ca(o->login.servers);
	if (accounts)
		add_operands(o, mem);
	return 0;
}

const char *
server_configuration(struct arena *mem, const char *given)
{
	struct account a = { .config = given };
	const char *path = account_path(&a), *copy = NULL;

	if (path != NULL)
		copy = arena_dup(mem, str_of(path));
	account_wipe(&a);
	return copy;
}

/* Is it a report of where the login went, or will there be no other? */
static bool
went_to(const struct settings *o, const struct server *s, const char *ip)
{
	return o->scope.first || s->login.ip[0] == '\0' ||
	    str_eq(str_of(ip), str_of(s->login.ip));
}

const struct server *
server_find(const struct settings *o, const char *host, unsigned port,
    const char *ip)
{
	struct server *s;

	for (s = o->login.servers; s != NULL; s = s->next)
		if (s->login.tried && port == s->account.server.port &&
		    str_is(str_of(host), s->account.server.host) &&
		    went_to(o, s, ip)) {
			s->told = true;
			return s;
		}
	return NULL;
}

const struct server *
server_untold(const struct settings *o)
{
	const struct server *s;

	for (s = o->login.servers; s != NULL; s = s->next)
		if (s->login.tried && !s->told && s->login.status != 0)
			return s;
	return NULL;
}

void
server_forget(struct settings *o)
{
	struct server *s;

	for (s = o->login.servers; s != NULL; s = s->next)
		account_forget(&s->account);
}

void
server_free(struct settings *o)
{
	struct server *s = o->login.servers, *next;

	o->login.servers = NULL;
	for (; s != NULL; s = next) {
		next = s->next;
		server_drop(s);
	}
}
