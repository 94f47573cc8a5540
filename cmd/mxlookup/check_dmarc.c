/*
 * check_dmarc.c: what receivers shall do with forgeries (RFC 9989), and who
 * gets reports (RFC 9990)
 */
#include <string.h>

#include "check_dmarc.h"
#include "checks.h"
#include "dmarc.h"
#include "json.h"
#include "near.h"
#include "show.h"
#include "tag.h"
#include "task.h"

enum { TARGETS = 8 };

struct target {
	const char *host;
	struct str place;
	bool outside;		/* in another organization */
	bool unsure;		/* but some answers were not to be had */
	const struct dns_answer *answer;	/* to _report._dmarc, or NULL */
	bool mail;		/* mailto: */
	const struct dns_answer *mx, *a, *aaaa;	/* of where that goes; or NULL */
	bool allowed;
	bool diverted;		/* to a third host, so not at all */
};

struct dmarc_facts {
	struct dmarc_walk w;
	bool exists;
	struct target target[TARGETS];
	size_t ntarget;
	bool more;			/* targets than are looked at */
};

static const struct finding_kind findings[] = {
	{ "DMARC_NONE", FINDING_HINT, "RFC9989#4.10",
	    "No DMARC record counts for the domain: forgeries are handled as each receiver likes." },
	{ "DMARC_MANY", FINDING_ERROR, "RFC9989#4.10",
	    "There is more than one v=DMARC1 record at a name: none of them counts. Keep one." },
	{ "DMARC_NEAR", FINDING_WARN, "RFC9989#4.10",
	    "There is a record that was meant to be DMARC and does not count: v=DMARC1 must be its first tag, to the letter, with \";\" behind it." },
	{ "DMARC_MISPLACED", FINDING_WARN, "RFC9989#4.10",
	    "A DMARC record stands at the domain itself, or at another name where nobody looks: it belongs to _dmarc.DOMAIN." },
	{ "DMARC_SYNTAX", FINDING_WARN, "RFC9989#4.8",
	    "A part of the record cannot be read and is ignored." },
	{ "DMARC_POLICY", FINDING_ERROR, "RFC9989#4.10.1",
	    "p=, sp= or np= is none, quarantine or reject. With another value all of the policy counts as none, or as not there if no reports are asked for." },
	{ "DMARC_NO_P", FINDING_WARN, "RFC9989#4.10.1",
	    "The record has no p=: it counts as p=none if reports are asked for, else not at all; older receivers ignore it." },
	{ "DMARC_WEAK", FINDING_HINT, "RFC9989#4.7",
	    "The policy is none: nothing is asked for, forgeries are delivered." },
	{ "DMARC_TEST", FINDING_HINT, "RFC9989#4.7",
	    "t=y asks that the policy be not applied as it is: the domain is testing." },
	{ "DMARC_OBSOLETE", FINDING_HINT, "RFC9989#4.7",
	    "rf, ri and a size behind a report address are gone: receivers ignore them." },
	{ "DMARC_PCT", FINDING_WARN, "RFC9989#4.7",
	    "pct is gone: receivers by RFC 9989 apply the policy to all mail, older ones to that part of it. t=y says that the domain is testing." },
	{ "DMARC_OLD", FINDING_HINT, "RFC9989#4.7",
	    "Receivers that go by RFC 7489 know neither t= nor np=, and apply another policy than newer ones." },
	{ "DMARC_NO_RUA", FINDING_HINT, "RFC9990#2",
	    "No reports are asked for (rua=), so nobody tells the domain who sends in its name." },
	{ "DMARC_RUA_MX", FINDING_WARN, "RFC9990#2",
	    "Reports shall go by mail to a host that takes no mail." },
	{ "DMARC_REPORTS", FINDING_WARN, "RFC9989#4.7",
	    "An address for reports is no mailto: or https: address with a host." },
	{ "DMARC_UNAUTHORIZED", FINDING_WARN, "RFC9990#4",
	    "Reports shall go to another organization, which does not say in the DNS (at DOMAIN._report._dmarc.HOST) that it takes them, or names a third one there: they will not be sent." },
	{ "DMARC_LIMIT", FINDING_WARN, "RFC9990#4",
	    "Reports go to more places than are looked at: 16 in rua, 16 in ruf, 8 hosts. Those behind them may not take any." },
	{ .id = NULL }
};

static const struct near_place misplaced[] = {
	{ "", false }, { "dmarc", false }, { "_dmarc", true }, { NULL, false }
};

bool
check_dmarc_walk(struct task *t, const char *domain, struct dmarc_walk *w)
{
	const struct dns_answer *answers[DMARC_LEVELS];
	const char *names[DMARC_LEVELS];
	size_t n = dmarc_names(domain, names), i;
	bool all = true;

	for (i = 0; i < n; i++) {
		answers[i] = ask_dnsf(&t->ask, DNS_TXT, "_dmarc.%s", names[i]);
		all = all && answers[i] != NULL;
	}
	if (all)
		dmarc_walk(w, domain, answers);
	return all;
}

