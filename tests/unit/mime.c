/*
 * mime.c: header fields, composing and down-conversion
 *
 * With arguments this is the helper of mime.t: "mime compose key=value ..."
 * composes to stdout, "mime down" makes the message on stdin 7-bit.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "mime_mend.h"
#include "tap.h"

static struct msg_reader reader;

static int
file_of(struct str s)
{
	struct err e = { 0 };
	int fd = file_temp(&e);

	if (fd < 0 || file_write(fd, s.p, s.n, &e) < 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* The message as a string, checked for what every message must be. */
static struct buf
text_of(const struct msg *m)
{
	struct msg_look look = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 };
	ssize_t n;

	msg_start(&reader, m);
	while ((n = msg_read(&reader, buf_room(&b, 65536), 65536, &e)) > 0)
		b.n += (size_t)n;
	buf_c(&b, '\0');
	b.n--;
	msg_look(&look, b.p, b.n);
	msg_look(&look, "", 0);
	if (n < 0 || b.n != m->size || look.size != m->size ||
	    (look.odd != NULL && !m->odd))
		tap_ok(false, __FILE__, __LINE__, "a bad message: %s, %zu of "
		    "%zu, %s", e.msg, b.n, (size_t)m->size,
		    look.odd != NULL ? look.odd : "");
	return b;
}

/* --- header fields --- */

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X300 X50 X50 X50 X50 X50 X50
#define P2 "%C3%BC%C3%BC"
#define P8 P2 P2 P2 P2
#define U10 "\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274"

static const struct {
	const char *name, *value;
	int how;
	const char *want;		/* NULL: refused */
} fields[] = {
	{ "Subject", "", 0, "Subject: \r\n" },
	{ "Subject", "hello world", 0, "Subject: hello world\r\n" },
	{ "Subject", "  a  b\tc ", 0, "Subject: a  b\tc\r\n" },
	{ "Subject", "alert: \303\274n\303\257code", 0,
	    "Subject: alert: =?utf-8?B?w7xuw69jb2Rl?=\r\n" },
	{ "Subject", "\303\274 \303\274", 0,
	    "Subject: =?utf-8?B?w7wgw7w=?=\r\n" },
	{ "Subject", "aaaaa\303\274aaaa b\303\274bbbbbbbb", 0,
	    "Subject: =?utf-8?Q?aaaaa=C3=BCaaaa_b=C3=BCbbbbbbbb?=\r\n" },
	{ "Subject", "a\303\274aaaaaaa b aaaaaaa\303\274b", 0,
	    "Subject: =?utf-8?Q?a=C3=BCaaaaaaa?= b =?utf-8?Q?aaaaaaa=C3=BCb?=\r\n" },
	{ "Subject", "=?utf-8?Q?a?=", 0,
	    "Subject: =?utf-8?B?PT91dGYtOD9RP2E/PQ==?=\r\n" },
	{ "Subject", "a\374aaa", 0,
	    "Subject: =?unknown-8bit?Q?a=FCaaa?=\r\n" },
	{ "Subject", "\303\274", MIME_UTF8, "Subject: \303\274\r\n" },
	{ "Subject", X50 " " X10 " " X10, 0,
	    "Subject: " X50 " " X10 "\r\n " X10 "\r\n" },
	{ "Subject", X50 X50 " a", 0, "Subject: " X50 X50 "\r\n a\r\n" },
	{ "Subject", "a\nBcc: x", 0, NULL },
	{ "Subject", "a\n", 0, NULL },
	{ "Subject", "a\rb", 0, NULL },
	{ "Subject", "a\033[1m", 0, NULL },
	{ "Subject", "a\177", 0, NULL },
	{ "Sub ject", "a", 0, NULL },
	{ "Sub:ject", "a", 0, NULL },
	{ "", "a", 0, NULL },
	{ "\303\274", "a", 0, NULL },
	{ "X\nBcc", "a", 0, NULL },
	{ "X", "a =?utf-8?Q?b?=", MIME_RAW, "X: a =?utf-8?Q?b?=\r\n" },
	{ "X", "\303\274", MIME_RAW, NULL },
	{ "X", "\303\274", MIME_RAW | MIME_UTF8, "X: \303\274\r\n" },
	{ "X", "\374", MIME_RAW | MIME_UTF8, NULL },
	/* RFC 2047 5: no character is cut by the end of a word */
	{ "Subject", U10 U10 U10, 0,
	    "Subject: =?utf-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7w=?=\r\n"
	    " =?utf-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvA==?=\r\n" },
	{ "Subject", "a" U10 U10 U10, 0,
	    "Subject: =?utf-8?B?YcO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=\r\n"
	    " =?utf-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvA==?=\r\n" },
	{ "Subject", "ab" U10 U10 U10, 0,
	    "Subject: =?utf-8?B?YWLDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7w=?=\r\n"
	    " =?utf-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=\r\n" },
	/* RFC 5322 2.1.1 */
	{ "X", X300 X300 X300 X50 X10 X10 X10 X10 "12345", MIME_RAW,
	    "X: " X300 X300 X300 X50 X10 X10 X10 X10 "12345\r\n" },
	{ "X", X300 X300 X300 X50 X10 X10 X10 X10 "123456", MIME_RAW, NULL },
	{ "X", X300 X300 X300, 0, "X: " X300 X300 X300 "\r\n" }
};

static void
test_fields(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	size_t i;
	int got;

	for (i = 0; i < sizeof fields / sizeof *fields; i++) {
		b.n = 0;
		buf_c(&b, 'x');
		got = mime_header(&b, str_of(fields[i].name),
		    str_of(fields[i].value), fields[i].how, &e);
		if (fields[i].want != NULL)
			is_str(got < 0 ? e.msg : b.p + 1, fields[i].want,
			    "field %zu", i);
		else
			ok(got == -1 && e.code == EX_USAGE && b.n == 1,
			    "field %zu is refused", i);
		fail_clear(&e);
	}
	is_int(mime_header(&b, STR("X"), STR("a\0b"), 0, &e), -1, "NUL");
	b.n = 0;
	fail_clear(&e);
	is_int(mime_header(&b, STR("X"), STR(X300 X300 X300 "x"), 0, &e), 0,
	    "a word of 901");
	ok(memmem(b.p, b.n, "=?utf-8?Q?x", 11) != NULL, "is encoded");
	buf_free(&b);
}

