/*
 * conn_time.c: how long a peer may take: every limit (conn.h), in SMTP, POP3
 * and IMAP
 */
#include "conn_tls.h"
#include "timed.h"

#include "imap_append.h"
#include "imap_box.h"
#include "imap_idle.h"
#include "pop3.h"
#include "proxy.h"

/* ---- SMTP ---- */

static const struct smtp_conf plain = { .tls = CONN_TLS_OFF,
    .ehlo = "a.test" };
static const struct answer ehlo[] = { { "EHLO", "250 x\r\n", 0 }, { 0 } };
/* The message and what follows it. */
static const struct answer mail[] = { { "EHLO", "250 x\r\n", 0 },
    { "MAIL", "250 ok\r\n", 290 }, { "RCPT", "250 ok\r\n", 290 },
    { "DATA", "354 go\r\n", 110 }, { ".\r", "250 taken\r\n", 590 }, { 0 } };
static const struct answer until_data[] = { { "EHLO", "250 x\r\n", 0 },
    { "MAIL", "250 ok\r\n", 0 }, { "RCPT", "250 ok\r\n", 0 },
    { "DATA", "354 go\r\n", 0 }, { 0 } };

static void
smtp_greeting(void)
{
	struct smtp s;

	begin(&(struct play){ .answers = ehlo, .drip = "220 tarpit\r\n", .every = 299,
	    .times = 1 });
	lived(smtp_open(&s, c, &plain), 299, "SMTP: a late greeting");
	begin(&(struct play){ .answers = ehlo, .drip = "220-#\r\n", .every = 20,
	    .times = 14, .end = "220 x\r\n" });
	lived(smtp_open(&s, c, &plain), 280, "SMTP: a greeting, line by "
	    "line");
	begin(&(struct play){ .answers = ehlo, .drip = "220-#\r\n", .every = 20 });
	left(smtp_open(&s, c, &plain), 299, 301, "the greeting: not complete "
	    "after 300 seconds", "SMTP: lines of a greeting for ever");
	begin(&(struct play){ .answers = ehlo, .drip = "2", .every = 1 });
	left(smtp_open(&s, c, &plain), 299, 301, "the greeting: not complete",
	    "SMTP: bytes of a greeting for ever");
	begin(&(struct play){ .answers = ehlo });
	left(smtp_open(&s, c, &plain), 299, 301, "the greeting: nothing for "
	    "300 seconds", "SMTP: no greeting");
	begin(&(struct play){ .answers = NULL, "220 x\r\n", "EHLO", "250-#\r\n", 30 });
	left(smtp_open(&s, c, &plain), 299, 301, "EHLO: not complete",
	    "SMTP: lines of an answer for ever");
}

