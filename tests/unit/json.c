/* json.c: whatever the bytes are, what is written can be read and is harmless */
#include <stdlib.h>

#include "json.h"
#include "str.h"
#include "tap.h"

/* "0" to "4" bytes of UTF-8, also for what is none. */
static size_t
utf8(uint32_t c, char *p)
{
	if (c < 0x80)
		return *p = (char)c, 1;
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xe0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3f));
		p[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3f));
	p[2] = (char)(0x80 | (c >> 6 & 0x3f));
	p[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void
write_one(struct buf *b, struct str s)
{
	struct json j = { .out = b };

	json_open(&j, NULL, '{');
	json_str(&j, "k", s);
	json_close(&j, '}');
}

/* What the standard names, in its own words, and not those of str.c. */
static bool
spoofs(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	    c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

/* A letter for each token, and what they say. */
static void
tokens(const char *text, const char *want, const char *said)
{
	static const char letters[] = "?.{[}ksv";
	struct json_in in = { .rest = str_of(text) };
	struct buf one = { 0 }, got = { 0 }, words = { 0 };
	enum json_token t;

	buf_s(&words, "");
	do {
		t = json_next(&in, &one);
		buf_c(&got, letters[t + 1]);
		if (t >= JSON_KEY)
			buf_printf(&words, "%.*s,", STR_ARG(BUF_STR(one)));
	} while (t > JSON_END);
	is_str(got.p, want, "tokens of %.40s", text);
	is_str(words.p, said, "words of %.40s", text);
	buf_free(&one);
	buf_free(&got);
	buf_free(&words);
}

static void
read_tokens(void)
{
	static const char whole[] = "{\"a\":[1,-2.5e3,null,{\"b\\n\":\"\\u00e9\"}],\"c\":{}}";
	char deep[65] = { 0 };
	size_t n;

	tokens(whole, "{k[vvv{ks}}k{}}.", "a,1,-2.5e3,null,b\n,\xc3\xa9,c,");
	tokens("", ".", "");
	tokens(" [ ] ", "[}.", "");
	tokens("[]]", "[}?", "");
	tokens("{]", "{?", "");
	tokens("{1:2}", "{?", "");
	tokens("{\"a\" 2}", "{?", "");
	tokens("[\"a", "[?", "");
	tokens("[@]", "[?", "");
	memset(deep, '[', 64);
	tokens(deep, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[?", "");
	for (n = 1; n + 1 < sizeof whole; n++) {
		struct json_in in;
		struct buf one = { 0 };
		enum json_token t;
		char *cut = malloc(n);

		memcpy(cut, whole, n);
		in = (struct json_in){ .rest = { cut, n } };
		while ((t = json_next(&in, &one)) > JSON_END)
			;
		ok(t == JSON_BAD, "cut at %zu", n);
		buf_free(&one);
		free(cut);
	}
}

/* Each character there is, between two others. */
static void
characters(void)
{
	struct buf out = { .max = 1000 }, back = { .max = 1000 };
	int raw = 0, lost = 0, odd = 0;
	uint32_t c, seen;
	char text[8];
	size_t n, k;

	for (c = 0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		text[0] = 'a';
		n = 1 + utf8(c, text + 1);
		text[n++] = 'z';
		out.n = back.n = 0;
		write_one(&out, (struct str){ text, n });
		for (k = 0; k < out.n; k++) {
			str_char(str_from(BUF_STR(out), k), &seen);
			raw += spoofs(seen) && (out.p[k] & 0xc0) != 0x80;
		}
		odd += !str_utf8(BUF_STR(out)) || memmem(out.p, out.n, "_hex",
		    4) != NULL;
		if (json_member(BUF_STR(out), "k", &back) < 0 ||
		    !str_eq(BUF_STR(back), (struct str){ text, n })) {
			if (lost++ < 5)
				diag("U+%04x: %s", c, out.p);
		}
	}
	is_int(raw, 0, "no control, no direction override stands there raw");
	is_int(odd, 0, "all of it is UTF-8, and without a second key");
	is_int(lost, 0, "each comes back as it was");
	buf_free(&out);
	buf_free(&back);
}

static void
bytes(void)
{
	static const struct {
		const char *in, *out;
	} v[] = {
		{ "a\xffz", "{\"k\":\"a\xef\xbf\xbdz\",\"k_hex\":\"61ff7a\"}" },
		{ "\xc3", "{\"k\":\"\xef\xbf\xbd\",\"k_hex\":\"c3\"}" },
		{ "\xed\xa0\x80", "{\"k\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
		    "\xbd\",\"k_hex\":\"eda080\"}" },
		{ "\"\\/", "{\"k\":\"\\\"\\\\/\"}" },
		{ "\n\x1b[2J", "{\"k\":\"\\u000a\\u001b[2J\"}" },
		{ "\xc2\x9b" "2J", "{\"k\":\"\\u009b2J\"}" },
		{ "x\xe2\x80\xae" "gpj.exe", "{\"k\":\"x\\u202egpj.exe\"}" },
		{ "\xf3\xa0\x81\x81", "{\"k\":\"\\udb40\\udc41\"}" },
		{ "\xc3\xbc", "{\"k\":\"\xc3\xbc\"}" },
	};
	struct buf out = { .max = 1000 };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		out.n = 0;
		write_one(&out, str_of(v[i].in));
		is_str(out.p, v[i].out, "%zu", i);
	}
	buf_free(&out);
}

/* Each byte at each place among many, which are looked at eight at a time. */
static void
places(void)
{
	struct buf out = { .max = 1000 };
	char text[16];
	bool plain;
	int c, at, wrong = 0;

	for (c = 0; c < 256; c++)
		for (at = 0; at < 16; at++) {
			memset(text, 'a', sizeof text);
			text[at] = (char)c;
			out.n = 0;
			write_one(&out, (struct str){ text, sizeof text });
			plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
			wrong += plain != (out.n == sizeof text + 8);
		}
	is_int(wrong, 0, "each byte is escaped, wherever it stands");
	buf_free(&out);
}

static void
reading(void)
{
	static const struct {
		const char *text, *want;	/* NULL: no such member */
	} v[] = {
		{ "{\"k\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80" },
		{ "{\"k\":\"\\ud83d\"}", "\xef\xbf\xbd" },
		{ "{\"k\":\"\\ud83dx\"}", "\xef\xbf\xbdx" },
		{ "{\"k\":\"\\ud83d\\u0041\"}", "\xef\xbf\xbd" "A" },
		{ "{\"k\":\"\\ude00\\ud83d\"}", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "{\"k\":\"\\n\\t\\\"\\\\\\/\"}", "\n\t\"\\/" },
		{ "{\"k\":\"\\u12\"}", NULL },
		{ "{\"k\":\"\\", NULL },
		{ "{\"k\":\"\\ud83d\\u", NULL },
		{ "{\"k\":\"x", NULL },
		{ "{\"a\":[{\"k\":1}],\"k\":\"y\"}", "y" },
	};
	struct buf got = { .max = 1000 };
	char *copy;
	size_t i, n;
	int r;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		n = strlen(v[i].text);
		copy = malloc(n);	/* exactly, so that ASan sees */
		memcpy(copy, v[i].text, n);
		got.n = 0;
		r = json_member((struct str){ copy, n }, "k", &got);
		if (v[i].want == NULL)
			is_int(r, -1, "%s", v[i].text);
		else
			is_str(r == 0 ? got.p : NULL, v[i].want, "%s",
			    v[i].text);
		free(copy);
	}
	buf_free(&got);
}

int
main(void)
{
	characters();
	bytes();
	places();
	reading();
	read_tokens();
	return done();
}
