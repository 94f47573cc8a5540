/* import_mpop.c: an .mpoprc (mpop 1.4) as our configuration */
#include <string.h>

#include "foreign_pair.h"
#include "foreign_server.h"
#include "import_private.h"

/* "maildir DIR", "mbox FILE", "mda COMMAND" */
static void
mpop_place(struct conf_out *o, const char *delivery)
{
	struct str v = str_of(delivery), kind = str_word(&v);
	const char *rest;

	v = str_trim(v);
	if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
		v = str_to(str_from(v, 1), v.n - 2);
	rest = arena_dup(&o->arena, v);
	if (str_is(kind, "maildir") || str_is(kind, "mbox")) {
		conf_out_key(o, "deliver", arena_printf(&o->arena, "%s:%s",
		    str_is(kind, "mbox") ? "mbox" : "maildir", rest));
	} else if (str_is(kind, "mda")) {
		rest = foreign_fill(&o->arena, rest, 'F',
		    "\"$POSTBAG_SENDER\"");
		conf_out_key(o, "deliver", arena_printf(&o->arena, "exec:%s",
		    foreign_command(&o->arena, rest)));
	} else
		conf_out_note(o, "not taken over: delivery; use deliver maildir:DIR or the like");
}

static void
mpop_fetch(struct foreign_section *s, struct conf_out *o, const char *name)
{
	bool keep = foreign_pair_on(foreign_take(s, "keep"), false);

	conf_out_section(o, "fetch", name, NULL);
	mpop_place(o, foreign_take(s, "delivery"));
	conf_out_key(o, "delete", keep ? "never" : "now");
	conf_out_key(o, "max-size", foreign_pair_some(foreign_take(s, "skipsize")));
	if (!foreign_pair_on(foreign_take(s, "only_new"), true))
		conf_out_note(o, "only_new off: here each message comes once");
	foreign_take(s, "pipelining");
	foreign_left(s, o);
}

static void
mpop_account(struct foreign_section *s, struct conf_out *o)
{
	const char *name;

	if (foreign_pair_alias(s)) {
		conf_out_remark(o, "account %s: not taken over: it is what another one is",
		    s->name);
		return;
	}
	name = conf_out_name(o, "account", s->name);
	if (foreign_pair_account(s, o, name, "pop3", NULL, true))
		mpop_fetch(s, o, name);
}

int
import_mpop(struct foreign *f, struct conf_out *o, struct err *e)
{
	size_t i;

	if (foreign_pair_read(f, e) < 0)
		return -1;
	for (i = 1; i < f->n; i++)
		mpop_account(&f->v[i], o);
	return 0;
}
