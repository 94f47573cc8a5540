/* pieces.c: the lines of a descriptor, and a long one by the piece */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pieces.h"
#include "clock.h"
#include "mem.h"
#include "net.h"
#include "stop.h"

enum { ROOM = 65536 };

/* More behind those that are there, which move to the front. */
static int
more(struct pieces *in, struct err *e)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN },
	    { .fd = in->wake > 0 ? in->wake : -1, .events = POLLIN } };
	ssize_t n;

	if (in->p == NULL)
		in->p = mem_new(ROOM, 1);
	if (in->at > 0)
		memmove(in->p, in->p + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	if (net_poll(p, 2, CLOCK_NEVER) == NET_STOPPED)
		return fail_stop(e);
	if (p[1].revents != 0)
		return fail(e, EX_TEMPFAIL, "nothing more is wanted");
	n = read(in->fd, in->p + in->end, ROOM - in->end);
	if (n < 0)
		return stop_asked() ? fail_stop(e) : fail_sys(e, EX_NOINPUT,
		    "standard input");
	in->end += (size_t)n;
	in->eof = n == 0;
	return 0;
}

int
pieces_next(struct pieces *in, struct str *line, bool *whole, struct err *e)
{
	const char *lf = NULL;
	size_t seen = 0;

	while (!in->eof) {
		if (in->end > in->at + seen)
			lf = memchr(in->p + in->at + seen, '\n',
			    in->end - in->at - seen);
		if (lf != NULL || (in->at == 0 && in->end == ROOM))
			break;
		seen = in->end - in->at;
		if (more(in, e) < 0)
			return -1;
	}
	if (lf == NULL && in->end > in->at)
		lf = memchr(in->p + in->at, '\n', in->end - in->at);
	line->p = in->p + in->at;
	line->n = lf != NULL ? (size_t)(lf + 1 - line->p) : in->end - in->at;
	*whole = lf != NULL || in->eof;
	in->at += line->n;
	return 0;
}

void
pieces_back(struct pieces *in, struct str line)
{
	in->at -= line.n;
}

bool
pieces_ready(const struct pieces *in)
{
	return in->end > in->at &&
	    memchr(in->p + in->at, '\n', in->end - in->at) != NULL;
}

void
pieces_free(struct pieces *in)
{
	free(in->p);
	in->p = NULL;
}
