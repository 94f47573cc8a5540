/* imap_fetch.c: the window of downloads, with servers that answer as they like */
#include "fuzz/server.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "tap.h"

#define BODY(uid, text) "* 1 FETCH (UID " uid " BODY[] {2}\r\n" text ")\r\n"

/* A server that says some bytes, and what comes of them, as text. */
struct world {
	struct imap m;
	struct imap_fetch f;
	struct err e;
	struct buf log;
	uint32_t leave;		/* this UID is not wanted after all */
	int fd;
};

static struct world *
says(const char *text)
{
	struct world *w = mem_new(1, sizeof *w);
	struct conn *c = server_says((const uint8_t *)text, strlen(text),
	    &w->fd, &w->e);

	conn_phase(c, "the test", 20);
	w->m = (struct imap){ .c = c, .authed = true, .tag = 0 };
	w->f = (struct imap_fetch){ .m = &w->m, .ahead = 2 };
	w->log.max = 10000;
	return w;
}

static int
put(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static void
event(struct world *w, enum imap_fetch_event what)
{
	static const char *const names[] = { "", "room", "body", "end", "nil",
	    "empty", "facts", "refused", "lost" };
	struct conn_sink sink = { put, &w->log };
	const struct imap_fetched *g = &w->f.got;

	buf_printf(&w->log, "%s%s", w->log.n > 0 ? ", " : "", names[what]);
	if (what == IMAP_FETCH_REFUSED && g->uid != 0)
		buf_printf(&w->log, " %u", g->uid);
	if (what == IMAP_FETCH_LOST)
		buf_s(&w->log, g->renumbered ? " renumbered" : "");
	if (what == IMAP_FETCH_BODY || what == IMAP_FETCH_END ||
	    what == IMAP_FETCH_NIL || what == IMAP_FETCH_EMPTY)
		buf_printf(&w->log, " %u", g->uid);
	if (what == IMAP_FETCH_FACTS)
		buf_printf(&w->log, " %u=%llu", g->uid,
		    (unsigned long long)g->announced);
	if ((what == IMAP_FETCH_END || what == IMAP_FETCH_FACTS) &&
	    g->flags.n > 0)
		buf_printf(&w->log, " %.*s", STR_ARG(BUF_STR(g->flags)));
	if (what != IMAP_FETCH_BODY || g->uid == w->leave)
		return;
	buf_c(&w->log, '=');
	imap_fetch_body(&w->f, &sink);
}

/* Until nothing is under way. */
static const char *
heard(struct world *w)
{
	int got;

	w->log.n = 0;
	buf_s(&w->log, "");
	while ((got = imap_fetch_next(&w->f)) > 0)
		event(w, (enum imap_fetch_event)got);
	if (got < 0)
		buf_printf(&w->log, ", failed: %s", w->e.msg);
	buf_c(&w->log, '\0');
	return w->log.p;
}

/* Is that the last thing that was sent? */
static bool
has_said(struct world *w, const char *last)
{
	char text[4096];
	size_t len = strlen(last);
	ssize_t n;

	conn_flush(w->m.c);
	n = recv(w->fd, text, sizeof text, 0);
	return n >= (ssize_t)len &&
	    memcmp(text + n - len, last, len) == 0;
}

static void
over(struct world *w)
{
	imap_fetch_free(&w->f);
	imap_free(&w->m);
	conn_close(w->m.c);
	close(w->fd);
	buf_free(&w->log);
	free(w);
}

/* ---- jobs ---- */

static const uint32_t uids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 };
static unsigned char came[60];

/* n UIDs from first on. */
static struct imap_fetch_job
job(uint32_t first, size_t n)
{
	memset(came + first - 1, IMAP_CAME_NOT, n);
	return (struct imap_fetch_job){ .uids = uids + first - 1, .n = n,
	    .came = came + first - 1 };
}

static void
order(void)
{
	struct world *w = says(BODY("3", "c3") "A2 OK x\r\n"
	    "* 1 FETCH (FLAGS (a) UID 1 BODY[] {2}\r\nc1 FLAGS (b))\r\n"
	    BODY("2", "c2") BODY("2", "xx") BODY("6", "xx") "A1 OK x\r\n");
	struct imap_fetch_job a = job(1, 2), b = job(3, 1);

	imap_fetch_ask(&w->f, &a);
	ok(imap_fetch_room(&w->f), "room for two");
	imap_fetch_ask(&w->f, &b);
	ok(!imap_fetch_room(&w->f), "but not for three");
	is_str(heard(w), "body 3=c3, end 3, body 1=c1, end 1 b, body 2=c2, "
	    "end 2, room, room", "the second is answered first");
	ok(!a.again && !b.again, "nothing is to be asked for again");
	over(w);
}

