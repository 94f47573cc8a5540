/* conn_secret: where "***" stands in what a server says back */
#include <string.h>

#include "conn_private.h"
#include "conn_secret.h"
#include "tap.h"

static const struct {
	const char *line, *want;
} lines[] = {
	{ "535 hunter2 is wrong", "535 *** is wrong" },
	{ "535 HUNTER2", "535 ***" },
	{ "535 hunter2hunter2", "535 ******" },
	{ "535-5.7.8 \"hunter2\", hunter2", "535-5.7.8 \"***\", ***" },
	{ "535 aHVudGVyMg== and ahVudGVyMg==", "535 *** and ***" },
	{ "535 t0ken then hunter2", "535 *** then ***" },
	{ "535 dDBrZW4=", "535 ***" },
	{ "535 AGpvAHB3 pw", "535 AGpvAHB3 pw" },
	{ "535 bmlsAG5pbA==", "535 ***" },
	{ "535 nil abc", "535 nil abc" },
	{ "hunter2 BAD hunter2", "hunter2 BAD ***" },
	{ "535-hunter2", "535-***" },
	{ "hunter2", "hunter2" },
	{ "535 hunter", "535 hunter" },
	{ "", "" },
};

int
main(void)
{
	static struct conn c;
	char line[100];
	size_t i, n;

	strcpy(line, "535 hunter2");
	is_int((int)conn_unsay(&c, line, strlen(line)), 11, "nothing hidden");
	conn_hide(&c, STR("hunter2"));
	conn_hide(&c, STR("t0ken"));
	conn_hide(&c, STR("abc"));	/* would be found in any answer */
	conn_hide(&c, STR("nil\0nil"));	/* as base64 alone */
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		strcpy(line, lines[i].line);
		n = conn_unsay(&c, line, strlen(line));
		is_str(line, lines[i].want, "%s", lines[i].line);
		is_int((int)n, (int)strlen(lines[i].want), "its length");
	}
	conn_wipe(&c);
	strcpy(line, "535 hunter2");
	n = conn_unsay(&c, line, strlen(line));
	is_str(line, "535 hunter2", "once the login is over");
	return done();
}
