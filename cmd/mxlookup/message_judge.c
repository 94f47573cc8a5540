/*
 * message_judge.c: is the message from who it says?
 *
 * It is believed if a domain that stands for it, by a signature or by SPF, is
 * aligned with that of From (RFC 9989 section 4.4).  ARC tells what others saw
 * and is no ground for that.  What is not known is never guessed.
 */
#include "message_judge.h"

#include <string.h>

#include "addr.h"
#include "clock.h"
#include "dns.h"
#include "message_keys.h"
#include "message_rules.h"

/* ---- without the DNS */

static void
read_signatures(struct message *m)
{
	const struct dkim_field *f;
	size_t n = dkim_header_count(&m->header, "DKIM-Signature", NULL), i;

	m->nsig = n < MESSAGE_SIGS ? n : MESSAGE_SIGS;
	m->unseen = n - m->nsig;
	m->newer = dkim_header_count(&m->header, "DKIM2-Signature", NULL);
	m->sig = arena_new(m->mem, m->nsig, sizeof *m->sig);
	for (i = n = 0; n < m->nsig && i < m->header.n; i++) {
		f = &m->header.field[i];
		if (!str_is(f->name, "DKIM-Signature"))
			continue;
		m->sig[n].aligned = MESSAGE_UNTOLD;
		dkim_sig_read(&m->sig[n].sig, m->mem, DKIM_SIGNATURE, f->text);
		dkim_sig_digest(&m->sig[n++].sig, &m->header);
	}
}

/* The domain of an address, as dns.h has names; NULL: none. */
static const char *
domain_name(struct message *m, struct str domain)
{
	char name[DNS_NAMELEN];
	struct err quiet = { 0 };

	if (domain.n == 0 || domain.p[0] == '[' ||
	    addr_ascii(m->mem, domain, &domain, &quiet) < 0 ||
	    dns_name(arena_dup(m->mem, domain), name) < 0)
		return NULL;
	return arena_dup(m->mem, str_of(name));
}

static void
read_from(struct message *m)
{
	struct message_from *r = &m->from;
	const struct dkim_field *f;
	struct addr_list list = { .group = false };
	struct err quiet = { 0 };
	const char *domain;
	struct addr a;
	int got = 0;

	r->fields = dkim_header_count(&m->header, "From", &f);
	if (r->fields != 1) {
		r->why = r->fields == 0 ? "there is no From" :
		    "there is more than one From";
		return;
	}
	for (list.rest = f->body; (got = addr_next(&list, &a, m->mem,
	    &quiet)) > 0; r->addresses++) {
		domain = domain_name(m, a.domain);
		if (r->addresses == 0) {
			r->addr = addr_wire(m->mem, &a, false, &quiet);
			r->domain = domain;
		}
		if (domain == NULL || r->domain == NULL ||
		    strcmp(domain, r->domain) != 0)
			r->why = domain == NULL ?
			    "From has an address without a domain" :
			    "From has addresses of several domains";
	}
	if (r->addresses == 0 || got < 0)
		r->why = "From has no valid address";
	if (r->why != NULL)
		r->domain = NULL;
}

void
message_judge_begin(struct message *m)
{
	m->now = clock_wall();
	read_signatures(m);
	arc_read(&m->arc, m->mem, &m->header);
	message_path(&m->path, m->mem, &m->header);
	message_path_border(&m->path, m->mem, &m->header, &m->set->trust,
	    &m->set->given);
	message_results(&m->results, m->mem, &m->header);
	read_from(m);
}

/* ---- questions */

static bool
ask_walk(struct message *m, const char *domain, struct dmarc_walk *w)
{
	const char *names[DMARC_LEVELS];
	const struct dns_answer *answers[DMARC_LEVELS];
	size_t n = dmarc_names(domain, names), i;
	bool all = true;

	for (i = 0; i < n; i++) {
		answers[i] = ask_dnsf(&m->ask, DNS_TXT, "_dmarc.%s", names[i]);
		all = all && answers[i] != NULL;
	}
	if (all)
		dmarc_walk(w, domain, answers);
	return all;
}

static const struct dns_answer *
ask_key(struct message *m, const struct dkim_sig *s)
{
	return ask_dnsf(&m->ask, DNS_TXT, "%s._domainkey.%s", s->selector,
	    s->domain);
}

