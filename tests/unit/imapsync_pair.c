/* imapsync_pair.c: uploads and moves that were in doubt */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "ident.h"
#include "mem.h"
#include "pair.h"
#include "stub.h"
#include "tap.h"

static char dir[64];
static struct err e;
static struct run run = { .e = &e, .report.title = "test" };

enum { NEXT = 10, SIZE = 500, SURE = 0x1235, VAGUE = 0x1234 };

/* One message there, and an upload that may be it. */
struct one {
	struct far_msg far[2];
	uint64_t ident;		/* of the upload, of SIZE bytes */
	uint32_t want;		/* the UID it has then; 0: none */
	const char *name;
	uint32_t known;		/* a UID that another file has */
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
	    .ident = o->ident, .uidnext = NEXT, .flags = 5, .ino = 6 };
	const struct rec other = { .uid = o->known, .size = 1 };
	const struct rec *r;

	is_int(state_open(b.state, dir, STR("INBOX"), true, &e), 0, "%s",
	    o->name);
	state_pend(b.state, &p, &e);
	if (o->known != 0)
		state_put(b.state, &other, "other", &e);
	b.far.v = far;
	b.far.n = 1 + (far[1].uid != 0);
	is_int(pair_pending(&b), 0, "looked for: %s", e.msg);
	r = state_by_name(b.state, STR("file"));
	is_int(r != NULL ? r->uid : 0, o->want, "it is this one");
	is_int(b.state->npend, 0, "and in doubt no more");
	ok(r == NULL || (r->size == SIZE && r->ident == o->ident &&
	    r->flags == 5 && r->ino == 6), "of it all is known");
	state_drop_all(b.state);
	state_open(b.state, dir, STR("INBOX"), true, &e);
	ok((state_by_name(b.state, STR("file")) != NULL) == (o->want != 0) &&
	    b.state->npend == 0, "and in the file");
	state_drop_all(b.state);
	state_remove(dir, STR("INBOX"), &e);
}

static void
uploads(void)
{
	static const struct one t[] = {
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE } }, SURE,
		    NEXT, "the first that could be it", 0 },
		{ { { .uid = NEXT - 1, .size = SIZE, .ident = SURE } }, SURE,
		    0, "one that was there before", 0 },
		{ { { .uid = NEXT - 1, .size = SIZE, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE + 9, .ident = SURE } },
		    SURE, NEXT + 1, "one of before with its size, and one since"
		    " that the server changed", 0 },
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE + 2 } }, SURE,
		    0, "another one", 0 },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE + 1, .ident = SURE } },
		    SURE, 0, "two of another size", 0 },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE, .ident = SURE } },
		    SURE, NEXT + 1, "two, and one of its size", 0 },
		{ { { .uid = NEXT, .size = SIZE + 1, .ident = VAGUE } },
		    VAGUE, 0, "without a Message-ID, and of another size", 0 },
		{ { { .uid = NEXT, .size = SIZE, .ident = VAGUE } },
		    VAGUE, NEXT, "without a Message-ID, of its size", 0 },
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE } }, SURE,
		    0, "one that is another file already", NEXT },
		{ { { .uid = NEXT, .size = SIZE, .ident = SURE },
		    { .uid = NEXT + 1, .size = SIZE + 1, .ident = SURE } },
		    SURE, NEXT + 1, "another file's, and one since", NEXT },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		upload(&t[i]);
}

/* A Maildir with one file in it: "file". */
static int
one_file(struct near_dir *d, const char *text)
{
	static const char *const v[] = { "", "/cur", "/new", "/tmp" };
	char path[128];
	int root, fd;
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/M%s", dir, v[i]);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof path, "%s/M/cur/file:2,", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		diag("cannot write %s", path);
	close(fd);
	root = open(dir, O_RDONLY | O_DIRECTORY);
	is_int(near_dir_open(d, root, "M", false, &e), 0, "a Maildir");
	return root;
}

static void
no_file(struct near_dir *d, int root)
{
	near_dir_close(d);
	unlinkat(root, "M/cur/file:2,", 0);
	unlinkat(root, "M/cur", AT_REMOVEDIR);
	unlinkat(root, "M/new", AT_REMOVEDIR);
	unlinkat(root, "M/tmp", AT_REMOVEDIR);
	unlinkat(root, "M", AT_REMOVEDIR);
	close(root);
}

