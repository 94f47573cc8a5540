/*
 * imap_box.c: IMAP mailboxes: what is asked, what is made of the answers, and
 * the answers of servers that are broken or worse
 */
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "clock.h"
#include "fuzz/server.h"
#include "imap_append.h"
#include "imap_box.h"
#include "tap.h"

/* ---- a server that says some bytes ---- */

struct world {
	struct imap m;
	struct err e;
	int fd;
};

static struct world *
world(const char *says, size_t n)
{
	struct world *w = mem_new(1, sizeof *w);
	struct conn *c = server_says((const uint8_t *)says, n, &w->fd, &w->e);

	conn_phase(c, "the test", 20);
	w->m = (struct imap){ .c = c, .authed = true, .tag = 9 };
	return w;
}

static struct world *
says(const char *text)
{
	return world(text, strlen(text));
}

static void
over(struct world *w)
{
	imap_free(&w->m);
	conn_close(w->m.c);
	close(w->fd);
	free(w);
}

/* What was sent, without its last CRLF. */
static const char *
heard(struct world *w)
{
	static char got[70000];
	ssize_t n, all = 0;

	conn_flush(w->m.c);
	while ((n = recv(w->fd, got + all, sizeof got - 1 - (size_t)all,
	    MSG_DONTWAIT)) > 0)
		all += n;
	while (all > 0 && (got[all - 1] == '\n' || got[all - 1] == '\r'))
		all--;
	got[all] = '\0';
	return got;
}

/* ---- responses as text ---- */

