/* dns_tcp.h: questions by TCP; for dns*.c alone */
#ifndef DNS_TCP_H
#define DNS_TCP_H

#include "dns_engine.h"

void dns_stream_give(struct dns *, struct question *);
void dns_stream_close(struct dns *, struct stream *, int error);
void dns_stream_event(struct dns *, struct stream *, short events);
void dns_streams_feed(struct dns *);

#endif
