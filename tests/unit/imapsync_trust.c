/*
 * imapsync_trust.c: mailboxes that are believed to be as they were, and what is
 * asked of them before something is done there
 */
#include "far_lab.h"
#include "far_trust.h"

/* ---- what is not asked ---- */

static void as_it_is(struct box *b) { (void)b; }
static void not_there(struct box *b) { b->far.is = false; }
static void not_known(struct box *b) { b->known = false; }
static void dirty(struct box *b) { b->far.dirty = true; }
static void doubtful(struct box *b) { b->doubtful = true; }
static void dry(struct box *b) { (void)b; how.dry_run = true; }
static void validity(struct box *b) { b->far.now.uidvalidity++; }
static void uidnext(struct box *b) { b->far.now.uidnext++; }
static void modseq(struct box *b) { b->far.now.modseq++; }
static void other_id(struct box *b) { b->far.now.id = "x"; }
static void count(struct box *b) { b->far.now.exists++; }

static void
pending(struct box *b)
{
	state_pend(b->state, &(struct pend){ .kind = PEND_UPLOAD,
	    .name = "f" }, &e);
}

/* The state's mark says so, too, but it has not so many messages. */
static void
count_of_both(struct box *b)
{
	b->far.now.exists++;
	state_mark(b->state, &b->far.now, NULL, &e);
}

static void
no_modseq(struct box *b)
{
	b->far.now.modseq = 0;
	state_mark(b->state, &b->far.now, NULL, &e);
}

static void
trusted(void)
{
	static const struct {
		const char *name;
		void (*change)(struct box *);
		bool is;
	} t[] = {
		{ "as the state says", as_it_is, true },
		{ "not there", not_there, false },
		{ "not known", not_known, false },
		{ "it may have changed", dirty, false },
		{ "the state may have lost something", doubtful, false },
		{ "a dry run", dry, false },
		{ "another UIDVALIDITY", validity, false },
		{ "another UIDNEXT", uidnext, false },
		{ "another MODSEQ", modseq, false },
		{ "another MAILBOXID", other_id, false },
		{ "another count", count, false },
		{ "an upload in doubt", pending, false },
		{ "a state with fewer than its mark says", count_of_both, false },
		{ "no MODSEQ at all", no_modseq, false },
	};
	struct box b;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		make(&b);
		b.far.renumbered = true;
		t[i].change(&b);
		far_trust(&b);
		is_int(b.phase == BOX_TRUSTED, t[i].is, "%s", t[i].name);
		is_int(b.far.seen.exists, t[i].is ? KNOWN : 0, "what it is");
		ok(b.far.renumbered != t[i].is, "its UIDs");
		how.dry_run = false;
		unmake(&b);
	}
}

/* ---- before something is done there ---- */

#define SAME IS("7", "10", AT("50"), "5") OK("1")

