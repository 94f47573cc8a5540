/*
 * sasl.c: mechanisms against the vectors of their RFCs, and what is refused
 *
 * The vectors marked "computed" come from Python's hashlib and hmac.
 */
#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "sasl.h"
#include "tap.h"

static const char all[] = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 "
    "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER EXTERNAL";

static struct secret *
secret(const char *text)
{
	struct secret *s = mem_new(1, sizeof *s);

	s->n = strlen(text);
	memcpy(s->p, text, s->n);
	return s;
}

/* --- which mechanism --- */

static const struct {
	const char *offered, *asked;
	unsigned have;
	const char *want;		/* NULL: refused */
} picks[] = {
#define P 1u		/* a password */
#define T 2u		/* a token */
#define S 4u		/* TLS */
#define X 8u		/* an exporter */
#define C 16u		/* a client certificate */
#define A 32u		/* an authzid */
	{ all, NULL, P|S|X, "SCRAM-SHA-256-PLUS" },
	{ all, NULL, P|S, "SCRAM-SHA-256" },
	{ all, NULL, P, "SCRAM-SHA-256" },
	{ all, NULL, P|T|S|X, "OAUTHBEARER" },
	{ all, NULL, P|T, "SCRAM-SHA-256" },
	{ all, NULL, T, NULL },
	{ all, NULL, C|S, "EXTERNAL" },
	{ all, NULL, C|P|S, "SCRAM-SHA-256" },
	{ all, "external", C|P|S, "EXTERNAL" },
	{ all, "login", P|S, "LOGIN" },
	{ all, "login,plain", P|S, "LOGIN" },
	{ all, " ,plain , login,", P|S, "PLAIN" },
	{ all, "cram-md5", P, "CRAM-MD5" },
	{ all, "plain", P, NULL },
	{ all, "scram-sha-256-plus", P|S, NULL },
	{ "CRAM-MD5", NULL, P|S, NULL },
	{ "plain login", NULL, P|S, "PLAIN" },
	{ "plain login", NULL, P, NULL },
	{ "LOGIN", NULL, P|S, "LOGIN" },
	{ "LOGIN", NULL, P|S|A, NULL },
	{ "LOGIN PLAIN", NULL, P|S|A, "PLAIN" },
	{ "XOAUTH2 PLAIN", NULL, T|S, "XOAUTH2" },
	{ "XOAUTH2 PLAIN", NULL, T|P|S, "XOAUTH2" },
	{ "SCRAM-SHA-1-PLUS SCRAM-SHA-256", NULL, P|X, "SCRAM-SHA-1-PLUS" },
	{ "SCRAM-SHA-1-PLUS SCRAM-SHA-256", NULL, P, "SCRAM-SHA-256" },
	{ "  GSSAPI\tNTLM\r\n", NULL, P|S, NULL },
	{ "PLAINX XPLAIN", NULL, P|S, NULL },
	{ "", NULL, P|S, NULL },
	{ all, NULL, S, NULL },
};

static void
picking(void)
{
	struct secret *pass = secret("pencil"), *token = secret("t0k3n");
	size_t i;

	for (i = 0; i < sizeof picks / sizeof picks[0]; i++) {
		unsigned h = picks[i].have;
		struct sasl_login l = { .user = "user",
		    .password = h & P ? pass : NULL,
		    .token = h & T ? token : NULL, .tls = h & S,
		    .client_cert = h & C, .mechs = picks[i].asked,
		    .authzid = h & A ? "boss" : NULL,
		    .exporter = h & X ? STR("0123") : (struct str){ 0 } };
		struct sasl s = { 0 };
		struct err e = { 0 };
		int got = sasl_pick(&s, &l, str_of(picks[i].offered), &e);

		if (picks[i].want != NULL)
			is_str(sasl_name(&s), picks[i].want, "pick %zu: %s", i,
			    picks[i].want);
		else
			ok(got < 0 && e.code == EX_NOPERM, "pick %zu refused "
			    "(%s)", i, e.msg);
		sasl_wipe(&s);
	}
	free(pass);
	free(token);
}
#undef P
#undef T
#undef S
#undef X
#undef C
#undef A

/* --- SCRAM --- */

struct scram {
	const char *what, *mech, *user, *password, *authzid, *nonce;
	struct str exporter, endpoint;
	const char *first, *challenge, *answer, *verifier;
};

