/* portprobe_due.c: what has a deadline, in the order of time */
#include "due.h"

#include "clock.h"
#include "tap.h"

static struct dues all;
static struct due d[4];

/* Their letters in the order in which they come, all that end by then. */
static void
come(int64_t now, const char *want, const char *name)
{
	char got[8] = "";
	struct due *one;
	size_t n = 0;

	while (n < sizeof got - 1 && (one = due_next(&all, now)) != NULL)
		got[n++] = *(const char *)one->who;
	got[n] = '\0';
	is_str(got, want, "%s", name);
}

static void
set(int i, enum due_list list, int64_t at)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	d[i].who = (void *)(uintptr_t)names[i];
	due_set(&all, &d[i], list, at);
}

int
main(void)
{
	due_init(&all);
	ok(due_soonest(&all) == CLOCK_NEVER, "there is none");
	come(INT64_MAX, "", "so none comes");

	set(0, DUE_PROBE, 30);
	set(1, DUE_PROBE, 10);
	set(2, DUE_PROBE, 20);
	is_int(due_soonest(&all), 10, "the soonest");
	come(9, "", "a millisecond before");
	come(10, "b", "at its time");
	come(29, "c", "the next one");
	come(100, "a", "the last one");
	ok(!d[0].on && !d[1].on && !d[2].on, "none is on a list then");

	set(0, DUE_SHORT, 5);
	set(1, DUE_SHORT, 5);
	set(2, DUE_SHORT, 5);
	come(5, "abc", "at the same time: as they were set");

	set(0, DUE_PROBE, 40);
	set(1, DUE_TARGET, 20);
	set(2, DUE_SHORT, 30);
	is_int(due_soonest(&all), 20, "the soonest of all lists");
	set(1, DUE_TARGET, 50);
	is_int(due_soonest(&all), 30, "one is set anew");
	come(30, "c", "one list");
	come(60, "ab", "the others");

	set(0, DUE_PROBE, 10);
	set(0, DUE_SHORT, 20);
	is_int(d[0].list, DUE_SHORT, "it is on the other list");
	is_int(due_soonest(&all), 20, "and not on both");
	due_clear(&d[0]);
	due_clear(&d[0]);
	ok(due_soonest(&all) == CLOCK_NEVER, "and then on none");
	due_clear(&d[3]);
	ok(!d[3].on, "one that never was on any");
	return done();
}
