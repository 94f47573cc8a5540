/* sasl_prep.c: names and passwords as SCRAM wants them (RFC 4013, SASLprep) */
#include "sasl_prep.h"

/* Not allowed in a SCRAM name or password (RFC 4013 section 2.3). */
static bool
prohibited(uint32_t c)
{
	static const uint32_t range[][2] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0x340, 0x341 },
		{ 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x180e, 0x180e },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2061, 0x2063 },
		{ 0x206a, 0x206f }, { 0x2ff0, 0x2ffb }, { 0xe000, 0xf8ff },
		{ 0xfdd0, 0xfdef }, { 0xfff9, 0xfffd },
		{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 },
		{ 0xe0020, 0xe007f }, { 0xf0000, 0x10ffff },
	};
	size_t i;

	for (i = 0; i < sizeof range / sizeof range[0]; i++)
		if (c >= range[i][0] && c <= range[i][1])
			return true;
	return (c & 0xfffe) == 0xfffe;
}

/* Other spaces than ours (RFC 3454 C.1.2), which become ours. */
static bool
space(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200b) ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Commonly mapped to nothing (RFC 3454 B.1). */
static bool
nothing(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x1806 ||
	    (c >= 0x180b && c <= 0x180d) || c == 0x200c || c == 0x200d ||
	    c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

int
sasl_prepare(struct buf *out, struct str text, const char *what, struct err *e)
{
	size_t n, was = out->n;
	uint32_t c;

	(void)buf_room(out, text.n);	/* beforehand: it is a secret */
	for (; text.n > 0; text = str_from(text, n)) {
		n = str_char(text, &c);
		if (n == 0)
			return fail(e, EX_DATAERR, "the %s is not UTF-8, which SCRAM demands",
			    what);
		if (space(c))
			buf_c(out, ' ');
		else if (nothing(c))
			continue;
		else if (prohibited(c))
			return fail(e, EX_DATAERR, "the %s has a control or other character that SCRAM forbids",
			    what);
		else
			buf_put(out, text.p, n);
	}
	if (out->n == was)
		return fail(e, EX_DATAERR, "the %s is empty for SCRAM", what);
	return 0;
}
