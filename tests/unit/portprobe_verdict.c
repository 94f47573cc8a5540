/*
 * portprobe_verdict.c: what is made of what was found: state, exit status,
 * severity, and findings with theirs.  A row for each way to each finding, and
 * beside it one that just misses it.
 */
#include <string.h>

#include "finding.h"
#include "judge.h"
#include "run.h"
#include "server.h"
#include "sts.h"
#include "target.h"
#include "tap.h"

enum { DAY = 86400, NOW = 1000 * DAY };

static struct tls_cert good = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW + 50 * DAY, .key = "EC",
    .sigalg = "s", .sha256 = "aa", .spki256 = "aa" };
static struct tls_cert rsa = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW + 50 * DAY, .key = "RSA",
    .sigalg = "s", .sha256 = "bb", .spki256 = "bb" };
static struct tls_cert older = { .from = NOW - 51 * DAY, .sha256 = "cc" };
static struct tls_cert newer = { .from = NOW - 49 * DAY, .sha256 = "dd" };
static struct tls_cert stapled = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW + 50 * DAY, .key = "EC",
    .sigalg = "s", .sha256 = "aa", .must_staple = true };
static struct tls_cert ending = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW, .sha256 = "aa" };
static struct tls_cert over = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW - 1, .sha256 = "aa" };
static struct tls_cert beginning = { .subject = "x", .issuer = "y",
    .from = NOW, .until = NOW + 50 * DAY, .sha256 = "aa" };
static struct tls_cert named = { .subject = "x", .issuer = "y",
    .from = NOW - 50 * DAY, .until = NOW + 50 * DAY, .sha256 = "aa",
    .more = 1 };
static struct tls_cert own_over = { .subject = "x", .issuer = "x",
    .from = NOW - 50 * DAY, .until = NOW - 1, .sha256 = "aa",
    .self_signed = true };
static struct tls_cert own_weak = { .subject = "x", .issuer = "x",
    .from = NOW - 50 * DAY, .until = NOW + 50 * DAY, .sha256 = "aa",
    .key = "RSA 512", .self_signed = true, .weak_key = true };
static struct tls_cert weak_root[] = { { .subject = "x", .issuer = "y",
    .until = NOW + 50 * DAY, .sha256 = "aa", .by_next = true },
    { .subject = "y", .issuer = "y", .until = NOW + 50 * DAY,
    .sha256 = "ab", .self_signed = true, .weak_key = true,
    .weak_hash = true } };
static struct tls_cert pair[] = { { .subject = "x", .issuer = "y",
    .until = NOW + 50 * DAY, .sha256 = "aa" }, { .subject = "y",
    .issuer = "y", .until = NOW + 50 * DAY, .sha256 = "ab" } };
static struct tls_cert rooted[] = { { .subject = "x", .issuer = "y",
    .until = NOW + 50 * DAY, .sha256 = "aa", .by_next = true },
    { .subject = "y", .issuer = "y", .until = NOW + 50 * DAY,
    .sha256 = "ab", .self_signed = true } };
static struct tls_facts two = { .cert = &rsa, .ncert = 1, .text = "ok",
    .name = TLS_NAME_MATCH, .dane = true };
static struct tls_facts over_too = { .cert = &over, .ncert = 1, .text = "ok",
    .name = TLS_NAME_MATCH };
static struct tls_facts two_bad = { .cert = &rsa, .ncert = 1, .text = "ok",
    .name = TLS_NAME_MATCH };

static struct dns_rr rr[2] = { { .usage = 3, .selector = 1, .mtype = 1 },
    { .usage = 3, .selector = 1, .mtype = 1 } };
static struct dns_answer records = { .status = DNS_OK, .n = 2, .rr = rr };
static enum tlsa_use dropped[2] = { TLSA_USED, TLSA_DROPPED };
static enum tlsa_use uses[2] = { TLSA_USED, TLSA_USED };
static struct tls_tlsa hit[2] = { { .depth = 0 }, { .depth = -1 } };
static struct tls_tlsa root_hit[2] = { { .depth = 1 }, { .depth = 1 } };
#define USABLE { .state = TLSA_USABLE, .answer = &records, .use = uses, \
	.usable = 2 }
#define UNUSABLE { .state = TLSA_UNUSABLE, .answer = &records }
#define ONE(list) { list, sizeof list / sizeof *list }

static struct str patterns[] = { STR("*.test") };
static struct sts enforced = { .state = STS_POLICY,
    .policy = { .mode = MTASTS_ENFORCE, .mx = patterns, .nmx = 1 } };
