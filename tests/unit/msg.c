/*
 * msg.c: scanning, reading, stuffing, and the encodings of cte.c
 *
 * Every text is read with every buffer size from 1 to 70 and some big ones;
 * encoders get their input cut at every byte.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "b64.h"
#include "file.h"
#include "msg.h"
#include "tap.h"

static const size_t caps[] = { 4095, 4096, 4097, 16384, 65536, 200000 };
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

/* The whole message, read cap bytes at a time; n is SIZE_MAX on failure. */
static struct buf
all(const struct msg *m, size_t cap, struct err *e)
{
	struct buf b = { 0 };
	ssize_t n;

	msg_start(&reader, m);
	do {
		n = msg_read(&reader, buf_room(&b, cap), cap, e);
		if (n > 0)
			b.n += (size_t)n;
		if (n > 0 && (size_t)n < cap)
			if (msg_read(&reader, buf_room(&b, 1), 1, e) != 0)
				n = -1;
	} while (n > 0);
	if (n < 0) {
		buf_free(&b);
		b.n = SIZE_MAX;
	}
	return b;
}

static bool
reads(const struct msg *m, struct str want, size_t cap)
{
	struct err e = { 0 };
	struct buf b = all(m, cap, &e);
	bool same = b.n != SIZE_MAX && str_eq(BUF_STR(b), want);

	if (b.n != SIZE_MAX)
		buf_free(&b);
	return same;
}

static bool
reads_always(const struct msg *m, struct str want)
{
	size_t i;

	for (i = 1; i <= 70; i++)
		if (!reads(m, want, i))
			return false;
	for (i = 0; i < sizeof caps / sizeof *caps; i++)
		if (!reads(m, want, caps[i]))
			return false;
	return m->size == want.n;
}

/* --- scanning --- */

static const struct {
	const char *name;
	struct str in, out;
	bool eight, utf8;
} good[] = {
	{ "LF", STR("A: b\n\nc\n"), STR("A: b\r\n\r\nc\r\n"), 0, 0 },
	{ "CRLF", STR("A: b\r\n\r\nc\r\n"), STR("A: b\r\n\r\nc\r\n"), 0, 0 },
	{ "mixed", STR("A: b\n\r\nc\nd\r\ne\n"),
	    STR("A: b\r\n\r\nc\r\nd\r\ne\r\n"), 0, 0 },
	{ "no last line end", STR("A: b\n\nc"), STR("A: b\r\n\r\nc\r\n"), 0, 0 },
	{ "header only", STR("A: b\n"), STR("A: b\r\n\r\n"), 0, 0 },
	{ "header only, cut", STR("A: b"), STR("A: b\r\n\r\n"), 0, 0 },
	{ "header and empty line", STR("A: b\n\n"), STR("A: b\r\n\r\n"), 0, 0 },
	{ "nothing", STR(""), STR("\r\n"), 0, 0 },
	{ "one empty line", STR("\n"), STR("\r\n"), 0, 0 },
	{ "starts with an empty line", STR("\nA: b\n"),
	    STR("\r\nA: b\r\n"), 0, 0 },
	{ "text only", STR("hello world\nbye: x\n"),
	    STR("\r\nhello world\r\nbye: x\r\n"), 0, 0 },
	{ "a line that is no field", STR("A: b\nhello you\nC: d\n"),
	    STR("A: b\r\n\r\nhello you\r\nC: d\r\n"), 0, 0 },
	{ "folded", STR("A: b\n c\n\td\n\ne"),
	    STR("A: b\r\n c\r\n\td\r\n\r\ne\r\n"), 0, 0 },
	{ "begins with a fold", STR(" A: b\n\nc"),
	    STR("\r\n A: b\r\n\r\nc\r\n"), 0, 0 },
	{ "blank before the colon", STR("Bcc : b\n\nc"),
	    STR("Bcc : b\r\n\r\nc\r\n"), 0, 0 },
	{ "mbox line", STR("From jo Tue Jul 1\nA: b\n\nFrom x\n"),
	    STR("A: b\r\n\r\nFrom x\r\n"), 0, 0 },
	{ "mbox line, CRLF", STR("From jo Tue Jul 1\r\nA: b\r\n\r\n"),
	    STR("A: b\r\n\r\n"), 0, 0 },
	{ "a text that begins with From", STR("From here\non\n"),
	    STR("\r\nFrom here\r\non\r\n"), 0, 0 },
	{ "From alone", STR("From here"), STR("\r\nFrom here\r\n"), 0, 0 },
	{ "From and an empty line", STR("From here\n\nA: b\n"),
	    STR("\r\nFrom here\r\n\r\nA: b\r\n"), 0, 0 },
	{ "8-bit body", STR("A: b\n\n\303\274\n"),
	    STR("A: b\r\n\r\n\303\274\r\n"), 1, 0 },
	{ "8-bit header", STR("A: \303\274\n\nb\n"),
	    STR("A: \303\274\r\n\r\nb\r\n"), 0, 1 },
	{ "dots", STR("A: b\n\n.\n..\n"), STR("A: b\r\n\r\n.\r\n..\r\n"), 0, 0 },
	{ "only line ends", STR("A: b\n\n\n\n\r\n\n"),
	    STR("A: b\r\n\r\n\r\n\r\n\r\n\r\n"), 0, 0 }
};

