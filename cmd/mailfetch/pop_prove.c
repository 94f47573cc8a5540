/* pop_prove.c: POP3: what may be gone, and is listed again */
#include <stdlib.h>

#include "pop_prove.h"

static void
say_whole(struct pop *s, size_t i)
{
	pop3_retr(&s->p, s->m[i].number);
}

/* Of what was read: the same one as before, or it is given anew. */
static int
conclude_proof(struct pop *s, size_t i, bool shorter)
{
	struct ledger *l = &s->r->ledger;
	struct message m = popbox_message(s, i);
	uint64_t was;

	if (!ledger_is_going(l, m.key, &was))
		was = ledger_sum(l, m.key);
	if (shorter && was != s->sum[i]) {
		s->m[i].number = 0;
		return popbox_stays(s, &m, "RETR gives less than LIST says, and something else than before",
		    EX_TEMPFAIL);
	}
	if (was != s->sum[i])
		return popbox_gone(s, i);
	if (ledger_is_part(l, m.key) != 0 && ledger_part(l, m.key,
	    shorter ? (uint32_t)m.size : 0, s->r->e) < 0)
		return -1;
	return ledger_stays(l, m.key, s->r->e);
}

/* Unread it is left alone. */
static int
hear_proof(struct pop *s, size_t i)
{
	struct message m = popbox_message(s, i);
	int shorter = popbox_hear_sum(s, i);

	if (shorter < 0)
		return -1;
	if (!s->p.ok) {
		s->m[i].number = 0;
		return popbox_stays(s, &m, s->p.text,
		    pop3_status(&s->p, EX_TEMPFAIL));
	}
	return s->p.over ? popbox_gone(s, i) :
	    conclude_proof(s, i, shorter > 0);
}

/* A size that LIST announced, and less came, it announces otherwise now. */
static bool
remeasured(const struct pop *s, size_t i)
{
	uint32_t part = ledger_is_part(&s->r->ledger, s->key[i]);

	return part != 0 && part != s->m[i].size;
}

/*
 * A delivery of it is not believed, and that it may have been deleted is
 * remembered until it was given again: a Maildir knows it by its bytes.
 */
static int
disown(struct pop *s, size_t i)
{
	struct run *r = s->r;

	return popbox_gone(s, i) < 0 ? -1 :
	    ledger_going(&r->ledger, s->key[i], 0, r->e);
}

/*
 * With a digest to v, n of them: they can be proved.  The others are for a run
 * of the section, which knows its files.
 */
static int
sort_out(struct pop *s, uint32_t *v, size_t *n)
{
	const struct ledger *l = &s->r->ledger;
	uint64_t sum;
	size_t i, blind = 0;

	*n = 0;
	for (i = 0; i < s->n; i++) {
		if (s->m[i].number == 0)
			continue;
		if (!ledger_is_going(l, s->key[i], &sum)) {
			if (remeasured(s, i))
				v[(*n)++] = (uint32_t)i;
		} else if (sum != 0 && s->sum[i] == 0) {
			v[(*n)++] = (uint32_t)i;
		} else if (sum != 0) {		/* read before, see pop_twice */
			if (conclude_proof(s, i, false) < 0)
				return -1;
		} else if (l->need != 0) {
			blind++;
			if (disown(s, i) < 0)
				return -1;
		}
	}
	if (blind > 0)
		fail_print("%s: %zu messages that may be others by now are given again, but for a Maildir that has them: they may come twice",
		    s->r->o->title, blind);
	return 0;
}

/*
 * QUIT was not answered, or the mailbox was empty: what is listed under the name
 * of a message that may be gone can be another one (RFC 1939, section 7).  It is
 * neither skipped nor deleted before it is proved to be the same.
 */
int
pop_prove(struct pop *s)
{
	struct run *r = s->r;
	uint32_t *v;
	size_t n;
	int got;

	if (r->o->look.peek || !ledger_any_unproved(&r->ledger))
		return 0;
	v = mem_new(s->n, sizeof *v);
	state_group(&r->state);
	got = sort_out(s, v, &n);
	n = got == 0 ? popbox_spare(s, v, n, HUNG_BODY) : 0;
	if (got == 0)
		got = popbox_fly(s, &(struct popbox_flight){ v, n, say_whole,
		    hear_proof });
	free(v);
	if (popbox_all_gone(s) < 0)
		got = -1;
	return state_commit(&r->state, r->e) < 0 ? -1 : got;
}

/* The message that was given again is the one that is there. */
int
pop_prove_given(struct pop *s)
{
	struct run *r = s->r;
	size_t i;

	if (r->ledger.need == 0 || !ledger_any_unproved(&r->ledger))
		return 0;
	for (i = 0; i < s->n; i++)
		if (s->m[i].number != 0 && !run_new(r, s->key[i]) &&
		    ledger_stays(&r->ledger, s->key[i], r->e) < 0)
			return -1;
	return 0;
}