static struct target *
target(struct task *t, struct dmarc_facts *r, struct str place)
{
	char host[DNS_NAMELEN];
	struct target *g;
	size_t i;

	if (dns_name(arena_dup(t->mem, dmarc_host(place)), host) < 0)
		return NULL;
	for (i = 0; i < r->ntarget; i++)
		if (strcmp(r->target[i].host, host) == 0)
			return NULL;
	if (r->ntarget == TARGETS) {
		r->more = true;
		return NULL;
	}
	g = &r->target[r->ntarget++];
	g->host = arena_dup(t->mem, str_of(host));
	g->place = place;
	g->mail = str_starts(place, "mailto:");
	return g;
}

/*
 * RFC 9990 section 4, steps 6 to 9: any v=DMARC1 record will do, but one that
 * sends the reports on to another host forbids them.
 */
static void
consent(struct target *g)
{
	struct dmarc d;
	struct str text;
	size_t i;

	g->allowed = tag_select(g->answer, "DMARC1", &text) > 0;
	if (!g->allowed)
		return;
	dmarc_parse(text, &d);
	for (i = 0; i < d.nrua; i++)
		g->diverted |= !str_is(dmarc_host(d.rua[i]), g->host);
	g->allowed = !g->diverted;
}

/* Is it outside, and is it allowed?  False: answers are missing. */
static bool
authorize(struct task *t, struct dmarc_facts *r, struct target *g)
{
	struct dmarc_walk other;

	if (strcmp(g->host, r->w.holder) == 0)
		return true;
	if (!check_dmarc_walk(t, g->host, &other))
		return false;
	g->unsure = r->w.temp != NULL || other.temp != NULL;
	g->outside = strcmp(other.org, r->w.holder) != 0;
	if (!g->outside)
		return true;
	g->answer = ask_dnsf(&t->ask, DNS_TXT, "%s._report._dmarc.%s",
	    r->w.at->domain, g->host);
	if (g->answer == NULL)
		return false;
	consent(g);
	return true;
}

/* Does the host take mail?  False: answers are missing. */
static bool
mailable(struct task *t, struct target *g)
{
	if (!g->mail)
		return true;
	g->mx = ask_dns(&t->ask, g->host, DNS_MX);
	if (g->mx == NULL || g->mx->status != DNS_NODATA)
		return g->mx != NULL;
	g->a = ask_dns(&t->ask, g->host, DNS_A);
	g->aaaa = ask_dns(&t->ask, g->host, DNS_AAAA);
	return g->a != NULL && g->aaaa != NULL;
}

/* Why it does not, or NULL. */
static const char *
no_mail(const struct target *g)
{
	if (g->mx == NULL || dns_temporary(g->mx->status))
		return NULL;
	if (g->mx->status == DNS_NXDOMAIN)
		return "does not exist";
	if (dns_has(g->mx))
		return g->mx->n == 1 && str_is(str_of(g->mx->rr[0].name), ".") ?
		    "takes no mail (null MX)" : NULL;
	return g->a != NULL && dns_absent(g->a->status) &&
	    dns_absent(g->aaaa->status) ? "has neither MX nor address" : NULL;
}

static bool
reports(struct task *t, struct dmarc_facts *r)
{
	const struct dmarc *d = &r->w.at->record;
	bool all = true;
	struct target *g;
	size_t i;

	for (i = 0; i < d->nrua; i++)
		target(t, r, d->rua[i]);
	for (i = 0; i < d->nruf; i++)
		target(t, r, d->ruf[i]);
	for (g = r->target; g < r->target + r->ntarget; g++)
		if (!authorize(t, r, g) || !mailable(t, g))
			all = false;
	return all;
}

static const char *
syntax_word(const struct dmarc *d)
{
	if (d->odd & DMARC_NO_PAIR)
		return "a part has no \"=\"";
	return d->odd & DMARC_TWICE ? "a tag stands there twice" :
	    "a tag has no valid value";
}

/*
 * Only to a domain that takes mail, and whose record it is.  An rua= that cannot
 * be used goes, for of two the first counts.
 */
static void
no_reports(struct task *t, const struct dmarc_walk *w, struct finding *f)
{
	struct str rest = w->at->record.text, part, name;
	struct buf b = { 0 };

	if (w->at != &w->level[0] || t->mx.route != MX_HOSTS)
		return;
	while (rest.p != NULL) {
		part = name = str_trim(str_cut(&rest, ';'));
		if (part.n > 0 && !str_is(str_trim(str_cut(&name, '=')), "rua"))
			buf_printf(&b, "%.*s; ", STR_ARG(part));
	}
	task_fix_text(t, f, w->at->answer->name,
	    "%.*srua=mailto:postmaster@%s", STR_ARG(BUF_STR(b)), t->domain);
	buf_free(&b);
}

