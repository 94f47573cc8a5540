/*
 * mxlookup_path.c: what a field Received says, of whichever server, and where
 * the hops of those who are trusted end
 */
#include "message_path.h"

#include "dns.h"
#include "tap.h"

static struct arena arena;

/* All fields of a message, the first the newest. */
static struct message_path
path_of(const char *head, struct dkim_header *h)
{
	struct message_path p;

	dkim_header_read(h, &arena, str_of(head));
	message_path(&p, &arena, h);
	return p;
}

/* HELO, name, address, by, with, TLS; "-" where it is not said. */
static const struct {
	const char *text, *want;
	enum message_fact crypt;
} hops[] = {
	/* Postfix, Exim, Exchange, sendmail */
	{ "from a.test (b.test [192.0.2.1]) by mx.test (Postfix) with ESMTPS "
	    "id 1 for <c@d.test>", "a.test b.test 192.0.2.1 mx.test ESMTPS -",
	    MESSAGE_YES },
	{ "from b.test ([192.0.2.1] helo=a.test) by mx.test with esmtp",
	    "a.test b.test 192.0.2.1 mx.test esmtp -", MESSAGE_NO },
	/* qmail does not look whether that name has the address */
	{ "from b.test (HELO a.test) (192.0.2.1) by mx.test with SMTP",
	    "a.test - 192.0.2.1 mx.test SMTP -", MESSAGE_NO },
	{ "from a.test (192.0.2.1) by mx.test with Microsoft SMTP Server",
	    "a.test - 192.0.2.1 mx.test Microsoft_SMTP_Server -", MESSAGE_NO },
	{ "from a.test (b.test [192.0.2.1] (may be forged)) by mx.test with "
	    "ESMTP", "a.test - 192.0.2.1 mx.test ESMTP -", MESSAGE_NO },
	{ "from [192.0.2.1] by mx.test with LMTP",
	    "[192.0.2.1] - 192.0.2.1 mx.test LMTP -", MESSAGE_NO },
	/* addresses */
	{ "from a (b.test [IPv6:2001:db8::1]) by mx.test",
	    "a b.test 2001:db8::1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a (b.test [fe80::1%4]) by mx.test",
	    "a b.test fe80::1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a (jo@[192.0.2.1]) by mx.test",
	    "a - 192.0.2.1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a (unknown [192.0.2.1]) by mx.test",
	    "a - 192.0.2.1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a (b.test [192.0.2.300]) by mx.test", "a - - mx.test - -",
	    MESSAGE_UNTOLD },
	{ "from a (b.test [192.0.2.1] 192.0.2.9) by mx.test",
	    "a b.test 192.0.2.1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a (ident=x [192.0.2.9]) by mx.test", "a - - mx.test - -",
	    MESSAGE_UNTOLD },
	{ "from a (ident=x) (b.test [192.0.2.9]) by mx.test",
	    "a - - mx.test - -", MESSAGE_UNTOLD },
	{ "from a.test [192.0.2.9] by mx.test", "a.test - - mx.test - -",
	    MESSAGE_UNTOLD },
	/* a client may be called as a clause is */
	{ "from by (b.test [192.0.2.1]) by mx.test",
	    "by b.test 192.0.2.1 mx.test - -", MESSAGE_UNTOLD },
	{ "from a by mx.test by other.test", "a - - mx.test - -",
	    MESSAGE_UNTOLD },
	/* TLS */
	{ "from a by mx.test (version=TLSv1.3 cipher=x) with ESMTP",
	    "a - - mx.test ESMTP TLSv1.3", MESSAGE_YES },
	{ "from a by mx.test with ESMTP (TLS1_2) id 1",
	    "a - - mx.test ESMTP TLS1_2", MESSAGE_YES },
	{ "from a by mx.test (TLSv1.3x) with ESMTP", "a - - mx.test ESMTP -",
	    MESSAGE_NO },
	{ "from a by mx.test with UTF8SMTPSA", "a - - mx.test UTF8SMTPSA -",
	    MESSAGE_YES },
	{ "from a by mx.test with HTTPS", "a - - mx.test HTTPS -",
	    MESSAGE_YES },
	{ "from a by mx.test with HTTP", "a - - mx.test HTTP -",
	    MESSAGE_UNTOLD },
	{ "by mx.test with local", "- - - mx.test local -", MESSAGE_UNTOLD },
	{ "(nothing but a comment", "- - - - - -", MESSAGE_UNTOLD },
};

