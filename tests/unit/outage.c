/* outage.c: what ends a watch, how long it waits, what it says */
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "outage.h"
#include "tap.h"

static const struct outage fresh = { .refusals = 3, .refused_for = 60 };
static struct outage o;

/* A pass of a second that ends now, in seconds. */
static enum outage_next
pass(int64_t now, int code, bool reached)
{
	return outage_after(&o, &(struct outage_pass){ .status = code,
	    .code = code, .reached = reached, .began = (now - 1) * 1000,
	    .ended = now * 1000 });
}

/* Before anything worked, and after. */
static void
statuses(void)
{
	static const struct {
		int code;
		enum outage_next first, later;
	} v[] = {
		{ EX_USAGE, OUTAGE_END, OUTAGE_END },
		{ EX_DATAERR, OUTAGE_END, OUTAGE_SAY },
		{ EX_NOINPUT, OUTAGE_END, OUTAGE_SAY },
		{ EX_NOHOST, OUTAGE_SAY, OUTAGE_SAY },
		{ EX_UNAVAILABLE, OUTAGE_END, OUTAGE_SAY },
		{ EX_SOFTWARE, OUTAGE_END, OUTAGE_END },
		{ EX_OSERR, OUTAGE_END, OUTAGE_SAY },
		{ EX_CANTCREAT, OUTAGE_END, OUTAGE_SAY },
		{ EX_IOERR, OUTAGE_END, OUTAGE_SAY },
		{ EX_TEMPFAIL, OUTAGE_SAY, OUTAGE_SAY },
		{ EX_PROTOCOL, OUTAGE_END, OUTAGE_SAY },
		{ EX_NOPERM, OUTAGE_END, OUTAGE_SAY },
		{ EX_CONFIG, OUTAGE_END, OUTAGE_SAY },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		o = fresh;
		ok(pass(9, v[i].code, false) == v[i].first,
		    "%d, and nothing has worked yet", v[i].code);
		o = fresh;
		pass(1, 0, true);
		ok(pass(9, v[i].code, false) == v[i].later,
		    "%d after a pass that worked", v[i].code);
	}
}

static void
busy(void)
{
	struct outage_pass p = { .status = EX_TEMPFAIL, .code = EX_TEMPFAIL,
	    .busy = true };

	o = fresh;
	ok(outage_after(&o, &p) == OUTAGE_END, "another run has the lock");
	o = fresh;
	pass(1, 0, true);
	ok(outage_after(&o, &p) == OUTAGE_SAY, "it has it later");
}

/* Of a watch that nothing ends but what was asked for wrongly. */
static void
patient(void)
{
	int code;

	o = (struct outage){ .patient = true };
	for (code = EX_USAGE + 1; code <= EX_CONFIG; code++)
		if (pass(code, code, false) == OUTAGE_END)
			break;
	ok(code > EX_CONFIG, "patient: %d does not end it", code);
	ok(outage_after(&o, &(struct outage_pass){ .status = EX_TEMPFAIL,
	    .code = EX_TEMPFAIL, .busy = true }) != OUTAGE_END,
	    "nor does another run that has the lock");
	ok(pass(90, EX_USAGE, false) == OUTAGE_END, "a usage error does");
	ok(o.pause > 0 && o.pause <= 300, "five minutes at most");
}

static void
refusals(void)
{
	o = fresh;
	pass(1, 0, true);
	ok(pass(10, EX_NOPERM, false) == OUTAGE_SAY &&
	    pass(40, EX_NOPERM, false) == OUTAGE_WAIT &&
	    pass(69, EX_NOPERM, false) == OUTAGE_WAIT,
	    "three refusals within a minute");
	ok(pass(70, EX_NOPERM, false) == OUTAGE_END, "and the minute is over");
	o = fresh;
	pass(1, 0, true);
	pass(10, EX_NOPERM, false);
	ok(pass(500, EX_NOPERM, false) == OUTAGE_WAIT, "two in a long time");
	pass(600, EX_TEMPFAIL, false);
	ok(pass(700, EX_NOPERM, false) == OUTAGE_END,
	    "a server that is away between them says nothing of the password");
	o = fresh;
	pass(1, 0, true);
	pass(10, EX_NOPERM, false);
	pass(20, EX_NOPERM, false);
	pass(90, EX_TEMPFAIL, true);
	ok(pass(99, EX_NOPERM, false) == OUTAGE_SAY, "a login begins anew");
}