static const struct scram vectors[] = {
	{ "RFC 5802", "SCRAM-SHA-1", "user", "pencil", NULL,
	    "fyko+d2lbbFgONRv9qkxdawL", { 0 }, { 0 },
	    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
	    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "s=QSXCR+Q6sek8bf92,i=4096",
	    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ "RFC 7677", "SCRAM-SHA-256", "user", "pencil", NULL,
	    "rOprNGfwEbeRWgbNEkqO", { 0 }, { 0 },
	    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
	    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
	{ "tls-exporter (computed)", "SCRAM-SHA-256-PLUS", "user", "pencil",
	    NULL, "abc", { "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE", 32 },
	    { "never mind", 10 },
	    "p=tls-exporter,,n=user,r=abc",
	    "r=abcdef,s=c2FsdHNhbHQ=,i=4096",
	    "c=cD10bHMtZXhwb3J0ZXIsLEVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRU"
	    "VF,r=abcdef,p=7ctKCtWTpCoNhpGVRbkzU9R7MTAkq0WuExTgksNC/Ek=",
	    "v=DsYJGNCK802sQWzQ2YiCbF4L4Bexx/utyzuWnYKRkok=" },
	{ "tls-server-end-point (computed)", "SCRAM-SHA-1-PLUS", "user",
	    "pencil", NULL, "abc", { 0 },
	    { "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26"
	    "\27\30\31\32\33\34\35\36\37", 32 },
	    "p=tls-server-end-point,,n=user,r=abc",
	    "r=abcdef,s=c2FsdHNhbHQ=,i=4096",
	    "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFR"
	    "YXGBkaGxwdHh8=,r=abcdef,p=QQF6DNKSf/nKJ8LHW+5fm5GSAGo=",
	    "v=GYAZAR72VoGuU0nCJ7vDUdsRQ9g=" },
	{ "y flag, escapes, other space, soft hyphen (computed)",
	    "SCRAM-SHA-256", "a,b=c", "p\xc2\xa0w\xc2\xad" "d", "o,x", "abc",
	    { "EE", 2 }, { 0 },
	    "y,a=o=2Cx,n=a=2Cb=3Dc,r=abc",
	    "r=abcdef,s=c2FsdHNhbHQ=,i=5000",
	    "c=eSxhPW89MkN4LA==,r=abcdef,"
	    "p=27fWH0SnY/PvDWQER1S6EjXz+G4xr4eGQAq+tg7pcNE=",
	    "v=aDrfuPJEbECNI9f3uXpp4DHHH7Kc5SxVyYYpkJMZ5u4=" },
};
#define NVECTOR (sizeof vectors / sizeof vectors[0])

struct run {
	struct sasl s;
	struct sasl_login l;
	struct secret *pass;
	struct buf out;
	struct err e;
};

/* Picks the vector's mechanism and takes the initial response. */
static void
begin(struct run *r, const struct scram *v)
{
	*r = (struct run){ .pass = secret(v->password) };
	r->l = (struct sasl_login){ .user = v->user, .authzid = v->authzid,
	    .password = r->pass, .exporter = v->exporter,
	    .endpoint = v->endpoint, .nonce = v->nonce };
	if (sasl_pick(&r->s, &r->l, str_of(v->mech), &r->e) == 0)
		sasl_first(&r->s, &r->out);
}

static void
end(struct run *r)
{
	sasl_wipe(&r->s);
	buf_wipe(&r->out);
	free(r->pass);
}

static int
step(struct run *r, struct str challenge)
{
	buf_wipe(&r->out);
	return sasl_step(&r->s, challenge, &r->out, &r->e);
}

static const char *
text(struct run *r)
{
	return r->out.p != NULL ? r->out.p : "";
}

static void
exact(const struct scram *v, bool inside)
{
	struct run r;

	begin(&r, v);
	is_str(text(&r), v->first, "%s: first message", v->what);
	step(&r, str_of(v->challenge));
	is_str(text(&r), v->answer, "%s: proof", v->what);
	if (inside) {
		is_int(sasl_done(&r.s, str_of(v->verifier), &r.e), 0,
		    "%s: verified inside the success", v->what);
	} else {
		is_int(step(&r, str_of(v->verifier)), 0, "%s: verified",
		    v->what);
		is_str(text(&r), "", "%s: answered with nothing", v->what);
		is_int(sasl_done(&r.s, STR(""), &r.e), 0, "%s: done", v->what);
	}
	end(&r);
}

/*
 * Does the login succeed with byte i of challenge + verifier changed by x?
 * The verifier comes as a challenge, or inside the success.
 */
static bool
altered(const struct scram *v, size_t i, char x, bool inside)
{
	char *c = mem_dup(v->challenge), *f = mem_dup(v->verifier);
	struct run r;
	bool well;

	if (i < strlen(c))
		c[i] = (char)(c[i] ^ x);
	else
		f[i - strlen(c)] = (char)(f[i - strlen(v->challenge)] ^ x);
	begin(&r, v);
	well = step(&r, (struct str){ c, strlen(v->challenge) }) == 0;
	if (inside)
		well = well && sasl_done(&r.s, (struct str){ f,
		    strlen(v->verifier) }, &r.e) == 0;
	else
		well = well && step(&r, (struct str){ f,
		    strlen(v->verifier) }) == 0 &&
		    sasl_done(&r.s, STR(""), &r.e) == 0;
	if (!well && r.e.code != EX_NOPERM && r.e.code != EX_PROTOCOL)
		well = true;		/* neither: shows as a failure */
	if (strstr(r.e.msg, v->password) != NULL)
		well = true;
	end(&r);
	free(c);
	free(f);
	return well;
}

static void
tampering(const struct scram *v)
{
	size_t i, n = strlen(v->challenge) + strlen(v->verifier), bad = 0;

	for (i = 0; i < n; i++)
		bad += altered(v, i, 1, false) + altered(v, i, 0x20, true);
	is_int(bad, 0, "%s: each of %zu bytes altered, twice", v->what, n);
}

static void
cutting(const struct scram *v)
{
	size_t i, n = strlen(v->verifier), bad = 0;
	struct run r;
	char *copy;

	for (i = 0; i < n; i++) {
		begin(&r, v);
		step(&r, str_of(v->challenge));
		copy = memcpy(mem_new(i, 1), v->verifier, i);
		bad += sasl_done(&r.s, (struct str){ copy, i }, &r.e) == 0;
		free(copy);
		end(&r);
	}
	for (i = 0; i < strlen(v->challenge) - 1; i++) {
		begin(&r, v);
		copy = memcpy(mem_new(i, 1), v->challenge, i);
		bad += step(&r, (struct str){ copy, i }) == 0 &&
		    step(&r, str_of(v->verifier)) == 0;
		free(copy);
		end(&r);
	}
	is_int(bad, 0, "%s: cut at every byte", v->what);
}

static const struct {
	const char *what, *challenge;
	int code;
} wrong[] = {
	{ "empty", "", EX_PROTOCOL },
	{ "commas", ",,,", EX_PROTOCOL },
	{ "no salt", "r=abcdef,i=4096", EX_PROTOCOL },
	{ "empty salt", "r=abcdef,s=,i=4096", EX_PROTOCOL },
	{ "salt no base64", "r=abcdef,s=!!!!,i=4096", EX_PROTOCOL },
	{ "order", "s=c2FsdA==,r=abcdef,i=4096", EX_PROTOCOL },
	{ "nonce ours alone", "r=abc,s=c2FsdA==,i=4096", EX_NOPERM },
	{ "nonce theirs alone", "r=xyzdef,s=c2FsdA==,i=4096", EX_NOPERM },
	{ "nonce short", "r=ab,s=c2FsdA==,i=4096", EX_NOPERM },
	{ "nonce with control", "r=abcd\1,s=c2FsdA==,i=4096", EX_PROTOCOL },
	{ "4095 iterations", "r=abcdef,s=c2FsdA==,i=4095", EX_NOPERM },
	{ "600001", "r=abcdef,s=c2FsdA==,i=600001", EX_NOPERM },
	{ "0", "r=abcdef,s=c2FsdA==,i=0", EX_NOPERM },
	{ "-1", "r=abcdef,s=c2FsdA==,i=-1", EX_NOPERM },
	{ "2^64+4096", "r=abcdef,s=c2FsdA==,i=18446744073709555712",
	    EX_NOPERM },
	{ "4096x", "r=abcdef,s=c2FsdA==,i=4096x", EX_NOPERM },
	{ "m=", "m=x,r=abcdef,s=c2FsdA==,i=4096", EX_NOPERM },
	{ "e=", "e=unknown-user", EX_NOPERM },
};

static void
hostile(void)
{
	struct scram v = { .mech = "SCRAM-SHA-256", .user = "user",
	    .password = "pencil", .nonce = "abc" };
	struct run r;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		begin(&r, &v);
		ok(step(&r, str_of(wrong[i].challenge)) < 0 &&
		    r.e.code == wrong[i].code && r.out.n == 0,
		    "scram %s: %s", wrong[i].what, r.e.msg);
		end(&r);
	}
}

