/* portprobe_stage.c: how long a stage may take, and what comes behind it */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "jobs.h"
#include "run.h"
#include "slot.h"
#include "stage.h"
#include "tap.h"
#include "target.h"

static struct run run;
static struct target target = { .run = &run };
static struct host host = { .target = &target };
static struct job job = { .host = &host };

/* When its turn ends, of the milliseconds that it has in all. */
static int64_t
entered(struct probe *p, enum stage s, int64_t ms)
{
	int64_t start = clock_ms();

	*p = (struct probe){ .run = &run, .job = &job, .deadline = start + ms,
	    .now = &p->main };
	p->due.who = p;
	stage_enter(p, s);
	return p->due.at - start;
}

/* A resolver that hangs takes half of the time, and no more. */
static void
dane(void)
{
	struct probe p, q;
	int64_t at = entered(&p, STAGE_DANE, 10000000);

	ok(at > 4900000 && at < 5100000, "TLSA records: half of the time: %lld",
	    (long long)at);
	ok(target.waiting == &p && p.next == NULL, "it waits");
	entered(&q, STAGE_DANE, 1000);
	ok(target.waiting == &q && q.next == &p, "so does another one");
	stage_await_no_more(&p);
	ok(target.waiting == &q && q.next == NULL, "no more");
	stage_await_no_more(&p);
	stage_await_no_more(&q);
	ok(target.waiting == NULL, "none of them");
	due_clear(&p.due);
	due_clear(&q.due);
}

/* ---- dialogues: what a server says, and where that leads */

static struct settings set;
static int ends[2];

/* One letter a stage; a dialogue ends where TLS begins, or at its end. */
static const char letters[STAGES] = {
	[STAGE_BANNER] = 'B', [STAGE_CAPS] = 'C', [STAGE_HELO] = 'H',
	[STAGE_STARTTLS] = 'S', [STAGE_TLS] = 't', [STAGE_CAPS_TLS] = 'c',
	[STAGE_HELO_TLS] = 'h', [STAGE_MAIL] = 'M', [STAGE_RCPT] = 'R',
	[STAGE_QUIT] = 'Q', [STAGE_OVER] = 'O',
};

