/* portprobe_jobs.c: which job is next: none is lost, none comes twice */
#include <time.h>

#include "clock.h"
#include "jobs.h"
#include "str.h"
#include "tap.h"

enum { JOBS = 40 };

static struct net_addr addr[4];
static struct job job[JOBS];
static bool begun[JOBS];

static void
prepare(unsigned addresses)
{
	char text[32];
	unsigned i;

	for (i = 0; i < 4; i++) {
		snprintf(text, sizeof text, "192.0.2.%u", i);
		net_pton(str_of(text), 25, &addr[i]);
	}
	for (i = 0; i < JOBS; i++) {
		job[i] = (struct job){ .addr = &addr[i % addresses],
		    .order = i };
		begun[i] = false;
	}
}

/* One that begins: its number, or -1. */
static int
next(struct jobs *all)
{
	struct job *j = jobs_next(all);

	if (j == NULL)
		return -1;
	ok(!begun[j->order], "%d begins", (int)j->order);
	begun[j->order] = true;
	return (int)j->order;
}

/* Who waited at a gate goes first, and what is added then goes behind. */
static void
behind(void)
{
	struct jobs *all = jobs_new(1, 0);

	prepare(2);
	jobs_add(all, &job[0]);
	jobs_add(all, &job[2]);
	jobs_add(all, &job[1]);
	is_int(next(all), 0, "the first");
	is_int(next(all), 1, "the second waits for it, the third does not");
	is_int(next(all), -1, "nobody else");
	is_int(jobs_waiting(all), 1, "one waits");
	jobs_shut(all, &job[0]);
	jobs_add(all, &job[4]);
	is_int(jobs_waiting(all), 2, "two wait");
	is_int(next(all), 2, "the one that waited");
	is_int(next(all), -1, "and then nobody");
	jobs_shut(all, &job[2]);
	is_int(next(all), 4, "the one behind it");
	jobs_shut(all, &job[4]);
	jobs_shut(all, &job[1]);
	is_int(jobs_waiting(all), 0, "none is left");
	jobs_free(all);
}

/* Who has waited goes before what came meanwhile. */
static void
turn(void)
{
	struct jobs *all = jobs_new(1, 0);

	prepare(2);
	jobs_add(all, &job[0]);
	jobs_add(all, &job[2]);
	is_int(next(all), 0, "the first of a host");
	is_int(next(all), -1, "the second waits");
	jobs_add(all, &job[1]);
	jobs_shut(all, &job[0]);
	jobs_shut(all, &job[0]);	/* once more: it has none open */
	is_int(next(all), 2, "who has waited");
	is_int(next(all), 1, "who came meanwhile");
	jobs_shut(all, &job[2]);
	jobs_shut(all, &job[1]);
	jobs_free(all);
}

/* Only a short pause is made up for. */
static void
paused(void)
{
	enum { RATE = 100 };		/* 10 ms each */
	struct jobs *all = jobs_new(JOBS, RATE);
	const struct timespec pause = { .tv_nsec = 350 * 1000 * 1000 };
	int64_t from;
	int i, n = 0;

	prepare(1);
	for (i = 0; i < JOBS; i++)
		jobs_add(all, &job[i]);
	is_int(next(all), 0, "the first at once");
	nanosleep(&pause, NULL);
	from = clock_us();
	while (jobs_next(all) != NULL)
		n++;
	ok(n <= 2 + (clock_us() - from) / 10000, "%d after a pause", n);
	jobs_free(all);
}

/* However many are allowed, each job begins once, and never too many at once. */
static void
all_begin(unsigned addresses, unsigned per_host)
{
	struct jobs *all = jobs_new(per_host, 0);
	int open[JOBS], n = 0, most = 0, total = 0, at = 0, i;

	prepare(addresses);
	while (total < JOBS || n > 0) {
		for (i = 0; i < 3 && at < JOBS; i++)	/* some more come */
			jobs_add(all, &job[at++]);
		while ((i = next(all)) >= 0) {
			open[n++] = i;
			total++;
		}
		most = n > most ? n : most;
		if (n == 0 && at == JOBS)
			break;
		if (n > 0) {			/* the oldest ends */
			jobs_shut(all, &job[open[0]]);
			memmove(open, open + 1, (size_t)--n * sizeof *open);
		}
	}
	is_int(total, JOBS, "%u a host, %u hosts: all begin", per_host,
	    addresses);
	ok(most <= (int)(addresses * per_host), "and at most %d at a time",
	    most);
	jobs_free(all);
}

/* What is known needs no connection: it passes gates, and waits for no rate. */
static void
known(void)
{
	struct jobs *all = jobs_new(1, 1);

	prepare(1);
	jobs_add(all, &job[0]);
	jobs_add(all, &job[1]);
	is_int(next(all), 0, "one has the gate, and the second's right to begin");
	jobs_known(all, &job[2]);
	jobs_known(all, &job[3]);
	is_int(jobs_waiting(all), 3, "three wait");
	is_int(next(all), 2, "what is known begins");
	is_int(next(all), 3, "and the next");
	is_int(next(all), -1, "and no other");
	jobs_shut(all, &job[3]);	/* it has none */
	jobs_shut(all, &job[0]);
	is_int(jobs_waiting(all), 1, "one waits");
	jobs_free(all);
}

int
main(void)
{
	behind();
	turn();
	paused();
	known();
	all_begin(1, 1);
	all_begin(2, 1);
	all_begin(4, 2);
	all_begin(1, 5);
	return done();
}
