/* checks.h: what one check of mxlookup does for another */
#ifndef CHECKS_H
#define CHECKS_H

#include "dmarc.h"
#include "mxlookup.h"

/* The table by number, in checks.c. */
extern const struct check *const checks_all[CHECK_MAX];

/* All kinds of findings, a line each, for --findings. */
void checks_findings(struct buf *);

/* check_dmarc.c: the walk from any domain; false: answers are missing. */
bool checks_dmarc(struct task *, const char *domain, struct dmarc_walk *);

/* A record under "record", or null. */
static inline void
checks_record(struct json *j, struct str record)
{
	if (record.p != NULL)
		json_str(j, "record", record);
	else
		json_null(j, "record");
}

/* The record for a line of text, or "none", or why it is not known. */
static inline void
checks_text(struct buf *b, const struct dns_answer *a, struct str record)
{
	if (record.p != NULL)
		show_safe(b, record);
	else if (!dns_temporary(a->status))
		buf_s(b, "none");
	else
		show_status(b, a);
}

#endif
