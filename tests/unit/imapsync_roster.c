/* imapsync_roster.c: what a watch is told of, mailbox by mailbox */
#include <stdlib.h>

#include "imap.h"
#include "roster.h"
#include "tap.h"

/* What a SELECT says, after what was known. */
static void
selected(void)
{
	static const struct {
		struct mark last, now, then;
		bool told;
		const char *what;
	} c[] = {
	{ { 7, 10, 30, 4, NULL }, { 7, 10, 30, 4, NULL },
	    { 7, 10, 30, 4, NULL }, false, "the same" },
	{ { 7, 10, 30, 4, NULL }, { 7, 11, 30, 4, NULL },
	    { 7, 11, 30, 4, NULL }, true, "UIDNEXT" },
	{ { 7, 10, 30, 4, NULL }, { 7, 10, 30, 3, NULL },
	    { 7, 10, 30, 3, NULL }, true, "EXISTS" },
	{ { 7, 10, 30, 4, NULL }, { 7, 10, 31, 4, NULL },
	    { 7, 10, 31, 4, NULL }, true, "HIGHESTMODSEQ" },
	{ { 7, 10, 30, 4, NULL }, { 8, 10, 30, 4, NULL },
	    { 8, 10, 30, 4, NULL }, true, "UIDVALIDITY" },
	{ { 7, 10, 30, 4, NULL }, { 7, 0, 0, 4, NULL },
	    { 7, 10, 30, 4, NULL }, false, "neither told" },
	{ { 7, 10, 30, 4, NULL }, { 7, 0, 0, 5, NULL },
	    { 7, 10, 30, 5, NULL }, true, "neither told, and one more" },
	};
	struct roster_box b;
	struct imap m = { .c = NULL };
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		b = (struct roster_box){ .last = c[i].last };
		m.box.uidvalidity = c[i].now.uidvalidity;
		m.box.uidnext = c[i].now.uidnext;
		m.box.modseq = c[i].now.modseq;
		m.box.exists = c[i].now.exists;
		is_int(roster_selected(&b, &m), c[i].told, "selected: %s",
		    c[i].what);
		ok(b.told == c[i].told && b.last.uidnext ==
		    c[i].then.uidnext && b.last.modseq == c[i].then.modseq &&
		    b.last.exists == c[i].then.exists && b.last.uidvalidity ==
		    c[i].then.uidvalidity, "what is known then");
	}
}

static void
heard(void)
{
	struct roster_box v[] = { { .far = true, .heard = true },
	    { .far = false }, { .far = true }, { .far = true } };
	struct roster r = { .v = v, .n = 4 };

	is_int((long)roster_unheard(&r), 2, "of two there was no STATUS");
	roster_deaf(&r);
	is_int((long)roster_unheard(&r), 3, "now of none that is there");
}

int
main(void)
{
	selected();
	heard();
	return done();
}
