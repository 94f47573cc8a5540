/* mailsend_talk.c: sendmail -bs: each message is one of its own */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "post.h"
#include "queue.h"
#include "queue_flush.h"
#include "sendmail.h"
#include "submit.h"
#include "talk.h"
#include "tap.h"

static struct {
	const char *from;
	size_t to;
	int64_t deadline;
	off_t size;
	ino_t file;
} posted[8];
static size_t n;

/* How each message ends, but for the third. */
static const int ends[8] = { 0, EX_TEMPFAIL, 0, EX_IOERR, EX_CANTCREAT,
    EX_UNAVAILABLE };

/* In the place of post.c: notes what it is given, and takes its time. */
int
post(struct run *run, struct letter_source *from, struct err *err)
{
	struct stat st;

	(void)err;
	fstat(dup(from->fd), &st);	/* so that its number is not free */
	posted[n].file = st.st_ino;
	posted[n].from = from->mail_from;
	posted[n].to = from->to.n;
	posted[n].deadline = run->account.deadline;
	posted[n].size = lseek(from->fd, 0, SEEK_END);
	n++;
	run->account.deadline = clock_in(10);	/* as session.c does */
	if (n == 3) {			/* one has got it, another not */
		run->accepted = 1;
		return EX_NOUSER;
	}
	return ends[n - 1];
}

/* Likewise for submit.c: this one is there, but for "no@x". */
int
submit_ask(struct run *run, const struct letter_source *from,
    const char *rcpt, struct smtp_reply *r, struct err *e)
{
	(void)run;
	(void)from;
	if (strcmp(rcpt, "down@x") == 0)
		return fail(e, EX_TEMPFAIL, "connection refused");
	*r = (struct smtp_reply){ .code = 250, .status = "2.1.5",
	    .text = "ok" };
	if (strcmp(rcpt, "no@x") == 0)
		*r = (struct smtp_reply){ .code = 550, .status = "5.1.1",
		    .text = "who\ris it" };
	return 0;
}

void
submit_asked(struct run *run)
{
	(void)run;
}

/* And for the queue, which is off. */
bool
queue_first(const struct run *run)
{
	(void)run;
	return false;
}

void
queue_flush_new(struct run *run)
{
	(void)run;
}

static const char script[] =
	"EHLO x\r\n"
	"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\n"
	"DATA\r\nfirst\r\n.\r\n"
	"RCPT TO:<d@x>\r\nDATA\r\n"	/* of no message any more */
	"MAIL FROM:<>\r\nRCPT TO:<d@x>\r\nDATA\r\nsecond one\r\n.\r\n"
	"MAIL FROM:<e@x>\r\nRCPT TO:<f@x>\r\nRSET\r\n"
	"MAIL FROM:<g@x>\r\nRCPT TO:<h@x>\r\nRCPT TO:<no@x>\r\n"
	"RCPT TO:<down@x>\r\nDATA\r\n..\r\n.\r\n"
	"MAIL FROM:<g@x>\r\nRCPT TO:<no@x>\r\nDATA\r\n"
	"MAIL FROM:<g@x>\r\nRCPT TO:<i@x>\r\nDATA\r\n.\r\n"
	"MAIL FROM:<g@x>\r\nRCPT TO:<i@x>\r\nDATA\r\n.\r\n"
	"MAIL FROM:<g@x>\r\nRCPT TO:<i@x>\r\nDATA\r\n.\r\n"
	"RCPT TO:<a\0b@x>\r\nRCPT TO:<\"a>b\r\n"
	"MAIL FROM:<\"a\\\">b\"@x>\r\nRCPT TO:<\"a>b\"@x>\r\nDATA\r\n.\r\n"
	"QUIT\r\n";
static const char answers[] = "220 250 250 250 250 354 250 503 503 250 250 354 451 250 250 250 "
	"250 250 550 451 354 250 250 550 503 250 250 354 451 250 250 354 "
	"451 250 250 354 554 500 503 250 250 354 250 221 ";

/* The codes of what it said. */
static char *
codes(FILE *f)
{
	static char text[256];
	char line[256];
	size_t at = 0;

	rewind(f);
	while (fgets(line, sizeof line, f) != NULL && at + 5 < sizeof text)
		at += (size_t)snprintf(text + at, sizeof text - at, "%.3s ",
		    line);
	return text;
}

