/*
 * imapsync_far.c: what is concluded of a mailbox on the server from what that
 * has said
 */
#include "far_lab.h"
#include "far_hear.h"

/* In words: what the look has found. */
static const char *
told(const struct box *b, int got)
{
	static char text[400];
	size_t i;
	int n = 0;

#define SAY(...) n += snprintf(text + n, sizeof text - (size_t)n, __VA_ARGS__)
	text[0] = '\0';
	if (got < 0)
		return "lost";
	if (box_failed(b))
		return "failed";
	SAY("%s", b->phase == BOX_HEARD ? "heard" : "open");
	if (b->far.renumbered)
		SAY(" renumbered");
	if (b->far.hidden > 0)
		SAY(" hides %u", (unsigned)b->far.hidden);
	if (b->outcome == BOX_HELD)
		SAY(" held");
	for (i = 0; i < b->far.fresh.n; i++)
		SAY("%s%u", i > 0 ? "," : " new ", b->far.fresh.v[i]);
	for (i = 0; i < b->far.gone.n; i++)
		SAY("%s%u", i > 0 ? "," : " gone ", b->far.gone.v[i]);
	for (i = 0; i < b->far.n; i++)
		SAY("%s%u:%llx", i > 0 ? "," : " flags ", b->far.v[i].uid,
		    (unsigned long long)b->far.v[i].flags);
	SAY(" next %u", (unsigned)b->far.seen.uidnext);
#undef SAY
	return text;
}

