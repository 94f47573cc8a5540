/* statedir.c: where a tool keeps what it must know the next time */
#include "file.h"
#include "statedir.h"

const char *
statedir_path(struct arena *a, const char *tool, const char *instead,
    struct err *e)
{
	const char *dir = file_xdg(a, "XDG_STATE_HOME", ".local/state");

	if (dir != NULL)
		return arena_printf(a, "%s/postbag/%s", dir, tool);
	fail(e, EX_CONFIG, "neither $XDG_STATE_HOME nor $HOME is set: use %s",
	    instead);
	return NULL;
}
