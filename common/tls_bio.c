/*
 * tls_bio.c: the two fifos between OpenSSL and the socket
 *
 * OpenSSL talks to them through a BIO of ours.  That keeps every wait in one
 * place (conn.c), lets several records leave in one write(2), and one read(2)
 * bring several.
 */
#include <string.h>

#include "tls_private.h"

static int
bio_write(BIO *b, const char *p, int n)
{
	struct tls_ends *t = BIO_get_data(b);
	size_t put;

	BIO_clear_retry_flags(b);
	put = fifo_put(t->tx, p, (size_t)n);
	if (put == 0)
		BIO_set_retry_write(b);
	t->sent += put;
	return put > 0 ? (int)put : -1;
}

static int
bio_read(BIO *b, char *p, int n)
{
	struct tls_ends *t = BIO_get_data(b);
	size_t got = t->rx->n < (size_t)n ? t->rx->n : (size_t)n;

	BIO_clear_retry_flags(b);
	if (got == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(p, t->rx->p + t->rx->at, got);
	fifo_drop(t->rx, got);
	t->heard = true;
	return (int)got;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static int
bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

BIO_METHOD *
tls_bio(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "fifo");

	if (m == NULL)
		return NULL;
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_ctrl(m, bio_ctrl);
	BIO_meth_set_create(m, bio_create);
	return m;
}
