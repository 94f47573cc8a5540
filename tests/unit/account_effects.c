/* account_effects.c: what an account takes over from another one */
#include <string.h>

#include "account.h"
#include "tap.h"

/* What it says itself stays; the rest is the other's. */
static void
like(void)
{
	struct account other = { .verbose = 2, .timeout = 7, .no_sandbox = true,
	    .trust = { .ca = "ca", .crl = "crl", .groups = "g",
	    .min = TLS_1_3, .strict = true },
	    .way = { .only4 = true } };
	struct account a = { .timeout = 30 }, b = a;

	account_like(&a, &other);
	is_str(a.trust.ca, "ca", "--ca");
	is_str(a.trust.crl, "crl", "--crl");
	is_str(a.trust.groups, "g", "--tls-groups");
	is_int((int)a.trust.min, TLS_1_3, "--tls-min");
	ok(a.trust.strict, "--tls-strict");
	is_int(a.verbose, 2, "-v");
	ok(a.timeout == 7, "--timeout");
	ok(a.no_sandbox, "--no-sandbox");
	ok(a.way.only4 && !a.way.only6, "--ipv4");
	b.trust.ca = "mine";
	b.trust.crl = "mine";
	b.trust.groups = "mine";
	b.trust.min = TLS_1_2;
	b.trust.strict = true;
	b.way.only6 = true;
	other.trust.strict = other.way.only4 = false;
	account_like(&b, &other);
	is_str(b.trust.ca, "mine", "its own --ca");
	is_str(b.trust.crl, "mine", "its own --crl");
	is_str(b.trust.groups, "mine", "its own --tls-groups");
	is_int((int)b.trust.min, TLS_1_2, "its own --tls-min");
	ok(b.trust.strict, "its own --tls-strict");
	ok(b.way.only6, "its own --ipv6");
}

int
main(void)
{
	like();
	return done();
}
