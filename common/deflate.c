/* deflate.c: raw DEFLATE, by zlib when the machine has it */
#include "deflate.h"

#ifdef HAVE_ZLIB
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "late.h"
#include "mem.h"

struct deflate_zlib {
	z_stream in, out;
};

static struct {
	__typeof__(deflate) *deflate;
	__typeof__(deflateEnd) *deflate_end;
	__typeof__(deflateInit2_) *deflate_init;
	__typeof__(inflate) *inflate;
	__typeof__(inflateEnd) *inflate_end;
	__typeof__(inflateInit2_) *inflate_init;
} lib;
static const char *const names[] = { "deflate", "deflateEnd", "deflateInit2_",
	"inflate", "inflateEnd", "inflateInit2_" };
static bool here;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

/* Its ABI has been libz.so.1 since 1995. */
static void
load(void)
{
	here = late_load("libz.so.1", names, sizeof names / sizeof *names,
	    &lib) == NULL;
}

bool
deflate_here(void)
{
	pthread_once(&loaded, load);
	return here;
}

static int
begin(struct deflate_zlib *z)
{
	const int size = (int)sizeof z->in;

	if (lib.inflate_init(&z->in, -MAX_WBITS, ZLIB_VERSION, size) != Z_OK)
		return -1;
	if (lib.deflate_init(&z->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
	    -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK)
		return 0;
	lib.inflate_end(&z->in);
	return -1;
}

struct deflate *
deflate_new(size_t from, size_t to)
{
	struct deflate *d;

	if (!deflate_here())
		return NULL;
	d = mem_new(1, sizeof *d);
	d->z = mem_new(1, sizeof *d->z);
	d->from.max = from;
	d->to.max = to;
	if (begin(d->z) == 0)
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
		got = lib.inflate(z, Z_SYNC_FLUSH);
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
		lib.deflate(z, Z_SYNC_FLUSH);
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
	lib.inflate_end(&d->z->in);
	lib.deflate_end(&d->z->out);
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
