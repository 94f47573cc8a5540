/* route.h: what became of a task, for exit status and "deliverable" */
#ifndef ROUTE_H
#define ROUTE_H

#include "dns.h"
#include "mx.h"

struct task;

/* Deliverable, too, if nobody asked for it. */
enum mx_verdict route_verdict(const struct task *);

/* Of the name itself: that of its MX question. */
enum dns_status route_status(const struct task *);

#endif