static int
put(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static void
item(struct imap *m, struct imap_item *it, struct buf *to)
{
	static const char *const kinds[] = { "uid", "size", "date", "flags",
	    "modseq", "body", "count", "object", "unknown" };
	struct conn_sink sink = { put, to };

	buf_printf(to, " %s %.*s", kinds[it->kind], STR_ARG(it->name));
	if (it->kind == IMAP_BODY && !it->nil) {
		buf_c(to, '=');
		imap_body(m, it, &sink);
	} else if (it->nil) {
		buf_s(to, "=nil");
	} else if (it->text.p != NULL) {
		buf_printf(to, "=%.*s", STR_ARG(it->text));
	} else {
		buf_printf(to, "=%llu", (unsigned long long)it->number);
	}
}

static void
response(struct imap *m, struct imap_resp *r, struct buf *to)
{
	static const char *const types[] = { "OK", "NO", "BAD", "BYE",
	    "PREAUTH", "+", "CAPABILITY", "ENABLED", "EXISTS", "EXPUNGE",
	    "FETCH", "LIST", "LSUB", "STATUS", "SEARCH", "VANISHED", "FLAGS",
	    "OTHER" };
	struct imap_item it;

	buf_printf(to, "%s", types[r->type]);
	if (r->tag != 0)
		buf_printf(to, " #%u", r->tag);
	if (r->number != 0)
		buf_printf(to, " %llu", (unsigned long long)r->number);
	if (r->code.n > 0)
		buf_printf(to, " [%.*s|%.*s]", STR_ARG(r->code),
		    STR_ARG(r->arg));
	if (r->name.n > 0)
		buf_printf(to, " <%.*s>%s", STR_ARG(r->name), r->bad_name ?
		    "!" : "");
	if (r->type == IMAP_LIST)
		buf_printf(to, " %c", r->sep != '\0' ? r->sep : '0');
	if (r->flags.n > 0)
		buf_printf(to, " (%.*s)", STR_ARG(r->flags));
	if (r->set.n > 0 || r->earlier)
		buf_printf(to, " %s%.*s", r->earlier ? "earlier " : "",
		    STR_ARG(r->set));
	while (imap_item(m, &it) > 0)
		item(m, &it, to);
	buf_c(to, '\n');
}

static char *
all_of(struct world *w)
{
	struct buf b = { .max = 1 << 20 };
	struct imap_resp r;

	buf_s(&b, "");
	buf_put(&b, "", 0);
	while (imap_next(&w->m, &r) > 0)
		response(&w->m, &r, &b);
	return b.p != NULL ? b.p : mem_dup("");
}

static const struct {
	const char *name, *says, *want;
} responses[] = {
	{ "SELECT with QRESYNC",
	  "* OK [CLOSED] x\r\n* 17 EXISTS\r\n* OK [UIDVALIDITY 3857529045] v\r\n"
	  "* OK [HIGHESTMODSEQ 20010715194045319] h\r\n"
	  "* VANISHED (EARLIER) 41,43:116\r\n* VANISHED (EARLIER) 118\r\n"
	  "* 5 FETCH (UID 117 FLAGS (\\Seen [x) MODSEQ (12121231777))\r\n"
	  "A3 OK [READ-WRITE] done\r\n",
	  "OK [CLOSED|]\nEXISTS 17\nOK [UIDVALIDITY|3857529045]\n"
	  "OK [HIGHESTMODSEQ|20010715194045319]\nVANISHED earlier 41,43:116\n"
	  "VANISHED earlier 118\nFETCH 5 uid UID=117 flags FLAGS=\\Seen [x "
	  "modseq MODSEQ=12121231777\nOK #3 [READ-WRITE|]\n" },
	{ "a body between others", "* 1 FETCH (UID 2 BODY[] {5}\r\na\r\n)b "
	  "FLAGS (\\Deleted) INTERNALDATE \" 1-Jul-2025 09:05:00 +0200\" "
	  "RFC822.SIZE 5 X-GM-MSGID 12)\r\n",
	  "FETCH 1 uid UID=2 body BODY[]=a\r\n)b flags FLAGS=\\Deleted "
	  "date INTERNALDATE= 1-Jul-2025 09:05:00 +0200 "
	  "size RFC822.SIZE=5 count X-GM-MSGID=12\n" },
	{ "HEADER.FIELDS as asked", "* 1 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID "
	  "DATE)] {2}\r\n\r\n UID 3)\r\n",
	  "FETCH 1 body BODY[HEADER.FIELDS (MESSAGE-ID DATE)]=\r\n uid "
	  "UID=3\n" },
	{ "in quotes", "* 1 FETCH (BODY[HEADER.FIELDS (\"MESSAGE-ID\" \"X]\" "
	  "DATE)]<0> \"x\" UID 3)\r\n",
	  "FETCH 1 body BODY[HEADER.FIELDS (MESSAGE-ID X] DATE)]<0>=x uid "
	  "UID=3\n" },
	{ "as literals", "* 1 FETCH (BODY[HEADER.FIELDS ({10}\r\nMESSAGE-ID "
	  "{4}\r\nDATE)] {1}\r\ny UID 3)\r\n",
	  "FETCH 1 body BODY[HEADER.FIELDS (MESSAGE-ID DATE)]=y uid UID=3\n" },
	{ "literal8, nil", "* 1 FETCH (BINARY[1] ~{2}\r\nab BODY[HEADER] NIL "
	  "EMAILID (M1) THREADID NIL)\r\n",
	  "FETCH 1 body BINARY[1]=ab body BODY[HEADER]=nil object "
	  "EMAILID=M1 object THREADID=nil\n" },
	{ "STATUS", "* STATUS \"a b\" (MESSAGES 1 UIDNEXT 4294967295 "
	  "HIGHESTMODSEQ 7 MAILBOXID (F2212ea87-6097) APPENDLIMIT NIL)\r\n",
	  "STATUS <a b> count MESSAGES=1 count UIDNEXT=4294967295 count "
	  "HIGHESTMODSEQ=7 object MAILBOXID=F2212ea87-6097 count "
	  "APPENDLIMIT=nil\n" },
	{ "ids that are raw memory", "* STATUS a (MAILBOXID (\xc1\x0b$V) "
	  "UIDNEXT 1)\r\n* STATUS b (MAILBOXID (\"n\xfeU) UIDNEXT 2)\r\n"
	  "* STATUS c (MAILBOXID ({3}\xdb) UIDNEXT 3)\r\n"
	  "* STATUS d (MAILBOXID () \xa8|U) UIDNEXT 4)\r\n"
	  "* STATUS e (MAILBOXID () UIDNEXT 5)\r\n"
	  "* STATUS f (UIDNEXT 6 MAILBOXID ((\xe0\x1bU))\r\n"
	  "* STATUS g (UIDNEXT 7 MAILBOXID (\n\rx\n\xe0) MESSAGES 7)\r\n"
	  "* STATUS h (MAILBOXID (ab)c\xe0U) UIDNEXT 8)\r\n"
	  "* STATUS i (MAILBOXID (ab)) UIDNEXT 9)\r\n"
	  "* STATUS j (MAILBOXID (a) NEW 1)\r\n"
	  "* 8 FETCH (EMAILID (a b) UID 8 THREADID (\\) BODY[] \"x\")\r\n",
	  "STATUS <a> object MAILBOXID=nil count UIDNEXT=1\n"
	  "STATUS <b> object MAILBOXID=nil count UIDNEXT=2\n"
	  "STATUS <c> object MAILBOXID=nil count UIDNEXT=3\n"
	  "STATUS <d> object MAILBOXID=nil count UIDNEXT=4\n"
	  "STATUS <e> object MAILBOXID=nil count UIDNEXT=5\n"
	  "STATUS <f> count UIDNEXT=6 object MAILBOXID=nil\n"
	  "STATUS <g> count UIDNEXT=7 object MAILBOXID=nil count MESSAGES=7\n"
	  "STATUS <h> object MAILBOXID=nil count UIDNEXT=8\n"
	  "STATUS <i> object MAILBOXID=nil count UIDNEXT=9\n"
	  "STATUS <j> object MAILBOXID=a unknown NEW=0\n"
	  "FETCH 8 object EMAILID=nil uid UID=8 object THREADID=nil "
	  "body BODY[]=x\n" },
	{ "LIST and its extensions", "* LIST (\\NonExistent \\Subscribed "
	  "\\Sent) \"/\" {3}\r\na/b (\"OLDNAME\" ({3}\r\nold) CHILDINFO "
	  "(\"SUBSCRIBED\"))\r\n* LIST () NIL [Gmail]/x\r\n"
	  "* LIST () \"\\\\\" \"&AOk-\"\r\n* LIST () \"/\" \"&bad\"\r\n"
	  "* LIST () \"/\" inBox\r\n* LIST () \"//\" inBox//a\r\n",
	  "LIST <a/b> / (\\NonExistent \\Subscribed \\Sent)\n"
	  "LIST <[Gmail]/x> 0\nLIST <\xc3\xa9> \\\nLIST <&bad>! /\n"
	  "LIST <INBOX> /\nLIST <inBox//a> 0\n" },
	{ "codes", "* OK [PERMANENTFLAGS (\\Seen a]b \\*)] all\r\n"
	  "* OK [COPYUID 1 2,4:6 8:11] moved\r\nA9 OK [APPENDUID 1 2:3] x\r\n"
	  "A8 NO [OVERQUOTA] full\r\n* FLAGS (\\Seen b)\r\n",
	  "OK [PERMANENTFLAGS|(\\Seen a]b \\*)]\nOK [COPYUID|1 2,4:6 8:11]\n"
	  "OK #9 [APPENDUID|1 2:3]\nNO #8 [OVERQUOTA|]\nFLAGS (\\Seen b)\n" },
	{ "searches", "* ESEARCH (TAG \"A1\") UID COUNT 2 ALL 4,7\r\n"
	  "* SEARCH 5 3 (MODSEQ 9)\r\n* ESEARCH (TAG \"A1\") UID\r\n",
	  "SEARCH 4,7\nSEARCH 5 3 (MODSEQ 9)\nSEARCH\n" },
};

/* ---- whole, cut at each byte, and in two pieces at each byte ---- */

struct halves {
	int fd;
	const char *p;
	size_t n, cut;
};

static void *
in_two(void *arg)
{
	struct halves *h = arg;
	int left = 1, i;

	if (send(h->fd, h->p, h->cut, MSG_NOSIGNAL) < 0)
		return NULL;
	for (i = 0; i < 100000 && left > 0; i++) {	/* until it is read */
		if (ioctl(h->fd, SIOCOUTQ, &left) < 0)
			return NULL;
		sched_yield();
	}
	if (send(h->fd, h->p + h->cut, h->n - h->cut, MSG_NOSIGNAL) > 0)
		shutdown(h->fd, SHUT_WR);
	return NULL;
}

static char *
pieces(const char *p, size_t n, size_t cut)
{
	struct world *w = mem_new(1, sizeof *w);
	struct halves h = { .p = p, .n = n, .cut = cut };
	pthread_t t;
	char *got;

	w->m = (struct imap){ .authed = true, .tag = 9,
	    .c = server_waits(&w->fd, &w->e) };
	conn_phase(w->m.c, "the test", 20);
	h.fd = w->fd;
	if (pthread_create(&t, NULL, in_two, &h) != 0)
		abort();
	got = all_of(w);
	pthread_join(t, NULL);
	over(w);
	return got;
}

static void
every_cut(const char *text, const char *want, const char *name)
{
	size_t n = strlen(text), k, bad = 0, torn = 0, silent = 0;
	struct world *w;
	char *got;

	for (k = 0; k < n; k++) {
		w = world(text, k);
		got = all_of(w);
		bad += strncmp(got, want, strlen(got) - (got[0] != '\0' &&
		    k > 0)) != 0;
		silent += w->e.code != EX_TEMPFAIL;
		over(w);
		free(got);
	}
	is_int(bad, 0, "%s, cut at each of %zu bytes: a part of it", name, n);
	is_int(silent, 0, "%s: and that the server closed", name);
	for (k = 1; k < n; k++) {
		got = pieces(text, n, k);
		torn += strcmp(got, want) != 0;
		free(got);
	}
	is_int(torn, 0, "%s, in two pieces at each byte: the same", name);
}

static void
reading(void)
{
	struct world *w;
	char *got;
	size_t i;

	for (i = 0; i < sizeof responses / sizeof *responses; i++) {
		w = says(responses[i].says);
		got = all_of(w);
		is_str(got, responses[i].want, "%s", responses[i].name);
		over(w);
		free(got);
		every_cut(responses[i].says, responses[i].want,
		    responses[i].name);
	}
}

/* ---- what is nonsense ---- */

static void
refused(void)
{
	static const char *const cases[] = {
		"* VANISHED *\r\n", "* VANISHED (EARLIER) 1:*\r\n",
		"* VANISHED\r\n", "* VANISHED (EARLIER\r\n",
		"* VANISHED (EARLIER)\r\n", "* VANISHED \"1\"\r\n",
		"A10 OK none\r\n", "A0 OK none\r\n", "A9 MAYBE x\r\n",
		"* LIST (\\Sent \"/\" x\r\n", "* LIST () \"/\"\r\n",
		"* STATUS x MESSAGES 1\r\n", "* 9x FETCH (UID 1)\r\n",
		"* 4294967296 EXISTS\r\n", "* LIST () \"/\" {70000}\r\n",
		"* FLAGS \\Seen\r\n",
	};
	static const char *const items[] = {
		"UID 0", "UID 4294967296", "UID -1", "UID (1 2)", "UID NIL",
		"RFC822.SIZE 18446744073709551616", "MODSEQ (a)", "FLAGS x",
		"FLAGS (a", "BODY[ {1}", "BODY[HEADER.FIELDS (x", "(UID 1)",
		"BODY[] (x)", "EMAILID a", "EMAILID (", "INTERNALDATE (x)",
		"BODY[] {99999999999999999999}", "BODY[] {1", "BODY[] {-1}",
		"BODY[HEADER.FIELDS ({9000}", "X ((((((((((((((((((((((((((((("
		"((((((((((((((((((((((((",
	};
	struct imap_resp r;
	struct imap_item it;
	struct world *w;
	char line[300];
	size_t i;
	int got;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		w = says(cases[i]);
		is_int(imap_next(&w->m, &r), -1, "refused: %.*s",
		    (int)strcspn(cases[i], "\r"), cases[i]);
		is_int(w->e.code, EX_PROTOCOL, "%s", w->e.msg);
		over(w);
	}
	for (i = 0; i < sizeof items / sizeof *items; i++) {
		snprintf(line, sizeof line, "* 1 FETCH (%s)\r\n", items[i]);
		w = says(line);
		is_int(imap_next(&w->m, &r), 1, "refused: %s", items[i]);
		while ((got = imap_item(&w->m, &it)) > 0)
			;
		is_int(got, -1, "%s", w->e.msg);
		over(w);
	}
}

