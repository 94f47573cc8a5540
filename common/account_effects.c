/* account_effects.c: options that the others make idle are refused */
#include <string.h>

#include "account.h"

#define NETWORK "source proxy connect-to ipv4 ipv6"
#define SECRET "password-command password-file password-fd netrc token-command"
#define TLS "tls tls-min tls-groups ca crl tls-strict pin cert key key-password-command insecure-no-verify"

/* Of the ways to the secret only the first would be gone. */
static const struct opt_rule rules[] = {
	{ .name = "token-command", .without = "password-command password-file "
	    "password-fd netrc" },
	{ .name = "password-file", .without = "password-command password-fd" },
	{ .name = "password-fd", .without = "password-command" },
	{ .name = "netrc", .without = "password-command password-file "
	    "password-fd" },
	{ .name = "source", .without = "connect-command" },
	{ .name = "proxy", .without = "connect-command" },
	{ .name = "connect-to", .without = "connect-command" },
	{ .name = "ipv4", .without = "connect-command" },
	{ .name = "ipv6", .without = "connect-command" },
	{ .name = NULL }
};

/* The first of these that was given is idle because of what. */
static int
idle(const struct opt_set *set, const char *words, const char *what,
    struct err *e)
{
	struct str list = str_of(words), w;
	char name[64];

	while ((w = str_word(&list)).n > 0 && w.n < sizeof name) {
		memcpy(name, w.p, w.n);
		name[w.n] = '\0';
		if (opt_given(set, name))
			return fail(e, EX_USAGE, "--%s has no effect %s", name,
			    what);
	}
	return 0;
}

/* Opportunistic TLS is for mail servers among themselves, and they have it. */
static bool
mode_odd(const struct account *a)
{
	return a->server.scheme == ACCOUNT_MX ?
	    a->tls == ACCOUNT_TLS_IMPLICIT : a->tls == ACCOUNT_TLS_MAY;
}

int
account_effects(const struct account *a, const struct opt_set *set,
    struct err *e)
{
	/* what several accounts are told need not fit all of them */
	const bool ours = !set->handed_on;
	const struct {
		bool is;
		const char *words, *what;
	} found[] = {
		{ ours && a->has_server && account_here(a->server.scheme),
		    NETWORK " connect-command timeout " TLS " " SECRET " user authzid auth",
		    "where mail is delivered on this machine" },
		{ a->has_server && a->tls == ACCOUNT_TLS_OFF,
		    "pin cert tls-min tls-strict", "without TLS" },
		{ ours && a->server.path != NULL, NETWORK, "on a local socket" },
		{ a->has_server && a->server.scheme == ACCOUNT_MX,
		    SECRET " user authzid auth connect-to connect-command pin "
		    "insecure-no-verify", "with mx:" },
		{ a->has_server && a->server.scheme == ACCOUNT_MX &&
		    a->way.proxy != NULL, "proxy", "with mx:" },
		{ a->trust.cert == NULL && a->trust.key == NULL,
		    "key-password-command", "without --cert or --key" },
		{ a->login.auth != NULL && strcmp(a->login.auth, "off") == 0,
		    SECRET " user authzid", "where nobody logs in (--auth off)" },
	};
	size_t i;

	if (opt_rules(set, rules, e) < 0)
		return -1;
	if (a->has_server && mode_odd(a))
		return fail(e, EX_USAGE, "%s", a->server.scheme == ACCOUNT_MX ?
		    "mx: has --tls may, starttls or off" :
		    "--tls may is for mx: alone: nobody logs in where TLS is a favour");
	for (i = 0; i < sizeof found / sizeof *found; i++)
		if (found[i].is && idle(set, found[i].words, found[i].what,
		    e) < 0)
			return -1;
	return 0;
}

void
account_like(struct account *a, const struct account *other)
{
	struct account_trust *t = &a->trust;

	if (t->ca == NULL)
		t->ca = other->trust.ca;
	if (t->crl == NULL)
		t->crl = other->trust.crl;
	if (t->groups == NULL)
		t->groups = other->trust.groups;
	if (t->min == TLS_ANY)
		t->min = other->trust.min;
	t->strict |= other->trust.strict;
	a->verbose = other->verbose;
	a->timeout = other->timeout;
	a->no_sandbox = other->no_sandbox;
	a->box = other->box;
	a->way.only4 |= other->way.only4;
	a->way.only6 |= other->way.only6;
}
