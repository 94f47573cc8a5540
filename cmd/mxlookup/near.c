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

void
near_find(struct task *t, const struct dns_answer *a, enum meant kind,
    const char *id)
{
	bool alone = true;		/* none counts: one may be mended */
	struct finding *f;
	struct str mended;
	const char *why;
	unsigned i;

	for (i = 0; i < records_of(a); i++)
		alone &= !meant_counts(kind, a->rr[i].data);

	for (i = 0; i < records_of(a); i++) {
		why = meant_why(t->mem, kind, &a->rr[i]);
		if (why == NULL)
			continue;
		f = task_find(t, id, a->name, "\"%.*s\" does not count: %s",
		    STR_ARG(str_to(a->rr[i].data, 600)), why);
		mended = meant_mended(t->mem, kind, a->rr[i].data);
		if (alone && mended.p != NULL)
			task_fix(t, f, a->name, DNS_TXT, mended);
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