/* Of a folder nobody asks about the items are not read, whatever is in them. */
static void
unread(void)
{
	struct world *w = says("* STATUS a (UIDNEXT 1 MAILBOXID (\nQ) MESSAGES 7)"
	    "\r\n* STATUS b (MAILBOXID (\"x) MESSAGES 1)\r\nA1 OK done\r\n");
	struct imap_resp r;

	is_int(imap_next(&w->m, &r), 1, "counts with an id that is raw memory");
	is_int(imap_next(&w->m, &r), 1, "and the next ones");
	ok(str_is(r.name, "b"), "which are of another folder");
	is_int(imap_next(&w->m, &r) == 1 && r.tag == 1, 1, "and the end");
	over(w);
}

/* ---- the selected mailbox, what is enabled ---- */

static void
box(void)
{
	struct world *w = says("* 3 EXISTS\r\n"
	    "* OK [MAILBOXID (F1)] x\r\n* FLAGS (\\Seen a)\r\nA1 OK y\r\n"
	    "* OK [PERMANENTFLAGS ()] x\r\n* FLAGS (\\Seen a)\r\nA2 OK y\r\n"
	    "* OK [NOMODSEQ] x\r\n* OK [UIDNOTSTICKY] x\r\n"
	    "A3 OK [READ-ONLY] y\r\n* OK [CLOSED] x\r\nA4 OK [READ-WRITE] y\r\n"
	    "A5 OK [HIGHESTMODSEQ 18] expunged\r\n"
	    "* 1 EXPUNGE\r\nA6 OK [READ-ONLY] y\r\nA7 OK [READ-WRITE] y\r\n");
	struct imap *m = &w->m;

	is_int(imap_wait(m, 1), 0, "a SELECT");
	is_int(m->box.exists, 3, "EXISTS");
	is_str(m->box.id, "F1", "MAILBOXID");
	is_str(m->box.permanent, "\\Seen a", "no PERMANENTFLAGS: FLAGS");
	is_int(imap_wait(m, 2), 0, "another");
	is_str(m->box.permanent, "", "PERMANENTFLAGS: none can be stored");
	is_int(imap_wait(m, 3), 0, "another");
	ok(m->box.no_modseq && m->box.not_sticky && m->box.read_only, "NOs");
	is_int(imap_wait(m, 4), 0, "another");
	ok(!m->box.no_modseq && m->box.exists == 0 && m->box.id[0] == '\0' &&
	    !m->box.read_only, "[CLOSED] forgets the one before");
	is_int(imap_wait(m, 5), 0, "EXPUNGE");
	is_int(m->box.modseq, 18, "HIGHESTMODSEQ in a tagged OK");
	imap_box_forget(m);
	is_int(m->box.modseq, 0, "forgotten");
	is_int(imap_wait(m, 6), 0, "less than nothing");
	ok(m->box.exists == 0 && m->box.read_only, "is nothing, READ-ONLY");
	is_int(imap_wait(m, 7), 0, "and after all");
	ok(!m->box.read_only, "READ-WRITE");
	over(w);
	w = says("* 3 EXISTS\r\nA9 OK [UIDVALIDITY 7] y\r\nA10 OK x\r\n");
	is_int(imap_wait(&w->m, 9), 0, "one of three");
	is_int(imap_select(&w->m, STR("b"), true), 0, "another one");
	ok(w->m.box.exists == 0 && w->m.box.uidvalidity == 0,
	    "of which nothing is known but what is said of it");
	over(w);
	ok(imap_selectable(STR("\\Sent")) &&
	    !imap_selectable(STR("\\Sent \\noselect")) &&
	    !imap_selectable(STR("\\NonExistent")), "what can be selected");
}

