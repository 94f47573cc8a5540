/*
 * judge_spf.c: what is odd about an SPF record and all that it includes
 *
 * The terms of the whole tree are looked at for what they bring about
 * (spf_flat.c).  What another organization wrote is not the domain's to mend:
 * there only what harms the domain counts.
 */
#include <string.h>

#include "dns.h"
#include "judge_spf.h"
#include "near.h"
#include "spf_survey.h"
#include "str.h"
#include "task.h"

/* 2^24 of 2^32 addresses; of those of IPv6 a /16. */
#define WIDE_FOUR (1.0 / 256)
#define WIDE_SIX (1.0 / 8192)

static bool
is_own(const struct task *t, const struct spf_node *n)
{
	return n->up == NULL || dns_within(n->domain, t->domain);
}

/* ---- several terms told in one finding */

struct told {
	struct buf text;
	unsigned n;
};

enum { TOLD = 5 };

static void
told_add(struct told *l, struct str term)
{
	if (l->n++ < TOLD)
		buf_printf(&l->text, "%s%.*s", l->n > 1 ? ", " : "",
		    STR_ARG(str_to(term, 120)));
}

static void
told_end(struct task *t, struct told *l, const char *id, const char *at,
    const char *what)
{
	if (l->n > TOLD)
		buf_printf(&l->text, " and %u more", l->n - TOLD);
	if (l->n > 0)
		task_find(t, id, at, "%.*s: %s", STR_ARG(BUF_STR(l->text)),
		    what);
	buf_free(&l->text);
}

/* ---- terms without effect */

