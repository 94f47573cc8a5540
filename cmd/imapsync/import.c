/*
 * import.c: other programs' configuration as ours
 *
 * Each has the other program's own lexer.  A setting that has an equivalent is
 * taken over, the others are named by their keys; passwords stay where they
 * are.
 */
#include "import.h"
#include "import_private.h"

static int
import_convert(struct foreign *f, struct conf_out *o, struct err *e)
{
	static const enum foreign_kind ours[] = { FOREIGN_MBSYNC,
	    FOREIGN_OFFLINEIMAP, FOREIGN_UNKNOWN };
	enum foreign_kind kind = foreign_guess(BUF_STR(f->text), ours);

	if (kind == FOREIGN_MBSYNC)
		return import_mbsync(f, o, e);
	if (kind == FOREIGN_OFFLINEIMAP)
		return import_offlineimap(f, o, e);
	return foreign_refuse(kind, ".mbsyncrc or .offlineimaprc", e);
}

int
import_run(const char *path, struct buf *to, struct err *e)
{
	return foreign_import(path, import_convert, to, e);
}
