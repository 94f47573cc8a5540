/*
 * mtasts.c: MTA-STS (RFC 8461)
 *
 * The record is read to the letter, as its grammar has it (section 3.1; only
 * around ";" may be blanks).  The policy is read as senders do, who trim
 * lines; that its grammar has no blank before ":" is not held against it.
 */
#include "mtasts.h"

#include <string.h>

#include "tag.h"

struct str
mtasts_id(struct str record, const char **why)
{
	struct str rest = record, tag, value, id = { NULL, 0 };
	bool blank = false;
	size_t i;
	int got;

	*why = NULL;
	while ((got = tag_next(&rest, &tag, &value)) != 0) {
		if (got < 0)
			*why = "a part has no \"=\"";
		else if (str_eq(tag, STR("id")) && id.p == NULL) {
			id = value;
			blank = value.n > 0 && value.p != tag.p + 3;
		}
	}
	if (id.p == NULL)
		*why = "there is no id=";
	else if (blank)
		*why = "there is a blank beside the \"=\" of id=";
	else if (id.n < 1 || id.n > 32)
		*why = "id= is 1 to 32 letters and digits";
	for (i = 0; id.p != NULL && i < id.n; i++)
		if (!str_alpha(id.p[i]) && !str_digit(id.p[i]))
			*why = "id= is 1 to 32 letters and digits";
	return *why == NULL ? id : (struct str){ NULL, 0 };
}

const char *
mtasts_mode(enum mtasts_mode m)
{
	static const char *const names[] = { NULL, "none", "testing",
	    "enforce" };

	return names[m];
}

/* A domain in A-labels (RFC 5321 section 4.1.2), perhaps behind "*.". */
static bool
pattern_ok(struct str s)
{
	struct str label;
	size_t i, n = 0;

	if (str_starts(s, "*."))
		s = str_from(s, 2);
	for (; s.p != NULL; n++) {
		label = str_cut(&s, '.');
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' ||
		    label.p[label.n - 1] == '-')
			return false;
		for (i = 0; i < label.n; i++)
			if (!str_alpha(label.p[i]) && !str_digit(label.p[i]) &&
			    label.p[i] != '-')
				return false;
	}
	return n > 0;
}

static const char *
mode(struct mtasts *m, struct str value)
{
	enum mtasts_mode i;

	for (i = MTASTS_NONE; i <= MTASTS_ENFORCE; i++)
		if (str_eq(value, str_of(mtasts_mode(i)))) {
			m->mode = i;
			return NULL;
		}
	return "mode is none, testing or enforce";
}

/* One field; of version, mode and max_age the first counts (section 3.2). */
static const char *
policy_field(struct mtasts *m, struct str key, struct str value, unsigned *seen)
{
	if (str_eq(key, STR("version"))) {
		if ((*seen & 1) == 0 && !str_eq(value, STR("STSv1")))
			return "version is not STSv1";
		*seen |= 1;
	} else if (str_eq(key, STR("mode"))) {
		if ((*seen & 2) == 0) {
			*seen |= 2;
			return mode(m, value);
		}
	} else if (str_eq(key, STR("max_age"))) {
		if ((*seen & 4) == 0 && (value.n > 10 ||
		    str_num(value, 31557600, &m->max_age) < 0))
			return "max_age is 0 to 31557600 seconds";
		*seen |= 4;
	} else if (str_eq(key, STR("mx"))) {
		if (!pattern_ok(value))
			return "an mx pattern is no host name";
		m->mx[m->nmx++] = value;
	}
	return NULL;
}

static const char *
policy_lacks(const struct mtasts *m, unsigned seen)
{
	if ((seen & 1) == 0)
		return "version is missing";
	if ((seen & 2) == 0)
		return "mode is missing";
	if ((seen & 4) == 0)
		return "max_age is missing";
	if (m->nmx == 0 && m->mode != MTASTS_NONE)
		return "there is no mx";
	return NULL;
}

int
mtasts_parse(struct arena *mem, struct str text, struct mtasts *m)
{
	struct str rest = text, line, key;
	size_t i, max = 1, at = 0;
	unsigned seen = 0;

	*m = (struct mtasts){ .mode = MTASTS_UNSET };
	for (i = 0; i < text.n; i++)
		max += text.p[i] == '\n';
	m->mx = arena_new(mem, max, sizeof *m->mx);
	while (rest.p != NULL && m->why == NULL) {
		at++;
		line = str_trim(str_cut(&rest, '\n'));
		if (line.n == 0)
			continue;
		if (!str_has(line, ':')) {
			m->why = "a line has no \":\"";
			break;
		}
		key = str_trim(str_cut(&line, ':'));
		m->why = policy_field(m, key, str_trim(line), &seen);
	}
	if (m->why != NULL)
		m->line = at;
	else
		m->why = policy_lacks(m, seen);
	return m->why == NULL ? 0 : -1;
}

static bool
host_fits(struct str pattern, const char *host)
{
	struct str h = str_of(host);

	if (h.n > 0 && h.p[h.n - 1] == '.')
		h.n--;
	if (!str_starts(pattern, "*."))
		return str_eqi(pattern, h);
	if (str_cut(&h, '.').n == 0 || h.p == NULL)
		return false;
	return str_eqi(str_from(pattern, 2), h);
}

bool
mtasts_covers(const struct mtasts *m, const char *host)
{
	size_t i;

	for (i = 0; i < m->nmx; i++)
		if (host_fits(m->mx[i], host))
			return true;
	return false;
}

const char *
mtasts_unfit(struct arena *mem, int status, const char *type, bool too_big)
{
	if (status >= 300 && status < 400)
		return arena_printf(mem, "HTTP %d: a redirect is a failure",
		    status);
	if (status != 200)
		return arena_printf(mem, "HTTP %d", status);
	if (!str_is(str_of(type), "text/plain"))
		return arena_printf(mem, "it is %s, not text/plain",
		    type[0] != '\0' ? type : "of no type");
	return too_big ? "it has over 64 KiB" : NULL;
}
