/* pop_since.c: POP3: --since, by the header of each */
#include <stdlib.h>

#include "field.h"
#include "limit.h"
#include "pop_since.h"
#include "since.h"

enum { HEAD = 65536 };			/* the topmost field is in it */

static void
say_head(struct pop *s, size_t i)
{
	pop3_top(&s->p, s->m[i].number);
}

static int
put_head(void *to, const void *p, size_t n, struct err *e)
{
	struct buf *head = to;
	size_t room = head->max - head->n - 1;

	(void)e;
	buf_put(head, p, n < room ? n : room);
	return 0;
}

static int
hear_head(struct pop *s, size_t i)
{
	struct buf head = { .max = HEAD };
	struct conn_sink sink = { put_head, &head };
	time_t came;
	struct message m = popbox_message(s, i);
	int got = pop3_body(&s->p, &sink, LIMIT_ANNOUNCED(m.size)) < 0 ?
	    hung_at(s->r, &m, HUNG_HEAD, 0) : hung_over(s->r, &m, HUNG_HEAD);

	if (got == 0 && s->p.ok && field_came(BUF_STR(head), &came))
		s->old[i] = since_before(came, s->since);
	buf_free(&head);
	return got;
}

int
pop_since(struct pop *s)
{
	const struct options *o = s->r->o;
	uint32_t *v;
	size_t i, n = 0;
	int got;

	s->old = mem_new(s->n, sizeof *s->old);
	if (o->which.since == NULL)
		return 0;
	if (since_day(o->which.since, &s->since, s->r->e) < 0)
		return -1;
	v = mem_new(s->n, sizeof *v);
	for (i = 0; i < s->n; i++)
		if (s->m[i].number != 0 && (o->look.list ||
		    run_new(s->r, s->key[i])))
			v[n++] = (uint32_t)i;
	n = popbox_spare(s, v, n, HUNG_HEAD);
	got = popbox_fly(s, &(struct popbox_flight){ v, n, say_head,
	    hear_head });
	free(v);
	return got;
}
