/* naming.c: where a mailbox's Maildir is, by the options */
#include "map.h"
#include "naming.h"
#include "settings.h"

int
naming_path(const struct settings *o, struct buf *b, struct str name, char sep)
{
	struct buf near = { .max = 4096 };
	int got;

	if (o->inbox != NULL && str_eq(name, STR("INBOX"))) {
		buf_s(b, o->inbox);
		return 0;
	}
	map_near(&o->map, name, sep, &near);
	got = names_to_path(b, BUF_STR(near), sep, &o->how);
	buf_free(&near);
	return got;
}

int
naming_name(const struct settings *o, struct buf *b, struct str path, char sep)
{
	struct buf near = { .max = 4096 };
	int got = 0;

	if (o->inbox != NULL && str_eq(path, str_of(o->inbox)))
		buf_s(b, "INBOX");
	else if (names_from_path(&near, path, sep, &o->how) < 0 ||
	    !map_far(&o->map, BUF_STR(near), sep, b))
		got = -1;
	buf_free(&near);
	return got;
}
