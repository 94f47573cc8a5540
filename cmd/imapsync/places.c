/* places.c: mailboxes at places that other programs gave them */
#include <stdlib.h>

#include "places.h"
#include "utf7.h"

struct place {
	const char *path, *name;
};

static struct str
place_path(const void *of, size_t at)
{
	return str_of(((const struct places *)of)->v[at].path);
}

/* "Inbox" and the like, as the first part, are INBOX. */
static const char *
folded(struct arena *a, const char *path, size_t *n)
{
	const char *p = path + (path[0] == '.');
	char *to = arena_dup(a, str_of(path));

	*n = strcspn(p, "/.");
	if (str_is((struct str){ p, *n }, "INBOX"))
		memcpy(to + (p - path), "INBOX", 5);
	return to;
}

const char *
places_find(const struct places *p, const char *path)
{
	struct arena a = { 0 };
	size_t n, at = p->n > 0 ? table_text(&p->path, p, str_of(folded(&a,
	    path, &n))) : TABLE_NONE;

	arena_free(&a);
	return at != TABLE_NONE ? p->v[at].name : NULL;
}

static void
place_note(struct places *p, const char *path, const char *name)
{
	size_t n;

	path = folded(&p->arena, path, &n);
	p->path.text = place_path;
	if (p->n > 0 && table_text(&p->path, p, str_of(path)) != TABLE_NONE)
		return;
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 64;
		p->v = mem_grow(p->v, p->cap, sizeof *p->v);
	}
	p->v[p->n] = (struct place){ path, name };
	table_add(&p->path, p, p->n++);
}

/* The name as it stands, with join for sep, and lead before it. */
static void
note_with(struct places *p, struct str box, char sep, const char *join,
    const char *lead, const char *name)
{
	struct buf b = { .max = 4096 };
	struct str rest = box;

	buf_s(&b, lead);
	while (rest.n > 0) {
		if (b.n > strlen(lead))
			buf_s(&b, join);
		buf_str(&b, sep != '\0' ? str_cut(&rest, sep) : rest);
		if (sep == '\0')
			break;
	}
	if (!b.over && b.p != NULL)
		place_note(p, b.p, name);
	buf_free(&b);
}

void
places_note(struct places *p, const char *box, struct str here, char sep,
    const struct naming *how, bool dots)
{
	const char *name = arena_dup(&p->arena, str_of(box)), *join = "/";
	struct buf wire = { .max = 4096 };
	struct str as[2] = { here, { NULL, 0 } };
	char flat[2] = { how->flat, '\0' };
	bool plus = how->layout == LAYOUT_MAILDIRPP;
	size_t i;

	if (flat[0] != '\0')
		join = flat;
	else if (plus)
		join = ".";
	else if (how->layout == LAYOUT_LEGACY)
		join = "/.";
	if (utf7_encode(&wire, here) == 0)
		as[1] = BUF_STR(wire);
	for (i = 0; i < 2 && as[i].n > 0; i++) {
		note_with(p, as[i], sep, join, plus ? "." : "", name);
		if (dots && how->layout == LAYOUT_VERBATIM)
			note_with(p, as[i], sep, ".", "", name);
	}
	buf_free(&wire);
}

void
places_free(struct places *p)
{
	table_free(&p->path);
	free(p->v);
	arena_free(&p->arena);
	*p = (struct places){ .n = 0 };
}
