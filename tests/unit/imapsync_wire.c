/* imapsync_wire.c: byte for byte there and back, however it comes in */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare.h"
#include "conn.h"
#include "fail.h"
#include "file.h"
#include "ident.h"
#include "str.h"
#include "tap.h"
#include "wire.h"

static uint32_t
dice(uint32_t n)
{
	static uint64_t x = 7;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(x >> 33) % n;
}

/* The rule, written down once more: slowly. */
static bool
convertible(struct str w)
{
	size_t i;

	for (i = 0; i < w.n; i++)
		if (w.p[i] == '\n' && (i == 0 || w.p[i - 1] != '\r' ||
		    (i > 1 && w.p[i - 2] == '\r')))
			return false;
	return true;
}

static void
reference(struct buf *b, struct str w)
{
	bool conv = convertible(w);
	size_t i;

	for (i = 0; i < w.n; i++)
		if (!conv || w.p[i] != '\r' || i + 1 == w.n ||
		    w.p[i + 1] != '\n')
			buf_c(b, w.p[i]);
}

static bool
restorable(struct str w)
{
	return memchr(w.p, '\n', w.n) == NULL ||
	    memmem(w.p, w.n, "\r\n", 2) != NULL;
}

static int
collect(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static void
slurp(int fd, struct buf *b)
{
	struct err e = { 0 };

	lseek(fd, 0, SEEK_SET);
	file_slurp(fd, b, &e);
}

/* In by pieces of at most step bytes (0: all at once), looked at, and out. */
static bool
travel(struct str w, size_t step)
{
	int fd = memfd_create("message", MFD_CLOEXEC);
	struct buf want = { .max = 1 << 24 }, file = { .max = 1 << 24 },
	    back = { .max = 1 << 24 };
	struct conn_sink sink = { collect, &back };
	struct intake t;
	struct outgo o, head;
	struct err e = { 0 };
	size_t i, n;
	bool good = true;

	reference(&want, w);
	intake_begin(&t, fd);
	for (i = 0; i < w.n && good; i += n) {
		n = step == 0 ? w.n : 1 + dice((uint32_t)step);
		n = n < w.n - i ? n : w.n - i;
		good = intake_put(&t, w.p + i, n, &e) == 0;
	}
	good = good && intake_end(&t, &e) == 0 && t.wire == w.n;
	slurp(fd, &file);
	good = good && str_eq(BUF_STR(file), BUF_STR(want));
	good = good && outgo_look(&o, fd, &e) == 0 &&
	    outgo_head(&head, fd, &e) == 0;
	good = good && o.ident == t.ident && head.ident == t.ident &&
	    t.ident == ident_of(w) && t.ident != 0;
	good = good && o.nul == (memchr(w.p, '\0', w.n) != NULL);
	good = good && outgo_send(&o, fd, &sink, &e) == 0 && o.wire == back.n;
	if (restorable(w))
		good = good && str_eq(BUF_STR(back), w);
	intake_free(&t);
	close(fd);
	buf_free(&want);
	buf_free(&file);
	buf_free(&back);
	return good;
}

static void
nasty(void)
{
#define MSG(s) { s, sizeof s - 1 }
	static const struct str c[] = {
		MSG(""), MSG("\n"), MSG("\r"), MSG("\r\n"), MSG("\r\r\n"),
		MSG("\r\r"), MSG("\n\r"), MSG("\r\n\r"), MSG("\r\n\n"),
		MSG("\n\r\n"), MSG("a"), MSG("a\r\nb"), MSG("a\nb"),
		MSG("a\r\nb\nc"), MSG("a\nb\r\nc"), MSG("a\rb\r\nc"),
		MSG("a\r\nb\r\r\nc"), MSG("a\r\r\r\n"), MSG("\r\n\r\r\nx"),
		MSG("Subject: x\r\n\r\nbody\r\n"),
		MSG("Subject: x\r\n\r\nbody"),
		MSG("Subject: x\r\n\r\nnul \0 here\r\n"),
		MSG("Subject: x\r\n\r\n8 bit \xff\xfe\r\n"),
		MSG("Subject: x\r\n\r\nbare \n lf\r\n"),
		MSG("Subject: x\r\n\r\nbare \r cr\r\n"),
		MSG("Subject: x\r\n\r\ntwo \r\r\n of them\r\n"),
		MSG("Subject: x\r\n\r\n\r"), MSG("\0"), MSG("\r\0\n"),
	};
#undef MSG
	size_t i, step;
	bool good;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		good = true;
		for (step = 0; step < 5; step++)
			good = good && travel(c[i], step);
		ok(good, "nasty %zu, in any pieces", i);
	}
}

