/*
 * fetchmail_lex.c: the words of a .fetchmailrc
 *
 * There are no lines: words, strings in quotes with escapes as in C, blanks
 * and = ; : , between them, a # where a word could begin up to the end of the
 * line.  A quote within quotes is \042; a file with \" is one that fetchmail
 * does not take.
 */
#include <string.h>

#include "fetchmail_lex.h"

static bool
octal(char c)
{
	return c >= '0' && c <= '7';
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c != '\0' ? strchr(digits, str_lower(c)) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* \101 is decimal there, \0101 octal, \x41 hexadecimal. */
static char
numbered_char(const char **from)
{
	const char *s = *from;
	unsigned value = 0, i;

	if (str_lower(*s) == 'x') {
		for (s++, i = 0; i < 2 && hex(*s) >= 0; i++)
			value = 16 * value + (unsigned)hex(*s++);
	} else if (*s == '0') {
		for (i = 0; i < 3 && octal(*s); i++)
			value = 8 * value + (unsigned)(*s++ - '0');
	} else
		for (i = 0; i < 3 && str_digit(*s); i++)
			value = 10 * value + (unsigned)(*s++ - '0');
	*from = s;
	return (char)value;
}

/* In place: it gets no longer. */
static void
unescape(char *s)
{
	const char *from = s;
	char *to = s;

	while (*from != '\0') {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		if (str_digit(*from) || str_lower(*from) == 'x') {
			*to++ = numbered_char(&from);
			continue;
		}
		switch (*from) {
		case '\0':
			continue;	/* at the end it is ignored */
		case '\n':
			break;		/* joins lines */
		case 'n':
			*to++ = '\n';
			break;
		case 't':
			*to++ = '\t';
			break;
		case 'b':
			*to++ = '\b';
			break;
		case 'r':
			*to++ = '\r';
			break;
		default:
			*to++ = *from;
		}
		from++;
	}
	*to = '\0';
}

/* How long the string is that begins with this quote; 0: it has no end. */
static size_t
string_len(const struct fetchmail_lex *x)
{
	struct str s = x->rest;
	size_t i;

	for (i = 1; i < s.n; i++) {
		if (s.p[i] == s.p[0])
			return i + 1;
		if (x->escaped && s.p[i] == '\\')
			i++;
	}
	return 0;
}

static void
advance(struct fetchmail_lex *x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		x->line += x->rest.p[i] == '\n';
	x->rest = str_from(x->rest, n);
}

static void
skip_blanks(struct fetchmail_lex *x)
{
	const char *eol;

	while (x->rest.n > 0) {
		if (x->rest.p[0] == '#') {
			eol = memchr(x->rest.p, '\n', x->rest.n);
			if (eol == NULL)
				return;		/* then it is a word */
			advance(x, (size_t)(eol - x->rest.p));
		} else if (x->rest.n > 1 && x->rest.p[0] == '\\' &&
		    x->rest.p[1] == '\n') {
			advance(x, 2);
		} else if (strchr("=;:, \t\r\n", x->rest.p[0]) != NULL) {
			advance(x, 1);
		} else
			return;
	}
}

bool
fetchmail_lex_next(struct fetchmail_lex *x)
{
	struct str s;
	size_t n = 0;
	char *text;

	skip_blanks(x);
	x->at = x->line;
	s = x->rest;
	if (s.n == 0 || s.p[0] == '#')
		return false;
	x->quoted = s.p[0] == '"' || s.p[0] == '\'';
	if (x->quoted && (n = string_len(x)) > 0) {
		text = arena_dup(x->a, str_to(str_from(s, 1), n - 2));
	} else {
		x->quoted = false;
		while (n < s.n && strchr("=;:, \t\r\n", s.p[n]) == NULL)
			n++;
		text = arena_dup(x->a, str_to(s, n));
	}
	advance(x, n);
	unescape(text);
	x->text = text;
	return true;
}
