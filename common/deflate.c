/* deflate.c: raw DEFLATE, by zlib when this was built with it */
#include "deflate.h"

#ifdef HAVE_ZLIB
#include <stdlib.h>
#include <zlib.h>

#include "mem.h"

struct deflate_zlib {
	z_stream in, out;
};

bool
deflate_here(void)
{
	return true;
}

const char *
deflate_version(void)
{
	return zlibVersion();
}

static int
zlib_begin(struct deflate_zlib *z)
{
	if (inflateInit2(&z->in, -MAX_WBITS) != Z_OK)
		return -1;
	if (deflateInit2(&z->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
	    -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK)
		return 0;
	inflateEnd(&z->in);
	return -1;
}

struct deflate *
deflate_new(size_t from, size_t to)
{
	struct deflate *d = mem_new(1, sizeof *d);

	d->z = mem_new(1, sizeof *d->z);
	d->from.max = from;
	d->to.max = to;
	if (zlib_begin(d->z) == 0)
		return d;
	free(d->z);
	free(d);
	return NULL;
}

int
deflate_in(struct deflate *d, struct fifo *in, size_t step)
{
	z_stream *z = &d->z->in;
	size_t room;
	char *to;
	int got;

	while ((d->from.n > 0 || d->more) &&
	    (to = fifo_room(in, step, &room)) != NULL) {
		z->next_in = (Bytef *)(d->from.p + d->from.at);
		z->avail_in = (uInt)d->from.n;
		z->next_out = (Bytef *)to;
		z->avail_out = (uInt)room;
		got = inflate(z, Z_SYNC_FLUSH);
		if (got != Z_OK && got != Z_BUF_ERROR)
			return -1;
		d->more = z->avail_out == 0;
		fifo_drop(&d->from, d->from.n - z->avail_in);
		in->n += room - z->avail_out;
		if (room == z->avail_out)
			break;
	}
	return 0;
}

/* A flush for each burst: the other side must see whole commands. */
bool
deflate_out(struct deflate *d, struct fifo *out, size_t step)
{
	z_stream *z = &d->z->out;
	size_t room;
	char *to;

	if ((out->n == 0 && !d->held) ||
	    (to = fifo_room(&d->to, step, &room)) == NULL)
		return false;
	z->next_in = (Bytef *)(out->p + out->at);
	z->avail_in = (uInt)out->n;
	do {
		z->next_out = (Bytef *)to;
		z->avail_out = (uInt)room;
		deflate(z, Z_SYNC_FLUSH);
		d->to.n += room - z->avail_out;
	} while (z->avail_out == 0 &&
	    (to = fifo_room(&d->to, step, &room)) != NULL);
	d->held = z->avail_out == 0;
	fifo_drop(out, out->n - z->avail_in);
	return true;
}

void
deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	inflateEnd(&d->z->in);
	deflateEnd(&d->z->out);
	fifo_free(&d->from);
	fifo_free(&d->to);
	free(d->z);
	free(d);
}
#else
bool
deflate_here(void)
{
	return false;
}

const char *
deflate_version(void)
{
	return NULL;
}

struct deflate *
deflate_new(size_t from, size_t to)
{
	(void)from;
	(void)to;
	return NULL;
}

int
deflate_in(struct deflate *d, struct fifo *in, size_t step)
{
	(void)d;
	(void)in;
	(void)step;
	return -1;
}

bool
deflate_out(struct deflate *d, struct fifo *out, size_t step)
{
	(void)d;
	(void)out;
	(void)step;
	return false;
}

void
deflate_free(struct deflate *d)
{
	(void)d;
}
#endif