static void
many_flags(void)
{
	struct buf b = { .max = 10000 };
	struct world *w;
	int i;

	buf_s(&b, "* OK [PERMANENTFLAGS (\\Seen");
	for (i = 0; i < 500; i++)
		buf_printf(&b, " keyword%03d", i);
	buf_s(&b, " \\*)] x\r\nA1 OK [MAILBOXID (");
	for (i = 0; i < 300; i++)
		buf_c(&b, 'x');
	buf_s(&b, ")] y\r\n");
	w = says(b.p);
	is_int(imap_wait(&w->m, 1), 0, "500 keywords");
	ok(strlen(w->m.box.permanent) < 2048 &&
	    strstr(w->m.box.permanent, "keyword001 keyword002") != NULL &&
	    strcmp(strrchr(w->m.box.permanent, ' '), " \\*") == 0,
	    "whole ones, and \\*, are kept");
	is_str(w->m.box.id, "", "an id over 255 bytes is none");
	over(w);
	buf_free(&b);
}

static void
enabled(void)
{
	struct world *w = says("* CAPABILITY IMAP4rev1 ENABLE QRESYNC ID "
	    "UTF8=ACCEPT APPENDLIMIT=35651584 LIST-EXTENDED\r\n"
	    "* ID NIL\r\nA9 OK x\r\n* ENABLED CONDSTORE\r\nA11 OK x\r\n"
	    "* CAPABILITY IMAP4rev1 APPENDLIMIT\r\nA11 OK x\r\n");
	struct imap *m = &w->m;

	is_int(imap_wait(m, 9), 0, "capabilities");
	is_int(m->appendlimit, 35651584, "APPENDLIMIT");
	ok((m->caps & IMAP_LIST_EXTENDED) != 0 &&
	    (m->caps & IMAP_CONDSTORE) != 0, "QRESYNC has CONDSTORE in it");
	is_int(imap_wait(m, imap_ask_ready(m, ~0u)), 0, "ENABLE");
	is_str(heard(w), "A10 ID (\"name\" \"postbag\" \"version\" \"" VERSION
	    "\")\r\nA11 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT", "in one go");
	ok(m->condstore && !m->qresync && !m->utf8, "on is what ENABLED says");
	is_int(imap_wait(m, 11), 0, "other capabilities");
	ok((m->caps & IMAP_APPENDLIMIT) != 0 && m->appendlimit == 0,
	    "APPENDLIMIT one a mailbox");
	is_int(imap_ask_ready(m, ~0u), 0, "nothing to enable");
	is_int(imap_wait(m, 0), 0, "nor to wait for");
	over(w);
}

/* ---- what is said ---- */

enum { NOTHING = 0, EVERYTHING = 0x7fffffff };

static void
asking(void)
{
	struct world *w = says("");
	struct imap *m = &w->m;
	struct imap_since since = { 7, 99, "1:4" };
	struct str box = STR("a\"\xc3\xa9"), b = STR("b");
#define SAYS(call, want) (m->tag = 0, (call), is_str(heard(w), want, "%s", #call))

	m->caps = NOTHING;
	SAYS(imap_ask_list(m, "*", IMAP_LIST_COUNTS), "A1 LIST \"\" \"*\"");
	SAYS(imap_ask_status(m, box), "A1 STATUS \"a\\\"&AOk-\" (MESSAGES "
	    "UIDNEXT UIDVALIDITY)");
	SAYS(imap_ask_select(m, box, false, &since),
	    "A1 SELECT \"a\\\"&AOk-\"");
	SAYS(imap_ask_search(m, "ALL"), "A1 UID SEARCH ALL");
	SAYS(imap_ask_unselect(m), "A1 EXAMINE \"\"");
	m->caps = IMAP_LIST_EXTENDED;
	SAYS(imap_ask_list(m, "%", IMAP_LIST_COUNTS), "A1 LIST \"\" \"%\" RETURN "
	    "(SUBSCRIBED)");
	m->caps = IMAP_CONDSTORE;
	SAYS(imap_ask_select(m, b, true, NULL), "A1 EXAMINE \"b\" "
	    "(CONDSTORE)");
	m->caps = EVERYTHING;
	m->utf8 = true;
	SAYS(imap_ask_list(m, "x/*", IMAP_LIST_COUNTS), "A1 LIST \"\" \"x/*\" RETURN "
	    "(SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY "
	    "HIGHESTMODSEQ MAILBOXID APPENDLIMIT))");
	SAYS(imap_ask_list(m, "x/*", IMAP_LIST_NAMES), "A1 LIST \"\" \"x/*\" RETURN "
	    "(SUBSCRIBED SPECIAL-USE)");
	m->appendlimit = 1;
	SAYS(imap_ask_status(m, box), "A1 STATUS \"a\\\"\xc3\xa9\" (MESSAGES "
	    "UIDNEXT UIDVALIDITY HIGHESTMODSEQ MAILBOXID)");
	SAYS(imap_ask_select(m, b, false, &since), "A1 SELECT \"b\" "
	    "(CONDSTORE)");
	m->qresync = true;
	SAYS(imap_ask_select(m, b, false, &since), "A1 SELECT \"b\" (QRESYNC "
	    "(7 99 1:4))");
	since.uids = NULL;
	SAYS(imap_ask_select(m, b, false, &since), "A1 SELECT \"b\" (QRESYNC "
	    "(7 99))");
	since.modseq = 0;
	SAYS(imap_ask_select(m, b, false, &since), "A1 SELECT \"b\" "
	    "(CONDSTORE)");
	since = (struct imap_since){ .modseq = 99 };
	SAYS(imap_ask_select(m, b, false, &since), "A1 SELECT \"b\" "
	    "(CONDSTORE)");
	SAYS(imap_ask_search(m, "UID 1:4"), "A1 UID SEARCH RETURN (ALL) UID "
	    "1:4");
	SAYS(imap_ask_flags(m, "1:*", 0), "A1 UID FETCH 1:* (UID FLAGS)");
	SAYS(imap_ask_flags(m, "1:*", 5), "A1 UID FETCH 1:* (UID FLAGS) "
	    "(CHANGEDSINCE 5)");
	SAYS(imap_ask_bodies(m, "1", false), "A1 UID FETCH 1 (UID FLAGS "
	    "INTERNALDATE BODY.PEEK[])");
	SAYS(imap_ask_bodies(m, "1", true), "A1 UID FETCH 1 (UID FLAGS "
	    "INTERNALDATE BODY.PEEK[HEADER])");
	SAYS(imap_ask_idents(m, "1"), "A1 UID FETCH 1 (UID FLAGS RFC822.SIZE "
	    "INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM "
	    "SUBJECT)])");
	SAYS(imap_ask_sizes(m, "1"), "A1 UID FETCH 1 (UID RFC822.SIZE)");
	SAYS(imap_ask_store(m, "1", true, "\\Seen a"), "A1 UID STORE 1 "
	    "+FLAGS.SILENT (\\Seen a)");
	SAYS(imap_ask_store(m, "1", false, "b"), "A1 UID STORE 1 "
	    "-FLAGS.SILENT (b)");
	SAYS(imap_ask_expunge(m, "1:2"), "A1 UID EXPUNGE 1:2");
	SAYS(imap_ask_move(m, "1", b), "A1 UID MOVE 1 \"b\"");
	SAYS(imap_ask_copy(m, "1", b), "A1 UID COPY 1 \"b\"");
	SAYS(imap_ask_create(m, b), "A1 CREATE \"b\"");
	SAYS(imap_ask_delete(m, b), "A1 DELETE \"b\"");
	SAYS(imap_ask_rename(m, b, STR("c")), "A1 RENAME \"b\" \"c\"");
	SAYS(imap_ask_subscribe(m, b), "A1 SUBSCRIBE \"b\"");
	SAYS(imap_ask_unselect(m), "A1 UNSELECT");
	over(w);
}