/* Sends a message of so many bytes; the time counts from then on. */
static int
send_mail(size_t size, struct smtp_rcpt *r)
{
	struct arena mem = { 0 };
	char *text = arena_new(&mem, size, 1);
	struct msg_part part = { .kind = CTE_LINES, .mem = { text, size },
	    .fd = -1, .len = size, .size = size };
	struct msg m = { .parts = &part, .n = 1, .cap = 1, .size = size };
	struct smtp_mail to_send = { .from = "a@x.test", .params = "",
	    .rcpt = r, .n = 1, .msg = &m };
	struct smtp s;
	size_t i;
	int got;

	for (i = 0; i < size; i++)
		text[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
	*r = (struct smtp_rcpt){ .addr = "b@y.test", .params = "" };
	got = smtp_open(&s, c, &plain);
	began = now;
	if (got == 0)
		got = smtp_send(&s, &to_send);
	arena_free(&mem);
	return got;
}

static void
smtp_message(void)
{
	struct smtp_rcpt r;

	begin(&(struct play){ .answers = mail, "220 x\r\n" });
	lived(send_mail(128, &r), 290 + 290 + 110 + 590, "SMTP: each answer "
	    "has its own time");
	ok(r.state == SMTP_SENT, "and it is sent");
	begin(&(struct play){ .answers = until_data, "220 x\r\n", "xxx", "250-#\r\n",
	    10 });
	left(send_mail(64, &r), 599, 602, "the answer to the message: not "
	    "complete", "SMTP: lines of the last answer for ever");
	ok(r.state == SMTP_UNKNOWN, "and nobody knows whether it was taken");
}

/* The kernel takes 1 MB, but not 8. */
static void
smtp_upload(void)
{
	struct smtp_rcpt r;

	begin(&(struct play){ .answers = until_data, "220 x\r\n", .after = "DATA",
	    .takes = 50, .whole = 1 << 20, .end = "250 taken\r\n" });
	lived(send_mail(1 << 20, &r), 15000, "SMTP: 3 KB a minute are taken");
	ok(r.state == SMTP_SENT, "and it is sent");
	begin(&(struct play){ .answers = until_data, "220 x\r\n", .after = "DATA",
	    .takes = 20 });
	left(send_mail(8 << 20, &r), 170, 600, "sending the message: less "
	    "than 2 KB a minute", "SMTP: 1.2 KB a minute are taken");
	ok(r.state != SMTP_SENT && r.state != SMTP_UNKNOWN,
	    "and it is not sent");
	total = 1000;
	begin(&(struct play){ .answers = until_data, "220 x\r\n", .after = "DATA",
	    .takes = 50, .whole = 1 << 20, .end = "250 taken\r\n" });
	left(send_mail(1 << 20, &r), 990, 1010, "the time allowed for all of it is over",
	    "SMTP: --timeout holds, however well it goes");
	total = 0;
	begin(&(struct play){ .answers = until_data, "220 x\r\n", "DATA", "450-#\r\n", 1,
	    .takes = .1 });
	left(send_mail(8 << 20, &r), 599, 620, "the answer to the message",
	    "SMTP: a no for ever, and nothing is taken");
}

/* LMTP: an answer for each. */
static void
lmtp_answers(void)
{
	static const struct answer answers[] = { { "LHLO", "250-x\r\n"
	    "250 PIPELINING\r\n", 0 }, { "MAIL", "250 ok\r\n", 0 },
	    { "RCPT", "250 ok\r\n", 0 }, { "DATA", "354 go\r\n", 0 }, { 0 } };
	static const struct smtp_conf lmtp = { .tls = CONN_TLS_OFF,
	    .lmtp = true, .ehlo = "a.test" };
	static const char text[] = "a: b\r\n\r\nc\r\n";
	struct msg_part part = { .kind = CTE_LINES, .mem = { text,
	    sizeof text - 1 }, .fd = -1, .len = sizeof text - 1,
	    .size = sizeof text - 1 };
	struct msg m = { .parts = &part, .n = 1, .cap = 1,
	    .size = sizeof text - 1 };
	struct smtp_rcpt r[3] = { { .addr = "a@y.test", .params = "" },
	    { .addr = "b@y.test", .params = "" },
	    { .addr = "c@y.test", .params = "" } };
	struct smtp_mail to_send = { .from = "a@x.test", .params = "",
	    .rcpt = r, .n = 3, .msg = &m };
	struct smtp s;

	begin(&(struct play){ .answers = answers, "220 x\r\n", "a: b", "250 #\r\n", 590,
	    3 });
	lived(smtp_open(&s, c, &lmtp) < 0 ? -1 : smtp_send(&s, &to_send),
	    3 * 590, "LMTP: each recipient has its own time");
	ok(r[2].state == SMTP_SENT, "and the last is sent");
}

/* ---- POP3 ---- */

static int
nowhere(void *to, const void *p, size_t n, struct err *err)
{
	(void)to;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

static const struct conn_sink sink = { nowhere, NULL };
static const struct answer capa[] = { { "CAPA", "+OK\r\nUIDL\r\n.\r\n", 0 },
    { "RETR", "+OK\r\n", 0 }, { "LIST", "+OK\r\n", 0 }, { 0 } };

static int
retrieve(void)
{
	struct pop3 p;

	if (pop3_open(&p, c, CONN_TLS_OFF, NULL) < 0)
		return -1;
	began = now;
	pop3_retr(&p, 1);
	return pop3_body(&p, &sink, UINT64_MAX);
}

static int
pop3_all(void)
{
	struct pop3_message *all = NULL;
	struct pop3 p;
	size_t n;
	int got;

	if (pop3_open(&p, c, CONN_TLS_OFF, NULL) < 0)
		return -1;
	began = now;
	got = pop3_list(&p, &all, &n);
	free(all);
	return got;
}

/* 50 bytes */
#define LINE "012345678901234567890123456789012345678901234567\r\n"

static void
pop3_limits(void)
{
	static const struct answer late[] = { { "CAPA", "-ERR\r\n", 0 },
	    { "RETR", "+OK\r\nx\r\n.\r\n", 290 }, { 0 } };
	struct pop3 p;

	begin(&(struct play){ .answers = capa, .drip = "+", .every = 5 });
	left(pop3_open(&p, c, CONN_TLS_OFF, NULL), 59, 61, "the greeting",
	    "POP3: bytes of a greeting");
	begin(&(struct play){ .answers = NULL, "+OK\r\n", "CAPA", "+OK\r\nX\r\nY\r\n",
	    20 });
	left(pop3_open(&p, c, CONN_TLS_OFF, NULL), 299, 301, "CAPA: not "
	    "complete", "POP3: lines of an answer for ever");
	begin(&(struct play){ .answers = late, .greeting = "+OK\r\n" });
	lived(retrieve(), 290, "POP3: a late answer");
	begin(&(struct play){ .answers = capa, "+OK\r\n", "RETR", LINE LINE LINE, 60,
	    .times = 500, .end = ".\r\n" });
	left(retrieve(), 299, 910, "a message: less than 2 KB a minute",
	    "POP3: 150 bytes a minute");
	begin(&(struct play){ .answers = capa, "+OK\r\n", "RETR", "x", 10 });
	left(retrieve(), 299, 301, "a message: less than 2 KB a minute",
	    "POP3: a byte in ten seconds");
	begin(&(struct play){ .answers = capa, "+OK\r\n", "RETR", LINE, 1, .times = 3600,
	    .end = ".\r\n" });
	lived(retrieve(), 3600, "POP3: 3 KB a minute");
	begin(&(struct play){ .answers = capa, "+OK\r\n", "RETR", LINE LINE LINE LINE
	    LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
	    LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
	    LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
	    LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
	    LINE LINE LINE LINE, 70, .times = 40, .end = ".\r\n" });
	lived(retrieve(), 2800, "POP3: 3 KB, then a pause of 70 s, and "
	    "so on");
	begin(&(struct play){ .answers = capa, "+OK\r\n", "LIST", "# 1\r\n", 10 });
	left(pop3_all(), 299, 301, "LIST: less than 2 KB a minute",
	    "POP3: a line of a list in ten seconds");
}

/* A good beginning is no credit: each span of time brings its own. */
static void
pop3_trickle(void)
{
	static char first[150000];	/* some is read with the +OK */
	const struct answer much[] = { { "CAPA", "+OK\r\n.\r\n", 0 },
	    { "RETR", first, 0 }, { 0 } };
	size_t n = (size_t)snprintf(first, sizeof first, "+OK\r\n");

	while (n + sizeof LINE < sizeof first)
		n += (size_t)snprintf(first + n, sizeof first - n, LINE);
	begin(&(struct play){ .answers = much, "+OK\r\n", "RETR", "x", 10,
	    .times = 200 });
	left(retrieve(), 299, 311, "a message: less than 2 KB a minute",
	    "POP3: 150 KB, and then a byte in ten seconds");
}

/* ---- IMAP ---- */

static const struct answer hello[] = { { "CAPABILITY", "* CAPABILITY "
    "IMAP4rev1\r\nA1 OK\r\n", 0 }, { 0 } };
static struct imap m;

static void
log_in(void)
{
	if (imap_open(&m, c, CONN_TLS_OFF) < 0)
		abort();
	m.authed = true;
	m.box.exists = 100;
	began = now;
}

/* All of it is read; the bodies are thrown away. */
static int
await(unsigned tag)
{
	struct imap_item it;
	struct imap_resp r;
	int got;

	do {
		if ((got = imap_next(&m, &r)) < 0)
			break;
		while (r.type == IMAP_FETCH && (got = imap_item(&m, &it)) > 0)
			if (it.kind == IMAP_BODY &&
			    (got = imap_body(&m, &it, &sink)) < 0)
				break;
	} while (got >= 0 && !imap_done(&r, tag));
	imap_free(&m);
	return got < 0 ? -1 : 0;
}

static unsigned
ask_bodies(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_bodies(i, "1:*", false);
}

static unsigned
ask_one(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_bodies(i, "7", false);
}

static unsigned
ask_three(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_store(i, "7:8,10", true, "\\Seen");
}

static unsigned
ask_expunge(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_expunge(i, "7");
}

static unsigned
ask_list(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_list(i, "*", IMAP_LIST_NAMES);
}

static unsigned
ask_search(struct imap *i, struct str s)
{
	(void)s;
	return imap_ask_search(i, "ALL");
}

static unsigned
ask_move(struct imap *i, struct str s)
{
	return imap_ask_move(i, "1:*", s);
}

static unsigned
ask_select(struct imap *i, struct str s)
{
	return imap_ask_select(i, s, true, NULL);
}

/* What it says again and again after a command. */
#define TEN "0123456789"
static const struct {
	const char *name;
	unsigned (*ask)(struct imap *, struct str);
	const char *verb, *drip;
	double every, lasts;	/* 0: it lives */
} words[] = {
	{ "\"* OK\"", imap_ask_status, "STATUS", "* OK still here\r\n", 60,
	    300 },
	{ "\"* OK\" and SELECT", ask_select, "EXAMINE", "* OK still\r\n", 60,
	    300 },
	{ "\"* 1 EXISTS\"", ask_select, "EXAMINE", "* 1 EXISTS\r\n", 60,
	    300 },
	{ "\"+ go on\"", ask_list, "LIST", "+ go on\r\n", 60, 300 },
	{ "flags nobody asked for", ask_list, "LIST",
	    "* # FETCH (FLAGS ())\r\n", 60, 300 },
	{ "folders nobody asked for", ask_bodies, "FETCH",
	    "* LIST () \"/\" a#\r\n", 60, 300 },
	{ "what is no IMAP", ask_list, "LIST", "* X-# (1 2 3)\r\n", 60, 300 },
	{ "a byte of a line", ask_list, "LIST", "x", 1, 300 },
	{ "one message again and again", ask_bodies, "FETCH",
	    "* 1 FETCH (UID 1 FLAGS ())\r\n", 60, 360 },
	{ "short bodies of one message", ask_bodies, "FETCH",
	    "* 1 FETCH (UID 1 BODY[] {10}\r\n" TEN ")\r\n", 60, 360 },
	{ "one folder again and again", ask_list, "LIST",
	    "* LIST () \"/\" a\r\n", 60, 360 },
	{ "a search found again and again", ask_search, "SEARCH",
	    "* SEARCH 1\r\n", 60, 360 },
	{ "a long literal nobody asked for", ask_list, "LIST", LINE, 1, 300 },
	{ "an item nobody asked for", ask_bodies, "FETCH", LINE, 1, 300 },
	{ "each message in its time", ask_bodies, "FETCH",
	    "* # FETCH (UID # FLAGS ())\r\n", 290, 0 },
	{ "each folder in its time", ask_list, "LIST",
	    "* LIST () \"/\" a#\r\n", 290, 0 },
	{ "each message that moves in its time", ask_move, "MOVE",
	    "* 1 EXPUNGE\r\n", 290, 0 },
	{ "EXPUNGE that EXISTS fills up again", ask_move, "MOVE",
	    "* 5 EXISTS\r\n* 1 EXPUNGE\r\n", 60, 600 },
	{ "EXPUNGE, and one was asked for", ask_expunge, "EXPUNGE",
	    "* 5 EXISTS\r\n* 1 EXPUNGE\r\n", 60, 360 },
	{ "EXPUNGE that EXISTS fills up slowly", ask_move, "MOVE",
	    "* # EXISTS\r\n* 1 EXPUNGE\r\n", 60, 360 },
	{ "EXPUNGE and EXAMINE", ask_select, "EXAMINE",
	    "* 5 EXISTS\r\n* 1 EXPUNGE\r\n", 60, 300 },
	{ "each of 100 messages, and then more", ask_bodies, "FETCH",
	    "* # FETCH (UID # FLAGS ())\r\n", 20, 2300 },
	{ "messages nobody asked for", ask_one, "FETCH",
	    "* # FETCH (UID # FLAGS ())\r\n", 60, 360 },
	{ "three messages, and more nobody asked for", ask_three, "STORE",
	    "* # FETCH (FLAGS ())\r\n", 60, 480 },
	{ "messages that are not there", ask_select, "EXAMINE",
	    "* 1 EXISTS\r\n* # FETCH (FLAGS ())\r\n", 60, 360 },
	{ "messages that EXISTS fills up", ask_select, "EXAMINE",
	    "* # EXISTS\r\n* # FETCH (FLAGS ())\r\n", 60, 360 },
	{ "counts of folders nobody asked about", imap_ask_status, "STATUS",
	    "* STATUS a# (MESSAGES 1)\r\n", 60, 360 },
	{ "INPROGRESS that grows for ever", ask_search, "SEARCH",
	    "* OK [INPROGRESS (\"A2\" # NIL)] wait\r\n", 290, 86720 },
	{ "INPROGRESS with a number that grows", ask_search, "SEARCH",
	    "* OK [INPROGRESS (\"A2\" # 1000)] wait\r\n", 290, 0 },
	{ "INPROGRESS of no number", ask_search, "SEARCH",
	    "* OK [INPROGRESS] wait\r\n", 60, 3900 },
	{ "INPROGRESS with NIL", ask_search, "SEARCH",
	    "* OK [INPROGRESS (\"A2\" NIL NIL)] wait\r\n", 60, 3900 },
	{ "INPROGRESS with a number that stands", ask_search, "SEARCH",
	    "* OK [INPROGRESS (\"A2\" 7 1000)] wait\r\n", 60, 360 },
};

static void
imap_words(void)
{
	bool lives;
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++) {
		lives = words[i].lasts == 0;
		begin(&(struct play){ .answers = hello, "* OK x\r\n", words[i].verb,
		    words[i].drip, words[i].every, lives ? 30 : 0,
		    "A2 OK\r\n" });
		log_in();
		if (words[i].drip == (const char *)LINE)
			say_text(words[i].ask == ask_bodies ?
			    "* 1 FETCH (UID 1 X-BIG {10000000}\r\n" :
			    "* X {10000000}\r\n");
		if (lives)
			lived(await(words[i].ask(&m, STR("x"))), 29 * 290,
			    words[i].name);
		else
			left(await(words[i].ask(&m, STR("x"))), words[i].lasts -
			    1, words[i].lasts + 1, "00 seconds",
			    words[i].name);
	}
}

static const struct {
	const char *name, *drip;
	double every;
	int times;		/* 0: it is left for its slowness */
} bodies[] = {
	{ "IMAP: a body, 3 KB a minute", LINE, 1, 3600 },
	{ "IMAP: a body, 300 bytes a minute", LINE, 10, 0 },
	{ "IMAP: a body, a byte a second", "x", 1, 0 },
};

static void
imap_bodies(void)
{
	struct play p = { hello, "* OK x\r\n", "FETCH", .end = ")\r\nA2 OK\r\n" };
	size_t i;

	for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		p.drip = bodies[i].drip;
		p.every = bodies[i].every;
		p.times = bodies[i].times;
		begin(&p);
		log_in();
		say_text("* 1 FETCH (UID 1 BODY[] {180000}\r\n");
		if (p.times > 0)
			lived(await(ask_bodies(&m, STR(""))), 3600,
			    bodies[i].name);
		else
			left(await(ask_bodies(&m, STR(""))), 299, 301,
			    "FETCH: less than 2 KB a minute", bodies[i].name);
	}
}

