/* direct_need.c: what TLS must be like with a mail host; pure */
#include <stddef.h>

#include "direct_need.h"

const char *
direct_need(enum direct_need n)
{
	static const char *const names[] = {
		[DIRECT_NEED_OFF] = "off", [DIRECT_NEED_MAY] = "may",
		[DIRECT_NEED_ANY] = "any", [DIRECT_NEED_NAME] = "name",
		[DIRECT_NEED_DANE] = "dane", [DIRECT_NEED_LATER] = "later",
		[DIRECT_NEED_NEVER] = "never",
	};

	return names[n];
}

/*
 * RFC 8689 section 4.2.1, step 3: that the host is one of the domain is proven
 * by DNSSEC, or else by the domain's policy, whichever mode that has.
 */
static bool
vouched(const struct direct_facts *f)
{
	return f->secure || ((f->sts == MTASTS_ENFORCE ||
	    f->sts == MTASTS_TESTING) && f->named);
}

enum direct_need
direct_need_of(const struct direct_facts *f, const char **why)
{
	*why = NULL;
	if (f->tls == ACCOUNT_TLS_OFF)
		return DIRECT_NEED_OFF;
	if (f->secure && f->dane == TLSA_TEMP) {
		*why = "whether it has TLSA records cannot be known now (DANE)";
		return DIRECT_NEED_LATER;
	}
	if (f->secure && f->dane == TLSA_USABLE)
		return DIRECT_NEED_DANE;
	if (f->sts == MTASTS_ENFORCE && !f->named) {
		*why = "the MTA-STS policy of the domain does not name it";
		return DIRECT_NEED_NEVER;
	}
	if (f->require_tls && !vouched(f)) {
		*why = "neither DNSSEC nor MTA-STS proves that it is a host of the domain, as --require-tls needs it (RFC 8689)";
		return DIRECT_NEED_NEVER;
	}
	if (f->sts == MTASTS_ENFORCE || f->require_tls ||
	    f->tls == ACCOUNT_TLS_STARTTLS)
		return DIRECT_NEED_NAME;
	return f->secure && f->dane == TLSA_UNUSABLE ? DIRECT_NEED_ANY :
	    DIRECT_NEED_MAY;
}
