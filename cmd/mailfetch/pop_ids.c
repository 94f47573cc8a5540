/* pop_ids.c: POP3: which message is which */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "limit.h"
#include "pop_ids.h"
#include "pop_owner.h"
#include "pop_twice.h"

/* Which one it is is not known: it stays. */
static int
leave(struct pop *s, size_t i, const char *why)
{
	struct message m = popbox_message(s, i);

	s->m[i].number = 0;
	return popbox_stays(s, &m, why, pop3_status(&s->p, EX_TEMPFAIL));
}

/*
 * Without UIDL a message is its header, and its size; or all of it.  As
 * popbox_hear.
 */
static int
by_content(struct pop *s, size_t i)
{
	struct digest *d = digest_new();
	unsigned char md[32];
	uint64_t size = s->m[i].size;
	int got;

	digest_put(d, &size, sizeof size);
	got = popbox_hear(s, i, d, NULL);
	if (!digest_end(d, md))
		return fail(s->r->e, EX_OSERR, "OpenSSL has no SHA-256 here");
	memcpy(&s->key[i], md, sizeof s->key[i]);
	if (got >= 0 && s->p.ok && s->p.over)
		return leave(s, i, "longer than LIST says, and it has no unique id");
	return got;
}

/* What was cut would be another one: asked once more, and told if it is equal. */
static int
settle(struct pop *s, size_t i, int cut)
{
	struct key was = s->key[i];
	int got = by_content(s, i);

	if (got < 0)
		return -1;
	if (!s->p.ok)
		return leave(s, i, s->p.text);
	if (s->m[i].number == 0 || (got & cut) == 0 ||
	    memcmp(&was, &s->key[i], sizeof was) == 0)
		return 0;
	return leave(s, i, "cut, each time in another place, and it has no unique id");
}

/* Those without a unique id, n of them; sorted out by hear_tops. */
struct nameless {
	uint32_t *v, *cut, *refused;
	size_t n, cuts, refusals;
};

/* The answers that are still to come are nobody's. */
static int
drop_answers(struct pop *s, size_t n)
{
	while (n-- > 0)
		if (pop3_body(&s->p, NULL, 0) < 0)
			return -1;
	return 0;
}

static bool
says_top(const struct pop *s)
{
	return (s->p.caps & POP3_CAPA) != 0 && (s->p.caps & POP3_TOP) != 0;
}

/* Where TOP is not offered the first answer is enough. */
static int
hear_tops(struct pop *s, struct nameless *l)
{
	size_t k, said = 0, most = popbox_depth(s);
	int got;

	for (k = 0; k < l->n; k++) {
		for (; said < l->n && said - k < most; said++)
			pop3_top(&s->p, s->m[l->v[said]].number);
		if ((got = by_content(s, l->v[k])) < 0)
			return -1;
		if (!s->p.ok)
			l->refused[l->refusals++] = l->v[k];
		else if ((got & POPBOX_HEAD) != 0 &&
		    s->m[l->v[k]].number != 0)
			l->cut[l->cuts++] = l->v[k];
		if (k == 0 && !s->p.ok && !says_top(s)) {
			l->refusals = l->n;
			return drop_answers(s, said - 1);
		}
	}
	return 0;
}

/* One may be refused for now, and RETR would give it another name. */
static bool
has_top(const struct pop *s, const struct nameless *l)
{
	return l->refusals < l->n || (l->n == 1 && says_top(s));
}

static int
after_top(struct pop *s, const struct nameless *l)
{
	size_t k;

	for (k = 0; k < l->cuts; k++) {
		pop3_top(&s->p, s->m[l->cut[k]].number);
		if (settle(s, l->cut[k], POPBOX_HEAD) < 0)
			return -1;
	}
	for (k = 0; k < l->refusals; k++)
		leave(s, l->refused[k], "TOP is refused, and it has no unique id");
	return 0;
}

/* One at a time: these are whole messages. */
static int
by_retr(struct pop *s, const struct nameless *l)
{
	size_t i, k, n;
	int got;

	n = popbox_spare(s, l->v, l->n, HUNG_BODY);
	for (k = 0; k < n; k++) {
		i = l->v[k];
		pop3_retr(&s->p, s->m[i].number);
		if ((got = by_content(s, i)) < 0)
			return -1;
		if (!s->p.ok)
			leave(s, i, s->p.text);
		if ((got & POPBOX_SHORT) == 0 || s->m[i].number == 0)
			continue;
		pop3_retr(&s->p, s->m[i].number);
		if (settle(s, i, POPBOX_SHORT) < 0)
			return -1;
	}
	return 0;
}