/* Names and flags that would be something else on the wire. */
static void
unsayable(void)
{
	static const char *const flags[] = { "a)", "(", "a{1}", "\"", "\xc3",
	    "a\r\nA1 NOOP", "\\", "a\\b", "\\ b", "*", "]" };
	static const struct str names[] = { { "a\r\nA2 DELETE b", 14 },
	    { "", 0 }, { "\xff", 1 }, { "a\0b", 3 } };
	struct world *w;
	size_t i;

	for (i = 0; i < sizeof flags / sizeof *flags; i++) {
		w = says("");
		is_int(imap_ask_store(&w->m, "1", true, flags[i]), 0,
		    "no flag: %zu", i);
		is_int(w->e.code, EX_USAGE, "%zu: the caller's", i);
		is_int(imap_wait(&w->m, 0), -1, "%zu: waiting fails", i);
		is_str(heard(w), "", "%zu: nothing was sent", i);
		over(w);
	}
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		w = says("");
		is_int(imap_ask_delete(&w->m, names[i]), 0, "no name: %zu", i);
		is_int(imap_ask_move(&w->m, "1", names[i]), 0, "MOVE");
		is_int(imap_ask_rename(&w->m, STR("a"), names[i]), 0, "RENAME");
		is_int(imap_append_begin(&w->m, names[i]), -1, "APPEND");
		is_int(w->e.code, EX_USAGE, "%zu: the caller's", i);
		is_str(heard(w), "", "%zu: nothing was sent", i);
		over(w);
	}
}

/* ---- UIDs ---- */

static void
uids(void)
{
	struct imap_uids u = { 0 };
	static const uint32_t in[] = { 5, 1, 9, 5, 1, 4294967295u };
	size_t i;

	imap_uids_sort(&u);
	ok(!imap_uids_has(&u, 1), "none in none");
	for (i = 0; i < sizeof in / sizeof *in; i++)
		imap_uids_add(&u, in[i]);
	imap_uids_sort(&u);
	is_int(u.n, 4, "no doubles");
	ok(u.v[0] == 1 && u.v[1] == 5 && u.v[2] == 9, "sorted");
	ok(imap_uids_has(&u, 4294967295u) && !imap_uids_has(&u, 2), "has");
	free(u.v);
}

static const struct {
	const char *says;
	int got;		/* how many, or -1 */
} searches[] = {
	{ "* ESEARCH UID ALL 2:4,9", 4 }, { "* SEARCH 4 2 9", 3 },
	{ "* SEARCH", 0 }, { "* ESEARCH UID", 0 },
	{ "* SEARCH 3 (MODSEQ 5)", 1 }, { "* SEARCH 4294967295", 1 },
	{ "* ESEARCH UID ALL 1:4294967295", -1 },
	{ "* ESEARCH UID ALL 1:15000000,1:15000000", -1 },
	{ "* ESEARCH UID ALL *", -1 }, { "* ESEARCH UID ALL 1,", -1 },
	{ "* ESEARCH UID ALL 0", -1 }, { "* SEARCH 0", -1 },
	{ "* SEARCH 1:3", -1 }, { "* SEARCH 4294967296", -1 },
};

static void
found(void)
{
	struct imap_uids u = { 0 };
	struct imap_resp r;
	struct world *w;
	char line[200];
	size_t i;
	int got;

	for (i = 0; i < sizeof searches / sizeof *searches; i++) {
		snprintf(line, sizeof line, "%s\r\n", searches[i].says);
		w = says(line);
		is_int(imap_next(&w->m, &r), 1, "%s", searches[i].says);
		got = imap_found(&w->m, &r, &u);
		is_int(got < 0 ? -1 : (int)u.n, searches[i].got, "finds");
		ok(u.cap < 1000, "and holds no more than that");
		free(u.v);
		u = (struct imap_uids){ 0 };
		over(w);
	}
}

