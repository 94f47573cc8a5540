/* foreign_load.c: what was made of another program's file is loaded, before it is shown */
#include <string.h>

#include "conf.h"
#include "foreign.h"

/* The sections' own names, apart from the text, which is parsed in place. */
static int
parse_sections(struct arena *a, struct conf *c, struct str text, struct err *e)
{
	return conf_parse(c, a, arena_dup(a, text), text.n, e);
}

int
foreign_load(struct str text, const char *kind,
    int (*load)(const char *name, struct str text, struct err *),
    struct err *e)
{
	struct arena a = { 0 };
	struct conf c = { .file = "the result" };
	const struct conf_section *s;
	struct err why = { 0 };
	int got = parse_sections(&a, &c, text, &why);

	for (s = c.sections; s != NULL && got == 0; s = s->next)
		if (strcmp(s->kind, kind) == 0 ||
		    (strcmp(s->kind, "account") == 0 &&
		    conf_find(&c, kind, s->name) == NULL))
			got = load(s->name, text, &why);
	arena_free(&a);
	return got == 0 ? 0 : fail(e, EX_DATAERR, "what it would be here is refused: %s",
	    why.msg);
}