/* Signatures whose key still counts; of the chain all. */
static bool
ask_keys(struct message *m)
{
	bool all = true;
	size_t i;

	for (i = 0; i < m->nsig; i++)
		if (m->sig[i].sig.result == DKIM_OPEN) {
			m->sig[i].answer = ask_key(m, &m->sig[i].sig);
			all = all && m->sig[i].answer != NULL;
		}
	for (i = 0; i < m->arc.n; i++)
		if (m->arc.set[i].seal.result == DKIM_OPEN)
			all = ask_key(m, &m->arc.set[i].seal) != NULL && all;
	if (m->arc.n > 0 &&
	    m->arc.set[m->arc.n - 1].message.result == DKIM_OPEN)
		all = ask_key(m, &m->arc.set[m->arc.n - 1].message) != NULL &&
		    all;
	return all;
}

/* When it came to the border, or now. */
static int64_t
message_time(const struct message *m)
{
	size_t hop = m->path.border.hop;

	return hop != SIZE_MAX && m->path.hop[hop].when >= 0 ?
	    m->path.hop[hop].when : m->now;
}

/* The domain that SPF is about: that of MAIL FROM, or HELO. */
static const char *
spf_identity(struct message *m)
{
	const struct message_border *b = &m->path.border;
	struct str s = str_of(b->sender);

	if (b->sender == NULL)
		return NULL;
	if (s.n == 0)
		return b->helo == NULL ? NULL :
		    domain_name(m, str_of(b->helo));
	while (str_has(s, '@'))
		str_cut(&s, '@');
	return s.p == b->sender ? NULL : domain_name(m, s);
}

static bool
ask_spf(struct message *m)
{
	const struct message_border *b = &m->path.border;
	struct message_spf *r = &m->spf;

	r->known = MESSAGE_UNTOLD;
	if (b->ip.p == NULL)
		r->why = b->why;
	else if (b->sender == NULL)
		r->why = "MAIL FROM is not known: no Return-Path stands above Received (--ip IP,FROM)";
	else if (spf_identity(m) == NULL)
		r->why = "neither MAIL FROM nor HELO has a domain";
	if (r->why != NULL)
		return true;
	r->eval = (struct spf){ .ip = b->ip, .sender = b->sender,
	    .helo = b->helo, .now = message_time(m), .ask = ask_for,
	    .arg = &m->ask, .mem = m->mem };
	r->result = spf_check(&r->eval, spf_domain(&r->eval));
	r->known = MESSAGE_YES;
	return r->result != SPF_WAIT;
}

/* Forward-confirmed reverse DNS of the border's client. */
static bool
ask_reverse(struct message *m)
{
	const struct dns_answer *ptr, *a;
	struct str ip = m->path.border.ip;
	char name[DNS_NAMELEN];
	bool all = true;
	unsigned i, k;

	m->reverse = MESSAGE_UNTOLD;
	if (ip.p == NULL)
		return true;
	dns_reverse(ip, name);
	if ((ptr = ask_dns(&m->ask, name, DNS_PTR)) == NULL)
		return false;
	m->reverse = dns_temporary(ptr->status) ? MESSAGE_UNTOLD : MESSAGE_NO;
	for (i = 0; i < ptr->n && i < SPF_NAMES; i++) {
		a = ask_dns(&m->ask, ptr->rr[i].name, ip.n == 4 ? DNS_A :
		    DNS_AAAA);
		all = all && a != NULL;
		if (a != NULL && dns_temporary(a->status) &&
		    m->reverse == MESSAGE_NO)
			m->reverse = MESSAGE_UNTOLD;
		for (k = 0; a != NULL && k < a->n; k++)
			if (str_eq(a->rr[k].data, ip))
				m->reverse = MESSAGE_YES;
	}
	return all;
}

/* ---- alignment */

static const char *
top_label(const char *domain)
{
	const char *dot = strrchr(domain, '.');

	return dot != NULL ? dot + 1 : domain;
}

/*
 * Are both of one organization?  Where no DMARC record says where that begins, a
 * domain and one below it are taken for that.
 */