/* Whatever order the server has them in. */
static void
sorted(void)
{
	struct world *w = says("* SEARCH 9 2\r\n* SEARCH 4 2\r\nA10 OK x\r\n"
	    "* UIDBATCHES (TAG \"A11\") 9:5,4:1\r\nA11 OK x\r\n");
	struct imap_uids ends = { 0 };
	uint32_t *v = NULL;
	size_t n = 0;

	is_int(imap_search(&w->m, "ALL", &v, &n), 0, "a search");
	ok(n == 3 && v[0] == 2 && v[1] == 4 && v[2] == 9, "each once");
	w->m.caps = IMAP_UIDBATCHES;
	is_int(imap_batches(&w->m, 5, &ends), 0, "batches");
	ok(ends.n == 2 && ends.v[0] == 4 && ends.v[1] == 9, "the ends");
	free(v);
	free(ends.v);
	over(w);
}

/* ---- APPENDUID, COPYUID ---- */

static const struct {
	const char *says;
	int got;
	const char *from, *to;
} copies[] = {
	{ "A9 OK [COPYUID 1 2,4:6 8:11] x", 1, "2,4:6", "8:11" },
	{ "* OK [COPYUID 1 304,319:320 3956:3958] x", 1, "304,319:320",
	    "3956:3958" },
	{ "A9 OK [COPYUID 1 9,2:1 7,3,5] x", 1, "9,1:2", "7,3,5" },
	{ "A9 NO [COPYUID 1 1 2] x", 0, "", "" },
	{ "A9 OK [APPENDUID 1 1] x", 0, "", "" },
	{ "A9 OK COPYUID 1 1 2", 0, "", "" },
	{ "A9 OK [COPYUID 1 1:3 7:8] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 1:4294967295 1:4294967295] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 1:* 1:*] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 1] x", -1, "", "" },
	{ "A9 OK [COPYUID 1] x", -1, "", "" },
	{ "A9 OK [COPYUID] x", -1, "", "" },
	{ "A9 OK [COPYUID 0 1 2] x", -1, "", "" },
	{ "A9 OK [COPYUID 4294967296 1 2] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 1 2 3] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 1, 2] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 a b] x", -1, "", "" },
	{ "A9 OK [COPYUID 1 0 0] x", -1, "", "" },
}, appends[] = {
	{ "A9 OK [APPENDUID 1 5] x", 1, "", "5" },
	{ "A9 OK [APPENDUID 1 5:7,3] x", 1, "", "5:7,3" },
	{ "* OK [APPENDUID 1 5] x", 0, "", "" },
	{ "A9 NO [APPENDUID 1 5] x", 0, "", "" },
	{ "A9 BAD [APPENDUID 1 5] x", 0, "", "" },
	{ "A9 OK [COPYUID 1 5 6] x", 0, "", "" },
	{ "A9 OK [APPENDUID 1 1:4294967295] x", -1, "", "" },
	{ "A9 OK [APPENDUID 1 *] x", -1, "", "" },
	{ "A9 OK [APPENDUID 1] x", -1, "", "" },
	{ "A9 OK [APPENDUID x 1] x", -1, "", "" },
	{ "A9 OK [APPENDUID 1 1 1] x", -1, "", "" },
};

static const char *
as_text(const struct imap_uids *u)
{
	static char text[2][100];
	static int which;
	struct buf b = { .max = 90 };
	size_t at = 0;

	which ^= 1;
	imap_set_put(&b, u->v, u->n, &at, 80);
	snprintf(text[which], sizeof *text, "%s", b.n > 0 ? b.p : "");
	buf_free(&b);
	return text[which];
}

static void
became(bool copy, const char *line, int want, const char *from,
    const char *to)
{
	struct imap_uids a = { 0 }, b = { 0 };
	struct imap_resp r;
	struct world *w;
	char text[200];
	uint64_t v = 0;
	int got;

	snprintf(text, sizeof text, "%s\r\n", line);
	w = says(text);
	is_int(imap_next(&w->m, &r), 1, "%s", line);
	got = copy ? imap_copied(&w->m, &r, &v, &a, &b) :
	    imap_appended(&w->m, &r, &v, &b);
	is_int(got, want, "is that");
	is_str(as_text(&a), from, "from");
	is_str(as_text(&b), to, "to");
	ok(a.cap < 1000 && b.cap < 1000, "and no more is held");
	if (got < 0)
		is_int(w->e.code, EX_PROTOCOL, "%s", w->e.msg);
	else
		is_int(v, want, "UIDVALIDITY");
	free(a.v);
	free(b.v);
	over(w);
}

/* ---- APPEND ---- */

static void
streamed(void)
{
	struct world *w = says("A10 OK [APPENDUID 1 1:2] x\r\n");
	struct imap_append one = { "\\Seen a", 86400, 3, false },
	    two = { "", 0, 5000, true };
	char body[5000];
	struct err e = { 0 };

	memset(body, 'x', sizeof body);
	w->m.caps = IMAP_LITERAL_PLUS;
	is_int(imap_append_begin(&w->m, STR("b")), 0, "begin");
	is_int(imap_append_one(&w->m, &one), 1, "one");
	is_int(imap_append_put(&w->m, "a\r", 2, &e), 0, "some");
	is_int(imap_append_put(&w->m, "\n", 1, &e), 0, "the rest");
	is_int(imap_append_one(&w->m, &two), 1, "two");
	is_int(imap_append_put(&w->m, body, sizeof body, &e), 0, "all");
	is_int(imap_append_end(&w->m), 10, "end");
	setenv("TZ", "UTC", 1);
	ok(str_starts(str_of(heard(w)), "A10 APPEND \"b\" (\\Seen a) "
	    "\" 2-Jan-1970 00:00:00 +0000\" {3+}\r\na\r\n () ~{5000+}\r\n"
	    "xxxx"), "as RFC 3502 has it");
	is_int(imap_wait(&w->m, 10), 0, "done");
	over(w);
}

/* LITERAL- goes on at once up to 4096 bytes (RFC 7888). */
static void
literal_minus(uint64_t size, const char *want)
{
	struct imap_append one = { "", 0, size, false };
	struct world *w = says("+ go\r\n");

	w->m.caps = IMAP_LITERAL_MINUS;
	imap_append_begin(&w->m, STR("b"));
	is_int(imap_append_one(&w->m, &one), 1, "LITERAL-: %d bytes",
	    (int)size);
	is_str(heard(w), want, "LITERAL-: said as it must be");
	over(w);
}