/* Of one response the first body counts, and the UID in front of it. */
static void
twice_in_one(void)
{
	struct world *w = says("* 1 FETCH (UID 1 BODY[] {2}\r\nc1 BODY[] "
	    "{2}\r\nxx UID 2)\r\n" BODY("2", "c2") "A1 OK x\r\n");
	struct imap_fetch_job a = job(1, 2);

	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "body 1=c1, end 1, body 2=c2, end 2, room",
	    "two bodies and two UIDs in one response");
	over(w);
}

/* UIDs are those of the mailbox that is selected when they are said. */
static void
border(void)
{
	struct world *w = says(BODY("5", "xx") BODY("1", "c1") "A1 OK x\r\n"
	    BODY("5", "xx") "* OK [UIDVALIDITY 7] x\r\nA2 OK x\r\n"
	    BODY("5", "c5") "A3 OK x\r\n");
	struct imap_fetch_job a = job(1, 1), b = job(5, 1);

	imap_fetch_ask(&w->f, &a);
	imap_fetch_select(&w->f, imap_ask_select(&w->m, STR("x"), true, NULL),
	    7, NULL);
	imap_fetch_ask(&w->f, &b);
	is_str(heard(w), "body 1=c1, end 1, room, room, body 5=c5, end 5, room",
	    "a SELECT is a border");
	over(w);
}

static void
lost(const char *answer, const char *want, const char *what)
{
	struct world *w = says(answer);
	struct imap_fetch_job a = job(1, 1), b = job(2, 1), c = job(3, 1);

	imap_fetch_select(&w->f, imap_ask_select(&w->m, STR("x"), true, NULL),
	    7, NULL);
	imap_fetch_ask(&w->f, &a);
	imap_fetch_ask(&w->f, &b);
	is_str(heard(w), want, "%s", what);
	imap_fetch_ask(&w->f, &c);
	is_int(w->m.tag, 3, "nothing more is asked for there");
	ok(a.lost && b.lost && c.lost && came[0] == IMAP_CAME_NOT,
	    "all of it is lost");
	over(w);
}

static void
alone(void)
{
	struct world *w = says("* 1 FETCH (BODY[] {2}\r\nc1 UID 1)\r\n"
	    BODY("2", "c2") "A1 OK x\r\n"
	    "* 1 FETCH (BODY[] {2}\r\nc1 UID 1)\r\nA2 OK x\r\n");
	struct imap_fetch_job a = job(1, 3);

	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "body 2=c2, end 2, room", "a UID behind its body");
	ok(a.again, "is to be asked for again");
	imap_fetch_again(&w->f, &a);
	is_str(heard(w), "body 1=c1, end 1, room", "alone");
	is_int(w->m.tag, 2, "and it alone: what did not come is not");
	over(w);
}

static void
unnamed(void)
{
	struct world *w = says("* 1 FETCH (BODY[] {2}\r\nc1)\r\n"
	    "A1 OK x\r\n* 1 FETCH (BODY[] {2}\r\nc1)\r\nA2 OK x\r\n"
	    "A3 OK x\r\n");
	struct imap_fetch_job a = job(1, 2);

	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "room", "a body without any UID");
	imap_fetch_again(&w->f, &a);
	is_str(heard(w), "body 1=c1, end 1, room, room", "is asked for alone");
	over(w);
}

/* The answers to the size, and to the body once more. */
static void
empty(const char *size, const char *body, const char *want, const char *what)
{
	char text[500];
	struct world *w;
	struct imap_fetch_job a = job(1, 1);

	snprintf(text, sizeof text, "* 1 FETCH (UID 1 BODY[] \"\")\r\n"
	    "A1 OK x\r\n%sA2 OK x\r\n%sA3 OK x\r\n", size, body);
	w = says(text);
	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "room", "an empty body is not believed");
	imap_fetch_again(&w->f, &a);
	is_str(heard(w), want, "%s", what);
	over(w);
}

