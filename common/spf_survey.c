/*
 * spf_survey.c: an SPF record with all that it includes, and what it costs
 *
 * Nobody connects here: it is what check_host() would do for a client that
 * nothing matches, with every name that does not depend on the client.
 */
#include "spf_survey.h"

#include <string.h>

struct walk {
	struct spf_survey *s;
	struct spf query;
	const struct spf_term *own;	/* of the domain's own record */
	bool wait;
};

/* Above this nobody who evaluates the record gets; so we do not, either. */
enum { ENOUGH = 3 * SPF_LOOKUPS };

static const struct dns_answer *
survey_ask(struct walk *w, const char *name, unsigned type)
{
	const struct dns_answer *a = w->query.ask(w->query.arg, name, type);

	if (a == NULL)
		w->wait = true;
	else if (dns_temporary(a->status) && w->s->temp == NULL)
		w->s->temp = a;
	return a;
}

static void
void_add(const struct walk *w, struct spf_void *v, const char *name)
{
	if (v->n == SPF_VOIDS)
		v->last = w->own;
	if (v->n < sizeof v->name / sizeof *v->name)
		v->name[v->n] = name;
	v->n++;
}

static void
dead(struct walk *w, const char *name)
{
	void_add(w, &w->s->void4, name);
	void_add(w, &w->s->void6, name);
	void_add(w, &w->s->dead, name);
}

static void
hit(struct walk *w, struct spf_reach *r, const struct dns_answer *a)
{
	struct spf_hit *h = arena_new(w->query.mem, 1, sizeof *h);

	*h = (struct spf_hit){ .next = r->first, .answer = a };
	r->first = h;
	r->unsure |= dns_temporary(a->status);
}

static void
survey_host(struct walk *w, struct spf_reach *r, const char *name)
{
	const struct dns_answer *a = survey_ask(w, name, DNS_A),
	    *aaaa = survey_ask(w, name, DNS_AAAA);

	if (a == NULL || aaaa == NULL)
		return;
	if (dns_absent(a->status) && dns_absent(aaaa->status))
		dead(w, name);
	else if (dns_absent(a->status))
		void_add(w, &w->s->void4, name);
	else if (dns_absent(aaaa->status))
		void_add(w, &w->s->void6, name);
	hit(w, r, a);
	hit(w, r, aaaa);
}

/* Section 5.7: it is A that is asked for, whatever the client's family. */
static void
survey_exists(struct walk *w, struct spf_reach *r, const char *name)
{
	const struct dns_answer *a = survey_ask(w, name, DNS_A);

	if (a == NULL)
		return;
	if (dns_absent(a->status))
		dead(w, name);
	hit(w, r, a);
}

static void
exchanges(struct walk *w, struct spf_reach *r, const char *name)
{
	const struct dns_answer *mx = survey_ask(w, name, DNS_MX);
	unsigned i;

	if (mx == NULL)
		return;
	r->unsure |= dns_temporary(mx->status);
	if (dns_absent(mx->status))
		dead(w, name);
	if (mx->n > SPF_NAMES)
		w->s->many_mx = mx->name;
	for (i = 0; i < mx->n && i < SPF_NAMES; i++)
		if (!str_is(str_of(mx->rr[i].name), "."))
			survey_host(w, r, mx->rr[i].name);
}

/* The term's name, NULL if it depends on the client or cannot be. */
static const char *
term_name(struct walk *w, const char *domain, const struct spf_term *t)
{
	const char *name;

	if (t->spec.p != NULL && str_has(t->spec, '%')) {
		w->s->macros = true;
		return NULL;
	}
	w->query.at = domain;
	if (spf_target(&w->query, t, &name) != 0)
		return NULL;
	return name;
}

static const struct spf_node *visit(struct walk *, const char *domain,
    const struct spf_node *up, const struct spf_term *by);

static void
survey_term(struct walk *w, struct spf_node *n, const struct spf_term *t)
{
	struct spf_reach *r = &n->reach[t - n->record.term];
	const char *name;

	if (n->up == NULL)
		w->own = t;
	if (!spf_counts(t) ||
	    (t->kind == SPF_REDIRECT && n->record.all != NULL))
		return;
	r->unsure = ++w->s->lookups > ENOUGH;
	if (r->unsure) {
		w->s->capped = true;
		return;
	}
	if (t->kind == SPF_PTR) {
		w->s->macros = r->client = true;
		return;
	}
	name = term_name(w, n->domain, t);
	r->client = name == NULL;
	if (name == NULL)
		return;
	if (t->kind == SPF_A)
		survey_host(w, r, name);
	else if (t->kind == SPF_EXISTS)
		survey_exists(w, r, name);
	else if (t->kind == SPF_MX)
		exchanges(w, r, name);
	else
		r->node = visit(w, name, n, t);
}

/* Terms behind "all" are never looked at. */
static void
survey_terms(struct walk *w, struct spf_node *n)
{
	unsigned before = w->s->lookups;
	size_t i;

	n->reach = arena_new(w->query.mem, n->record.n + 1, sizeof *n->reach);
	for (i = 0; i < n->record.n && &n->record.term[i] != n->record.all;
	    i++)
		if (n->record.term[i].kind != SPF_REDIRECT)
			survey_term(w, n, &n->record.term[i]);
	if (n->record.redirect != NULL)
		survey_term(w, n, n->record.redirect);
	n->lookups = w->s->lookups - before;
}

static bool
above(const struct spf_node *n, const char *domain)
{
	for (; n != NULL; n = n->up)
		if (str_is(str_of(n->domain), domain))
			return true;
	return false;
}

static const struct spf_node *
visit(struct walk *w, const char *domain, const struct spf_node *up,
    const struct spf_term *by)
{
	struct spf_node *n;

	if (w->s->n == sizeof w->s->node / sizeof *w->s->node) {
		w->s->capped = true;
		return NULL;
	}
	n = arena_new(w->query.mem, 1, sizeof *n);
	w->s->node[w->s->n++] = n;
	n->domain = domain;
	n->up = up;
	n->by = by;
	n->loop = above(up, domain);
	if (n->loop)
		return n;
	n->answer = survey_ask(w, domain, DNS_TXT);
	if (n->answer == NULL)
		return n;
	n->found = spf_select(n->answer, &n->text);
	if (n->found == 1 &&
	    spf_parse(w->query.mem, n->text, &n->record) == 0)
		survey_terms(w, n);
	return n;
}

bool
spf_survey(struct spf_survey *s, const struct spf *q, const char *domain)
{
	struct walk w = { .s = s, .query = *q };

	memset(s, 0, sizeof *s);
	visit(&w, domain, NULL, NULL);
	return !w.wait;
}
