/*
 * keys.c: the keys of -j: of a run, a list, a message, what was done, a probe.
 *
 * A key that is taken away, or becomes of another type, breaks whoever reads it:
 * scripts/dev/schema wants a line in NEWS.
 */
#include <stddef.h>

#include "json_key.h"
#include "keys.h"

const struct json_key fetch_keys[] = {
	{ "", "v", "integer" },
	{ "", "account", "string?" },
	{ "", "folder", "string?" },
	{ "", "uid", "integer" },
	{ "", "size", "integer" },
	{ "", "date", "string" },
	{ "", "from", "string" },
	{ "", "subject", "string" },
	{ "", "new", "boolean" },
	{ "", "host", "string?" },
	{ "", "peer", "string?" },
	{ "", "tls", "string?" },
	{ "", "pin", "string?" },
	{ "", "server", "string?" },
	{ "", "capabilities", "string?" },
	{ "", "mechanisms", "string?" },
	{ "", "there", "integer" },
	{ "", "fetched", "integer" },
	{ "", "bytes", "integer" },
	{ "", "kept", "integer" },
	{ "", "dropped", "integer" },
	{ "", "skipped", "integer" },
	{ "", "in_doubt", "integer" },
	{ "", "deleted", "integer" },
	{ "", "moved", "integer" },
	{ "", "seen", "integer" },
	{ "", "status", "integer" },
	{ "", "event", "string" },
	{ "", "box", "string?" },
	{ "", "act", "string" },
	{ "", "place", "string?" },
	{ "", "path", "string?" },
	{ "", "uidl", "string?" },
	{ "", "file", "string?" },
	{ "", "error", "string?" },
	{ "", "expire", "integer" },
	{ "", "login_delay", "integer" },
	{ "", "number", "integer" },
	{ NULL, NULL, NULL }
};