static void
headers(void)
{
	struct world *w = says("* 1 FETCH (UID 1 BODY[HEADER] \"\")\r\n"
	    "A1 OK x\r\n");
	struct imap_fetch_job a = job(1, 1);

	w->f.bodies = IMAP_HEADERS;
	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "body 1=, end 1, room", "a header may be empty");
	over(w);
}

/* A message with an empty header, of which something else comes. */
static void
or_whole(void)
{
	struct world *w = says("* 1 FETCH (UID 1 BODY[HEADER] \"\")\r\n"
	    "* 2 FETCH (UID 2 BODY[HEADER] {2}\r\nh2)\r\nA1 OK x\r\n"
	    "* 1 FETCH (UID 1 RFC822.SIZE 2)\r\nA2 OK x\r\n"
	    BODY("1", "c1") "A3 OK x\r\n");
	struct imap_fetch_job a = job(1, 2);

	a.bodies = IMAP_HEADERS | IMAP_OR_WHOLE;
	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "body 2=h2, end 2, room", "an empty header is none");
	ok(w->f.got.header, "the other is a header");
	imap_fetch_again(&w->f, &a);
	is_str(heard(w), "body 1=c1, end 1, room",
	    "instead of it the message comes");
	ok(!w->f.got.header, "which is no header");
	ok(has_said(w, "A3 UID FETCH 1 (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"),
	    "by a command for all of it");
	over(w);
}

static void
odd(void)
{
	struct world *w = says("* 1 FETCH (UID 1 BODY[] NIL)\r\n"
	    BODY("2", "xx") BODY("2", "xx") "A1 NO x\r\n");
	struct imap_fetch_job a = job(1, 2);

	w->leave = 2;
	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "nil 1, body 2, refused, room",
	    "no body, one that is not wanted, a refusal");
	ok(!a.again && came[0] == IMAP_CAME_NOT && came[1] == IMAP_CAME_HERE,
	    "none is asked for again");
	over(w);
}

/* One that cannot be read, and a server that refuses all because of it. */
static void
each(void)
{
	struct world *w = says(BODY("1", "c1") "A1 NO all\r\nA2 NO one\r\n"
	    BODY("3", "c3") "A3 OK x\r\n");
	struct imap_fetch_job a = job(1, 3);

	w->f.each = true;
	imap_fetch_ask(&w->f, &a);
	is_str(heard(w), "body 1=c1, end 1, room", "refused with others");
	ok(a.again, "each is to be asked for");
	imap_fetch_again(&w->f, &a);
	is_str(heard(w), "refused 2, room, body 3=c3, end 3, room",
	    "what is refused alone is named, and the next one comes");
	over(w);
}

/* 60 messages that are refused together; those from good on come alone. */
static struct world *
refusing(struct imap_fetch_job *a, unsigned good)
{
	static uint32_t many[60];
	struct buf text = { .max = 20000 };
	struct world *w;
	unsigned i;

	for (i = 0; i < 60; i++)
		many[i] = i + 1;
	*a = job(1, 60);
	a->uids = many;
	buf_s(&text, "A1 NO x\r\n");
	for (i = 1; i <= 20; i++)
		buf_printf(&text, "A%u NO x\r\n", i + 1);
	for (i = 60; i >= good; i--)
		buf_printf(&text, BODY("%u", "cc") "A%u OK x\r\n", i, 82 - i);
	for (; i > 20; i--)
		buf_printf(&text, "A%u NO x\r\n", 82 - i);
	for (i = 62; i < 100; i++)
		buf_printf(&text, "A%u NO x\r\n", i);
	buf_c(&text, '\0');
	w = says(text.p);
	buf_free(&text);
	w->f.each = true;
	imap_fetch_ask(&w->f, a);
	heard(w);
	imap_fetch_again(&w->f, a);
	return w;
}

static size_t
come(const struct imap_fetch_job *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += a->came[i] == IMAP_CAME_HERE;
	return n;
}

/* What is refused twenty times in a row may be no message's fault. */
static void
row(void)
{
	struct imap_fetch_job a;
	struct world *w = refusing(&a, 61);

	heard(w);
	is_int(w->m.tag, 22, "twenty in a row and the last one end it");
	imap_fetch_again(&w->f, &a);
	heard(w);
	is_int(w->m.tag, 23, "of another one the last is asked for, no more");
	over(w);
	w = refusing(&a, 24);
	heard(w);
	is_int(come(&a), 37, "what is behind 23 that are refused comes");
	is_int(w->m.tag, 61, "and each was asked for once");
	over(w);
	w = refusing(&a, 50);
	heard(w);
	is_int(come(&a), 11, "of 49 that are refused, too");
	is_int(w->m.tag, 52, "some of them are not asked for");
	over(w);
}

