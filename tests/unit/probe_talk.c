/* probe_talk.c: replies cut at each byte, capabilities, what is guessed */
#include "probe_talk.h"

#include <stdlib.h>

#include "tap.h"

static struct arena mem;

struct reply {
	const char *proto;
	enum probe_step step;
	const char *in;
	int got;		/* of the whole input: 1, 0, -1 */
	enum probe_sense sense;
	int code;
	const char *text;	/* or why */
	size_t behind;		/* bytes that are not its own */
};

static const struct reply replies[] = {
	{ "smtp", PROBE_GREETING, "220 mx ESMTP\r\n", 1, PROBE_YES, 220,
	    "220 mx ESMTP", 0 },
	{ "smtp", PROBE_GREETING, "220-a\r\n220-b\n220 c\r\n250 d\r\n", 1,
	    PROBE_YES, 220, "220-a", 7 },
	{ "smtp", PROBE_GREETING, "220\r\n", 1, PROBE_YES, 220, "220", 0 },
	{ "smtp", PROBE_GREETING, "421 busy\r\n", 1, PROBE_LATER, 421,
	    "421 busy", 0 },
	{ "smtp", PROBE_GREETING, "554 no\r\n", 1, PROBE_NO, 554, "554 no",
	    0 },
	{ "smtp", PROBE_MAIL, "200\r\n", 1, PROBE_YES, 200, "200", 0 },
	{ "smtp", PROBE_MAIL, "354\r\n", 1, PROBE_YES, 354, "354", 0 },
	{ "smtp", PROBE_MAIL, "400\r\n", 1, PROBE_LATER, 400, "400", 0 },
	{ "smtp", PROBE_MAIL, "500\r\n", 1, PROBE_NO, 500, "500", 0 },
	{ "smtp", PROBE_MAIL, "599\r\n", 1, PROBE_NO, 599, "599", 0 },
	{ "smtp", PROBE_MAIL, "199\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_MAIL, "600\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_GREETING, "220-a\r\n220-b\r\n", 0, PROBE_NO, 0, NULL,
	    0 },
	{ "smtp", PROBE_GREETING, "220-a\r\n221 b\r\n", -1, PROBE_NO, 0,
	    "one reply with two codes", 0 },
	{ "smtp", PROBE_GREETING, "SSH-2.0-x\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_GREETING, "22\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_GREETING, "620 x\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_GREETING, "220x\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "smtp", PROBE_GREETING, "\r\n", -1, PROBE_NO, 0,
	    "this is no SMTP reply", 0 },
	{ "lmtp", PROBE_CAPS, "250-x\r\n250 STARTTLS\r\n", 1, PROBE_YES, 250,
	    "250-x", 0 },
	{ "imap", PROBE_GREETING, "* OK ready\r\n", 1, PROBE_YES, 0,
	    "* OK ready", 0 },
	{ "imap", PROBE_GREETING, "* PREAUTH hi\r\n", 1, PROBE_YES, 0,
	    "* PREAUTH hi", 0 },
	{ "imap", PROBE_GREETING, "* BYE no\r\n", 1, PROBE_NO, 0, "* BYE no",
	    0 },
	{ "imap", PROBE_GREETING, "+OK\r\n", -1, PROBE_NO, 0,
	    "this is no IMAP greeting", 0 },
	{ "imap", PROBE_CAPS, "* CAPABILITY A B\r\nc OK done\r\n", 1,
	    PROBE_YES, 0, "c OK done", 0 },
	{ "imap", PROBE_CAPS, "* X {6}\r\nc OK\r\n y {3}\r\nabc z\r\n"
	    "c NO x\r\n* 1", 1, PROBE_NO, 0, "c NO x", 3 },
	{ "imap", PROBE_CAPS, "* X {99999999999999999999}\r\n", -1, PROBE_NO,
	    0, "a literal over 65536 bytes", 0 },
	{ "imap", PROBE_CAPS, "s OK\r\n", -1, PROBE_NO, 0,
	    "this is no IMAP response", 0 },
	{ "imap", PROBE_STARTTLS, "s OK begin\r\n\x16\x03", 1, PROBE_YES, 0,
	    "s OK begin", 2 },
	{ "pop3", PROBE_GREETING, "+OK ready\r\n", 1, PROBE_YES, 0,
	    "+OK ready", 0 },
	{ "pop3", PROBE_GREETING, "-ERR busy\r\n", 1, PROBE_NO, 0,
	    "-ERR busy", 0 },
	{ "pop3", PROBE_GREETING, "HTTP/1.1 400\r\n", -1, PROBE_NO, 0,
	    "this is no POP3 reply", 0 },
	{ "pop3", PROBE_CAPS, "+OK\r\nUSER\r\n.\r\n", 1, PROBE_YES, 0, "+OK",
	    0 },
	{ "pop3", PROBE_CAPS_TLS, "+OK\r\nUSER\r\n.\r\n", 1, PROBE_YES, 0,
	    "+OK", 0 },
	{ "pop3", PROBE_CAPS, "+OK\r\nUSER\r\n..\r\n", 0, PROBE_YES, 0, NULL,
	    0 },
	{ "pop3", PROBE_CAPS, "-ERR what\r\n", 1, PROBE_NO, 0, "-ERR what",
	    0 },
	{ "pop3", PROBE_STARTTLS, "+OK go\r\n", 1, PROBE_YES, 0, "+OK go",
	    0 },
	{ "sieve", PROBE_GREETING, "\"A\" \"b\"\r\n\"C\"\r\nOK \"hi\"\r\n", 1,
	    PROBE_YES, 0, "OK \"hi\"", 0 },
	{ "sieve", PROBE_GREETING, "\"A\" {4}\r\nOK\r\n\r\nOK\r\n", 1,
	    PROBE_YES, 0, "OK", 0 },
	{ "sieve", PROBE_GREETING, "OK {2+}\r\nab\r\n", 1, PROBE_YES, 0,
	    "OK {2+}", 0 },
	{ "sieve", PROBE_STARTTLS, "NO (X) \"y\"\r\n", 1, PROBE_NO, 0,
	    "NO (X) \"y\"", 0 },
	{ "sieve", PROBE_GREETING, "BYE \"x\"\r\n", 1, PROBE_NO, 0,
	    "BYE \"x\"", 0 },
	{ "sieve", PROBE_GREETING, "220 smtp\r\n", -1, PROBE_NO, 0,
	    "this is no ManageSieve response", 0 },
};