static int
append(size_t size)
{
	struct imap_append a = { .size = size, .flags = "" };
	char *text = mem_new(size, 1);
	unsigned tag = 0;
	int got = -1;

	memset(text, 'x', size);
	m.caps |= IMAP_LITERAL_PLUS;
	if (imap_append_begin(&m, STR("x")) == 0 &&
	    imap_append_one(&m, &a) == 1 &&
	    imap_append_put(&m, text, size, &e) == 0)
		tag = imap_append_end(&m);
	if (tag != 0)
		got = await(tag);
	free(text);
	return got;
}

/* Before the last byte of it: the server takes 100 KB a second. */
static void
yes_too_soon(void)
{
	static const struct answer yes[] = { { "CAPABILITY", "* CAPABILITY "
	    "IMAP4rev1\r\nA1 OK\r\n", 0 }, { "APPEND", "A2 OK\r\n", 0 }, { 0 } };

	begin(&(struct play){ .answers = yes, "* OK x\r\n", .after = "APPEND",
	    .takes = 100000, .whole = 9 << 20 });
	log_in();
	ok(append(8 << 20) < 0 && e.code == EX_PROTOCOL &&
	    strstr(e.msg, "a yes to what was not sent") != NULL,
	    "IMAP: a yes to an APPEND of which half is on its way: %s", e.msg);
	over();
}

