/* near.c: of the TXT records at a name, those that do not count, or compete */
#include "near.h"

#include "show.h"
#include "task.h"

/* NULL is an answer without records. */
static unsigned
records_of(const struct dns_answer *a)
{
	return a != NULL ? a->n : 0;
}

/* The name is an alias, and nothing is there where it leads. */
static void
dangling(struct task *t, const struct dns_answer *a, const char *id)
{
	if (a != NULL && a->ncname > 0 && dns_absent(a->status))
		task_find(t, id, a->name, "it is an alias of %s, where there is no TXT record (%s)",
		    dns_owner(a), dns_status(a->status));
}

void
near_find(struct task *t, const struct dns_answer *a, enum meant kind,
    const char *id)
{
	bool alone = true;		/* none counts: one may be mended */
	struct finding *f;
	struct str mended;
	const char *why;
	unsigned i;

	dangling(t, a, id);
	for (i = 0; i < records_of(a); i++)
		alone &= !meant_counts(kind, a->rr[i].data);

	for (i = 0; i < records_of(a); i++) {
		why = meant_why(t->mem, kind, &a->rr[i]);
		if (why == NULL)
			continue;
		f = task_find(t, id, a->name, "\"%.*s\" does not count: %s",
		    STR_ARG(str_to(a->rr[i].data, 600)), why);
		mended = meant_mended(t->mem, kind, a->rr[i].data);
		if (alone && mended.p != NULL &&
		    !task_fixed(t, a->name, DNS_TXT))
			task_fix(t, f, a->name, DNS_TXT, mended);
	}
}

/* Nothing there was ever meant for this. */
static bool
barren(struct task *t, const struct dns_answer *a, enum meant kind)
{
	unsigned i;

	if (a == NULL || dns_temporary(a->status))
		return false;
	for (i = 0; i < a->n; i++)
		if (meant_counts(kind, a->rr[i].data) ||
		    meant_why(t->mem, kind, &a->rr[i]) != NULL)
			return false;
	return true;
}

const struct dns_answer *
near_ask(struct task *t, const struct near_place *p)
{
	const char *dot = p->labels[0] != '\0' ? "." : "";

	return p->twice ? ask_dnsf(&t->ask, DNS_TXT, "%s%s%s.%s", p->labels,
	    dot, t->domain, t->domain) : ask_dnsf(&t->ask, DNS_TXT, "%s%s%s",
	    p->labels, dot, t->domain);
}

bool
near_look(struct task *t, const struct dns_answer *right, enum meant kind,
    const struct near_place *p)
{
	bool all = true;

	if (!barren(t, right, kind))
		return true;
	for (; p->labels != NULL; p++)
		all = near_ask(t, p) != NULL && all;
	return all;
}

void
near_misplaced(struct task *t, const struct dns_answer *right,
    enum meant kind, const char *id, const struct near_place *p)
{
	const struct dns_answer *a;
	struct finding *f;
	unsigned i;

	if (!barren(t, right, kind))
		return;
	for (; p->labels != NULL; p++) {
		a = near_ask(t, p);
		for (i = 0; i < records_of(a); i++) {
			if (!meant_counts(kind, a->rr[i].data))
				continue;
			f = task_find(t, id, a->name,
			    "\"%.*s\" stands at %s, not at %s",
			    STR_ARG(str_to(a->rr[i].data, 600)), a->name,
			    right->name);
			/* two of them would be worse than none */
			if (!task_fixed(t, right->name, DNS_TXT))
				task_fix(t, f, right->name, DNS_TXT,
				    a->rr[i].data);
		}
	}
}

void
near_json(const struct task *t, struct json *j, const struct dns_answer *a,
    enum meant kind)
{
	const char *why;
	unsigned i;

	json_open(j, "records", '[');
	for (i = 0; i < records_of(a); i++)
		if (meant_counts(kind, a->rr[i].data))
			json_str(j, NULL, a->rr[i].data);
	json_close(j, ']');
	json_open(j, "near", '[');
	for (i = 0; i < records_of(a); i++) {
		why = meant_why(t->mem, kind, &a->rr[i]);
		if (why == NULL)
			continue;
		json_open(j, NULL, '{');
		json_str(j, "record", a->rr[i].data);
		json_s(j, "error", why);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void
near_text(struct buf *b, const struct dns_answer *a, enum meant kind)
{
	unsigned i, n = 0;

	for (i = 0; i < records_of(a); i++)
		n += meant_counts(kind, a->rr[i].data);
	for (i = 0; n > 1 && i < records_of(a); i++) {
		if (!meant_counts(kind, a->rr[i].data))
			continue;
		buf_s(b, "         ");
		show_safe(b, a->rr[i].data);
		buf_c(b, '\n');
	}
}
