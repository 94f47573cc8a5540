/* plugin.c: what the monitoring plugins (--nagios) have in common */
#include "plugin.h"

bool
plugin_asked(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--nagios") == 0)
			return true;
	return false;
}

void
plugin_text(struct buf *b, const char *s)
{
	char text[1024];
	char *p;

	str_escape(text, sizeof text, str_of(s));
	for (p = text; *p != '\0'; p++)
		if (*p == '|')
			*p = '/';
	buf_s(b, text);
}

void
plugin_unknown(struct buf *b, const char *lead, const char *why)
{
	buf_s(b, lead);
	buf_s(b, "UNKNOWN - ");
	plugin_text(b, why);
	buf_c(b, '\n');
}
