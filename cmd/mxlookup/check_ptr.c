/*
 * check_ptr.c: do the addresses have names, and do those names have them?
 *
 * Of the mail hosts, or of the address that was given.  Big receivers refuse
 * mail from addresses without a confirmed name (FCrDNS).  A domain without MX
 * is a web server first: that it has no name deserves a hint, and nothing at all
 * where SPF says that the domain sends no mail.
 */
#include <string.h>

#include "checks.h"
#include "json.h"
#include "show.h"
#include "spf.h"
#include "task.h"

enum { ADDRESSES = 64, NAMES = 10 };

struct address {
	struct str ip;
	const char *host;		/* whose it is; NULL: the operand */
	const struct dns_answer *ptr;
	bool good[NAMES];		/* the name has the address */
	size_t n;
	bool confirmed, temp;
};

struct ptr_facts {
	struct address *address;
	size_t n;
	bool more;			/* addresses than are looked at */
	bool implicit;			/* they are the domain's own: no MX */
};

static const struct finding_kind findings[] = {
	{ "PTR_NONE", FINDING_WARN, "RFC1912#2.1",
	    "The address has no name (PTR): many receivers refuse mail from it." },
	{ "PTR_UNCONFIRMED", FINDING_WARN, "RFC1912#2.1",
	    "None of the names of the address leads back to it: many receivers refuse mail from it." },
	{ "PTR_MANY", FINDING_HINT, "RFC1912#2.1",
	    "The address has several names; receivers look at one of them, or at the first ten." },
	{ "PTR_LIMIT", FINDING_WARN, "RFC1912#2.1",
	    "Not all was looked at: of the mail hosts the first 64 addresses, of an address the first ten names, as receivers do." },
	{ .id = NULL }
};

static void
ptr_add(struct ptr_facts *r, const char *host, struct str ip)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->more || str_eq(r->address[i].ip, ip))
			return;
	r->more = r->n == ADDRESSES;
	if (!r->more)
		r->address[r->n++] = (struct address){ .ip = ip,
		    .host = host };
}

static void
ptr_collect(struct task *t, struct ptr_facts *r)
{
	const struct mx_host *h;
	unsigned k;

	if (t->kind == IN_ADDRESS)
		ptr_add(r, NULL, t->addr);
	for (h = t->mx.host; h < t->mx.host + t->mx.n; h++) {
		for (k = 0; h->a != NULL && k < h->a->n; k++)
			ptr_add(r, h->name, h->a->rr[k].data);
		for (k = 0; h->aaaa != NULL && k < h->aaaa->n; k++)
			ptr_add(r, h->name, h->aaaa->rr[k].data);
	}
}

static bool
ptr_has(const struct dns_answer *a, struct str ip)
{
	unsigned i;

	for (i = 0; i < a->n; i++)
		if (str_eq(a->rr[i].data, ip))
			return true;
	return false;
}

/* False: answers are missing. */
static bool
ptr_look(struct task *t, struct address *d)
{
	char name[DNS_NAMELEN];
	const struct dns_answer *a;
	bool all = true;

	dns_reverse(d->ip, name);
	d->ptr = ask_dns(&t->ask, name, DNS_PTR);
	if (d->ptr == NULL)
		return false;
	d->temp = dns_temporary(d->ptr->status);
	for (; d->n < d->ptr->n && d->n < NAMES; d->n++) {
		a = ask_dns(&t->ask, d->ptr->rr[d->n].name,
		    d->ip.n == 4 ? DNS_A : DNS_AAAA);
		if (a == NULL) {
			all = false;
			continue;
		}
		d->good[d->n] = ptr_has(a, d->ip);
		d->confirmed = d->confirmed || d->good[d->n];
		d->temp = d->temp || dns_temporary(a->status);
	}
	return all;
}