static void
made_up(void)
{
	static const char *piece[] = { "\r\n", "\r\n", "\r\n", "\r\n", "\n",
	    "\r", "\r\r\n", "text", "From: a@b", "Subject: ", " ", "\t",
	    "\r\n\r\n", "\r\n ", ":", "x" };
	struct buf b = { .max = 1 << 20 };
	int i, bad = 0, raw = 0;
	size_t n;

	for (i = 0; i < 40000; i++) {
		buf_drop(&b, b.n);
		buf_s(&b, "");
		for (n = dice(14); n > 0; n--) {
			if (dice(30) == 0)
				buf_c(&b, (char)dice(256));
			else	/* half of them without what is odd */
				buf_s(&b, piece[i % 2 ? dice(16) : dice(4)]);
			if (i % 2 == 0)
				buf_s(&b, piece[7 + dice(7)]);
		}
		raw += !convertible(BUF_STR(b));
		if (!travel(BUF_STR(b), dice(6))) {
			bad++;
			tap_dump("failed", b.p, b.n);
		}
	}
	is_int(bad, 0, "made up: all there and back");
	ok(raw > 4000 && raw < 36000, "some are raw: %d", raw);
	buf_free(&b);
}

/* Something odd late: the file, longer than any buffer, is widened back. */
static void
late(void)
{
	static const char *odd[] = { "\n", "\r\r\n", "\r", "" };
	struct buf b = { .max = 1 << 24 };
	size_t i, k;
	bool good;

	for (i = 0; i < 4; i++) {
		buf_drop(&b, b.n);
		buf_s(&b, "Subject: late\r\n\r\n");
		while (b.n < 300000)
			for (k = dice(150), buf_s(&b, "\r\n"); k > 0; k--)
				buf_c(&b, (char)('a' + k % 26));
		buf_s(&b, odd[i]);
		buf_s(&b, "and on\r\n");
		good = travel(BUF_STR(b), 0) && travel(BUF_STR(b), 3) &&
		    travel(BUF_STR(b), 5000) && travel(BUF_STR(b), 100000);
		ok(good, "late %zu", i);
	}
	buf_drop(&b, b.n);
	for (i = 0; i < 1 << 20; i++)
		buf_c(&b, 'x');
	ok(travel(BUF_STR(b), 0) && travel(BUF_STR(b), 70000),
	    "a line of 1 MB");
	buf_s(&b, "\r\n\r");
	ok(travel(BUF_STR(b), 70000), "with an end, and a CR");
	for (i = 32760; i < 32772; i++) {	/* about a block's end */
		buf_drop(&b, b.n);
		buf_s(&b, "\r\n");
		while (b.n < i)
			buf_c(&b, 'x');
		buf_s(&b, "\rx\r\ny");
		good = travel(BUF_STR(b), 0);
		b.p[1] = 'x';
		b.p[0] = '\n';
		ok(good && travel(BUF_STR(b), 0), "a CR as byte %zu", i);
	}
	buf_free(&b);
}