static const struct {
	const char *name;
	enum act_kind kind;
	uint32_t uid;
	const char *says;
	int got;		/* -1: it is not asked */
	const char *asked;	/* UIDs of those that are */
	bool strange;
} checks[] = {
	{ "flags of a message in between", ACT_FAR_FLAGS, 3,
	    SAME THREE CANARY("3", "3") OK("2"), 0, "1,3,5,7", false },
	{ "a move", ACT_FAR_MOVE, 9, SAME THREE CANARY("9", "9") OK("2"), 0,
	    "1,5,7,9", false },
	{ "a deletion", ACT_FAR_DELETE, 9, SAME THREE CANARY("9", "9") OK("2"),
	    0, "1,5,7,9", false },
	{ "a purge", ACT_FAR_PURGE, 9, SAME THREE CANARY("9", "9") OK("2"), 0,
	    "1,5,7,9", false },
	{ "an upload", ACT_PUSH, 0, SAME THREE OK("2"), 0, "1,5,7", false },
	{ "a copy", ACT_FAR_COPY, 9, SAME THREE OK("2"), 0, "1,5,7", false },
	{ "a body", ACT_BODY, 9, SAME THREE OK("2"), 0, "1,5,7", false },
	{ "what is done here alone", ACT_NEAR_DELETE, 9, "", -1, "", false },
	{ "the one that is meant is not told", ACT_FAR_DELETE, 9,
	    SAME THREE OK("2"), 1, "1,5,7,9", false },
	{ "our own download is another one", ACT_FAR_DELETE, 9, SAME
	    CANARY("1", "1") CANARY("5", "5") CANARY("7", "6")
	    CANARY("9", "9") OK("2"), 1, "1,5,7,9", true },
	{ "all are others", ACT_PUSH, 0, SAME CANARY("1", "2") CANARY("5", "6")
	    "* 1 FETCH (UID 7 FLAGS (\\Seen) " BODY "{2}\r\n\r\n)\r\n"
	    OK("2"), 1, "1,5,7", true },
	{ "one is marked meanwhile", ACT_PUSH, 0, SAME
	    CANARY("1", "1") CANARY("5", "5") CANARY("7", "7")
	    FLAGGED("7", "\\Seen \\Deleted") OK("2"), 1, "1,5,7", false },
	{ "one is new meanwhile", ACT_PUSH, 0, SAME THREE SEEN("10") OK("2"),
	    1, "1,5,7", false },
	{ "one is gone meanwhile", ACT_PUSH, 0, SAME THREE
	    "* VANISHED 3\r\n" OK("2"), 1, "1,5,7", false },
	{ "another UIDVALIDITY", ACT_PUSH, 0, IS("8", "10", AT("50"), "5")
	    OK("1") THREE OK("2"), 1, "1,5,7", false },
	{ "another UIDNEXT", ACT_PUSH, 0, IS("7", "11", AT("50"), "5")
	    OK("1") THREE OK("2"), 1, "1,5,7", false },
	{ "another MODSEQ", ACT_PUSH, 0, IS("7", "10", AT("51"), "5")
	    OK("1") THREE OK("2"), 1, "1,5,7", false },
	{ "another count", ACT_PUSH, 0, SAME THREE "* 6 EXISTS\r\n" OK("2"), 1,
	    "1,5,7", false },
	{ "it cannot be selected", ACT_PUSH, 0, "A1 NO x\r\nA2 NO x\r\n", 1,
	    "1,5,7", false },
	{ "it can be read alone", ACT_PUSH, 0, IS("7", "10", AT("50"), "5")
	    "A1 OK [READ-ONLY] x\r\n" THREE OK("2"), 1, "1,5,7", false },
	{ "it cannot keep that flag", ACT_FAR_FLAGS, 7, "* FLAGS (\\Deleted)\r\n"
	    "* OK [PERMANENTFLAGS (\\Deleted)] x\r\n* 5 EXISTS\r\n"
	    "* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n" AT("50")
	    OK("1") THREE OK("2"), 1, "1,5,7", false },
	{ "it keeps no flags", ACT_PUSH, 0, "* FLAGS ()\r\n"
	    "* OK [PERMANENTFLAGS ()] x\r\n* 5 EXISTS\r\n"
	    "* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n" AT("50")
	    OK("1") THREE OK("2"), 1, "1,5,7", false },
};

/* The UIDs of the first FETCH that was heard. */
static const char *
asked(void)
{
	static const char fetch[] = "UID FETCH ";
	char *p = strstr(heard, fetch);

	if (p == NULL)
		return heard;
	p += sizeof fetch - 1;
	p[strcspn(p, " ")] = '\0';
	return p;
}

static void
check_all(void)
{
	struct act a = { .add = FLAG_SEEN };
	struct box b;
	size_t i;
	int got;

	for (i = 0; i < sizeof checks / sizeof *checks; i++) {
		make(&b);
		far_trust(&b);
		a.kind = checks[i].kind;
		a.uid = checks[i].uid == 9 ? 3 : checks[i].uid;
		plan_add(b.plan, &a);
		a.uid = checks[i].uid;
		plan_add(b.plan, &a);
		begin(checks[i].says, IMAP_CONDSTORE);
		got = far_trust_check(&run);
		end();
		is_int(got, checks[i].got > 0, "%s", checks[i].name);
		is_int(b.phase, checks[i].got < 0 ? BOX_TRUSTED :
		    checks[i].got > 0 ? BOX_OPEN : BOX_HEARD, "its phase");
		ok(b.far.strange == checks[i].strange, "its messages");
		ok(b.far.n + b.far.fresh.n + b.far.gone.n == 0, "no changes");
		is_str(asked(), checks[i].asked, "who is asked");
		fail_clear(&e);
		unmake(&b);
	}
}

/* The last one is asked for first, so that the first is selected then. */
static void
two(void)
{
	static const char second[] = IS("7", "10", AT("50"), "5") OK("1") THREE
	    OK("2");
	static const struct {
		const char *name, *first;
		int got;
	} t[] = {
		{ "both are as they were", IS("7", "10", AT("50"), "5") OK("3")
		    THREE OK("4"), 0 },
		{ "one cannot be selected", "A3 NO x\r\nA4 BAD x\r\n", 1 },
	};
	struct act a = { .kind = ACT_PUSH };
	char text[3000];
	struct box b[2];
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		make_two(b);
		far_trust(&b[0]);
		far_trust(&b[1]);
		plan_add(b[0].plan, &a);
		plan_add(b[1].plan, &a);
		snprintf(text, sizeof text, "%s%s", second, t[i].first);
		begin(text, IMAP_CONDSTORE);
		is_int(far_trust_check(&run), t[i].got, "%s", t[i].name);
		is_int(b[1].phase, BOX_HEARD, "the second");
		ok(link_here.selected == (t[i].got == 0 ? &b[0] : NULL),
		    "what is selected");
		end();
		unmake_two(b);
	}
}

static void
trust(void)
{
	two();
	trusted();
	check_all();
}

int
main(void)
{
	return far_lab(trust);
}