static void
judge_ptr(struct task *t, const struct address *d, bool implicit)
{
	struct finding *f = NULL;
	char ip[46], reverse[DNS_NAMELEN];

	dns_addr(d->ip, ip, sizeof ip);
	if (dns_absent(d->ptr->status))
		f = task_find(t, "PTR_NONE", ip, "no name%s%s",
		    d->host != NULL ? ", it is an address of " : "",
		    d->host != NULL ? d->host : "");
	else if (d->n < d->ptr->n && !d->confirmed)
		task_limit(t, "PTR_LIMIT", ip, "none of the first %zu of %u names has this address",
		    d->n, d->ptr->n);
	else if (d->n > 0 && !d->confirmed && !d->temp)
		f = task_find(t, "PTR_UNCONFIRMED", ip, "its name %s does not have this address",
		    d->ptr->rr[0].name);
	if (f != NULL && d->host != NULL && dns_absent(d->ptr->status)) {
		dns_reverse(d->ip, reverse);
		task_fix(t, f, reverse, DNS_PTR, (struct str){ d->host,
		    strlen(d->host) + 1 });
	}
	if (f != NULL && implicit)
		f->sev = FINDING_HINT;
	if (d->ptr->n > 1)
		task_find(t, "PTR_MANY", ip, "%u names", d->ptr->n);
}

/* Is there any mail that comes from there?  False: answers are missing. */
static bool
sends(struct task *t, struct ptr_facts *r, bool *none)
{
	const struct dns_answer *txt;

	r->implicit = t->kind != IN_ADDRESS && t->mx.route == MX_IMPLICIT;
	if (!r->implicit)
		return true;
	txt = ask_dns(&t->ask, t->domain, DNS_TXT);
	*none = txt != NULL && spf_forbids(t->mem, txt);
	return txt != NULL;
}

static bool
run_ptr(struct task *t)
{
	struct ptr_facts *r = arena_new(t->mem, 1, sizeof *r);
	bool all = true, none = false;
	size_t i;

	if (!sends(t, r, &none))
		return false;
	r->address = arena_new(t->mem, ADDRESSES, sizeof *r->address);
	if (!none)
		ptr_collect(t, r);
	for (i = 0; i < r->n; i++)
		if (!ptr_look(t, &r->address[i]))
			all = false;
	if (!all)
		return false;
	t->result[CHECK_PTR] = r;
	for (i = 0; i < r->n; i++)
		judge_ptr(t, &r->address[i], r->implicit);
	if (r->more)
		task_limit(t, "PTR_LIMIT", NULL, "only the first %zu addresses of the hosts were looked at",
		    r->n);
	return true;
}

static void
json_address(struct json *j, const struct address *d)
{
	char ip[46];
	size_t i;

	dns_addr(d->ip, ip, sizeof ip);
	json_open(j, NULL, '{');
	json_s(j, "ip", ip);
	json_s(j, "host", d->host);
	show_answer(j, d->ptr);
	json_open(j, "names", '[');
	for (i = 0; i < d->n; i++)
		json_s(j, NULL, d->ptr->rr[i].name);
	json_close(j, ']');
	/* Not false when it is only not known. */
	if (!d->confirmed && (d->temp || d->n < d->ptr->n))
		json_null(j, "fcrdns");
	else
		json_bool(j, "fcrdns", d->confirmed);
	json_close(j, '}');
}

static void
json_ptr(const struct task *t, struct json *j, const char *key)
{
	const struct ptr_facts *r = t->result[CHECK_PTR];
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < r->n; i++)
		json_address(j, &r->address[i]);
	json_close(j, ']');
}

static void
text_ptr(const struct task *t, struct buf *b)
{
	const struct ptr_facts *r = t->result[CHECK_PTR];
	const struct address *d;
	char ip[46];
	size_t i;

	for (d = r->address; d < r->address + r->n; d++) {
		dns_addr(d->ip, ip, sizeof ip);
		buf_printf(b, "  PTR    %s", ip);
		for (i = 0; i < d->n; i++) {
			buf_c(b, ' ');
			show_safe(b, str_of(d->ptr->rr[i].name));
			buf_s(b, d->good[i] ? "" : "(unconfirmed)");
		}
		if (d->n == 0) {
			buf_c(b, ' ');
			show_status(b, d->ptr);
		}
		buf_c(b, '\n');
	}
}

const struct check check_ptr = {
	.name = "ptr", .about = "names of the addresses, confirmed (FCrDNS)",
	.needs = CHECK_BIT(CHECK_MX) | CHECK_BIT(CHECK_ADDR),
	.addresses = true,
	.run = run_ptr, .json = json_ptr, .text = text_ptr,
	.findings = findings,
};