static const struct dialogue {
	const char *name, *proto;
	const char *hear[5];
	const char *want;		/* the stages */
	enum trouble_class class;
	int starttls;
	unsigned turn;
	enum stage from;		/* or the greeting */
	enum tls_mode mode;
	const char *submit;
} dialogues[] = {
	{ "STARTTLS", "smtp", { "220 a\r\n", "250-a\r\n250 STARTTLS\r\n",
	    "220 go\r\n" }, "BCSt", .starttls = 1 },
	{ "half a line is none", "smtp", { "220 a\r\n", "250-a\r\n250 START",
	    "TLS\r\n" }, "BCS", .starttls = 1 },
	{ "no STARTTLS", "smtp", { "220 a\r\n", "250 a\r\n" }, "BCQ",
	    .class = TROUBLE_NONE },
	{ "--tls starttls asks all the same", "smtp", { "220 a\r\n",
	    "250 a\r\n" }, "BCS", .mode = MODE_STARTTLS },
	{ "--tls off", "smtp", { "220 a\r\n", "250-a\r\n250 STARTTLS\r\n" },
	    "BCQ", .starttls = 1, .mode = MODE_OFF },
	{ "STARTTLS is refused", "smtp", { "220 a\r\n",
	    "250-a\r\n250 STARTTLS\r\n", "454 no\r\n" }, "BCSQ",
	    .starttls = 1 },
	{ "EHLO is unknown, 500", "smtp", { "220 a\r\n", "500 what\r\n",
	    "250 a\r\n" }, "BCHQ",
	    .class = TROUBLE_NONE },
	{ "EHLO is unknown, 502", "smtp", { "220 a\r\n", "502 what\r\n",
	    "250 a\r\n" }, "BCHQ",
	    .class = TROUBLE_NONE },
	{ "EHLO is not for us", "smtp", { "220 a\r\n", "550 you\r\n",
	    "250 a\r\n" }, "BCHQ", .starttls = -1 },
	{ "EHLO is not for us, and STARTTLS is asked for", "smtp",
	    { "220 a\r\n", "550 you\r\n", "250 a\r\n" }, "BCHS",
	    .mode = MODE_STARTTLS },
	{ "EHLO later", "smtp", { "220 a\r\n", "421 later\r\n" }, "BCQ",
	    .class = TROUBLE_SMTP_4XX, .starttls = -1 },
	{ "neither EHLO nor HELO, 500", "smtp", { "220 a\r\n", "500 what\r\n",
	    "500 what\r\n", "250 a\r\n" }, "BCHCQ",
	    .class = TROUBLE_NONE },
	{ "neither EHLO nor HELO, 502", "smtp", { "220 a\r\n", "500 what\r\n",
	    "502 what\r\n", "250 a\r\n" }, "BCHCQ",
	    .class = TROUBLE_NONE },
	{ "HELO is refused", "smtp", { "220 a\r\n", "500 what\r\n",
	    "554 no\r\n" }, "BCHQ", .class = TROUBLE_SMTP_5XX,
	    .starttls = -1 },
	{ "HELO is unknown, and EHLO was not for us", "smtp", { "220 a\r\n",
	    "550 you\r\n", "500 what\r\n" }, "BCHQ",
	    .class = TROUBLE_SMTP_5XX, .starttls = -1 },
	{ "no LMTP, and no HELO", "lmtp", { "220 a\r\n", "500 what\r\n" },
	    "BCQ", .class = TROUBLE_SMTP_5XX, .starttls = -1 },
	{ "a greeting that refuses", "smtp", { "554 no\r\n" }, "BQ",
	    .class = TROUBLE_SMTP_5XX, .starttls = -1 },
	{ "a greeting that refuses, and more", "smtp", { "554 no\r\n554 no" },
	    "BQ", .class = TROUBLE_SMTP_5XX, .starttls = -1 },
	{ "a greeting for later", "smtp", { "421 later\r\n" }, "BQ",
	    .class = TROUBLE_SMTP_4XX, .starttls = -1 },
	{ "an answer before the question", "smtp", { "220 a\r\n250 a\r\n" },
	    "BO", .class = TROUBLE_PROTO, .starttls = -1 },
	{ "and one that begins as IMAP's do", "smtp", { "220 a\r\n* x" },
	    "BO", .class = TROUBLE_PROTO, .starttls = -1 },
	{ "bytes behind STARTTLS", "smtp", { "220 a\r\n",
	    "250-a\r\n250 STARTTLS\r\n", "220 go\r\n250 x" }, "BCSt",
	    .starttls = 1 },
	{ "no SMTP", "smtp", { "hello\r\n" }, "BO", .class = TROUBLE_PROTO,
	    .starttls = -1 },
	/* --deep: is MAIL taken before TLS? */
	{ "in the clear", "smtp", { "220 a\r\n", "250-a\r\n250 STARTTLS\r\n",
	    "250 ok\r\n" }, "BCMQ", .starttls = 1, .turn = TURN_PLAIN },
	/* --submit-test */
	{ "a recipient", "smtp", { "220 a\r\n", "250 a\r\n", "250 ok\r\n",
	    "250 ok\r\n" }, "BCMRQ", .submit = "b@b.test" },
	{ "a recipient, the sender is refused", "smtp", { "220 a\r\n",
	    "250 a\r\n", "550 no\r\n" }, "BCMQ", .submit = "b@b.test" },
	{ "a recipient, on another connection", "smtp", { "220 a\r\n",
	    "250 a\r\n" }, "BCQ", .submit = "b@b.test", .turn = TURN_OTHER },
	{ "a recipient, of POP3", "pop3", { "+OK\r\n", "+OK\r\n.\r\n" },
	    "BCQ", .submit = "b@b.test" },
	/* within TLS */
	{ "EHLO within", "smtp", { "250 a\r\n" }, "cQ",
	    .from = STAGE_CAPS_TLS, .starttls = -1 },
	{ "HELO within", "smtp", { "500 what\r\n" }, "ch",
	    .from = STAGE_CAPS_TLS, .starttls = -1 },
	{ "later within", "smtp", { "421 later\r\n" }, "cQ",
	    .from = STAGE_CAPS_TLS, .class = TROUBLE_SMTP_4XX,
	    .starttls = -1 },
	{ "no LHLO within", "lmtp", { "500 what\r\n" }, "cQ",
	    .from = STAGE_CAPS_TLS, .class = TROUBLE_SMTP_5XX,
	    .starttls = -1 },
	{ "no CAPA within", "pop3", { "-ERR\r\n" }, "cQ",
	    .from = STAGE_CAPS_TLS, .starttls = -1 },
	{ "BYE within", "imap", { "* BYE\r\nc NO\r\n" }, "cQ",
	    .from = STAGE_CAPS_TLS, .class = TROUBLE_CLOSED,
	    .starttls = -1 },
	/* IMAP, POP3, ManageSieve */
	{ "IMAP", "imap", { "* OK\r\n",
	    "* CAPABILITY IMAP4rev1 STARTTLS\r\nc OK\r\n", "s OK\r\n" },
	    "BCSt", .starttls = 1 },
	{ "IMAP, logged in already", "imap", { "* PREAUTH\r\n",
	    "* CAPABILITY IMAP4rev1 STARTTLS\r\nc OK\r\n" }, "BCQ",
	    .starttls = 1 },
	{ "IMAP goes away", "imap", { "* BYE\r\n" }, "BQ",
	    .class = TROUBLE_CLOSED, .starttls = -1 },
	{ "IMAP may say more than it was asked", "imap",
	    { "* OK\r\n* OK more\r\n" }, "BC", .starttls = -1 },
	{ "but not answer it", "imap", { "* OK\r\nc OK\r\n" }, "BO",
	    .class = TROUBLE_PROTO, .starttls = -1 },
	{ "IMAP without CAPABILITY", "imap", { "* OK\r\n", "c BAD\r\n" },
	    "BCS",
	    .class = TROUBLE_NONE },
	{ "POP3 without CAPA", "pop3", { "+OK\r\n", "-ERR\r\n" }, "BCS",
	    .class = TROUBLE_NONE },
	{ "POP3 refuses STLS", "pop3", { "+OK\r\n", "-ERR\r\n", "-ERR\r\n" },
	    "BCSQ",
	    .class = TROUBLE_NONE },
	{ "ManageSieve", "sieve", { "\"STARTTLS\"\r\nOK\r\n", "OK\r\n" },
	    "BSt", .starttls = 1 },
	{ "ManageSieve without", "sieve", { "\"SIEVE\" \"x\"\r\nOK\r\n" },
	    "BQ",
	    .class = TROUBLE_NONE },
};

