/*
 * mxlookup_read.c: messages of a file or a mailbox: where each of them begins
 * and ends, whose body is digested, and the keys that signatures are verified
 * with
 */
#include "message_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "b64.h"
#include "file.h"
#include "message_keys.h"
#include "tap.h"

enum { BLOCK = 65536 };

static const struct message_set set;
static struct message m;
static struct err e;

/* What a signature says of this body, or of so many bytes of it. */
static void
sign_as(struct buf *b, const char *field, const char *body, const char *canon,
    size_t limit)
{
	struct dkim_body *d = mem_new(1, sizeof *d);
	unsigned char md[32];

	dkim_body_begin(d, strcmp(canon, "simple") == 0 ? DKIM_SIMPLE :
	    DKIM_RELAXED, limit > 0 ? limit : UINT64_MAX);
	dkim_body_put(d, body, strlen(body));
	dkim_body_end(d, md);
	buf_printf(b, "%s; a=rsa-sha256; d=a.test; s=s; h=from; "
	    "c=simple/%s; b=AAAA; bh=", field, canon);
	b64_put(b, (struct str){ (const char *)md, 32 });
	if (limit > 0)
		buf_printf(b, "; l=%zu", limit);
	buf_c(b, '\n');
	free(d);
}

static void
sign(struct buf *b, const char *body, const char *canon, size_t limit)
{
	sign_as(b, "DKIM-Signature: v=1", body, canon, limit);
}

static struct message_reader *
opened(struct str text, bool mbox)
{
	char path[] = "/tmp/read.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	file_write(fd, text.p, text.n, &e);
	lseek(fd, 0, SEEK_SET);
	return message_open(fd, "box", mbox);
}

/* How many of its signatures fit the body, or -1; 'x': it is broken. */
static int
next(struct message_reader *r)
{
	int n = 0, got;
	size_t i;

	m = (struct message){ .set = &set };
	m.mem = &m.arena;
	e = (struct err){ 0 };
	got = message_next(r, &m, &e);
	for (i = 0; i < m.nsig; i++)
		n += m.sig[i].sig.result == DKIM_OPEN;
	if (m.arc.n > 0)
		n += m.arc.set[m.arc.n - 1].message.result == DKIM_OPEN;
	if (m.broken != NULL)
		n = 'x';
	dkim_header_free(&m.header);
	arena_free(&m.arena);
	return got > 0 ? n : -1;
}

/* ---- a mailbox */

/*
 * What stands behind the first message's header, what the body is that was
 * signed, and how many messages there are.
 */
static const struct {
	const char *name, *stands, *body;
	int messages;
} boxes[] = {
	{ "a line that is quoted", "a\n\n>From b\n", "a\n\nFrom b\n", 1 },
	{ "quoted twice", "a\n>>From b\n", "a\n>From b\n", 1 },
	{ "a quote of its own", "> From b\n>from\n>Fro\n>From\n",
	    "> From b\n>from\n>Fro\n>From\n", 1 },
	{ "not behind an empty line", "a\nFrom b\n", "a\nFrom b\n", 1 },
	{ "behind a quoted one", "a\n\n>From b\nFrom c\n",
	    "a\n\nFrom b\nFrom c\n", 1 },
	{ "no blank behind it", "a\n\nFrom\nFromage\n",
	    "a\n\nFrom\nFromage\n", 1 },
	{ "not at a line's beginning", "a\n\nb From c\n", "a\n\nb From c\n",
	    1 },
	{ "another one", "a\n\nFrom x\nA: b\n\nc\n", "a\n\n", 2 },
	{ "behind an empty line with CR", "a\r\n\r\nFrom x\r\nA: b\r\n",
	    "a\r\n\r\n", 2 },
	{ "one without a body", "a\n\nFrom x\nA: b\n\nFrom y\nA: b\n",
	    "a\n\n", 3 },
	{ "two such lines", "a\n\nFrom x\nFrom y\nA: b\n", "a\n\n", 2 },
	{ "no end of the last line", "a\nb", "a\nb", 1 },
	{ "the end within what may be quoted", "a\n>From", "a\n>From", 1 },
};

static void
mailbox(size_t i)
{
	struct buf b = { 0 };
	struct message_reader *r;
	int n = 0, got;

	buf_s(&b, "From x\n");
	sign(&b, boxes[i].body, "simple", 0);
	buf_printf(&b, "From: a@a.test\n\n%s", boxes[i].stands);
	r = opened(BUF_STR(b), true);
	is_int(next(r), 1, "%s: the body", boxes[i].name);
	for (n = 1; (got = next(r)) != -1; n++)
		ok(got != 'x', "%s: a message", boxes[i].name);
	is_int(n, boxes[i].messages, "%s: how many", boxes[i].name);
	is_int(e.code, 0, "%s: no failure", boxes[i].name);
	message_shut(r);
	buf_free(&b);
}

/* What is read at once ends anywhere. */
static void
cut(void)
{
	static const char tail[] = "x\n\n>From q\n>>From q\r\n\r\nFrom x\nA: b\n\nc";
	static char line[] = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n";
	struct buf b = { 0 }, body = { 0 };
	struct message_reader *r;
	size_t k, head;
	int good = 0;

	for (k = 0; k < sizeof tail + 2; k++) {
		b.n = body.n = 0;
		while (body.n < BLOCK)
			buf_s(&body, line);
		buf_s(&body, "x\n\nFrom q\n>From q\r\n\r\n");
		buf_c(&body, '\0');
		buf_s(&b, "From x\n");
		sign(&b, body.p, "simple", 0);
		buf_s(&b, "From: a@a.test\nX: ");
		/* so that tail[k] is the first one of the second block */
		head = (b.n + 2 + (body.n - 22) + k) % BLOCK;
		for (; head != 0; head = (head + 1) % BLOCK)
			buf_c(&b, 'x');
		buf_s(&b, "\n\n");
		buf_str(&b, (struct str){ body.p, body.n - 22 });
		buf_s(&b, tail);
		r = opened(BUF_STR(b), true);
		good += next(r) == 1 && next(r) == 0 && next(r) == -1 &&
		    e.code == 0;
		message_shut(r);
	}
	is_int(good, (int)sizeof tail + 2, "cut anywhere");
	buf_free(&b);
	buf_free(&body);
}