static void
pauses(void)
{
	double want = 1;
	int i;

	o = fresh;
	pass(1, 0, false);
	ok(o.pause == 300, "the next pass of POP3");
	for (i = 0; i < 12; i++) {
		pass(10 + i, EX_IOERR, false);
		ok(o.pause == want, "a failure waits for %g seconds", want);
		want = want < 150 ? 2 * want : 300;
	}
	pass(20, 0, true);
	ok(o.pause == 300, "what works waits five minutes");
	o.poll = 7;
	pass(21, 0, true);
	ok(o.pause == 7, "or as long as it was told to");
	o.poll = 0;
	ok(pass(30, EX_TEMPFAIL, true) == OUTAGE_WAIT && o.pause == 1,
	    "a connection that was lost is had again at once");
	pass(40, EX_TEMPFAIL, true);
	pass(50, EX_TEMPFAIL, true);
	ok(o.pause == 4, "not so of a server that hangs up at once, each time");
	for (i = 0; i < 12; i++)
		pass(60 + i, EX_TEMPFAIL, true);
	ok(o.pause == 60, "which is a minute at most");
	for (i = 0; i < 12; i++)
		pass(80 + i, EX_TEMPFAIL, false);
	ok(o.pause == 300, "one that is away has five");
	pass(95, EX_TEMPFAIL, true);
	ok(o.pause == 60, "and a minute again when it is heard");
	outage_after(&o, &(struct outage_pass){ .status = EX_TEMPFAIL,
	    .code = EX_TEMPFAIL, .reached = true, .began = 60000,
	    .ended = 120000 });
	ok(o.pause == 1, "a connection that lasted a minute was well");
	pass(40, EX_PROTOCOL, true);
	pass(50, EX_PROTOCOL, true);
	ok(o.pause > 2, "what fails behind each pass is not tried each second");
	outage_after(&o, &(struct outage_pass){ .status = EX_PROTOCOL,
	    .code = EX_PROTOCOL, .reached = true, .began = 60000,
	    .ended = 400000 });
	ok(o.pause == 1, "what comes after a long time is another outage");
	o = fresh;
	outage_after(&o, &(struct outage_pass){ .status = EX_TEMPFAIL });
	outage_after(&o, &(struct outage_pass){ .status = EX_TEMPFAIL });
	ok(o.pause == 2, "a message that stays is tried less and less often");
}

static void
words(void)
{
	o = fresh;
	pass(1, 0, true);
	ok(pass(10, EX_NOHOST, false) == OUTAGE_SAY &&
	    pass(20, EX_NOHOST, false) == OUTAGE_WAIT, "once");
	ok(pass(30, EX_NOPERM, false) == OUTAGE_SAY, "another status is said");
	pass(40, 0, false);
	ok(pass(50, EX_NOPERM, false) == OUTAGE_SAY, "another outage is, too");
}

/* By chance, but not by more than half of it. */
static void
chance(void)
{
	double least = 100, most = 0, is;
	int i;

	o.pause = 10;
	for (i = 0; i < 20000; i++) {
		is = outage_pause(&o);
		least = is < least ? is : least;
		most = is > most ? is : most;
	}
	ok(least >= 5 && most <= 15 && most > least, "from %g to %g of 10 s",
	    least, most);
}

/* To the end, unless this machine was suspended. */
static void
rest(void)
{
	int64_t began = clock_ms();

	outage_rest(1000, clock_slept() - 2000);
	ok(clock_ms() - began < 500000, "not after it was suspended");
	began = clock_ms();
	outage_rest(0.05, clock_slept() - 1000);
	ok(clock_ms() - began >= 50, "but else all of it");
}

int
main(void)
{
	chance();
	rest();

	statuses();
	busy();
	patient();
	refusals();
	pauses();
	words();
	return done();
}