static void
begin(struct probe *p, const struct dialogue *d)
{
	static const struct settings usual = { .want.dane = DANE_NEVER };

	set = usual;
	set.scope.mode = d->mode;
	set.extra.submit = d->submit;
	set.extra.sender = "a@a.test";
	run.set = &set;
	snprintf(run.our_name, sizeof run.our_name, "me.test");
	*p = (struct probe){ .run = &run, .job = &job, .turn = d->turn,
	    .deadline = clock_ms() + 10000000, .now = &p->main,
	    .wire.fd = ends[0], .wire.in.max = 65536 };
	p->main.talk.starttls = -1;
	p->due.who = p;
	host.name = "mx.test";
	host.literal = true;
	job.port.proto = probe_talk_named(str_of(d->proto));
	p->talk = job.port.proto->talk;
	stage_enter(p, d->from != STAGE_FREE ? d->from : STAGE_BANNER);
}

/* It is told once, and goes as far as that leads. */
static void
hear(struct probe *p, const char *text, struct buf *way)
{
	enum stage was = p->stage;

	buf_s(&p->wire.in, text);
	while (p->stage != STAGE_TLS && p->stage != STAGE_QUIT &&
	    p->stage != STAGE_OVER && stage_step(p))
		;
	if (p->stage != was)
		buf_c(way, letters[p->stage]);
}

static void
end(struct probe *p)
{
	char said[4096];

	while (recv(ends[1], said, sizeof said, MSG_DONTWAIT) > 0)
		;
	due_clear(&p->due);
	fifo_free(&p->wire.tx);
	buf_free(&p->wire.in);
	arena_free(&p->mem);
}

