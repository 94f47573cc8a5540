/* finding.c: what is odd or wrong, with a reference and what to do about it */
#include "finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct finding_kind *
finding_kind(const struct finding_kind *table, const char *id)
{
	for (; table != NULL && table->id != NULL; table++)
		if (strcmp(table->id, id) == 0)
			return table;
	abort();
}

struct finding *
finding_add(struct findings *l, struct arena *mem,
    const struct finding_kind *k, const char *at, const char *fmt, va_list ap)
{
	struct finding *f = arena_new(mem, 1, sizeof *f);
	char text[1024];

	vsnprintf(text, sizeof text, fmt, ap);
	f->kind = k;
	f->sev = k->sev;
	f->at = at != NULL ? arena_dup(mem, str_of(at)) : NULL;
	f->text = arena_dup(mem, str_of(text));
	if (l->first == NULL)
		l->first = f;
	else
		l->last->next = f;
	l->last = f;
	return f;
}

void
finding_forget(struct findings *l, unsigned by)
{
	struct finding **p = &l->first;

	l->last = NULL;
	while (*p != NULL) {
		if ((*p)->by == by) {
			*p = (*p)->next;
			continue;
		}
		l->last = *p;
		p = &(*p)->next;
	}
}

static int
finding_compare(const struct finding *a, const struct finding *b)
{
	int c;

	if (a->sev != b->sev)
		return a->sev > b->sev ? -1 : 1;
	if (a->by != b->by)
		return a->by < b->by ? -1 : 1;
	if ((c = strcmp(a->at != NULL ? a->at : "",
	    b->at != NULL ? b->at : "")) != 0)
		return c;
	if ((c = strcmp(a->kind->id, b->kind->id)) != 0)
		return c;
	return strcmp(a->text, b->text);
}

static int
finding_order(const void *p, const void *q)
{
	return finding_compare(*(struct finding *const *)p,
	    *(struct finding *const *)q);
}

void
finding_sort(struct findings *l, struct arena *mem)
{
	struct finding *f, **v;
	size_t n = 0, i;

	for (f = l->first; f != NULL; f = f->next)
		n++;
	if (n < 2)
		return;
	v = arena_new(mem, n, sizeof *v);
	for (f = l->first, i = 0; f != NULL; f = f->next)
		v[i++] = f;
	qsort(v, n, sizeof *v, finding_order);
	l->first = l->last = v[0];
	for (i = 1; i < n; i++)
		if (finding_compare(l->last, v[i]) != 0) {
			l->last->next = v[i];
			l->last = v[i];
		}
	l->last->next = NULL;
}

void
finding_line(struct buf *b, const struct finding_kind *k, const char *sev,
    const char *about)
{
	buf_printf(b, "%s\t%s\t%s\t%s\t%s\n", k->id, sev, about, k->ref,
	    k->help);
}