static void
waited(void)
{
	struct imap_append one = { "", 0, 3, false }, big = { "", 0, 4097,
	    false };
	struct world *w = says("* 4 EXISTS\r\n+ go\r\n"
	    "A10 NO [TRYCREATE] no such\r\nA11 OK x\r\n");
	struct err e = { 0 };

	is_int(imap_append_begin(&w->m, STR("b")), 0, "begin");
	is_int(imap_append_one(&w->m, &one), 1, "go on");
	is_int(w->m.box.exists, 4, "what came before the + is noted");
	is_int(imap_append_put(&w->m, "a\r\n", 3, &e), 0, "put");
	is_int(imap_append_one(&w->m, &big), 0, "the second is refused");
	is_str(w->m.text, "[TRYCREATE] no such", "with these words");
	is_str(heard(w), "A10 APPEND \"b\" () {3}\r\na\r\n () {4097}",
	    "nothing more is said");
	is_int(imap_wait(&w->m, imap_say(&w->m, "NOOP")), 0, "life goes on");
	over(w);
}

static void
one_answer(const char *line, int want, int code)
{
	struct imap_append one = { "", 0, 3, false };
	struct world *w = says(line);

	imap_append_begin(&w->m, STR("b"));
	is_int(imap_append_one(&w->m, &one), want, "instead of +: %.*s",
	    (int)strcspn(line, "\r"), line);
	is_int(w->e.code, code, "%s", code == 0 ? "is no failure" : w->e.msg);
	over(w);
}

/* Whatever goes wrong within a literal: nothing is said behind it. */
static void
cut_short(void)
{
	struct imap_append one = { "", 0, 30, false }, odd = { "a(", 0, 3,
	    false }, none = { "", 0, 0, false };
	struct err e = { 0 };
	struct world *w;
	int i;

	for (i = 0; i < 8; i++) {
		w = says("* OK x\r\n");
		w->m.caps = IMAP_LITERAL_PLUS;
		imap_append_begin(&w->m, STR("b"));
		is_int(imap_append_one(&w->m, &one), 1, "begun");
		imap_append_put(&w->m, "aaaa", 4, &e);
		ok(strstr(heard(w), "aaaa") != NULL, "on its way");
		if (i == 0)
			is_int(imap_append_end(&w->m), 0, "too short");
		else if (i == 1)
			is_int(imap_append_put(&w->m, "aaaaaaaaaaaaaaaaaaaaaa"
			    "aaaaa", 27, &e), -1, "too long");
		else if (i == 2)
			is_int(imap_append_one(&w->m, &one), -1, "another");
		else if (i == 3)
			imap_say(&w->m, "NOOP");
		else if (i == 4)
			is_int(imap_append_begin(&w->m, STR("c")), -1, "twice");
		else if (i == 5)
			is_int(imap_append_abort(&w->m, "why"), -1, "abort");
		else if (i == 6)
			is_int(imap_append_one(&w->m, &odd), -1, "a bad flag");
		if (i < 7)
			ok(w->e.code != 0, "%s", w->e.msg);
		imap_quit(&w->m);
		imap_say(&w->m, "NOOP");
		is_str(heard(w), "", "nothing is said in way %d", i);
		over(w);
	}
	w = says("");
	w->m.caps = IMAP_LITERAL_PLUS;
	imap_append_begin(&w->m, STR("b"));
	is_int(imap_append_one(&w->m, &none), -1, "an empty literal would call "
	    "it off");
	over(w);
}

/* ---- neither side reads ---- */

enum { ANSWERS = 200000, COMMANDS = 3000 };

static void *
talker(void *arg)
{
	static const char line[] = "* 1 FETCH (FLAGS (\\Seen))\r\n";
	int fd = *(int *)arg, i;
	static char all[1 << 16];
	size_t n = 0, lines = 0;
	ssize_t got;

	for (i = 0; i < ANSWERS; i++)
		if (send(fd, line, sizeof line - 1, MSG_NOSIGNAL) < 0)
			return NULL;
	while (lines < COMMANDS && (got = recv(fd, all, sizeof all, 0)) > 0)
		for (n = 0; n < (size_t)got; n++)
			lines += all[n] == '\n';
	i = (int)send(fd, "A3009 OK all\r\n", 14, MSG_NOSIGNAL);
	return i == 14 ? arg : NULL;
}

static void
both_talk(void)
{
	struct world *w = mem_new(1, sizeof *w);
	static char set[1000];
	unsigned tag = 0, n = 0;
	struct imap_resp r;
	void *well = NULL;
	pthread_t t;
	int i;

	for (i = 0; i < (int)sizeof set - 1; i++)
		set[i] = i % 2 == 0 ? '1' : ',';
	w->m = (struct imap){ .authed = true, .tag = 9,
	    .c = server_waits(&w->fd, &w->e) };
	if (pthread_create(&t, NULL, talker, &w->fd) != 0)
		abort();
	server_conf.deadline = clock_in(60);
	for (i = 0; i < COMMANDS; i++)
		tag = imap_ask_sizes(&w->m, set);
	do {
		if (imap_next(&w->m, &r) < 0)
			break;
		n += r.type == IMAP_FETCH;
	} while (!imap_done(&r, tag));
	is_int(n, ANSWERS, "5 MB of answers before a command is read: %s",
	    w->e.msg);
	is_int(tag, 3009, "3 MB of commands before an answer is");
	if (w->e.code != 0)
		shutdown(w->fd, SHUT_RDWR);
	pthread_join(t, &well);
	ok(well != NULL, "all arrived");
	server_conf.deadline = 0;
	over(w);
}

/* ---- INPROGRESS renews the time, but not before the login ---- */

static void *
dripper(void *arg)
{
	struct timespec t = { .tv_nsec = 200000000 };
	int i, fd = *(int *)arg;

	for (i = 0; i < 4; i++) {
		nanosleep(&t, NULL);
		if (send(fd, "* OK [INPROGRESS] wait\r\n", 24,
		    MSG_NOSIGNAL) < 0)
			return NULL;
	}
	send(fd, "A9 OK\r\n", 7, MSG_NOSIGNAL);
	return NULL;
}

static void
slowly(bool authed)
{
	struct world *w = mem_new(1, sizeof *w);
	pthread_t t;

	w->m = (struct imap){ .authed = authed, .tag = 9,
	    .c = server_waits(&w->fd, &w->e) };
	if (pthread_create(&t, NULL, dripper, &w->fd) != 0)
		abort();
	conn_phase(w->m.c, "the test", 0.5);
	is_int(imap_wait(&w->m, 9), authed ? 0 : -1, "a server that is slow, "
	    "%s: %s", authed ? "logged in" : "not logged in", w->e.msg);
	shutdown(w->fd, SHUT_RDWR);
	pthread_join(t, NULL);
	over(w);
}

