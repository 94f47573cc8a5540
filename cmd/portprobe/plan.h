/* plan.h: --tlsa: the records to publish, and when to change what */
#ifndef PLAN_H
#define PLAN_H

#include "json.h"
#include "report.h"

/* Lines below a report's row, or nothing. */
void plan_text(const struct report *, struct buf *);

/* The member "tlsa_plan". */
void plan_json(const struct report *, struct json *);

#endif
