/* foreign_server: a word for the shell, a place that is filled in */
#include "foreign_server.h"
#include "tap.h"

int
main(void)
{
	struct arena a = { 0 };

	is_str(foreign_quote(&a, "it's"), "'it'\\''s'", "a quote");
	is_str(foreign_quote(&a, "a-b"), "a-b", "a plain word");
	is_str(foreign_quote(&a, ""), "''", "an empty one");
	is_str(foreign_fill(&a, "x '%h' \"%h\" %h %u", 'h', "H"), "x H H H %u",
	    "with its quotes");
	arena_free(&a);
	return done();
}