static void
test_good(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	size_t i;
	int fd;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		fd = file_of(good[i].in);
		if (!ok(msg_scan(&m, &a, fd, 0, &e) == 0, "%s: scanned",
		    good[i].name)) {
			diag("%s", e.msg);
			continue;
		}
		close(fd);
		ok(reads_always(&m, good[i].out), "%s: read", good[i].name);
		ok(m.eight == good[i].eight && m.utf8 == good[i].utf8 && !m.odd,
		    "%s: 8-bit", good[i].name);
		msg_close(&m);
	}
	arena_free(&a);
}

static const struct {
	const char *name;
	struct str in;
	const char *why;
	struct str odd;			/* with MSG_ODD; p NULL: refused, too */
} bad[] = {
	{ "bare CR", STR("A: b\n\nc\nd\re\n"), "line 4: bare CR",
	    STR("A: b\r\n\r\nc\r\nd\re\r\n") },
	{ "CR CR LF", STR("A: b\n\nc\r\r\n"), "line 3: bare CR",
	    STR("A: b\r\n\r\nc\r\r\n") },
	{ "CR at the end", STR("A: b\n\nc\r"), "line 3: bare CR",
	    STR("A: b\r\n\r\nc\r\r\n") },
	{ "CR alone", STR("A: b\n\n\r"), "line 3: bare CR",
	    STR("A: b\r\n\r\n\r\r\n") },
	{ "smuggling CR.CR", STR("A: b\r\n\r\nc\r.\rMAIL\r\n"),
	    "line 3: bare CR", STR("A: b\r\n\r\nc\r.\rMAIL\r\n") },
	{ "NUL", STR("A: b\n\nc\nd\n\0e\n"), "line 5: NUL",
	    STR("A: b\r\n\r\nc\r\nd\r\n\0e\r\n") },
	{ "NUL at the end", STR("A: b\n\nc\n\0"), "line 4: NUL",
	    STR("A: b\r\n\r\nc\r\n\0\r\n") },
	{ "NUL in a text without header", STR("hello\0\n"), "line 1: NUL",
	    STR("\r\nhello\0\r\n") },
	{ "CR in the header", STR("A: b\rc: d\n\ne\n"),
	    "line 1: bare CR in the header", { 0 } },
	{ "NUL in the header", STR("A: b\nB: \0c\n\ne\n"),
	    "line 2: NUL in the header", { 0 } }
};

