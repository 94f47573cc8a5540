/* imapsync_trim.c: which bodies are trimmed without being read again */
#include "plan.h"
#include "state.h"
#include "tap.h"
#include "trim_says.h"

static void
untouched(void)
{
	static const struct {
		uint32_t size, date, noted;
		uint64_t wire;
		struct timespec mtime;
		bool is;
		const char *what;
	} c[] = {
	{ 500, 1000, 500, 500, { 1000, 0 }, true, "as it came" },
	{ 500, 1000, 500, 501, { 1000, 0 }, false, "a byte more here" },
	{ 500, 1000, 500, 499, { 1000, 0 }, false, "a byte less here" },
	{ 501, 1000, 500, 500, { 1000, 0 }, false, "a byte more there" },
	{ 500, 1000, 501, 500, { 1000, 0 }, false, "another size when it came" },
	{ 500, 1000, 500, 500, { 1001, 0 }, false, "written to later" },
	{ 500, 1000, 500, 500, { 999, 0 }, false, "or restored" },
	{ 500, 1000, 500, 500, { 1000, 1 }, false, "not in whole seconds" },
	{ 500, 0, 500, 500, { 0, 0 }, false, "the server tells no date" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct far_msg f = { .size = c[i].size, .date = c[i].date };
		struct rec rec = { .size = c[i].noted };

		is_int(trim_says_untouched(&f, &rec, c[i].wire, c[i].mtime),
		    c[i].is, "%s", c[i].what);
	}
}

static void
age(void)
{
	struct far_msg f = { .date = 1000 };

	is_int((long)trim_says_age(&f, 5000), 4000, "its age");
	is_int((long)trim_says_age(&f, 900), -100, "of one from tomorrow");
	f.date = 0;
	is_int((long)trim_says_age(&f, 5000), 0,
	    "what has no date is not as old as can be");
}

int
main(void)
{
	untouched();
	age();
	return done();
}
