/*
 * dmarc.c: DMARC (RFC 9989)
 *
 * Read beside the RFC as published (May 2026): sections 3.2.13, 4.7, 4.8,
 * 4.10 with 4.10.1 and 4.10.2.  What is easily taken for something else:
 *
 * The walk goes on behind records that are found, for it looks for the
 * organizational domain too: to where psd=n or psd=y says so (4.10 steps 2
 * and 6; also at the domain itself), or to the top.
 *
 * psd=y of the domain itself makes no domain below it the organizational one
 * (4.10.2 rule 2): there is none.  It is so by rule 3, as the walk stopped.
 *
 * A tag that stands there twice makes a DKIM key record invalid (RFC 6376
 * 3.2); here the first one counts, as errors behind v= are to be ignored
 * (4.8).
 */
#include "dmarc.h"

#include <string.h>

#include "tag.h"

const char *
dmarc_policy(enum dmarc_policy p)
{
	static const char *const names[] = { NULL, "none", "quarantine",
	    "reject" };

	return names[p];
}

static enum dmarc_policy
policy(struct str s)
{
	enum dmarc_policy p;

	for (p = DMARC_REJECT; p > DMARC_UNSET; p--)
		if (str_is(s, dmarc_policy(p)))
			break;
	return p;
}

/* One of the letters, or 0. */
static char
letter(struct dmarc *d, struct str value, const char *letters, char was)
{
	if (value.n == 1 && strchr(letters, str_lower(value.p[0])) != NULL)
		return str_lower(value.p[0]);
	d->odd |= DMARC_BAD_TAG;
	return was;
}

struct str
dmarc_host(struct str place)
{
	struct str host = { NULL, 0 };
	size_t i;

	if (str_starts(place, "mailto:")) {
		for (i = 0; i < place.n && place.p[i] != '!' &&
		    place.p[i] != '?'; i++)
			if (place.p[i] == '@')
				host = str_from(place, i + 1);
		if (host.p != NULL)
			host.n -= place.n - i;
	} else if (str_starts(place, "https://")) {
		host = str_from(place, 8);
		for (i = 0; i < host.n && strchr("/:?!", host.p[i]) == NULL;
		    i++)
			;
		host = str_to(host, i);
	}
	return host.n > 0 ? host : (struct str){ NULL, 0 };
}

/* scheme ":" and something without blanks or controls (RFC 3986). */
static bool
is_uri(struct str s)
{
	struct str scheme = str_cut(&s, ':');
	size_t i;

	for (i = 0; i < scheme.n; i++)
		if (!str_alpha(scheme.p[i]) && (i == 0 ||
		    (!str_digit(scheme.p[i]) &&
		    memchr("+-.", scheme.p[i], 3) == NULL)))
			return false;
	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || strchr("\"<>\\^`{|}\x7f", s.p[i]) != NULL)
			return false;
	return scheme.n > 0 && s.n > 0;
}

static void
places(struct dmarc *d, struct str list, struct str *to, size_t *n)
{
	struct str one;

	while (list.p != NULL) {
		one = str_trim(str_cut(&list, ','));
		if (str_has(one, '!'))
			d->odd |= DMARC_SIZE;
		if (to == d->rua)
			d->reports |= is_uri(one);
		if (dmarc_host(one).p == NULL)
			d->odd |= DMARC_PLACE;
		else if (*n == DMARC_PLACES)
			d->odd |= DMARC_MORE;
		else
			to[(*n)++] = one;
	}
}

static enum dmarc_policy
request(struct dmarc *d, struct str value)
{
	enum dmarc_policy p = policy(value);

	if (p == DMARC_UNSET)
		d->odd |= DMARC_BAD_P;
	return p;
}

/* 0 or 1, d and s, separated by colons, each once. */
static unsigned
fo_bit(struct str one)
{
	if (str_is(one, "0") || str_is(one, "1"))
		return 1;
	if (str_is(one, "d"))
		return 2;
	return str_is(one, "s") ? 4 : 0;
}

static bool
is_fo(struct str list)
{
	unsigned seen = 0, bit;

	while (list.p != NULL) {
		bit = fo_bit(str_trim(str_cut(&list, ':')));
		if (bit == 0 || (seen & bit) != 0)
			return false;
		seen |= bit;
	}
	return true;
}

static void
percent(struct dmarc *d, struct str value)
{
	uint64_t n;

	if (str_num(value, 100, &n) < 0)
		d->odd |= DMARC_OBSOLETE;
	else
		d->pct = (unsigned)n;
}

static void
policy_tag(struct dmarc *d, struct str tag, struct str value)
{
	if (str_is(tag, "p"))
		d->p = request(d, value);
	else if (str_is(tag, "sp"))
		d->sp = request(d, value);
	else if (str_is(tag, "np"))
		d->np = request(d, value);
	else if (str_is(tag, "psd"))
		d->psd = letter(d, value, "ynu", 'u');
	else if (str_is(tag, "t"))
		d->test = letter(d, value, "yn", 'n') == 'y';
	else if (str_is(tag, "adkim"))
		d->adkim = letter(d, value, "rs", 'r');
	else if (str_is(tag, "aspf"))
		d->aspf = letter(d, value, "rs", 'r');
	else if (str_is(tag, "rua"))
		places(d, value, d->rua, &d->nrua);
	else if (str_is(tag, "ruf"))
		places(d, value, d->ruf, &d->nruf);
	else if (str_is(tag, "pct"))
		percent(d, value);
	else if (str_is(tag, "rf"))
		d->odd |= str_is(value, "afrf") ? 0 : DMARC_OBSOLETE;
	else if (str_is(tag, "ri"))
		d->odd |= str_is(value, "86400") ? 0 : DMARC_OBSOLETE;
	else if (str_is(tag, "fo"))
		d->odd |= is_fo(value) ? 0 : DMARC_BAD_TAG;
	else if (!str_is(tag, "v"))
		d->odd |= DMARC_UNKNOWN;
}

