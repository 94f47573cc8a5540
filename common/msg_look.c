/* msg_look.c: what a text is like: its size, its lines, its odd bytes */
#include <string.h>

#include "msg.h"
#include "msg_look.h"

bool
msg_eight(struct str s)
{
	const char *p = s.p;
	size_t n = s.n;
	uint64_t w[4], any = 0;
	unsigned char c = 0;

	for (; n >= sizeof w; p += sizeof w, n -= sizeof w) {
		memcpy(w, p, sizeof w);
		any |= w[0] | w[1] | w[2] | w[3];
	}
	while (n > 0)
		c |= (unsigned char)p[--n];
	return (any & 0x8080808080808080) != 0 || c > 0x7f;
}

size_t
msg_utf8(struct str s)
{
	size_t n = 0, step = 1;
	uint64_t w;

	while (n < s.n && step > 0) {
		for (; n + sizeof w <= s.n; n += sizeof w) {
			memcpy(&w, s.p + n, sizeof w);
			if ((w & 0x8080808080808080) != 0)
				break;
		}
		step = str_char(str_from(s, n), NULL);
		n += step;
	}
	return n;
}

static void
look_odd(struct msg_look *l, const char *what)
{
	if (l->odd != NULL)
		return;
	l->odd = what;
	l->odd_line = l->line + 1;
}

static void
look_bare(struct msg_look *l)
{
	l->bare = true;
	look_odd(l, "bare CR");
}

static void
look_nul(struct msg_look *l)
{
	l->nul = true;
	look_odd(l, "NUL");
}

/* At the start of a line.  Cut short by the block it counts, too. */
static void
look_from(struct msg_look *l, const char *at, const char *end)
{
	static const char word[] = "From ";

	/* A line that a block cuts off may go on in the next one. */
	l->begun = l->col == 0 ? 0 : l->begun;
	if (l->begun != l->col || l->begun == 5)
		return;
	while (at < end && l->begun < 5 && *at == word[l->begun]) {
		l->begun++;
		at++;
	}
	l->from = l->from || l->begun == 5;
}

static void
look_end(struct msg_look *l)
{
	if (l->cr)
		look_bare(l);
	if (l->col > MSG_LINE_MAX)
		look_odd(l, "over 998 octets");
	l->open_end = l->col > 0;
	l->size += l->open_end ? 2 : 0;
}

/* A whole line, or the last one of the text, ends at nl. */
static void
look_line(struct msg_look *l, const char *at, const char *nl, bool crlf)
{
	uint64_t len = l->col + (uint64_t)(nl - at);

	look_from(l, at, nl);
	if (len - crlf > MSG_LINE_MAX)
		look_odd(l, "over 998 octets");
	l->size += (uint64_t)(nl - at) + 1 + !crlf;
	l->line++;
	l->col = 0;
}

static void
look_rest(struct msg_look *l, const char *at, const char *end)
{
	if (at == end)
		return;
	look_from(l, at, end);
	l->col += (uint64_t)(end - at);
	l->size += (uint64_t)(end - at);
}

void
msg_look(struct msg_look *l, const char *p, size_t n)
{
	const char *at = p, *end = p + n, *nl, *cr, *nul;
	bool crlf;

	if (n == 0) {
		look_end(l);
		return;
	}
	l->eight = l->eight || msg_eight((struct str){ p, n });
	if (l->cr && p[0] != '\n')
		look_bare(l);
	cr = str_find(p, '\r', end);
	nul = str_find(p, '\0', end);
	for (; (nl = str_find(at, '\n', end)) < end; at = nl + 1) {
		if (nul < nl) {
			look_nul(l);
			nul = end;
		}
		for (; nl - cr > 1; cr = str_find(cr + 1, '\r', end))
			look_bare(l);
		crlf = nl - cr == 1 || (nl == p && l->cr);
		if (nl - cr == 1)
			cr = str_find(nl + 1, '\r', end);
		look_line(l, at, nl, crlf);
	}
	if (nul < end)
		look_nul(l);
	if (end - cr > 1)
		look_bare(l);
	look_rest(l, at, end);
	l->cr = end[-1] == '\r';
}