static const struct {
	const char *name, *says, *want;
} looks[] = {
	{ "nothing is new", USUAL("5") OK("2") THREE OK("3"),
	    "heard next 10" },
	{ "a flag", USUAL("5") FLAGGED("3", "") SEEN("5") OK("2") THREE OK("3"),
	    "heard flags 3:0 next 10" },
	{ "its flags are told twice", USUAL("5") FLAGGED("3", "")
	    FLAGGED("3", "\\Seen \\Deleted") OK("2") THREE OK("3"),
	    "heard flags 3:11 next 10" },
	{ "one is new", IS("7", "11", AT("60"), "6") OK("1") SEEN("10") OK("2")
	    THREE OK("3"), "heard new 10 next 11" },
	{ "one came after UIDNEXT was said", IS("7", "10", AT("60"), "5")
	    OK("1") "* 6 EXISTS\r\n" SEEN("10") OK("2") THREE OK("3"),
	    "heard new 10 next 11" },
	{ "no UIDNEXT is said", BEGIN "* 5 EXISTS\r\n"
	    "* OK [UIDVALIDITY 7] x\r\n" AT("60") OK("1") OK("2") THREE
	    OK("3"), "heard next 10" },
	{ "one is gone: who is there is asked", USUAL("4") OK("2") THREE OK("3")
	    "* SEARCH 1 5 7 9\r\n" OK("4"), "heard gone 3 next 10" },
	{ "one came, and one went", IS("7", "11", AT("60"), "5") OK("1")
	    SEEN("10") OK("2") THREE OK("3") "* SEARCH 1 5 7 9 10\r\n" OK("4"),
	    "heard new 10 gone 3 next 11" },
	{ "SEARCH finds fewer: each is asked", USUAL("4") OK("2") THREE OK("3")
	    "* SEARCH 1 5 7\r\n" OK("4") SEEN("1") FLAGGED("3", "") SEEN("7")
	    SEEN("9") OK("5"), "heard gone 5 flags 3:0 next 10" },
	{ "SEARCH is refused: each is asked", USUAL("4") OK("2") THREE OK("3")
	    "A4 NO x\r\n" SEEN("1") SEEN("3") SEEN("7") SEEN("9") OK("5"),
	    "heard gone 5 next 10" },
	{ "each is refused, too", USUAL("4") OK("2") THREE OK("3")
	    "A4 NO x\r\nA5 NO x\r\n", "failed" },
	{ "it shows more than it has", USUAL("2") OK("2") THREE OK("3")
	    "* SEARCH 1 3 5\r\n" OK("4") SEEN("1") SEEN("3") SEEN("5")
	    OK("5"), "failed" },
	{ "changes are refused: each is asked", USUAL("4") "A2 NO x\r\n" THREE
	    OK("3") SEEN("1") FLAGGED("3", "") SEEN("7") SEEN("9") OK("4"),
	    "heard gone 5 flags 3:0 next 10" },
	{ "a lower MODSEQ: each is asked", IS("7", "10", AT("40"), "5") OK("1")
	    OK("2") THREE OK("3") SEEN("1") FLAGGED("3", "") SEEN("5")
	    SEEN("7") SEEN("9") OK("4"), "heard flags 3:0 next 10" },
	{ "no MODSEQ any more: each is asked", IS("7", "10", "", "5")
	    "* OK [NOMODSEQ] x\r\n" OK("1") OK("2") THREE OK("3") SEEN("1")
	    FLAGGED("3", "") SEEN("5") SEEN("7") SEEN("9") OK("4"),
	    "heard flags 3:0 next 10" },
	{ "another UIDVALIDITY", IS("8", "10", AT("60"), "2") OK("1") OK("2")
	    THREE OK("3") SEEN("2") SEEN("3") OK("4"),
	    "heard renumbered new 2,3 next 10" },
	{ "a lower UIDNEXT", IS("7", "9", AT("60"), "1") OK("1") OK("2") THREE
	    OK("3") SEEN("1") OK("4"), "heard renumbered new 1 next 9" },
	{ "none is as it was", USUAL("5") OK("2") CANARY("1", "2")
	    CANARY("9", "8") OK("3") SEEN("1") SEEN("3") SEEN("5") SEEN("7")
	    SEEN("9") OK("4"), "heard renumbered new 1,3,5,7,9 next 10" },
	{ "our own download is another one", USUAL("5") OK("2")
	    CANARY("1", "1") CANARY("7", "4") OK("3") SEEN("1") SEEN("3")
	    SEEN("5") SEEN("7") SEEN("9") OK("4"),
	    "heard renumbered new 1,3,5,7,9 next 10" },
	{ "one that was uploaded is another one", USUAL("5") OK("2")
	    CANARY("1", "2") CANARY("5", "5") OK("3"), "heard next 10" },
	{ "one has no header to show", USUAL("5") OK("2")
	    "* 1 FETCH (UID 5 FLAGS (\\Seen) " BODY "{2}\r\n\r\n)\r\n" OK("3"),
	    "heard next 10" },
	{ "who they are is refused", USUAL("5") OK("2") "A3 NO x\r\n",
	    "heard next 10" },
	{ "it cannot be selected", "A1 NO [UNAVAILABLE] x\r\n" "A2 BAD x\r\n"
	    "A3 BAD x\r\n", "failed" },
	{ "no UIDVALIDITY", BEGIN "* 5 EXISTS\r\n" OK("1") OK("2") OK("3"),
	    "failed" },
	{ "what comes before CLOSED is of another mailbox", SEEN("40")
	    FLAGGED("3", "") CANARY("7", "4") "* OK [CLOSED] x\r\n" USUAL("5")
	    OK("2") THREE OK("3"), "heard next 10" },
	{ "not all are shown", USUAL("9") OK("2") THREE OK("3")
	    "* SEARCH 1 3 5 7 9\r\n" OK("4") SEEN("1") SEEN("5")
	    FLAGGED("9", "") OK("5") SEEN("1") OK("6") SEEN("5") OK("7")
	    FLAGGED("9", "") OK("8"), "heard hides 6 held flags 9:0 next 10" },
	{ "two at a time are shown", USUAL("4") OK("2") THREE OK("3")
	    "* SEARCH 1\r\n" OK("4") SEEN("7") SEEN("9") OK("5") SEEN("1")
	    OK("6") OK("7") SEEN("5") OK("8") SEEN("7") OK("9") SEEN("9")
	    OK("10"), "heard gone 3 next 10" },
	{ "four at a time: a piece with as many is halved",
	    IS("7", "15", AT("60"), "10") OK("1") OK("2") THREE OK("3")
	    "* SEARCH 1\r\n" OK("4") SEEN("1") SEEN("3") SEEN("5") SEEN("7")
	    OK("5") SEEN("1") SEEN("3") OK("6") SEEN("5") SEEN("7") OK("7")
	    SEEN("9") SEEN("10") SEEN("11") SEEN("12") OK("8") SEEN("9")
	    SEEN("10") OK("9") SEEN("11") SEEN("12") OK("10") SEEN("13")
	    SEEN("14") OK("11"), "heard new 10,11,12,13,14 next 15" },
	{ "other UIDs, and not all are shown", IS("8", "10", AT("60"), "5")
	    OK("1") OK("2") THREE OK("3") SEEN("2") SEEN("3") OK("4") SEEN("2")
	    OK("5") SEEN("3") OK("6") OK("7") OK("8") OK("9"), "failed" },
	{ "none is shown", USUAL("4") OK("2") THREE OK("3") OK("4") OK("5"),
	    "failed" },
	{ "it hangs up", USUAL("5") OK("2"), "lost" },
};