void
dmarc_parse(struct str record, struct dmarc *d)
{
	struct str rest = record, tag, value, seen[32];
	size_t n = 0, i;
	int got;

	*d = (struct dmarc){ .text = record, .psd = 'u', .adkim = 'r',
	    .aspf = 'r', .pct = 100, .odd = DMARC_NO_P };
	while ((got = tag_next(&rest, &tag, &value)) != 0) {
		if (got < 0) {
			d->odd |= DMARC_NO_PAIR;
			continue;
		}
		for (i = 0; i < n && !str_eqi(seen[i], tag); i++)
			;
		if (i < n) {
			d->odd |= DMARC_TWICE;
			continue;
		}
		if (n < 32)
			seen[n++] = tag;
		if (str_is(tag, "p"))
			d->odd &= ~DMARC_NO_P;
		policy_tag(d, tag, value);
	}
}

/* ---- the walk */

static size_t
labels(const char *s)
{
	size_t n = 1;

	for (; *s != '\0'; s++)
		n += *s == '.' && s[1] != '\0';
	return n;
}

/* The last n labels of s. */
static const char *
last(const char *s, size_t n)
{
	size_t have;

	for (have = labels(s); have > n; have--)
		s = strchr(s, '.') + 1;
	return s;
}

size_t
dmarc_names(const char *domain, const char *names[DMARC_LEVELS])
{
	size_t left = labels(domain), n = 0;

	names[n++] = domain;
	for (left = left > 8 ? 7 : left - 1; left > 0; left--)
		names[n++] = last(domain, left);
	return n;
}

static void
level_look(struct dmarc_walk *w, struct dmarc_level *l)
{
	struct str text;

	l->found = tag_select(l->answer, "DMARC1", &text);
	if (l->found == 1)
		dmarc_parse(text, &l->record);
	if (dns_temporary(l->answer->status) && w->temp == NULL)
		w->temp = l->answer;
}

static const struct dmarc_level *
level_of(const struct dmarc_walk *w, const char *domain)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->level[i].found == 1 && str_is(str_of(domain),
		    w->level[i].domain))
			return &w->level[i];
	return NULL;
}

/* Section 4.10.2 */
static const char *
organization(const struct dmarc_walk *w)
{
	const char *org = w->level[0].domain;
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (w->level[i].found != 1)
			continue;
		org = w->level[i].domain;
		if (w->level[i].record.psd == 'n')
			break;
		if (w->level[i].record.psd == 'y' && i > 0)
			return last(w->level[0].domain, labels(org) + 1);
	}
	return org;
}

void
dmarc_walk(struct dmarc_walk *w, const char *domain,
    const struct dns_answer *const *answers)
{
	const char *names[DMARC_LEVELS];
	size_t n = dmarc_names(domain, names), i;
	struct dmarc_level *l;

	memset(w, 0, sizeof *w);
	for (i = 0; i < n; i++) {
		l = &w->level[w->n++];
		l->domain = names[i];
		l->answer = answers[i];
		level_look(w, l);
		if (l->found == 1 && l->record.psd != 'u')
			break;
	}
	w->org = w->holder = organization(w);
	w->at = level_of(w, domain);
	if (w->at == NULL)
		w->at = level_of(w, w->org);
	l = &w->level[w->n - 1];
	if (w->at == NULL && l->found == 1 && l->record.psd == 'y') {
		w->at = l;
		w->holder = l->domain;
	}
}

static void
pick(struct dmarc_walk *w, bool exists)
{
	const struct dmarc *d = &w->at->record;

	w->from = "p";
	w->policy = d->p;
	if (w->at == &w->level[0])
		return;
	if (d->sp != DMARC_UNSET) {
		w->from = "sp";
		w->policy = d->sp;
	}
	if (!exists && d->np != DMARC_UNSET) {
		w->from = "np";
		w->policy = d->np;
	}
}

/*
 * RFC 7489 knows neither t= nor np=.  Where it looks, beside the domain itself,
 * is a matter of public suffixes: two labels are taken for none of these.
 */
static void
judge_old(struct dmarc_walk *w)
{
	const struct dmarc *d = &w->at->record;
	bool own = w->at == &w->level[0];

	w->old_known = own || labels(w->at->domain) <= 2;
	w->old = !own && d->sp != DMARC_UNSET ? d->sp : d->p;
	if (w->policy == DMARC_UNSET || d->p == DMARC_UNSET ||
	    (d->odd & DMARC_BAD_P) != 0)
		w->old = w->policy;
}

void
dmarc_judge(struct dmarc_walk *w, bool exists)
{
	const struct dmarc *d;

	w->applies = w->old_known = false;
	w->old = DMARC_UNSET;
	w->policy = w->effective = DMARC_UNSET;
	if (w->at == NULL)
		return;
	d = &w->at->record;
	/* Section 4.10.1: a policy that cannot be read is none, if reports
	 * are asked for, wherever to; else the record is no use. */
	if (d->p == DMARC_UNSET || (d->odd & DMARC_BAD_P) != 0) {
		w->applies = d->reports;
		w->from = "p";
		w->policy = w->applies ? DMARC_NONE : DMARC_UNSET;
	} else {
		w->applies = true;
		pick(w, exists);
	}
	w->effective = w->policy;
	if (d->test && w->effective > DMARC_NONE)
		w->effective--;
	judge_old(w);
}
