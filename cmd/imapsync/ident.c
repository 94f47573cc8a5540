/* ident.c: who a message is, in 64 bits */
#include <string.h>

#include "ident.h"

static const char *const field[IDENT_FIELDS] = {	/* sorted */
	"date", "from", "message-id", "subject"
};
enum { MESSAGE_ID = 2 };	/* its place */

void
ident_begin(struct ident *x)
{
	*x = (struct ident){ .which = -1 };
}

bool
ident_done(const struct ident *x)
{
	return x->state == IDENT_DONE;
}

static void
mix(uint64_t *h, unsigned char c)
{
	if (*h == 0)
		*h = UINT64_C(0xcbf29ce484222325);
	*h = (*h ^ c) * UINT64_C(0x100000001b3);
}

static void
ident_field(struct ident *x)
{
	struct str name = { x->name, x->n < IDENT_LONGEST ? x->n : IDENT_LONGEST };
	int i;

	x->state = IDENT_SKIP;
	x->which = -1;
	for (i = 0; i < IDENT_FIELDS && x->n <= IDENT_LONGEST; i++)
		if (str_is(name, field[i])) {
			x->which = i;
			x->state = IDENT_VALUE;
			x->blank = x->some = false;
			mix(&x->hash[i], '\n');
		}
}

static void
ident_start(struct ident *x, char c)
{
	if (c == '\n') {
		x->state = IDENT_DONE;
	} else if (c == '\r' && !x->cr) {
		x->cr = true;
	} else if ((c == ' ' || c == '\t') && !x->cr) {
		x->state = x->which >= 0 ? IDENT_VALUE : IDENT_SKIP;
		x->blank = true;
	} else {
		x->which = -1;
		x->name[0] = c;
		x->n = 1;
		x->state = x->cr || c == ':' || c == '\r' ? IDENT_SKIP : IDENT_NAME;
	}
}

static void
ident_name(struct ident *x, char c)
{
	if (c == ':') {
		ident_field(x);
	} else if (c == '\n') {
		x->state = IDENT_START;
	} else if (c == ' ' || c == '\t') {
		x->state = IDENT_COLON;
	} else if (c < ' ' || x->state == IDENT_COLON) {
		x->state = IDENT_SKIP;
	} else {
		if (x->n < IDENT_LONGEST)
			x->name[x->n] = c;
		x->n++;
	}
}

static void
ident_value(struct ident *x, char c)
{
	unsigned char u = (unsigned char)c;

	if (c == ' ' || c == '\t') {
		x->blank = true;
	} else if (u > ' ' && u != 0x7f && u != 0x80) {
		if (x->blank && x->some)
			mix(&x->hash[x->which], ' ');
		mix(&x->hash[x->which], u);
		x->blank = false;
		x->some = true;
		x->named |= x->which == MESSAGE_ID;
	}
}

void
ident_put(struct ident *x, const char *p, size_t n)
{
	const char *end = p + n, *nl;

	for (; p < end && x->state != IDENT_DONE; p++) {
		switch (x->state) {
		case IDENT_START:
			ident_start(x, *p);
			continue;
		case IDENT_NAME:
		case IDENT_COLON:
			ident_name(x, *p);
			break;
		case IDENT_VALUE:
			if (*p == '\n')
				x->state = IDENT_START;
			else
				ident_value(x, *p);
			break;
		case IDENT_SKIP:
			nl = memchr(p, '\n', (size_t)(end - p));
			if (nl == NULL)
				return;
			p = nl;
			x->state = IDENT_START;
			break;
		case IDENT_DONE:
			return;
		}
		x->cr = false;
	}
}

uint64_t
ident_end(const struct ident *x)
{
	uint64_t all = 0;
	size_t i, k;

	for (i = 0; i < IDENT_FIELDS; i++) {
		mix(&all, (unsigned char)(x->hash[i] != 0 ? i + 1 : 0));
		for (k = 0; k < 8; k++)
			mix(&all, (unsigned char)(x->hash[i] >> 8 * k));
	}
	all ^= all >> 33;
	all *= UINT64_C(0xff51afd7ed558ccd);
	all ^= all >> 33;
	all &= ~UINT64_C(1);		/* the lowest bit: see ident_sure */
	if (x->named)
		return all | 1;
	return all != 0 ? all : 2;
}

uint64_t
ident_of(struct str head)
{
	struct ident x;

	ident_begin(&x);
	ident_put(&x, head.p, head.n);
	return ident_end(&x);
}

bool
ident_none(uint64_t ident)
{
	return ident == ident_of(STR(""));
}
