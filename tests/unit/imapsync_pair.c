/* imapsync_pair.c: uploads and moves that were in doubt */
#include <stdlib.h>
#include <unistd.h>

#include "box.h"
#include "ident.h"
#include "mem.h"
#include "pair.h"
#include "tap.h"

static char dir[64];
static struct err e;
static struct run run = { .e = &e };

enum { NEXT = 10, SIZE = 500, SURE = 0x1235, VAGUE = 0x1234 };

/* One message there, and an upload that may be it. */
struct one {
	struct far_msg far[2];
	uint64_t ident;		/* of the upload, of SIZE bytes */
	uint32_t want;		/* the UID it has then; 0: none */
	const char *name;
};

static void
upload(const struct one *o)
{
	struct state s;
	struct near_dir dir_here = { .in = MAILDIR_NONE };
	struct box b = { .run = &run, .name = "INBOX", .state = &s,
	    .near.dir = &dir_here };
	struct far_msg far[2] = { o->far[0], o->far[1] };
	struct pend p = { .kind = PEND_UPLOAD, .name = "file", .size = SIZE,
	    .ident = o->ident, .uidnext = NEXT };
	const struct rec *r;

	is_int(state_open(b.state, dir, STR("INBOX"), true, &e), 0, "%s",
	    o->name);
	state_pend(b.state, &p, &e);
	b.far.v = far;
	b.far.n = 1 + (far[1].uid != 0);
	is_int(pair_pending(&b), 0, "looked for: %s", e.msg);
	r = state_by_name(b.state, STR("file"));
	is_int(r != NULL ? r->uid : 0, o->want, "it is this one");
	is_int(b.state->npend, 0, "and in doubt no more");
	state_drop_all(b.state);
	state_remove(dir, STR("INBOX"), &e);
}

static void
uploads(void)
{
	static const struct one t[] = {
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE } }, SURE,
		    NEXT, "the first that could be it" },
		{ { { .uid = NEXT - 1, .size = SIZE, .ident = SURE } }, SURE,
		    0, "one that was there before" },
		{ { { .uid = NEXT - 1, .size = SIZE, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE + 9, .ident = SURE } },
		    SURE, NEXT + 1, "one of before with its size, and one since"
		    " that the server changed" },
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE + 2 } }, SURE,
		    0, "another one" },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE + 1, .ident = SURE } },
		    SURE, 0, "two of another size" },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE, .ident = SURE } },
		    SURE, NEXT + 1, "two, and one of its size" },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = VAGUE } },
		    VAGUE, 0, "without a Message-ID, and of another size" },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		upload(&t[i]);
}

int
main(void)
{
	snprintf(dir, sizeof dir, "%s/imapsync_pair.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	uploads();
	is_int(e.code, 0, "no failure: %s", e.msg);
	is_int(rmdir(dir), 0, "nothing was left");
	return done();
}
