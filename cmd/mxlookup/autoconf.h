/* autoconf.h: the file of a domain by which mail clients find their servers */
#ifndef AUTOCONF_H
#define AUTOCONF_H

#include <stdbool.h>

#include "ask_https.h"
#include "autoconfig.h"
#include "json.h"
#include "str.h"

struct task;

/* Zero at first, and kept from one call to the next. */
struct autoconf {
	bool own;			/* there is a host for it */
	const char *url;		/* where it was looked for; or NULL */
	struct ask_https get;
	bool have;			/* a file has come, and was read */
	struct autoconfig file;
	const struct dns_answer *a[AUTOCONFIG_SERVERS],
	    *aaaa[AUTOCONFIG_SERVERS];	/* of its servers; NULL: no such name */
};

/*
 * Gets it, with --fetch, and the addresses of what it names; records: there are
 * some of SRV that it may contradict.  False: something is missing (ask.h).
 */
bool autoconf_get(struct task *, struct autoconf *, bool records);

/* Why there is none, though there is a host for it; or NULL. */
const char *autoconf_why(struct task *, const struct autoconf *);

void autoconf_json(struct json *, const struct autoconf *);
void autoconf_text(struct buf *, const struct autoconf *);

#endif
