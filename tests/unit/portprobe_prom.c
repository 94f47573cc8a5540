/* portprobe_prom.c: labels of the metrics file: a stranger writes no line of it */
#include <stdlib.h>

#include "formats.h"
#include "report.h"
#include "run.h"
#include "tap.h"

static void
label(const char *host, const char *want, const char *name)
{
	struct output out = { .metric[METRIC_UP].max = 4096 };
	struct settings set = { .scope.timeout = 1 };
	struct run run = { .set = &set, .output = &out };
	struct report r = { .run = &run, .host = host, .ip = "192.0.2.1",
	    .port = 25, .protoname = "smtp", .us = { -1, -1, -1, -1, -1, -1 } };
	char line[256];
	int i;

	for (i = 0; i < METRICS; i++)
		out.metric[i].max = 4096;
	prom_report(&run, &r);
	snprintf(line, sizeof line, "portprobe_up{host=\"%s\","
	    "ip=\"192.0.2.1\",port=\"25\",proto=\"smtp\"} 1\n", want);
	buf_c(&out.metric[METRIC_UP], '\0');
	is_str(out.metric[METRIC_UP].p, line, "%s", name);
	for (i = 0; i < METRICS; i++)
		buf_free(&out.metric[i]);
}

int
main(void)
{
	label("a.test", "a.test", "a name");
	label("a\"b", "a\\\"b", "a quote");
	label("a\\", "a\\\\", "a backslash at the end");
	label("a\\\"} 0", "a\\\\\\\"} 0", "both");
	label("a\nb", "a\\\\nb", "a line break");
	return done();
}