static void
put(struct buf *b, const char *s)
{
	buf_printf(b, "%s", b->n > 0 ? " " : "");
	for (s = s != NULL ? s : "-"; *s != '\0'; s++)
		buf_c(b, *s == ' ' ? '_' : *s);
}

static void
hop(size_t i)
{
	struct buf head = { 0 }, got = { 0 };
	struct dkim_header h;
	struct message_path p;
	char ip[64];

	buf_printf(&head, "Received: %s;\r\n\tFri, 11 Jul 2003 21:01:54 +0000\r\n",
	    hops[i].text);
	p = path_of(arena_dup(&arena, BUF_STR(head)), &h);
	dns_addr(p.hop[0].ip, ip, sizeof ip);
	put(&got, p.hop[0].helo);
	put(&got, p.hop[0].name);
	put(&got, p.hop[0].ip.p != NULL ? ip : NULL);
	put(&got, p.hop[0].by);
	put(&got, p.hop[0].with);
	put(&got, p.hop[0].tls);
	is_str(got.p, hops[i].want, "%s", hops[i].text);
	is_int(p.hop[0].crypt, hops[i].crypt, "and whether it was encrypted");
	is_int(p.hop[0].when, strchr(hops[i].text, '(') == hops[i].text ? -1 :
	    1057957314, "and when");
	dkim_header_free(&h);
	buf_free(&head);
	buf_free(&got);
}

#define MX "Received: from c.test (c.test [198.51.100.1]) by mx.test with SMTP\r\n"
#define IN "Received: from mx.test (mx.test [10.0.0.1]) by in.test with LMTP\r\n"
#define LIE "Received: from x.test (x.test [203.0.113.1]) by mx.test with SMTP\r\n"
#define FAR "Received: from mx.test (mx.test [203.0.113.5]) by in.test with SMTP\r\n"
#define POSE "Received: from mx.test (x.test [203.0.113.5]) by in.test with SMTP\r\n"
#define BELOW "Received: from c.test (c.test [198.51.100.1]) by a.mx.test with SMTP\r\n"
#define ABOVE "Received: from c.test (c.test [198.51.100.1]) by test with SMTP\r\n"
#define MUTE "Received: from c.test by mx.test with ESMTP\r\n"
#define BARE "Received: from c.test by mx.test\r\n"

static const struct {
	const char *name, *trust[2], *head;
	size_t hop;			/* SIZE_MAX: none */
	const char *ip, *sender;
} borders[] = {
	{ "nobody is trusted", { NULL }, MX, SIZE_MAX, NULL, NULL },
	{ "the first hop", { "mx.test" }, MX LIE, 0, "198.51.100.1", NULL },
	{ "by another host", { "other.test" }, MX, SIZE_MAX, NULL, NULL },
	{ "a domain, and hosts below it", { "test" }, MX, SIZE_MAX, NULL,
	    NULL },
	{ "a host below it alone", { "mx.test" }, BELOW LIE, 0, "198.51.100.1",
	    NULL },
	{ "one above it", { "mx.test" }, ABOVE, SIZE_MAX, NULL, NULL },
	{ "a stranger that calls itself so", { "in.test", "mx.test" }, POSE MX,
	    0, "203.0.113.5", NULL },
	{ "an address inside", { "in.test", "mx.test" }, IN MX LIE, 1,
	    "198.51.100.1", NULL },
	{ "the second is not trusted", { "in.test" }, IN MX, SIZE_MAX, NULL,
	    NULL },
	{ "an address in the open, of a trusted name", { "in.test",
	    "mx.test" }, FAR MX, 1, "198.51.100.1", NULL },
	{ "a trusted name alone gives nothing", { "in.test", "203.0.113.5" },
	    FAR MX, SIZE_MAX, NULL, NULL },
	{ "a stranger's address is trusted", { "mx.test", "198.51.100.1" },
	    MX LIE, 1, "203.0.113.1", NULL },
	{ "who gave it is not said", { "mx.test" }, MUTE MX, SIZE_MAX, NULL,
	    NULL },
	{ "nor by what", { "mx.test" }, BARE MX, SIZE_MAX, NULL, NULL },
	{ "Return-Path above", { "mx.test" }, "Return-Path: <a@b.test>\r\n" MX,
	    0, "198.51.100.1", "a@b.test" },
	{ "the null sender", { "mx.test" }, "Return-Path: <>\r\n" MX, 0,
	    "198.51.100.1", "" },
	{ "the first of two", { "mx.test" }, "Return-Path: <a@b.test>\r\n"
	    "Return-Path: <c@d.test>\r\n" MX, 0, "198.51.100.1", "a@b.test" },
	{ "Return-Path below", { "mx.test" }, MX "Return-Path: <a@b.test>\r\n",
	    0, "198.51.100.1", NULL },
	{ "Return-Path and no hop", { "mx.test" },
	    "Return-Path: <a@b.test>\r\n", SIZE_MAX, NULL, NULL },
};