static void
cut(void)
{
	struct world *w = says("* 1 FETCH (UID 1 BODY[] {9}\r\nhalf");
	struct imap_fetch_job a = job(1, 1);

	shutdown(w->fd, SHUT_WR);
	imap_fetch_ask(&w->f, &a);
	heard(w);
	ok(strstr(w->log.p, "body 1=half, failed: ") != NULL &&
	    came[0] != IMAP_CAME_HERE, "half a body never came");
	over(w);
}

/* Behind a job with bodies, and answered between these. */
static void
facts(void)
{
	struct world *w = says("* 1 FETCH (UID 3 RFC822.SIZE 7 FLAGS (a b))\r\n"
	    BODY("1", "c1") "* 1 FETCH (UID 4 FLAGS (c))\r\n"
	    "* 1 FETCH (BODY[] {2}\r\nxx UID 4)\r\n" BODY("4", "xx")
	    "* 1 FETCH (RFC822.SIZE 8)\r\n"
	    "* 1 FETCH (UID 1 RFC822.SIZE 8)\r\nA2 NO x\r\n"
	    BODY("2", "c2") "A1 OK x\r\n"
	    "* 1 FETCH (RFC822.SIZE 0 UID 4)\r\n"
	    "* 1 FETCH (RFC822.SIZE 9 UID 4)\r\nA3 OK x\r\n");
	struct imap_fetch_job a = job(1, 2), b = job(3, 1), c = job(4, 1);

	w->f.ahead = 3;
	b.bodies = c.bodies = IMAP_FACTS;
	imap_fetch_ask(&w->f, &a);
	imap_fetch_ask(&w->f, &b);
	imap_fetch_ask(&w->f, &c);
	ok(has_said(w, "A1 UID FETCH 1:2 (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"
	    "A2 UID FETCH 3 (UID FLAGS RFC822.SIZE INTERNALDATE)\r\n"
	    "A3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE)\r\n"),
	    "facts are asked for");
	is_str(heard(w), "facts 3=7 a b, body 1=c1, end 1, refused 3, "
	    "body 2=c2, end 2, room, room, facts 4=0, room", "and come, once");
	ok(!b.again && !c.again, "never again");
	over(w);
}

int
main(void)
{
	static const uint32_t all[] = { 1, 3, 5, 7, 9 };

	order();
	twice_in_one();
	border();
	lost("A1 NO x\r\n" BODY("1", "xx") "A2 BAD x\r\nA3 BAD x\r\n",
	    "lost, room, room, room", "a mailbox that cannot be selected");
	lost("* OK [UIDVALIDITY 8] x\r\nA1 OK x\r\n" BODY("1", "xx")
	    "A2 OK x\r\nA3 OK x\r\n", "lost renumbered, room, room, room",
	    "a mailbox with other UIDs");
	alone();
	unnamed();
	empty("* 1 FETCH (UID 1 RFC822.SIZE 0)\r\n",
	    "* 1 FETCH (UID 1 BODY[] \"\")\r\n", "body 1=, end 1, room",
	    "but for one whose size is 0");
	empty("* 1 FETCH (UID 1 RFC822.SIZE 9)\r\n",
	    "* 1 FETCH (UID 1 BODY[] \"\")\r\n", "empty 1, room",
	    "it is said of one that has a size");
	empty("* 1 FETCH (UID 2 RFC822.SIZE 0)\r\n",
	    "* 1 FETCH (UID 1 BODY[] \"\")\r\n", "empty 1, room",
	    "another's size does not count");
	empty("* 1 FETCH (UID 1 RFC822.SIZE 2)\r\n", BODY("1", "c1"),
	    "body 1=c1, end 1, room", "and may come the second time");
	headers();
	or_whole();
	odd();
	each();
	row();
	cut();
	facts();
	is_int(imap_fetch_fit(all, 5, 3), 3, "as many as are wanted");
	is_int(imap_fetch_fit(all, 5, 9), 5, "or as there are");
	return done();
}
