/* date.c: dates as mail writes them, RFC 5322 3.3 and 4.3, RFC 9051 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Minutes east of Greenwich, as +hhmm. */
static int
zone(const struct tm *tm)
{
	int m = (int)(tm->tm_gmtoff / 60);

	return m / 60 * 100 + m % 60;
}

/* A time that localtime_r cannot take has no place in a header: 1970. */
static struct tm
local(time_t t)
{
	struct tm tm = { 0 };
	time_t zero = 0;

	if (localtime_r(&t, &tm) == NULL || tm.tm_year < 0 ||
	    tm.tm_year > 9999 - 1900)
		localtime_r(&zero, &tm);
	return tm;
}

void
date_rfc5322(char dst[DATE_CAP], time_t t)
{
	struct tm tm = local(t);

	snprintf(dst, DATE_CAP, "%.3s, %02d %.3s %d %02d:%02d:%02d %+05d",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, zone(&tm));
}

void
date_imap(char dst[DATE_CAP], time_t t)
{
	struct tm tm = local(t);

	snprintf(dst, DATE_CAP, "%2d-%.3s-%04d %02d:%02d:%02d %+05d",
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, zone(&tm));
}

/* Parsing: tokens are runs of letters, runs of digits, or one other byte. */

static struct str
token(struct str *s)
{
	size_t n = 0;
	struct str t;

	str_skip_cfws(s);
	if (s->n > 0 && str_digit(s->p[0]))
		while (n < s->n && str_digit(s->p[n]))
			n++;
	else if (s->n > 0 && str_alpha(s->p[0]))
		while (n < s->n && str_alpha(s->p[n]))
			n++;
	else
		n = s->n > 0;
	t = str_to(*s, n);
	*s = str_from(*s, n);
	return t;
}

/* The next token must be a number of that many digits. */
static int
date_number(struct str *s, size_t least, size_t most, int *v)
{
	struct str t = token(s);
	uint64_t u;

	if (t.n < least || t.n > most || str_num(t, 999999, &u) < 0)
		return -1;
	*v = (int)u;
	return 0;
}

/* The place of the three letters in a table, or -1. */
static int
lookup(struct str t, const char *table)
{
	int i;

	for (i = 0; t.n == 3 && table[3 * i] != '\0'; i++)
		if (str_eqi(t, (struct str){ table + 3 * i, 3 }))
			return i;
	return -1;
}

/* If the next byte is c, takes it. */
static bool
date_taken(struct str *s, char c)
{
	str_skip_cfws(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static int
clock_part(struct str *s, struct tm *tm)
{
	if (date_number(s, 1, 2, &tm->tm_hour) < 0 || !date_taken(s, ':') ||
	    date_number(s, 1, 2, &tm->tm_min) < 0)
		return -1;
	if (date_taken(s, ':') && date_number(s, 1, 2, &tm->tm_sec) < 0)
		return -1;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60 ?
	    0 : -1;
}

/*
 * Seconds east of Greenwich.  A zone that is not known is UTC (RFC 5322 4.3);
 * so are the military letters, whose sign RFC 822 had wrong.
 */
static int
zone_part(struct str *s, long *east)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {
		{ "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 },
		{ "MDT", -6 }, { "MST", -7 }, { "PDT", -7 }, { "PST", -8 }
	};
	struct str t = token(s);
	int v = 0, sign;
	size_t i;

	*east = 0;
	if (t.n == 1 && (t.p[0] == '+' || t.p[0] == '-')) {
		sign = t.p[0] == '-' ? -1 : 1;
		if (date_number(s, 4, 4, &v) < 0 || v % 100 >= 60)
			return -1;
		*east = sign * (v / 100 * 3600L + v % 100 * 60L);
		return 0;
	}
	for (i = 0; i < sizeof zones / sizeof *zones; i++)
		if (str_is(t, zones[i].name))
			*east = zones[i].hours * 3600L;
	return t.n == 0 || str_alpha(t.p[0]) ? 0 : -1;
}

static int
date_finish(struct tm *tm, long east, time_t *out)
{
	static const int most[] = {
		31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int day = tm->tm_mday, year = tm->tm_year + 1900;

	if (tm->tm_mon < 0 || day < 1 || day > most[tm->tm_mon])
		return -1;
	if (tm->tm_mon == 1 && day == 29 &&
	    (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		return -1;
	*out = timegm(tm) - east;
	return 0;
}

int
date_parse(struct str s, time_t *out)
{
	struct tm tm = { 0 };
	struct str ahead, t;
	size_t digits;
	long east;

	ahead = s;
	if (lookup(token(&ahead), days) >= 0) {
		s = ahead;
		date_taken(&s, ',');
	}
	if (date_number(&s, 1, 2, &tm.tm_mday) < 0)
		return -1;
	tm.tm_mon = lookup(token(&s), months);
	ahead = s;
	t = token(&ahead);
	digits = t.n;
	if (date_number(&s, 2, 4, &tm.tm_year) < 0)
		return -1;
	if (digits == 2 && tm.tm_year < 50)
		tm.tm_year += 100;		/* RFC 5322 4.3 */
	else if (digits == 4)
		tm.tm_year -= 1900;
	if (clock_part(&s, &tm) < 0 || zone_part(&s, &east) < 0)
		return -1;
	return date_finish(&tm, east, out);
}

int
date_parse_imap(struct str s, time_t *out)
{
	struct tm tm = { 0 };
	long east;

	if (date_number(&s, 1, 2, &tm.tm_mday) < 0 || !date_taken(&s, '-'))
		return -1;
	tm.tm_mon = lookup(token(&s), months);
	if (!date_taken(&s, '-') || date_number(&s, 4, 4, &tm.tm_year) < 0)
		return -1;
	tm.tm_year -= 1900;
	if (clock_part(&s, &tm) < 0 || s.n == 0 ||
	    zone_part(&s, &east) < 0 || str_trim(s).n > 0)
		return -1;
	return date_finish(&tm, east, out);
}
