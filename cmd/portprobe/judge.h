/* judge.h: what was found: state, severity, findings */
#ifndef JUDGE_H
#define JUDGE_H

#include <stddef.h>

#include "report.h"
#include "str.h"

/* A kind of finding; ids never change. */
struct finding_kind {
	const char *id;
	enum severity sev;	/* as a rule; judge.c knows exceptions */
	int status;		/* of the exit, if it is critical */
	const char *ref, *help;
};

struct finding {
	struct finding *next;
	const struct finding_kind *kind;
	enum severity sev;
	const char *text;
};

/* Fills in the verdict. */
void judge(struct report *);

/* All kinds, for --findings: a line each, fields parted by tabs. */
void judge_kinds(struct buf *);

/* What became of the TLSA record of this index. */
enum record judge_dane_record(const struct report *, size_t i);

/* How many days the certificate is valid from now on; negative: since. */
int judge_days(const struct report *, const struct tls_cert *);

#endif