/* "include=x" reads as a modifier. */
static bool
looks_mechanism(const struct spf_term *t)
{
	static const char *const names[] = { "all", "include", "a", "mx",
	    "ptr", "ip4", "ip6", "exists" };
	struct str name = t->text;
	size_t i;

	if (t->kind != SPF_OTHER)
		return false;
	name = str_cut(&name, '=');
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static bool
is_version(const struct spf_term *t)
{
	return t->kind == SPF_OTHER && str_starts(t->text, "v=spf1");
}

/* What is redirected to decides by itself; here it lets pass, as include. */
static char
sign_of(const struct spf_term *t)
{
	return t->kind == SPF_REDIRECT ? '+' : t->sign;
}

/* Do both say the same of an address? */
static bool
agree(const struct spf_node *n, size_t i)
{
	const struct spf_term *t = n->record.term;

	return t[i].kind == SPF_ALL ||
	    sign_of(&t[n->flat->under[i]]) == sign_of(&t[i]);
}

static void
judge_effects(struct task *t, const struct spf_node *n)
{
	struct told behind = { .n = 0 }, other = { .n = 0 }, same = { .n = 0 },
	    nobody = { .n = 0 };
	bool glued = false;
	size_t i;

	for (i = 0; i < n->record.n; i++) {
		const struct spf_term *term = &n->record.term[i];

		if (is_version(term))
			glued = true;
		switch (n->flat->effect[i]) {
		case SPF_DECIDES:
			break;
		case SPF_BEHIND_ALL:
			if (!glued)
				told_add(&behind, term->text);
			break;
		case SPF_COVERED:
			told_add(agree(n, i) ? &same : &other, term->text);
			break;
		case SPF_NOBODY:
			told_add(&nobody, term->text);
			break;
		}
	}
	told_end(t, &behind, "SPF_DEAD", n->domain, "without effect, for \"all\" decides before");
	told_end(t, &other, "SPF_DEAD", n->domain, "without effect, for terms before decide otherwise");
	told_end(t, &same, "SPF_DOUBLE", n->domain, "terms before do the same");
	told_end(t, &nobody, "SPF_NOBODY", n->domain, "no address matches");
}

/* The record with ":" for the first "=" of the term, if it is one then. */
static void
with_colon(struct task *t, const struct spf_node *n,
    const struct spf_term *term, struct finding *f)
{
	char *text = arena_dup(t->mem, n->text);
	size_t at = (size_t)(term->text.p - n->text.p);
	struct spf_record r;

	*strchr(text + at, '=') = ':';
	if (spf_parse(t->mem, str_of(text), &r) == 0)
		task_fix_text(t, f, n->domain, "%s", text);
}

static void
judge_modifiers(struct task *t, const struct spf_node *n)
{
	const struct spf_term *term;
	size_t i;

	for (i = 0; i < n->record.n; i++) {
		term = &n->record.term[i];
		if (is_version(term)) {
			task_find(t, "SPF_GLUED", n->domain, "a second record is glued to the first: %.*s ...",
			    STR_ARG(str_to(str_from(n->text, (size_t)
			    (term->text.p - n->text.p)), 120)));
			return;
		}
		if (looks_mechanism(term))
			with_colon(t, n, term, task_find(t, "SPF_MODIFIER",
			    n->domain, "%.*s has no effect: it is ignored as an unknown modifier",
			    STR_ARG(str_to(term->text, 120))));
	}
}

/* ---- a record by itself */

static void
judge_ptr(struct task *t, const struct spf_node *n)
{
	struct finding *f;
	size_t i;

	for (i = 0; i < n->record.n; i++) {
		if (n->record.term[i].kind != SPF_PTR)
			continue;
		if (is_own(t, n)) {
			task_find(t, "SPF_PTR", n->domain, "%.*s",
			    STR_ARG(n->record.term[i].text));
			continue;
		}
		f = task_find(t, "SPF_PTR", n->domain, "%.*s in the record that %s brings in",
		    STR_ARG(n->record.term[i].text), n->up->domain);
		f->sev = FINDING_HINT;
		return;
	}
}

static void
judge_node(struct task *t, const struct spf_node *n)
{
	if (n->loop) {
		task_find(t, "SPF_LOOP", n->domain, "%s includes itself",
		    n->domain);
		return;
	}
	if (n->answer == NULL || dns_temporary(n->answer->status))
		return;
	near_find(t, n->answer, MEANT_SPF, "SPF_NEAR");
	if (n->found == 0 && n->up != NULL)
		task_find(t, "SPF_INCLUDE", n->domain,
		    "%.*s: no SPF record there", STR_ARG(n->by->text));
	if (n->found > 1)
		task_find(t, "SPF_MANY", n->domain, "%u SPF records",
		    n->found);
	if (n->found == 1 && n->record.why != NULL)
		task_find(t, "SPF_SYNTAX", n->domain, "%.*s: %s",
		    STR_ARG(n->record.at), n->record.why);
	judge_ptr(t, n);
	if (n->answer->tcp && n->found > 0)
		task_find(t, "SPF_TCP", n->domain, "TXT answer over UDP size");
	if (n->flat == NULL || !is_own(t, n))
		return;
	judge_modifiers(t, n);
	judge_effects(t, n);
}

/* ---- who passes in the end, and what becomes of the others */

static double
share(const struct spf_node *n, int family)
{
	return n != NULL && n->flat != NULL ?
	    spf_share(&n->flat->pass[family], family) : 0;
}

/* The share of what each term decides. */
static const double *
shares(struct task *t, const struct spf_node *n, int family)
{
	const struct spf_spans *d = &n->flat->decided[family];
	double *sum = arena_new(t->mem, n->record.n + 1, sizeof *sum);
	struct spf_spans one = { .n = 1 };
	size_t i;

	for (i = 0; i < d->n; i++) {
		one.v = &d->v[i];
		sum[d->v[i].term] += spf_share(&one, family);
	}
	return sum;
}

/*
 * The term that lets half of all pass, however deep it stands, and whose it
 * is; NULL if several do so together.
 */
static const struct spf_term *
opener(struct task *t, const struct spf_node **at, int family)
{
	const struct spf_node *n = *at, *below;
	const double *sum = shares(t, n, family);
	const struct spf_term *term;
	size_t i;

	for (i = 0; i < n->record.n; i++) {
		term = &n->record.term[i];
		if (sign_of(term) != '+' ||
		    n->flat->effect[i] != SPF_DECIDES)
			continue;
		below = n->reach[i].node;
		if (below != NULL && share(below, family) >= 0.5) {
			*at = below;
			return opener(t, at, family);
		}
		if (sum[i] >= 0.5)
			return term;
	}
	return NULL;
}

static void
judge_width(struct task *t, const struct spf_node *own)
{
	double four = share(own, SPF_FOUR), six = share(own, SPF_SIX);
	const char *family = four >= 0.5 ? " by IPv4" : " by IPv6";
	const struct spf_node *at = own;
	const struct spf_term *term;

	if (four >= 0.5 && six >= 0.5)
		family = "";
	if (four >= 0.5 || six >= 0.5) {
		term = opener(t, &at, four >= 0.5 ? SPF_FOUR : SPF_SIX);
		task_find(t, "SPF_PASS_ALL", at->domain, "%.*s%s lets everybody pass%s",
		    STR_ARG(term != NULL ? term->text : STR("all of it together")),
		    at->up != NULL ? " of an included record" : "", family);
	} else if (four >= WIDE_FOUR) {
		task_find(t, "SPF_WIDE", own->domain, "%.0f million IPv4 addresses may send",
		    four * 4294.967296);
	} else if (six >= WIDE_SIX) {
		task_find(t, "SPF_WIDE", own->domain, "%.3f %% of all IPv6 addresses may send",
		    six * 100);
	}
}

/* The record whose end decides: redirect= leads there. */
static const struct spf_node *
last_record(const struct spf_node *n)
{
	const struct spf_record *r = &n->record;
	const struct spf_node *next;

	while (r->all == NULL && r->redirect != NULL) {
		next = n->reach[r->redirect - r->term].node;
		if (next == NULL || next->flat == NULL)
			return NULL;
		n = next;
		r = &n->record;
	}
	return n;
}

static void
no_all(struct task *t, const struct spf_node *n, struct finding *f)
{
	if (is_own(t, n))
		task_fix_text(t, f, n->domain, "%.*s ~all", STR_ARG(n->text));
}

static void
judge_end(struct task *t, const struct spf_node *own)
{
	const struct spf_node *n = last_record(own);

	if (n == NULL)
		return;
	if (n->record.all == NULL)
		no_all(t, n, task_find(t, "SPF_NO_ALL", n->domain,
		    "there is no \"all\" at its end"));
	else if (n->record.all->sign == '?')
		task_find(t, "SPF_NO_ALL", n->domain, "it ends in ?all")->sev =
		    FINDING_HINT;
}

static bool
is_null(const struct dns_answer *mx)
{
	return dns_has(mx) && mx->n == 1 &&
	    str_is(str_of(mx->rr[0].name), ".");
}

/* Where the domain has an address, mail may go there: no null MX by --fix. */
static void
no_mx(struct task *t, struct finding *f, bool address)
{
	if (!address)
		task_fix(t, f, t->domain, DNS_MX, (struct str){ "\0\0.", 4 });
}

/* What the MX records say of the same domain. */
static void
judge_mail(struct task *t, const struct spf_node *own,
    const struct dns_answer *mx, bool address)
{
	const struct spf_flat *f = own->flat;

	if (mx->status == DNS_NODATA && spf_forbids(t->mem, own->answer))
		no_mx(t, task_find(t, "SPF_NULL_MX", NULL,
		    "nobody may send, and there is no MX"), address);
	if (is_null(mx) && (f->client || f->pass[SPF_FOUR].n > 0 ||
	    f->pass[SPF_SIX].n > 0))
		task_find(t, "SPF_BESIDE_NULL", NULL, "senders are allowed, and the domain takes no mail");
}

/* ---- the whole tree */

static void
say_names(struct buf *b, const struct spf_void *v)
{
	unsigned i;

	for (i = 0; i < v->n && i < sizeof v->name / sizeof *v->name; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", v->name[i]);
	if (v->n > i)
		buf_printf(b, " and %u more", v->n - i);
}

/*
 * Is mail sent by this family that a term lets pass which is not reached?  Of
 * an included record the order is not looked at.
 */
static bool
hinders(const struct spf_node *n, int family, const struct spf_term *last)
{
	const struct spf_record *r = &n->record;
	const struct spf_spans *d;
	const struct spf_term *t;
	size_t i;

	if (n->flat == NULL || last == NULL)
		return false;
	d = &n->flat->decided[family];
	for (i = 0; i < d->n; i++) {
		t = d->v[i].term == r->n ? r->redirect :
		    &r->term[d->v[i].term];
		if (sign_of(t) != '+')
			continue;
		if (t == r->redirect || (t > last && last != r->redirect) ||
		    (t == last && t->kind == SPF_INCLUDE))
			return true;
	}
	return false;
}

/* Hosts of one family are in the way only of mail that is sent by the other. */
static void
judge_family(struct task *t, const struct spf_survey *s, int family)
{
	const struct spf_void *v = family == SPF_FOUR ? &s->void4 : &s->void6;
	struct buf names = { 0 };
	struct finding *f;

	if (v->n <= SPF_VOIDS)
		return;
	say_names(&names, v);
	f = task_find(t, "SPF_VOID", NULL, "for clients by %s %u names are looked up in vain, 2 allowed: %.*s",
	    family == SPF_FOUR ? "IPv4" : "IPv6", v->n,
	    STR_ARG(BUF_STR(names)));
	if (!hinders(s->node[0], family, v->last))
		f->sev = FINDING_HINT;
	buf_free(&names);
}

static void
judge_voids(struct task *t, const struct spf_survey *s)
{
	struct buf names = { 0 };

	if (s->dead.n <= SPF_VOIDS) {
		judge_family(t, s, SPF_FOUR);
		judge_family(t, s, SPF_SIX);
		return;
	}
	say_names(&names, &s->dead);
	task_find(t, "SPF_VOID", NULL, "%u names have no address, 2 allowed: %.*s",
	    s->dead.n, STR_ARG(BUF_STR(names)));
	buf_free(&names);
}

/* Not beside a record that was meant for one: two are worse than none. */
static void
no_record(struct task *t, struct finding *f, const struct dns_answer *mx)
{
	if (task_fixed(t, t->domain, DNS_TXT))
		return;
	if (is_null(mx))
		task_fix_text(t, f, t->domain, "v=spf1 -all");
	else if (dns_has(mx))
		task_fix_text(t, f, t->domain, "v=spf1 mx ~all");
}

void
judge_spf(struct task *t, const struct spf_survey *s,
    const struct dns_answer *mx, bool address)
{
	const struct spf_node *own = s->node[0];
	size_t i;

	for (i = 0; i < s->n; i++)
		judge_node(t, s->node[i]);
	if (own->found == 0 && (dns_absent(own->answer->status) ||
	    own->answer->status == DNS_OK))
		no_record(t, task_find(t, "SPF_NONE", NULL, "no SPF record"),
		    mx);
	if (own->flat != NULL) {
		judge_width(t, own);
		judge_end(t, own);
		judge_mail(t, own, mx, address);
	}
	if (s->lookups > SPF_LOOKUPS)
		task_find(t, "SPF_LOOKUPS", NULL, "%u%s lookups, 10 allowed",
		    s->lookups, s->capped ? " or more" : "");
	judge_voids(t, s);
	if (s->many_mx != NULL)
		task_find(t, "SPF_MX_LIMIT", s->many_mx, "over ten MX");
}