/* A policy that harms nobody: reports for who has mail, reject for who has not. */
static void
no_record(struct task *t, struct finding *f)
{
	const char *name = arena_printf(t->mem, "_dmarc.%s", t->domain);

	if (task_fixed(t, name, DNS_TXT))	/* two count for nothing */
		return;
	if (t->mx.route == MX_NULL)
		task_fix_text(t, f, name, "v=DMARC1; p=reject");
	else if (t->mx.route == MX_HOSTS)
		task_fix_text(t, f, name,
		    "v=DMARC1; p=none; rua=mailto:postmaster@%s", t->domain);
}

static void
judge_record(struct task *t, const struct dmarc_walk *w)
{
	const struct dmarc *d = &w->at->record;
	const char *at = w->at->domain;

	if (d->odd & DMARC_BAD_P)
		task_find(t, "DMARC_POLICY", at, "p, sp or np has no valid value");
	else if (d->odd & DMARC_NO_P)
		task_find(t, "DMARC_NO_P", at, "no p= in the record");
	else if (w->policy == DMARC_NONE)
		task_find(t, "DMARC_WEAK", at, "%s=none", w->from);
	if (d->odd & (DMARC_BAD_TAG | DMARC_NO_PAIR | DMARC_TWICE))
		task_find(t, "DMARC_SYNTAX", at, "%s", syntax_word(d));
	if (d->test)
		task_find(t, "DMARC_TEST", at, "t=y");
	if (d->odd & (DMARC_OBSOLETE | DMARC_SIZE))
		task_find(t, "DMARC_OBSOLETE", at, "%s", d->odd & DMARC_SIZE ?
		    "a size behind a report address" : "rf, ri, or a pct that cannot be read");
	if (d->pct < 100 && w->policy > DMARC_NONE)
		task_find(t, "DMARC_PCT", at, "pct=%u: by RFC 9989 %s=%s is for all mail, by RFC 7489 for %u %% of it",
		    d->pct, w->from, dmarc_policy(w->policy), d->pct);
	if (w->old_known && w->old != w->effective)
		task_find(t, "DMARC_OLD", at, "%s by RFC 9989, %s by RFC 7489",
		    dmarc_policy(w->effective), dmarc_policy(w->old));
	if (w->applies && !d->reports)
		no_reports(t, w, task_find(t, "DMARC_NO_RUA", at, "no rua="));
	if (d->odd & DMARC_PLACE)
		task_find(t, "DMARC_REPORTS", at, "an address in rua or ruf cannot be used");
}

static void
judge_dmarc(struct task *t, struct dmarc_facts *r)
{
	const struct dmarc_walk *w = &r->w;
	const struct target *g;
	const char *why;
	size_t i;

	for (i = 0; i < w->n; i++) {
		near_find(t, w->level[i].answer, MEANT_DMARC, "DMARC_NEAR");
		if (w->level[i].found > 1)
			task_find(t, "DMARC_MANY", w->level[i].domain,
			    "%u records", w->level[i].found);
	}
	if (w->at == NULL && w->temp == NULL)
		near_misplaced(t, w->level[0].answer, MEANT_DMARC,
		    "DMARC_MISPLACED", misplaced);
	if (w->at != NULL)
		judge_record(t, w);
	else if (w->temp == NULL)
		no_record(t, task_find(t, "DMARC_NONE", NULL,
		    "no DMARC record counts"));
	if (w->at != NULL && (r->more ||
	    (w->at->record.odd & DMARC_MORE) != 0))
		task_limit(t, "DMARC_LIMIT", w->at->domain, r->more ?
		    "reports go to more than %d hosts: the others were not looked up" :
		    "more than %d places in rua or ruf: the others were not looked at",
		    r->more ? (int)TARGETS : (int)DMARC_PLACES);
	for (g = r->target; g < r->target + r->ntarget; g++)
		if ((why = no_mail(g)) != NULL)
			task_find(t, "DMARC_RUA_MX", g->host, "%.*s: %s %s",
			    STR_ARG(g->place), g->host, why);
	for (g = r->target; g < r->target + r->ntarget; g++)
		if (w->at != NULL && g->answer != NULL && !g->allowed &&
		    !g->unsure && !dns_temporary(g->answer->status))
			task_find(t, "DMARC_UNAUTHORIZED", g->host,
			    g->diverted ? "%s sends reports for %s on to another host" : "%s does not say that it takes reports for %s",
			    g->host, w->at->domain);
}

