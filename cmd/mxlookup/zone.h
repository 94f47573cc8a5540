/* zone.h: records as zone files and dig have them (RFC 1035 section 5.1) */
#ifndef ZONE_H
#define ZONE_H

#include "dns.h"
#include "fail.h"
#include "mem.h"
#include "str.h"

struct zone_record {
	const char *name;	/* as dns_name has it */
	unsigned type;
	bool none;		/* "-" for the data: there is no such record */
	struct str data;	/* as zone_data makes it */
};

/*
 * A line: NAME [TTL] [CLASS] TYPE DATA, in the arena.  1; 0 if it is empty or
 * a comment; -1 with EX_USAGE if it is no record, or one of a type that
 * zone_data does not know.
 */
int zone_read(struct arena *, struct str line, struct zone_record *,
    struct err *);

/*
 * The data of a record as bytes, in the arena, the same for equal records:
 * numbers in network order, addresses in binary, names as dns_name has them
 * with a NUL behind, the strings of a TXT joined.
 */
struct str zone_data(struct arena *, unsigned type, const struct dns_rr *);

/* Appends such data as a zone file has it. */
void zone_put(struct buf *, unsigned type, struct str data);

#endif
