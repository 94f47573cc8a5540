/*
 * check_dkim.c: DKIM keys by selector (RFC 6376)
 *
 * The DNS has no list of selectors.  Keys are looked up for those that were
 * given, and for those that the big providers use where the MX says that it
 * is one.  A guess that finds nothing proves nothing; only NXDOMAIN of
 * _domainkey.DOMAIN does: then there is nothing below it (RFC 8020).
 */
#include <string.h>

#include "checks.h"
#include "dkim.h"
#include "json.h"
#include "show.h"
#include "task.h"

enum { SELECTORS = 32 };

struct key {
	const char *selector;
	bool given;			/* not guessed */
	const struct dns_answer *answer;
	struct str record;
	struct dkim_key key;
	bool valid;
};

struct dkim_facts {
	const struct dns_answer *top;	/* _domainkey.DOMAIN */
	struct key key[SELECTORS];
	size_t n;
	size_t found;
};

static struct opt_list given;		/* --dkim */

static const struct {
	const char *mx, *selectors;
} providers[] = {
	{ "google.com", "google" },
	{ "googlemail.com", "google" },
	{ "mail.protection.outlook.com", "selector1,selector2" },
	{ "mx.microsoft", "selector1,selector2" },
	{ "messagingengine.com", "fm1,fm2,fm3" },
	{ "protonmail.ch", "protonmail,protonmail2,protonmail3" },
	{ "mailbox.org", "mbo0001,mbo0002" },
	{ "zoho.com", "zoho,zmail" },
	{ "migadu.com", "key1,key2,key3" },
	{ "mail.icloud.com", "sig1" },
	{ "mx.cloudflare.net", "cf2024-1" },
};

static const struct finding_kind findings[] = {
	{ "DKIM_NO_KEY", FINDING_ERROR, "RFC6376#3.6.2",
	    "There is no key at the selector that was asked for: signatures with it do not verify." },
	{ "DKIM_NONE", FINDING_HINT, "RFC6376#3.6.2",
	    "The domain takes mail, and nothing is below its _domainkey: there is no key, so its mail cannot be signed in its name." },
	{ "DKIM_SYNTAX", FINDING_ERROR, "RFC6376#3.6.1",
	    "The record is no usable key: signatures with it do not verify." },
	{ "DKIM_MANY", FINDING_ERROR, "RFC6376#3.6.2.2",
	    "There is more than one TXT record at the selector: which one is used is undefined." },
	{ "DKIM_REVOKED", FINDING_HINT, "RFC6376#3.6.1",
	    "p= is empty: the key is revoked. That is right if nothing signs with it any more." },
	{ "DKIM_BROKEN_KEY", FINDING_ERROR, "RFC8301#3.2",
	    "RSA keys of less than 1024 bits must not be accepted." },
	{ "DKIM_WEAK_KEY", FINDING_WARN, "RFC8301#3.2",
	    "RSA keys should have 2048 bits or more." },
	{ "DKIM_SHA1", FINDING_ERROR, "RFC8301#3.1",
	    "h= does not allow sha256, and nobody takes sha1 any more." },
	{ "DKIM_TEST", FINDING_HINT, "RFC6376#3.6.1",
	    "t=y: the domain is testing, receivers may treat its mail as unsigned." },
	{ .id = NULL }
};

static void
want(struct task *t, struct dkim_facts *r, struct str list, bool asked)
{
	struct str one;
	const char *s;
	size_t i;

	while (list.p != NULL && r->n < SELECTORS) {
		one = str_trim(str_cut(&list, ','));
		s = arena_dup(t->mem, one);
		for (i = 0; i < r->n && strcasecmp(r->key[i].selector, s) != 0;
		    i++)
			;
		if (i == r->n && dkim_selector(s))
			r->key[r->n++] = (struct key){ .selector = s,
			    .given = asked };
	}
}

static void
choose(struct task *t, struct dkim_facts *r)
{
	size_t i, k;

	for (i = 0; i < given.n; i++)
		want(t, r, str_of(given.v[i]), true);
	if (given.n > 0)
		return;
	for (i = 0; i < t->mx.n; i++)
		for (k = 0; k < sizeof providers / sizeof *providers; k++)
			if (dns_within(t->mx.host[i].name,
			    providers[k].mx))
				want(t, r, str_of(providers[k].selectors),
				    false);
}

static void
judge_key(struct task *t, const struct key *k, const char *at)
{
	if (!k->valid)
		task_find(t, "DKIM_SYNTAX", at, "\"%.*s\": %s",
		    STR_ARG(str_to(k->record, 600)), k->key.why);
	else if (k->key.revoked)
		task_find(t, "DKIM_REVOKED", at, "the key is revoked");
	else if (str_is(k->key.type, "rsa") && k->key.bits < 1024)
		task_find(t, "DKIM_BROKEN_KEY", at, "RSA, %u bits",
		    k->key.bits);
	else if (str_is(k->key.type, "rsa") && k->key.bits < 2048)
		task_find(t, "DKIM_WEAK_KEY", at, "RSA, %u bits",
		    k->key.bits);
	if (k->key.not_email)
		task_find(t, "DKIM_SYNTAX", at, "s= does not allow email");
	if (k->key.sha1_only)
		task_find(t, "DKIM_SHA1", at, "h= lacks sha256");
	if (k->key.testing)
		task_find(t, "DKIM_TEST", at, "t=y");
}