static struct sts testing = { .state = STS_POLICY,
    .policy = { .mode = MTASTS_TESTING, .mx = patterns, .nmx = 1 } };
static struct sts none = { .state = STS_POLICY, .policy.mode = MTASTS_NONE };
static struct sts failing = { .state = STS_FAILED, .why = "x" };

static struct server refusing = { .login = { .status = 77, .refused = true,
    .text = "x" } };
static struct server broken = { .login = { .status = 75, .text = "x" } };
static struct server fine = { .login = { .text = "" } };

static const char *starttls[] = { "SIZE 1", "STARTTLS" };
static const char *auth[] = { "SIZE 1", "AUTH PLAIN" };
static const char *blanked[] = { "XXXXXXXA" }, *cross[] = { "XXXX" };
static const char *hidden[] = { "XXXA" }, *extended[] = { "XXXXAB" };
static const char *expn[] = { "EXPN" }, *wanted[] = { "AUTH" };

static struct row {
	const char *what, *want, *proto;
	struct settings set;
	struct report r;
	struct sts *sts;
} rows[] = {
	/* nothing wrong */
	{ "smtp by TLS", "ok 0 H", "smtp", .r.tls.on = true },
	{ "submission by TLS", "ok 0 H", "submission", .r.tls.on = true },
	/* no TLS */
	{ "smtp without", "ok 0 W NO_STARTTLS=W", "smtp", .sts = NULL },
	{ "submission without", "cert 77 E NO_STARTTLS=E", "submission",
	    .sts = NULL },
	{ "lmtp without", "ok 0 H NO_STARTTLS=H", "lmtp", .sts = NULL },
	{ "submission without, and spared", "ok 0 W NO_STARTTLS=W",
	    "submission", .set.want.spare_tls = true },
	{ "submission without, and not verified", "ok 0 W NO_STARTTLS=W",
	    "submission", .set.want.no_verify = true },
	{ "smtp without, and it is demanded", "cert 77 E NO_STARTTLS=E",
	    "smtp", .set.want.require_tls = true },
	{ "lmtp without, and STARTTLS is demanded", "cert 77 E NO_STARTTLS=E",
	    "lmtp", .set.scope.mode = MODE_STARTTLS },
	{ "without, as asked for", "ok 0 H", "submission",
	    .set.scope.mode = MODE_OFF },
	{ "not known", "ok 0 H", "submission", .r.talk.starttls = -1 },
	{ "not known, and it is demanded", "cert 77 E NO_STARTTLS=E",
	    "submission", .r.talk.starttls = -1,
	    .set.want.require_tls = true },
	{ "refused by smtp", "ok 0 W STARTTLS_REFUSED=W", "smtp",
	    .r.talk = { .starttls = 1, .starttls_said = "x" } },
	{ "refused by submission", "cert 77 E STARTTLS_REFUSED=E",
	    "submission", .r.talk = { .starttls = 1, .starttls_said = "x" } },
	{ "refused by smtp, and it is demanded",
	    "cert 77 E STARTTLS_REFUSED=E", "smtp", .r.talk = { .starttls = 1,
	    .starttls_said = "x" }, .set.want.require_tls = true },
	{ "asked for in vain, not offered", "cert 77 E NO_STARTTLS=E",
	    "submission", .r.talk = { .starttls_said = "x" } },
	{ "written over", "ok 0 W STARTTLS_FILTERED=W", "smtp",
	    .r.talk.caps = { true, blanked, 1 } },
	{ "written over otherwise", "ok 0 W STARTTLS_FILTERED=W", "smtp",
	    .r.talk.caps = { true, cross, 1 } },
	{ "another word", "ok 0 W NO_STARTTLS=W", "smtp",
	    .r.talk.caps = { true, hidden, 1 } },
	{ "a longer word", "ok 0 W NO_STARTTLS=W", "smtp",
	    .r.talk.caps = { true, extended, 1 } },
	{ "a greeting of asterisks", "ok 0 W STARTTLS_FILTERED=W", "smtp",
	    .r.talk.banner = STR("220 ****2**") },
	{ "one of three", "ok 0 W NO_STARTTLS=W", "smtp",
	    .r.talk.banner = STR("***") },
	{ "one with few", "ok 0 W NO_STARTTLS=W", "smtp",
	    .r.talk.banner = STR("220 **** mx") },
	/* certificates */
	{ "another name", "cert 77 E CERT_NAME=E", "submission",
	    .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH } },
	{ "another name at smtp", "ok 0 W CERT_NAME=W", "smtp",
	    .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH } },
	{ "another name, by a policy", "cert 77 E CERT_NAME=E STS_FAIL=E",
	    "smtp", .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH },
	    .sts = &enforced },
	{ "another name, not verified", "ok 0 H CERT_NAME=H", "submission",
	    .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH },
	    .set.want.no_verify = true },
	{ "the common name only", "cert 77 E CERT_CN_ONLY=E", "submission",
	    .r.tls = { .on = true, .facts.name = TLS_NAME_CN_ONLY } },
	{ "self-signed", "cert 77 E CERT_SELF_SIGNED=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_SELF } },
	{ "incomplete", "cert 77 E CERT_INCOMPLETE=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_INCOMPLETE } },
	{ "untrusted", "cert 77 E CERT_UNTRUSTED=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_UNTRUSTED } },
	{ "of another purpose", "cert 77 E CERT_PURPOSE=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_PURPOSE } },
	{ "revoked", "cert 77 E CERT_REVOKED=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_REVOKED } },
	{ "bad", "cert 77 E CERT_BAD=E", "submission", .r.tls = { .on = true,
	    .facts.chain = TLS_CHAIN_BAD } },
	{ "weak", "cert 77 E CERT_WEAK=E", "submission", .r.tls = { .on = true,
	    .facts.chain = TLS_CHAIN_WEAK } },
	{ "expired", "cert 77 E CERT_EXPIRED=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_EXPIRED } },
	{ "not yet", "cert 77 E CERT_NOT_YET=E", "submission",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_NOTYET } },
	{ "out of order", "ok 0 H CHAIN_ORDER=H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = pair, .ncert = 2 } } },
	{ "with its root", "ok 0 H ROOT_SENT=H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = rooted, .ncert = 2 } } },
	{ "with its root, which DANE needs", "ok 0 H", "smtp",
	    .r.tls = { .on = true, .facts = { .cert = rooted, .ncert = 2,
	    .dane = true } }, .r.dane = { .asked = true, .tlsa = USABLE,
	    .rr = root_hit } },
	{ "a promise", "ok 0 W MUST_STAPLE=W", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &stapled,
	    .ncert = 1 } } },
	{ "a promise that is kept", "ok 0 H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &stapled, .ncert = 1,
	    .stapled = true } } },
	{ "soon, for those who want more", "ok 0 W CERT_SOON=W", "submission",
	    .r.tls.on = true, .set.want.warn = { SPAN_DAYS, 51, 0 } },
	{ "soon, not yet", "ok 0 H", "submission", .r.tls.on = true,
	    .set.want.warn = { SPAN_DAYS, 49, 0 } },
	{ "soon, and not verified", "ok 0 H CERT_SOON=H", "submission",
	    .r.tls.on = true, .set.want = { .warn = { SPAN_DAYS, 51, 0 },
	    .no_verify = true } },
	{ "as long as is wanted", "ok 0 H", "submission", .r.tls.on = true,
	    .set.want = { .warn = { SPAN_DAYS, 50, 0 },
	    .crit = { SPAN_DAYS, 50, 0 } } },
	{ "its last second", "ok 0 H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &ending, .ncert = 1 } } },
	{ "over", "cert 77 E CERT_EXPIRED=E", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &over, .ncert = 1 } } },
	{ "over, and signed by itself", "cert 77 E CERT_EXPIRED=E",
	    "submission", .r.tls = { .on = true, .facts = {
	    .cert = &own_over, .ncert = 1 } } },
	{ "weak, and signed by itself", "cert 77 E CERT_WEAK=E",
	    "submission", .r.tls = { .on = true, .facts = {
	    .cert = &own_weak, .ncert = 1 } } },
	{ "its first second", "ok 0 H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &beginning,
	    .ncert = 1 } } },
	{ "a weak root beside it", "ok 0 H ROOT_SENT=H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = weak_root,
	    .ncert = 2 } } },
	{ "expired, and the chain for that", "cert 77 E CERT_EXPIRED=E",
	    "submission", .r.tls = { .on = true, .facts = { .cert = &over,
	    .ncert = 1, .chain = TLS_CHAIN_EXPIRED } } },
	{ "what both chains have is told once", "cert 77 E CERT_EXPIRED=E",
	    "submission", .r.tls = { .on = true, .facts = { .cert = &over,
	    .ncert = 1 }, .other = &over_too } },
	{ "more certificates than are looked at", "ok 0 W PROBE_LIMIT=W",
	    "submission", .r.tls = { .on = true, .facts.beyond = 1 } },
	{ "more names than are shown", "ok 0 H PROBE_LIMIT=H", "submission",
	    .r.tls = { .on = true, .facts = { .cert = &named,
	    .ncert = 1 } } },
	{ "very soon", "cert 77 E CERT_SOON=E", "submission", .r.tls.on = true,
	    .set.want.crit = { SPAN_DAYS, 51, 0 },
	    .set.want.warn = { SPAN_DAYS, 60, 0 } },
	/* the session */
	{ "a weak cipher", "ok 0 W CIPHER_WEAK=W", "submission",
	    .r.tls = { .on = true, .facts.weak_cipher = "x" } },
	{ "a weak exchange", "ok 0 W KEX_WEAK=W", "submission",
	    .r.tls = { .on = true, .facts.weak_kex = "x" } },
	{ "classic groups only", "ok 0 W TLS_HYBRID=W", "submission",
	    .r.tls = { .on = true, .classic = true } },
	{ "too old", "cert 77 E TLS_OLD=E", "submission",
	    .r.tls = { .on = true, .facts.number = TLS_1_1 } },
	{ "too old at smtp", "ok 0 W TLS_OLD=W", "smtp", .r.tls = { .on = true,
	    .facts.number = TLS_1_1 } },
	{ "just new enough", "ok 0 H", "submission", .r.tls = { .on = true,
	    .facts.number = TLS_1_2 } },
	{ "an old one is taken", "ok 0 W TLS_OLD_OFFERED=W", "submission",
	    .r.tls.on = true, .r.versions = { TRIED_NO, TRIED_YES, TRIED_YES,
	    TRIED_YES } },
	{ "the newest is not taken", "ok 0 H TLS_NO_13=H", "submission",
	    .r.tls.on = true, .r.versions = { TRIED_NO, TRIED_NO, TRIED_YES,
	    TRIED_NO } },
	{ "the newest is refused, another one taken", "ok 0 H TLS_NO_13=H",
	    "submission", .r.versions = { TRIED_NO, TRIED_NO, TRIED_YES,
	    TRIED_REFUSED }, .r.talk.starttls = 1 },
	{ "all are refused", "ok 0 H", "submission",
	    .r.versions = { TRIED_REFUSED, TRIED_REFUSED, TRIED_REFUSED,
	    TRIED_REFUSED }, .r.talk.starttls = 1 },
	{ "a certificate is asked for", "ok 0 H CLIENT_CERT=H", "submission",
	    .r.tls = { .on = true, .client_cert = true } },
	{ "bytes in the clear", "ok 76 E PLAIN_AFTER_STARTTLS=E", "submission",
	    .r.tls.on = true, .r.talk.buffered = true },
	/* --expect-cert */
	{ "the one expected", "ok 0 H", "submission", .r.tls.on = true,
	    .set.want.expected = &good },
	{ "the other one expected", "ok 0 H", "submission",
	    .r.tls = { .on = true, .other = &two },
	    .set.want.expected = &rsa },
	{ "one that is older than the file", "cert 77 E CERT_NOT_RELOADED=E",
	    "submission", .r.tls.on = true, .set.want.expected = &newer },
	{ "one that is newer than the file", "cert 77 E CERT_DIFFERS=E",
	    "submission", .r.tls.on = true, .set.want.expected = &older },
	{ "another port's", "ok 0 W CERT_DIFFERS=W", "submission",
	    .r.tls = { .on = true, .elsewhere = "x" } },
	{ "another port's, and the file's", "ok 0 H", "submission",
	    .r.tls = { .on = true, .elsewhere = "x" },
	    .set.want.expected = &good },
	{ "another port's, not verified", "ok 0 H CERT_DIFFERS=H",
	    "submission", .r.tls = { .on = true, .elsewhere = "x" },
	    .set.want.no_verify = true },
	/* DANE */
	{ "a match", "ok 0 H DANE_STALE=H", "smtp", .r.tls = { .on = true,
	    .facts.dane = true }, .r.dane = { .asked = true, .tlsa = USABLE,
	    .rr = hit } },
	{ "a match, and a weaker digest that counts no more", "ok 0 H", "smtp",
	    .r.tls = { .on = true, .facts.dane = true }, .r.dane = {
	    .asked = true, .tlsa = { .state = TLSA_USABLE, .answer = &records,
	    .use = dropped, .usable = 1 }, .rr = hit } },
	{ "a match, and a wrong name", "ok 0 H CERT_NAME=H", "smtp",
	    .r.tls = { .on = true, .facts = { .dane = true,
	    .name = TLS_NAME_MISMATCH } }, .r.dane = { .asked = true,
	    .tlsa = USABLE, .rr = root_hit } },
	{ "a match of both", "ok 0 H", "smtp", .r.tls = { .on = true,
	    .facts.dane = true, .other = &two }, .r.dane = { .asked = true,
	    .tlsa = USABLE, .rr = root_hit } },
	{ "a match of one", "cert 77 E DANE_MISMATCH=E", "smtp",
	    .r.tls = { .on = true, .facts.dane = true, .other = &two_bad },
	    .r.dane = { .asked = true, .tlsa = USABLE, .rr = root_hit } },
	{ "a mismatch", "cert 77 E DANE_MISMATCH=E", "smtp", .r.tls.on = true,
	    .r.dane = { .asked = true, .tlsa = USABLE } },
	{ "a mismatch, not verified", "ok 0 H DANE_MISMATCH=H", "smtp",
	    .r.tls.on = true, .r.dane = { .asked = true, .tlsa = USABLE },
	    .set.want.no_verify = true },
	{ "records, and no TLS", "cert 77 E NO_STARTTLS=W DANE_NO_TLS=E",
	    "smtp", .r.dane = { .asked = true, .tlsa = USABLE } },
	{ "records that do not count, and no TLS", "ok 0 W NO_STARTTLS=W",
	    "smtp", .r.dane = { .asked = true, .tlsa = USABLE,
	    .why = "insecure-mx" } },
	{ "unusable ones", "ok 0 W DANE_UNUSABLE=W", "smtp", .r.tls.on = true,
	    .r.dane = { .asked = true, .tlsa = UNUSABLE } },
	{ "unusable ones, and no TLS",
	    "cert 77 E NO_STARTTLS=W DANE_UNUSABLE=W DANE_NO_TLS=E", "smtp",
	    .r.dane = { .asked = true, .tlsa = UNUSABLE } },
	{ "records that cannot be looked up", "ok 75 E DANE_TEMP=E", "smtp",
	    .r.tls.on = true, .r.dane = { .asked = true,
	    .tlsa = { .state = TLSA_TEMP, .why = "x" } } },
	{ "the same, off", "ok 0 H", "smtp", .r.tls.on = true,
	    .r.dane = { .asked = true, .tlsa = { .state = TLSA_TEMP,
	    .why = "x" } }, .set.want.dane = DANE_NEVER },
	{ "a resolver that is not believed", "ok 0 H DANE_UNBELIEVED=H",
	    "smtp", .r.tls.on = true, .r.dane = { .asked = true,
	    .unbelieved = true } },
	{ "the same at submission", "ok 0 H", "submission", .r.tls.on = true,
	    .r.dane = { .asked = true, .unbelieved = true } },
	{ "none, and they are demanded", "cert 77 E DANE_REQUIRED=E", "smtp",
	    .r.tls.on = true, .r.dane.asked = true,
	    .set.want.dane = DANE_REQUIRE },
	{ "a match, as demanded", "ok 0 H", "smtp", .r.tls = { .on = true,
	    .facts.dane = true }, .r.dane = { .asked = true, .tlsa = USABLE,
	    .rr = root_hit }, .set.want.dane = DANE_REQUIRE },
	/* MTA-STS */
	{ "a policy that is met", "ok 0 H", "smtp", .r.tls.on = true,
	    .sts = &enforced },
	{ "a policy, and no TLS", "cert 77 E NO_STARTTLS=W STS_FAIL=E", "smtp",
	    .sts = &enforced },
	{ "a policy, and another name", "ok 0 W CERT_NAME=W STS_TESTING=W",
	    "smtp", .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH },
	    .sts = &testing },
	{ "a policy in testing, and no TLS",
	    "ok 0 W NO_STARTTLS=W STS_TESTING=W", "smtp", .sts = &testing },
	{ "a policy of none, and no TLS", "ok 0 W NO_STARTTLS=W", "smtp",
	    .sts = &none },
	{ "no policy to be had", "ok 0 W STS_ERROR=W", "smtp",
	    .r.tls.on = true, .sts = &failing },
	/* the dialogue */
	{ "PREAUTH", "ok 76 E PREAUTH=E", "imap", .r.talk.preauth = true,
	    .r.talk.starttls = 1 },
	{ "PREAUTH within TLS", "ok 0 H", "imap", .r.talk.preauth = true,
	    .r.tls.on = true },
	{ "login before TLS", "ok 0 W AUTH_BEFORE_TLS=W", "imap",
	    .r.talk.login = "PLAIN", .r.tls.on = true,
	    .r.reach = NET_REACH_PUBLIC },
	{ "login before TLS, here", "ok 0 H AUTH_BEFORE_TLS=H", "imap",
	    .r.talk.login = "PLAIN", .r.tls.on = true,
	    .r.reach = NET_REACH_HERE },
	{ "login before TLS, banned", "ok 76 E AUTH_BEFORE_TLS=E", "imap",
	    .r.talk.login = "PLAIN", .r.tls.on = true,
	    .r.reach = NET_REACH_PUBLIC, .set.want.no_auth = true },
	{ "login before TLS, banned, here", "ok 76 E AUTH_BEFORE_TLS=E",
	    "imap", .r.talk.login = "PLAIN", .r.tls.on = true,
	    .r.reach = NET_REACH_HERE, .set.want.no_auth = true },
	{ "login without TLS, as asked for", "ok 0 H", "imap",
	    .r.talk.login = "PLAIN", .set.scope.mode = MODE_OFF },
	{ "login without TLS, banned", "ok 76 E AUTH_BEFORE_TLS=E", "imap",
	    .r.talk.login = "PLAIN", .set.scope.mode = MODE_OFF,
	    .set.want.no_auth = true },
	{ "HELO only", "ok 0 H EHLO_REFUSED=H", "smtp", .r.talk.helo = true,
	    .r.talk.starttls = 1 },
	{ "HELO for us", "ok 0 W EHLO_NOT_US=W", "smtp",
	    .r.talk = { .helo = true, .not_us = true, .starttls = -1 } },
	{ "HELO for us at submission", "ok 69 E EHLO_NOT_US=E", "submission",
	    .r.talk = { .helo = true, .not_us = true, .starttls = -1 } },
	{ "HELO for us by LMTP", "ok 0 W EHLO_NOT_US=W", "lmtp",
	    .r.talk = { .helo = true, .not_us = true, .starttls = -1 } },
	{ "LMTP", "ok 76 E LMTP_ONLY=E", "smtp", .r.talk = { .odd = ODD_LMTP,
	    .starttls = 1, .caps = { true, auth, 2 } } },
	{ "LMTP, perhaps", "ok 0 H", "smtp", .r.talk = { .odd = ODD_LMTP,
	    .starttls = 1 } },
	{ "EXPN", "ok 0 H VRFY_OFFERED=H", "smtp", .r.tls.on = true,
	    .r.talk.caps_tls = { true, expn, 1 } },
	{ "EXPN before TLS", "ok 0 H VRFY_OFFERED=H", "smtp", .r.tls.on = true,
	    .r.talk.caps = { true, expn, 1 } },
	{ "control characters", "ok 0 W BANNER_CONTROL=W", "smtp",
	    .r.tls.on = true, .r.talk.banner = STR("220 \033[2J") },
	{ "an injection", "ok 76 E STARTTLS_INJECTION=E", "smtp",
	    .r.tls.on = true, .r.inject = INJECT_TAKEN },
	{ "no injection", "ok 0 H", "smtp", .r.tls.on = true,
	    .r.inject = INJECT_SAFE },
	{ "what is expected is there", "ok 0 H", "smtp", .r.tls.on = true,
	    .r.talk.caps_tls = { true, auth, 2 },
	    .set.want.expect = ONE(wanted) },
	{ "what is expected is missing", "ok 76 E CAPS_MISSING=E", "smtp",
	    .r.tls.on = true, .r.talk.caps = { true, auth, 2 },
	    .r.talk.caps_tls = { true, starttls, 1 },
	    .set.want.expect = ONE(wanted) },
	{ "what is expected is there before TLS", "ok 0 H", "smtp",
	    .r.talk = { .starttls = 1, .caps = { true, auth, 2 } },
	    .set.want.expect = ONE(wanted) },
	/* mail */
	{ "taken", "ok 0 H", "smtp", .r.tls.on = true,
	    .r.submit = { .tried = true, .taken = true, .code = 250,
	    .said = "x" } },
	{ "login is wanted", "ok 0 H SUBMIT_AUTH=H", "submission",
	    .r.tls.on = true, .r.submit = { .tried = true, .code = 530,
	    .said = "x" } },
	{ "refused where login is offered", "ok 0 H SUBMIT_AUTH=H",
	    "submission", .r.tls.on = true, .r.submit = { .tried = true,
	    .code = 554, .said = "x" }, .r.talk.caps_tls = { true, auth, 2 } },
	{ "refused where none is", "ok 69 E SUBMIT_REFUSED=E", "submission",
	    .r.tls.on = true, .r.submit = { .tried = true, .code = 554,
	    .said = "x" } },
	{ "refused by smtp with login", "ok 69 E SUBMIT_REFUSED=E", "smtp",
	    .r.tls.on = true, .r.submit = { .tried = true, .code = 554,
	    .said = "x" }, .r.talk.caps_tls = { true, auth, 2 } },
	{ "refused by the least of codes", "ok 69 E SUBMIT_REFUSED=E", "smtp",
	    .r.tls.on = true, .r.submit = { .tried = true, .code = 500,
	    .said = "x" } },
	{ "later", "ok 0 W SUBMIT_DEFERRED=W", "smtp", .r.tls.on = true,
	    .r.submit = { .tried = true, .code = 450, .said = "x" } },
	{ "a relay", "ok 69 E RELAY_SUSPECTED=E", "smtp", .r.tls.on = true,
	    .r.submit = { .tried = true, .taken = true, .code = 250,
	    .said = "x" }, .set.extra.relay = "a,b" },
	{ "no relay", "ok 0 H", "smtp", .r.tls.on = true,
	    .r.submit = { .tried = true, .code = 554, .said = "x" },
	    .set.extra.relay = "a,b" },
	{ "a login that is refused", "ok 77 E LOGIN_REFUSED=E", "imap",
	    .r.tls.on = true, .r.server = &refusing },
	{ "a login that fails", "ok 75 E LOGIN_FAILED=E", "imap",
	    .r.tls.on = true, .r.server = &broken },
	{ "a login", "ok 0 H", "imap", .r.tls.on = true, .r.server = &fine },
	/* --deep */
	{ "no post-quantum group", "ok 0 H TLS_NO_PQ=H", "imap",
	    .r.tls.on = true, .r.deep.pq = TRIED_NO },
	{ "a short one is answered", "ok 0 W HELLO_LARGE=W", "imap",
	    .r.deep.small = TRIED_YES, .r.talk.starttls = 1 },
	{ "a large one is not", "ok 0 W HELLO_LARGE=W", "imap",
	    .r.tls.on = true, .r.deep.large = TRIED_NO },
	{ "a split one is not", "ok 0 W HELLO_SPLIT=W", "imap",
	    .r.tls.on = true, .r.deep.split = TRIED_NO },
	{ "they are", "ok 0 H", "imap", .r.tls.on = true,
	    .r.deep = { .pq = TRIED_YES, .large = TRIED_YES,
	    .split = TRIED_YES, .small = TRIED_NO, .order = ORDER_SERVER,
	    .plain = TRIED_NO, .crl = TRIED_YES } },
	{ "the client's order", "ok 0 H CLIENT_ORDER=H", "imap",
	    .r.tls.on = true, .r.deep.order = ORDER_CLIENT },
	{ "revoked by a list", "cert 77 E CERT_REVOKED=E", "imap",
	    .r.tls.on = true, .r.deep = { .crl = TRIED_NO, .crl_text = "x" } },
	{ "revoked by a list, at smtp", "ok 0 W CERT_REVOKED=W", "smtp",
	    .r.tls.on = true, .r.deep = { .crl = TRIED_NO, .crl_text = "x" } },
	{ "no list", "ok 0 W CRL_UNKNOWN=W", "imap", .r.tls.on = true,
	    .r.deep = { .crl = TRIED_UNKNOWN, .crl_text = "x" } },
	{ "no list, and another name", "ok 0 W CERT_NAME=W CRL_UNKNOWN=H",
	    "smtp", .r.tls = { .on = true, .facts.name = TLS_NAME_MISMATCH },
	    .r.deep = { .crl = TRIED_UNKNOWN, .crl_text = "x" } },
	{ "no list, and an authority that is not trusted",
	    "ok 0 W CERT_UNTRUSTED=W CRL_UNKNOWN=H", "smtp",
	    .r.tls = { .on = true, .facts.chain = TLS_CHAIN_UNTRUSTED },
	    .r.deep = { .crl = TRIED_UNKNOWN, .crl_text = "x" } },
	{ "MAIL before TLS", "ok 0 W MAIL_BEFORE_TLS=W", "submission",
	    .r.tls.on = true, .r.deep.plain = TRIED_YES },
	{ "STARTTLS again", "ok 0 H STARTTLS_AGAIN=H", "submission",
	    .r.tls.on = true, .r.talk.caps_tls = { true, starttls, 2 },
	    .set.extra.deep = true },
	/* time */
	{ "slow", "ok 0 W LATENCY=W", "imap", .r.tls.on = true,
	    .set.want.lat_warn = 4 },
	{ "slow enough to be critical", "ok 75 E LATENCY=E", "imap",
	    .r.tls.on = true, .set.want = { .lat_warn = 3, .lat_crit = 4 } },
	{ "just in time", "ok 0 H", "imap", .r.tls.on = true,
	    .set.want = { .lat_warn = 5, .lat_crit = 5 } },
	/* troubles */
	{ "refused", "refused 69 E", "smtp",
	    .r.trouble.class = TROUBLE_REFUSED },
	{ "refused, and records that cannot be looked up", "refused 69 E",
	    "smtp", .r.trouble.class = TROUBLE_REFUSED,
	    .r.dane = { .asked = true, .tlsa = { .state = TLSA_TEMP,
	    .why = "x" } } },
	{ "refused, and a resolver that is not believed", "refused 69 E",
	    "smtp", .r.trouble.class = TROUBLE_REFUSED,
	    .r.dane = { .asked = true, .unbelieved = true } },
	{ "refused, and no policy to be had", "refused 69 E", "smtp",
	    .r.trouble.class = TROUBLE_REFUSED, .sts = &failing },
	{ "filtered, and why",
	    "filtered 75 E PORT25_BLOCKED=H FAMILY_SILENT=H", "smtp",
	    .r.trouble.class = TROUBLE_TIMEOUT_CONNECT,
	    .r.way = { .port25 = "x", .family = "y" } },
	{ "no route", "unreachable 69 E NO_ROUTE=W", "smtp",
	    .r.trouble.class = TROUBLE_UNREACHABLE,
	    .r.way.blame.who = NET_HERE },
	{ "no route, and the other family", "unreachable 0 W NO_ROUTE=W",
	    "smtp", .r.trouble.class = TROUBLE_UNREACHABLE,
	    .r.way = { .spared = true, .blame.who = NET_HERE } },
	{ "TLS from the first byte", "timeout 75 E TLS_FIRST=H", "imap",
	    .r.trouble.class = TROUBLE_TIMEOUT_BANNER,
	    .r.talk.odd = ODD_TLS_FIRST },
	{ "put off", "smtp-4xx 75 W", "smtp",
	    .r.trouble.class = TROUBLE_SMTP_4XX },
	{ "sent away", "smtp-5xx 69 E", "smtp",
	    .r.trouble.class = TROUBLE_SMTP_5XX },
	{ "hung up", "closed 69 E", "smtp",
	    .r.trouble.class = TROUBLE_CLOSED },
	{ "an alert", "tls 76 E", "smtp",
	    .r.trouble.class = TROUBLE_TLS_ALERT },
	{ "hung up, and what was expected", "closed 69 E", "smtp",
	    .r.trouble.class = TROUBLE_CLOSED, .set.want = { .lat_warn = 4,
	    .dane = DANE_REQUIRE, .expect = ONE(wanted) }, .sts = &enforced },
};