static const struct {
	const char *name, *addr;
	int how;
	const char *want;
} people[] = {
	{ "", "jo@x.org", 0, "To: jo@x.org\r\n" },
	{ "Jo", "jo@x.org", 0, "To: Jo <jo@x.org>\r\n" },
	{ "Jo Doe", "jo@x.org", 0, "To: Jo Doe <jo@x.org>\r\n" },
	{ "Doe, Jo", "jo@x.org", 0, "To: \"Doe, Jo\" <jo@x.org>\r\n" },
	{ "J. Doe", "jo@x.org", 0, "To: \"J. Doe\" <jo@x.org>\r\n" },
	{ "a \"b\" \\c", "jo@x.org", 0,
	    "To: \"a \\\"b\\\" \\\\c\" <jo@x.org>\r\n" },
	{ "J\303\266 Doe", "jo@x.org", 0,
	    "To: =?utf-8?Q?J=C3=B6_Doe?= <jo@x.org>\r\n" },
	{ "J\303\266 Doe", "jo@x.org", MIME_UTF8,
	    "To: J\303\266 Doe <jo@x.org>\r\n" },
	{ "J\303\266, Doe", "j\303\266@x.org", MIME_UTF8,
	    "To: \"J\303\266, Doe\" <j\303\266@x.org>\r\n" },
	{ "=?utf-8?Q?a?=", "jo@x.org", 0,
	    "To: =?utf-8?B?PT91dGYtOD9RP2E/PQ==?= <jo@x.org>\r\n" },
	{ "a  b", "jo@x.org", 0, "To: \"a  b\" <jo@x.org>\r\n" },
	{ "", "j\303\266@x.org", 0, NULL },
	{ "a\nb", "jo@x.org", 0, NULL },
	{ "a", "jo@x.org>\r\nBcc: <x@y", 0, NULL },
	{ "a", "jo>@x.org", 0, NULL },
	{ "a", "jo<@x.org", 0, NULL },
	{ "a", "", 0, NULL },
	{ "", "j\366@x.org", MIME_UTF8, NULL }
};

static void
test_people(void)
{
	struct mime_addr one, many[40];
	struct buf b = { 0 };
	struct err e = { 0 };
	struct msg_look l = { 0 };
	size_t i;
	int got;

	for (i = 0; i < sizeof people / sizeof *people; i++) {
		b.n = 0;
		one = (struct mime_addr){ str_of(people[i].name),
		    str_of(people[i].addr) };
		got = mime_header_addrs(&b, STR("To"),
		    (struct mime_addrs){ &one, 1 }, people[i].how, &e);
		if (people[i].want != NULL)
			is_str(got < 0 ? e.msg : b.p, people[i].want,
			    "address %zu", i);
		else
			ok(got == -1 && e.code == EX_USAGE && b.n == 0,
			    "address %zu is refused", i);
		fail_clear(&e);
	}
	for (i = 0; i < 40; i++)
		many[i] = (struct mime_addr){ i % 2 ? STR("Doe, J\303\266") :
		    STR(""), STR("jo@example.org") };
	b.n = 0;
	mime_header_addrs(&b, STR("To"), (struct mime_addrs){ many, 40 }, 0,
	    &e);
	msg_look(&l, b.p, b.n);
	ok(l.line == 20 && strstr(b.p, ",\r\n =?utf-8?B?RG9lLCBKw7Y=?= <") !=
	    NULL, "many addresses are folded (%u lines)", (unsigned)l.line);
	buf_free(&b);
}

/* Random texts: no line over 76, no 8-bit, and only blanks begin lines. */
static void
test_folding(void)
{
	static const char *const atoms[] = { "a", " ", "\303\274", "=?", "  ",
	    X10, "\t", "\360\237\230\200", "\374", "=", "_" };
	struct buf in = { 0 }, b = { 0 };
	struct err e = { 0 };
	struct str left, line;
	size_t i, k, wrong = 0;

	srandom(1);
	for (i = 0; i < 20000; i++) {
		in.n = b.n = 0;
		for (k = (size_t)random() % 60; k > 0; k--)
			buf_s(&in, atoms[random() % 11]);
		if (mime_header(&b, STR("Subject"), BUF_STR(in), 0, &e) < 0)
			wrong++;
		left = BUF_STR(b);
		while (left.n > 0) {
			line = str_cut(&left, '\n');
			wrong += line.n > 998 || !str_ascii(line) ||
			    str_trim(line).n == 0 || (memmem(line.p, line.n,
			    "?=", 2) != NULL && line.n > 77) ||
			    (line.p != b.p && line.p[0] != ' ' &&
			    line.p[0] != '\t');
		}
	}
	is_int(wrong, 0, "folded lines are what they must be");
	buf_free(&in);
	buf_free(&b);
}

