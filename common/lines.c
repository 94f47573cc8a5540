/* lines.c: the lines of a descriptor, read as there is room for more work */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lines.h"
#include "stop.h"

static void
lines_begin(struct lines *l)
{
	struct stat st;

	l->begun = true;
	l->regular = fstat(l->fd, &st) == 0 && S_ISREG(st.st_mode);
	l->readable |= l->regular;
}

static void
lines_fill(struct lines *l)
{
	ssize_t got;

	memmove(l->p, l->p + l->at, l->n - l->at);
	l->n -= l->at;
	l->at = 0;
	do
		got = read(l->fd, l->p + l->n, sizeof l->p - l->n);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN) {
		got = 0;
	} else if (got <= 0) {
		l->error = got < 0 ? errno : 0;
		l->eof = true;
	}
	l->n += got > 0 ? (size_t)got : 0;
	l->readable = l->regular;
}

/* A whole line, or the rest at the end; false: none there now. */
static bool
cut(struct lines *l, struct str *line)
{
	size_t left = l->n - l->at, len;
	const char *nl = memchr(l->p + l->at, '\n', left);

	len = nl != NULL ? (size_t)(nl - l->p) - l->at : left;
	if (nl == NULL && ((!l->eof && len < LINES_LONGEST) || len == 0))
		return false;
	*line = str_to((struct str){ l->p + l->at, len }, LINES_LONGEST);
	l->at += len + (nl != NULL);
	return true;
}

bool
lines_next(struct lines *l, struct str *line)
{
	bool skipping;

	if (!l->begun)
		lines_begin(l);
	for (;;) {
		if (!cut(l, line)) {
			if (l->eof || !l->readable || stop_asked())
				return false;
			lines_fill(l);
			continue;
		}
		skipping = l->skipping;
		l->skipping = l->at == 0 || l->p[l->at - 1] != '\n';
		if (!skipping)
			return true;
	}
}

bool
lines_end(const struct lines *l)
{
	return l->eof && l->at == l->n;
}
