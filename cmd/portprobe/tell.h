/* tell.h: reports on their way out */
#ifndef TELL_H
#define TELL_H

#include "portprobe.h"

enum metric {
	METRIC_UP, METRIC_SEVERITY, METRIC_STATE, METRIC_EXPIRY,
	METRIC_LATENCY, METRIC_DANE, METRIC_TLS, METRICS
};

/* A row of the table, kept until its width is known. */
struct row {
	uint64_t seq, order;
	enum severity sev;
	struct buf cells, below;
};

struct tell {
	struct buf out;
	int64_t flushed;
	bool stream, colour;		/* rows do not wait for the last */
	struct row *row;
	size_t nrow, cap;
	size_t width[CELLS];
	int64_t since;			/* the oldest row, clock_ms */
	struct buf perf, crit, warn, lines;	/* --nagios */
	unsigned crits, warns;
	struct buf metric[METRICS];	/* --prom */
	struct err e;			/* of --save-chain, the first */
};

#endif