static void
test_bad(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	size_t i;
	int fd;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		fd = file_of(bad[i].in);
		is_int(msg_scan(&m, &a, fd, 0, &e), -1, "%s: refused",
		    bad[i].name);
		is_int(e.code, EX_DATAERR, "%s: status", bad[i].name);
		is_str(e.msg, bad[i].why, "%s: text", bad[i].name);
		fail_clear(&e);
		if (bad[i].odd.p == NULL) {
			is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), -1,
			    "%s: refused with MSG_ODD", bad[i].name);
			fail_clear(&e);
		} else {
			is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), 0,
			    "%s: MSG_ODD", bad[i].name);
			ok(m.odd && reads_always(&m, bad[i].odd),
			    "%s: read", bad[i].name);
			msg_close(&m);
		}
		close(fd);
	}
	arena_free(&a);
}

/* A line of n bytes after head; then one more line. */
static int
long_line(const char *head, size_t n, const char *end)
{
	struct buf b = { 0 };
	int fd;

	buf_s(&b, head);
	memset(buf_room(&b, n), 'x', n);
	b.n += n;
	buf_s(&b, end);
	buf_s(&b, "last\n");
	fd = file_of(BUF_STR(b));
	buf_free(&b);
	return fd;
}

static void
test_long(void)
{
	static const char *const ends[] = { "\n", "\r\n" };
	static char line[6 + 999];
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	struct str f;
	size_t i;
	int fd;

	for (i = 0; i < 2; i++) {
		fd = long_line("A: b\n\n", 998, ends[i]);
		is_int(msg_scan(&m, &a, fd, 0, &e), 0, "998 octets pass");
		msg_close(&m);
		close(fd);
		fd = long_line("A: b\n\n", 999, ends[i]);
		is_int(msg_scan(&m, &a, fd, 0, &e), -1, "999 do not");
		is_str(e.msg, "line 3: over 998 octets", "and it says where");
		fail_clear(&e);
		is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), 0, "MSG_ODD");
		ok(m.odd, "is odd");
		msg_close(&m);
		close(fd);
	}
	memset(line, 'x', sizeof line);
	memcpy(line, "A: b\n\n", 6);
	fd = file_of((struct str){ line, sizeof line });
	is_int(msg_scan(&m, &a, fd, 0, &e), -1, "999 octets without an end");
	is_str(e.msg, "line 3: over 998 octets", "are too many");
	fail_clear(&e);
	close(fd);
	fd = long_line("A: b\nSubject: x ", 990, "\n\n");
	is_int(msg_scan(&m, &a, fd, 0, &e), -1, "long header line");
	is_str(e.msg, "line 2: over 998 octets", "is refused");
	fail_clear(&e);
	is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), 0, "MSG_ODD folds it");
	ok(msg_field(&m, "subject", &f) && str_starts(f, " x\r\n xxx") &&
	    f.n == 990 + 5, "at a blank");
	msg_close(&m);
	close(fd);
	fd = long_line("A: b\nSubject:", 1000, "\n\n");
	is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), -1, "no blank: refused");
	fail_clear(&e);
	close(fd);
	fd = long_line("A: b\nSubject:", MSG_HEAD_MAX + 100000, "\n\n");
	is_int(msg_scan(&m, &a, fd, MSG_ODD, &e), -1, "an endless one, too");
	fail_clear(&e);
	close(fd);
	arena_free(&a);
}

static void
test_big_header(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 };
	struct msg m;
	size_t i;
	int fd;

	for (i = 0; b.n < MSG_HEAD_MAX + 100; i++)
		buf_printf(&b, "X-%zu: some value\n", i);
	buf_s(&b, "\nbody\n");
	fd = file_of(BUF_STR(b));
	is_int(msg_scan(&m, &a, fd, 0, &e), -1, "a header over 1 MiB");
	is_int(e.code, EX_DATAERR, "is bad data");
	is_str(e.msg, "a header over 1048576 bytes", "and said so");
	close(fd);
	buf_free(&b);
	arena_free(&a);
}

