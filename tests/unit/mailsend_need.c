/* What TLS must be like with a mail host: all of it that has a meaning. */
#include <string.h>

#include "direct_need.h"
#include "tap.h"

#define MAY ACCOUNT_TLS_MAY
#define MUST ACCOUNT_TLS_STARTTLS
#define NO ACCOUNT_TLS_OFF

static const struct {
	enum direct_need need;
	struct direct_facts f;
	const char *what;
} cases[] = {
	{ DIRECT_NEED_MAY, { .tls = MAY }, "nothing is known" },
	{ DIRECT_NEED_NAME, { .tls = MUST }, "--tls starttls" },
	{ DIRECT_NEED_OFF, { .tls = NO, .secure = true, .dane = TLSA_USABLE,
	    .sts = MTASTS_ENFORCE }, "--tls off" },
	{ DIRECT_NEED_DANE, { .tls = MAY, .secure = true,
	    .dane = TLSA_USABLE }, "DANE" },
	{ DIRECT_NEED_MAY, { .tls = MAY, .dane = TLSA_USABLE },
	    "DANE of a host that anybody may have named" },
	{ DIRECT_NEED_MAY, { .tls = MAY, .dane = TLSA_TEMP },
	    "and when it cannot be looked up" },
	{ DIRECT_NEED_LATER, { .tls = MAY, .secure = true,
	    .dane = TLSA_TEMP }, "DANE that cannot be looked up" },
	{ DIRECT_NEED_ANY, { .tls = MAY, .secure = true,
	    .dane = TLSA_UNUSABLE }, "DANE without a record of use" },
	{ DIRECT_NEED_MAY, { .tls = MAY, .secure = true }, "DNSSEC alone" },
	{ DIRECT_NEED_NAME, { .tls = MUST, .secure = true,
	    .dane = TLSA_UNUSABLE }, "of no use, and --tls starttls" },
	{ DIRECT_NEED_NAME, { .tls = MAY, .sts = MTASTS_ENFORCE,
	    .named = true }, "a policy" },
	{ DIRECT_NEED_NEVER, { .tls = MAY, .sts = MTASTS_ENFORCE },
	    "a policy that does not name the host" },
	{ DIRECT_NEED_NEVER, { .tls = MAY, .sts = MTASTS_ENFORCE,
	    .secure = true, .dane = TLSA_UNUSABLE },
	    "and TLSA records of no use" },
	{ DIRECT_NEED_NAME, { .tls = MAY, .sts = MTASTS_ENFORCE,
	    .named = true, .secure = true, .dane = TLSA_UNUSABLE },
	    "both, named" },
	{ DIRECT_NEED_DANE, { .tls = MAY, .sts = MTASTS_ENFORCE,
	    .secure = true, .dane = TLSA_USABLE }, "DANE before the policy" },
	{ DIRECT_NEED_LATER, { .tls = MAY, .sts = MTASTS_ENFORCE,
	    .named = true, .secure = true, .dane = TLSA_TEMP },
	    "no policy overrides DANE that is not known" },
	{ DIRECT_NEED_MAY, { .tls = MAY, .sts = MTASTS_TESTING },
	    "testing" },
	{ DIRECT_NEED_MAY, { .tls = MAY, .sts = MTASTS_NONE }, "mode none" },
	{ DIRECT_NEED_NEVER, { .tls = MAY, .require_tls = true },
	    "REQUIRETLS, and nothing proves the host" },
	{ DIRECT_NEED_NAME, { .tls = MAY, .require_tls = true,
	    .secure = true }, "DNSSEC does" },
	{ DIRECT_NEED_DANE, { .tls = MAY, .require_tls = true,
	    .secure = true, .dane = TLSA_USABLE }, "and DANE" },
	{ DIRECT_NEED_NAME, { .tls = MAY, .require_tls = true,
	    .sts = MTASTS_ENFORCE, .named = true }, "a policy does" },
	{ DIRECT_NEED_NAME, { .tls = MAY, .require_tls = true,
	    .sts = MTASTS_TESTING, .named = true }, "also in testing" },
	{ DIRECT_NEED_NEVER, { .tls = MAY, .require_tls = true,
	    .sts = MTASTS_TESTING }, "if it names the host" },
	{ DIRECT_NEED_NEVER, { .tls = MAY, .require_tls = true,
	    .sts = MTASTS_NONE, .named = true }, "mode none does not" },
};

int
main(void)
{
	const char *why;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_str(direct_need(direct_need_of(&cases[i].f, &why)),
		    direct_need(cases[i].need), "%s", cases[i].what);
		ok((why != NULL) == (cases[i].need == DIRECT_NEED_LATER ||
		    cases[i].need == DIRECT_NEED_NEVER), "why not is said");
	}
	return done();
}