static void
look_all(void)
{
	struct box b;
	size_t i;
	int got;

	for (i = 0; i < sizeof looks / sizeof *looks; i++) {
		make(&b);
		begin(looks[i].says, IMAP_CONDSTORE);
		got = far_look(&run);
		is_str(told(&b, got), looks[i].want, "%s", looks[i].name);
		end();
		fail_clear(&e);
		unmake(&b);
	}
}

/* By searches, where nothing says what changed. */
static void
searched(void)
{
	static const char all[] = "* ESEARCH (TAG \"A2\") UID ALL 1,3,5,7,9\r\n";
	static const char rest[] = OK("2") "* ESEARCH (TAG \"A3\") UID ALL 5\r\n"
	    OK("3") OK("4") OK("5") OK("6")
	    "* ESEARCH (TAG \"A7\") UID ALL 7\r\n" OK("7")
	    "* ESEARCH (TAG \"A8\") UID ALL 1:9\r\n" OK("8") THREE OK("9");
	char text[2000];
	struct mark m = { V, NEXT, 0, KNOWN, NULL };
	struct box b;

	make(&b);
	state_mark(b.state, &m, NULL, &e);
	snprintf(text, sizeof text, "%s%s%s", USUAL("5"), all, rest);
	begin(text, IMAP_ESEARCH);
	is_str(told(&b, far_look(&run)), "heard flags 5:0,7:11 next 10",
	    "a keyword that the mailbox has not is on no message");
	end();
	unmake(&b);
	make(&b);
	b.doubtful = true;
	begin(text, IMAP_ESEARCH | IMAP_CONDSTORE);
	is_str(told(&b, far_look(&run)), "heard flags 5:0,7:11 next 10",
	    "so is one whose state may have lost something");
	end();
	unmake(&b);
}

/* Two are asked for at once: what is selected then, and what comes later. */
static void
two(void)
{
	static const char second[] = BEGIN "* 5 EXISTS\r\n"
	    "* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n" AT("60")
	    OK("4") OK("5") THREE OK("6");
	static const char later[] = IS("7", "10", AT("60"), "4") OK("7")
	    OK("8") THREE OK("9") "* ESEARCH (TAG \"A10\") UID ALL 1,5,7,9\r\n"
	    OK("10");
	char text[4000];
	struct box b[2];

	make_two(b);
	snprintf(text, sizeof text, "%s%s%s", USUAL("4") OK("2") THREE OK("3"),
	    second, later);
	begin(text, IMAP_CONDSTORE | IMAP_ESEARCH);
	is_int(far_look(&run), 0, "two mailboxes");
	is_str(told(&b[0], 0), "heard gone 3 next 10", "one is asked once more");
	is_str(told(&b[1], 0), "heard next 10", "the other one is not");
	ok(link_here.selected == &b[0], "the first is selected");
	end();
	unmake_two(b);
	make_two(b);
	snprintf(text, sizeof text, "%s%s", USUAL("5") OK("2") THREE OK("3"),
	    "A4 NO x\r\nA5 BAD x\r\nA6 BAD x\r\n");
	begin(text, IMAP_CONDSTORE | IMAP_ESEARCH);
	is_int(far_look(&run), 0, "the second one is refused");
	is_str(told(&b[0], 0), "heard next 10", "the first is heard");
	ok(box_failed(&b[1]) && link_here.selected == NULL, "none is selected");
	end();
	unmake_two(b);
}

