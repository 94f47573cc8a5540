/* judge.h: what was found: state, severity, findings */
#ifndef JUDGE_H
#define JUDGE_H

#include <stddef.h>

#include "report.h"

/* Fills in the verdict. */
void judge(struct report *);

/* The outcome of the TLSA record of this index. */
enum record judge_dane_record(const struct report *, size_t i);

/*
 * Is the certificate for a name that it may have?  Where DANE says whose it
 * is, the domain of an mx: target is one, too.
 */
enum tls_name judge_name(const struct report *);

/* How many days the certificate is valid from now on; negative: since. */
int judge_days(const struct report *, const struct tls_cert *);

#endif