/* What was in doubt when the run ended, and what is known after. */
static void
moves(void)
{
	static const struct {
		const char *name;	/* the file of the move */
		int kind;
		bool renumbered;
		uint32_t known;		/* a UID that another file has */
		uint32_t want;
		const char *what;
	} c[] = {
	{ "file", PEND_NEAR, false, 0, 4, "a move here that was done" },
	{ "file", PEND_NEAR, false, 4, 0, "of a message that another file is" },
	{ "file", PEND_NEAR, false, 5, 4, "another one is another file" },
	{ "none", PEND_NEAR, false, 0, 0, "a move that was not done" },
	{ "file", PEND_NEAR, true, 0, 0, "UIDVALIDITY is another" },
	{ "file", PEND_UPLOAD, false, 0, 0, "an upload that is not there" },
	{ "file", PEND_UPLOAD, true, 0, 0, "nor with other UIDs" },
	};
	struct near_dir d = { .in = MAILDIR_NONE };
	struct keywords k = { 0 };
	int root = one_file(&d, "Subject: x\n\nx\n");
	size_t i;

	is_int(near_dir_scan(&d, &k, &e), 0, "scanned: %s", e.msg);
	for (i = 0; i < sizeof c / sizeof *c; i++) {
		const struct rec other = { .uid = c[i].known, .size = 1 };
		struct state s;
		struct box b = { .run = &run, .name = "INBOX", .state = &s,
		    .near.dir = &d, .far.renumbered = c[i].renumbered };
		struct pend p = { .kind = c[i].kind, .name = c[i].name,
		    .size = SIZE, .uid = 4, .ident = SURE };
		const struct rec *r;

		state_open(&s, dir, STR("INBOX"), true, &e);
		state_pend(&s, &p, &e);
		if (c[i].known != 0)
			state_put(&s, &other, "other", &e);
		is_int(pair_pending(&b), 0, "%s: %s", c[i].what, e.msg);
		r = state_by_name(&s, str_of(c[i].name));
		is_int(r != NULL ? r->uid : 0, c[i].want, "has that UID");
		is_int(s.npend, 0, "and is in doubt no more");
		state_drop_all(&s);
		state_remove(dir, STR("INBOX"), &e);
	}
	flags_keywords_free(&k);
	no_file(&d, root);
}

/* What was copied for a stub is any of them, of whatever size. */
static void
copied(void)
{
	struct near_dir d = { .in = MAILDIR_NONE };
	struct keywords k = { 0 };
	struct stub what = { .host = "mx", .box = "a", .uidvalidity = 1,
	    .uid = 2 };
	struct buf text = { .max = 1 << 16 };
	struct far_msg far[2] = {
		{ .uid = NEXT, .size = SIZE + 1, .ident = SURE },
		{ .uid = NEXT + 1, .size = SIZE, .ident = SURE } };
	struct state s;
	struct box b = { .run = &run, .name = "INBOX", .state = &s,
	    .near.dir = &d, .far.v = far, .far.n = 2 };
	struct pend p = { .kind = PEND_UPLOAD, .name = "file",
	    .size = SIZE, .ident = SURE, .uidnext = NEXT };
	const struct rec *r;
	int root;

	stub_make(&text, &what, STR("A: b\r\n\r\n"));
	buf_c(&text, '\0');
	root = one_file(&d, text.p);
	is_int(near_dir_scan(&d, &k, &e), 0, "scanned: %s", e.msg);
	state_open(&s, dir, STR("INBOX"), true, &e);
	state_pend(&s, &p, &e);
	is_int(pair_pending(&b), 0, "a copy for a stub: %s", e.msg);
	r = state_by_name(&s, STR("file"));
	ok(r != NULL && r->uid == NEXT && r->stub, "is the first that is it");
	state_drop_all(&s);
	state_remove(dir, STR("INBOX"), &e);
	flags_keywords_free(&k);
	buf_free(&text);
	no_file(&d, root);
}

/*
 * An upload is looked for from the lowest UIDNEXT of all on: one that did not
 * say who it is leaves all of them in doubt.
 */
static void
unnamed(void)
{
	static const struct {
		uint32_t uid;
		bool move;		/* a move is in doubt, too */
		bool settled;
		const char *what;
	} c[] = {
	{ NEXT, false, false, "the first that could be it" },
	{ NEXT + 7, false, false, "one after it" },
	{ NEXT - 1, false, true, "one that was there before" },
	{ NEXT - 1, true, true, "likewise, and a move has no UIDNEXT" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct near_dir d = { .in = MAILDIR_NONE };
		struct far_msg far = { .uid = c[i].uid, .size = SIZE };
		uint32_t uid = c[i].uid;
		struct state s;
		struct box b = { .run = &run, .name = "INBOX", .state = &s,
		    .near.dir = &d, .far.v = &far, .far.n = 1,
		    .far.fresh = { .v = &uid, .n = 1 } };
		struct pend p = { .kind = PEND_UPLOAD, .name = "late",
		    .size = SIZE, .ident = SURE, .uidnext = NEXT + 9 };

		state_open(&s, dir, STR("INBOX"), true, &e);
		state_pend(&s, &p, &e);
		p.name = "file";
		p.uidnext = NEXT;
		state_pend(&s, &p, &e);
		p = (struct pend){ .kind = PEND_NEAR, .name = "moved" };
		if (c[i].move)
			state_pend(&s, &p, &e);
		is_int(pair_pending(&b), 0, "unnamed: %s", c[i].what);
		is_int(box_failed(&b), !c[i].settled, "is it told?");
		is_int(s.npend, c[i].settled ? 0 : 2, "are they in doubt?");
		state_drop_all(&s);
		state_remove(dir, STR("INBOX"), &e);
	}
}

int
main(void)
{
	snprintf(dir, sizeof dir, "%s/imapsync_pair.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	uploads();
	moves();
	copied();
	unnamed();
	is_int(e.code, 0, "no failure: %s", e.msg);
	is_int(rmdir(dir), 0, "nothing was left");
	return done();
}
