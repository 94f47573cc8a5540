/*
 * mxmessage.c: fuzz: a message or a mailbox, read, judged without the DNS, shown
 *
 * Bit 0 of the first byte says that it is a mailbox; the others, how many bytes
 * a read gives.  However it is cut, what comes out must be the same.
 */
#include <stdint.h>
#include <unistd.h>

#include "file.h"
#include "message_show.h"

static const uint8_t *given;
static size_t left, step;

/* In place of read(2). */
static long
fuzz_read(void *to, size_t n)
{
	n = n < left ? n : left;
	n = n < step ? n : step;
	memcpy(to, given, n);
	given += n;
	left -= n;
	return (long)n;
}

#define read(fd, to, n) fuzz_read(to, n)
#define close(fd) ((void)(fd))
#include "message_read.c"
#undef read
#undef close

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Every key is this one, of RFC 8463, so that signatures are verified. */
static void
settle(struct message *m)
{
	static const char record[] = "v=DKIM1; k=ed25519; t=s; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
	static struct sign_key *key;
	struct buf der = { 0 };
	struct dkim_key k;
	size_t i;

	dkim_parse(str_of(record), &k);
	if (key == NULL && dkim_base64(k.data, &der))
		key = sign_public(SIGN_ED25519, BUF_STR(der));
	buf_free(&der);
	for (i = 0; i < m->nsig; i++)
		dkim_sig_key(&m->sig[i].sig, &k, key);
	for (i = 0; i < m->arc.n; i++)
		dkim_sig_key(&m->arc.set[i].seal, &k, key);
	if (m->arc.n > 0)
		dkim_sig_key(&m->arc.set[m->arc.n - 1].message, &k, key);
	arc_judge(&m->arc);
	m->now = 0;
	m->reason = "";
	m->spf.known = MESSAGE_UNTOLD;
	m->spf.why = "";
}

static void
show_all(const struct message_set *set, bool mbox, struct buf *out)
{
	struct message_reader *r = message_open(0, "box", mbox);
	struct err e = { 0 };
	struct message *m;
	int got;

	do {
		m = mem_new(1, sizeof *m);
		m->set = set;
		m->mem = &m->arena;
		got = message_next(r, m, &e);
		if (got > 0) {
			settle(m);
			message_text(m, out);
			message_json(m, out);
		}
		dkim_header_free(&m->header);
		arena_free(&m->arena);
		free(m);
	} while (got > 0);
	if (got < 0 && e.code == 0)
		abort();
	message_shut(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *trust[] = { "mx.test", "192.0.2.1" };
	struct message_set set = { .trust = { trust, 2 } };
	struct buf whole = { 0 }, cut = { 0 };
	bool mbox;

	if (n == 0)
		return 0;
	mbox = (p[0] & 1) != 0;
	given = p + 1;
	left = n - 1;
	step = SIZE_MAX;
	show_all(&set, mbox, &whole);
	given = p + 1;
	left = n - 1;
	step = (size_t)(p[0] >> 1) + 1;
	show_all(&set, mbox, &cut);
	if (!str_eq(BUF_STR(whole), BUF_STR(cut)))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
