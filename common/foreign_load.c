/* foreign_load.c: --import: what was made of a file is loaded before it is shown */
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "foreign.h"

/* The sections' own names, apart from the text, which is parsed in place. */
static int
parse_sections(struct arena *a, struct conf *c, struct str text, struct err *e)
{
	return conf_parse(c, a, arena_dup(a, text), text.n, e);
}

static int
load_sections(const struct foreign_tool *t, struct str text, struct err *e)
{
	struct arena a = { 0 };
	struct conf c = { .file = "the result" };
	const struct conf_section *s;
	struct err why = { 0 };
	int got = parse_sections(&a, &c, text, &why);

	for (s = c.sections; s != NULL && got == 0; s = s->next)
		if (strcmp(s->kind, t->kind) == 0 ||
		    (strcmp(s->kind, "account") == 0 &&
		    conf_find(&c, t->kind, s->name) == NULL))
			got = t->load(s->name, text, &why);
	arena_free(&a);
	return got == 0 ? 0 : fail(e, EX_DATAERR, "what it would be here is refused: %s",
	    why.msg);
}

int
foreign_convert(const struct foreign_tool *t, const char *path, FILE *to,
    struct err *e)
{
	struct buf text = { .max = 1 << 22 };
	int got = t->import(path, &text, e);

	if (got == 0)
		got = load_sections(t, BUF_STR(text), e);
	if (got == 0)
		fputs(text.p, to);
	buf_free(&text);
	return got;
}