static const struct {
	struct str value;
	const char *want;
} params[] = {
	{ STR("a.pdf"), "; filename=a.pdf" },
	{ STR("a b.pdf"), "; filename=\"a b.pdf\"" },
	{ STR("a\"b\\.pdf"), "; filename=\"a\\\"b\\\\.pdf\"" },
	{ STR("\303\274 x.pdf"), "; filename*=utf-8''%C3%BC%20x.pdf" },
	{ STR("a\374"), "; filename*=unknown-8bit''a%FC" },
	{ STR(""), "; filename=\"\"" },
	{ STR(X50 X50), ";\r\n filename*0*=utf-8''" X50 "xx;\r\n "
	    "filename*1*=" X10 X10 X10 X10 "xxxxxxxx" },
	{ STR("it's"), "; filename=\"it's\"" },
	{ STR("a%b*c"), "; filename=\"a%b*c\"" },
	{ STR("a\033b"), "; filename*=utf-8''a%1Bb" },
	/* no character is cut by the end of a section */
	{ STR("a" U10 U10 U10), ";\r\n filename*0*=utf-8''a" P8 ";\r\n "
	    "filename*1*=" P8 P2 ";\r\n filename*2*=" P8 P2 ";\r\n "
	    "filename*3*=" P2 },
	{ STR("ab" U10 U10 U10), ";\r\n filename*0*=utf-8''ab" P8 ";\r\n "
	    "filename*1*=" P8 P2 ";\r\n filename*2*=" P8 P2 ";\r\n "
	    "filename*3*=" P2 },
	{ STR("abc" U10 U10 U10), ";\r\n filename*0*=utf-8''abc" P8 ";\r\n "
	    "filename*1*=" P8 P2 ";\r\n filename*2*=" P8 P2 ";\r\n "
	    "filename*3*=" P2 }
};

static void
test_params(void)
{
	struct buf b = { 0 };
	size_t i, col;

	for (i = 0; i < sizeof params / sizeof *params; i++) {
		b.n = 0;
		col = 20;
		mime_header_param(&b, &col, "filename", params[i].value);
		is_str(b.p, params[i].want, "parameter %zu", i);
	}
	buf_free(&b);
}

/* --- composing --- */

static const struct {
	struct str text;
	const char *encoding, *charset;
	struct str body;
} bodies[] = {
	{ STR(""), "7bit", "us-ascii", STR("") },
	{ STR("hello"), "7bit", "us-ascii", STR("hello\r\n") },
	{ STR("a\nb\r\n"), "7bit", "us-ascii", STR("a\r\nb\r\n") },
	{ STR("From me\n"), "quoted-printable", "us-ascii",
	    STR("=46rom me\r\n") },
	{ STR(".\n"), "7bit", "us-ascii", STR(".\r\n") },
	{ STR("gr\303\274n ist die Heide\n"), "quoted-printable", "utf-8",
	    STR("gr=C3=BCn ist die Heide\r\n") },
	{ STR("\316\261\316\262\316\263\n"), "base64", "utf-8",
	    STR("zrHOss6zDQo=\r\n") },
	{ STR("gr\374n ist die Heide\n"), "quoted-printable", "unknown-8bit",
	    STR("gr=FCn ist die Heide\r\n") },
	{ STR("hello\rthere\n"), "quoted-printable", "us-ascii",
	    STR("hello=0Dthere\r\n") },
	{ STR("hello\0there\n"), "quoted-printable", "us-ascii",
	    STR("hello=00there\r\n") }
};

static void
test_bodies(void)
{
	struct mime_mail mail = MIME_MAIL_INIT;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct str v, h;
	struct buf b;
	struct msg m;
	size_t i;

	for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		mail.text.mem = bodies[i].text;
		is_int(mime_compose(&m, &a, &mail, &e), 0, "body %zu", i);
		b = text_of(&m);
		h = msg_head(&m);
		ok(str_eq(str_from(BUF_STR(b), h.n + 2), bodies[i].body),
		    "body %zu is encoded", i);
		msg_field(&m, "Content-Transfer-Encoding", &v);
		ok(str_is(str_trim(v), bodies[i].encoding), "and says so");
		msg_field(&m, "Content-Type", &v);
		ok(memmem(v.p, v.n, bodies[i].charset,
		    strlen(bodies[i].charset)) != NULL, "and its charset");
		buf_free(&b);
		msg_close(&m);
	}
	mail.eight = true;
	mail.text.mem = STR("gr\303\274n\n");
	mime_compose(&m, &a, &mail, &e);
	ok(m.eight && m.size == msg_head(&m).n + 2 + 7, "8bit when asked");
	msg_close(&m);
	arena_free(&a);
}

static const char *const refused[] = {
	"Bcc: a@b.org", "bcc : a@b.org", "Resent-Bcc: x", "Content-Type: x/y",
	"MIME-Version: 1.0", "Subject: again", "X", "X y: z", ": z", "",
	"X: a\nBcc: b", "X: a\r", "To: J\303\266 <a@b.org>"
};

static void
test_extra(void)
{
	struct mime_mail mail = MIME_MAIL_INIT;
	struct mime_addr from = { STR(""), STR("jo@example.org") };
	const char *one[] = { "X-A: b", "Date: today", "X-A: \303\274" };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	struct buf b;
	size_t i;

	mail.subject = STR("s");
	mail.from = (struct mime_addrs){ &from, 1 };
	mail.fields = one;
	mail.nfields = 3;
	is_int(mime_compose(&m, &a, &mail, &e), 0, "more fields");
	b = text_of(&m);
	ok(strstr(b.p, "\r\nX-A: b\r\nDate: today\r\n"
	    "X-A: =?utf-8?B?w7w=?=\r\n") != NULL, "are there");
	ok(strstr(b.p, "Date: Thu") == NULL, "and replace ours");
	ok(strstr(b.p, "@example.org>\r\n") != NULL, "domain of Message-ID");
	buf_free(&b);
	msg_close(&m);
	mail.nfields = 1;
	for (i = 0; i < sizeof refused / sizeof *refused; i++) {
		one[0] = refused[i];
		ok(mime_compose(&m, &a, &mail, &e) == -1 &&
		    e.code == EX_USAGE, "extra %zu: %s", i, e.code == EX_USAGE ?
		    "refused" : "passed");
		fail_clear(&e);
	}
	arena_free(&a);
}

