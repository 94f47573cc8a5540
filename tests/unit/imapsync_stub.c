/* imapsync_stub.c: stubs, made and read back, and what only looks like one */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "stub.h"
#include "tap.h"

static struct err e;

/* A file of these bytes, at its beginning. */
static int
file_of(const char *p, size_t n)
{
	char path[] = "/tmp/stub.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	if (fd < 0 || file_write(fd, p, n, &e) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static int
is_stub(const char *text)
{
	int fd = file_of(text, strlen(text)), got = stub_is(fd, &e);

	close(fd);
	return got;
}

static void
bytes(void)
{
	static const char header[] = "From: a\r\nMIME-Version: 1.0\r\n"
	    "Subject: x\r\n y\r\ncontent-TYPE: text/plain;\r\n\tcharset=x\r\n"
	    "Contents: no\r\nTo: b\r\n\r\n";
	struct stub s = { .user = "jo@x", .host = "mx", .box = "A/b c%é~._-",
	    .uidvalidity = 7, .uid = 9, .size = 1234 };
	struct buf out = { .max = 1 << 16 };

	stub_make(&out, &s, str_of(header));
	buf_c(&out, '\0');
	is_str(out.p, "MIME-Version: 1.0\r\nContent-Type: message/external-body; x-postbag=stub;\r\n\taccess-type=URL; URL=\"imap://jo%40x@mx/A/b%20c%25%C3%A9~._-;UIDVALIDITY=7/;UID=9\";\r\n\tsize=1234\r\n"
	    "From: a\r\nSubject: x\r\n y\r\nContents: no\r\nTo: b\r\n\r\n"
	    "MIME-Version: 1.0\r\ncontent-TYPE: text/plain;\r\n\tcharset=x\r\nContent-ID: <7.9@postbag.invalid>\r\n\r\n",
	    "the bytes of a stub");
	out.n = 0;
	s = (struct stub){ .host = "mx", .box = "a", .uidvalidity = 1, .uid = 2 };
	stub_make(&out, &s, STR("Content-ID: <own>\r\nA: b"));
	buf_c(&out, '\0');
	is_str(out.p, "MIME-Version: 1.0\r\nContent-Type: message/external-body; x-postbag=stub;\r\n\taccess-type=URL; URL=\"imap://mx/a;UIDVALIDITY=1/;UID=2\"\r\n"
	    "A: b\r\n\r\nContent-ID: <own>\r\n\r\n",
	    "no user, no size, its own Content-ID, a line that does not end");
	buf_free(&out);
}

/* Made, read, and summed. */
static void
there_and_back(void)
{
	static const struct stub v[] = {
	{ "jo", "mx.example.org", "INBOX", 1, 1, 1 },
	{ "jo@x.org", "mx:993", "a/b", 4294967295, 4096, 4294967295 },
	{ NULL, "h", "%", 5, 0, 7 },
	{ "%41", "h", "%4", 5, 1, 7 },
	{ "a/b;c\"", "h", "x;UID=3\" y", 5, 1, 7 },
	{ "ü", "h", "Entwürfe/~ä._-", 18446744073709551615u, 9, 7 },
	};
	static const char *const header[] = {
	    "", "A: b\r\n\r\n", "A: b\r\n\t\r\nContent-Type: x\r\n\r\n",
	    ("Content-ID: <123456789@x.example.org>\r\nMIME-Version: 1.0\r\nB: c\r\n"
	    "Content-Base: <x@postbag.invalid>\r\n"),
	    "A: b\nContent-Type: x\n\n",
	};
	unsigned char here[32], there[32];
	struct stub s;
	struct arena a = { 0 };
	struct buf out = { .max = 1 << 16 };
	size_t i;
	int fd;

	for (i = 0; i < 6; i++) {
		out.n = 0;
		stub_make(&out, &v[i], str_of(header[i % 5]));
		fd = file_of(out.p, out.n);
		is_int(stub_read(fd, &s, &a, &e), 1, "%zu is one", i);
		ok((v[i].user == NULL) == (s.user == NULL) &&
		    (s.user == NULL || strcmp(s.user, v[i].user) == 0) &&
		    s.host != NULL && strcmp(s.host, v[i].host) == 0 &&
		    strcmp(s.box, v[i].box) == 0, "its user, host and box");
		ok(s.uidvalidity == v[i].uidvalidity && s.uid == v[i].uid &&
		    s.size == v[i].size, "and its numbers");
		lseek(fd, 0, SEEK_SET);
		ok(stub_sum(fd, here) && stub_sum_header(str_of(header[i % 5]),
		    there) && memcmp(here, there, 32) == 0,
		    "the sum of its header");
		close(fd);
	}
	ok(stub_sum_header(STR("A: c\r\n\r\n"), there) &&
	    stub_sum_header(STR("A: b\r\n\r\n"), here) &&
	    memcmp(here, there, 32) != 0, "not that of another");
	ok(stub_sum_header(STR("A: b\n\n"), there) &&
	    memcmp(here, there, 32) == 0, "with whichever line ends");
	buf_free(&out);
	arena_free(&a);
}

#define STR_BYTES(s) s, sizeof s - 1
#define SAYS "Content-Type: message/external-body; x-postbag=stub;"

static void
others(void)
{
	static const struct {
		const char *text;
		int is;
		const char *what;
	} c[] = {
	{ "", 0, "nothing" },
	{ SAYS "\n\n", 1, "the field" },
	{ "A: b\n" SAYS "\n\n", 1, "behind another" },
	{ "A: b\n" SAYS, 1, "that does not end" },
	{ "\n" SAYS "\n\n", 0, "in the body" },
	{ "A: b\r\n\r\n" SAYS "\n\n", 0, "in the body, with CR" },
	{ "A: b\n\t" SAYS "\n\n", 0, "in a fold" },
	{ "Content-type:message/EXTERNAL-body;\n x-postbag=stub\n\n", 1,
	    "otherwise written" },
	{ "Content-Type: message/external-body; access-type=URL\n\n", 0,
	    "of somebody else" },
	{ "Content-Type: text/plain; x-postbag=stub\n\n", 0, "of another type" },
	{ "Content-Description: message/external-body; x-postbag=stub\n\n", 0,
	    "that is said of a part" },
	{ "X-Type: message/external-body; x-postbag=stub\n\n", 0,
	    "of another field" },
	};
	static const struct {
		const char *text;
		bool host;
		uint32_t uid;
	} odd[] = {
	{ SAYS " URL=\"imap://h/a;UIDVALIDITY=1/;UID=2\"", true, 2 },
	{ SAYS " URL=\"imap:///a;UIDVALIDITY=1/;UID=2\"", false, 0 },
	{ SAYS " URL=\"imap://h/;UIDVALIDITY=1/;UID=2\"", false, 0 },
	{ SAYS " URL=\"imap://h/a;UID=2\"", false, 0 },
	{ SAYS " URL=\"imap://h/a;UIDVALIDITY=1/\"", false, 0 },
	{ SAYS " URL=\"imap://h/a;UIDVALIDITY=1/;UID=4294967297\"", true, 0 },
	{ SAYS " URL=\"pop://h/a;UIDVALIDITY=1/;UID=2\"", false, 0 },
	{ SAYS, false, 0 },
	};
	struct arena a = { 0 };
	struct stub s;
	size_t i;
	int fd;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int(is_stub(c[i].text), c[i].is, "%s", c[i].what);
	for (i = 0; i < sizeof odd / sizeof *odd; i++) {
		fd = file_of(odd[i].text, strlen(odd[i].text));
		is_int(stub_read(fd, &s, &a, &e), 1, "a URL, %zu", i);
		ok((s.host != NULL) == odd[i].host && (s.host == NULL ||
		    s.uid == odd[i].uid), "what it says");
		close(fd);
	}
	fd = file_of(STR_BYTES(SAYS " URL=\"imap://h/a%4g%zz%4;UIDVALIDITY=1/;UID=2\";\n\tsize=18446744073709551617\n\n"));
	is_int(stub_read(fd, &s, &a, &e), 1, "escapes that are none");
	is_str(s.box, "a%4g%zz%4", "stay as they are");
	ok(s.size == 0, "and a size that is no number is none");
	close(fd);
	arena_free(&a);
}

/* A header that is longer than what is read at once. */
static void
far_down(void)
{
	struct buf text = { .max = 1 << 22 };
	size_t n;
	int fd;

	for (n = 4000; n < 4200; n += 7) {
		text.n = 0;
		buf_printf(&text, "A: %0*d\n" SAYS "\n\nbody", (int)n, 0);
		fd = file_of(text.p, text.n);
		if (stub_is(fd, &e) != 1)
			is_int((long)n, 0, "behind so many bytes");
		close(fd);
	}
	is_int(e.code, 0, "behind a long field: %s", e.msg);
	buf_free(&text);
}

int
main(void)
{
	bytes();
	there_and_back();
	others();
	far_down();
	return done();
}
