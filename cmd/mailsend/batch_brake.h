/* batch_brake.h: when a batch goes wrong, and how fast it may go; pure */
#ifndef BATCH_BRAKE_H
#define BATCH_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BATCH_ROW = 20, BATCH_LAST = 200 };

/* Begins as zero, but for most. */
struct batch_brake {
	uint64_t most;		/* refused recipients; 0: by the rules below */
	uint64_t refused, row;
	unsigned char last[BATCH_LAST];	/* 1: refused; a ring */
	size_t n, at, among;	/* of it, and how many of them are refused */
};

/*
 * One recipient's fate.  True: it is enough: BATCH_ROW refused one after the
 * other, or a tenth of the last BATCH_LAST; or, if most is set, so many in all.
 */
bool batch_brake_note(struct batch_brake *, bool refused);

/*
 * When the next message may go, in microseconds, and *next for the one behind
 * it: as many a second as rate says, and none made up for.
 */
int64_t batch_brake_turn(int64_t *next, int64_t now, double rate);

#endif
