/* batch_brake.c: when a batch goes wrong, and how fast it may go; pure */
#include "batch_brake.h"

bool
batch_brake_note(struct batch_brake *b, bool refused)
{
	b->refused += refused;
	b->row = refused ? b->row + 1 : 0;
	if (b->n == BATCH_LAST)
		b->among -= b->last[b->at];
	else
		b->n++;
	b->last[b->at] = refused;
	b->among += refused;
	b->at = (b->at + 1) % BATCH_LAST;
	if (b->most > 0)
		return b->refused >= b->most;
	return b->row >= BATCH_ROW ||
	    (b->n == BATCH_LAST && b->among * 10 >= BATCH_LAST);
}

int64_t
batch_brake_turn(int64_t *next, int64_t now, double rate)
{
	int64_t turn = *next > now ? *next : now;

	*next = turn + (int64_t)(1e6 / rate);
	return turn;
}
