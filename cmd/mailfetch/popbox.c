/* popbox.c: POP3: a mailbox, and commands of which many are in flight */
#include <string.h>

#include "digest.h"
#include "limit.h"
#include "popbox.h"

/*
 * In flight at most: bytes of messages, enough for 6 Gbit/s at 40 ms, and
 * commands, 48 KB of them, which any two sockets take without the server
 * reading one: so nobody waits for room while nobody reads.
 */
#define WINDOW (32u << 20)
enum { COMMANDS = 4000 };

/* LIST may be off by so many octets, and one a line. */
enum { SHORT_OF = 32 };

struct message
popbox_message(const struct pop *s, size_t i)
{
	return (struct message){ .key = s->key[i], .asked = s->asked[i],
	    .number = s->m[i].number, .size = s->m[i].size, .shared = s->shared[i], .id = s->id != NULL && s->id[i] != 0 ?
	    s->ids.p + s->id[i] : NULL };
}

size_t
popbox_depth(const struct pop *s)
{
	return (s->p.caps & POP3_PIPELINING) != 0 ? COMMANDS : 1;
}

/* Asked again when a quarter of the window is free: the pipe stays full. */
int
popbox_fly(struct pop *s, const struct popbox_flight *f)
{
	uint64_t flying = 0;
	size_t i, said = 0, most = popbox_depth(s);

	for (i = 0; i < f->n; i++) {
		if (said == i || (flying < WINDOW / 4 * 3 &&
		    said - i <= most / 4 * 3))
			while (said < f->n && said - i < most &&
			    (said == i || flying < WINDOW)) {
				flying += s->m[f->v[said]].size;
				f->say(s, f->v[said++]);
			}
		if (f->hear(s, f->v[i]) < 0)
			return -1;
		flying -= s->m[f->v[i]].size;
	}
	return 0;
}

size_t
popbox_spare(struct pop *s, uint32_t *v, size_t n, enum hung_part part)
{
	struct message m;
	size_t i, left = 0;

	s->part = part;
	for (i = 0; i < n; i++) {
		m = popbox_message(s, v[i]);
		if (hung_waits(s->r, &m, part))
			s->m[v[i]].number = 0;
		else
			v[left++] = v[i];
	}
	return left;
}

bool
popbox_short(uint64_t announced, uint64_t octets, uint64_t lines)
{
	return octets + lines + SHORT_OF < announced;
}

struct body {
	struct digest *all, *head;
	enum { LINE_HELD, LINE_BLANK, HEAD_OVER } at;
	uint64_t octets, lines;
};

/* Up to the blank line, as TOP has it: a line is blank until it holds something. */
static void
top_put(struct body *b, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && b->at != HEAD_OVER; i++) {
		if (p[i] == '\n')
			b->at = b->at == LINE_BLANK ? HEAD_OVER : LINE_BLANK;
		else if (p[i] != '\r')
			b->at = LINE_HELD;
	}
	if (b->head != NULL)
		digest_put(b->head, p, i);
}

static int
put_body(void *to, const void *data, size_t n, struct err *e)
{
	struct body *b = to;
	const char *p = data, *end = p + n;

	(void)e;
	digest_put(b->all, data, n);
	top_put(b, p, n);
	b->octets += n;
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		b->lines++;
		p++;
	}
	return 0;
}

int
popbox_hear(struct pop *s, size_t i, struct digest *all, struct digest *head)
{
	struct body b = { .all = all, .head = head, .at = LINE_BLANK };
	struct conn_sink sink = { put_body, &b };

	struct message m = popbox_message(s, i);

	if (pop3_body(&s->p, &sink, LIMIT_ANNOUNCED(m.size)) < 0)
		return hung_at(s->r, &m, s->part, 0);
	if (hung_over(s->r, &m, s->part) < 0)
		return -1;
	if (!s->p.ok)
		return 0;
	return (popbox_short(s->m[i].size, b.octets, b.lines) ?
	    POPBOX_SHORT : 0) | (b.at != HEAD_OVER ? POPBOX_HEAD : 0);
}

int
popbox_hear_sum(struct pop *s, size_t i)
{
	struct digest *all = digest_new(), *head = digest_new();
	int got = popbox_hear(s, i, all, head);

	s->sum[i] = digest_end_short(all);
	s->head[i] = digest_end_short(head);
	return got < 0 ? -1 : (got & POPBOX_SHORT) != 0;
}

int
popbox_stays(struct pop *s, const struct message *m, const char *why, int code)
{
	struct run *r = s->r;
	bool theirs = why == s->p.text;

	tally_add(&r->tally, m, code, theirs ? "refused" : why, "%s%s",
	    theirs ? "refused: " : "", why);
	r->count.status = fail_worse(r->count.status, code);
	r->count.kept++;
	return 0;
}

int
popbox_gone(struct pop *s, size_t i)
{
	if (s->gone == NULL)
		s->gone = mem_new(s->n, sizeof *s->gone);
	s->gone[s->ngone++] = s->key[i].a;
	return ledger_forget(&s->r->ledger, s->key[i], s->r->e);
}

int
popbox_all_gone(struct pop *s)
{
	size_t n = s->ngone;

	s->ngone = 0;
	return ledger_forget_places(&s->r->ledger, s->gone, n, s->r->e);
}