static void
dialogue(const struct dialogue *d)
{
	struct buf way = { 0 };
	struct probe p;
	int i;

	begin(&p, d);
	buf_c(&way, letters[p.stage]);
	for (i = 0; d->hear[i] != NULL; i++)
		hear(&p, d->hear[i], &way);
	buf_c(&way, '\0');
	is_str(way.p, d->want, "%s: %s", d->proto, d->name);
	is_int(p.main.trouble.class, d->class, "its trouble");
	is_int(p.main.talk.starttls, d->starttls, "and STARTTLS");
	end(&p);
	buf_free(&way);
}

/* The row of this name, all of it, for what else came of it. */
static void
told(struct probe *p, const char *name, unsigned turn)
{
	struct dialogue d = { NULL };
	struct buf way = { 0 };
	size_t i;
	int n;

	for (i = 0; i < sizeof dialogues / sizeof *dialogues; i++)
		if (strcmp(dialogues[i].name, name) == 0)
			d = dialogues[i];
	d.turn = turn;
	begin(p, &d);
	for (n = 0; d.hear[n] != NULL; n++)
		hear(p, d.hear[n], &way);
	buf_free(&way);
}

static void
facts(void)
{
	struct probe p;

	told(&p, "EHLO is not for us", TURN_MAIN);
	ok(p.main.talk.helo && p.main.talk.not_us, "HELO, for EHLO is not for us");
	is_str(p.main.talk.ehlo_said, "550 you", "what it said");
	end(&p);
	told(&p, "EHLO is unknown, 502", TURN_MAIN);
	ok(p.main.talk.helo && !p.main.talk.not_us, "EHLO is unknown to it");
	is_int(p.main.talk.odd, ODD_NONE, "which is not odd");
	end(&p);
	told(&p, "neither EHLO nor HELO, 500", TURN_MAIN);
	is_int(p.main.talk.odd, ODD_LMTP, "LMTP on SMTP's port");
	is_str(p.main.protoname, "lmtp", "its name");
	end(&p);
	told(&p, "bytes behind STARTTLS", TURN_MAIN);
	ok(p.main.talk.buffered, "bytes behind STARTTLS are noted");
	end(&p);
	told(&p, "STARTTLS", TURN_MAIN);
	ok(!p.main.talk.buffered, "none are");
	end(&p);
	told(&p, "STARTTLS is refused", TURN_MAIN);
	is_str(p.main.talk.starttls_said, "454 no", "how it was refused");
	is_int(p.main.inject, INJECT_NONE, "nothing was to be injected");
	end(&p);
	told(&p, "STARTTLS is refused", TURN_INJECT);
	is_int(p.main.inject, INJECT_REFUSED, "nothing could be injected");
	end(&p);
	told(&p, "in the clear", TURN_PLAIN);
	is_int(p.main.deep.plain, TRIED_YES, "MAIL is taken before TLS");
	end(&p);
	told(&p, "a recipient", TURN_MAIN);
	ok(p.main.submit.tried && p.main.submit.taken &&
	    p.main.submit.at == PLACE_RCPT && p.main.submit.code == 250,
	    "the recipient is taken");
	end(&p);
	told(&p, "a recipient, the sender is refused", TURN_MAIN);
	ok(p.main.submit.tried && !p.main.submit.taken &&
	    p.main.submit.at == PLACE_MAIL && p.main.submit.code == 550,
	    "the sender is not");
	end(&p);
}

/* ---- a port that has no usual protocol */