static bool
one_org(const struct dmarc_walk *from, const struct dmarc_walk *other,
    const char *a, const char *b)
{
	if (strcmp(from->org, other->org) == 0)
		return true;
	return from->at == NULL && other->at == NULL &&
	    ((strchr(a, '.') != NULL && dns_within(b, a)) ||
	    (strchr(b, '.') != NULL && dns_within(a, b)));
}

/* False: answers are missing. */
static bool
ask_aligned(struct message *m, const char *domain, bool strict,
    enum message_fact *f)
{
	const char *from = m->from.domain;
	struct dmarc_walk w;

	*f = MESSAGE_UNTOLD;
	if (from == NULL || domain == NULL || *domain == '\0')
		return true;
	*f = strcmp(from, domain) == 0 ? MESSAGE_YES : MESSAGE_NO;
	if (*f == MESSAGE_YES || strict ||
	    strcmp(top_label(from), top_label(domain)) != 0)
		return true;
	if (!ask_walk(m, domain, &w))
		return false;
	/* A record that is not known now may be strict, or part the two. */
	if (w.temp != NULL || m->walk->temp != NULL)
		*f = MESSAGE_UNTOLD;
	else if (one_org(m->walk, &w, from, domain))
		*f = MESSAGE_YES;
	return true;
}

/* Those that can make a difference. */
static bool
ask_alignments(struct message *m)
{
	const struct dmarc_level *at = m->walk != NULL ? m->walk->at : NULL;
	bool strict = at != NULL && at->record.adkim == 's', all = true;
	size_t i;

	for (i = 0; i < m->nsig; i++)
		all = ask_aligned(m, m->sig[i].sig.domain, strict,
		    &m->sig[i].aligned) && all;
	strict = at != NULL && at->record.aspf == 's';
	return ask_aligned(m, spf_identity(m), strict, &m->spf.aligned) && all;
}

/* Whose policy counts, and which it is. */
static bool
ask_policy(struct message *m)
{
	const struct dns_answer *mx = NULL;
	struct dmarc_walk *w;

	if (m->from.domain == NULL)
		return true;
	w = m->walk != NULL ? m->walk : arena_new(m->mem, 1, sizeof *w);
	if (!ask_walk(m, m->from.domain, w))
		return false;
	m->walk = w;
	if (w->at != NULL && w->at != &w->level[0] &&
	    (mx = ask_dns(&m->ask, m->from.domain, DNS_MX)) == NULL)
		return false;
	dmarc_judge(w, mx == NULL || mx->ncname > 0 ||
	    mx->status != DNS_NXDOMAIN);
	return true;
}

/* ---- results */

/* Of several records the first that is a key (RFC 6376 section 3.6.2.2). */
static const struct message_key *
find_key(const struct dns_answer *a)
{
	const struct message_key *k;
	unsigned i;

	for (i = 0; i < a->n; i++)
		if ((k = message_key(a->rr[i].data))->record.why == NULL)
			return k;
	return message_key(a->rr[0].data);
}

static void
settle_signature(struct message *m, struct dkim_sig *s)
{
	const struct message_key *k;
	const struct dns_answer *a;

	if (s->result != DKIM_OPEN)
		return;
	a = ask_key(m, s);
	if (dns_temporary(a->status)) {
		dkim_sig_settle(s, DKIM_TEMPERROR, "its key is not known now");
		return;
	}
	if (a->status != DNS_OK || a->n == 0) {
		dkim_sig_settle(s, DKIM_PERMERROR,
		    "there is no key at its selector");
		return;
	}
	if (s->expires >= 0 && s->expires < message_time(m))
		dkim_sig_settle(s, DKIM_FAIL, message_time(m) == m->now ?
		    "expired by now (x=)" : "expired when it came (x=)");
	k = find_key(a);
	dkim_sig_key(s, &k->record, k->key);
}

static void
settle_all(struct message *m)
{
	size_t i;

	for (i = 0; i < m->nsig; i++)
		settle_signature(m, &m->sig[i].sig);
	for (i = 0; i < m->arc.n; i++)
		settle_signature(m, &m->arc.set[i].seal);
	if (m->arc.n > 0)
		settle_signature(m, &m->arc.set[m->arc.n - 1].message);
	arc_judge(&m->arc);
}

static bool
concluded(struct message *m, enum message_verdict v, const char *reason)
{
	m->verdict = v;
	m->reason = reason;
	return true;
}