/* UIDNEXT beside that of the mark and the last UID, which is 9. */
static void
numbers(void)
{
	static const struct {
		unsigned mark;
		const char *said;
		bool known, other;
	} t[] = {
		{ 10, IS("7", "10", "", "0"), true, false },
		{ 12, IS("7", "11", "", "0"), true, true },
		{ 5, IS("7", "9", "", "0"), true, true },
		{ 5, IS("7", "10", "", "0"), true, false },
		{ 12, IS("8", "12", "", "0"), true, true },
		{ 12, IS("8", "3", "", "0"), false, false },
	};
	struct mark m = { V, 0, 0, KNOWN, NULL };
	struct far_look k;
	char text[500];
	struct box b;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		make(&b);
		m.uidnext = t[i].mark;
		state_mark(b.state, &m, NULL, &e);
		b.known = t[i].known;
		snprintf(text, sizeof text, "%s%s", t[i].said, OK("1") OK("2"));
		begin(text, 0);
		k = (struct far_look){ .b = &b };
		far_ask_who(&k, &link_here, 0);
		is_int(far_hear(&k, &link_here.imap, 0), 0, "UIDNEXT");
		is_int(b.far.renumbered, t[i].other, "row %zu", i);
		end();
		unmake(&b);
	}
}

/* ---- who is who ---- */

static void
idents(void)
{
	static const uint32_t uids[] = { 11, 12, 13, 14 };
	static const char says[] = CANARY("11", "1") SEEN("12")
	    "* 1 FETCH (UID 13 FLAGS () RFC822.SIZE 9 " BODY "NIL)\r\n"
	    CANARY("10", "2");
	char text[1000];
	struct box b;

	make(&b);
	snprintf(text, sizeof text, "%s%s%s%s", says, OK("1"), SEEN("12"),
	    OK("2"));
	begin(text, 0);
	is_int(far_hear_idents(&link_here, &b, uids, 4), 0, "asked who they are");
	is_int(b.far.n, 2, "two have said it");
	ok(b.far.v[0].uid == 11 && b.far.v[0].ident == who(1) &&
	    b.far.v[0].size == 100 && b.far.v[0].flags == FLAG_SEEN, "one is");
	ok(b.far.v[1].uid == 13 && b.far.v[1].ident == 0, "one has no header");
	box_far_clear(&b);
	is_int(far_hear_marks(&link_here, &b, uids, 4), 0, "asked for flags");
	ok(b.far.n == 1 && b.far.v[0].uid == 12 && b.far.v[0].ident == 0,
	    "one has said it");
	end();
	box_far_clear(&b);
	begin(says, 0);
	is_int(far_hear_idents(&link_here, &b, uids, 4), -1, "it hangs up");
	ok(b.far.n == 2 && b.far.v[0].uid == 11, "what came before is kept");
	end();
	fail_clear(&e);
	unmake(&b);
}

/* ---- what a deletion is ---- */

