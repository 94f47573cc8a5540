/*
 * spf_survey.c: an SPF record with all that it includes, and what it costs
 *
 * Nobody connects here: it is what check_host() would do for a client that
 * nothing matches, with every name that does not depend on the client.
 */
#include "spf.h"

#include <string.h>

struct walk {
	struct spf_survey *s;
	struct spf query;
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
survey_host(struct walk *w, const char *name)
{
	const struct dns_answer *a = survey_ask(w, name, DNS_A),
	    *aaaa = survey_ask(w, name, DNS_AAAA);

	w->s->void4 += a != NULL && dns_absent(a->status);
	w->s->void6 += aaaa != NULL && dns_absent(aaaa->status);
}

static void
exchanges(struct walk *w, const char *name)
{
	const struct dns_answer *mx = survey_ask(w, name, DNS_MX);
	unsigned i;

	if (mx == NULL)
		return;
	if (dns_absent(mx->status)) {
		w->s->void4++;
		w->s->void6++;
	}
	if (mx->n > SPF_NAMES)
		w->s->many_mx = mx->name;
	for (i = 0; i < mx->n && i < SPF_NAMES; i++)
		if (!str_is(str_of(mx->rr[i].name), "."))
			survey_host(w, mx->rr[i].name);
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

static void visit(struct walk *, const char *domain,
    const struct spf_node *up, const struct spf_term *by);

static void
term(struct walk *w, struct spf_node *n, const struct spf_term *t)
{
	const char *name;

	if (!spf_counts(t) ||
	    (t->kind == SPF_REDIRECT && n->record.all != NULL))
		return;
	if (++w->s->lookups > ENOUGH) {
		w->s->capped = true;
		return;
	}
	if (t->kind == SPF_PTR) {
		w->s->macros = true;
		return;
	}
	name = term_name(w, n->domain, t);
	if (name == NULL)
		return;
	if (t->kind == SPF_A || t->kind == SPF_EXISTS)
		survey_host(w, name);
	else if (t->kind == SPF_MX)
		exchanges(w, name);
	else
		visit(w, name, n, t);
}

/* What is behind "all" is never looked at. */
static void
terms(struct walk *w, struct spf_node *n)
{
	unsigned before = w->s->lookups;
	size_t i;

	for (i = 0; i < n->record.n && &n->record.term[i] != n->record.all;
	    i++)
		if (n->record.term[i].kind != SPF_REDIRECT)
			term(w, n, &n->record.term[i]);
	if (n->record.redirect != NULL)
		term(w, n, n->record.redirect);
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

static void
visit(struct walk *w, const char *domain, const struct spf_node *up,
    const struct spf_term *by)
{
	struct spf_node *n;

	if (w->s->n == sizeof w->s->node / sizeof *w->s->node) {
		w->s->capped = true;
		return;
	}
	n = arena_new(w->query.mem, 1, sizeof *n);
	w->s->node[w->s->n++] = n;
	n->domain = domain;
	n->up = up;
	n->by = by;
	n->loop = above(up, domain);
	if (n->loop)
		return;
	n->answer = survey_ask(w, domain, DNS_TXT);
	if (n->answer == NULL)
		return;
	n->found = spf_select(n->answer, &n->text);
	if (n->found == 1 &&
	    spf_parse(w->query.mem, n->text, &n->record) == 0)
		terms(w, n);
}

bool
spf_survey(struct spf_survey *s, const struct spf *q, const char *domain)
{
	struct walk w = { .s = s, .query = *q };

	memset(s, 0, sizeof *s);
	visit(&w, domain, NULL, NULL);
	return !w.wait;
}