static void
idents(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} c[] = {
		{ "Subject: x\r\n\r\n", "Subject: x\n\nbody\n", true },
		{ "Subject: x\r\n\r\n", "SUBJECT:x\r\n\r\n", true },
		{ "Subject: x\r\n\r\n", "Subject : \t x \r\n\r\n", true },
		{ "Subject: x\r\n\r\n", "Subject: y\r\n\r\n", false },
		{ "Subject: x\r\n\r\n", "Subject: x y\r\n\r\n", false },
		{ "Subject: x y\r\n\r\n", "Subject: x\r\n\ty\r\n\r\n", true },
		{ "Subject: x y\r\n\r\n", "Subject: xy\r\n\r\n", false },
		{ "Subject: x\r\nFrom: a\r\n", "From: a\r\nSubject: x\r\n",
		  true },
		{ "Subject: x\r\nFrom: a\r\n", "Subject: a\r\nFrom: x\r\n",
		  false },
		{ "To: z\r\nSubject: x\r\n z\r\nX: y\r\n\r\nhello",
		  "Subject: x\r\n z\r\n\r\n", true },
		{ "To: z\r\n folded\r\nDate: d\r\n\r\n", "Date: d\r\n\r\n",
		  true },
		{ "Subject: x\r\n\r\nFrom: body\r\n", "Subject: x\r\n\r\n",
		  true },
		{ "Subject: x\r\nSubject: y\r\n", "Subject: y\r\nSubject: x\r\n",
		  false },
		{ "Subject: x\r\nSubject: y\r\n", "Subject: xy\r\n", false },
		{ "Subject: \r\n", "", false },
		{ "Message-ID: <a@b>\r\n\r\n", "Message-Id: <a@b>\r\n", true },
		{ "Message-IDs: <a@b>\r\n\r\n", "\r\n", true },
		{ "Message-ID: <a@b>\r\n\r\n", "Message-ID: <a@c>\r\n", false },
		{ "no field\r\nDate: x\r\n", "Date: x\r\n", true },
		{ "Subject: a\rb\r\n", "Subject: ab\r\n", true },
		{ "Subject: x", "Subject: x\r\n\r\n", true },
	};
	static const char nul[] = "Subject: a\0b\r\n\r\n";
	static const char high[] = "Subject: a\x80" "b\r\n\r\n";
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int(ident_of(str_of(c[i].a)) ==
		    ident_of(str_of(c[i].b)), c[i].same, "ident %zu", i);
	ok(ident_of((struct str){ nul, sizeof nul - 1 }) ==
	    ident_of((struct str){ high, sizeof high - 1 }),
	    "NUL is what Dovecot makes of it");
	ok(ident_of(STR("")) != 0, "never 0");
}

/* By a Message-ID alone, and not by a field that has nothing in it. */
static void
sure(void)
{
	static const struct {
		const char *head;
		bool is;
	} c[] = {
		{ "Message-ID: <a@b>\r\n\r\n", true },
		{ "Subject: x\r\nMessage-ID:\r\n <a@b>\r\n\r\n", true },
		{ "Message-ID: \r\nSubject: x\r\n\r\n", false },
		{ "Subject: x\r\nFrom: y\r\nDate: z\r\n\r\n", false },
		{ "To: <a@b>\r\n\r\nMessage-ID: <a@b>\r\n", false },
		{ "", false },
	};
	char text[40];
	unsigned i, bad = 0;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int(ident_sure(ident_of(str_of(c[i].head))), c[i].is,
		    "sure %u", i);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "Subject: %u\r\n\r\n", i);
		bad += ident_sure(ident_of(str_of(text)));
	}
	is_int(bad, 0, "no other field makes it so");
}