static struct arena mem;

static const char *
told(struct row *row)
{
	static const char letter[] = { [FINDING_HINT] = 'H',
	    [FINDING_WARN] = 'W', [FINDING_ERROR] = 'E' };
	static struct buf b = { .max = 4096 };
	struct run run = { .set = &row->set, .now = NOW };
	struct target target = { .run = &run, .sts = row->sts };
	struct report r = row->r;
	const struct verdict *v = &r.verdict;
	const struct finding *f;

	row->set.want.min_tls = TLS_1_2;
	r.run = &run;
	r.target = &target;
	r.mem = &mem;
	r.host = "a.test";
	r.ip = "192.0.2.1";
	r.proto = probe_talk_named(str_of(row->proto));
	r.port = r.proto->port;
	r.relay = r.proto->relay;
	r.us = (struct times){ 1, 1, 1, 1, r.tls.on ? 1 : -1, 5000 };
	r.tls.have_cert = r.tls.on;
	r.tls.name = "a.test";
	if (r.tls.facts.number == TLS_ANY)
		r.tls.facts.number = TLS_1_3;
	r.tls.facts.version = "v";
	r.tls.facts.cipher = "c";
	r.tls.facts.text = "t";
	if (r.tls.facts.cert == NULL) {
		r.tls.facts.cert = &good;
		r.tls.facts.ncert = 1;
	}
	r.trouble.text = "x";
	if (r.trouble.class == TROUBLE_REFUSED ||
	    r.trouble.class == TROUBLE_UNREACHABLE ||
	    r.trouble.class == TROUBLE_TIMEOUT_CONNECT)
		r.us.tcp = -1;
	judge(&r);
	b.n = 0;
	buf_printf(&b, "%s %d %c", word_state(v->state), v->status,
	    letter[v->sev]);
	for (f = v->findings.first; f != NULL; f = f->next)
		buf_printf(&b, " %s=%c", f->kind->id, letter[f->sev]);
	return b.p;
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		is_str(told(&rows[i]), rows[i].want, "%s: %s", rows[i].proto,
		    rows[i].what);
	arena_free(&mem);
	return done();
}