/* ---- limits: one less is well, one more is not ---- */

/* A FETCH of n items, and their reading. */
static int
items(size_t n)
{
	struct buf b = { .max = 1 << 20 };
	struct imap_item it;
	struct imap_resp r;
	struct world *w;
	size_t i;
	int got;

	buf_s(&b, "* 1 FETCH (");
	for (i = 0; i < n; i++)
		buf_printf(&b, "%sX 1", i > 0 ? " " : "");
	buf_s(&b, ")\r\n");
	w = world(b.p, b.n);
	got = imap_next(&w->m, &r);
	while (got > 0)
		got = imap_item(&w->m, &it);
	got = got < 0 ? w->e.code : 0;
	over(w);
	buf_free(&b);
	return got;
}

/* What a line does, and the next one. */
static int
reads(const char *line)
{
	struct world *w = says(line);
	struct imap_uids u = { 0 };
	struct imap_item it;
	struct imap_resp r;
	int got = imap_next(&w->m, &r);

	if (got > 0 && r.type == IMAP_SEARCH)
		got = imap_found(&w->m, &r, &u);
	else if (got > 0)
		got = imap_item(&w->m, &it);
	got = got < 0 ? w->e.code : 0;
	free(u.v);
	over(w);
	return got;
}

static int
bound(size_t lines, size_t bytes)
{
	struct world *w = says("");
	int got = imap_list_bound(&w->m, lines, bytes) < 0 ? w->e.code : 0;

	over(w);
	return got;
}

static void
limits(void)
{
	struct imap_uids u = { 0 };
	size_t i;

	is_int(items(9999), 0, "9,999 items");
	is_int(items(10000), 0, "10,000 items");
	is_int(items(10001), EX_PROTOCOL, "10,001 items");
	is_int(reads("* ESEARCH UID ALL 1:4000000\r\n"), 0,
	    "4,000,000 messages");
	is_int(reads("* ESEARCH UID ALL 1:4000001\r\n"), EX_PROTOCOL,
	    "4,000,001 messages");
	is_int(reads("* 1 FETCH (BODY[] {8589934592}\r\n"), 0, "8 GB");
	is_int(reads("* 1 FETCH (BODY[] {8589934593}\r\n"), EX_PROTOCOL,
	    "8 GB and a byte");
	is_int(bound(30000, 8 << 20), 0, "30,000 mailboxes, 8 MB");
	is_int(bound(30001, 0), EX_PROTOCOL, "30,001 mailboxes");
	is_int(bound(1, (8 << 20) + 1), EX_PROTOCOL, "8 MB and a byte");
	for (i = 0; i < 1000000; i++)
		imap_uids_note(&u, (uint32_t)(i % 40000) + 1);
	ok(u.cap <= 1 << 17, "a million times the same: room for %zu",
	    u.cap);
	imap_uids_sort(&u);
	is_int(u.n, 40000, "and each is there once");
	free(u.v);
}

/* ---- nothing may be written ---- */

static void
looks_say(bool well, const char *command)
{
	struct world *w = says("");
	const char *sent;
	char want[80];

	w->m.may = IMAP_LOOKS;
	if (strcmp(command, "APPEND") == 0)
		imap_append_begin(&w->m, STR("b"));
	else
		imap_say(&w->m, "%s", command);
	sent = heard(w);
	snprintf(want, sizeof want, "%s%s", well ? "A10 " : "", well ?
	    command : "");
	is_str(sent, want, "only looks: %s", command);
	is_int(w->e.code, well ? 0 : EX_SOFTWARE, "only looks: %s: the error",
	    command);
	over(w);
}

static void
only_looks(void)
{
	static const char *const looks[] = { "CAPABILITY", "NOOP", "LOGOUT",
	    "ENABLE QRESYNC", "LIST \"\" \"*\"", "STATUS \"b\" (UIDNEXT)",
	    "EXAMINE \"b\"", "UNSELECT", "UID FETCH 1 (UID FLAGS)",
	    "UID SEARCH ALL", "GETQUOTAROOT \"b\"" };
	static const char *const writes[] = { "APPEND", "SELECT \"b\"",
	    "CREATE \"b\"", "DELETE \"b\"", "RENAME \"a\" \"b\"",
	    "SUBSCRIBE \"b\"", "UNSUBSCRIBE \"b\"",
	    "UID STORE 1 +FLAGS.SILENT (\\Seen)", "UID EXPUNGE 1", "EXPUNGE",
	    "CLOSE", "UID MOVE 1 \"b\"", "UID COPY 1 \"b\"", "SETQUOTA",
	    "SETMETADATA", "UNHEARDOF", "UID", "" };
	size_t i;

	for (i = 0; i < sizeof looks / sizeof *looks; i++)
		looks_say(true, looks[i]);
	for (i = 0; i < sizeof writes / sizeof *writes; i++)
		looks_say(false, writes[i]);
}

int
main(void)
{
	size_t i;

	setenv("TZ", "UTC", 1);
	reading();
	refused();
	unread();
	box();
	many_flags();
	enabled();
	asking();
	unsayable();
	uids();
	found();
	sorted();
	for (i = 0; i < sizeof copies / sizeof *copies; i++)
		became(true, copies[i].says, copies[i].got, copies[i].from,
		    copies[i].to);
	for (i = 0; i < sizeof appends / sizeof *appends; i++)
		became(false, appends[i].says, appends[i].got, "",
		    appends[i].to);
	streamed();
	literal_minus(4096, "A10 APPEND \"b\" () {4096+}");
	literal_minus(4097, "A10 APPEND \"b\" () {4097}");
	waited();
	one_answer("A10 NO [OVERQUOTA] full\r\n", 0, 0);
	one_answer("A10 BAD what\r\n", 0, 0);
	one_answer("A10 OK yes\r\n", -1, EX_PROTOCOL);
	one_answer("A9 OK another\r\n", -1, EX_PROTOCOL);
	one_answer("* BYE\r\n", -1, EX_TEMPFAIL);
	one_answer("", -1, EX_TEMPFAIL);
	cut_short();
	both_talk();
	slowly(true);
	slowly(false);
	limits();
	only_looks();
	return done();
}
