/* autoconfig.c: what a file for mail clients names; cut at every byte */
#include "autoconfig.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define BEGIN "<?xml version='1.0'?><clientConfig><emailProvider>"
#define END "</emailProvider></clientConfig>"

static const struct row {
	const char *xml, *host;		/* host NULL: no server */
	unsigned port;
	enum autoconfig_tls tls;
	const char *why;
} rows[] = {
	{ BEGIN "<incomingServer type=\"imap\"><hostname> a.b </hostname>"
	    "<port>993</port><socketType>SSL</socketType></incomingServer>" END,
	    "a.b", 993, AUTOCONFIG_TLS, NULL },
	{ BEGIN "<incomingServer\n type = 'imap' x='1'>"
	    "<hostname>imap.%EMAILDOMAIN%</hostname><port>143</port>"
	    "<socketType>starttls</socketType></incomingServer>" END,
	    "imap.d.test", 143, AUTOCONFIG_STARTTLS, NULL },
	{ BEGIN "<!-- > <incomingServer type='pop3'></incomingServer> -->"
	    "<incomingServer type='imap'><hostname>a&amp;b</hostname>"
	    "<port>70000</port><socketType>plain</socketType>"
	    "</incomingServer>" END, "a&b", 0, AUTOCONFIG_PLAIN, NULL },
	{ BEGIN "<incomingServer type='imap'><hostname/><port>x</port>"
	    "</incomingServer>" END, "", 0, AUTOCONFIG_UNSAID, NULL },
	{ BEGIN "<incomingServer type='imap'><hostname>&lt;&gt;&quot;&apos;&amp;lt;"
	    "</hostname><port>65535</port></incomingServer>" END,
	    "<>\"'&lt;", 65535, AUTOCONFIG_UNSAID, NULL },
	{ BEGIN "<incomingServer type='imap'/><hostname>no</hostname>" END,
	    NULL, 0, 0, "it names no server" },
	{ BEGIN "<outgoingServer a='type' type='imap'><?x <port>1</port> ?>"
	    "<hostname>a</hostname></outgoingServer><port>2</port>" END, "a",
	    0, AUTOCONFIG_UNSAID, NULL },
	{ BEGIN "<hostname>stray</hostname>" END, NULL, 0, 0,
	    "it names no server" },
	{ "<clientConfig/>", NULL, 0, 0, "it names no server" },
	{ "<html><incomingServer type='imap'></html>", NULL, 0, 0,
	    "it does not begin with clientConfig" },
	{ "", NULL, 0, 0, "it is no clientConfig" },
	{ "hello", NULL, 0, 0, "it is no clientConfig" },
	{ "<clientConfig><incomingServer", NULL, 0, 0, "a tag has no end" },
	{ "<!-- for ever", NULL, 0, 0, "a tag has no end" },
	{ "<?xml", NULL, 0, 0, "a tag has no end" },
	{ "<", NULL, 0, 0, "a tag has no end" },
};

static int
parse(struct autoconfig *a, struct arena *mem, const char *xml, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);
	int got;

	memcpy(copy, xml, n);
	got = autoconfig_parse(a, mem, (struct str){ copy, n }, "d.test");
	free(copy);
	return got;
}

static void
row(const struct row *r)
{
	struct arena mem = { 0 };
	struct autoconfig a;
	size_t n;
	int got = parse(&a, &mem, r->xml, strlen(r->xml));

	is_int(got, r->why == NULL ? 0 : -1, "\"%s\"", r->xml);
	is_str(a.why, r->why, "why");
	if (r->host != NULL) {
		is_str(a.server[0].type, "imap", "its type");
		is_str(a.server[0].host, r->host, "its host");
		is_int((int)a.server[0].port, (int)r->port, "its port");
		is_int((int)a.server[0].tls, (int)r->tls, "its TLS");
	}
	for (n = 0; n < strlen(r->xml); n++)
		(void)parse(&a, &mem, r->xml, n);
	arena_free(&mem);
}

/* More than are kept is said. */
static void
many(void)
{
	struct buf b = { .max = 65536 };
	struct arena mem = { 0 };
	struct autoconfig a;
	int i;

	buf_s(&b, BEGIN);
	for (i = 0; i < AUTOCONFIG_SERVERS + 1; i++)
		buf_s(&b, "<outgoingServer type='smtp'/>"
		    "<outgoingServer type='smtp'><port>1</port></outgoingServer>");
	is_int(autoconfig_parse(&a, &mem, BUF_STR(b), "d.test"), 0, "many");
	is_int((int)a.n, AUTOCONFIG_SERVERS, "so many are kept");
	ok(a.more, "and there are more");
	b.n = 0;
	buf_s(&b, BEGIN);
	for (i = 0; i < AUTOCONFIG_SERVERS; i++)
		buf_s(&b, "<outgoingServer type='smtp'></outgoingServer>");
	is_int(autoconfig_parse(&a, &mem, BUF_STR(b), "d.test"), 0, "all");
	ok((int)a.n == AUTOCONFIG_SERVERS && !a.more, "and there are no more");
	b.n = 0;
	buf_s(&b, BEGIN "<incomingServer type='imap'><hostname>");
	for (i = 0; i < 253; i++)
		buf_c(&b, 'x');
	buf_s(&b, "</hostname></incomingServer>" END);
	is_int(autoconfig_parse(&a, &mem, BUF_STR(b), "d.test"), 0, "long");
	is_int((long)strlen(a.server[0].host), 253, "a name as long as they are");
	buf_free(&b);
	arena_free(&mem);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		row(&rows[i]);
	many();
	is_str(autoconfig_tls(AUTOCONFIG_PLAIN), "plain", "none");
	is_str(autoconfig_tls(AUTOCONFIG_STARTTLS), "starttls", "STARTTLS");
	is_str(autoconfig_tls(AUTOCONFIG_TLS), "tls", "TLS");
	is_str(autoconfig_tls(AUTOCONFIG_UNSAID), NULL, "unsaid");
	return done();
}
