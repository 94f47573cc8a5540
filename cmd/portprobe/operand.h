/* operand.h: a target as it is given: an operand, or a line of fields */
#ifndef OPERAND_H
#define OPERAND_H

#include <stdbool.h>

#include "fail.h"
#include "mem.h"
#include "net.h"
#include "port.h"
#include "settings.h"
#include "str.h"

enum target_kind { TARGET_HOST, TARGET_MX, TARGET_SRV };

/* Zeroed at first but for the text. */
struct operand {
	const char *text;
	enum target_kind kind;
	const char *domain;		/* or host name, in A-labels */
	struct port port;		/* given, or 0 */
	const struct probe_proto *proto;	/* given, or NULL */
	struct net_addr dial;		/* given, or len 0 */
	bool literal;			/* the host is an address */
};

/*
 * HOST[:PORT][/PROTO], HOST:PROTO, the URL of an account's server, mx:DOMAIN,
 * srv:DOMAIN; behind it, parted by blanks and
 * commas, in any order: an address to dial, a port, a protocol.  All that it
 * needs is copied into the arena.  After a failure some of it may be filled
 * in.
 */
int operand_parse(struct operand *, struct str, const struct settings *,
    struct arena *, struct err *);

#endif