static const struct probe_talk *
talk(const char *name)
{
	return probe_talk_named(str_of(name))->talk;
}

static const char *
shown(const char *s)
{
	static char text[64];

	str_escape(text, sizeof text, str_of(s));
	return text;
}

/* From a copy of just that size, so that a byte too far is seen. */
static int
reply(const struct reply *c, size_t n, struct probe_reply *r,
    const char **why, char **copy)
{
	*copy = mem_new(n, 1);
	if (n > 0)
		memcpy(*copy, c->in, n);
	return probe_talk_reply(talk(c->proto), c->step,
	    (struct str){ *copy, n }, r, why);
}

/* No cut says anything but "more" or what the whole says. */
static void
cuts(const struct reply *c, size_t all)
{
	struct probe_reply r;
	const char *why;
	char *copy;
	size_t n, wrong = 0;
	int got;

	for (n = 0; n < strlen(c->in); n++) {
		got = reply(c, n, &r, &why, &copy);
		if (c->got > 0 ? got != (n >= all) : got != 0 && got != c->got)
			wrong++;
		free(copy);
	}
	is_int(wrong, 0, "%s: %s cut", c->proto, shown(c->in));
}

static void
whole(const struct reply *c)
{
	struct probe_reply r;
	const char *why;
	size_t n = strlen(c->in);
	char *copy;
	int got = reply(c, n, &r, &why, &copy);

	is_int(got, c->got, "%s: %s", c->proto, shown(c->in));
	if (got < 0)
		is_str(why, c->text, "and why");
	if (got > 0) {
		is_str(arena_dup(&mem, r.text), c->text, "its text");
		is_int(r.sense, c->sense, "its sense");
		is_int(r.code, c->code, "its code");
		is_int(n - r.all.n, c->behind, "what is not its own");
	}
	cuts(c, n - c->behind);
	free(copy);
}

