/*
 * import.c: other programs' configuration as ours
 *
 * Each has the other program's own lexer.  A setting that has an equivalent is
 * taken over, the rest is said by its key; passwords stay where they are.
 */
#include "import.h"
#include "import_private.h"

static int
convert_foreign(struct foreign *f, struct conf_out *o, struct err *e)
{
	static const enum foreign_kind ours[] = { FOREIGN_FETCHMAIL,
	    FOREIGN_GETMAIL, FOREIGN_MPOP, FOREIGN_UNKNOWN };
	enum foreign_kind kind = foreign_guess(BUF_STR(f->text), ours);

	switch (kind) {
	case FOREIGN_FETCHMAIL:
		return import_fetchmail(f, o, e);
	case FOREIGN_GETMAIL:
		return import_getmail(f, o, e);
	case FOREIGN_MPOP:
		return import_mpop(f, o, e);
	case FOREIGN_UNKNOWN:
	case FOREIGN_MSMTP:
	case FOREIGN_MBSYNC:
	case FOREIGN_OFFLINEIMAP:
	case FOREIGN_POSTBAG:
		break;
	}
	return foreign_refuse(kind, ".fetchmailrc, getmailrc or .mpoprc", e);
}

int
import_run(const char *path, struct buf *to, struct err *e)
{
	return foreign_import(path, convert_foreign, to, e);
}