/* A server that says yes too early, or too often, or why not. */
static void
unproved(void)
{
	const struct scram *v = &vectors[1];
	struct run r;

	begin(&r, v);
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "yes before anything");
	is_int(r.e.code, EX_NOPERM, "%s", r.e.msg);
	end(&r);

	begin(&r, v);
	is_int(sasl_done(&r.s, str_of(v->verifier), &r.e), -1,
	    "v= before the challenge");
	end(&r);

	begin(&r, v);
	step(&r, str_of(v->challenge));
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "yes without v=");
	is_int(r.e.code, EX_NOPERM, "%s", r.e.msg);
	end(&r);

	begin(&r, v);
	step(&r, str_of(v->challenge));
	is_int(step(&r, STR("e=invalid-proof")), -1, "e=");
	is_str(r.e.msg, "SCRAM-SHA-256: the server says: invalid-proof",
	    "e= is shown");
	is_str(sasl_reason(&r.s), "invalid-proof", "e= is kept");
	end(&r);

	begin(&r, v);
	step(&r, str_of(v->challenge));
	is_int(step(&r, STR("v=AAAA")), -1, "v= of the wrong size");
	fail_clear(&r.e);
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "and yes all the same");
	end(&r);

	begin(&r, v);
	step(&r, str_of(v->challenge));
	step(&r, str_of(v->verifier));
	is_int(step(&r, str_of(v->verifier)), -1, "a challenge too many");
	end(&r);
}

