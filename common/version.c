/* version.c: what --version says beside the program's own version */
#include "deflate.h"
#include "idn.h"
#include "tls.h"
#include "statedir.h"
#include "version.h"

static void
library(struct buf *b, const char *name, const char *version)
{
	if (version != NULL)
		buf_printf(b, "%s %s\n", name, version);
	else
		buf_printf(b, "without %s\n", name);
}

void
version_libraries(struct buf *b)
{
	struct tls_library ssl = tls_library();

	buf_printf(b, "OpenSSL %s (built with %s)\n", ssl.here, ssl.built);
	library(b, "zlib", deflate_version());
	library(b, "libidn2", idn_version());
}

void
version_path(struct buf *b, const char *what, const char *path,
    const char *without)
{
	buf_printf(b, "%s: %s\n", what, path != NULL ? path : without);
}

void
version_all(struct buf *b, const char *tool, struct arena *a,
    const char *config, const char *state)
{
	struct err e = { 0 };

	if (state == NULL)
		state = statedir_path(a, tool, "--state", &e);
	version_libraries(b);
	version_path(b, "configuration", config, "none, for $HOME is not set");
	version_path(b, "state", state, e.msg);
}
