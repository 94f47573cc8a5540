/* imap.c: fuzz: an IMAP server that says anything */
#include "conn_tls.h"
#include "imap_append.h"
#include "imap_box.h"
#include "server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
sets(struct str set)
{
	uint32_t lo, hi;
	int n = 0;

	while (imap_set_next(&set, &lo, &hi) > 0 && n++ < 10000)
		must(lo > 0 && lo <= hi);
}

static void
items(struct imap *m, unsigned *sum)
{
	struct conn_sink sink = { server_sink, sum };
	struct imap_item it;
	int n = 0;

	while (imap_item(m, &it) > 0 && n++ < 10000) {
		if (it.kind == IMAP_UID)
			must(it.number > 0 && it.number <= UINT32_MAX);
		if (it.kind == IMAP_BODY && it.size % 2 == 0 &&
		    imap_body(m, &it, &sink) < 0)
			return;
	}
}

/* What is made of any answer, whether it was asked for or not. */
static void
became(struct imap *m, struct imap_resp *r)
{
	struct imap_uids a = { 0 }, b = { 0 };
	uint64_t v = 0;
	int got = imap_appended(m, r, &v, &b);

	must(got <= 0 || (v > 0 && b.n > 0));
	b.n = 0;
	got = imap_copied(m, r, &v, &a, &b);
	must(a.n == b.n && (got <= 0 || (v > 0 && a.n > 0)));
	if (r->type == IMAP_SEARCH && imap_found(m, r, &a) == 0) {
		imap_uids_sort(&a);
		must(a.n == 0 || imap_uids_has(&a, a.v[a.n / 2]));
	}
	must(a.n <= 4000000);
	free(a.v);
	free(b.v);
}

static void
append(struct imap *m)
{
	struct imap_append one = { "\\Seen", 1, 3, false };
	struct err e = { 0 };
	int i;

	if (imap_append_begin(m, STR("x")) < 0)
		return;
	for (i = 0; i < 2; i++)
		if (imap_append_one(m, &one) <= 0 ||
		    imap_append_put(m, "a\r\n", 3, &e) < 0)
			return;
	imap_wait(m, imap_append_end(m));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct imap m = { 0 };
	struct imap_resp r;
	struct err e = { 0 };
	unsigned sum = 0;
	uint32_t *uids;
	size_t k;
	int fd;
	struct conn *c = server_says(p, n, &fd, &e);

	if (imap_open(&m, c, CONN_TLS_OFF) == 0) {
		m.authed = true;
		m.tag = 9;
		if (imap_select(&m, STR("INBOX"), true) >= 0 &&
		    imap_search(&m, "ALL", &uids, &k) == 0)
			free(uids);
		imap_wait(&m, imap_ask_ready(&m, ~0u));
		if (m.qresync)
			append(&m);
		m.tag = 99;
		while (imap_next(&m, &r) > 0) {
			must(r.name.n < 70000 && r.tag <= m.tag);
			must(strlen(m.box.permanent) < sizeof m.box.permanent);
			became(&m, &r);
			if (r.type == IMAP_FETCH || r.type == IMAP_STATUS)
				items(&m, &sum);
			else if (r.type == IMAP_SEARCH ||
			    r.type == IMAP_VANISHED)
				sets(r.set);
		}
	}
	must(e.code != 0 || !conn_failed(c));
	imap_quit(&m);
	conn_close(c);
	close(fd);
	return 0;
}
