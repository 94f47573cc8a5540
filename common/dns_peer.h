/* dns_peer.h: whom a question is sent to, and how long for; for dns*.c alone */
#ifndef DNS_PEER_H
#define DNS_PEER_H

#include "dns_engine.h"

/* The next server in turn that did not answer yet, healthy ones first. */
unsigned dns_choose(const struct dns *, const struct question *);
/* Is there another than the last? */
bool dns_elsewhere(const struct dns *, const struct question *);
void dns_retry(struct dns *, struct question *);	/* or gives up */
void dns_count(struct dns *, struct question *);	/* in the window */
/* The EDNS size for this server; 0: without EDNS. */
unsigned dns_bufsize(const struct dns *, const struct question *,
    unsigned server);
/* Notes that it went out, and waits for the reply. */
void dns_sent(struct dns *, struct question *);
/* The socket refused with an error of its own: as a timeout, but soon. */
void dns_unsendable(struct dns *, struct question *, int error);
/* With -vv, a query (a is NULL) and what came of it. */
void dns_note(const struct dns *, const struct question *, const char *mark,
    const struct dns_answer *);

#endif
