/*
 * autoconfig.h: the file by which mail clients find their servers
 * (draft-ietf-mailmaint-autoconfig section 4, Mozilla's config-v1.1.xml)
 *
 * The XML is read as far as such a file needs it: elements, text, and the five
 * entities that XML has by itself.
 */
#ifndef AUTOCONFIG_H
#define AUTOCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"
#include "str.h"

enum autoconfig_tls {
	AUTOCONFIG_PLAIN, AUTOCONFIG_STARTTLS, AUTOCONFIG_TLS,
	AUTOCONFIG_UNSAID		/* no socketType, or an unknown one */
};
const char *autoconfig_tls(enum autoconfig_tls);	/* "plain" ...; NULL */

struct autoconfig_server {
	const char *type;		/* "imap" "pop3" "smtp", or another */
	const char *host;
	unsigned port;			/* 0: none that can be */
	enum autoconfig_tls tls;
};

enum { AUTOCONFIG_MAX = 65536, AUTOCONFIG_SERVERS = 16 };

struct autoconfig {
	struct autoconfig_server server[AUTOCONFIG_SERVERS];
	size_t n;
	bool more;			/* than are kept */
	const char *why;		/* it cannot be read; or NULL */
};

/*
 * Of this domain's file, in the arena, in the order in which they stand there.
 * -1: why says what is wrong with it.
 */
int autoconfig_parse(struct autoconfig *, struct arena *, struct str xml,
    const char *domain);

#endif
