/* portprobe_feed.c: what the operands say before anything is done */
#include "feed.h"
#include "run.h"
#include "tap.h"

/* The ports that are connected to, or any; -1: usage. */
static void
ports(void)
{
	static const struct {
		const char *v[3];
		bool any, policies;
	} t[] = {
		{ { "a.test:25", "b.test:993" }, false, false },
		{ { "srv:a.test" }, true, false },
		{ { "srv:a.test", "b.test:993" }, true, false },
		{ { "b.test:993", "srv:a.test" }, true, false },
		{ { "-", "b.test:993" }, true, true },
		{ { "mx:a.test", "b.test:993" }, false, true },
		{ { "b.test:993", "mx:a.test" }, false, true },
	};
	size_t i, n;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct settings set = { .scope.timeout = 1 };
		struct run run = { .set = &set };
		const char *v[3] = { t[i].v[0], t[i].v[1], t[i].v[2] };
		struct err e = { 0 };

		for (n = 0; n < 3 && v[n] != NULL; n++)
			;
		set.operands = (struct opt_list){ v, n };
		is_int(feed_check(&run, &e), 0, "%s %s: %s", v[0], v[1] != NULL ?
		    v[1] : "", e.msg);
		is_int(run.box.any_port, t[i].any, "any port");
		is_int(run.policies, t[i].policies, "policies of MTA-STS");
		feed_free(&run);
		sandbox_forget(&run.box);
	}
}

int
main(void)
{
	ports();
	return done();
}
