/* trace.c: what -v shows: the dialogue on stderr, secrets masked */
#include <stdarg.h>
#include <stdio.h>

#include "trace.h"

static int level;

void
trace_set(int to)
{
	level = to;
}

int
trace_level(void)
{
	return level;
}

void
trace_line(const char *mark, struct str s)
{
	char safe[4096];

	if (level < 1)
		return;
	str_escape(safe, sizeof safe, s);
	fprintf(stderr, "%s %s\n", mark, safe);
}

void
trace_note(int from, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (level < from)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	trace_line("*", str_of(text));
}
