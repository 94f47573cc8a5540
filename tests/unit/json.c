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

/* One byte that is not plain, anywhere in a text. */
static void
plain(void)
{
	static const char odd[] = { '"', '\\', '\0', '\n', 0x1f, 0x7f, (char)0x80,
	    (char)0xff };
	int missed = 0;
	char text[20];
	size_t n, at, i;

	memset(text, 'x', sizeof text);
	for (n = 0; n <= sizeof text; n++) {
		missed += !json_plain((struct str){ text, n });
		for (at = 0; at < n; at++) {
			for (i = 0; i < sizeof odd; i++) {
				text[at] = odd[i];
				missed += json_plain((struct str){ text, n });
			}
			text[at] = 'x';
		}
	}
	ok(json_plain(STR("a key-of_1 !#[]~")), "what is plain");
	is_int(missed, 0, "what is not, at each place");
}

/* Each kind of value, in an object and in an array in it. */
static void
values(void)
{
	static const double num[] = { 0, 0.0004, 0.0005, 1.2345, -0.5, -12,
	    1e12, -1e15, 9e15, 2e18 };
	static const char *const numbers[] = { "0.000", "0.000", "0.001",
	    "1.235", "-0.500", "-12.000", "1000000000000.000",
	    "-1000000000000000.000", "9000000000000000.000",
	    "2000000000000000000.000" };
	static const int64_t whole[] = { 0, 9, 10, -1, -9, -10, INT64_MAX,
	    INT64_MIN };
	struct buf b = { .max = 4000 };
	struct json j = { .out = &b };
	size_t i;

	for (i = 0; i < sizeof num / sizeof *num; i++) {
		b.n = 0;
		j = (struct json){ .out = &b };
		json_num(&j, NULL, num[i]);
		is_str(b.p, numbers[i], "%f", num[i]);
	}
	b.n = 0;
	j = (struct json){ .out = &b };
	json_open(&j, NULL, '{');
	json_num(&j, "no", __builtin_nan(""));
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_s(&j, "empty", "");
	json_s(&j, "null", NULL);
	json_int(&j, "a_b", 1);
	json_open(&j, "list", '[');
	for (i = 0; i < sizeof whole / sizeof *whole; i++)
		json_int(&j, NULL, whole[i]);
	json_str(&j, NULL, STR("\xff"));
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_null(&j, "end");
	json_close(&j, '}');
	is_str(b.p, "{\"no\":0.000,\"yes\":true,\"no\":false,"
	    "\"empty\":\"\",\"null\":null,\"a_b\":1,\"list\":[0,9,10,-1,-9,-10,"
	    "9223372036854775807,-9223372036854775808,\"\xef\xbf\xbd\",{}],"
	    "\"end\":null}", "all kinds");
	b.n = 0;
	j = (struct json){ .out = &b };
	for (i = 0; i < 31; i++)
		json_open(&j, NULL, '[');
	json_int(&j, NULL, 1);
	for (i = 0; i < 31; i++) {
		json_close(&j, ']');
		if (i < 30)
			json_int(&j, NULL, 2);
	}
	ok(memmem(b.p, b.n, "[1],2],2]", 9) != NULL &&
	    memmem(b.p, b.n, "[[1", 3) != NULL, "31 levels: %s", b.p);
	buf_free(&b);
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
		{ "{\"k\":\"\\udbff\\udfff\"}", "\xf4\x8f\xbf\xbf" },
		{ "{\"k\":\"\\udfff\"}", "\xef\xbf\xbd" },
		{ "{\"k\":\"\\b\\f\\r\\u00e9\\u20AC\"}", "\b\f\r\xc3\xa9\xe2\x82\xac" },
		{ "{\"a\":\"x\",\"k\":\"y\"}", "y" },
		{ "\r\n{\r\n\"a\"\r\n:\r\n1\r\n,\r\n\"k\"\t:\t\"y\"}", "y" },
		{ "{\"k\":12,\"a\":3}", "12" },
		{ "{\"k\":{\"a\":[1,2],\"b\":3},\"a\":3}", "{\"a\":[1,2],\"b\":3}" },
		{ "{\"k\":true}", "true" }, { "{\"k\":}", NULL },
		{ "{\"a\":],\"k\":1}", NULL }, { "{}", NULL }, { "[]", NULL },
		{ "{\"a\" 1,\"k\":1}", NULL }, { "{\"kk\":1}", NULL },
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
	plain();
	values();
	reading();
	read_tokens();
	return done();
}
