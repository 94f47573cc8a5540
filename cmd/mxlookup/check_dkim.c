/*
 * check_dkim.c: DKIM keys by selector (RFC 6376)
 *
 * The DNS has no list of selectors.  Keys are looked up for those that were
 * given, and for those that the big providers use where the MX says that it
 * is one.  A guess that finds nothing proves nothing; only NXDOMAIN of
 * _domainkey.DOMAIN does: then there is nothing below it (RFC 8020).
 */
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "dkim.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "near.h"
#include "show.h"
#include "table.h"
#include "task.h"

enum { PLACES = 4 };

struct key {
	const char *selector;
	const struct dns_answer *other[PLACES];	/* if nothing is here */
	bool given;			/* not guessed */
	const struct dns_answer *answer;
	struct str record;
	struct dkim_key key;
	bool valid;
};

struct dkim_facts {
	const struct dns_answer *top;	/* _domainkey.DOMAIN */
	struct key *key;
	size_t n;
	size_t found;
};

/* --dkim and --dkim-file, and what they come to: each selector once. */
static struct {
	struct opt_list given;
	const char *file;
	struct arena arena;
	struct selector {
		const char *name;
		bool given;		/* one of the file is only tried */
	} *v;
	size_t n, cap;
	struct table by_name;
} o;

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

/* Each provider is taken once, and has at most three. */
enum { PROVIDERS = sizeof providers / sizeof *providers,
    GUESSES = 3 * PROVIDERS };

