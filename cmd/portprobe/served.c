/*
 * served.c: which certificates the ports of one address serve
 *
 * A renewal must reach every server program of a host.  Ports whose
 * certificates have other names, or another kind of key, are set so on purpose.
 * One that is self-signed is a renewal only of one that was so, too.
 */
#include <string.h>

#include "jobs.h"
#include "judge_cert.h"
#include "served.h"
#include "str.h"
#include "table.h"
#include "target.h"

struct served {
	struct served *next;
	unsigned nth;			/* of the host's addresses */
	unsigned port;
	int64_t from;			/* seconds since 1970 */
	const char *sha256;
	uint64_t names;			/* a digest of all of them */
	bool self;			/* it is self-signed */
	const char *kind;		/* "RSA" */
};

static const char *
kind_of(const struct tls_cert *c, struct arena *mem)
{
	return arena_dup(mem, (struct str){ c->key, strcspn(c->key, " ") });
}

/* Those that are self-signed often have a subject alone. */
static uint64_t
names_of(const struct tls_cert *c)
{
	uint64_t sum = c->nsan == 0 ? table_hash(str_of(c->subject)) : 0;
	size_t i;

	for (i = 0; i < c->nsan; i++)	/* in any order */
		sum += table_hash(str_of(c->san[i]));
	return sum;
}

void
served_note(const struct job *j, const struct report *r)
{
	struct host *h = j->host;
	const struct tls_cert *c = r->tls.facts.cert;
	struct arena *mem = &h->target->mem;
	struct served *s;

	if (!r->tls.have_cert)
		return;
	s = arena_new(mem, 1, sizeof *s);
	*s = (struct served){ .next = h->served, .nth = j->nth,
	    .port = j->port.number, .from = c->from,
	    .sha256 = arena_dup(mem, str_of(c->sha256)),
	    .names = names_of(c), .kind = kind_of(c, mem),
	    .self = c->self_signed };
	h->served = s;
}

/* Is it another one in the same place? */
static bool
differs(const struct served *s, const struct served *mine)
{
	return s->nth == mine->nth && s->port != mine->port &&
	    s->names == mine->names && s->self == mine->self &&
	    str_eq(str_of(s->kind), str_of(mine->kind)) &&
	    !str_eq(str_of(s->sha256), str_of(mine->sha256));
}

static bool
newer(const struct served *a, const struct served *b)
{
	return a->from != b->from ? a->from > b->from : a->port < b->port;
}

const char *
served_elsewhere(const struct job *j, const struct report *r)
{
	const struct served *s, *mine = j->host->served, *best = NULL;
	const char *age = "another one";
	char theirs[16], ours[16];
	bool same_day;

	while (mine != NULL && (mine->nth != j->nth ||
	    mine->port != j->port.number))
		mine = mine->next;
	for (s = j->host->served; mine != NULL && s != NULL; s = s->next)
		if (differs(s, mine) && (best == NULL || newer(s, best)))
			best = s;
	if (best == NULL)
		return NULL;
	if (best->from != mine->from)
		age = best->from > mine->from ? "a newer one" : "an older one";
	judge_date(best->from, theirs);
	judge_date(mine->from, ours);
	same_day = str_eq(str_of(theirs), str_of(ours));
	return arena_printf(r->mem, "port %u serves %s for the same names, of %s; this one is of %s",
	    best->port, age, theirs, same_day ? "the same day" : ours);
}