/* Who takes leave, and who is logged in already. */
static void
leave(void)
{
	static const struct {
		const char *proto;
		enum probe_step step;
		const char *in;
		bool bye, preauth;
	} cases[] = {
		{ "smtp", PROBE_CAPS, "250 x\r\n", false, false },
		{ "smtp", PROBE_CAPS, "421 x\r\n", true, false },
		{ "smtp", PROBE_QUIT, "221 x\r\n", true, false },
		{ "smtp", PROBE_CAPS, "554 x\r\n", false, false },
		{ "imap", PROBE_GREETING, "* OK x\r\n", false, false },
		{ "imap", PROBE_GREETING, "* BYE x\r\n", true, false },
		{ "imap", PROBE_GREETING, "* PREAUTH x\r\n", false, true },
		{ "imap", PROBE_CAPS, "* X\r\nc OK\r\n", false, false },
		{ "imap", PROBE_CAPS, "* BYE x\r\nc NO\r\n", true, false },
		{ "pop3", PROBE_GREETING, "-ERR x\r\n", false, false },
		{ "sieve", PROBE_GREETING, "BYE x\r\n", true, false },
		{ "sieve", PROBE_GREETING, "NO x\r\n", false, false },
	};
	struct probe_reply r;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		probe_talk_reply(talk(cases[i].proto), cases[i].step,
		    str_of(cases[i].in), &r, &why);
		ok(r.bye == cases[i].bye && r.preauth == cases[i].preauth,
		    "%s: %s: bye %d, preauth %d", cases[i].proto,
		    shown(cases[i].in), cases[i].bye, cases[i].preauth);
	}
}

static void
limits(void)
{
	static const struct {
		const char *proto, *line;
	} endless[] = {
		{ "smtp", "220-x\r\n" }, { "imap", "* OK x\r\n" },
		{ "pop3", "+OK\r\n" }, { "sieve", "\"X\"\r\n" },
	};
	struct probe_reply r;
	struct buf b = { 0 };
	const char *why;
	size_t i;

	while (b.n < PROBE_LINE)
		buf_c(&b, '2');
	is_int(probe_talk_reply(talk("imap"), PROBE_GREETING, BUF_STR(b), &r,
	    &why), 0, "a line of 8192 bytes may go on");
	buf_c(&b, '2');
	is_int(probe_talk_reply(talk("smtp"), PROBE_GREETING, BUF_STR(b), &r,
	    &why), -1, "a line without end");
	is_str(why, "a line over 8192 bytes", "has a limit");
	for (i = 0; i < 4; i++) {
		b.n = 0;
		if (i == 2)
			buf_s(&b, endless[i].line);
		while (b.n < PROBE_REPLY + 100)
			buf_s(&b, i == 2 ? "X\r\n" : endless[i].line);
		is_int(probe_talk_reply(talk(endless[i].proto), PROBE_CAPS +
		    (i == 3 ? PROBE_STARTTLS - PROBE_CAPS : 0), BUF_STR(b),
		    &r, &why), -1, "%s: lines without end", endless[i].proto);
		is_str(why, "a reply over 65536 bytes", "have a limit");
	}
	buf_free(&b);
}