/* No line is a header, and only what the wire needs to know is told. */
static void
test_raw(void)
{
	static const struct {
		struct str in, out;
		bool eight, odd, nul;
	} rows[] = {
		{ STR("no field\nx"), STR("no field\r\nx\r\n"), 0, 0, 0 },
		{ STR("From a b\r\n\nx\n"), STR("From a b\r\n\r\nx\r\n"), 0, 0, 0 },
		{ STR("A: \xc3\xaf\n"), STR("A: \xc3\xaf\r\n"), 1, 0, 0 },
		{ STR("A: a\rb\n"), STR("A: a\rb\r\n"), 0, 1, 0 },
		{ STR("A: b\n\nx\r"), STR("A: b\r\n\r\nx\r\r\n"), 0, 1, 0 },
		{ STR("A: b\n\na\0b"), STR("A: b\r\n\r\na\0b\r\n"), 0, 1, 1 },
		{ STR("\0"), STR("\0\r\n"), 0, 1, 1 }
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	struct buf b;
	size_t i;
	int fd;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		fd = file_of(rows[i].in);
		is_int(msg_raw(&m, &a, fd, &e), 0, "raw %zu", i);
		b = all(&m, 7, &e);
		ok(str_eq(BUF_STR(b), rows[i].out) && m.size == b.n,
		    "raw %zu: its bytes", i);
		ok(m.eight == rows[i].eight && m.odd == rows[i].odd &&
		    m.nul == rows[i].nul, "raw %zu: what it needs", i);
		buf_free(&b);
		msg_close(&m);
		close(fd);
	}
	fd = long_line("", 100000, "\n");
	is_int(msg_raw(&m, &a, fd, &e), 0, "a raw line of 100000");
	ok(!m.odd && m.size == 100002 + 6, "goes as it is");
	msg_close(&m);
	close(fd);
	arena_free(&a);
}

/* A bare CR there is refused, and noticed if it comes after the scan. */
static bool
bare_cr_seen(struct buf *in, size_t at, struct arena *a)
{
	int fd = file_of((struct str){ in->p, at + 2 }), code;
	struct err e = { 0 };
	struct buf b;
	struct msg m;

	in->p[at] = in->p[at + 1] = 'x';
	if (pwrite(fd, "xx", 2, (off_t)at) != 2 ||
	    msg_scan(&m, a, fd, 0, &e) < 0)
		return false;
	if (pwrite(fd, "\rx", 2, (off_t)at) != 2)
		return false;
	b = all(&m, 65536, &e);
	code = e.code;
	msg_close(&m);
	fail_clear(&e);
	if (b.n != SIZE_MAX || code != EX_IOERR)
		return false;
	lseek(fd, 0, SEEK_SET);
	code = msg_scan(&m, a, fd, 0, &e);
	close(fd);
	return code < 0;
}

/* Where a block of a buffer may end, LF, CRLF and CR stand at every place. */
static void
test_borders(void)
{
	static const size_t at[] = { 4096, 16384, 29184, 58368, 65536, 131072 };
	static const char *const ends[] = { "\n", "\r\n", "\n\n", "\n\r\n" };
	struct buf in = { 0 }, want = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	size_t i, k, size, bad_n = 0, n;
	struct msg m;
	int fd, d;

	for (i = 0; i < 6; i++)
		for (d = -3; d <= 3; d++)
			for (k = 0; k < 4; k++) {
				size = 6 + at[i] + (size_t)(d + 3) - 3;
				in.n = want.n = 0;
				buf_s(&in, "A: b\n\n");
				buf_s(&want, "A: b\r\n\r\n");
				while (in.n < size) {
					n = size - in.n < 60 ? size - in.n : 60;
					memset(buf_room(&in, n), 'y', n);
					memset(buf_room(&want, n), 'y', n);
					in.n += n;
					want.n += n;
					if (in.n == size)
						break;
					buf_s(&in, "\n");
					buf_s(&want, "\r\n");
				}
				buf_s(&in, ends[k]);
				buf_s(&in, "z");
				buf_s(&want, k > 1 ? "\r\n\r\n" : "\r\n");
				buf_s(&want, "z\r\n");
				fd = file_of(BUF_STR(in));
				if (msg_scan(&m, &a, fd, 0, &e) < 0 ||
				    m.size != want.n ||
				    !reads(&m, BUF_STR(want), 4096) ||
				    !reads(&m, BUF_STR(want), 65536))
					bad_n++;
				msg_close(&m);
				close(fd);
				bad_n += !bare_cr_seen(&in, size, &a);
			}
	is_int(bad_n, 0, "line ends at the borders of blocks");
	buf_free(&in);
	buf_free(&want);
	arena_free(&a);
}

