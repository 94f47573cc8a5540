/* told.c: what a watch has said of single mailboxes, so that it is said once */
#include <stdlib.h>

#include "clock.h"
#include "fail.h"
#include "mem.h"
#include "str.h"
#include "told.h"

enum { LINES = 4096 };		/* of which none is said twice */

struct told_line {
	uint64_t hash;
	bool met;		/* in this pass */
};

static uint64_t
line_hash(const void *of, size_t at)
{
	return ((const struct told *)of)->v[at].hash;
}

/* Was it said before?  It is from now on. */
static bool
said_before(struct told *t, const char *line)
{
	uint64_t hash = table_hash(str_of(line));
	size_t at;

	t->hash.number = line_hash;
	at = table_number(&t->hash, t, hash);
	if (at != TABLE_NONE) {
		t->v[at].met = true;
		return true;
	}
	if (t->n == LINES)
		return false;
	if ((t->n & (t->n - 1)) == 0)		/* full at powers of two */
		t->v = mem_grow(t->v, t->n > 0 ? 2 * t->n : 1, sizeof *t->v);
	t->v[t->n] = (struct told_line){ hash, true };
	table_add(&t->hash, t, t->n++);
	return false;
}

void
told_say(struct told *t, int code, const char *box, const char *cause,
    const char *line)
{
	struct buf key = { .max = 4096 };

	if (t->complain.after > 0 && code == EX_TEMPFAIL) {
		buf_printf(&key, "%s: %s", box, cause);
		complain_say(&t->complain, code, key.p, "%s", line);
		buf_free(&key);
	} else if (!said_before(t, line)) {
		fail_print("%s", line);
	}
}

void
told_end(struct told *t, bool all)
{
	size_t i, n = 0;

	complain_end(&t->complain, all, clock_wall());
	if (!all)
		return;
	table_free(&t->hash);
	for (i = 0; i < t->n; i++)
		if (t->v[i].met) {
			t->v[n] = (struct told_line){ t->v[i].hash, false };
			table_add(&t->hash, t, n++);
		}
	t->n = n;
}

void
told_free(struct told *t)
{
	complain_close(&t->complain);
	table_free(&t->hash);
	free(t->v);
	*t = (struct told){ .n = 0 };
}
