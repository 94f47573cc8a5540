/* plugin.h: what the monitoring plugins (--nagios) have in common */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stdbool.h>

#include "str.h"

enum { PLUGIN_UNKNOWN = 3 };		/* the exit status */

/*
 * Is --nagios among the words?  Who asks reads stdout, also where the command
 * line cannot be read.
 */
bool plugin_asked(int argc, char **argv);

/* Appends a text as it may stand there: one line, and "|" ends it. */
void plugin_text(struct buf *, const char *);

/* Appends the line of who could not look, with lead before the state: "TOOL ". */
void plugin_unknown(struct buf *, const char *lead, const char *why);

#endif
