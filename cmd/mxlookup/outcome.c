/*
 * outcome.c: what became of a name, and the words for it
 *
 * The line of a monitoring plugin is all that a pager shows: it says which
 * name is worst, and why.
 */
#include "outcome.h"
#include "route.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "task.h"

/* Mail goes by the route that is known; the rest of mx and addr may wait. */
static bool
unsure(const struct task *t)
{
	return route_verdict(t) == MX_UNKNOWN || (t->ask.unknown &
	    ~(CHECK_BIT(CHECK_MX) | CHECK_BIT(CHECK_ADDR))) != 0;
}

enum outcome
outcome_of(const struct task *t)
{
	const struct finding *f = t->findings.first;

	if (route_fault(t))
		return OUTCOME_UNROUTED;
	if (f != NULL && f->sev >= t->run->set->want.fail_on)
		return OUTCOME_BAD;
	if (unsure(t))
		return OUTCOME_TEMPORARY;
	return f != NULL && f->sev == FINDING_WARN ? OUTCOME_WARNED :
	    OUTCOME_WELL;
}

/* ---- in words */

static void
say_finding(const struct finding *f, struct buf *b)
{
	show_safe(b, str_of(f->text));
	buf_printf(b, " (%s)", f->kind->id);
}

static void
say_unrouted(const struct task *t, struct buf *b)
{
	const struct finding *f = t->findings.first;

	if (t->kind == IN_BAD) {
		buf_s(b, "no domain name: ");
		show_safe(b, str_of(t->why));
	} else if (route_status(t) == DNS_NXDOMAIN) {
		show_status(b, t->mx.answer);
	} else if (f != NULL && f->sev == FINDING_ERROR) {
		say_finding(f, b);
	} else if (t->mx.route == MX_NULL) {
		buf_s(b, "takes no mail (null MX)");
	} else {
		buf_s(b, "no MX and no address");
	}
}

static void
say_unsure(const struct task *t, struct buf *b)
{
	const char *between = "";
	int c;

	if (t->mx.answer != NULL && dns_temporary(t->mx.answer->status)) {
		buf_s(b, "MX: ");
		show_status(b, t->mx.answer);
		return;
	}
	for (c = 0; c < CHECK_MAX; c++) {
		if ((t->ask.unknown & CHECK_BIT(c)) == 0)
			continue;
		buf_printf(b, "%s%s", between, t->run->checks[c]->name);
		between = ", ";
	}
	buf_s(b, ": not known now");
}

static void
outcome_say(const struct task *t, enum outcome o, struct buf *b)
{
	show_safe(b, str_of(t->domain));
	buf_s(b, ": ");
	switch (o) {
	case OUTCOME_WELL:
		buf_s(b, "well");
		break;
	case OUTCOME_WARNED:
	case OUTCOME_BAD:
		if (t->findings.first != NULL)
			say_finding(t->findings.first, b);
		break;
	case OUTCOME_TEMPORARY:
		say_unsure(t, b);
		break;
	case OUTCOME_UNROUTED:
		say_unrouted(t, b);
		break;
	}
}

static bool
worse(const struct worst *w, enum outcome o, enum finding_sev sev,
    uint64_t seq)
{
	if (w->why.n == 0)
		return true;
	if (o != w->outcome)
		return o > w->outcome;
	return sev != w->sev ? sev > w->sev : seq < w->seq;
}

void
outcome_note(struct worst *w, const struct task *t, enum outcome o)
{
	const struct finding *f = t->findings.first;
	enum finding_sev sev = f != NULL ? f->sev : FINDING_HINT;

	if (!worse(w, o, sev, t->seq))
		return;
	w->outcome = o;
	w->sev = sev;
	w->seq = t->seq;
	w->why.n = 0;
	outcome_say(t, o, &w->why);
}