static void
guesses(void)
{
	static const struct {
		const char *hear, *name, *want;
		bool implicit;
		enum trouble_class class;
	} t[] = {
		{ "220 a ESMTP\r\n", "smtp", "BC", false, TROUBLE_NONE },
		{ "* OK\r\n", "imap", "BC", false, TROUBLE_NONE },
		{ "+OK\r\n", "pop3s", "BC", true, TROUBLE_NONE },
		{ "22", NULL, "B", false, TROUBLE_NONE },
		{ "hello\r\n", NULL, "BO", false, TROUBLE_PROTO },
	};
	struct dialogue d = { "guess", "smtp", .from = STAGE_BANNER };
	struct buf way = { 0 };
	struct probe p;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin(&p, &d);
		job.port.proto = probe_talk_port(9999);
		p.talk = NULL;
		p.wire.implicit = t[i].implicit;
		way.n = 0;
		buf_c(&way, 'B');
		hear(&p, t[i].hear, &way);
		buf_c(&way, '\0');
		is_str(way.p, t[i].want, "guess %zu", i);
		is_str(p.main.protoname, t[i].name, "what it is");
		is_int(p.main.trouble.class, t[i].class, "its trouble");
		end(&p);
	}
	/* EHLO is not known to it: then it is LMTP, HELO is not asked for. */
	begin(&p, &d);
	job.port.proto = probe_talk_port(9999);
	p.talk = NULL;
	hear(&p, "220 a\r\n", &way);
	hear(&p, "500 what\r\n", &way);
	is_int(p.stage, STAGE_CAPS, "a guess: LHLO is asked instead of EHLO");
	is_str(p.main.protoname, "lmtp", "its name");
	is_int(p.main.talk.odd, ODD_NONE, "which is not odd there");
	end(&p);
	buf_free(&way);
}

/* ---- the end: QUIT, a hang-up, what was injected, time that is up */

static void
quits(void)
{
	struct dialogue d = { "quit", "smtp", .from = STAGE_BANNER };
	struct probe p;

	begin(&p, &d);
	p.main.us.dns = 70;
	p.began = 1000;
	stage_enter(&p, STAGE_QUIT);
	is_int(p.stage, STAGE_QUIT, "QUIT is said");
	is_int(p.due.at, p.at / 1000 + 1000, "and waited for a second");
	is_int(p.main.us.total, p.at - 1000 + 70, "with the time of the DNS");
	end(&p);
	begin(&p, &d);
	p.main.us.dns = p.main.us.total = -1;
	stage_enter(&p, STAGE_QUIT);
	is_int(p.main.us.total, p.at, "without that, where there was none");
	end(&p);
	d.turn = TURN_OTHER;
	begin(&p, &d);
	p.main.us.total = -1;
	stage_enter(&p, STAGE_QUIT);
	is_int(p.main.us.total, -1, "of other connections no time is told");
	end(&p);
	d.turn = TURN_MAIN;
	begin(&p, &d);
	p.wire.eof = true;
	stage_enter(&p, STAGE_QUIT);
	is_int(p.stage, STAGE_OVER, "to nobody no QUIT is said");
	end(&p);
	begin(&p, &d);
	stage_enter(&p, STAGE_INJECTED);
	is_int(p.due.at, p.at / 1000 + 2000, "two seconds for what is injected");
	end(&p);
}

static void
hang_ups(void)
{
	static const struct {
		int error;
		enum trouble_class want;
		const char *text;
	} t[] = {
		{ 0, TROUBLE_CLOSED, "the server hung up" },
		{ ECONNRESET, TROUBLE_RESET, "the connection was reset" },
		{ EPIPE, TROUBLE_RESET, "the connection was reset" },
		{ EIO, TROUBLE_RESET, NULL },
	};
	struct dialogue d = { "hang up", "smtp", .from = STAGE_BANNER };
	struct probe p;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin(&p, &d);
		p.wire.error = t[i].error;
		stage_hung_up(&p);
		is_int(p.main.trouble.class, t[i].want, "hung up %d",
		    t[i].error);
		is_str(p.main.trouble.text, t[i].text != NULL ? t[i].text :
		    strerror(t[i].error), "so it is told");
		is_int(p.stage, STAGE_OVER, "and over");
		end(&p);
	}
}

static void
injections(void)
{
	static const struct {
		const char *in;
		bool eof;
		enum injected want;
	} t[] = {
		{ "", false, INJECT_UNKNOWN }, { "", true, INJECT_SAFE },
		{ "220 other\r\n", false, INJECT_SAFE },
		{ "%s\r\n", false, INJECT_TAKEN },
		{ "220 other\r\n%s\r\n", false, INJECT_TAKEN },
		{ "x %s\r\n", false, INJECT_SAFE },
	};
	struct dialogue d = { "inject", "smtp", .from = STAGE_BANNER };
	struct probe p;
	const char *at;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin(&p, &d);
		p.wire.eof = t[i].eof;
		at = strchr(t[i].in, '%');
		buf_put(&p.wire.in, t[i].in, at != NULL ?
		    (size_t)(at - t[i].in) : strlen(t[i].in));
		if (at != NULL)
			buf_s(&p.wire.in, p.talk->injected);
		stage_injected(&p);
		is_int(p.main.inject, t[i].want, "injected %zu", i);
		is_int(p.stage, STAGE_OVER, "that is over");
		end(&p);
	}
}