/* ---- bodies and headers */

static void
forms(void)
{
	static const char body[] = "a  b \nsecond\n";
	struct buf b = { 0 };
	struct message_reader *r;

	sign(&b, body, "simple", 0);
	sign(&b, body, "relaxed", 0);
	sign(&b, body, "simple", 3);
	sign(&b, body, "simple", 5);
	sign(&b, body, "relaxed", 3);
	sign(&b, body, "simple", 0);
	sign(&b, "another\n", "simple", 0);
	sign(&b, "another\n", "simple", 4);
	sign(&b, "another\n", "relaxed", 4);
	buf_printf(&b, "From: a@a.test\n\n%s", body);
	r = opened(BUF_STR(b), false);
	is_int(next(r), 6, "each signature has the form of its own");
	is_int(next(r), -1, "one message in a file");
	message_shut(r);
	b.n = 0;
	sign(&b, "c\r\n", "simple", 0);
	buf_s(&b, "From: a@a.test\r\n\r\nc\r\n");
	r = opened(BUF_STR(b), false);
	is_int(next(r), 1, "a header that ends with CR");
	message_shut(r);
	buf_free(&b);
}

/* Of a chain the last set tells of the body, whatever no signature does. */
static void
chain(void)
{
	static const char field[] = "ARC-Message-Signature: i=1";
	struct buf b = { 0 };
	struct message_reader *r;
	int i;

	for (i = 0; i < 2; i++) {
		b.n = 0;
		buf_s(&b, "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.test; "
		    "s=s; b=AAAA\nARC-Authentication-Results: i=1; x; none\n");
		sign_as(&b, field, i == 0 ? "c\n" : "d\n", "simple", 0);
		buf_s(&b, "From: a@a.test\n\nc\n");
		r = opened(BUF_STR(b), false);
		is_int(next(r), 1 - i, "a chain, and %s body", i == 0 ? "its" :
		    "another");
		is_int((int)m.arc.n, 1, "it is one");
		message_shut(r);
	}
	buf_free(&b);
}

static int
lone(const char *text, size_t fill, bool mbox)
{
	struct buf b = { 0 };
	struct message_reader *r;
	int got;

	for (; fill > 0; fill--)
		buf_c(&b, 'X');
	buf_s(&b, text);
	r = opened(BUF_STR(b), mbox);
	got = next(r);
	message_shut(r);
	buf_free(&b);
	return got;
}

static void
headers(void)
{
	int fd;
	struct message_reader *r;

	is_int(lone("a: b\n\n", MESSAGE_HEAD - 6, false), 0,
	    "a header of 1 MB");
	is_int(lone("a: b\n\n", MESSAGE_HEAD - 5, false), 'x', "a byte more");
	is_int(lone("a: b\n", 0, false), 0, "a header without a body");
	is_int(lone("a: b\r\n\r\nc\r\n", 0, false), 0, "with CR");
	is_int(lone("", 0, false), 'x', "nothing is no message");
	is_int(lone("\na: b\n", 0, false), 'x', "nor is a body");
	is_int(lone("From x\na: b\n\n", 0, false), 0, "a line of an mbox");
	is_int(lone("", 0, true), -1, "nothing is an empty mailbox");
	is_int(e.code, 0, "which is no failure");
	is_int(lone("From: a\n\nb\n", 0, true), -1, "a message is no mailbox");
	is_int(e.code, EX_DATAERR, "which is a failure");
	fd = open("/", O_RDONLY);
	r = message_open(fd, "/", false);
	is_int(next(r), -1, "what cannot be read is no message");
	is_int(e.code, EX_NOINPUT, "and a failure");
	message_shut(r);
}

/* ---- keys */

static void
record(char dst[128], int i)
{
	/* the example of RFC 8463 section A.2 */
	snprintf(dst, 128, "v=DKIM1; k=ed25519; n=%d; p="
	    "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", i);
}

/* Records that share a place do not share a key. */
static void
keys(void)
{
	char text[128];
	const struct message_key *k;
	int i, good = 0;

	for (i = 0; i < 600; i++) {
		record(text, i);
		k = message_key(str_of(text));
		good += k->key != NULL && k->record.data.n == 44;
		snprintf(text, sizeof text, "v=DKIM1; k=ed25519; n=%d; p=", i);
		k = message_key(str_of(text));
		good += k->key == NULL && k->record.revoked;
		snprintf(text, sizeof text, "v=DKIM1; n=%d; p=AAAA; t=y", i);
		k = message_key(str_of(text));
		good += k->key == NULL && k->record.testing;
	}
	is_int(good, 1800, "each record has its own key, or none");
	record(text, 1);
	k = message_key(str_of(text));
	ok(message_key(str_of(text)) == k, "one that is there is kept");
	message_keys_free();
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof boxes / sizeof *boxes; i++)
		mailbox(i);
	cut();
	forms();
	chain();
	headers();
	keys();
	return done();
}
