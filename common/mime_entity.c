/* mime_entity.c: what an entity is, by its header (RFC 2045 5.1, 6.1) */
#include <string.h>

#include "mime_entity.h"
#include "msg.h"

static struct str
token(struct str *s)
{
	struct str t;

	str_skip_cfws(s);
	t = *s;
	for (t.n = 0; t.n < s->n && s->p[t.n] > ' ' &&
	    !str_has(STR("()<>@,;:\\\"/[]?="), s->p[t.n]); t.n++)
		;
	*s = str_from(*s, t.n);
	str_skip_cfws(s);
	return t;
}

static bool
param_taken(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/* A token or a quoted string; its value, cut to cap, in dst. */
static size_t
param_value(struct str *s, char *dst, size_t cap)
{
	struct str t;
	size_t n = 0;

	str_skip_cfws(s);
	if (!param_taken(s, '"')) {
		t = token(s);
		n = t.n < cap ? t.n : cap;
		memcpy(dst, t.p, n);
		return n;
	}
	while (s->n > 0 && s->p[0] != '"') {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_from(*s, 1);
		if (n < cap && s->p[0] != '\r' && s->p[0] != '\n')
			dst[n++] = s->p[0];
		*s = str_from(*s, 1);
	}
	param_taken(s, '"');
	str_skip_cfws(s);
	return n;
}

static void
boundary_of(struct mime_level *l, struct str s)
{
	char skipped[1];
	struct str name;

	while (param_taken(&s, ';')) {
		name = token(&s);
		if (!param_taken(&s, '='))
			continue;
		if (str_is(name, "boundary") && l->n == 0) {
			l->n = param_value(&s, l->boundary, sizeof l->boundary);
			while (l->n > 0 && l->boundary[l->n - 1] == ' ')
				l->n--;
		} else
			param_value(&s, skipped, sizeof skipped);
		while (s.n > 0 && s.p[0] != ';')
			s = str_from(s, 1);
	}
	if (l->n == sizeof l->boundary)		/* far over the 70 allowed */
		l->n = 0;
}

static enum entity_kind
part_kind(struct str type, struct str sub)
{
	if (str_is(type, "multipart"))
		return ENTITY_MULTIPART;
	if (!str_is(type, "message"))
		return str_is(type, "text") ? ENTITY_TEXT : ENTITY_OTHER;
	if (str_is(sub, "rfc822") || str_is(sub, "global"))
		return ENTITY_MESSAGE;
	if (str_is(sub, "partial") || str_is(sub, "external-body"))
		return ENTITY_PARTIAL;
	return ENTITY_TEXT;
}

static void
content_type(struct mime_entity *x, struct str s)
{
	struct str type = token(&s), sub = { 0 };

	if (param_taken(&s, '/'))
		sub = token(&s);
	x->typed = true;
	x->kind = part_kind(type, sub);
	x->as.sealed = str_is(sub, "signed") || str_is(sub, "encrypted");
	x->as.digest = str_is(sub, "digest");
	if (x->kind == ENTITY_MULTIPART)
		boundary_of(&x->as, s);
}

static void
encoding(struct mime_entity *x, struct str s)
{
	struct str t = token(&s);

	str_escape(x->encoding, sizeof x->encoding, t);
	if (str_is(t, "8bit") || str_is(t, "binary"))
		x->coding = ENTITY_EIGHT;
	else
		x->coding = str_is(t, "7bit") || t.n == 0 ? ENTITY_PLAIN :
		    ENTITY_ENCODED;
}

void
mime_entity(struct mime_entity *x, struct str head, bool in_digest)
{
	struct msg_fields f = { head };
	struct str name, body;
	bool encoded = false;

	*x = (struct mime_entity){ .kind = ENTITY_OTHER,
	    .coding = ENTITY_PLAIN };
	while (msg_next_field(&f, &name, &body) > 0) {
		if (str_is(name, "Content-Type") && !x->typed)
			content_type(x, body);
		else if (str_is(name, "Content-Transfer-Encoding") && !encoded)
			encoding(x, body);
		else if (str_is(name, "MIME-Version"))
			x->version = true;
		encoded = encoded || x->encoding[0] != '\0';
	}
	if (!x->typed)
		x->kind = in_digest ? ENTITY_MESSAGE : ENTITY_TEXT;
	if (x->kind == ENTITY_MULTIPART &&
	    (x->coding == ENTITY_ENCODED || x->as.n == 0))
		x->kind = ENTITY_OPAQUE;
	if (x->kind == ENTITY_MESSAGE && x->coding == ENTITY_ENCODED)
		x->kind = ENTITY_OTHER;
}
