/*
 * owner.c: whose messages they are that a state knows
 *
 * Keys are digests, which cannot be made anew: the record of an owner says with
 * which of the names it may have had they were made, by 32 bits of a digest of
 * that name in day, and in places the number that its entries have.  The first
 * port of a user at a host is not in that name, nor was any in a version that
 * knew no owners.
 */
#include <stdlib.h>
#include <string.h>

#include "owner.h"

enum { NAMES = 3 };

const char *
owner_host(struct arena *a, const char *host)
{
	char *to = arena_dup(a, str_of(host));
	size_t i, n = strlen(to);

	for (i = 0; i < n; i++)
		to[i] = str_lower(to[i]);
	if (n > 1 && to[n - 1] == '.')
		to[n - 1] = '\0';
	return to;
}

static unsigned
port_class(unsigned port)
{
	return port == 110 || port == 995 || port == 143 || port == 993 ? 0 :
	    port;
}

/* Does it know messages, and no owner? */
static bool
of_nobody(const struct state *s)
{
	bool some = false;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].kind == STATE_OWNER)
			return false;
		some |= s->v[i].kind == STATE_DONE ||
		    s->v[i].kind == STATE_SEEN ||
		    s->v[i].kind == STATE_DOUBT || s->v[i].kind == STATE_MARK;
	}
	return some;
}

static uint32_t
next_number(const struct state *s)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_OWNER && s->v[i].places >= n)
			n = s->v[i].places + 1;
	return n;
}

static uint32_t
short_of(const char *name)
{
	return (uint32_t)state_digest("owner", str_of(name)).b;
}

/* The one that the record means, or the first. */
static const char *
name_of_record(const struct entry *at, const char *const name[NAMES])
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (short_of(name[i]) == at->day)
			return name[i];
	return name[0];
}

/* Who has another port of this user's at this host: the lowest number. */
static const struct entry *
find_like(const struct state *s, struct key k)
{
	const struct entry *least = NULL;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_OWNER && s->v[i].key.a == k.a &&
		    (least == NULL || s->v[i].places < least->places))
			least = &s->v[i];
	return least;
}

static void
name_owner(struct owner *o, const char *name, uint32_t number)
{
	o->keyed = name;
	o->record.day = short_of(name);
	o->record.places = number;
}

void
owner_find(struct owner *o, struct state *s, struct arena *a,
    const struct account_server *server, const char *user)
{
	const char *host = owner_host(a, server->host);
	const char *plain = arena_printf(a, "%s@%s", user, host);
	const char *full = arena_printf(a, "%s:%u", plain,
	    port_class(server->port));
	const char *raw = arena_printf(a, "%s@%s", user, server->host);
	const char *name[NAMES] = { plain, raw, full };
	struct key k = { state_digest("owner", str_of(plain)).a,
	    state_digest("owner", str_of(full)).b };
	const struct entry *at = state_find(s, k, STATE_OWNER);
	const struct entry *like = at == NULL ? find_like(s, k) : NULL;

	*o = (struct owner){ .recorded = at != NULL,
	    .record = { .key = k, .kind = STATE_OWNER } };
	if (at != NULL) {
		name_owner(o, name_of_record(at, name), at->places);
	} else if (like == NULL) {
		name_owner(o, of_nobody(s) ? raw : plain, next_number(s));
	} else {
		name_owner(o, full, next_number(s));
		o->like = name_of_record(like, name);
		o->number_like = like->places;
	}
	s->owner = o->record.places;
}

void
owner_decide(struct owner *o, struct state *s, bool same)
{
	if (same && o->like != NULL)
		name_owner(o, o->like, o->number_like);
	o->like = NULL;
	s->owner = o->record.places;
}

int
owner_distrust(const struct owner *o, struct state *s, uint64_t *n,
    struct err *e)
{
	struct entry *v = mem_new(s->n, sizeof *v);
	size_t i, k = 0;
	int got = 0;

	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_DONE &&
		    s->v[i].owner == o->record.places &&
		    s->v[i].key.b <= UINT32_MAX)
			v[k++] = s->v[i];
	for (i = 0; i < k && got == 0; i++) {
		got = state_drop(s, v[i].key, STATE_DONE, e);
		v[i].kind = STATE_SEEN;
		if (got == 0)
			got = state_set(s, &v[i], e);
	}
	free(v);
	*n = k;
	return got;
}

int
owner_record(struct owner *o, struct state *s, struct err *e)
{
	if (o->recorded || o->like != NULL)
		return 0;
	if (o->record.places > STATE_OWNERS)
		return fail(e, EX_CONFIG, "%s: of more than %d servers: remove it, or use --state for some",
		    s->path, STATE_OWNERS);
	o->recorded = true;
	return state_set(s, &o->record, e);
}
