/* mailfetch_tally.c: reasons are counted, and of too many the rest is one */
#include <sysexits.h>

#include "tally.h"
#include "tap.h"

static struct message
message(uint32_t number, const char *folder)
{
	return (struct message){ .number = number, .folder = folder };
}

static void
counted(void)
{
	struct tally t = { 0 };
	struct message m;
	uint32_t i;

	for (i = 1; i <= TALLY_NAMES + 2; i++) {
		m = message(i, NULL);
		tally_add(&t, &m, EX_TEMPFAIL, NULL, "%s: exit %d", "cat", 75);
	}
	m = message(7, "Work");
	tally_add(&t, &m, EX_UNAVAILABLE, "given", "%s: exit %d", "cat", 1);
	is_int(t.n, 2, "two reasons");
	is_int(t.v[0].n, TALLY_NAMES + 2, "of the first all are counted");
	is_str(t.v[0].why, "cat: exit 75", "with what is put in");
	is_str(t.v[0].cause, "%s: exit %d", "one cause, whatever that is");
	is_str(t.v[0].name[0], "message 1", "by POP3 it has a number");
	is_str(t.v[0].name[TALLY_NAMES - 1], "message 8", "as many are named");
	is_str(t.v[1].name[0], "Work UID 7", "by IMAP a folder, and a UID");
	is_str(t.v[1].cause, "given", "a cause of its own");
	arena_free(&t.arena);
}

/* Who waits for what passes must hear of what does not. */
static void
others(void)
{
	static const int status[] = { EX_TEMPFAIL, EX_DATAERR, EX_TEMPFAIL };
	struct message m = message(1, NULL);
	struct tally t = { 0 };
	int i;

	for (i = 1; i < TALLY_WHYS; i++)
		tally_add(&t, &m, EX_TEMPFAIL, NULL, "reason %d", i);
	for (i = 0; i < 3; i++)
		tally_add(&t, &m, status[i], "own", "another %d", i);
	tally_add(&t, &m, EX_TEMPFAIL, NULL, "reason %d", 3);
	is_int(t.n, TALLY_WHYS, "no more than there is room for");
	is_str(t.v[TALLY_WHYS - 2].why, "reason 15", "the last one by itself");
	is_str(t.v[TALLY_WHYS - 1].why, "other reasons", "the rest");
	is_str(t.v[TALLY_WHYS - 1].cause, "other reasons", "is one cause");
	is_int(t.v[TALLY_WHYS - 1].n, 3, "counted together");
	is_int(t.v[TALLY_WHYS - 1].status, EX_DATAERR,
	    "the worst of them, whichever came last");
	is_int(t.v[0].n, 1, "none of it is the first one's");
	is_int(t.v[2].n, 2, "what has a line of its own has it still");
	arena_free(&t.arena);
}

int
main(void)
{
	counted();
	others();
	return done();
}