static bool
run_dmarc(struct task *t)
{
	struct dmarc_facts *r = arena_new(t->mem, 1, sizeof *r);

	if (!check_dmarc_walk(t, t->domain, &r->w))
		return false;
	if (r->w.at != NULL && !reports(t, r))
		return false;
	if (r->w.at == NULL && r->w.temp == NULL &&
	    !near_look(t, r->w.level[0].answer, MEANT_DMARC, misplaced))
		return false;
	/* An alias exists, whatever its target does (RFC 8020 section 2). */
	r->exists = t->mx.answer == NULL || t->mx.answer->ncname > 0 ||
	    t->mx.answer->status != DNS_NXDOMAIN;
	dmarc_judge(&r->w, r->exists);
	t->result[CHECK_DMARC] = r;
	judge_dmarc(t, r);
	return true;
}

static void
json_tags(struct json *j, struct str record)
{
	struct str rest = record, tag, value;
	int got;

	json_open(j, "tags", '{');
	while ((got = tag_next(&rest, &tag, &value)) != 0) {
		char key[16] = { 0 };

		/* A key in JSON is ours to choose: only sane ones. */
		if (got < 0 || tag.n >= sizeof key || !json_plain(tag))
			continue;
		str_copy(key, tag);
		json_str(j, key, value);
	}
	json_close(j, '}');
}

static void
json_targets(struct json *j, const struct dmarc_facts *r)
{
	const struct target *g;

	json_open(j, "reports", '[');
	for (g = r->target; g < r->target + r->ntarget; g++) {
		json_open(j, NULL, '{');
		json_str(j, "to", g->place);
		json_s(j, "host", g->host);
		json_bool(j, "external", g->outside);
		if (g->answer != NULL) {
			show_answer(j, g->answer);
			json_bool(j, "authorized", g->allowed);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
json_dmarc(const struct task *t, struct json *j, const char *key)
{
	const struct dmarc_facts *r = t->result[CHECK_DMARC];
	const struct dmarc_walk *w = &r->w;
	size_t i;

	json_open(j, key, '{');
	if (w->temp != NULL)
		show_answer(j, w->temp);
	else
		show_answer(j, w->at != NULL ? w->at->answer :
		    w->level[0].answer);
	json_s(j, "at", w->at == NULL ? NULL : w->at->domain);
	json_s(j, "org", w->temp == NULL ? w->org : NULL);
	show_record(j, w->at == NULL ? (struct str){ NULL, 0 } :
	    w->at->record.text);
	near_json(t, j, w->level[0].answer, MEANT_DMARC);
	json_s(j, "policy", dmarc_policy(w->policy));
	json_s(j, "from", w->applies ? w->from : NULL);
	json_s(j, "effective", dmarc_policy(w->effective));
	json_s(j, "rfc7489", w->old_known ? dmarc_policy(w->old) : NULL);
	if (w->at != NULL)
		json_tags(j, w->at->record.text);
	json_open(j, "walk", '[');
	for (i = 0; i < w->n; i++)
		json_s(j, NULL, w->level[i].domain);
	json_close(j, ']');
	json_targets(j, r);
	json_close(j, '}');
}

static const char *
allowed_word(const struct target *g)
{
	if (g->allowed)
		return "authorized";
	return dns_temporary(g->answer->status) ? "not known" :
	    "not authorized";
}

static void
text_dmarc(const struct task *t, struct buf *b)
{
	const struct dmarc_facts *r = t->result[CHECK_DMARC];
	const struct dmarc_walk *w = &r->w;
	const struct target *g;
	size_t i;

	buf_s(b, "  DMARC  ");
	if (w->at == NULL)
		show_found(b, w->temp != NULL ? w->temp :
		    w->level[0].answer, (struct str){ NULL, 0 });
	else
		buf_printf(b, "_dmarc.%s %s=%s (%s)%s org=%s", w->at->domain,
		    w->from != NULL ? w->from : "p", w->applies ?
		    dmarc_policy(w->policy) : "unusable",
		    w->at == &w->level[0] ? "own" : "inherited",
		    w->at->record.test ? " test" : "", w->org);
	buf_c(b, '\n');
	if (w->at != NULL) {
		buf_s(b, "         ");
		show_safe(b, w->at->record.text);
		buf_c(b, '\n');
	}
	for (i = 0; i < w->n; i++)
		near_text(b, w->level[i].answer, MEANT_DMARC);
	for (g = r->target; g < r->target + r->ntarget; g++)
		if (g->answer != NULL)
			buf_printf(b, "         reports to %s: %s\n", g->host,
			    allowed_word(g));
}

const struct check check_dmarc = {
	.name = "dmarc", .about = "DMARC by the tree walk (RFC 9989)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_dmarc, .json = json_dmarc, .text = text_dmarc,
	.findings = findings,
};
