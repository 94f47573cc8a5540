/* portprobe_stage.c: how long a stage may take */
#include "clock.h"
#include "jobs.h"
#include "run.h"
#include "slot.h"
#include "stage.h"
#include "tap.h"
#include "target.h"

static struct run run;
static struct target target = { .run = &run };
static struct host host = { .target = &target };
static struct job job = { .host = &host };

/* When its turn ends, of the milliseconds that it has in all. */
static int64_t
entered(struct probe *p, enum stage s, int64_t ms)
{
	int64_t start = clock_ms();

	*p = (struct probe){ .run = &run, .job = &job, .deadline = start + ms,
	    .now = &p->main };
	p->due.who = p;
	stage_enter(p, s);
	return p->due.at - start;
}

/* A resolver that hangs takes half of the time, and no more. */
static void
dane(void)
{
	struct probe p, q;
	int64_t at = entered(&p, STAGE_DANE, 10000000);

	ok(at > 4900000 && at < 5100000, "TLSA records: half of the time: %lld",
	    (long long)at);
	ok(target.waiting == &p && p.next == NULL, "it waits");
	entered(&q, STAGE_DANE, 1000);
	ok(target.waiting == &q && q.next == &p, "so does another one");
	stage_await_no_more(&p);
	ok(target.waiting == &q && q.next == NULL, "no more");
	stage_await_no_more(&p);
	stage_await_no_more(&q);
	ok(target.waiting == NULL, "none of them");
	due_clear(&p.due);
	due_clear(&q.due);
}

int
main(void)
{
	struct probe p;

	due_init(&run.dues);
	dane();
	entered(&p, STAGE_QUIT, 10000);
	is_int(p.stage, STAGE_OVER, "nobody to say QUIT to: it is over");
	return done();
}
