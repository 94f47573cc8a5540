/* dns_udp.h: questions by UDP; for dns*.c alone */
#ifndef DNS_UDP_H
#define DNS_UDP_H

#include "dns_engine.h"

/* Sends what is due, also to TCP. */
void dns_flush(struct dns *);
/* Reads once; whether there may be more. */
bool dns_receive(struct dns *, struct sock *);

#endif
