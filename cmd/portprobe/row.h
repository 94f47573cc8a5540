/* row.h: reports that were made into text, and wait */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "finding.h"
#include "str.h"

enum metric {
	METRIC_UP, METRIC_SEVERITY, METRIC_STATE, METRIC_EXPIRY,
	METRIC_LATENCY, METRIC_DANE, METRIC_TLS, METRICS
};

enum { CELLS = 10 };		/* of a row, at most */

/*
 * One report, kept until it is its turn: cells of the table and lines below
 * it; of --nagios the problem, the long output and perfdata; of -j one line
 * below no cells.
 */
struct row {
	uint64_t seq, order;
	enum finding_sev sev;
	struct buf cells, below, perf;
};

struct output {
	struct buf out;
	int64_t flushed;
	bool stream;		/* a list: rows do not wait for the last */
	bool colour;
	struct row *row;
	size_t nrow, cap;
	size_t width[CELLS];
	int64_t since;			/* the oldest row, clock_ms */
	struct buf metric[METRICS];	/* --prom */
	struct err e;			/* of --save-chain, the first */
};

#endif