static void
imap_uploads(void)
{
	struct play p = { hello, "* OK x\r\n", .after = "APPEND",
	    .takes = 50, .whole = 1 << 20, .end = "A2 OK\r\n" };

	begin(&p);
	log_in();
	lived(append(1 << 20), 15000, "IMAP: 3 KB a minute are taken");
	p.takes = 20;
	begin(&p);
	log_in();
	left(append(8 << 20), 170, 600, "sending a message: less than 2 KB "
	    "a minute", "IMAP: 1.2 KB a minute are taken");
	begin(&(struct play){ .answers = hello, "* OK x\r\n", "APPEND", "* OK wait\r\n",
	    50 });
	log_in();
	left(append(64), 599, 601, "the answer to APPEND", "IMAP: words "
	    "instead of an answer to APPEND");
}

/* It talks as fast as it can; each wait costs 10 ms. */
static void
imap_flood(void)
{
	char *much = mem_new(1, 40001);
	size_t i;

	for (i = 0; i < 40000; i += 10)
		memcpy(much + i, "* OK hey\r\n", 10);
	begin(&(struct play){ .answers = hello, "* OK x\r\n", "LIST", much, .001 });
	log_in();
	tick = 500;
	left(await(ask_list(&m, STR(""))), 299, 302, "LIST: not complete",
	    "IMAP: a flood of words");
	free(much);
}