static void
border(size_t i)
{
	const char *trust[2] = { NULL, NULL };
	struct opt_list list = { .n = 0 };
	struct message_border given = { .hop = 0 };
	struct message_path p;
	struct dkim_header h;
	char ip[64];

	for (; list.n < 2 && borders[i].trust[list.n] != NULL; list.n++)
		trust[list.n] = arena_dup(&arena,
		    str_of(borders[i].trust[list.n]));
	list.v = trust;
	p = path_of(borders[i].head, &h);
	message_path_border(&p, &arena, &h, &list, &given);
	dns_addr(p.border.ip, ip, sizeof ip);
	ok(p.border.hop == borders[i].hop, "%s: the hop", borders[i].name);
	is_str(p.border.ip.p != NULL ? ip : NULL, borders[i].ip,
	    "%s: the address", borders[i].name);
	is_str(p.border.sender, borders[i].sender, "%s: the sender",
	    borders[i].name);
	ok((p.border.why == NULL) == (p.border.ip.p != NULL), "%s: why",
	    borders[i].name);
	dkim_header_free(&h);
}

/* --ip: the first hop that has the address says what it called itself. */
static void
given(void)
{
	struct message_border b = { .ip = { "\306\63\144\1", 4 } };
	struct opt_list none = { .n = 0 };
	struct message_path p;
	struct dkim_header h;
	int64_t seconds = 0;

	p = path_of(IN MX MX, &h);
	message_path_border(&p, &arena, &h, &none, &b);
	is_int((int)p.border.hop, 1, "--ip: its hop");
	is_str(p.border.helo, "c.test", "--ip: HELO from there");
	b.helo = "d.test";
	message_path_border(&p, &arena, &h, &none, &b);
	is_str(p.border.helo, "d.test", "--ip: HELO as given");
	ok(!message_path_delay(&p, 0, &seconds), "no date, no delay");
	p.hop[0].when = 100;
	p.hop[1].when = 103;
	p.hop[2].when = 0;
	ok(message_path_delay(&p, 0, &seconds) && seconds == -3,
	    "a clock that is behind");
	ok(message_path_delay(&p, 1, &seconds) && seconds == 103, "a delay");
	ok(!message_path_delay(&p, 2, &seconds), "the last has none");
	dkim_header_free(&h);
}

static void
many(void)
{
	struct buf b = { 0 };
	struct message_path p;
	struct dkim_header h;
	int i;

	for (i = 0; i < 101; i++)
		buf_printf(&b, "Received: by h%d.test\r\n", i);
	p = path_of(arena_dup(&arena, BUF_STR(b)), &h);
	is_int((int)p.n, 100, "hops that are looked at");
	is_int((int)p.more, 1, "and one that is not");
	is_str(p.hop[0].by, "h0.test", "the first");
	is_str(p.hop[99].by, "h99.test", "the last");
	dkim_header_free(&h);
	buf_free(&b);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof hops / sizeof *hops; i++)
		hop(i);
	for (i = 0; i < sizeof borders / sizeof *borders; i++)
		border(i);
	given();
	many();
	arena_free(&arena);
	return done();
}