static void
test_files(void)
{
	static const char *const types[][2] = {
		{ "a.pdf", "application/pdf" }, { "A.PDF", "application/pdf" },
		{ "a.tar.gz", "application/gzip" }, { "pdf", NULL },
		{ ".pdf", NULL }, { "a.xyz", NULL }, { "", NULL },
		{ "a.", NULL }
	};
	struct mime_mail mail = MIME_MAIL_INIT;
	struct mime_file f = { .path = "/nonexistent/a.pdf" };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	const char *t;
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++) {
		t = mime_type(str_of(types[i][0]));
		is_str(t, types[i][1], "type of \"%s\"", types[i][0]);
	}
	f = mime_file_arg(&a, "a:b:text/plain");
	ok(strcmp(f.path, "a:b") == 0 && strcmp(f.type, "text/plain") == 0,
	    "FILE:TYPE");
	f = mime_file_arg(&a, "a:b");
	ok(strcmp(f.path, "a:b") == 0 && f.type == NULL, "a:b is a file");
	f = mime_file_arg(&a, "a:b:text/csv:c:d.csv");
	ok(strcmp(f.path, "a:b") == 0 && strcmp(f.type, "text/csv") == 0 &&
	    strcmp(f.name, "c:d.csv") == 0, "FILE:TYPE:NAME");
	f = mime_file_arg(&a, "a:text/csv:x\ny");
	ok(f.type == NULL && f.name == NULL, "no name has a control byte");
	f = mime_file_arg(&a, "a:text/x-y; p=\"q:r\"");
	ok(strcmp(f.path, "a") == 0, "TYPE with a parameter");
	f = (struct mime_file){ .path = "/nonexistent/a.pdf" };
	mail.files = &f;
	mail.nfiles = 1;
	ok(mime_compose(&m, &a, &mail, &e) == -1 && e.code == EX_NOINPUT,
	    "a file that is not there");
	fail_clear(&e);
	f = (struct mime_file){ .path = "/", .type = "text/plain" };
	ok(mime_compose(&m, &a, &mail, &e) == -1 && e.code != 0,
	    "a directory: %s", e.msg);
	fail_clear(&e);
	f = (struct mime_file){ .path = "/dev/null", .type = "multipart/x" };
	ok(mime_compose(&m, &a, &mail, &e) == -1 && e.code == EX_USAGE,
	    "a multipart type: %s", e.msg);
	fail_clear(&e);
	f = (struct mime_file){ .path = "/dev/null", .type = "text/x\r\nA: b" };
	ok(mime_compose(&m, &a, &mail, &e) == -1 && e.code == EX_USAGE,
	    "a line end in a type");
	arena_free(&a);
}

static void
test_complete(void)
{
	struct mime_addr from = { STR("J\303\266"), STR("jo@example.org") };
	struct mime_mail mail = MIME_MAIL_INIT;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	struct buf b;
	int fd = file_of(STR("To: a\nBcc: b,\n c\nBCC :d\nResent-bcc: e\n"
	    "\nx\n"));

	mail.from = (struct mime_addrs){ &from, 1 };
	msg_scan(&m, &a, fd, 0, &e);
	close(fd);
	is_int(mime_complete(&m, &a, &mail, &e), 0, "completed");
	b = text_of(&m);
	ok(strncmp(b.p, "Date: ", 6) == 0 && strstr(b.p, "@example.org>\r\n"
	    "From: =?utf-8?B?SsO2?= <jo@example.org>\r\nTo: a\r\n\r\nx\r\n"),
	    "fields added, Bcc gone");
	buf_free(&b);
	is_int(mime_complete(&m, &a, &mail, &e), 0, "again");
	b = text_of(&m);
	ok(strstr(strstr(b.p, "Message-ID:") + 1, "Message-ID:") == NULL,
	    "changes nothing");
	buf_free(&b);
	msg_close(&m);
	arena_free(&a);
}

static void
test_ascii(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	int fd = file_of(STR("Subject: Cron\n <root@h> gr\303\274n\nX: y\n"
	    "To: J\303\266 <a@b.org>, \"K\303\266, x\" <c@d.org> (\303\266)\n"
	    "X-A: \374\n\nx\n"));

	msg_scan(&m, &a, fd, 0, &e);
	close(fd);
	ok(m.utf8, "8-bit header");
	mime_header_again(&m, &a, 0);
	is_str(arena_dup(&a, msg_head(&m)), "Subject: Cron <root@h> "
	    "=?utf-8?B?Z3LDvG4=?=\r\nX: y\r\nTo: =?utf-8?B?SsO2?= <a@b.org>, "
	    "=?utf-8?B?S8O2LCB4?= <c@d.org>\r\n"
	    "X-A: =?unknown-8bit?Q?=FC?=\r\n", "is encoded");
	ok(!m.utf8 && m.size == msg_head(&m).n + 5, "and 7-bit");
	msg_close(&m);
	fd = file_of(STR("To: \303\266@b.org\nSubject: \303\266\n\n"));
	msg_scan(&m, &a, fd, 0, &e);
	close(fd);
	mime_header_again(&m, &a, 0);
	is_str(arena_dup(&a, msg_head(&m)), "To: \303\266@b.org\r\n"
	    "Subject: =?utf-8?B?w7Y=?=\r\n", "an address stays");
	ok(m.utf8, "and needs SMTPUTF8");
	msg_close(&m);
	arena_free(&a);
}

/* --- down-conversion --- */

#define MULTI "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
#define U "gr\303\274n and gr\303\274n again\n"
#define QU "gr=C3=BCn and gr=C3=BCn again"
#define Q QU "\r\n"