static void
test_changed(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf b;
	struct msg m;
	int fd = file_of(STR("A: b\n\nsome text\nmore text\n"));

	msg_scan(&m, &a, fd, 0, &e);
	ok(ftruncate(fd, 12) == 0, "(cut)");
	b = all(&m, 100, &e);
	ok(b.n == SIZE_MAX && e.code == EX_IOERR, "a file that shrank");
	is_str(e.msg, "the message became shorter while it was read", "said");
	fail_clear(&e);
	ok(pwrite(fd, "some\ntext\nmore\ntext\n", 20, 6) == 20, "(changed)");
	b = all(&m, 100, &e);
	ok(b.n == SIZE_MAX && e.code == EX_IOERR, "more line ends");
	is_str(e.msg, "the message changed while it was sent", "said");
	fail_clear(&e);
	ok(pwrite(fd, "some \rext\nmore text\n", 20, 6) == 20, "(changed)");
	b = all(&m, 100, &e);
	ok(b.n == SIZE_MAX && e.code == EX_IOERR, "a bare CR");
	fail_clear(&e);
	ok(pwrite(fd, "some \0ext\nmore text\n", 20, 6) == 20, "(changed)");
	b = all(&m, 100, &e);
	ok(b.n == SIZE_MAX && e.code == EX_IOERR, "a NUL");
	fail_clear(&e);
	ok(pwrite(fd, "some text\nmore text\nand more\n", 29, 6) == 29,
	    "(grown)");
	ok(reads(&m, STR("A: b\r\n\r\nsome text\r\nmore text\r\n"), 100),
	    "what was added is not sent");
	msg_close(&m);
	close(fd);
	arena_free(&a);
}

static void
test_pipe(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	int p[2];

	if (pipe(p) < 0 || write(p[1], "A: b\n\nc\n", 8) != 8)
		abort();
	close(p[1]);
	is_int(msg_scan(&m, &a, p[0], 0, &e), 0, "a pipe");
	close(p[0]);
	ok(reads_always(&m, STR("A: b\r\n\r\nc\r\n")), "is read twice");
	msg_close(&m);
	arena_free(&a);
}

/* --- header fields --- */

static const char header[] =
    "To: a\nbcc: x,\n y\nSubject: s\nBcc :z\nResent-Bcc: r\nBCC:\nBccx: k\n"
    "To: b\n\nBcc: body\n";

static void
test_fields(void)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	struct str v;
	int fd = file_of(str_of(header));

	msg_scan(&m, &a, fd, 0, &e);
	close(fd);
	ok(msg_field(&m, "BCC", &v) && str_eq(v, STR(" x,\r\n y")),
	    "a folded body as it stands");
	ok(!msg_field(&m, "Bc", &v), "no such field");
	msg_drop_field(&m, &a, "Bcc");
	msg_drop_field(&m, &a, "Resent-Bcc");
	msg_drop_field(&m, &a, "Sender");
	msg_add_fields(&m, &a, STR("Date: d\r\n"));
	ok(reads_always(&m, STR("Date: d\r\nTo: a\r\nSubject: s\r\n"
	    "Bccx: k\r\nTo: b\r\n\r\nBcc: body\r\n")), "dropped and added");
	msg_set_head(&m, STR("X: \303\274\r\n"));
	ok(m.utf8 && reads_always(&m,
	    STR("X: \303\274\r\n\r\nBcc: body\r\n")), "another header");
	msg_set_head(&m, (struct str){ 0 });
	ok(!m.utf8 && reads_always(&m, STR("\r\nBcc: body\r\n")), "none");
	msg_close(&m);
	arena_free(&a);
}

/* --- encodings --- */

