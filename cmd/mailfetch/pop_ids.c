/* pop_ids.c: POP3: which message is which */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "limit.h"
#include "pop_ids.h"
#include "pop_owner.h"
#include "pop_twice.h"

/* Without UIDL a message is its header, and its size; or all of it. */
static int
by_content(struct pop *s, size_t i)
{
	struct digest *d = digest_new();
	struct conn_sink sink = { digest_sink, d };
	unsigned char md[32];
	uint64_t size = s->m[i].size;
	int got;

	digest_put(d, &size, sizeof size);
	got = pop3_body(&s->p, &sink, LIMIT_ANNOUNCED(size));
	if (!digest_end(d, md))
		return fail(s->r->e, EX_OSERR, "OpenSSL has no SHA-256 here");
	if (!s->named[i])		/* a list with holes */
		memcpy(&s->key[i], md, sizeof s->key[i]);
	return got;
}

/* The answers that are still to come are nobody's. */
static int
drop_answers(struct pop *s, size_t n)
{
	while (n-- > 0)
		if (pop3_body(&s->p, NULL, 0) < 0)
			return -1;
	return 0;
}

/* 1: the server refuses TOP. */
static int
contents_by_top(struct pop *s)
{
	size_t i, said = 0, most = popbox_depth(s);

	for (i = 0; i < s->n; i++) {
		for (; said < s->n && said - i < most; said++)
			pop3_top(&s->p, s->m[said].number);
		if (by_content(s, i) < 0)
			return -1;
		if (!s->p.ok)
			return drop_answers(s, said - i - 1) < 0 ? -1 : 1;
		if (s->p.over)
			s->m[i].number = 0;
	}
	return 0;
}

/* One at a time: these are whole messages. */
static int
contents_by_retr(struct pop *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->m[i].number == 0)
			continue;
		pop3_retr(&s->p, s->m[i].number);
		if (by_content(s, i) < 0)
			return -1;
		if (!s->p.ok || s->p.over)
			s->m[i].number = 0;
	}
	return 0;
}

static int
contents(struct pop *s)
{
	int got = contents_by_top(s);

	return got > 0 ? contents_by_retr(s) : got;
}

/* It is shown, byte by byte, where there is JSON alone. */
static int
note_id(struct pop *s, size_t i, struct str uid)
{
	if (s->id == NULL)
		return 0;
	if (s->ids.n == 0)
		buf_c(&s->ids, '\0');
	s->id[i] = (uint32_t)s->ids.n;
	buf_str(&s->ids, uid);
	buf_c(&s->ids, '\0');
	return s->ids.over ? conn_fail(s->p.c, EX_PROTOCOL, "UIDL: more than %d MB of unique ids",
	    LIMIT_UIDL_BYTES >> 20) : 0;
}

static int
hear_uidl(struct pop *s, size_t *named, struct key *was)
{
	const struct owner *o = &s->r->owner;
	struct str uid;
	size_t i;
	int got;

	while ((got = pop3_uidl(&s->p, s->m, s->n, &i, &uid)) > 0) {
		if (uid.n == 0)
			continue;
		*named += !s->named[i];
		s->named[i] = true;
		s->key[i] = run_uidl_key(uid, o->keyed);
		if (o->like != NULL)
			was[i] = run_uidl_key(uid, o->like);
		if (note_id(s, i, uid) < 0)
			return -1;
	}
	return got;
}

/* Will anybody be told the unique ids? */
static bool
tells_ids(const struct options *o)
{
	size_t i;

	if (o->account.json || o->to.filter != NULL ||
	    o->to.format == FORMAT_JSON)
		return true;
	for (i = 0; i < o->to.deliver.n; i++)
		if (str_starts(str_of(o->to.deliver.v[i]), "exec:") ||
		    str_starts(str_of(o->to.deliver.v[i]), "mda:"))
			return true;
	return false;
}

/* By their unique ids; *named have one. */
static int
by_uidl(struct pop *s, size_t *named)
{
	struct key *was = s->r->owner.like == NULL ? NULL :
	    mem_new(s->n, sizeof *was);
	int got = hear_uidl(s, named, was);

	if (got == 0 && was != NULL)
		got = pop_owner(s, was);
	free(was);
	return got;
}

int
pop_ids_find(struct pop *s)
{
	size_t named = 0;

	s->key = mem_new(s->n, sizeof *s->key);
	s->named = mem_new(s->n, sizeof *s->named);
	s->sum = mem_new(s->n, sizeof *s->sum);
	if (tells_ids(s->r->o))
		s->id = mem_new(s->n, sizeof *s->id);
	if (by_uidl(s, &named) < 0 || (named < s->n && contents(s) < 0))
		return -1;
	if (pop_twice(s) < 0)
		return -1;
	s->r->count.there = s->n;
	return 0;
}
