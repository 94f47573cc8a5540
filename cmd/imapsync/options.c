/* options.c: what the options say, as settings */
#include <string.h>

#include "file.h"
#include "maildir.h"
#include "names.h"
#include "options.h"

/* How Maildirs are called. */
static int
folder_names(struct options *o, struct err *e)
{
	const char *f = o->flatten;

	o->is.how = (struct naming){ .layout = o->layout,
	    .utf7 = o->code == CODE_UTF7 };
	if (f == NULL)
		return 0;
	if (o->layout != LAYOUT_VERBATIM)
		return fail(e, EX_USAGE, "--flatten has no effect with another --layout than verbatim");
	if (!names_flat(f[0]) || f[1] != '\0' ||
	    (o->code == CODE_UTF7 && strchr("+,-", f[0]) != NULL))
		return fail(e, EX_USAGE, "--flatten: one character that separates, such as a dot, not \"%s\"",
		    f);
	o->is.how.flat = f[0];
	return 0;
}

static int
delimiter(const struct options *o, struct err *e)
{
	const char *d = o->delimiter;

	if (d == NULL)
		return 0;
	if (!names_flat(d[0]) || strchr(".,=-_", d[0]) != NULL ||
	    d[1] != '\0')
		return fail(e, EX_USAGE, "--info-delimiter: one character such as ; or !, not \"%s\"",
		    d);
	maildir_set_info(d[0]);
	return 0;
}

int
options_names(struct options *o, struct err *e)
{
	return folder_names(o, e) < 0 ? -1 : delimiter(o, e);
}

void
options_place_inbox(struct options *o)
{
	struct str in, near = str_of(o->is.near);

	if (o->inbox == NULL)
		return;
	in = str_of(file_path(&o->account.arena, o->inbox));
	while (in.n > 1 && in.p[in.n - 1] == '/')
		in.n--;
	while (near.n > 1 && near.p[near.n - 1] == '/')
		near.n--;
	if (in.n >= near.n && str_eq(str_to(in, near.n), near) &&
	    (in.n == near.n || in.p[near.n] == '/'))
		in = str_from(in, in.n > near.n ? near.n + 1 : near.n);
	o->is.inbox = arena_dup(&o->account.arena, in);
}