static void
deletions(void)
{
	static const struct {
		enum far_delete asked;
		const char *trash;
		unsigned caps;
		bool saved;
		enum far_delete is;
		bool marks;
	} t[] = {
		{ FAR_TRASH, "Trash", IMAP_UIDPLUS, false, FAR_TRASH, false },
		{ FAR_TRASH, "Trash", IMAP_MOVE, false, FAR_TRASH, false },
		{ FAR_TRASH, "Trash", 0, false, FAR_TRASH, true },
		{ FAR_TRASH, "Trash", IMAP_UIDPLUS, true, FAR_EXPUNGE, false },
		{ FAR_TRASH, "Trash", IMAP_MOVE, true, FAR_EXPUNGE, true },
		{ FAR_TRASH, NULL, IMAP_UIDPLUS | IMAP_MOVE, false, FAR_MARK,
		    true },
		{ FAR_TRASH, NULL, IMAP_UIDPLUS, true, FAR_EXPUNGE, false },
		{ FAR_TRASH, "INBOX", IMAP_UIDPLUS, false, FAR_EXPUNGE, false },
		{ FAR_TRASH, "INBOX", IMAP_MOVE, false, FAR_EXPUNGE, true },
		{ FAR_MARK, "Trash", IMAP_UIDPLUS | IMAP_MOVE, true, FAR_MARK,
		    true },
		{ FAR_EXPUNGE, "Trash", IMAP_UIDPLUS, false, FAR_EXPUNGE,
		    false },
		{ FAR_EXPUNGE, "Trash", IMAP_MOVE, false, FAR_EXPUNGE, true },
	};
	struct box b = { .run = &run, .name = "INBOX" };
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		how.policy.far_delete = t[i].asked;
		run.trash = t[i].trash;
		link_here.imap.caps = t[i].caps;
		is_int(far_deletes(&b, t[i].saved), t[i].is, "deletion %zu", i);
		is_int(far_marks(&b, t[i].saved), t[i].marks, "does it mark");
	}
}

/* ---- box.c: what all of this stands in ---- */

/* The UIDs of far.v, each with its size. */
static const char *
merged(const struct box *b)
{
	static char text[200];
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < b->far.n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%u:%u ",
		    b->far.v[i].uid, b->far.v[i].size);
	return text;
}

static void
arrays(void)
{
	static const struct far_msg odd[] = { { .uid = 1, .size = 7 },
	    { .uid = 5, .size = 7 }, { .uid = 9, .size = 7 } };
	static const struct far_msg even[] = { { .uid = 2, .size = 8 },
	    { .uid = 4, .size = 8 }, { .uid = 10, .size = 8 } };
	struct box b = { .run = &run };
	unsigned i;

	box_far_merge(&b, odd, 3);
	is_str(merged(&b), "1:7 5:7 9:7 ", "merged with nothing");
	box_far_merge(&b, even, 3);
	is_str(merged(&b), "1:7 2:8 4:8 5:7 9:7 10:8 ", "in the order of UIDs");
	box_far_merge(&b, odd, 0);
	is_int(b.far.n, 6, "none more");
	ok(box_far_find(&b, 4) == &b.far.v[2] && box_far_find(&b, 3) == NULL,
	    "found");
	box_far_clear(&b);
	for (i = 0; i < 200; i++)	/* each twice, the later flags count */
		box_far_add(&b, 100 - i % 100)->flags = i;
	box_far_sort(&b);
	is_int(b.far.n, 100, "one of each is left");
	for (i = 0; i < 100 && b.far.v[i].uid == i + 1 &&
	    b.far.v[i].flags == 199 - i; i++)
		;
	is_int(i, 100, "in order, with what was said last");
	free(b.far.v);
}

static void
bounds(void)
{
	static const struct {
		uint64_t told, seen, is;
	} t[] = {
		{ 0, 10, 10 }, { 8, 10, 8 }, { 12, 10, 10 }, { 10, 10, 10 },
	};
	struct box b = { .run = &run };
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		b.far.told = t[i].told;
		b.far.seen.uidnext = t[i].seen;
		is_int(box_far_next(&b), t[i].is, "no lower UID, row %zu", i);
	}
	box_outcome(&b, BOX_HELD);
	box_outcome(&b, BOX_PARTIAL);
	ok(b.outcome == BOX_HELD && !box_failed(&b), "the worse one stays");
	box_outcome(&b, BOX_LOST);
	box_outcome(&b, BOX_FAILED);
	ok(b.outcome == BOX_LOST && box_failed(&b), "the worst one");
	box_again(&b, AGAIN_UIDS);
	box_again(&b, AGAIN_TRASH);
	is_int(b.again, AGAIN_UIDS, "the first reason");
}

static void
far(void)
{
	arrays();
	bounds();
	look_all();
	searched();
	two();
	numbers();
	idents();
	deletions();
}

int
main(void)
{
	return far_lab(far);
}
