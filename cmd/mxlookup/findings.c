/* findings.c: what is wrong: noted by checks, told with a reference */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mxlookup.h"

const char *
severity_name(enum severity s)
{
	static const char *const names[] = { "hint", "warn", "error" };

	return names[s];
}

static const struct finding_kind *
in_table(const struct check *c, const char *id)
{
	const struct finding_kind *k = c->findings;

	for (; k != NULL && k->id != NULL; k++)
		if (strcmp(k->id, id) == 0)
			return k;
	return NULL;
}

/* The check's own table first: route_addr borrows from route_mx. */
static const struct finding_kind *
kind_of(const struct task *t, const char *id)
{
	const struct check *const *checks = t->run->checks;
	const struct finding_kind *k = in_table(checks[t->ask.who], id);
	int c;

	for (c = 0; k == NULL && c < CHECK_MAX; c++)
		k = in_table(checks[c], id);
	return k;
}

void
task_find(struct task *t, const char *id, const char *at,
    const char *fmt, ...)
{
	const struct finding_kind *k = kind_of(t, id);
	struct finding **p, *f;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	at = at != NULL ? at : t->domain;
	for (p = &t->findings; *p != NULL; p = &(*p)->next)
		if ((*p)->kind == k && strcmp((*p)->at, at) == 0 &&
		    strcmp((*p)->text, text) == 0)
			return;
	if (k == NULL)
		return;
	f = *p = arena_new(t->mem, 1, sizeof *f);
	f->kind = k;
	f->check = (int)t->ask.who;
	f->at = arena_dup(t->mem, str_of(at));
	f->text = arena_dup(t->mem, str_of(text));
}

/* The worst first; then by check, by name, by kind. */
static int
in_order(const void *p, const void *q)
{
	const struct finding *a = *(struct finding *const *)p;
	const struct finding *b = *(struct finding *const *)q;
	int c;

	if (a->kind->sev != b->kind->sev)
		return a->kind->sev > b->kind->sev ? -1 : 1;
	if (a->check != b->check)
		return a->check < b->check ? -1 : 1;
	if ((c = strcmp(a->at, b->at)) != 0 ||
	    (c = strcmp(a->kind->id, b->kind->id)) != 0)
		return c;
	return strcmp(a->text, b->text);
}

void
findings_sort(struct task *t)
{
	struct finding *f, **v;
	size_t n = 0, i;

	for (f = t->findings; f != NULL; f = f->next)
		n++;
	if (n < 2)
		return;
	v = arena_new(t->mem, n, sizeof *v);
	for (f = t->findings, i = 0; f != NULL; f = f->next)
		v[i++] = f;
	qsort(v, n, sizeof *v, in_order);
	for (i = 0; i < n; i++)
		v[i]->next = i + 1 < n ? v[i + 1] : NULL;
	t->findings = v[0];
}

enum severity
findings_worst(const struct task *t, bool *any)
{
	enum severity worst = SEV_HINT;
	const struct finding *f;

	*any = t->findings != NULL;
	for (f = t->findings; f != NULL; f = f->next)
		if (f->kind->sev > worst)
			worst = f->kind->sev;
	return worst;
}

void
findings_list(const struct run *r, struct buf *b)
{
	const struct finding_kind *k;
	int c;

	for (c = 0; c < CHECK_MAX; c++) {
		k = r->checks[c]->findings;
		for (; k != NULL && k->id != NULL; k++)
			buf_printf(b, "%s\t%s\t%s\t%s\t%s\n", k->id,
			    severity_name(k->sev), r->checks[c]->name,
			    k->ref, k->help);
	}
}