static const struct {
	const char *name;
	struct str in;
	const char *has[3], *not;
} down[] = {
	{ "no MIME at all", STR("A: b\n\n" U), { "A: b\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n" Q }, NULL },
	{ "no header", STR("\n" U), { "\r\n\r\n" Q }, NULL },
	{ "not UTF-8", STR("A: b\n\ngr\374n ist die Heide\n"),
	    { "charset=unknown-8bit", "\r\n\r\ngr=FCn ist" }, NULL },
	{ "8bit label", STR("Content-transfer-encoding : 8BIT (yes)\n"
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	    "X: y\n\n" U), { "\r\nX: y\r\nContent-Transfer-Encoding: "
	    "quoted-printable\r\n\r\n" Q }, "8BIT" },
	{ "text that is shorter in base64", STR("A: b\n\n"
	    "\316\261\316\262\316\263\316\261\316\262\316\263\316\261\n"),
	    { "Transfer-Encoding: base64\r\n\r\nzrHOss6zzrHOss6zzrENCg==\r\n" },
	    NULL },
	{ "no text", STR("MIME-Version: 1.0\nContent-Type: image/png\n\n"
	    "\303\274\n"), { "Transfer-Encoding: base64\r\n\r\nw7wNCg==\r\n" },
	    NULL },
	{ "parts", STR(MULTI "--b\n\n" U "--b\nContent-Type: image/x\n\n"
	    "\303\274\n\n--b\n\nclean\n--b--\n"),
	    { "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-"
	    "Transfer-Encoding: quoted-printable\r\n\r\n" Q
	    "--b\r\n", "\r\n\r\nw7wNCg==\r\n--b\r\n\r\nclean\r\n--b--\r\n" },
	    NULL },
	{ "the multipart's own label", STR("Content-Transfer-Encoding: 8bit\n"
	    MULTI "--b\nContent-Transfer-Encoding: 8bit\n\nclean\n--b--\n"),
	    { "boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--b\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n\r\nclean\r\n--b--\r\n" },
	    "8bit" },
	{ "nested, the inner one not closed", STR(MULTI "--b\nContent-Type: "
	    "multipart/alternative;\n boundary=\"b c\"\n\n--b c\n\n" U
	    "--b\n\n" U "--b--\n"),
	    { "--b c\r\nContent-Type: text/plain; charset=utf-8\r\nContent-"
	    "Transfer-Encoding: quoted-printable\r\n\r\n" Q
	    "--b\r\nContent-Type" }, NULL },
	{ "boundary with comments and quotes", STR("Content-Type: (x) multi"
	    "part/mixed (y); a=\"; boundary=z\"; BOUNDARY = (c) \"b\\\"\" ; x"
	    "\n\n--b\" \t\n\n" U "--b\"--\n"), { "\r\n\r\n--b\" \t\r\nContent-"
	    "Type", Q "--b\"--\r\n" }, NULL },
	{ "preamble and epilogue", STR(MULTI "clean\n" U "--b\n\nx\n--b--\n"
	    "tail\n" U), { "\r\n\r\nclean\r\n--b\r\n\r\nx\r\n--b--\r\ntail\r\n" },
	    "gr" },
	{ "a message in it", STR(MULTI "--b\nContent-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 8bit\n\nSubject: s\n\n" U "--b--\n"),
	    { "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	    "Subject: s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    Q "--b--\r\n" }, "8bit" },
	{ "a digest", STR("Content-Type: multipart/digest; boundary=b\n\n"
	    "--b\n\nSubject: s\n\n" U "--b--\n"), { "--b\r\n\r\nSubject: s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n" }, NULL },
	{ "signed and clean beside 8-bit", STR(MULTI "--b\nContent-Type: "
	    "multipart/signed; boundary=s\n\n--s\nContent-Transfer-Encoding: "
	    "8bit\n\nclean\n--s--\n--b\n\n" U "--b--\n"),
	    { "--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nclean\r\n--s--\r\n"
	    "--b\r\n", Q }, NULL },
	{ "a header without body", STR(MULTI "--b\nX: y\n--b\n\n" U "--b--\n"),
	    { "--b\r\nX: y\r\n--b\r\n", Q "--b--" }, NULL },
	{ "no closing boundary", STR(MULTI "--b\n\n" U),
	    { "\r\n\r\n" Q }, NULL },
	{ "bare CR and NUL", STR("A: b\n\nhello there\rhello\0\n"),
	    { "charset=us-ascii\r\nContent-Transfer-Encoding: quoted-printable"
	    "\r\n\r\nhello there=0Dhello=00\r\n" }, NULL },
	{ "a boundary that is longer", STR(MULTI "--b\n\n--bb\n" U "--b--\n"),
	    { "\r\n\r\n--bb\r\n" Q "--b--\r\n" }, NULL },
	{ "multiparts: CTE of base64 stays", STR(MULTI "--b\n"
	    "Content-Transfer-Encoding: base64\n\nw7w=\n--b\n\n" U "--b--"),
	    { "base64\r\n\r\nw7w=\r\n--b\r\n" }, NULL }
};

/* A character of several bytes, cut wherever a block of a long line ends. */
static void
test_down_blocks(void)
{
	static const struct {
		const char *letter, *last, *charset;
	} rows[] = {
		{ "\xc3\xbc", "", "utf-8" },
		{ "\xe2\x82\xac", "", "utf-8" },
		{ "\xf0\x9f\x93\xa8", "", "utf-8" },
		{ "\xe2\x82\xac", "\xe2\x82", "unknown-8bit" },
		{ "\xe2\x82\xac", "\xe2\x82x", "unknown-8bit" },
		{ "\xc3\xbc", "\xfc", "unknown-8bit" },
	};
	size_t i, k, shift;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		for (shift = 0; shift < 4; shift++) {
			struct arena a = { 0 };
			struct err e = { 0 };
			struct buf in = { 0 }, b;
			struct msg m, to;
			int fd;

			buf_s(&in, "Subject: x\n\n");
			for (k = 0; k < shift; k++)
				buf_c(&in, 'x');
			for (k = 0; k < 100000; k++)
				buf_s(&in, rows[i].letter);
			buf_s(&in, rows[i].last);
			buf_c(&in, '\n');
			fd = file_of(BUF_STR(in));
			msg_scan(&m, &a, fd, MSG_ODD, &e);
			close(fd);
			is_int(mime_downgrade(&m, &to, &a, 0, &e), 0, "row %zu, %zu",
			    i, shift);
			msg_close(&m);
			b = text_of(&to);
			ok(strstr(b.p, rows[i].charset) != NULL, "%s",
			    rows[i].charset);
			msg_close(&to);
			buf_free(&b);
			buf_free(&in);
			arena_free(&a);
		}
}

