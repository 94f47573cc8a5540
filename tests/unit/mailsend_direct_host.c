/* When a mail host may be connected to, and how long it is left alone. */
#include "clock.h"
#include "direct_host.h"
#include "tap.h"

/* ---- a clock that the test sets: what direct_host.c asks of clock.h ---- */

static int64_t now = 1000;

int64_t
clock_ms(void)
{
	return now;
}

int64_t
clock_in(double s)
{
	return now + (int64_t)(s * 1000);
}

double
clock_about(double s)
{
	return s;
}

/* How many seconds until one may connect. */
static int
rests(struct direct_way *w, const char *name)
{
	int n = 0;

	while (direct_host_enter(w, name) == DIRECT_RESTS) {
		now += 1000;
		n++;
	}
	return n;
}

static void
resting(void)
{
	static const int want[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	struct direct_way w = { 0 };
	size_t i;

	is_int(rests(&w, "a"), 0, "at once");
	for (i = 0; i < sizeof want / sizeof *want; i++) {
		direct_host_leave(&w, "a", true);
		is_int(rests(&w, "a"), want[i], "tired %zu times in a row",
		    i + 1);
	}
	is_int(rests(&w, "b"), 0, "another host is none of its business");
	direct_host_leave(&w, "a", false);
	is_int(rests(&w, "a"), 0, "it took a message");
	direct_host_leave(&w, "a", true);
	is_int(rests(&w, "a"), 60, "a minute again");
	direct_host_free(&w);
}

static void
most(void)
{
	struct direct_way w = { 0 };

	ok(direct_host_enter(&w, "a") == DIRECT_ROOM &&
	    direct_host_enter(&w, "a") == DIRECT_ROOM, "two at a time");
	ok(direct_host_enter(&w, "a") == DIRECT_FULL, "not three");
	direct_host_leave(&w, "a", false);
	ok(direct_host_enter(&w, "a") == DIRECT_ROOM, "until one has ended");
	direct_host_free(&w);
}

int
main(void)
{
	resting();
	most();
	return done();
}
