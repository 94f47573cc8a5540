/* formats.h: the ways to tell a report */
#ifndef FORMATS_H
#define FORMATS_H

#include "fail.h"
#include "row.h"
#include "str.h"

struct report;
struct run;

/* One line of NDJSON. */
void json_report(const struct report *, struct buf *);

/* The cells of a row, ended by NUL each, then the lines below it. */
void text_report(const struct report *, struct buf *cells, struct buf *below);

/* --nagios; nagios_end, behind output_end, prints all and says the status. */
void nagios_report(const struct report *, struct row *);
int nagios_end(struct run *);

/* --prom; prom_check: may this file be replaced? */
void prom_report(struct run *, const struct report *);
int prom_check(const char *path, struct err *);
int prom_end(struct run *, struct err *);

#endif
