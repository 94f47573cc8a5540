/*
 * far_lab.h: for tests of what is concluded from what a server says of a
 * mailbox: one with five messages, and a server that says its text at once
 */
#ifndef FAR_LAB_H
#define FAR_LAB_H

#include <stdlib.h>
#include <unistd.h>

#include "fuzz/server.h"
#include "box.h"
#include "far.h"
#include "ident.h"
#include "link.h"
#include "tap.h"

static char dir[64];
static struct err e;
static struct settings how;
static struct link link_here;
static struct run run = { .e = &e, .o = &how, .link = &link_here, .links = 1,
    .nboxes = 1, .report.title = "test" };

/* ---- one mailbox: messages 1, 3, 5, 7 and 9, all of them seen ---- */

enum { V = 7, NEXT = 10, SEQ = 50, KNOWN = 5 };

static const char *names[KNOWN] = { "a", "b", "c", "postbag.0.7", "e" };

static uint64_t
who(unsigned uid)
{
	char text[64];

	snprintf(text, sizeof text, "Message-ID: <m%u>\r\n\r\n", uid);
	return ident_of(str_of(text));
}

static void
make(struct box *b)
{
	struct mark m = { V, NEXT, SEQ, KNOWN, NULL };
	struct rec r = { .size = 100, .flags = FLAG_SEEN };
	unsigned i;

	*b = (struct box){ .run = &run, .name = "INBOX", .path = "INBOX",
	    .far.is = true, .far.counted = true, .far.now = m,
	    .far.storable = ~(uint64_t)0, .phase = BOX_OPEN, .known = true };
	box_begin(b);
	state_open(b->state, dir, STR("INBOX"), true, &e);
	for (i = 0; i < KNOWN; i++) {
		r.uid = 2 * i + 1;
		r.ident = who(r.uid);
		state_put(b->state, &r, names[i], &e);
	}
	state_mark(b->state, &m, NULL, &e);
	state_sort(b->state);
	run.boxes = b;
}

static void
unmake(struct box *b)
{
	state_drop_all(b->state);
	state_remove(dir, STR("INBOX"), &e);
	b->opened = true;
	how.dry_run = true;
	box_close(b);
	how.dry_run = false;
}

static __attribute__((unused)) void
make_two(struct box b[2])
{
	make(&b[0]);
	make(&b[1]);
	b[1].name = b[1].path = "b";
	run.boxes = b;
	run.nboxes = 2;
}

static __attribute__((unused)) void
unmake_two(struct box b[2])
{
	run.nboxes = 1;
	unmake(&b[0]);
	unmake(&b[1]);
}

/* Closes what was begun, and what the server has heard of us is in heard. */
static char heard[4096];
static struct conn *conn;
static int peer;

static void
begin(const char *says, unsigned caps)
{
	conn = server_says((const uint8_t *)says, strlen(says), &peer, &e);
	conn_phase(conn, "the test", 20);
	link_here = (struct link){ .run = &run, .imap = { .c = conn,
	    .authed = true, .caps = caps } };
}

static void
end(void)
{
	ssize_t n;

	conn_flush(conn);
	n = recv(peer, heard, sizeof heard - 1, MSG_DONTWAIT);
	heard[n > 0 ? n : 0] = '\0';
	imap_free(&link_here.imap);
	conn_close(conn);
	close(peer);
}

/* ---- what a server says ---- */

#define BEGIN "* FLAGS (\\Seen \\Deleted)\r\n" \
    "* OK [PERMANENTFLAGS (\\Seen \\Deleted)] x\r\n"
#define IS(v, next, seq, n) BEGIN "* " n " EXISTS\r\n" \
    "* OK [UIDVALIDITY " v "] x\r\n* OK [UIDNEXT " next "] x\r\n" seq
#define AT(seq) "* OK [HIGHESTMODSEQ " seq "] x\r\n"
#define OK(n) "A" n " OK x\r\n"
#define FLAGGED(uid, flags) "* 1 FETCH (UID " uid " FLAGS (" flags "))\r\n"
#define SEEN(uid) FLAGGED(uid, "\\Seen")
#define BODY "BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)] "
#define CANARY(uid, id) "* 1 FETCH (UID " uid " FLAGS (\\Seen) RFC822.SIZE " \
    "100 " BODY "{20}\r\nMessage-ID: <m" id ">\r\n\r\n)\r\n"
#define THREE CANARY("1", "1") CANARY("5", "5") CANARY("7", "7")
#define USUAL(n) IS("7", "10", AT("60"), n) OK("1")

/* Runs a test with a folder for states. */
static int
far_lab(void (*test)(void))
{
	snprintf(dir, sizeof dir, "/tmp/far.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	test();
	is_int(e.code, 0, "no failure: %s", e.msg);
	rmdir(dir);
	return done();
}

#endif