static const struct finding_kind findings[] = {
	{ "DKIM_NO_KEY", FINDING_ERROR, "RFC6376#3.6.2",
	    "There is no key at the selector that was asked for: signatures with it do not verify." },
	{ "DKIM_MISPLACED", FINDING_WARN, "RFC6376#3.6.2.1",
	    "There is no key at the selector, and one stands where nobody looks: it belongs to SELECTOR._domainkey.DOMAIN." },
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

/* Those of a provider, GUESSES at most. */
static void
guess(struct task *t, struct dkim_facts *r, struct str list)
{
	struct str one;
	const char *s;
	size_t i;

	while (list.p != NULL) {
		one = str_cut(&list, ',');
		s = arena_dup(t->mem, one);
		for (i = 0; i < r->n && strcmp(r->key[i].selector, s) != 0; i++)
			;
		if (i == r->n)
			r->key[r->n++] = (struct key){ .selector = s };
	}
}

static void
choose(struct task *t, struct dkim_facts *r)
{
	size_t i, k;

	r->key = arena_new(t->mem, o.n > 0 ? o.n : GUESSES, sizeof *r->key);
	for (r->n = 0; r->n < o.n; r->n++)
		r->key[r->n] = (struct key){ .selector = o.v[r->n].name,
		    .given = o.v[r->n].given };
	if (o.n > 0)
		return;
	for (k = 0; k < PROVIDERS; k++)
		for (i = 0; i < t->mx.n; i++)
			if (dns_within(t->mx.host[i].name, providers[k].mx)) {
				guess(t, r, str_of(providers[k].selectors));
				break;
			}
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

/* Answers of the places where the key may be instead; false: not all there. */
static bool
look_elsewhere(struct task *t, struct key *k)
{
	static const char *const behind[PLACES] = { "", ".domainkey",
	    "._domainkeys", "._domainkey" };
	bool all = true;
	size_t i;

	if (!k->given || !dns_absent(k->answer->status))
		return true;
	for (i = 0; i < PLACES; i++) {
		k->other[i] = near_ask(t, &(struct near_place){
		    arena_printf(t->mem, "%s%s", k->selector, behind[i]),
		    i == PLACES - 1 });
		all = all && k->other[i] != NULL;
	}
	return all;
}

static void
judge_elsewhere(struct task *t, const struct key *k, const char *at)
{
	const struct dns_answer *a;
	struct dkim_key key;
	struct finding *f;
	unsigned i, n;

	for (i = 0; i < PLACES; i++) {
		a = k->other[i];
		for (n = 0; a != NULL && n < a->n; n++) {
			if (dkim_parse(a->rr[n].data, &key) != 0)
				continue;
			f = task_find(t, "DKIM_MISPLACED", a->name,
			    "\"%.*s\" stands at %s, not at %s",
			    STR_ARG(str_to(a->rr[n].data, 600)), a->name, at);
			/* two keys at one selector are an error */
			if (!task_fixed(t, at, DNS_TXT))
				task_fix(t, f, at, DNS_TXT, a->rr[n].data);
		}
	}
}

static void
judge_no_key(struct task *t, const struct key *k, const char *at)
{
	if (k->answer->ncname > 0)
		task_find(t, "DKIM_NO_KEY", at, "it is an alias of %s, where there is none (%s)",
		    dns_owner(k->answer), dns_status(k->answer->status));
	else
		task_find(t, "DKIM_NO_KEY", at, "%s",
		    dns_status(k->answer->status));
	judge_elsewhere(t, k, at);
}

static void
judge_dkim(struct task *t, struct dkim_facts *r, struct key *k)
{
	const char *at = arena_printf(t->mem, "%s._domainkey.%s",
	    k->selector, t->domain);

	if (dns_absent(k->answer->status) && k->given)
		judge_no_key(t, k, at);
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
		all = look_elsewhere(t, &r->key[i]) && all;
	if (!all)
		return false;
	for (i = 0; i < r->n; i++)
		judge_dkim(t, r, &r->key[i]);
	if (r->top->status == DNS_NXDOMAIN && t->mx.route == MX_HOSTS &&
	    o.n == 0)
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

static struct str
selector_name(const void *of, size_t at)
{
	(void)of;
	return str_of(o.v[at].name);
}

static int
selector_add(struct str s, bool given, struct err *e)
{
	const char *name = arena_dup(&o.arena, s);
	size_t at = table_text(&o.by_name, NULL, s);

	if (s.n >= DNS_NAMELEN || !dkim_selector(name))
		return fail(e, EX_USAGE, "\"%.*s\" is no selector",
		    STR_ARG(str_to(s, 100)));
	if (at != TABLE_NONE) {
		o.v[at].given |= given;
		return 0;
	}
	if (o.n == o.cap) {
		o.cap = o.cap > 0 ? 2 * o.cap : 16;
		o.v = mem_grow(o.v, o.cap, sizeof *o.v);
	}
	o.v[o.n] = (struct selector){ name, given };
	table_add(&o.by_name, NULL, o.n++);
	return 0;
}

/* One on each line; "#" begins a comment. */
static int
selector_file(const char *path, struct err *e)
{
	struct buf text = { .max = 1 << 20 };
	int fd = file_open(path, e), got, n = 0;
	struct str rest, line;

	if (fd < 0)
		return -1;
	got = file_slurp(fd, &text, e);
	close(fd);
	for (rest = BUF_STR(text); got == 0 && rest.p != NULL; n++) {
		line = str_cut(&rest, '\n');
		line = str_trim(str_cut(&line, '#'));
		if (line.n > 0 && selector_add(line, false, e) < 0)
			got = fail_in(e, "--dkim-file: %s:%d", path, n + 1);
	}
	buf_free(&text);
	return got;
}

static int
init_dkim(struct run *r, struct err *e)
{
	struct str list;
	size_t i;

	(void)r;
	o.by_name.text = selector_name;
	o.by_name.fold = true;
	for (i = 0; i < o.given.n; i++) {
		list = str_of(o.given.v[i]);
		do
			if (selector_add(str_trim(str_cut(&list, ',')), true,
			    e) < 0)
				return fail_in(e, "--dkim");
		while (list.p != NULL);
	}
	return o.file != NULL ? selector_file(o.file, e) : 0;
}

static const struct opt options[] = {
	{ .name = "dkim", .arg = "SELECTOR[,...]", .kind = OPT_LIST,
	    .to = &o.given, .help = "-C dkim, with these keys",
	    .flags = OPT_NOCONF },
	{ .name = "dkim-file", .arg = "FILE", .kind = OPT_TEXT, .to = &o.file,
	    .help = "-C dkim, and try these selectors, one a line",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = NULL }
};

const struct check check_dkim = {
	.name = "dkim", .about = "DKIM keys by selector (RFC 6376)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_dkim, .json = json_dkim, .text = text_dkim,
	.findings = findings, .options = options, .init = init_dkim,
};
