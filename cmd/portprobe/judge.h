/* judge.h: what was found: state, severity, findings */
#ifndef JUDGE_H
#define JUDGE_H

#include <stddef.h>

#include "report.h"

/* Fills in the verdict. */
void judge(struct report *);

/* The outcome of the TLSA record of this index. */
enum record judge_dane_record(const struct report *, size_t i);

#endif
