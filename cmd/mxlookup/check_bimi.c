/*
 * check_bimi.c: where the domain's logo is (BIMI,
 * draft-brand-indicators-for-message-identification)
 *
 * The record of the domain, else of its organizational domain.  Nobody shows
 * a logo of a domain whose DMARC policy asks for nothing.
 */
#include "check_dmarc.h"
#include "checks.h"
#include "dkim.h"
#include "dmarc.h"
#include "json.h"
#include "near.h"
#include "show.h"
#include "tag.h"
#include "task.h"

struct bimi_facts {
	const struct dns_answer *answer;
	const char *at;			/* whose record it is */
	struct str record, logo, mark;	/* l= a= */
	bool declined;
	bool unsure;			/* DMARC's policy is not known now */
	bool enforced;			/* by it */
};

static const char *selector = "default";	/* --bimi */

static const struct finding_kind findings[] = {
	{ "BIMI_MANY", FINDING_WARN, "BIMI#7.2",
	    "There is more than one v=BIMI1 record: none of them counts." },
	{ "BIMI_NEAR", FINDING_WARN, "BIMI#4.2",
	    "There is a record that was meant to be BIMI and does not count: v=BIMI1 must be its first tag, to the letter, with \";\" behind it." },
	{ "BIMI_MISPLACED", FINDING_WARN, "BIMI#4.1",
	    "A BIMI record stands where nobody looks: it belongs to SELECTOR._bimi.DOMAIN, and the selector is \"default\" as a rule." },
	{ "BIMI_SYNTAX", FINDING_WARN, "BIMI#4.2",
	    "l= is the https: address of an SVG file, or empty to decline." },
	{ "BIMI_DMARC", FINDING_WARN, "BIMI#7.1",
	    "The DMARC policy must be quarantine or reject (t=y is one step less) for the domain and those below it; otherwise no logo is shown." },
	{ .id = NULL }
};

static const struct near_place misplaced[] = {
	{ "_bimi", false }, { "default.bimi", false }, { "default._bimi", true },
	{ "", false }, { NULL, false }
};

static bool
enforced(const struct dmarc_walk *w)
{
	return w->at != NULL && w->effective >= DMARC_QUARANTINE &&
	    w->at->record.sp != DMARC_NONE;
}

static void
bimi_parse(struct task *t, struct bimi_facts *r)
{
	struct str rest = r->record, tag, value;
	bool have = false;
	int got;

	while ((got = tag_next(&rest, &tag, &value)) != 0) {
		if (got > 0 && str_is(tag, "l")) {
			r->logo = value;
			have = true;
		} else if (got > 0 && str_is(tag, "a")) {
			r->mark = value;
		}
	}
	r->declined = have && r->logo.n == 0;
	if (!have || (!r->declined && !str_starts(r->logo, "https://")))
		task_find(t, "BIMI_SYNTAX", r->at, "no usable l=");
	if (!r->declined && !r->enforced && !r->unsure)
		task_find(t, "BIMI_DMARC", r->at,
		    "the DMARC policy is not enforced");
}

/* The record at a domain: false if answers are missing. */
static bool
bimi_look(struct task *t, struct bimi_facts *r, const char *domain,
    unsigned *found)
{
	r->at = domain;
	r->answer = ask_dnsf(&t->ask, DNS_TXT, "%s._bimi.%s", selector, domain);
	*found = r->answer == NULL ? 0 :
	    tag_select(r->answer, "BIMI1", &r->record);
	return r->answer != NULL;
}

static bool
run_bimi(struct task *t)
{
	struct bimi_facts *r = arena_new(t->mem, 1, sizeof *r);
	struct dmarc_walk w;
	unsigned found = 0;
	bool have = bimi_look(t, r, t->domain, &found);

	if (!check_dmarc_walk(t, t->domain, &w) || !have)
		return false;
	dmarc_judge(&w, true);
	/* the domain's own record counts, whatever those above it have */
	r->unsure = w.temp != NULL && w.at != &w.level[0];
	r->enforced = !r->unsure && enforced(&w);
	if (found == 0 && !dns_temporary(r->answer->status) &&
	    !str_is(str_of(w.org), t->domain) &&
	    !bimi_look(t, r, w.org, &found))
		return false;
	if (!near_look(t, r->answer, MEANT_BIMI, misplaced))
		return false;
	t->result[CHECK_BIMI] = r;
	near_find(t, r->answer, MEANT_BIMI, "BIMI_NEAR");
	near_misplaced(t, r->answer, MEANT_BIMI, "BIMI_MISPLACED", misplaced);
	if (found > 1)
		task_find(t, "BIMI_MANY", r->at, "%u records", found);
	else if (found == 1)
		bimi_parse(t, r);
	return true;
}

static void
json_bimi(const struct task *t, struct json *j, const char *key)
{
	const struct bimi_facts *r = t->result[CHECK_BIMI];

	json_open(j, key, '{');
	show_answer(j, r->answer);
	json_s(j, "at", r->record.p == NULL ? NULL : r->at);
	show_record(j, r->record);
	near_json(t, j, r->answer, MEANT_BIMI);
	if (r->record.p != NULL) {
		json_str(j, "logo", r->logo);
		json_str(j, "evidence", r->mark);
		json_bool(j, "declined", r->declined);
	}
	if (r->unsure)
		json_null(j, "dmarc");
	else
		json_bool(j, "dmarc", r->enforced);
	json_close(j, '}');
}

static void
text_bimi(const struct task *t, struct buf *b)
{
	const struct bimi_facts *r = t->result[CHECK_BIMI];

	buf_s(b, "  BIMI   ");
	show_found(b, r->answer, r->record);
	buf_s(b, r->declined ? "  declined\n" : "\n");
	near_text(b, r->answer, MEANT_BIMI);
}

static int
init_bimi(struct run *r, struct err *e)
{
	(void)r;
	if (!dkim_selector(selector))
		return fail(e, EX_USAGE, "--bimi: \"%s\" is no selector", selector);
	return 0;
}

static const struct opt options[] = {
	{ .name = "bimi", .arg = "SELECTOR", .kind = OPT_TEXT, .to = &selector,
	    .help = "-C bimi, and not \"default\"",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

const struct check check_bimi = {
	.name = "bimi", .about = "brand indicators (BIMI)",
	.run = run_bimi, .json = json_bimi, .text = text_bimi,
	.findings = findings, .options = options, .init = init_bimi,
};