static const struct {
	enum cte_kind kind;
	bool open_end;
	struct str in, out;
} codes[] = {
	{ CTE_LINES, 0, STR(""), STR("") },
	{ CTE_LINES, 0, STR("a"), STR("a\r\n") },
	{ CTE_LINES, 1, STR("a"), STR("a") },
	{ CTE_LINES, 1, STR("a\n"), STR("a\r\n") },
	{ CTE_QP, 0, STR(""), STR("") },
	{ CTE_QP, 0, STR("a"), STR("a\r\n") },
	{ CTE_QP, 1, STR("a"), STR("a") },
	{ CTE_QP, 1, STR("a\r\nb\n\nc"), STR("a\r\nb\r\n\r\nc") },
	{ CTE_QP, 1, STR("a \nb\t\r\nc "), STR("a=20\r\nb=09\r\nc=20") },
	{ CTE_QP, 1, STR("a b\tc"), STR("a b\tc") },
	{ CTE_QP, 1, STR("a\rb\r\r\nc\r"), STR("a=0Db=0D\r\nc=0D") },
	{ CTE_QP, 1, STR("\0\177=\303\274"), STR("=00=7F=3D=C3=BC") },
	{ CTE_QP, 1, STR(".\n..\n.a b."), STR("=2E\r\n=2E.\r\n=2Ea b.") },
	{ CTE_QP, 1, STR("From me\nFor\nF\nF"),
	    STR("=46rom me\r\nFor\r\nF\r\nF") },
	{ CTE_QP, 1, STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012345678901234567890"),
	    STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012=\r\n345678901234567890") },
	{ CTE_QP, 1, STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012.From"),
	    STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012=\r\n=2EFrom") },
	{ CTE_QP, 1, STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012From"),
	    STR("0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012=\r\n=46rom") },
	{ CTE_BASE64, 0, STR(""), STR("") },
	{ CTE_BASE64, 0, STR("a"), STR("YQ==\r\n") },
	{ CTE_BASE64, 0, STR("a\nb"), STR("YQpi\r\n") },
	{ CTE_BASE64_TEXT, 0, STR("a\nb"), STR("YQ0KYg==\r\n") },
	{ CTE_BASE64_TEXT, 0, STR("a\r\nb\r"), STR("YQ0KYg0=\r\n") },
	{ CTE_BASE64, 0, STR("0123456789012345678901234567890123456789"
	    "01234567890123456"), STR("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg"
	    "5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\r\n") },
	{ CTE_BASE64, 0, STR("0123456789012345678901234567890123456789"
	    "012345678901234567"), STR("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nz"
	    "g5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\r\nNw==\r\n") }
};

/* In pieces of n bytes; 0: cut once, at cut. */
static bool
coded(size_t i, size_t n, size_t cut)
{
	static struct cte c;
	static char out[CTE_ROOM];
	struct str in = codes[i].in, one;
	size_t got = 0;

	c = (struct cte){ .kind = codes[i].kind, .held = -1,
	    .open_end = codes[i].open_end };
	do {
		one = str_to(in, n > 0 ? n : cut);
		in = str_from(in, one.n);
		got += cte_put(&c, out + got, one.p, one.n, in.n == 0);
		cut = SIZE_MAX;
	} while (in.n > 0);
	return str_eq((struct str){ out, got }, codes[i].out);
}

static void
test_codes(void)
{
	size_t i, n, k;

	for (i = 0; i < sizeof codes / sizeof *codes; i++) {
		for (n = 1; n < 100 && coded(i, n, 0); n++)
			;
		is_int(n, 100, "encoding %zu in pieces", i);
		for (k = 1; k < codes[i].in.n && coded(i, 0, k); k++)
			;
		ok(k >= codes[i].in.n, "encoding %zu cut everywhere", i);
	}
}

/* As a part of a message, where size comes from msg_measure. */
static void
test_parts(void)
{
	static const enum cte_kind kinds[] = { CTE_COPY, CTE_LINES, CTE_QP,
	    CTE_BASE64, CTE_BASE64_TEXT };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf in = { 0 }, first;
	struct msg_part p;
	struct msg m;
	size_t i, k;
	int fd;

	for (i = 0; i < 150000; i++)
		buf_c(&in, i % 71 == 0 ? '\n' : i % 91 == 0 ? '\303' :
		    i % 13 == 0 ? ' ' : (char)('a' + i % 26));
	fd = file_of(BUF_STR(in));
	for (i = 0; i < 5; i++) {
		msg_begin(&m, &a, STR("A: b\r\n"));
		p = (struct msg_part){ .kind = kinds[i], .fd = fd,
		    .len = in.n };
		is_int(msg_measure(&p, &e), 0, "kind %zu measured", i);
		msg_add(&m, &a, &p);
		p.mem = BUF_STR(in);
		msg_add(&m, &a, &p);
		first = all(&m, 65536, &e);
		is_int(first.n, m.size, "kind %zu: size", i);
		for (k = 7; k < 100000; k = k * 3 + 1)
			if (!reads(&m, BUF_STR(first), k))
				break;
		ok(k >= 100000, "kind %zu: the same in all pieces", i);
		ok(memcmp(first.p + 8, first.p + 8 + p.size, p.size) == 0,
		    "kind %zu: file and memory are the same", i);
		buf_free(&first);
	}
	close(fd);
	buf_free(&in);
	arena_free(&a);
}

/* --- stuffing --- */

/* The receiver's side; what is behind the end is left. */
static size_t
unstuff(char *dst, const char *p, size_t n, bool *ended)
{
	size_t i, o = 0;
	bool start = true;

	*ended = false;
	for (i = 0; i < n; i++) {
		if (start && p[i] == '.') {
			i++;
			if (i + 1 < n && p[i] == '\r' && p[i + 1] == '\n') {
				*ended = i + 2 == n;
				return o;
			}
		}
		start = p[i] == '\n';
		dst[o++] = p[i];
	}
	return o;
}

/* All texts of up to 7 of these, cut at every place. */
static void
test_stuffing(void)
{
	static const char *const atoms[] = { ".", "\r\n", "a" };
	char in[64], out[200], back[200];
	size_t i, k, n, x, len, got, cut, wrong = 0;
	struct msg_stuffer s;
	bool ended;

	for (i = 0; i < 2187; i++)
		for (k = 0; k <= 7; k++) {
			for (n = len = 0, x = i; n < k; n++, x /= 3) {
				memcpy(in + len, atoms[x % 3],
				    strlen(atoms[x % 3]));
				len += strlen(atoms[x % 3]);
			}
			for (cut = 0; cut <= len; cut++) {
				s = (struct msg_stuffer){ 0 };
				got = msg_stuff(&s, out, in, cut);
				got += msg_stuff(&s, out + got, in + cut,
				    len - cut);
				got += msg_stuff_end(&s, out + got);
				got = unstuff(back, out, got, &ended);
				if (len > 0 && in[len - 1] != '\n')
					got -= 2;
				wrong += !ended || got != len ||
				    memcmp(back, in, len) != 0;
			}
		}
	is_int(wrong, 0, "stuffing comes back, wherever it is cut");
}

/* A block that ended within "From " made the whole text quoted-printable. */
static void
from_at_a_cut(void)
{
	static const struct {
		const char *text;
		bool from;
	} cases[] = {
		{ "a\nFrom b\n", true }, { "From b\n", true },
		{ "a\nFro\nm b\n", false }, { "F", false }, { "From", false },
		{ "a From b\n", false }, { "FFrom b\n", false },
		{ "Fr\nFrom \n", true },
	};
	size_t i, cut, n;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		n = strlen(cases[i].text);
		for (cut = 1; cut <= n; cut++) {
			struct msg_look l = { 0 };

			msg_look(&l, cases[i].text, cut);
			if (cut < n)
				msg_look(&l, cases[i].text + cut, n - cut);
			msg_look(&l, NULL, 0);
			ok(l.from == cases[i].from, "case %zu cut at %zu", i,
			    cut);
		}
	}
}

int
main(void)
{
	test_good();
	test_bad();
	test_long();
	test_big_header();
	test_raw();
	test_borders();
	test_changed();
	test_pipe();
	test_fields();
	test_codes();
	test_parts();
	test_stuffing();
	from_at_a_cut();
	return done();
}
