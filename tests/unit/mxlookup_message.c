/*
 * mxlookup_message.c: what is told of a message that was judged, as text and as
 * JSON: each number at its place, and nothing that is not known
 */
#include "message_show.h"

#include <stdlib.h>

#include "tap.h"

static struct arena arena;
static struct message_sig sigs[2];
static struct message_hop hops[3];
static struct message_result said;
static struct dmarc_walk walk;
static struct dns_answer temp = { .status = DNS_SERVFAIL, .ede = -1 };
static struct message m;

/* A message that is believed, all numbers of which are different. */
static void
fresh(void)
{
	m = (struct message){ .mem = &arena, .name = "x.eml", .reason = "why",
	    .sig = sigs, .nsig = 2, .unseen = 2, .newer = 3, .walk = &walk,
	    .from = { 1, 1, "joe@a.test", "a.test", NULL },
	    .reverse = MESSAGE_NO, .now = 86400,
	    .spf = { .result = SPF_PASS, .known = MESSAGE_YES,
	    .aligned = MESSAGE_UNTOLD, .why = "unsaid" },
	    .path = { .hop = hops, .n = 3, .more = 4, .border = {
	    .ip = STR("\300\0\2\1"), .sender = "s@a.test", .helo = "h.test",
	    .hop = 1 } }, .results = { .v = &said, .n = 1, .more = 5 } };
	said = (struct message_result){ .by = "mx.test", .text = "" };
	sigs[0] = (struct message_sig){ .aligned = MESSAGE_NO, .sig = {
	    .domain = "d1.test", .selector = "s1", .made = 6, .expires = 7,
	    .uncovered = 8, .bits = 9, .result = DKIM_FAIL, .why = "bad" } };
	sigs[1] = (struct message_sig){ .aligned = MESSAGE_YES, .sig = {
	    .domain = "d2.test", .selector = "s2", .made = -1, .expires = -1,
	    .result = DKIM_PASS, .testing = true } };
	hops[0] = (struct message_hop){ .by = "mx.test", .when = 160,
	    .crypt = MESSAGE_UNTOLD };
	hops[1] = (struct message_hop){ .by = "in.test", .when = 160,
	    .crypt = MESSAGE_YES, .ip = STR("\300\0\2\1") };
	hops[2] = (struct message_hop){ .by = "out.test", .when = 100,
	    .crypt = MESSAGE_NO };
	walk = (struct dmarc_walk){ .n = 1, .org = "a.test", .from = "p",
	    .applies = true, .effective = DMARC_REJECT };
	walk.level[0] = (struct dmarc_level){ .domain = "a.test", .found = 1,
	    .record = { .adkim = 's', .aspf = 'r' } };
	walk.at = &walk.level[0];
}

static const char *
told(bool json)
{
	static char text[16384];
	struct buf b = { .max = sizeof text };

	(json ? message_json : message_text)(&m, &b);
	snprintf(text, sizeof text, "%.*s", STR_ARG(BUF_STR(b)));
	buf_free(&b);
	return text;
}

static void
has(const char *what, const char *name)
{
	if (!ok(strstr(told(false), what) != NULL ||
	    strstr(told(true), what) != NULL, "%s: %s", name, what))
		diag("%s%s", told(false), told(true));
}

static void
lacks(const char *what, const char *name)
{
	if (!ok(strstr(told(false), what) == NULL &&
	    strstr(told(true), what) == NULL, "%s: not %s", name, what))
		diag("%s%s", told(false), told(true));
}

static void
numbers(void)
{
	fresh();
	has("  DKIM   2 signatures more are not looked at\n", "text");
	has("  DKIM2  not judged: 3 fields\n", "text");
	has("  HOP    4 more, the oldest, are not looked at\n", "text");
	has("  SAID   5 fields more are not looked at\n", "text");
	has("; 8 bytes at the end are not signed (l=)", "text");
	has("d=d2.test s=s2, aligned; its key is for tests (t=y)\n", "text");
	has("d=d1.test s=s1 9 bits, not aligned: bad; 8 bytes", "text");
	has("pass for 192.0.2.1, MAIL FROM <s@a.test>, HELO h.test, "
	    "alignment unknown\n", "text");
	has("pass  policy reject (p= of a.test), organization a.test, "
	    "DKIM strict, SPF relaxed\n", "text");
	has("\"bits\":9,\"testing\":false,\"signed\":6,\"expires\":7,"
	    "\"unsigned_bytes\":8", "JSON");
	has("\"bits\":0,\"testing\":true,\"signed\":null,\"expires\":null,"
	    "\"unsigned_bytes\":0", "JSON");
	has("\"dkim_unseen\":2,\"dkim2_not_judged\":3", "JSON");
	has("\"hops_unseen\":4", "JSON");
	has("\"said_unseen\":5", "JSON");
	has("\"why\":null,\"ip\":\"192.0.2.1\",\"sender\":\"s@a.test\","
	    "\"helo\":\"h.test\",\"aligned\":null,\"name_confirmed\":false",
	    "JSON");
	has("\"known\":true,\"at\":\"a.test\",\"org\":\"a.test\","
	    "\"policy\":\"reject\"", "JSON");
	m.unseen = m.newer = m.path.more = m.results.more = 1;
	has("  DKIM   1 signatures more", "one");
	has("  DKIM2  not judged: 1 fields", "one");
	has("  HOP    1 more", "one");
	has("  SAID   1 fields more", "one");
	m.unseen = m.newer = m.path.more = m.results.more = 0;
	sigs[0].sig.uncovered = 0;
	sigs[1].sig.testing = false;
	lacks(" more", "nothing beyond a bound");
	lacks("DKIM2", "nor newer");
	lacks("(l=)", "all is signed");
	lacks("for tests", "no key for tests");
}