static void
changed(void)
{
	int fd = memfd_create("message", MFD_CLOEXEC);
	struct buf b = { .max = 1 << 20 };
	struct conn_sink sink = { collect, &b };
	struct err e = { 0 };
	struct outgo o;
	unsigned char md[32], want[32];
	uint64_t size = 0;
	unsigned n;

	file_write(fd, "one\ntwo\n", 8, &e);
	outgo_look(&o, fd, &e);
	is_int(o.wire, 10, "10 bytes on the wire");
	ok(!o.verbatim && !o.nul, "with CR LF for LF");
	is_int(outgo_digest(&o, fd, md, &size, &e), 0, "its digest");
	EVP_Digest("one\ntwo\n", 8, want, &n, EVP_sha256(), NULL);
	is_mem(md, 32, want, 32, "is that of the wire, but for CR");
	is_int((int)size, 8, "and its size");
	file_write(fd, "more\n", 5, &e);
	is_int(outgo_send(&o, fd, &sink, &e), -1, "it grew");
	is_int(e.code, EX_TEMPFAIL, "for another try");
	ok(b.n <= 10, "no byte too many");
	e = (struct err){ 0 };
	is_int(ftruncate(fd, 4), 0, "it shrinks");
	is_int(outgo_send(&o, fd, &sink, &e), -1, "seen");
	e = (struct err){ 0 };
	lseek(fd, 0, SEEK_SET);
	file_write(fd, "on\r\ntwo\nx", 9, &e);
	is_int(outgo_send(&o, fd, &sink, &e), -1, "it has a CR LF by now");
	close(fd);
	buf_free(&b);
}

/* The message as other programs have it, and without what they added. */
static void
bare(void)
{
	static const struct {
		const char *with, *without;
	} c[] = {
		{ "A: b\r\n\r\nX-TUID: body\r\n", NULL },
		{ "X-TUID: abc\r\nA: b\r\n\r\nx", "A: b\r\n\r\nx" },
		{ "A: b\r\nx-tuid: abc\r\n\r\nx", "A: b\r\n\r\nx" },
		{ "A: b\r\nX-OfflineIMAP: 1\r\n 2\r\nC: d\r\n\r\nx",
		    "A: b\r\nC: d\r\n\r\nx" },
		{ "X-TUID: a\r\nA: b\r\n c\r\n\r\n",
		    "A: b\r\n c\r\n\r\n" },
		{ "x\r\nStatus: RO\r\n\r\n", "x\r\n\r\n" },
		{ "Status: RO\r\nX-Status: A\r\nX-UID: 7\r\n\r\n", "\r\n" },
		{ "X-Keywords: a\r\nX-IMAP: 1\r\nX-IMAPbase: 1 2\r\nX", "X" },
		{ "A: b\r\n\tX-TUID: a fold\r\n\r\n", NULL },
		{ "X-TUIDs: a\r\nStatusX: b\r\nStatus : c\r\n", NULL },
		{ "X-OfflineIMAPs: its name is too long\r\n", NULL },
		{ "A: b\r\n\r\nends\r\r\nin\r \x80\r", "A: b\n\nends\nin " },
		{ "Stat", NULL }, { "", NULL }, { "Status:", "" },
		{ "Status\r\nA: no colon\r\n\r\n", NULL },
		{ "X-TUID: a\nA: bare LF\n\nStatus: b\n",
		    "A: bare LF\n\nStatus: b\n" },
	};
	unsigned char got[32], want[32];
	struct err e = { 0 };
	struct bare x;
	size_t i, k, cut, n, good;
	unsigned len;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		const char *from = c[i].without != NULL ? c[i].without :
		    c[i].with;
		char w[100];

		for (k = 0; *from != '\0'; from++)
			if (*from != '\r' && *from != '\x80')
				w[k++] = *from;
		w[k] = '\0';
		n = strlen(c[i].with);
		EVP_Digest(w, strlen(w), want, &len, EVP_sha256(), NULL);
		for (cut = good = 0; cut <= n; cut++) {
			bare_begin(&x);
			bare_put(&x, c[i].with, cut, &e);
			bare_put(&x, c[i].with + cut, n - cut, &e);
			good += bare_end(&x, got) && x.size == strlen(w) &&
			    memcmp(got, want, sizeof got) == 0;
		}
		is_int((int)good, (int)n + 1, "added lines, case %zu", i);
	}
}

int
main(void)
{
	nasty();
	made_up();
	late();
	idents();
	sure();
	changed();
	bare();
	return done();
}