/* What is said to this; the codes of the answers. */
static char *
talk(const char *said, size_t len)
{
	static struct run run;
	FILE *in = tmpfile(), *out = tmpfile();
	int was = dup(1), got;
	char *heard;

	fwrite(said, 1, len, in);
	rewind(in);
	fflush(stdout);
	dup2(fileno(in), 0);
	dup2(fileno(out), 1);
	got = talk_serve(&run);
	fflush(stdout);
	dup2(was, 1);
	is_int(got, 0, "it ends well");
	heard = codes(out);
	fclose(in);
	fclose(out);
	return heard;
}

/* The end of a command without an end is no command. */
static void
too_long(void)
{
	static const char end[] = "\r\nMAIL FROM:<a>\r\nQUIT\r\n";
	static char text[3 * 65536];

	memset(text, 'x', sizeof text);
	memcpy(text + 65536, "QUIT ", 5);
	memcpy(text + sizeof text - strlen(end), end, strlen(end));
	is_str(talk(text, sizeof text), "220 500 250 221 ", "a long command");
}

/* RFC 5321 4.1.4: a second greeting ends what was begun, as RSET does. */
static void
greeted_again(void)
{
	static const char text[] = "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"
	    "EHLO x\r\nRCPT TO:<c@x>\r\nDATA\r\nMAIL FROM:<a@x>\r\n"
	    "HELO x\r\nRCPT TO:<c@x>\r\nQUIT\r\n";

	is_str(talk(text, strlen(text)),
	    "220 250 250 250 503 503 250 250 503 221 ", "greeted again");
}

/* There is no room for the text: what follows it is what comes next. */
static void
no_room(void)
{
	static const char end[] = "\r\nMAIL FROM:<a>\r\n.\r\nNOOP\r\n";
	char text[200000];
	FILE *file = tmpfile();
	struct pieces in = { .fd = fileno(file) };
	struct err e = { 0 };
	struct str next;
	bool whole;
	int fd = open("/dev/null", O_RDONLY), got;

	memset(text, 'x', sizeof text);
	memcpy(text + sizeof text - strlen(end), end, strlen(end));
	fwrite(text, 1, sizeof text, file);
	rewind(file);
	got = sendmail_text(&in, fd, SENDMAIL_CRLF, &e);
	ok(got == -1 && e.code == EX_IOERR, "a text that cannot be kept");
	ok(pieces_next(&in, &next, &whole, &e) == 0, "is read up to its dot");
	ok(str_eq(next, STR("NOOP\r\n")), "so that nothing of it is a command");
	pieces_free(&in);
	fclose(file);
	close(fd);
}

/* len bytes, the text that came of them, and what stands behind it. */
static int
text_of(const char *text, size_t len, enum sendmail_dots dots,
    struct buf *kept, struct buf *rest)
{
	FILE *from = tmpfile(), *to = tmpfile();
	struct pieces in = { .fd = fileno(from) };
	struct err e = { 0 };
	struct str s;
	bool whole;
	int got;

	fwrite(text, 1, len, from);
	rewind(from);
	kept->n = rest->n = 0;
	got = sendmail_text(&in, fileno(to), dots, &e);
	file_slurp(fileno(to), kept, &e);
	while (pieces_next(&in, &s, &whole, &e) == 0 && s.n > 0)
		buf_str(rest, s);
	buf_c(kept, '\0');
	buf_c(rest, '\0');
	pieces_free(&in);
	fclose(from);
	fclose(to);
	return got;
}

