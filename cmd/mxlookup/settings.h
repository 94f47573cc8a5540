/* settings.h: what the options decided, but for those of a check */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "dns.h"
#include "finding.h"
#include "opt.h"

struct settings {
	struct dns_conf dns;		/* whom to ask, and how */
	struct opt_list operands;	/* none: names come from stdin */
	bool no_sandbox;
	struct {			/* what is looked up */
		unsigned checks;	/* CHECK_BITs: what is run */
		unsigned asked;		/* of these, what the user asked for: it
					 * alone is printed and counted */
		bool four;		/* -4: no IPv6 addresses of hosts */
		bool six;		/* -6: no IPv4 addresses of hosts */
		enum finding_sev fail_on;	/* findings from here on are bad */
	} want;
	struct {			/* how it is shown */
		bool quiet, json, explain, nagios;
		bool color, fix;
		unsigned columns;	/* of the terminal; 0: it is none */
	} show;
	struct {			/* many names */
		bool ordered;		/* shown as they were given */
		bool stats;
		const char *skip_done;	/* an earlier output, or NULL */
		const char *diff;	/* another one, to be compared with */
	} many;
};

#endif
