/* several.c: what becomes of processes of our own, one by one */
#include <signal.h>
#include <unistd.h>

#include "several.h"
#include "tap.h"

/* How many ended with that code. */
static int
ended(const int *code, size_t n, int with)
{
	int is = 0;

	while (n-- > 0)
		is += code[n] == with;
	return is;
}

int
main(void)
{
	struct several s;
	struct err e = { 0 };
	int code[4] = { 0 }, got;
	size_t i;

	several_begin(&s, 4);
	for (i = 0; i < 4; i++) {
		if ((got = several_fork(&s, &e)) == 0) {
			if (i == 3)
				raise(SIGKILL);
			_exit(i == 2 ? 75 : 0);
		}
		ok(got > 0, "begun: %s", e.msg);
	}
	is_int((long)s.n, 4, "four of them");
	for (i = 0; i < 4; i++)
		code[i] = several_next(&s);
	is_int(ended(code, 4, 0), 2, "two are done");
	is_int(ended(code, 4, 75), 1, "one says 75");
	is_int(ended(code, 4, EX_SOFTWARE), 1, "one was killed");
	is_int(several_next(&s), -1, "and there is no other");
	several_free(&s);
	several_begin(&s, 0);
	is_int(several_next(&s), -1, "none at all");
	several_free(&s);
	return done();
}
