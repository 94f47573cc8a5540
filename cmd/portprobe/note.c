/* note.c: findings of a report, as judges add them */
#include <stdarg.h>

#include "note.h"

void
note_add(struct report *r, enum kind kind, enum finding_sev sev,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_add(&r->verdict.findings, r->mem, kind_finding(kind), NULL,
	    fmt, ap)->sev = sev;
	va_end(ap);
}

bool
note_found(const struct report *r, const struct finding *before, enum kind kind)
{
	const struct finding *f = before != NULL ? before->next :
	    r->verdict.findings.first;

	for (; f != NULL; f = f->next)
		if (f->kind == kind_finding(kind))
			return true;
	return false;
}