static void
capabilities(void)
{
	static const struct {
		const char *proto;
		enum probe_step step;
		const char *in, *caps, *login;
	} cases[] = {
		{ "smtp", PROBE_CAPS, "250-mx hi\r\n250-SIZE 10\r\n"
		    "250-AUTH PLAIN\r\n250 STARTTLS\r\n",
		    "SIZE 10|AUTH PLAIN|STARTTLS", "AUTH PLAIN" },
		{ "smtp", PROBE_CAPS_TLS, "250 mx\r\n", "", NULL },
		{ "smtp", PROBE_CAPS, "250-mx\r\n250-AUTHX\r\n250 AUTH=LOGIN\n",
		    "AUTHX|AUTH=LOGIN", "AUTH=LOGIN" },
		{ "imap", PROBE_CAPS, "* OK x\r\n* CAPABILITY IMAP4rev1 "
		    "STARTTLS LOGINDISABLED\r\nc OK x\r\n",
		    "IMAP4rev1|STARTTLS|LOGINDISABLED", NULL },
		{ "imap", PROBE_CAPS, "* OK what else is said AUTH=PLAIN\r\n"
		    "* CAPABILITY A LOGINDISABLED\r\nc OK x\r\n",
		    "A|LOGINDISABLED", NULL },
		{ "imap", PROBE_CAPS, "* CAPABILITY IMAP4rev1\r\nc OK\r\n",
		    "IMAP4rev1", "LOGIN" },
		{ "imap", PROBE_CAPS, "* CAPABILITY LOGINDISABLED AUTH=PLAIN"
		    "\r\nc OK\r\n", "LOGINDISABLED|AUTH=PLAIN",
		    "AUTH=PLAIN" },
		{ "imap", PROBE_CAPS, "c OK\r\n", "", NULL },
		{ "pop3", PROBE_CAPS, "+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n",
		    "STLS|SASL PLAIN", "SASL PLAIN" },
		{ "pop3", PROBE_CAPS, "+OK\r\nUSER\r\nSASL\r\n.\r\n",
		    "USER|SASL", "USER" },
		{ "pop3", PROBE_CAPS, "+OK\r\nTOP\r\nSASL\r\n.\r\n",
		    "TOP|SASL", NULL },
		{ "sieve", PROBE_GREETING, "\"SIEVE\" \"a \\\"b\\\\\"\r\n"
		    "\"SASL\" \"\"\r\n\"STARTTLS\"\r\nOK \"x\"\r\n",
		    "SIEVE a \"b\\|SASL|STARTTLS", NULL },
		{ "sieve", PROBE_GREETING, "\"IMPLEMENTATION\" {7}\r\n"
		    "\"a\r\nOK\r\n{4+}\r\nSASL \"PLAIN\"\r\nOK\r\n",
		    "IMPLEMENTATION \"a\r\nOK|SASL PLAIN", "SASL PLAIN" },
	};
	const char **v, *login;
	struct buf b = { 0 };
	size_t i, k, n;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		n = probe_talk_caps(talk(cases[i].proto), cases[i].step,
		    str_of(cases[i].in), &mem, &v);
		b.n = 0;
		buf_s(&b, "");
		for (k = 0; k < n; k++)
			buf_printf(&b, "%s%s", k > 0 ? "|" : "", v[k]);
		is_str(b.p, cases[i].caps, "%s: capabilities",
		    cases[i].proto);
		login = probe_talk_login(talk(cases[i].proto), v, n);
		is_str(login, cases[i].login, "and which lets in");
	}
	buf_free(&b);
}

/* More than are taken, and one that is long. */
static void
many_capabilities(void)
{
	const char **v;
	struct buf b = { .max = PROBE_REPLY };
	size_t i;

	buf_s(&b, "250-mx\r\n250-");
	for (i = 0; i < 3000; i++)
		buf_c(&b, 'x');
	for (i = 0; i < PROBE_CAPS_MOST; i++)
		buf_printf(&b, "\r\n250-X%zu", i);
	buf_s(&b, "\r\n");
	is_int(probe_talk_caps(talk("smtp"), PROBE_CAPS, BUF_STR(b), &mem,
	    &v), PROBE_CAPS_MOST, "the first ones of too many");
	is_int(strlen(v[0]), 3000, "the whole of a long one");
	is_str(v[PROBE_CAPS_MOST - 1], "X198", "the last one that is taken");
	is_int(probe_talk_caps(talk("smtp"), PROBE_CAPS,
	    STR("250-mx\r\n250 A\0B\r\n"), &mem, &v), 1, "one with a NUL");
	is_str(v[0], "A B", "all of it");
	buf_free(&b);
}