/* What hung.h knows of one that has no name yet. */
static struct key
number_key(const struct pop *s, size_t i)
{
	char text[64];

	snprintf(text, sizeof text, "%u, %u", s->m[i].number, s->m[i].size);
	return state_digest("number", str_of(text));
}

static int
contents(struct pop *s)
{
	struct nameless l = { .v = mem_new(s->n, sizeof *l.v),
	    .cut = mem_new(s->n, sizeof *l.cut),
	    .refused = mem_new(s->n, sizeof *l.refused) };
	size_t i;
	int got;

	for (i = 0; i < s->n; i++)
		if (!s->named[i]) {
			s->asked[i] = number_key(s, i);
			l.v[l.n++] = (uint32_t)i;
		}
	l.n = popbox_spare(s, l.v, l.n, HUNG_HEAD);
	got = hear_tops(s, &l);
	if (got == 0)
		got = has_top(s, &l) ? after_top(s, &l) : by_retr(s, &l);
	free(l.v);
	free(l.cut);
	free(l.refused);
	return got;
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

/* ---- a server that has given unique ids ---- */

static struct key
gave_key(const char *owner)
{
	return state_mix(state_digest("gave unique ids", STR("")),
	    str_of(owner));
}

static bool
gave_ids(const struct pop *s, const char *owner)
{
	return owner != NULL && state_find(&s->r->state, gave_key(owner),
	    STATE_SERVER) != NULL;
}

/*
 * What was known by its unique id would be another message by its content, and
 * the next time by its unique id again: so where the server has given them it
 * is waited for until it does.  offers: it says that it can.
 */
static int
need_ids(struct pop *s, size_t named, bool offers)
{
	const struct owner *o = &s->r->owner;
	bool refused = !s->p.ok;
	size_t i;

	if (named == s->n || (!gave_ids(s, o->keyed) &&
	    !gave_ids(s, o->like) && !(refused && offers)))
		return 0;
	if (named == 0)
		return conn_fail(s->p.c, pop3_status(&s->p, EX_TEMPFAIL), "UIDL: %s: which messages are new cannot be told",
		    refused ? s->p.text : "no unique ids, and there were some before");
	for (i = 0; i < s->n; i++)
		if (!s->named[i]) {
			s->named[i] = true;
			leave(s, i, "UIDL does not name it, and named all before");
		}
	return 0;
}

/* Once it has named all that is there. */
static int
note_ids(struct pop *s, size_t named)
{
	const char *owner = s->r->owner.keyed;

	return s->n == 0 || named < s->n || gave_ids(s, owner) ? 0 :
	    state_put(&s->r->state, STATE_SERVER, gave_key(owner), 1,
	    s->r->e);
}

/* By their unique ids; *named have one. */
static int
by_uidl(struct pop *s, size_t *named)
{
	const unsigned can = POP3_CAPA | POP3_UIDL;
	bool offers = (s->p.caps & can) == can;
	struct key *was = s->r->owner.like == NULL ? NULL :
	    mem_new(s->n, sizeof *was);
	int got = hear_uidl(s, named, was);

	if (got == 0)
		got = need_ids(s, *named, offers);
	if (got == 0 && was != NULL)
		got = pop_owner(s, was);
	free(was);
	return got < 0 ? -1 : note_ids(s, *named);
}

int
pop_ids_find(struct pop *s)
{
	size_t named = 0;

	s->key = mem_new(s->n, sizeof *s->key);
	s->asked = mem_new(s->n, sizeof *s->asked);
	s->named = mem_new(s->n, sizeof *s->named);
	s->sum = mem_new(s->n, sizeof *s->sum);
	s->head = mem_new(s->n, sizeof *s->head);
	s->cut = mem_new(s->n, sizeof *s->cut);
	s->shared = mem_new(s->n, sizeof *s->shared);
	if (tells_ids(s->r->o))
		s->id = mem_new(s->n, sizeof *s->id);
	if (by_uidl(s, &named) < 0)
		return -1;
	memcpy(s->asked, s->key, s->n * sizeof *s->key);
	if (named < s->n && contents(s) < 0)
		return -1;
	if (pop_twice(s) < 0)
		return -1;
	s->r->count.there += s->n;
	return 0;
}
