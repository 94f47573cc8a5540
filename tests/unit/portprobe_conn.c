/* portprobe_conn.c: who waits for its turn to shake hands, and who is next */
#include "clock.h"
#include "jobs.h"
#include "probe_conn.h"
#include "run.h"
#include "tap.h"

enum { MOST = 200, MANY = MOST + 8 };

static struct run run;
static struct probe probe[MANY];

static int
next(void)
{
	struct probe *p = probe_conn_next(&run);

	return p != NULL ? (int)(p - probe) : -1;
}

static bool
turn(int i)
{
	probe[i].stage = STAGE_TLS;
	return probe_conn_turn(&probe[i]);
}

int
main(void)
{
	int i, n = 0;

	due_init(&run.dues);
	for (i = 0; i < MANY; i++) {
		probe[i].run = &run;
		probe[i].deadline = clock_ms() + 100000;
		probe[i].due.who = &probe[i];
	}
	for (i = 0; i < MOST; i++)
		n += turn(i);
	is_int(n, MOST, "so many shake hands at a time");
	ok(!turn(MOST) && !turn(MOST + 1) && !turn(MOST + 2), "three wait");
	is_int(next(), -1, "nobody has ended");
	probe_conn_leave(&probe[MOST + 2]);
	ok(!turn(MOST + 3), "the last one has left, another one comes");
	probe_conn_leave(&probe[MOST + 1]);
	ok(!turn(MOST + 4), "one within has left, and one more comes");
	for (i = 0; i < 4; i++)
		probe_conn_shaken(&probe[i]);
	is_int(next(), MOST, "the first");
	is_int(next(), MOST + 3, "the one behind it");
	is_int(next(), MOST + 4, "and the one behind that");
	is_int(next(), -1, "and nobody else");
	ok(turn(MOST + 5), "then there is room");
	ok(!turn(MOST + 6), "and none again");
	probe_conn_leave(&probe[MOST + 6]);
	probe_conn_shaken(&probe[MOST]);
	is_int(next(), -1, "who was alone and has left is not next");
	return done();
}