static void
flags(void)
{
	static const struct {
		const char *offered, *asked, *want;
	} c[] = {
		{ "SCRAM-SHA-256", NULL, "y,," },
		{ "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", "scram-sha-256", "n,," },
		{ "SCRAM-SHA-256 SCRAM-SHA-512-PLUS", NULL, "n,," },
		{ "SCRAM-SHA-256-PLUS", NULL, "p=tls-exporter,," },
	};
	struct secret *pass = secret("pencil");
	size_t i;

	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		struct sasl_login l = { .user = "user", .password = pass,
		    .exporter = STR("x"), .mechs = c[i].asked };
		struct sasl s = { 0 }, again = { 0 };
		struct buf out = { 0 }, other = { 0 };
		struct err e = { 0 };

		sasl_pick(&s, &l, str_of(c[i].offered), &e);
		sasl_pick(&again, &l, str_of(c[i].offered), &e);
		sasl_first(&s, &out);
		sasl_first(&again, &other);
		ok(str_starts(BUF_STR(out), c[i].want), "flag %s for %s",
		    c[i].want, c[i].offered);
		ok(!str_eq(BUF_STR(out), BUF_STR(other)) && out.n > 40,
		    "nonces differ");
		sasl_wipe(&s);
		sasl_wipe(&again);
		buf_free(&out);
		buf_free(&other);
	}
	free(pass);
}

/* --- the others --- */

static void
plain(void)
{
	struct run r = { .pass = secret("tanstaaftanstaaf") };

	r.l = (struct sasl_login){ .user = "tim", .authzid = "boss",
	    .password = r.pass, .tls = true };
	sasl_pick(&r.s, &r.l, STR("PLAIN"), &r.e);
	ok(sasl_first(&r.s, &r.out), "PLAIN speaks first");
	ok(str_eq(BUF_STR(r.out), STR("boss\0tim\0tanstaaftanstaaf")),
	    "PLAIN message");
	is_int(step(&r, STR("")), -1, "PLAIN: a challenge too many");
	is_int(r.e.code, EX_PROTOCOL, "%s", r.e.msg);
	fail_clear(&r.e);
	is_int(sasl_done(&r.s, STR("anything"), &r.e), 0, "PLAIN done");
	end(&r);
}

