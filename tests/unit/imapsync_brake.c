/* imapsync_brake.c: what would delete too much, number by number */
#include <stdlib.h>

#include "brake.h"
#include "plan.h"
#include "tap.h"

#define N false
#define Y true
#define FREE BRAKE_NONE

/* Deletions here, for no other brake looks at them. */
static bool
many(uint64_t deletes, uint64_t known)
{
	struct brake_in in = { .near = deletes, .known = known };

	return brake_box(&in) == BRAKE_MANY;
}

static void
share(void)
{
	ok(!many(10, 10), "10 of 10 may go");
	ok(many(11, 12), "11 of 12 may not");
	ok(!many(20, 100) && many(21, 100), "20 of 100");
	ok(!many(0, 0), "none of none");
}

static void
boxes(void)
{
	static const struct {
		struct brake_in in;	/* far near known files was ino allow,
					   emptied bare trash others */
		enum brake want;
		const char *what;
	} c[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "nothing is deleted" },
	{ { 0, 0, 99, 0, 7, 8, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "an empty and other Maildir, and nothing deleted" },
	{ { 1, 0, 1, 0, 7, 7, 0, 1, N, N, FREE }, BRAKE_NONE,
	    "the last file is gone" },
	{ { 10, 0, 10, 0, 7, 7, 0, 10, N, N, FREE }, BRAKE_NONE,
	    "all ten are" },
	{ { 1, 0, 1, 0, 7, 7, 0, 11, N, N, FREE }, BRAKE_EMPTY,
	    "and others are emptied, eleven in all" },
	{ { 1, 0, 1, 0, 7, 7, 0, 2, Y, N, FREE }, BRAKE_EMPTY,
	    "and no Maildir has a file" },
	{ { 1, 0, 1, 0, 7, 7, 1, 2, Y, N, FREE }, BRAKE_NONE,
	    "and it is allowed" },
	{ { 99, 0, 99, 0, 7, 7, 0, 0, N, Y, FREE }, BRAKE_NONE,
	    "the trash is emptied" },
	{ { 60, 0, 99, 39, 7, 7, 0, 0, N, Y, FREE }, BRAKE_NONE,
	    "not all of it" },
	{ { 0, 99, 99, 99, 7, 7, 0, 0, N, Y, FREE }, BRAKE_NONE,
	    "the trash is emptied there" },
	{ { 9, 0, 99, 90, 7, 7, 0, 0, N, Y, BRAKE_MANY }, BRAKE_MANY,
	    "the trash, while another Maildir lost so many" },
	{ { 9, 0, 9, 0, 7, 7, 0, 11, N, Y, FREE }, BRAKE_EMPTY,
	    "the trash, and others are emptied" },
	{ { 9, 0, 9, 0, 7, 8, 0, 0, N, Y, FREE }, BRAKE_OTHER,
	    "the trash is another directory" },
	{ { 0, 1, 1, 0, 7, 7, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "the last message is gone" },
	{ { 1, 0, 5, 4, 7, 8, 0, 0, N, N, FREE }, BRAKE_OTHER,
	    "another directory" },
	{ { 1, 0, 5, 4, 0, 8, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "which was not known" },
	{ { 0, 1, 5, 4, 7, 8, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "another directory, deleted here" },
	{ { 1, 0, 5, 4, 7, 8, 1, 0, N, N, FREE }, BRAKE_NONE,
	    "another, and allowed" },
	{ { 10, 10, 12, 9, 7, 7, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "ten on each side" },
	{ { 11, 0, 12, 9, 7, 7, 0, 0, N, N, FREE }, BRAKE_MANY,
	    "eleven there" },
	{ { 0, 11, 12, 9, 7, 7, 0, 0, N, N, FREE }, BRAKE_MANY, "eleven here" },
	{ { 0, 11, 55, 9, 7, 7, 0, 0, N, N, FREE }, BRAKE_NONE,
	    "eleven of 55" },
	{ { 11, 1, 12, 9, 7, 7, 11, 0, N, N, FREE }, BRAKE_MANY,
	    "twelve, eleven allowed" },
	{ { 11, 1, 12, 9, 7, 7, 12, 0, N, N, FREE }, BRAKE_NONE,
	    "twelve allowed" },
	{ { 11, 0, 12, 0, 7, 8, 0, 11, N, N, FREE }, BRAKE_EMPTY,
	    "the worst is told" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_str(brake_why(brake_box(&c[i].in)), brake_why(c[i].want),
		    "%s", c[i].what);
}

static void
account(void)
{
	ok(!brake_account(20, 30, 0) && brake_account(21, 30, 0),
	    "20 of 30 in all mailboxes");
	ok(!brake_account(40, 200, 0) && brake_account(41, 200, 0),
	    "a fifth of 200");
	ok(brake_account(41, 200, 40) && !brake_account(41, 200, 41),
	    "so many allowed");
	ok(!brake_restored(10, 0) && brake_restored(11, 0) &&
	    !brake_restored(11, 11), "what came last");
}

static void
applied(void)
{
	struct act v[] = { { .kind = ACT_FETCH }, { .kind = ACT_FAR_DELETE },
	    { .kind = ACT_FAR_DELETE }, { .kind = ACT_NEAR_DELETE },
	    { .kind = ACT_FORGET }, { .kind = ACT_FAR_PURGE } };
	struct plan p = { .v = v, .n = 6, .count = { [ACT_FETCH] = 1,
	    [ACT_FAR_DELETE] = 2, [ACT_NEAR_DELETE] = 1, [ACT_FORGET] = 1,
	    [ACT_FAR_PURGE] = 1 } };

	brake_apply(&p);
	ok(p.count[ACT_FAR_DELETE] == 0 && p.count[ACT_NEAR_DELETE] == 0 &&
	    p.count[ACT_FAR_PURGE] == 0 && p.count[ACT_NOTHING] == 4,
	    "deletions become nothing");
	ok(v[1].kind == ACT_NOTHING && v[2].kind == ACT_NOTHING &&
	    v[3].kind == ACT_NOTHING && v[5].kind == ACT_NOTHING,
	    "each of them");
	ok(v[0].kind == ACT_FETCH && v[4].kind == ACT_FORGET &&
	    p.count[ACT_FETCH] == 1 && p.count[ACT_FORGET] == 1,
	    "all else stays");
}

static void
folders(void)
{
	ok(!brake_folder(10, 0) && brake_folder(11, 0), "ten may go");
	ok(brake_folder(11, 10) && !brake_folder(11, 11), "so many allowed");
	ok(!brake_folders(0, 0, 0) && !brake_folders(5, 0, 0), "none gone");
	ok(brake_folders(1, 1, 0) && brake_folders(1, 0, 1), "the only one");
	ok(!brake_folders(5, 2, 2), "two of five");
	ok(brake_folders(11, 3, 0) && brake_folders(11, 0, 3), "3 of 11");
	ok(!brake_folders(12, 3, 3), "three of twelve");
	ok(brake_folders(2, 2, 0) && brake_folders(2, 0, 2), "both");
}

int
main(void)
{
	share();
	boxes();
	account();
	applied();
	folders();
	return done();
}