static void
test_down(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m, to;
	struct buf b;
	size_t i, k;
	int fd;

	for (i = 0; i < sizeof down / sizeof *down; i++) {
		fd = file_of(down[i].in);
		msg_scan(&m, &a, fd, MSG_ODD, &e);
		close(fd);
		if (!is_int(mime_downgrade(&m, &to, &a, 0, &e), 0, "%s",
		    down[i].name)) {
			diag("%s", e.msg);
			fail_clear(&e);
			msg_close(&m);
			continue;
		}
		msg_close(&m);
		b = text_of(&to);
		ok(str_ascii(BUF_STR(b)) && !to.eight && !to.odd && !to.utf8,
		    "is 7-bit");
		for (k = 0; k < 3 && down[i].has[k] != NULL; k++)
			if (!ok(strstr(b.p, down[i].has[k]) != NULL,
			    "has %zu", k))
				diag("%s", b.p);
		ok(down[i].not == NULL || strstr(b.p, down[i].not) == NULL,
		    "has it not");
		buf_free(&b);
		msg_close(&to);
	}
	arena_free(&a);
}

static const struct {
	const char *name;
	struct str in;
} never[] = {
	{ "8-bit header", STR("A: \303\274\n\nx\n") },
	{ "8-bit header of a part", STR(MULTI "--b\nA: \303\274\n\nx\n--b--") },
	{ "NUL in the header of a part", STR(MULTI "--b\nA: \0\n\nx\n--b--") },
	{ "CR in the header of a part", STR(MULTI "--b\nA: \rx\n\nx\n--b--") },
	{ "8-bit in signed", STR("Content-Type: multipart/signed; boundary=b"
	    "\n\n--b\n\n" U "--b--\n") },
	{ "8-bit deep in signed", STR("Content-Type: multipart/signed; "
	    "boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n"
	    "--c\n\n" U "--c--\n--b--\n") },
	{ "8-bit in encrypted", STR("Content-Type: multipart/encrypted; "
	    "boundary=b\n\n--b\n\n" U "--b--\n") },
	{ "8-bit preamble of signed", STR("Content-Type: multipart/signed; "
	    "boundary=b\n\n" U "--b\n\n--b--\n") },
	{ "8-bit in quoted-printable", STR("Content-Transfer-Encoding: "
	    "quoted-printable\n\n" U) },
	{ "8-bit in a partial message", STR("Content-Type: message/partial"
	    "\n\n" U) },
	{ "multipart without boundary", STR("Content-Type: multipart/mixed"
	    "\n\n" U) }
};

static void
test_never(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 };
	struct msg m, to;
	size_t i;
	int fd;

	for (i = 0; i < sizeof never / sizeof *never; i++) {
		fd = file_of(never[i].in);
		msg_scan(&m, &a, fd, MSG_ODD, &e);
		ok(mime_downgrade(&m, &to, &a, 0, &e) == -1 &&
		    e.code == EX_DATAERR, "%s: %s", never[i].name, e.msg);
		fail_clear(&e);
		msg_close(&m);
		close(fd);
	}
	for (i = 0; i < 101; i++)
		buf_printf(&b, "Content-Type: multipart/mixed; boundary=%zu\n\n"
		    "--%zu\n", i, i);
	buf_s(&b, "\n" U);
	fd = file_of(BUF_STR(b));
	msg_scan(&m, &a, fd, 0, &e);
	ok(mime_downgrade(&m, &to, &a, 0, &e) == -1 && e.code == EX_DATAERR,
	    "101 levels: %s", e.msg);
	fail_clear(&e);
	msg_close(&m);
	close(fd);
	fd = file_of(str_from(BUF_STR(b), strlen("Content-Type: multipart/mixed;"
	    " boundary=0\n\n--0\n")));
	msg_scan(&m, &a, fd, 0, &e);
	is_int(mime_downgrade(&m, &to, &a, 0, &e), 0, "100 levels");
	msg_close(&m);
	msg_close(&to);
	close(fd);
	buf_free(&b);
	arena_free(&a);
}

#define TEN "xxxxxxxxx "
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
    HUNDRED HUNDRED HUNDRED
#define TEN4 "AAECAwQFBgcI"
#define B64LINE TEN4 TEN4 TEN4 TEN4 TEN4 TEN4 TEN4 TEN4 TEN4 TEN4
#define B64LONG B64LINE B64LINE B64LINE B64LINE B64LINE B64LINE B64LINE \
    B64LINE B64LINE B64LINE