static void
login(void)
{
	struct run r = { .pass = secret("pass word") };

	r.l = (struct sasl_login){ .user = "tim", .password = r.pass,
	    .tls = true };
	sasl_pick(&r.s, &r.l, STR("LOGIN"), &r.e);
	ok(!sasl_first(&r.s, &r.out), "LOGIN waits");
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "yes before the user");
	is_int(r.e.code, EX_PROTOCOL, "%s", r.e.msg);
	fail_clear(&r.e);
	step(&r, STR("Passwort?"));
	is_str(text(&r), "tim", "first comes the user, whatever the prompt");
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "yes before the password");
	fail_clear(&r.e);
	step(&r, STR(""));
	is_str(text(&r), "pass word", "then the password");
	is_int(sasl_done(&r.s, STR(""), &r.e), 0, "LOGIN done");
	is_int(step(&r, STR("more")), -1, "no third answer");
	is_int(r.out.n, 0, "nothing was said");
	end(&r);
}

static void
cram(void)
{
	struct run r = { .pass = secret("tanstaaftanstaaf") };

	r.l = (struct sasl_login){ .user = "tim", .password = r.pass,
	    .mechs = "CRAM-MD5" };
	sasl_pick(&r.s, &r.l, STR("CRAM-MD5"), &r.e);
	ok(!sasl_first(&r.s, &r.out), "CRAM-MD5 waits");
	step(&r, STR("<1896.697170952@postoffice.reston.mci.net>"));
	is_str(text(&r), "tim b913a602c7eda7a495b4e6e7334d3890", "RFC 2195");
	is_int(sasl_done(&r.s, STR(""), &r.e), 0, "CRAM-MD5 done");
	end(&r);
}

static void
external(void)
{
	struct run r = { 0 };

	r.l = (struct sasl_login){ .client_cert = true, .tls = true };
	sasl_pick(&r.s, &r.l, STR("PLAIN EXTERNAL"), &r.e);
	ok(sasl_first(&r.s, &r.out) && r.out.n == 0, "EXTERNAL: empty");
	is_int(sasl_done(&r.s, STR(""), &r.e), 0, "EXTERNAL done");
	r.l.authzid = "boss";
	sasl_pick(&r.s, &r.l, STR("PLAIN EXTERNAL"), &r.e);
	sasl_first(&r.s, &r.out);
	is_str(text(&r), "boss", "EXTERNAL with a name");
	end(&r);
}