/* Is there a signature whose result may be another for somebody, some time? */
static const struct message_sig *
open_signature(const struct message *m)
{
	const struct message_sig *s;
	size_t i;

	for (i = 0; i < m->nsig; i++) {
		s = &m->sig[i];
		if (s->aligned == MESSAGE_NO)
			continue;
		if (s->sig.result == DKIM_TEMPERROR ||
		    s->sig.result == DKIM_UNJUDGED ||
		    (s->sig.result == DKIM_PASS &&
		    s->aligned == MESSAGE_UNTOLD))
			return s;
	}
	return NULL;
}

static bool
conclude_well(struct message *m)
{
	size_t i;

	for (i = 0; i < m->nsig; i++)
		if (m->sig[i].sig.result == DKIM_PASS &&
		    m->sig[i].aligned == MESSAGE_YES)
			return concluded(m, MESSAGE_BELIEVED, arena_printf(m->mem,
			    "%s signed it, and is aligned with From",
			    m->sig[i].sig.domain));
	if (m->spf.known == MESSAGE_YES && m->spf.result == SPF_PASS &&
	    m->spf.aligned == MESSAGE_YES)
		return concluded(m, MESSAGE_BELIEVED, arena_printf(m->mem,
		    "SPF passes for %s, which is aligned with From",
		    spf_identity(m)));
	return false;
}

static bool
conclude_open(struct message *m)
{
	const struct message_sig *s = open_signature(m);
	const struct message_spf *r = &m->spf;

	if (s != NULL)
		return concluded(m, MESSAGE_UNKNOWN, arena_printf(m->mem,
		    "the signature of %s is not judged: %s", s->sig.domain,
		    s->sig.why != NULL ? s->sig.why :
		    "whether it is aligned with From is not known now"));
	if (m->unseen > 0)
		return concluded(m, MESSAGE_UNKNOWN, arena_printf(m->mem,
		    "of its signatures the topmost %d do not count, and more are not looked at",
		    MESSAGE_SIGS));
	if (m->newer > 0)
		return concluded(m, MESSAGE_UNKNOWN,
		    "it has a signature of DKIM2, which is not judged");
	if (r->aligned == MESSAGE_NO)
		return false;
	if (r->known != MESSAGE_YES)
		return concluded(m, MESSAGE_UNKNOWN, arena_printf(m->mem,
		    "no signature counts, and SPF is not known: %s", r->why));
	if (r->result == SPF_TEMPERROR || (r->result == SPF_PASS &&
	    r->aligned == MESSAGE_UNTOLD))
		return concluded(m, MESSAGE_UNKNOWN,
		    "no signature counts, and SPF is not known now");
	return false;
}

static const char *
why_not(struct message *m)
{
	const struct message_sig *s = NULL;
	const char *dkim = "it is not signed";
	size_t i;

	for (i = 0; i < m->nsig; i++)
		if (s == NULL || s->aligned != MESSAGE_YES)
			s = &m->sig[i];
	if (s != NULL && s->sig.result == DKIM_PASS)
		dkim = arena_printf(m->mem, "%s signed it, which is not aligned with From",
		    s->sig.domain);
	else if (s != NULL)
		dkim = arena_printf(m->mem, "the signature of %s does not count: %s",
		    s->sig.domain, s->sig.why);
	if (m->spf.aligned == MESSAGE_NO)
		return arena_printf(m->mem, "%s; MAIL FROM is not aligned with From",
		    dkim);
	return arena_printf(m->mem, "%s; SPF: %s", dkim,
	    spf_result(m->spf.result));
}

static bool
conclude_message(struct message *m)
{
	if (m->from.why != NULL)
		return concluded(m, MESSAGE_NOT, m->from.why);
	return conclude_well(m) || conclude_open(m) ||
	    concluded(m, MESSAGE_NOT, why_not(m));
}

bool
message_judge(struct message *m)
{
	bool all = ask_keys(m);

	all = ask_spf(m) && all;
	all = ask_reverse(m) && all;
	all = ask_policy(m) && all;
	if (m->walk != NULL)
		all = ask_alignments(m) && all;
	if (!all)
		return false;
	settle_all(m);
	return conclude_message(m);
}