/* What ends a text: its own lines do as the dialogue's, or there is no CRLF. */
static void
text_ends(void)
{
	static const struct {
		enum sendmail_dots dots;
		const char *in, *kept;
	} v[] = {
		{ SENDMAIL_CRLF, "a\r\n.\r\nrest", "a\r\n" },
		{ SENDMAIL_CRLF, ".\r\nrest", "" },
		{ SENDMAIL_CRLF, "a\r\nb\n.\nc\r\n.\r\nrest",
		  "a\r\nb\n.\nc\r\n" },
		{ SENDMAIL_CRLF, "a\r\nb\n.\r\nc\r\n.\r\nrest",
		  "a\r\nb\n.\r\nc\r\n" },
		{ SENDMAIL_CRLF, "a\r\n.\nc\r\n.\r\nrest", "a\r\n\nc\r\n" },
		{ SENDMAIL_CRLF, "a\r\n..\r\n.\r\nrest", "a\r\n.\r\n" },
		{ SENDMAIL_CRLF, "a\n.\nrest", "a\n" },
		{ SENDMAIL_CRLF, "a\n.\r\nrest", "a\n" },
		{ SENDMAIL_STUFFED, "a\r\nb\n.\nrest", "a\r\nb\n" },
		{ SENDMAIL_STUFFED, "a\n..\n.\nrest", "a\n.\n" },
		{ SENDMAIL_PLAIN, "a\n..\n.\nrest", "a\n..\n" },
		{ SENDMAIL_STUFFED, "a.\r\n..b\r\n...\r\n.\r\nrest",
		  "a.\r\n.b\r\n..\r\n" },
		{ SENDMAIL_STUFFED, ".\rb\r\n.\nrest", "\rb\r\n" },
		{ SENDMAIL_STUFFED, "\n.\nrest", "\n" },
		{ SENDMAIL_PLAIN, ".\rb\r\n", ".\rb\r\n" },
		{ SENDMAIL_STUFFED, "a\r\n.", "a\r\n" },
		{ SENDMAIL_PLAIN, "a\n.", "a\n." },
		{ SENDMAIL_STUFFED, ".\r", "\r" },
		{ SENDMAIL_STUFFED, "", "" },
	};
	struct buf kept = { .max = 1 << 20 }, rest = { .max = 1 << 20 };
	bool over;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		over = strstr(v[i].in, "rest") != NULL;
		is_int(text_of(v[i].in, strlen(v[i].in), v[i].dots, &kept,
		    &rest), over, "text %zu and its end", i);
		is_str(kept.p, v[i].kept, "before it");
		is_str(rest.p, over ? "rest" : "", "behind it");
	}
	buf_free(&kept);
	buf_free(&rest);
}

/* A line that comes in pieces: no dot begins one, and a CRLF may be cut. */
static void
long_line(void)
{
	struct buf kept = { .max = 1 << 20 }, rest = { .max = 1 << 20 };
	static char text[2 * 65536];

	memset(text, 'x', sizeof text);
	memcpy(text + 65536, ".\n.\n", 4);
	is_int(text_of(text, sizeof text, SENDMAIL_CRLF, &kept, &rest), 1,
	    "a long line");
	ok(kept.n == 65539 && rest.n == sizeof text - 65539, "ends at its end");
	memset(text, 'x', sizeof text);
	memcpy(text, "y\r\n", 3);
	memcpy(text + 3 + 65535, "\r\n.\r\n", 5);
	is_int(text_of(text, sizeof text, SENDMAIL_CRLF, &kept, &rest), 1,
	    "a long line with CRLF");
	ok(kept.n == 65541 && rest.n == sizeof text - 65542, "ends by CRLF");
	buf_free(&kept);
	buf_free(&rest);
}

int
main(void)
{
	is_str(talk(script, sizeof script - 1), answers, "what it said");
	is_int(n, 7, "so many messages");
	ok(posted[0].deadline == 0 && posted[1].deadline == 0 &&
	    posted[2].deadline == 0,
	    "none has but what is left of the time of the one before");
	is_str(posted[0].from, "a@x", "the sender of the first");
	is_str(posted[1].from, "", "the null sender");
	is_str(posted[6].from, "\"a\\\">b\"@x", "one whose quotes have a >");
	ok(posted[0].to == 2 && posted[1].to == 1 && posted[2].to == 1,
	    "each has its own recipients");
	ok(posted[0].size == 7 && posted[1].size == 12 && posted[2].size == 3,
	    "and its own text");
	ok(posted[0].file == posted[1].file && posted[0].file == posted[2].file,
	    "no file is made for each: they share one");
	no_room();
	text_ends();
	long_line();
	greeted_again();
	too_long();
	return done();
}
