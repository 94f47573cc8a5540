/* mime_mend.c of the tests: headers of others, fit for the wire: in, and out */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "idn.h"
#include "mime_mend.h"
#include "tap.h"

#define TEN "xxxxxxxxx "
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define NINE HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
    HUNDRED HUNDRED
/* With "Subject: " and "y" it is 998 octets. */
#define ALMOST NINE TEN TEN TEN TEN TEN TEN TEN TEN "xxxxxxx "

#define HOST "a name of a host"		/* if there is libidn2 */

static const struct {
	const char *name;
	struct str in;
	int how;
	const char *out;	/* NULL: the same */
} heads[] = {
	{ "ASCII", STR("To: a@b.c,\r\n d@e.f\r\nX:y\r\n"), MIME_FORCE, NULL },
	{ HOST, STR("Cc: J <a@b\303\274.test>\r\n"), 0,
	  "Cc: J <a@xn--b-eha.test>\r\n" },
	{ "half a list", STR("To: J\303\266 <a@b.c>, <<<\r\n"), 0, NULL },
	{ "a folded comment", STR("To: a@b.c (J\303\266\r\n k)\r\n"), 0,
	  "To: =?utf-8?B?SsO2IGs=?= <a@b.c>\r\n" },
	{ "a quote in a quoted value", STR("Content-Type: text/plain; "
	  "name=\"a\\\";b\374\"; c=d\r\n"), 0, "Content-Type: text/plain; "
	  "name*=unknown-8bit''a%22%3Bb%FC;\r\n c=d\r\n" },
	{ "a control byte in a type", STR("Content-Type: text/p\001lain; "
	  "name=\374\r\n"), 0, NULL },
	{ "two parameters", STR("Content-Disposition: attachment; a=" TEN
	  "; name=\374\r\n"), 0, "Content-Disposition: attachment;\r\n "
	  "a=xxxxxxxxx; name*=unknown-8bit''%FC\r\n" },
	{ "998 octets", STR("Subject: " ALMOST "y\r\n"), MIME_FORCE, NULL },
	{ "a bare CR", STR("Subject: a\rb\r\n"), MIME_FORCE,
	  "Subject: a b\r\n" },
	{ "a NUL", STR("Subject: a\0b\r\n"), MIME_FORCE, "Subject: a b\r\n" },
	{ "UTF-8 that may stay", STR("Subject: \303\274\r\nX: \374\r\n"),
	  MIME_UTF8, "Subject: \303\274\r\nX: =?unknown-8bit?Q?=FC?=\r\n" },
};

static void
again(void)
{
	struct arena a = { 0 };
	struct str s;
	size_t i;

	for (i = 0; i < sizeof heads / sizeof *heads; i++) {
		if (strcmp(heads[i].name, HOST) == 0 && !idn_here())
			continue;
		s = mime_head_again(heads[i].in, &a, heads[i].how);
		ok(str_eq(s, heads[i].out != NULL ? str_of(heads[i].out) :
		    heads[i].in), "%s", heads[i].name);
	}
	s = mime_head_again(STR("Subject: " ALMOST "yy\r\nX: y\r\n"), &a, 0);
	ok(str_find(s.p, '\n', s.p + s.n) - s.p < 998, "999 octets are folded");
	arena_free(&a);
}

static void
message(struct msg *m, struct arena *a, struct str text)
{
	struct err e = { 0 };
	int fd = file_temp(&e);

	if (fd < 0 || file_write(fd, text.p, text.n, &e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0 || msg_scan(m, a, fd, MSG_ODD, &e) < 0)
		abort();
	close(fd);
}

static void
whose(void)
{
	struct arena a = { 0 };
	struct msg m;

	message(&m, &a, STR("To: root, a@b.c, (x) joe,\n \"j, r\" <jr>\n"
	    "Cc: @@, root\nSubject: root\nReply-To: a@b.c\n\nroot\n"));
	mime_header_qualify(&m, &a, STR("h.test"));
	is_str(arena_dup(&a, msg_head(&m)), "To: root@h.test, a@b.c, (x) "
	    "joe@h.test,\r\n \"j, r\" <jr@h.test>\r\nCc: @@, root@h.test\r\n"
	    "Subject: root\r\nReply-To: a@b.c\r\n", "each without a domain");
	msg_close(&m);
	arena_free(&a);
}

/* set(FROM, ADDRESS, NAME, WANTED) */
static void
set(const char *from, const char *addr, const char *name, const char *want)
{
	struct mime_addr to = { .name = str_of(name), .addr = str_of(addr) };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;

	message(&m, &a, str_of(arena_printf(&a, "%sTo: x@y.z\n\n", from)));
	is_int(mime_header_set_from(&m, &a, to, 0, &e), 0, "set: %s", addr);
	is_str(arena_dup(&a, msg_head(&m)), want, "that is From");
	msg_close(&m);
	arena_free(&a);
}

/* RFC 2046 5.1.1: behind the closing boundary no part begins. */
static void
closed(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m, to;
	struct msg_reader *r;
	char text[1000];
	ssize_t n;

	message(&m, &a, STR("MIME-Version: 1.0\nContent-Type: multipart/mixed;"
	    " boundary=b\n\n--b\n\ng\303\274\n--b--\n--b\n\nnothing\n"
	    "n\303\266\n"));
	is_int(mime_downgrade(&m, &to, &a, 0, &e), 0, "%s", e.msg);
	r = msg_reader_new(&to);
	n = msg_read(r, text, sizeof text - 1, &e);
	text[n > 0 ? n : 0] = '\0';
	is_str(strstr(text, "--b--"), "--b--\r\n--b\r\n\r\nnothing\r\n",
	    "what stands there is no part, and what is 8-bit is left out");
	free(r);
	msg_close(&to);
	msg_close(&m);
	arena_free(&a);
}

int
main(void)
{
	again();
	whose();
	closed();
	set("From: Jo <jo@b.c>\n", "JO@B.C", "", "From: Jo <jo@b.c>\r\n"
	    "To: x@y.z\r\n");
	set("From: Jo <jo@b.c>\n", "me@h.test", "", "From: Jo <me@h.test>\r\n"
	    "X-Original-From: Jo <jo@b.c>\r\nTo: x@y.z\r\n");
	set("From: jo@b.c (Jo)\n", "me@h.test", "Me", "From: Me <me@h.test>\r\n"
	    "X-Original-From: jo@b.c (Jo)\r\nTo: x@y.z\r\n");
	set("From: me@h.test, jo@b.c\n", "me@h.test", "", "From: me@h.test\r\n"
	    "X-Original-From: me@h.test, jo@b.c\r\nTo: x@y.z\r\n");
	set("", "me@h.test", "", "To: x@y.z\r\n");
	return done();
}
