/* show_text.c: a task for people: aligned, greppable, the domain first */
#include <string.h>

#include "route.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "task.h"

enum { SAFE = 16384 };

const char *
show_severity(enum finding_sev s)
{
	static const char *const names[] = { [FINDING_HINT] = "hint",
	    [FINDING_WARN] = "warn", [FINDING_ERROR] = "error" };

	return names[s];
}

void
show_safe(struct buf *b, struct str s)
{
	char text[SAFE];

	str_escape(text, sizeof text, s);
	buf_s(b, text);
}

static void
safe(struct buf *b, const char *s)
{
	show_safe(b, str_of(s));
}

static void
show_pair(struct buf *b, const char *words, const char *stranger)
{
	buf_s(b, words);
	safe(b, stranger);
}

void
show_status(struct buf *b, const struct dns_answer *a)
{
	buf_s(b, dns_status(a->status));
	if (a->ede < 0 && a->why == NULL)
		return;
	buf_s(b, " (");
	if (a->ede >= 0) {
		buf_printf(b, "EDE %d", a->ede);
		if (a->ede_text.n > 0)
			buf_s(b, ": ");
		show_safe(b, a->ede_text);
		if (a->why != NULL)
			buf_s(b, "; ");
	}
	if (a->why != NULL)
		safe(b, a->why);
	buf_c(b, ')');
}

void
show_found(struct buf *b, const struct dns_answer *a, struct str record)
{
	if (record.p != NULL)
		show_safe(b, record);
	else if (!dns_temporary(a->status))
		buf_s(b, "none");
	else
		show_status(b, a);
}

static void
text_addresses(struct buf *b, const struct dns_answer *a)
{
	char text[64];
	unsigned i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++) {
		dns_addr(a->rr[i].data, text, sizeof text);
		buf_printf(b, " %s", text);
	}
	if (dns_temporary(a->status)) {
		buf_printf(b, " %s=", dns_type(a->type));
		show_status(b, a);
	}
}

static bool
secure(const struct mx_host *h)
{
	return (h->a == NULL || h->a->ad) && (h->aaaa == NULL || h->aaaa->ad);
}

static size_t
longest(const struct task *t)
{
	size_t i, n, most = 0;

	for (i = 0; i < t->mx.n; i++) {
		n = strlen(t->mx.host[i].name);
		most = n > most && n < 60 ? n : most;
	}
	return most;
}

static void
text_host(const struct task *t, const struct mx_host *h, size_t width,
    struct buf *b)
{
	const struct check *const *checks = t->run->checks;
	size_t at;
	int c;

	buf_printf(b, "  %s %2u ", t->mx.route == MX_IMPLICIT ? "--" :
	    "MX", h->pref);
	at = b->n;
	safe(b, h->name);
	while (b->n - at < width)
		buf_c(b, ' ');
	buf_printf(b, "  %us", h->ttl);
	if (h->flaw != MX_FIT)
		buf_s(b, " not usable");
	else if (h->a != NULL || h->aaaa != NULL)
		buf_s(b, secure(h) ? " secure" : " insecure");
	if (h->cname != NULL) {
		buf_s(b, " alias of ");
		safe(b, h->cname);
	}
	text_addresses(b, h->a);
	text_addresses(b, h->aaaa);
	for (c = 0; c < CHECK_MAX; c++)
		if (t->result[c] != NULL && checks[c]->host_text != NULL)
			checks[c]->host_text(t, h, b);
	buf_c(b, '\n');
}

/* Where the route is not shown, that there is no such name, or no answer. */
static void
absent(const struct task *t, struct buf *b)
{
	enum dns_status s = route_status(t);

	if (t->mx.answer == NULL || s == DNS_OK || s == DNS_NODATA)
		return;
	buf_s(b, "  MX: ");
	show_status(b, t->mx.answer);
}

void
show_head(const struct task *t, struct buf *b)
{
	static const char *const verdicts[] = { [MX_DELIVERABLE] =
	    "deliverable", [MX_UNKNOWN] = "unknown now", [MX_UNDELIVERABLE] =
	    "undeliverable" };

	safe(b, t->domain);
	if (t->kind == IN_BAD)
		show_pair(b, "  no domain name: ", t->why);
	if (t->kind == IN_ADDRESS && t->todo == 0)
		buf_s(b, "  an address: only -C ptr and --dnsbl look at it");
	if (t->mx.answer == NULL || !route_shown(t)) {
		absent(t, b);
		buf_c(b, '\n');
		return;
	}
	buf_printf(b, "  route=%s  %s  %s", mx_route(t->mx.route),
	    t->mx.secure ? "secure" : "insecure",
	    verdicts[route_verdict(t)]);
	if (t->mx.answer->status != DNS_OK && t->mx.route !=
	    MX_IMPLICIT) {
		buf_s(b, "  MX: ");
		show_status(b, t->mx.answer);
	}
	if (t->mx.answer->ncname > 0) {
		buf_s(b, "  alias of ");
		safe(b, dns_owner(t->mx.answer));
	}
	buf_c(b, '\n');
}

void
show_route(const struct task *t, struct buf *b)
{
	size_t i, width = longest(t);

	for (i = 0; route_shown(t) && i < t->mx.n; i++)
		text_host(t, &t->mx.host[i], width, b);
}

void
show_finding(const struct task *t, const struct finding *f, struct buf *b)
{
	buf_printf(b, "  %c %s ", "HWE"[f->sev], f->kind->id);
	safe(b, f->at);
	buf_s(b, ": ");
	safe(b, f->text);
	buf_printf(b, "  %s\n", f->kind->ref);
	if (t->run->set->show.fix && f->fix != NULL)
		buf_printf(b, "      %s\n", f->fix);
	if (t->run->set->show.explain)
		buf_printf(b, "      %s\n", f->kind->help);
}

void
show_text(const struct task *t, struct buf *b)
{
	const struct check *const *checks = t->run->checks;
	const struct finding *f;
	int c;

	show_head(t, b);
	show_route(t, b);
	for (c = 0; c < CHECK_MAX; c++)
		if (t->result[c] != NULL && checks[c]->text != NULL)
			checks[c]->text(t, b);
	for (f = t->findings.first; f != NULL; f = f->next)
		show_finding(t, f, b);
}

void
show_hosts(const struct task *t, struct buf *b)
{
	size_t i;

	if (t->kind == IN_ADDRESS)
		buf_printf(b, "%s\n", t->domain);
	if (t->mx.route != MX_HOSTS && t->mx.route != MX_IMPLICIT)
		return;
	for (i = 0; i < t->mx.n; i++)
		if (mx_usable(&t->mx.host[i]))
			buf_printf(b, "%s\n", t->mx.host[i].name);
}
