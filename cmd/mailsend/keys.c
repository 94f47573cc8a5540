/*
 * keys.c: the keys of -j: of a message, of a batch, of the queue, of an address.
 *
 * A key that is taken away, or becomes of another type, breaks whoever reads it:
 * scripts/dev/schema wants a line in NEWS.
 */
#include <stddef.h>

#include "json_key.h"
#include "keys.h"

const struct json_key send_keys[] = {
	{ "", "v", "integer" },
	{ "", "ok", "boolean" },
	{ "", "exit", "integer" },
	{ "", "message_id", "string?" },
	{ "", "server", "object" },
	{ "", "tls", "object?" },
	{ "", "auth", "string?" },
	{ "", "from", "string?" },
	{ "", "rcpts", "[object]" },
	{ "", "bytes", "integer" },
	{ "", "saved", "string?" },
	{ "", "queued", "string?" },
	{ "", "error", "string?" },
	{ "", "id", "string?" },
	{ "", "path", "string?" },
	{ "", "uid", "integer" },
	{ "", "account", "string?" },
	{ "", "queued_at", "integer" },
	{ "", "next", "integer" },
	{ "", "tries", "integer" },
	{ "", "key", "string" },
	{ "", "n", "integer" },
	{ "", "in", "string?" },
	{ "", "local", "string?" },
	{ "", "domain", "string?" },
	{ "", "ascii", "string?" },
	{ "", "smtputf8", "boolean?" },
	{ "", "rfc5322", "string?" },
	{ "", "addr", "string?" },
	{ "", "status", "string" },
	{ "", "code", "integer?" },
	{ "", "esc", "string?" },
	{ "", "text", "string?" },
	{ "", "via", "string?" },

	{ "server", "host", "string?" },
	{ "server", "ip", "string?" },

	{ "tls", "version", "string?" },
	{ "tls", "cipher", "string?" },
	{ "tls", "verified", "boolean" },
	{ "tls", "pin", "string?" },

	{ "rcpts", "addr", "string?" },
	{ "rcpts", "status", "string?" },
	{ "rcpts", "code", "integer?" },
	{ "rcpts", "esc", "string?" },
	{ "rcpts", "text", "string?" },
	{ "rcpts", "via", "string?" },
	{ NULL, NULL, NULL }
};