/* The client was away, on the disk: that is not the server's fault. */
static void
imap_away(void)
{
	static const struct answer late[] = { { "CAPABILITY", "* CAPABILITY "
	    "IMAP4rev1\r\nA1 OK\r\n", 0 }, { "STATUS", "A2 OK\r\n", 200 },
	    { 0 } };
	unsigned tag;

	begin(&(struct play){ .answers = late, "* OK x\r\n" });
	log_in();
	tag = imap_ask_status(&m, STR("x"));
	now += 1000000;
	lived(await(tag), 1200, "IMAP: the client is away for 1000 s, the "
	    "server for 200");
	begin(&(struct play){ .answers = hello, "* OK x\r\n", "STATUS", "* OK\r\n", 60 });
	log_in();
	tag = imap_ask_status(&m, STR("x"));
	now += 1000000;
	left(await(tag), 1299, 1301, "300 seconds", "IMAP: the client is "
	    "away, and then the server is");
}

static void
imap_idling(void)
{
	static const struct answer go[] = { { "CAPABILITY", "* CAPABILITY "
	    "IMAP4rev1\r\nA1 OK\r\n", 0 }, { "IDLE", "+ idling\r\n", 0 },
	    { "DONE", "A2 OK\r\n", 100 }, { 0 } };

	begin(&(struct play){ .answers = go, "* OK x\r\n", "IDLE", "* OK still\r\n",
	    120 });
	log_in();
	lived(imap_idle(&m, 86400, false), 29 * 60, "IDLE, and no word of mail");
	ok(took() < 29 * 60 + 110, "but 29 minutes at most: %.0f s", took());
	begin(&(struct play){ .answers = hello, "* OK x\r\n", "IDLE", "* OK still\r\n",
	    120 });
	log_in();
	left(imap_idle(&m, 86400, false), 299, 301, "IDLE", "IDLE is not taken");
	begin(&(struct play){ .answers = go, "* OK x\r\n", "IDLE", "*", 60 });
	log_in();
	left(imap_idle(&m, 86400, false), 300, 400, "IDLE", "IDLE, and a line that "
	    "does not end");
}

