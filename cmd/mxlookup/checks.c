/*
 * checks.c: the table of checks, the one place that names them all
 */
#include "checks.h"
#include "show.h"

const struct check *const checks_all[CHECK_MAX] = {
	[CHECK_MX] = &route_mx, [CHECK_ADDR] = &route_addr,
	[CHECK_SPF] = &check_spf, [CHECK_DKIM] = &check_dkim,
	[CHECK_DMARC] = &check_dmarc, [CHECK_BIMI] = &check_bimi,
	[CHECK_MTASTS] = &check_mtasts, [CHECK_TLSRPT] = &check_tlsrpt,
	[CHECK_DANE] = &check_dane, [CHECK_DNSSEC] = &check_dnssec,
	[CHECK_SRV] = &check_srv, [CHECK_PTR] = &check_ptr,
	[CHECK_DNSBL] = &check_dnsbl, [CHECK_CAA] = &check_caa,
};

void
checks_findings(struct buf *b)
{
	const struct finding_kind *k;
	int c;

	for (c = 0; c < CHECK_MAX; c++) {
		k = checks_all[c]->findings;
		for (; k != NULL && k->id != NULL; k++)
			finding_line(b, k, show_severity(k->sev),
			    checks_all[c]->name);
	}
}
