/* since.c: --since: what came on an earlier day is left out */
#include "clock.h"
#include "since.h"
#include "str.h"

int
since_day(const char *text, time_t *to, struct err *e)
{
	struct str s = str_of(text);
	uint64_t days, y, m, d;
	struct str rest = s, a = str_cut(&rest, '-'), c = str_cut(&rest, '-');
	struct tm tm = { 0 };

	if (s.n > 1 && s.p[s.n - 1] == 'd' &&
	    str_num(str_to(s, s.n - 1), 100000, &days) == 0) {
		*to = clock_wall() - (time_t)days * 86400;
		return 0;
	}
	if (str_num(a, 9999, &y) < 0 || str_num(c, 12, &m) < 0 ||
	    str_num(rest, 31, &d) < 0 || y < 1970 || m == 0 || d == 0)
		return fail(e, EX_USAGE, "--since: 2026-07-01 or 14d, not \"%s\"",
		    text);
	tm.tm_year = (int)y - 1900;
	tm.tm_mon = (int)m - 1;
	tm.tm_mday = (int)d;
	tm.tm_hour = 12;
	tm.tm_isdst = -1;
	*to = mktime(&tm);
	if (tm.tm_mday != (int)d)
		return fail(e, EX_USAGE, "--since: there is no %s", text);
	return 0;
}

bool
since_before(time_t t, time_t day)
{
	struct tm a, b;

	if (localtime_r(&t, &a) == NULL || localtime_r(&day, &b) == NULL)
		return false;
	return a.tm_year != b.tm_year ? a.tm_year < b.tm_year :
	    a.tm_yday < b.tm_yday;
}