/* An alert; nothing of TLS; half of a record. */
#define ALERT "\x15\x03\x01\0\x02\x02\x28"
#define NO_TLS "220 hello\r\n"

static void
hellos(void)
{
	static const struct {
		unsigned turn;
		const char *in;
		size_t n;
		bool more;
		enum tried small, pq, large, split;
		enum order order;
	} t[] = {
		{ .turn = TURN_SMALL, .in = ALERT, .n = 7,
		    .small = TRIED_YES },
		{ .turn = TURN_SMALL, .in = NO_TLS, .n = 11 },
		{ .turn = TURN_PQ, .in = ALERT, .n = 7, .pq = TRIED_NO },
		{ .turn = TURN_PQ, .in = NO_TLS, .n = 11,
		    .pq = TRIED_UNKNOWN },
		{ .turn = TURN_PQ, .in = ALERT, .n = 6, .more = true },
		{ .turn = TURN_LARGE, .in = ALERT, .n = 7,
		    .large = TRIED_YES },
		{ .turn = TURN_SPLIT, .in = ALERT, .n = 7,
		    .split = TRIED_YES },
		{ .turn = TURN_ONE, .in = ALERT, .n = 7, .order = ORDER_ONE },
		{ .turn = TURN_ONE, .in = NO_TLS, .n = 11 },
		{ .turn = TURN_ORDER, .in = ALERT, .n = 7 },
	};
	struct dialogue d = { "hello", "smtp", .from = STAGE_BANNER };
	struct deep *deep;
	struct probe p;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		d.turn = t[i].turn;
		begin(&p, &d);
		p.stage = STAGE_HELLO;
		buf_put(&p.wire.in, t[i].in, t[i].n);
		is_int(stage_step(&p), !t[i].more, "first message %zu", i);
		is_int(p.stage, t[i].more ? STAGE_HELLO : STAGE_OVER,
		    "it %s", t[i].more ? "waits" : "is over");
		deep = &p.main.deep;
		ok(deep->small == t[i].small && deep->pq == t[i].pq &&
		    deep->large == t[i].large && deep->split == t[i].split &&
		    deep->order == t[i].order, "%d %d %d %d, %d", deep->small,
		    deep->pq, deep->large, deep->split, deep->order);
		end(&p);
	}
}

static void
lates(void)
{
	static const struct {
		enum stage s;
		enum trouble_class want;
	} t[] = {
		{ STAGE_CONNECT, TROUBLE_TIMEOUT_CONNECT },
		{ STAGE_BANNER, TROUBLE_TIMEOUT_BANNER },
		{ STAGE_CAPS, TROUBLE_TIMEOUT }, { STAGE_HELO, TROUBLE_TIMEOUT },
		{ STAGE_STARTTLS, TROUBLE_TIMEOUT },
		{ STAGE_HELLO, TROUBLE_TIMEOUT_TLS },
		{ STAGE_DANE, TROUBLE_TIMEOUT },
		{ STAGE_QUEUE, TROUBLE_TIMEOUT_TLS },
		{ STAGE_TLS, TROUBLE_TIMEOUT_TLS },
		{ STAGE_CAPS_TLS, TROUBLE_TIMEOUT },
		{ STAGE_RCPT, TROUBLE_TIMEOUT },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		is_int(stage_late(t[i].s), t[i].want, "late in stage %d",
		    t[i].s);
}

int
main(void)
{
	struct probe p;
	size_t i;

	due_init(&run.dues);
	dane();
	entered(&p, STAGE_QUIT, 10000);
	is_int(p.stage, STAGE_OVER, "nobody to say QUIT to: it is over");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 99;
	for (i = 0; i < sizeof dialogues / sizeof *dialogues; i++)
		dialogue(&dialogues[i]);
	facts();
	guesses();
	quits();
	hang_ups();
	injections();
	hellos();
	lates();
	close(ends[0]);
	close(ends[1]);
	return done();
}
