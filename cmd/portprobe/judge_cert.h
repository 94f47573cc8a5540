/* judge_cert.h: what is wrong with certificates */
#ifndef JUDGE_CERT_H
#define JUDGE_CERT_H

#include <stdbool.h>

#include "report.h"
#include "settings.h"

/* How bad is a bad certificate here? */
enum finding_sev judge_weight(const struct report *);

/* All that is odd about those that were sent; verdict.dane is known. */
void judge_certificates(struct report *);

/*
 * Is the certificate for a name that it may have?  Where DANE says whose it
 * is, the domain of an mx: target is one, too.
 */
enum tls_name judge_name(const struct report *);

/*
 * Is it known whose the certificate is, by its chain and its name?  What else
 * it says is a stranger's word without that.
 */
bool judge_verified(const struct report *);

/* With fewer seconds left than this it ends soon; 0: never soon. */
int64_t judge_span(const struct span *, const struct tls_cert *);

/* Its day, "2026-08-01". */
void judge_date(int64_t at, char dst[16]);

/* How many days the certificate is valid from now on; negative: since. */
int judge_days(const struct report *, const struct tls_cert *);

#endif
