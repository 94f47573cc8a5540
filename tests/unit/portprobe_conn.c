/* portprobe_conn.c: who waits for its turn to shake hands, and who is next */
#include "clock.h"
#include "jobs.h"
#include "probe_conn.h"
#include "run.h"
#include "tap.h"
#include "target.h"

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

/* Which TLSA records the handshake is given as usable, in this order. */
static const char *
records(const char *why)
{
	static const enum tlsa_use use[] = { TLSA_USED, TLSA_DROPPED, TLSA_NOUSE };
	static const char hash[64];
	struct dns_rr rr[3] = {
		{ .usage = 3, .selector = 1, .mtype = 2, .data = { hash, 64 } },
		{ .usage = 3, .selector = 1, .mtype = 1, .data = { hash, 32 } },
		{ .usage = 1, .selector = 1, .mtype = 1, .data = { hash, 32 } },
	};
	struct dns_answer a = { .n = 3, .rr = rr };
	enum tlsa_use copy[3];
	struct target target = { .given.domain = "a.test" };
	struct host host = { .name = "a.test", .target = &target };
	struct job job = { .host = &host };
	static struct probe p;
	static char text[4];
	int i;

	memcpy(copy, use, sizeof use);
	p = (struct probe){ .run = &run, .job = &job, .now = &p.main };
	p.main.tls.name = "a.test";
	p.main.dane.why = why;
	p.main.dane.tlsa = (struct tlsa){ .state = TLSA_USABLE,
	    .base = "a.test", .answer = &a, .use = copy, .usable = 1 };
	probe_conn_begin(&p);
	for (i = 0; i < 3; i++)
		text[i] = p.main.dane.rr[i].usable ? '+' : '-';
	tls_look_free(p.wire.tls);
	fifo_free(&p.wire.tx);
	arena_free(&p.mem);
	return text;
}

static void
dane(void)
{
	static struct settings set;

	run.set = &set;
	is_str(records(NULL), "+--", "the strongest digest counts alone");
	is_str(records("insecure-mx"), "---",
	    "none does if what leads to the host is not signed");
	tls_ctx_free(run.tls);
}

int
main(void)
{
	int i, n = 0;

	due_init(&run.dues);
	dane();
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
