/* route.h: what became of a task, for exit status and "deliverable" */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>

#include "dns.h"
#include "mx.h"

struct task;

/* Deliverable, too, if nobody asked for it. */
enum mx_verdict route_verdict(const struct task *);

/* Is the route printed: asked for, or the place of what was asked for? */
bool route_shown(const struct task *);

/*
 * Is the lack of a route a fault?  Always of a name that does not exist; else
 * only if the route was asked for.  That a domain takes no mail (RFC 7505) is
 * well, unless mail shall go to an address in it.
 */
bool route_fault(const struct task *);

/* Of the name itself: that of its MX question. */
enum dns_status route_status(const struct task *);

#endif