/* A word is there by itself, or with something behind a blank or "=". */
static void
whole_words(void)
{
	static const struct {
		const char *cap, *word;
		bool has;
	} cases[] = {
		{ "STARTTLS", "STARTTLS", true },
		{ "starttls", "STARTTLS", true },
		{ "STARTTLSX", "STARTTLS", false },
		{ "STARTTL", "STARTTLS", false },
		{ "SIZE 10", "SIZE", true }, { "AUTH=PLAIN", "AUTH", true },
		{ "AUTH=PLAIN", "AUTH=", true }, { "AUTHX", "AUTH", false },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(probe_talk_has(&cases[i].cap, 1, cases[i].word),
		    cases[i].has, "%s: %s", cases[i].cap, cases[i].word);
}

static void
names(void)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		{ "220 mx ESMTP", "smtp" }, { "220 mx LMTP ready", "lmtp" },
		{ "554 go away", "smtp" }, { "421 busy", "smtp" },
		{ "* OK x", "imap" }, { "* BYE x", "imap" },
		{ "* PREAUTH x", "imap" }, { "+OK", "pop3" },
		{ "-ERR busy", "pop3" },
		{ "\"IMPLEMENTATION\" \"x\"", "sieve" },
		{ "SSH-2.0-OpenSSH", NULL }, { "HTTP/1.1 400", NULL },
		{ "", NULL }, { "22", NULL },
	};
	const struct probe_talk *t;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		t = probe_talk_guess(str_of(cases[i].line));
		is_str(t != NULL ? t->name : NULL, cases[i].name,
		    "\"%s\" is guessed", cases[i].line);
	}
	is_str(probe_talk_port(25)->name, "smtp", "port 25");
	ok(probe_talk_port(25)->relay && !probe_talk_port(587)->relay,
	    "between servers on 25 alone");
	is_str(probe_talk_port(4190)->name, "sieve", "port 4190");
	ok(probe_talk_port(0)->guess, "no port is guessed");
	ok(probe_talk_named(STR("submissions"))->implicit &&
	    !probe_talk_named(STR("submission"))->implicit,
	    "submissions have TLS from the first byte");
	is_str(probe_talk_twin(probe_talk_port(465), false)->name,
	    "submission", "smtps without is no relay");
	ok(probe_talk_port(4711)->guess, "another port is guessed");
	ok(probe_talk_named(STR("ftp")) == NULL, "no mail protocol");
	is_str(probe_talk_named(STR("IMAPS"))->name, "imaps", "any case");
	is_str(probe_talk_twin(probe_talk_port(143), true)->name, "imaps",
	    "imap with TLS from the first byte");
	is_str(probe_talk_twin(probe_talk_port(993), false)->name, "imap",
	    "imaps without");
	is_str(probe_talk_twin(probe_talk_port(25), false)->name, "smtp",
	    "smtp is without");
}

static void
words(void)
{
	struct buf b = { 0 };

	probe_talk_say(talk("smtp"), PROBE_CAPS, "me.example", &b);
	is_str(b.p, "EHLO me.example\r\n", "EHLO");
	b.n = 0;
	probe_talk_say(talk("smtp"), PROBE_RCPT, "a%s@b", &b);
	is_str(b.p, "RCPT TO:<a%s@b>\r\n", "a %%s in it stays");
	b.n = 0;
	probe_talk_say(talk("imap"), PROBE_QUIT, "x", &b);
	is_str(b.p, "q LOGOUT\r\n", "LOGOUT");
	buf_free(&b);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof replies / sizeof *replies; i++)
		whole(&replies[i]);
	leave();
	limits();
	capabilities();
	many_capabilities();
	whole_words();
	names();
	words();
	arena_free(&mem);
	return done();
}