static void
hops_told(void)
{
	fresh();
	has("  HOP    1 by out.test, no TLS, ", "the oldest");
	has("  HOP    2 [192.0.2.1] by in.test, TLS, ", "the border");
	has(", after 60 s  <- the border\n", "the border");
	has("  HOP    3 by mx.test, Thu, ", "not known whether by TLS");
	has(", after 0 s\n", "at once");
	hops[0].when = 159;
	has(", 1 s before it was sent: a clock is wrong\n", "a clock");
	hops[0].when = -1;
	has("  HOP    3 by mx.test\n", "no date");
	hops[0].when = 0;
	has("\"time\":0,", "the first second");
	m.path.border.hop = SIZE_MAX;
	lacks("<- the border", "none of them");
	lacks("\"border\":true", "none of them");
}

static void
unknown(void)
{
	fresh();
	m.spf.known = MESSAGE_UNTOLD;
	m.spf.why = "no border";
	has("  SPF    unknown: no border\n", "SPF");
	has("\"spf\":{\"result\":null,\"why\":\"no border\"", "SPF");
	walk.temp = &temp;
	has("\"known\":false", "DMARC");
	has("  DMARC  unknown now: servfail", "DMARC");
	walk.temp = NULL;
	walk.applies = false;
	has("  DMARC  none: no policy\n", "no record");
	has("\"at\":null,\"org\":\"a.test\",\"policy\":null", "no record");
	m.walk = NULL;
	has("\"dmarc\":null", "no From");
}

/* What is other here than the receiver had it: "dkim=pass spf=fail ...". */
static void
differs(const char *text, const char *want, const char *name)
{
	struct buf b = { 0 };
	const char *here;
	size_t i;

	buf_s(&b, "");
	said.text = text;
	for (i = 0; message_said_methods[i] != NULL; i++) {
		here = message_said_other(&m, &said, message_said_methods[i]);
		if (here != NULL)
			buf_printf(&b, "%s%s=%s", b.n > 0 ? " " : "",
			    message_said_methods[i], here);
	}
	buf_c(&b, '\0');
	is_str(b.p, want, "%s", name);
	buf_free(&b);
}

static void
receivers(void)
{
	const char *all = "dkim=x; spf=x; dmarc=x; arc=x";

	fresh();
	differs("dkim=pass; spf=PASS; dmarc=pass; arc=none", "", "all as here");
	differs(all, "dkim=pass spf=pass dmarc=pass arc=none",
	    "the second of two signatures is good");
	differs("none", "", "nothing said");
	sigs[1].sig.result = DKIM_PERMERROR;
	m.verdict = MESSAGE_NOT;
	m.arc.status = ARC_FAIL;
	differs(all, "dkim=fail spf=pass dmarc=fail arc=fail",
	    "none is good: what the first is");
	m.nsig = 0;
	walk.applies = false;
	m.spf.known = MESSAGE_UNTOLD;
	differs(all, "dkim=none dmarc=none arc=fail",
	    "no signature, no policy, SPF not known");
	walk.applies = true;
	m.verdict = MESSAGE_UNKNOWN;
	differs("dmarc=x", "", "not known whether it passes");
	m.verdict = MESSAGE_NOT;
	walk.temp = &temp;
	differs("dmarc=x", "", "nor what the policy is");
	m.walk = NULL;
	differs("dmarc=x", "", "nor of whom");
}

int
main(void)
{
	numbers();
	hops_told();
	unknown();
	receivers();
	arena_free(&arena);
	return done();
}