/* What a daemon pipes in is mended, whatever it is. */
static const struct {
	const char *name;
	struct str in;
	const char *has[3], *not;
} mends[] = {
	{ "CR and NUL in the header", STR("Subject: 1%\r2%\0\n\nx\n"),
	    { "Subject: 1% 2% \r\n" }, NULL },
	{ "CR alone", STR("Subject: 1%\r2\n\nx\n"), { "Subject: 1% 2\r\n" },
	    NULL },
	{ "a quote in a file's name", STR("Content-Disposition: attachment; "
	    "filename=\"a\\\"; b\303\266\"\n\nx\n"),
	    { "attachment; filename*=utf-8''a%22%3B%20b%C3%B6\r\n" }, NULL },
	{ "a long one", STR("Content-Disposition: attachment; filename="
	    B64LONG "\n\nx\n"), { "filename*0*=utf-8''AAEC" }, NULL },
	{ "a comment is the name", STR("From: root@h.x (J\303\266)\n\nx\n"),
	    { "From: =?utf-8?B?SsO2?= <root@h.x>\r\n" }, NULL },
	{ "an encoded name stays", STR("To: =?utf-8?Q?J=C3=B6?= <a@b.c>,"
	    " J\303\266 <d@e.f>\n\nx\n"),
	    { "To: =?utf-8?Q?J=C3=B6?= <a@b.c>, =?utf-8?B?SsO2?= <d@e.f>\r\n" },
	    NULL },
	{ "unless it is more than a name", STR("To: \"=?utf-8?Q?J?=, x\" "
	    "<a@b.c>, J\303\266 <d@e.f>\n\nx\n"),
	    { "=?utf-8?B?SsO2?= <d@e.f>\r\n" }, "=?utf-8?Q?J?=," },
	{ "an encoded word stays", STR("Subject: =?utf-8?Q?J=C3=B6?= and "
	    "\303\266\n\nx\n"),
	    { "Subject: =?utf-8?Q?J=C3=B6?= and =?utf-8?B?w7Y=?=\r\n" }, NULL },
	{ "no list of addresses", STR("To: J\303\266 <a..b@c>\n\nx\n"),
	    { "To: =?utf-8?B?SsO2?= <a..b@c>\r\n" }, NULL },
	{ "a file's name", STR("Content-Type: text/plain; charset=utf-8; "
	    "name=\"Gr\303\266\303\237e; 1\"\n\nx\n"),
	    { "Content-Type: text/plain;\r\n charset=utf-8; "
	    "name*=utf-8''Gr%C3%B6%C3%9Fe%3B%201\r\n" }, NULL },
	{ "a parameter of RFC 2231 stays", STR("Content-Type: text/plain; "
	    "a*=utf-8''x%20y; b=\374\n\nx\n"),
	    { "a*=utf-8''x%20y; b*=unknown-8bit''%FC\r\n" }, NULL },
	{ "no place for text", STR("Message-ID: <\374@h>\n\nx\n"),
	    { "Message-ID: <?@h>\r\n" }, NULL },
	{ "a long line with blanks", STR("Subject: " THOUSAND "\n\nx\n"),
	    { "Subject: xxxxxxxxx xxx", "\r\n xxxxxxxxx" }, "=?" },
	{ "a long list", STR("To: a@b.c, " THOUSAND "<d@e.f>\n\nx\n"),
	    { "To: a@b.c, ", "<d@e.f>\r\n" }, NULL },
	{ "a long word", STR("X-A: " B64LONG "\nX-B: b\n\nx\n"),
	    { "X-A: =?utf-8?Q?AAEC", "\r\nX-B: b\r\n" }, NULL },
	{ "a long word where none can be", STR("References: <" B64LONG ">\n"
	    "X-B: b\n\nx\n"), { "X-B: b\r\n" }, "References" },
	{ "in the header of a part", STR(MULTI "--b\nContent-Type: text/plain;"
	    " name=\374\n\n" U "--b--\n"), { "--b\r\nContent-Type: "
	    "text/plain; name*=unknown-8bit''%FC\r\n", Q }, NULL },
	{ "NUL and CR there", STR(MULTI "--b\nX: 1\r2\0\n\nx\n--b--\n"),
	    { "--b\r\nX: 1 2\r\n\r\nx\r\n--b--\r\n" }, NULL },
	{ "a long line there", STR(MULTI "--b\nX: " THOUSAND "\n\nx\n--b--\n"),
	    { "--b\r\nX: xxxxxxxxx ", "xxx\r\n\r\nx\r\n--b--\r\n" }, NULL },
	{ "base64 in one line", STR(MULTI "--b\nContent-Transfer-Encoding: "
	    "base64\n\n" B64LONG "==\n--b--\n"),
	    { "base64\r\n\r\n" TEN4 TEN4 TEN4 TEN4 TEN4 TEN4 "AAEC\r\nAwQF",
	    "==\r\n--b--\r\n" }, NULL },
	{ "base64 with noise", STR("Content-Transfer-Encoding: BASE64\n\n"
	    "AA\374EC\0\nAwQF\n"), { "BASE64\r\n\r\nAAEC\r\nAwQF\r\n" },
	    NULL },
	{ "8-bit in quoted-printable", STR("Content-Transfer-Encoding: "
	    "quoted-printable\n\ngr\303\274n =3D\rx=\n\0\n"),
	    { "quoted-printable\r\n\r\ngr=C3=BCn =3D=0Dx=\r\n=00\r\n" },
	    NULL },
	{ "a long line of it", STR("Content-Transfer-Encoding: "
	    "quoted-printable\n\n" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
	    HUNDRED HUNDRED HUNDRED HUNDRED "=3D" HUNDRED "\n"),
	    { " =3D=\r\nxxxxxxxxx " }, NULL },
	{ "a multipart without boundary", STR("Content-Type: multipart/mixed"
	    "\n\n" U), { "text/plain; charset=utf-8\r\n", Q }, "multipart" },
};

static void
test_mended(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m, to;
	struct msg_look look;
	struct buf b;
	size_t i, k;
	int fd;

	for (i = 0; i < sizeof mends / sizeof *mends; i++) {
		fd = file_of(mends[i].in);
		msg_scan(&m, &a, fd, MSG_ODD | MSG_MEND, &e);
		close(fd);
		mime_header_again(&m, &a, MIME_FORCE);
		if (!is_int(mime_downgrade(&m, &to, &a, MIME_FORCE, &e), 0,
		    "mended: %s", mends[i].name)) {
			diag("%s", e.msg);
			fail_clear(&e);
			msg_close(&m);
			continue;
		}
		msg_close(&m);
		b = text_of(&to);
		look = (struct msg_look){ 0 };
		msg_look(&look, b.p, b.n);
		msg_look(&look, "", 0);
		ok(!look.eight && look.odd == NULL && b.n == to.size,
		    "is fit for the wire");
		for (k = 0; k < 3 && mends[i].has[k] != NULL; k++)
			if (!ok(strstr(b.p, mends[i].has[k]) != NULL,
			    "has %zu", k))
				diag("%s", b.p);
		if (!ok(mends[i].not == NULL || strstr(b.p, mends[i].not) ==
		    NULL, "has it not"))
			diag("%s", b.p);
		buf_free(&b);
		msg_close(&to);
	}
	is_str(mime_head_again(STR("To: j\303\274@b.c\r\n"), &a, MIME_FORCE).p,
	    "To: j\303\274@b.c\r\n", "an address is not encoded");
	is_str(mime_head_again(STR("Subject: a\374aaa \303\274\r\n"), &a,
	    MIME_UTF8).p, "Subject: =?unknown-8bit?Q?a=FCaaa?= \303\274\r\n",
	    "what is no UTF-8 is, with SMTPUTF8, too");
	for (i = 4; i < 8; i++) {	/* of never: signed and encrypted */
		fd = file_of(never[i].in);
		msg_scan(&m, &a, fd, MSG_ODD | MSG_MEND, &e);
		close(fd);
		ok(mime_downgrade(&m, &to, &a, MIME_FORCE, &e) == -1 &&
		    e.code == EX_DATAERR, "not mended: %s", never[i].name);
		fail_clear(&e);
		msg_close(&m);
	}
	arena_free(&a);
}

