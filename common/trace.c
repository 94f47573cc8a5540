/* trace.c: what -v shows on stderr: what is done, the dialogue, details */
#include <stdarg.h>
#include <stdio.h>

#include "clock.h"
#include "trace.h"

static int level;
static int64_t began;		/* microseconds, for TRACE_DETAIL */

void
trace_set(int to)
{
	level = to;
	if (began == 0)
		began = clock_us();
}

bool
trace_on(enum trace_level from)
{
	return level >= (int)from;
}

static void
trace_show(const char *mark, struct str s)
{
	char safe[4096];

	str_escape(safe, sizeof safe, s);
	if (trace_on(TRACE_DETAIL))
		fprintf(stderr, "%.3f %s %s\n", (double)(clock_us() - began) /
		    1e6, mark, safe);
	else
		fprintf(stderr, "%s %s\n", mark, safe);
}

void
trace_line(const char *mark, struct str s)
{
	if (trace_on(TRACE_TALK))
		trace_show(mark, s);
}

void
trace_note(enum trace_level from, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (!trace_on(from))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	trace_show("*", str_of(text));
}
