/* dns_try.h: what a reply means; for dns*.c alone */
#ifndef DNS_TRY_H
#define DNS_TRY_H

#include "dns_engine.h"

/* A message that is the reply to q, by its id and its question. */
void dns_reply(struct dns *, struct question *, const unsigned char *msg,
    size_t len, bool tcp);

#endif