/* A line longer than a buffer, its end at every place around a block's. */
static void
test_down_long(void)
{
	static const char before[] = MULTI "--b\n\n";
	static const size_t sizes[] = { 1400, 32768, 65536, 98304, 131072,
	    1000000 };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 }, got;
	struct msg m, to;
	size_t i, n, d;
	int fd;

	for (i = 0; i < 6; i++)
		for (d = 0; d < 7; d++) {
			b.n = 0;
			/* five lines before it get a CR each */
			n = sizes[i] + d - 4 - (sizeof before - 1 + 5);
			buf_s(&b, before);
			memset(buf_room(&b, n), 'x', n);
			b.n += n;
			buf_s(&b, "\nend\n--b--\n");
			fd = file_of(BUF_STR(b));
			msg_scan(&m, &a, fd, MSG_ODD, &e);
			close(fd);
			if (mime_downgrade(&m, &to, &a, 0, &e) < 0)
				diag("%s", e.msg);
			got = text_of(&to);
			ok(strstr(got.p, "\r\nend\r\n--b--\r\n") != NULL &&
			    strstr(got.p, "us-ascii\r\nContent-Transfer-"
			    "Encoding: quoted-printable\r\n\r\nxxx") != NULL,
			    "a line of %zu", n);
			buf_free(&got);
			msg_close(&m);
			msg_close(&to);
		}
	buf_free(&b);
	arena_free(&a);
}

/* --- the helper --- */

static void
print(const struct msg *m)
{
	static char out[65536];
	struct err e = { 0 };
	ssize_t n;

	msg_start(&reader, m);
	while ((n = msg_read(&reader, out, sizeof out, &e)) > 0)
		if (file_write(STDOUT_FILENO, out, (size_t)n, &e) < 0)
			break;
	if (e.code != 0) {
		fail_print("%s", e.msg);
		exit(e.code);
	}
}

static struct mime_addr
person(char *s)
{
	char *bar = strchr(s, '|');

	if (bar == NULL)
		return (struct mime_addr){ STR(""), str_of(s) };
	*bar = '\0';
	return (struct mime_addr){ str_of(s), str_of(bar + 1) };
}

static int
must_open(const char *path)
{
	struct err e = { 0 };
	int fd = file_open(path, &e);

	if (fd < 0) {
		fail_print("%s", e.msg);
		exit(e.code);
	}
	return fd;
}

static int
helper_compose(char **arg)
{
	struct mime_mail mail = MIME_MAIL_INIT;
	static struct mime_addr from[9], to[99], cc[99];
	static struct mime_file files[99], inlines[99];
	static const char *more[99];
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	char *v;

	mail.from.p = from;
	mail.to.p = to;
	mail.cc.p = cc;
	mail.fields = more;
	mail.files = files;
	mail.inlines = inlines;
	mail.date = 1751360700;
	for (; *arg != NULL; arg++) {
		v = strchr(*arg, '=') + 1;
		v[-1] = '\0';
#define KEY(k) (strcmp(*arg, k) == 0)
		if (KEY("from"))
			from[mail.from.n++] = person(v);
		else if (KEY("to"))
			to[mail.to.n++] = person(v);
		else if (KEY("cc"))
			cc[mail.cc.n++] = person(v);
		else if (KEY("subject"))
			mail.subject = str_of(v);
		else if (KEY("field"))
			more[mail.nfields++] = v;
		else if (KEY("text"))
			mail.text.fd = must_open(v);
		else if (KEY("html"))
			mail.html.fd = must_open(v);
		else if (KEY("inline"))
			inlines[mail.ninlines++] = mime_file_arg(&a, v);
		else if (KEY("file"))
			files[mail.nfiles++] = mime_file_arg(&a, v);
		else if (KEY("utf8"))
			mail.utf8 = true;
		else if (KEY("eight"))
			mail.eight = true;
	}
	if (mime_compose(&m, &a, &mail, &e) == 0)
		print(&m);
	else
		fail_print("%s", e.msg);
	msg_close(&m);
	arena_free(&a);
	return e.code;
}

static int
helper_down(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m, to = { 0 };

	if (msg_scan(&m, &a, STDIN_FILENO, MSG_ODD, &e) == 0 &&
	    mime_downgrade(&m, &to, &a, 0, &e) == 0)
		print(&to);
	else
		fail_print("%s", e.msg);
	msg_close(&m);
	msg_close(&to);
	arena_free(&a);
	return e.code;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "compose") == 0)
		return helper_compose(argv + 2);
	if (argc > 1 && strcmp(argv[1], "down") == 0)
		return helper_down();
	test_fields();
	test_people();
	test_folding();
	test_params();
	test_bodies();
	test_extra();
	test_files();
	test_complete();
	test_ascii();
	test_down();
	test_down_blocks();
	test_never();
	test_mended();
	test_down_long();
	return done();
}
