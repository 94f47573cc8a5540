/*
 * deflate.c: fuzz: DEFLATE under IMAP (RFC 4978), in and out
 *
 * The first byte says which: 0 what a server sends is the input as it is; else
 * the input is a text, compressed in pieces of that many bytes, which must
 * come out as it went in.  It stands behind the server's yes, at once.
 */
#include <zlib.h>

#include "deflate.h"
#include "conn_tls.h"
#include "imap_box.h"
#include "mem.h"
#include "server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char hello[] = "* OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] x\r\n"
    "A1 OK go on\r\n";

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
squeeze(struct buf *to, const uint8_t *p, size_t n, unsigned step)
{
	z_stream z = { 0 };
	size_t some;

	must(deflateInit2(&z, (int)(step % 10), Z_DEFLATED, -MAX_WBITS, 8,
	    Z_DEFAULT_STRATEGY) == Z_OK);
	for (; n > 0; p += some, n -= some) {
		some = n < step ? n : step;
		z.next_in = (Bytef *)p;
		z.avail_in = (uInt)some;
		z.next_out = (Bytef *)buf_room(to, some + 1000);
		z.avail_out = (uInt)some + 1000;
		must(deflate(&z, Z_SYNC_FLUSH) == Z_OK && z.avail_in == 0);
		to->n += some + 1000 - z.avail_out;
	}
	deflateEnd(&z);
}

/* Whatever the server means, it ends, and holds no more than it may. */
static void
talk(struct imap *m)
{
	struct conn_sink sink = { server_sink, &(unsigned){ 0 } };
	struct imap_item it;
	struct imap_resp r;

	m->tag = 99;
	while (imap_next(m, &r) > 0)
		while ((r.type == IMAP_FETCH || r.type == IMAP_STATUS) &&
		    imap_item(m, &it) > 0)
			if (it.kind == IMAP_BODY &&
			    imap_body(m, &it, &sink) < 0)
				return;
}

static void
same(struct conn *c, const uint8_t *p, size_t n)
{
	char some[999];
	long got;

	for (; n > 0; p += got, n -= (size_t)got) {
		got = conn_read(c, some, n < sizeof some ? n : sizeof some);
		must(got > 0 && memcmp(some, p, (size_t)got) == 0);
	}
	must(conn_read(c, some, 1) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf says = { .max = 1 << 20 };
	struct imap m = { 0 };
	struct err e = { 0 };
	struct conn *c;
	int fd;

	if (n == 0)
		return 0;
	buf_s(&says, hello);
	if (p[0] == 0)
		buf_put(&says, p + 1, n - 1);
	else
		squeeze(&says, p + 1, n - 1, p[0]);
	c = server_says((uint8_t *)says.p, says.n, &fd, &e);
	must(imap_open(&m, c, CONN_TLS_OFF) == 0);
	m.authed = true;
	if (imap_deflate(&m) == 0 && m.deflated) {
		if (p[0] == 0)
			talk(&m);
		else
			same(c, p + 1, n - 1);
	}
	must(p[0] == 0 || m.deflated);
	must(e.code != 0 || !conn_failed(c));
	imap_quit(&m);
	conn_close(c);
	close(fd);
	buf_free(&says);
	return 0;
}
