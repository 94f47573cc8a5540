/* checks.h: the checks that there are; each is in its file, check_NAME.c */
#ifndef CHECKS_H
#define CHECKS_H

#include "check.h"
#include "str.h"

/* The table by number, in checks.c. */
extern const struct check *const checks_all[CHECK_MAX];

/* All kinds of findings, a line each, for --findings. */
void checks_findings(struct buf *);

extern const struct check route_mx, route_addr;		/* route.c */
extern const struct check check_spf, check_dkim, check_dmarc, check_bimi,
    check_mtasts, check_tlsrpt, check_dane, check_dnssec, check_srv,
    check_ptr, check_dnsbl, check_caa;

#endif