static const struct answer idles[] = { { "CAPABILITY", "* CAPABILITY "
    "IMAP4rev1\r\nA1 OK\r\n", 0 }, { "IDLE", "* 3 EXISTS\r\n+ idling\r\n",
    0 }, { "DONE", "A2 OK\r\n", 0 }, { 0 } };

/* Up to where it idles: its tag. */
static unsigned
idling(void)
{
	struct imap_resp r;
	unsigned tag;
	int got;

	begin(&(struct play){ .answers = idles, "* OK x\r\n" });
	log_in();
	tag = imap_ask_idle(&m);
	while ((got = imap_idle_open(&m, tag, &r)) == 1)
		;
	return got == 0 ? tag : 0;
}

static void
imap_idling_else(void)
{
	struct imap_resp r;
	unsigned tag;
	int other[2];

	begin(&(struct play){ .answers = idles, "* OK x\r\n" });
	log_in();
	ok(imap_idle(&m, 86400, false) == 1, "IDLE: what is said before it idles counts");
	over();
	tag = idling();
	tick = 55000;
	lived(imap_idle_next(&m, tag, -1, 600, &r), 600,
	    "IDLE on a machine that is busy");
	tag = idling();
	tick = 3600000;
	left(imap_idle_next(&m, tag, -1, 86400, &r), 3600, 3606,
	    "this process was stopped", "IDLE, and a SIGSTOP for an hour");
	tag = idling();
	if (pipe(other) < 0 || write(other[1], "x", 1) != 1)
		abort();
	ok(imap_idle_next(&m, tag, other[0], 600, &r) == 2 && took() < 1,
	    "IDLE, and something else to read");
	over();
	close(other[0]);
	close(other[1]);
}

/* ---- before it ---- */

static void
before(void)
{
	static const struct proxy_conf http = { .kind = PROXY_HTTP };

	begin(&(struct play){ .answers = NULL, "HTTP/1.1 200 OK\r\n", NULL, "X: y\r\n",
	    1 });
	conn_phase(c, "the proxy", CONN_PROXY);
	left(proxy_connect(c, &http, "a.test", 25, &e), 29, 31, "the proxy",
	    "a proxy's headers");
}

int
main(void)
{
	smtp_greeting();
	smtp_message();
	smtp_upload();
	lmtp_answers();
	pop3_limits();
	pop3_trickle();
	imap_words();
	imap_bodies();
	yes_too_soon();
	imap_uploads();
	imap_flood();
	imap_away();
	imap_idling();
	imap_idling_else();
	before();
	return done();
}