static void
bearer(void)
{
	struct run r = { .pass =
	    secret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==") };
	struct buf b = { 0 };

	r.l = (struct sasl_login){ .user = "user@example.com", .token = r.pass,
	    .host = "server.example.com", .port = 143, .tls = true };
	sasl_pick(&r.s, &r.l, STR("OAUTHBEARER XOAUTH2"), &r.e);
	sasl_first(&r.s, &r.out);
	b64_put(&b, BUF_STR(r.out));
	is_str(b.p, "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUu"
	    "Y29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhi"
	    "SFJoZG1semRHRXVZMjl0Q2c9PQEB", "RFC 7628 section 4.1");
	is_int(step(&r, STR("{\"status\":\"invalid_token\",\"scope\":"
	    "\"example_scope\",\"openid-configuration\":\"x\"}")), 0,
	    "the error challenge is answered");
	is_str(text(&r), "\1", "by one byte");
	is_str(sasl_reason(&r.s), "invalid_token example_scope", "and kept");
	is_int(step(&r, STR("{}")), -1, "but once");
	fail_clear(&r.e);
	is_int(sasl_done(&r.s, STR(""), &r.e), -1, "yes after no: %s",
	    r.e.msg);
	buf_free(&b);
	end(&r);
}

static void
xoauth2(void)
{
	struct run r = { .pass = secret("ya29.token") };

	r.l = (struct sasl_login){ .user = "me@x.org", .token = r.pass,
	    .tls = true };
	sasl_pick(&r.s, &r.l, STR("XOAUTH2"), &r.e);
	sasl_first(&r.s, &r.out);
	is_str(text(&r), "user=me@x.org\1auth=Bearer ya29.token\1\1",
	    "XOAUTH2");
	is_int(step(&r, STR("not JSON \33[2J")), 0, "error challenge");
	is_int(r.out.n, 0, "is answered with nothing");
	ok(strncmp(sasl_reason(&r.s), "not JSON", 8) == 0, "kept as it is");
	end(&r);
}

/* --- arguments --- */

static void
arguments(void)
{
	static const struct {
		const char *user, *authzid, *pass, *mechs;
		int code;
	} c[] = {
		{ "a\r\nb", NULL, "x", NULL, EX_USAGE },
		{ "a\x7f", NULL, "x", NULL, EX_USAGE },
		{ "a", "b\1auth=", "x", NULL, EX_USAGE },
		{ NULL, NULL, "x", NULL, EX_USAGE },
		{ "", NULL, "x", NULL, EX_USAGE },
		{ "a", NULL, "x", "plain,nonsense", EX_USAGE },
		{ "\xff", NULL, "x", "scram-sha-1", EX_DATAERR },
		{ "\xc2\xad", NULL, "x", "scram-sha-1", EX_DATAERR },
		{ "a\xe2\x80\xae" "b", NULL, "x", "scram-sha-1", EX_DATAERR },
	};
	struct secret *pass;
	size_t i;

	for (i = 0; i < sizeof c / sizeof c[0]; i++) {
		struct sasl_login l = { .user = c[i].user, .tls = true,
		    .authzid = c[i].authzid, .mechs = c[i].mechs,
		    .password = pass = secret(c[i].pass) };
		struct sasl s = { 0 };
		struct err e = { 0 };

		ok(sasl_pick(&s, &l, str_of(all), &e) < 0 &&
		    e.code == c[i].code, "argument %zu: %s", i, e.msg);
		sasl_wipe(&s);
		free(pass);
	}
}

static void
secrets(void)
{
	struct secret *bad = secret("hunter2 with NUL");
	struct sasl_login l = { .user = "u", .password = bad, .tls = true };
	struct sasl s = { 0 };
	struct err e = { 0 };
	struct run r;
	struct scram v = vectors[1];

	bad->p[7] = '\0';
	is_int(sasl_pick(&s, &l, str_of(all), &e), -1, "NUL in password");
	ok(e.code == EX_DATAERR && strstr(e.msg, "hunter2") == NULL, "%s",
	    e.msg);
	fail_clear(&e);
	bad->p[7] = ' ';
	l.token = bad;
	is_int(sasl_pick(&s, &l, str_of(all), &e), -1, "blank in a token");
	ok(e.code == EX_DATAERR && strstr(e.msg, "hunter2") == NULL, "%s",
	    e.msg);
	sasl_wipe(&s);
	free(bad);

	v.password = "hunter2\tx";
	begin(&r, &v);
	is_int(step(&r, str_of(v.challenge)), -1, "tab in SCRAM's password");
	ok(r.e.code == EX_DATAERR && strstr(r.e.msg, "hunter2") == NULL, "%s",
	    r.e.msg);
	end(&r);
}

static void
longest(void)
{
	struct secret *big = secret("x");
	struct sasl_login l = { .user = "u", .password = big, .tls = true };
	struct buf out = { .max = 32768 };
	struct sasl s = { 0 };
	struct err e = { 0 };
	char *huge = memset(mem_new(10000, 1), 'x', 10000);

	memset(big->p, 'p', big->n = sizeof big->p);
	sasl_pick(&s, &l, STR("PLAIN"), &e);
	sasl_first(&s, &out);
	is_int(out.n, 3 + sizeof big->p, "a password of 16 KiB");
	buf_wipe(&out);
	sasl_pick(&s, &l, STR("SCRAM-SHA-1"), &e);
	is_int(sasl_step(&s, (struct str){ huge, 10000 }, &out, &e), -1,
	    "a challenge of 10,000 bytes: %s", e.msg);
	huge[9999] = '\0';
	l.user = huge;
	fail_clear(&e);
	is_int(sasl_pick(&s, &l, STR("PLAIN"), &e), -1, "a user of 10,000: "
	    "%s", e.msg);
	sasl_wipe(&s);
	buf_wipe(&out);
	free(huge);
	free(big);
}

int
main(void)
{
	size_t i;

	picking();
	for (i = 0; i < NVECTOR; i++) {
		exact(&vectors[i], false);
		exact(&vectors[i], true);
		tampering(&vectors[i]);
		cutting(&vectors[i]);
	}
	hostile();
	unproved();
	flags();
	plain();
	login();
	cram();
	external();
	bearer();
	xoauth2();
	arguments();
	secrets();
	longest();
	return done();
}
