/* date.c: the dates of mail, written and read, in several zones */
#include <stdlib.h>
#include <time.h>

#include "date.h"
#include "tap.h"

static const struct {
	const char *zone;
	time_t t;
	const char *rfc, *imap;
} written[] = {
	{ "UTC0", 0, "Thu, 01 Jan 1970 00:00:00 +0000",
	    " 1-Jan-1970 00:00:00 +0000" },
	{ "UTC0", 1751360700, "Tue, 01 Jul 2025 09:05:00 +0000",
	    " 1-Jul-2025 09:05:00 +0000" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1751360700,
	    "Tue, 01 Jul 2025 11:05:00 +0200", " 1-Jul-2025 11:05:00 +0200" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1766620800,
	    "Thu, 25 Dec 2025 01:00:00 +0100", "25-Dec-2025 01:00:00 +0100" },
	{ "NST3:30", 1751360700, "Tue, 01 Jul 2025 05:35:00 -0330",
	    " 1-Jul-2025 05:35:00 -0330" },
	{ "XXX0:30", 1751360700, "Tue, 01 Jul 2025 08:35:00 -0030",
	    " 1-Jul-2025 08:35:00 -0030" },
	{ "XXX-5:45", 1751360700, "Tue, 01 Jul 2025 14:50:00 +0545",
	    " 1-Jul-2025 14:50:00 +0545" },
	{ "UTC0", 4102444800, "Fri, 01 Jan 2100 00:00:00 +0000",
	    " 1-Jan-2100 00:00:00 +0000" },
	{ "UTC0", (time_t)1 << 60, "Thu, 01 Jan 1970 00:00:00 +0000",
	    " 1-Jan-1970 00:00:00 +0000" }
};

static const struct {
	const char *text;
	time_t t;			/* -1: no date */
} rfc[] = {
	{ "Tue, 1 Jul 2025 09:05:00 +0000", 1751360700 },
	{ "Tue, 01 Jul 2025 11:05:00 +0200", 1751360700 },
	{ "1 Jul 2025 09:05 +0000", 1751360700 },
	{ "tue , 1 JUL 2025 09 : 05 : 00 -0000", 1751360700 },
	{ "Tue, 1 Jul 2025 05:35:00 -0330", 1751360700 },
	{ " Tue,\r\n 1 Jul\r\n\t2025 09:05:00 +0000 (UTC)", 1751360700 },
	{ "(a (nested \\) one)) Tue, 1 Jul 2025 09:05:00 (x)GMT", 1751360700 },
	{ "Tue 1 Jul 2025 09:05:00 UT", 1751360700 },
	{ "Tue, 1 Jul 25 09:05:00 Z", 1751360700 },
	{ "Tue, 1 Jul 125 09:05:00 Z", 1751360700 },
	{ "1 Jul 2025 05:05:00 EDT", 1751360700 },
	{ "1 Jul 2025 04:05:00 est", 1751360700 },
	{ "1 Jul 2025 02:05:00 PDT", 1751360700 },
	{ "1 Jul 2025 09:05:00 A", 1751360700 },
	{ "1 Jul 2025 09:05:00 CEST", 1751360700 },	/* unknown: UTC */
	{ "1 Jul 2025 09:05:00", 1751360700 },
	{ "29 Feb 2024 00:00:00 +0000", 1709164800 },
	{ "31 Dec 1999 23:59:60 +0000", 946684800 },
	{ "1 Jan 70 00:00:00 +0000", 0 },
	{ "31 Dec 69 23:59:59 +0000", -1 },		/* 1969: is -1 */
	{ "29 Feb 2025 00:00:00 +0000", -1 },
	{ "29 Feb 2100 00:00:00 +0000", -1 },
	{ "31 Jun 2025 00:00:00 +0000", -1 },
	{ "0 Jun 2025 00:00:00 +0000", -1 },
	{ "1 Jux 2025 00:00:00 +0000", -1 },
	{ "1 Jul 2025 24:00:00 +0000", -1 },
	{ "1 Jul 2025 00:60:00 +0000", -1 },
	{ "1 Jul 2025 00:00:61 +0000", -1 },
	{ "1 Jul 2025 00:00:00 +00", -1 },
	{ "1 Jul 2025 00:00:00 +0060", -1 },
	{ "1 Jul 20255 00:00:00 +0000", -1 },
	{ "111 Jul 2025 00:00:00 +0000", -1 },
	{ "1 Jul 2025", -1 }, { "1 Jul", -1 }, { "Tue,", -1 }, { "", -1 },
	{ "(", -1 }, { "(\\", -1 }, { "2025-07-01T09:05:00Z", -1 }
};

static const struct {
	const char *text;
	time_t t;
} imap[] = {
	{ " 1-Jul-2025 09:05:00 +0000", 1751360700 },
	{ "01-Jul-2025 11:05:00 +0200", 1751360700 },
	{ "1-jul-2025 05:35:00 -0330", 1751360700 },
	{ "1-Jul-25 09:05:00 +0000", -1 },
	{ "1-Jul-2025 09:05:00", -1 },
	{ "1-Jul-2025 09:05:00 +0000 x", -1 },
	{ "1 Jul 2025 09:05:00 +0000", -1 },
	{ "", -1 }
};

static void
test_written(void)
{
	char got[DATE_CAP];
	time_t back;
	size_t i;

	for (i = 0; i < sizeof written / sizeof *written; i++) {
		setenv("TZ", written[i].zone, 1);
		tzset();
		date_rfc5322(got, written[i].t);
		is_str(got, written[i].rfc, "RFC 5322 %zu", i);
		if (written[i].t < (time_t)1 << 40)
			ok(date_parse(str_of(got), &back) == 0 &&
			    back == written[i].t, "and back");
		date_imap(got, written[i].t);
		is_str(got, written[i].imap, "IMAP %zu", i);
		if (written[i].t < (time_t)1 << 40)
			ok(date_parse_imap(str_of(got), &back) == 0 &&
			    back == written[i].t, "and back");
	}
}

/* From an exact copy, so a read behind the end is noticed. */
static time_t
parsed(int (*parse)(struct str, time_t *), const char *text, size_t n)
{
	char *copy = malloc(n + 1);
	time_t t = -1;

	copy = realloc(memcpy(copy, text, n), n > 0 ? n : 1);
	if (parse((struct str){ copy, n }, &t) < 0)
		t = -1;
	free(copy);
	return t;
}

int
main(void)
{
	size_t i, n;

	test_written();
	for (i = 0; i < sizeof rfc / sizeof *rfc; i++) {
		for (n = 0; n <= strlen(rfc[i].text); n++)
			parsed(date_parse, rfc[i].text, n);
		is_int(parsed(date_parse, rfc[i].text, n - 1), rfc[i].t,
		    "\"%.30s\"", rfc[i].text[0] > ' ' ? rfc[i].text : "fold");
	}
	for (i = 0; i < sizeof imap / sizeof *imap; i++) {
		for (n = 0; n <= strlen(imap[i].text); n++)
			parsed(date_parse_imap, imap[i].text, n);
		is_int(parsed(date_parse_imap, imap[i].text, n - 1),
		    imap[i].t, "\"%s\"", imap[i].text);
	}
	return done();
}