static void
judge_dkim(struct task *t, struct dkim_facts *r, struct key *k)
{
	const char *at = arena_printf(t->mem, "%s._domainkey.%s",
	    k->selector, t->domain);

	if (dns_absent(k->answer->status) && k->given)
		task_find(t, "DKIM_NO_KEY", at, "%s",
		    dns_status(k->answer->status));
	if (k->answer->status != DNS_OK || k->answer->n == 0)
		return;
	r->found++;
	k->record = k->answer->rr[0].data;
	if (k->answer->n > 1)
		task_find(t, "DKIM_MANY", at, "%u TXT records", k->answer->n);
	k->valid = dkim_parse(k->record, &k->key) == 0;
	judge_key(t, k, at);
}

static bool
run_dkim(struct task *t)
{
	struct dkim_facts *r = arena_new(t->mem, 1, sizeof *r);
	bool all;
	size_t i;

	choose(t, r);
	r->top = ask_dnsf(&t->ask, DNS_TXT, "_domainkey.%s", t->domain);
	all = r->top != NULL;
	for (i = 0; i < r->n; i++) {
		r->key[i].answer = ask_dnsf(&t->ask, DNS_TXT,
		    "%s._domainkey.%s", r->key[i].selector, t->domain);
		all = all && r->key[i].answer != NULL;
	}
	if (!all)
		return false;
	for (i = 0; i < r->n; i++)
		judge_dkim(t, r, &r->key[i]);
	if (r->top->status == DNS_NXDOMAIN && t->mx.route == MX_HOSTS &&
	    given.n == 0)
		task_find(t, "DKIM_NONE", NULL, "nothing below _domainkey.%s",
		    t->domain);
	t->result[CHECK_DKIM] = r;
	return true;
}

/* One word about keys in general. */
static const char *
summary(const struct dkim_facts *r)
{
	if (r->found > 0)
		return "found";
	if (r->top->status == DNS_NXDOMAIN)
		return "none";
	return dns_temporary(r->top->status) ? "temp" : "unconfirmed";
}

static void
json_key(struct json *j, const struct key *k)
{
	unsigned i;

	json_open(j, NULL, '{');
	json_s(j, "selector", k->selector);
	json_bool(j, "guessed", !k->given);
	show_answer(j, k->answer);
	json_open(j, "records", '[');
	for (i = 0; i < k->answer->n; i++)
		json_str(j, NULL, k->answer->rr[i].data);
	json_close(j, ']');
	if (k->record.p != NULL) {
		json_str(j, "record", k->record);
		json_bool(j, "valid", k->valid);
		json_str(j, "type", k->key.type);
		json_int(j, "bits", k->key.bits);
		json_bool(j, "revoked", k->key.revoked);
		json_bool(j, "testing", k->key.testing);
		json_s(j, "error", k->key.why);
	}
	json_close(j, '}');
}

static void
json_dkim(const struct task *t, struct json *j, const char *key)
{
	const struct dkim_facts *r = t->result[CHECK_DKIM];
	size_t i;

	json_open(j, key, '{');
	json_s(j, "keys", summary(r));
	json_open(j, "selectors", '[');
	for (i = 0; i < r->n; i++)
		if (r->key[i].given || r->key[i].record.p != NULL)
			json_key(j, &r->key[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void
text_key(struct buf *b, const struct key *k)
{
	unsigned i;

	buf_printf(b, "  DKIM   %s: ", k->selector);
	if (k->record.p == NULL) {
		show_status(b, k->answer);
	} else if (!k->valid) {
		buf_printf(b, "%s: ", k->key.why);
		show_safe(b, k->record);
	} else if (k->key.revoked) {
		buf_s(b, "revoked");
	} else {
		show_safe(b, k->key.type);
		buf_printf(b, " %u bits%s%s", k->key.bits,
		    k->key.testing ? " testing" : "",
		    k->given ? "" : " (guessed selector)");
	}
	buf_c(b, '\n');
	for (i = 0; k->answer->n > 1 && i < k->answer->n; i++) {
		buf_s(b, "         ");
		show_safe(b, k->answer->rr[i].data);
		buf_c(b, '\n');
	}
}

static void
text_dkim(const struct task *t, struct buf *b)
{
	const struct dkim_facts *r = t->result[CHECK_DKIM];
	size_t i;
	bool any = false;

	for (i = 0; i < r->n; i++)
		if (r->key[i].given || r->key[i].record.p != NULL) {
			text_key(b, &r->key[i]);
			any = true;
		}
	if (any)
		return;
	buf_s(b, "  DKIM   ");
	if (dns_temporary(r->top->status))
		show_status(b, r->top);
	else
		buf_s(b, r->top->status == DNS_NXDOMAIN ?
		    "none (nothing below _domainkey)" :
		    "unconfirmed (give selectors with --dkim)");
	buf_c(b, '\n');
}

static int
init_dkim(struct run *r, struct err *e)
{
	struct str list, one;
	char name[128];
	size_t i, n = 0;

	(void)r;
	for (i = 0; i < given.n; i++) {
		list = str_of(given.v[i]);
		while (list.p != NULL) {
			if (++n > SELECTORS)
				return fail(e, EX_USAGE, "--dkim: more than %d selectors",
				    SELECTORS);
			one = str_trim(str_cut(&list, ','));
			if (one.n == 0 || one.n >= sizeof name)
				return fail(e, EX_USAGE, "--dkim: no selector");
			str_copy(name, one);
			name[one.n] = '\0';
			if (!dkim_selector(name))
				return fail(e, EX_USAGE, "--dkim: \"%s\" is no selector",
				    name);
		}
	}
	return 0;
}

static const struct opt options[] = {
	{ .name = "dkim", .arg = "SELECTOR[,...]", .kind = OPT_LIST,
	    .to = &given, .help = "-C dkim, with these keys",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

const struct check check_dkim = {
	.name = "dkim", .about = "DKIM keys by selector (RFC 6376)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_dkim, .json = json_dkim, .text = text_dkim,
	.findings = findings, .options = options, .init = init_dkim,
};
