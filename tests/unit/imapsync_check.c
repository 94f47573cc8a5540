/* imapsync_check.c: a server that said OK: has it done what it was asked? */
#include "far_lab.h"
#include "far_check.h"

/* ---- of those that should be gone, or marked ---- */

static void
standing(void)
{
	static const uint32_t uids[] = { 3, 5, 7 };
	static const struct {
		const char *says;
		int gone, marked;
	} t[] = {
		{ OK("1"), 0, 0 },
		{ SEEN("7") OK("1"), 1, 1 },
		{ SEEN("3") OK("1"), 1, 1 },
		{ FLAGGED("5", "\\Deleted \\Seen") OK("1"), 1, 0 },
		{ FLAGGED("7", "\\Deleted") SEEN("5") FLAGGED("3", "\\Deleted")
		    OK("1"), 1, 1 },
		{ SEEN("4") SEEN("9") OK("1"), 0, 0 },
		{ SEEN("3") "A1 NO x\r\n", 0, 0 },
		{ "* 1 FETCH (UID 3)\r\n* 2 FETCH (FLAGS (\\Seen))\r\n" OK("1"),
		    0, 0 },
		{ SEEN("3") "A1 OK [MESSAGELIMIT 1] x\r\n", 0, 0 },
		{ SEEN("3"), -1, -1 },
	};
	struct box b;
	size_t i;

	make(&b);
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin(t[i].says, 0);
		is_int(far_check_gone(&link_here.imap, &b, uids, 3), t[i].gone,
		    "gone, row %zu", i);
		end();
		fail_clear(&e);
		begin(t[i].says, 0);
		is_int(far_check_marked(&link_here.imap, &b, uids, 3),
		    t[i].marked, "marked, row %zu", i);
		ok(t[i].marked <= 0 || strstr(link_here.imap.text,
		    "has not done it") != NULL, "which is said");
		end();
		fail_clear(&e);
	}
	unmake(&b);
}

static void
flags(void)
{
	static const struct {
		const char *says, *failed;	/* of 3, 5 and 7: x it has */
	} t[] = {
		{ FLAGGED("3", "\\Seen") FLAGGED("5", "") FLAGGED("7",
		    "\\Deleted \\Flagged") OK("1"), "..." },
		{ FLAGGED("3", "") FLAGGED("5", "\\Seen") FLAGGED("7",
		    "\\Deleted \\Flagged") OK("1"), "xx." },
		{ FLAGGED("3", "\\Seen") FLAGGED("5", "") FLAGGED("7",
		    "\\Deleted") OK("1"), "..x" },
		{ FLAGGED("3", "\\Seen") FLAGGED("5", "") FLAGGED("7",
		    "\\Deleted \\Flagged \\Seen") OK("1"), "..x" },
		{ OK("1"), "..." }, { FLAGGED("3", "") "A1 NO x\r\n", "..." },
	};
	struct act a[] = { { .uid = 3, .add = FLAG_SEEN }, { .uid = 5,
	    .del = FLAG_SEEN }, { .uid = 7, .add = FLAG_DELETED | FLAG_FLAGGED,
	    .del = FLAG_SEEN } };
	struct act *v[] = { &a[0], &a[1], &a[2] };
	char got[4] = "";
	struct box b;
	size_t i, k;

	make(&b);
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin(t[i].says, 0);
		is_int(far_check_flags(&link_here.imap, &b, v, 3),
		    strchr(t[i].failed, 'x') != NULL, "flags, row %zu", i);
		for (k = 0; k < 3; k++)
			got[k] = a[k].failed ? 'x' : '.';
		is_str(got, t[i].failed, "which");
		end();
	}
	unmake(&b);
}

/* ---- COPYUID ---- */

static void
put(struct imap_uids *to, const char *list)
{
	uint32_t lo, hi;
	struct str set = str_of(list);

	while (imap_set_next(&set, &lo, &hi) > 0)
		imap_uids_add(to, lo);
}

static void
copies(void)
{
	static const struct {
		uint64_t said, was, now, was_next, now_next;
		const char *from, *to;
		const char *why;	/* NULL: it can be so */
		const char *status;
	} t[] = {
		{ 7, 7, 7, 10, 12, "3,5", "10,11", NULL, "" },
		{ 7, 0, 7, 0, 12, "3,5", "1,2", NULL, "" },
		{ 7, 7, 7, 10, 12, "5", "11", NULL, "" },
		{ 8, 7, 7, 10, 12, "3,5", "10,11", "UIDVALIDITY", "" },
		{ 8, 7, 8, 10, 12, "3,5", "10,11", "UIDVALIDITY", "" },
		{ 7, 7, 7, 10, 12, "3,4", "10,11", "not asked for", "" },
		{ 7, 7, 7, 10, 12, "4,5", "10,11", "not asked for", "" },
		{ 7, 7, 7, 10, 12, "3,3", "10,11", "twice", "" },
		{ 7, 7, 7, 10, 12, "3,5", "11,11", "twice", "" },
		{ 7, 7, 7, 10, 12, "3,5", "9,11", "there before", "" },
		{ 7, 7, 7, 10, 12, "3,5", "11,12", "does not have", "" },
		{ 7, 7, 0, 10, 0, "3,5", "10,11", NULL,
		    "* STATUS b (UIDVALIDITY 7 UIDNEXT 12)\r\n" OK("1") },
		{ 7, 7, 0, 10, 0, "3,5", "10,11", "does not have",
		    "* STATUS b (UIDVALIDITY 7 UIDNEXT 11)\r\n" OK("1") },
		{ 7, 7, 0, 10, 0, "3,5", "10,11", "UIDVALIDITY",
		    "A1 NO x\r\n" },
	};
	static const uint32_t uids[] = { 3, 5 };
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct far_copy c = { .uids = uids, .n = 2,
		    .uidvalidity = t[i].said,
		    .was = { t[i].was, t[i].was_next, 0, 0, NULL },
		    .now = { t[i].now, t[i].now_next, 0, 0, NULL } };

		put(&c.from, t[i].from);
		put(&c.to, t[i].to);
		begin(t[i].status, 0);
		is_int(far_check_copy(&link_here.imap, STR("b"), &c),
		    t[i].why != NULL, "COPYUID, row %zu", i);
		ok(t[i].why == NULL || strstr(link_here.imap.text, t[i].why) !=
		    NULL, "it says why");
		end();
		free(c.from.v);
		free(c.to.v);
	}
}

static void
check(void)
{
	standing();
	flags();
	copies();
}

int
main(void)
{
	return far_lab(check);
}
