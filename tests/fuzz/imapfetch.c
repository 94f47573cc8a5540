/* imapfetch.c: fuzz: an IMAP server that says anything while we download */
#include "imap_box.h"
#include "imap_fetch.h"
#include "server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint32_t uids[] = { 1, 2, 3, 7 };

static void
must(bool held)
{
	if (!held)
		abort();
}

/* Whether bodies and ends come in pairs, of one message, and once each. */
static int
follow(struct imap_fetch *f, unsigned *ends)
{
	struct conn_sink sink = { server_sink, ends + 8 };
	const struct imap_fetched *g = &f->got;
	uint32_t open = 0;
	int got;

	while ((got = imap_fetch_next(f)) > 0) {
		must(open == 0 || got == IMAP_FETCH_END);
		if (got == IMAP_FETCH_END) {
			must(open == g->uid && ends[open]++ == 0);
			open = 0;
		}
		if (got != IMAP_FETCH_BODY)
			continue;
		must(g->uid == 7 || (g->uid > 0 && g->uid < 4));
		if (g->size == 5)
			continue;	/* left */
		open = g->uid;
		if (imap_fetch_body(f, &sink) < 0)
			return -1;
	}
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	unsigned char came[4] = { 0 };
	struct imap_fetch_job job[] = {
		{ .uids = uids, .n = 2, .came = came },
		{ .uids = uids + 2, .n = 2, .came = came + 2 },
	};
	unsigned ends[9] = { 0 };	/* by UID; the last is the sum */
	struct imap m = { 0 };
	struct imap_fetch f = { .m = &m, .ahead = 2 };
	struct err e = { 0 };
	size_t i;
	int fd, got;
	struct conn *c = server_says(p, n, &fd, &e);

	m = (struct imap){ .c = c, .authed = true };
	imap_fetch_ask(&f, &job[0]);
	imap_fetch_select(&f, imap_ask_select(&m, STR("x"), true, NULL), 7,
	    NULL);
	imap_fetch_ask(&f, &job[1]);
	got = follow(&f, ends);
	for (i = 0; got == 0 && i < 2; i++) {
		imap_fetch_again(&f, &job[i]);
		got = follow(&f, ends);
	}
	for (i = 0; i < 4; i++)
		must(ends[uids[i]] == 0 || came[i] == IMAP_CAME_HERE);
	must(got == 0 || e.code != 0);
	imap_fetch_free(&f);
	imap_quit(&m);
	conn_close(c);
	close(fd);
	return 0;
}
