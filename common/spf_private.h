/* spf_private.h: what the parts of spf share */
#ifndef SPF_PRIVATE_H
#define SPF_PRIVATE_H

#include "spf.h"

/* The type of the client's own family: A or AAAA. */
unsigned spf_family(const struct spf *);

/* Are the first bits of ip those of net?  Both are 4 or 16 bytes. */
bool spf_within(struct str ip, const void *net, unsigned bits);

/* Has one of the answer's addresses the client's first bits? */
bool spf_has_address(const struct spf *, const struct dns_answer *,
    unsigned bits);

/*
 * The names of the address that its PTR records give and that have it
 * (section 5.5), at most SPF_NAMES: how many, or one of the two below.
 * counted: void lookups count, and too many are SPF_NAMES_PERM.
 */
enum { SPF_NAMES_WAIT = -1, SPF_NAMES_PERM = -2 };
int spf_names(struct spf *, const char **names, bool counted);

#endif
