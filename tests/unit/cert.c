/* cert.c: what stands in a certificate, as text, whatever its lengths are */
#include <stdlib.h>

#include "mem.h"
#include "tls_private.h"

#include "tap.h"

static const struct {
	const char *what, *der;		/* one GeneralName */
	size_t n;
	const char *text;		/* NULL: not shown */
} names[] = {
#define NAME(what, der, text) { what, der, sizeof der - 1, text }
	NAME("a name", "\x82\x05" "a.b.c", "a.b.c"),
	NAME("no name", "\x82\x00", ""),
	NAME("a NUL in it", "\x82\x05" "a\0b.c", "a\\x00b.c"),
	NAME("a line end and an escape", "\x82\x04" "a\r\n\x1b",
	    "a\\x0d\\n\\x1b"),
	NAME("not ASCII", "\x82\x03" "a\xff" "b", "a\\xffb"),
	NAME("IPv4", "\x87\x04\x7f\x00\x00\x01", "127.0.0.1"),
	NAME("IPv6", "\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
	    "2001:db8::1"),
	NAME("no address", "\x87\x00", "(no address, 0 bytes: )"),
	NAME("one byte", "\x87\x01\x7f", "(no address, 1 bytes: 7f)"),
	NAME("three", "\x87\x03\x7f\x00\x00", "(no address, 3 bytes: 7f0000)"),
	NAME("five", "\x87\x05\x7f\0\0\x01\x02",
	    "(no address, 5 bytes: 7f00000102)"),
	NAME("eight, as of a network", "\x87\x08\x0a\0\0\0\xff\0\0\0",
	    "(no address, 8 bytes: 0a000000ff000000)"),
	NAME("fifteen", "\x87\x0f" "123456789012345",
	    "(no address, 15 bytes: 313233343536373839303132333435)"),
	NAME("seventeen", "\x87\x11" "12345678901234567",
	    "(no address, 17 bytes: 3132333435363738393031323334353637)"),
	NAME("twenty-one", "\x87\x15" "123456789012345678901",
	    "(no address, 21 bytes: "
	    "3132333435363738393031323334353637383930...)"),
	NAME("a mailbox", "\x81\x05" "a@b.c", NULL),
	NAME("a URI", "\x86\x03" "a:b", NULL),
};

static void
name(size_t i)
{
	unsigned char der[64] = { 0x30, (unsigned char)names[i].n };
	const unsigned char *p = der;
	struct buf b = { .max = 4096 };
	GENERAL_NAMES *all;

	memcpy(der + 2, names[i].der, names[i].n);
	all = d2i_GENERAL_NAMES(NULL, &p, (long)names[i].n + 2);
	if (!ok(all != NULL, "%s: DER", names[i].what))
		return;
	is_int(tls_text_name(&b, sk_GENERAL_NAME_value(all, 0)),
	    names[i].text != NULL, "%s: shown or not", names[i].what);
	if (names[i].text != NULL)
		is_str(b.n > 0 ? b.p : "", names[i].text, "%s",
		    names[i].what);
	GENERAL_NAMES_free(all);
	buf_free(&b);
}

static void
dn(void)
{
	X509_NAME *n = X509_NAME_new();
	struct buf b = { .max = 4096 };

	X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8,
	    (const unsigned char *)"Ex\xe2\x80\xae" "a\x1b[1m", -1, -1, 0);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
	    (const unsigned char *)"a\0b", 3, -1, 0);
	tls_text_dn(&b, n);
	is_str(b.p, "O=Ex\\E2\\80\\AEa\\1B[1m, CN=a\\00b",
	    "a distinguished name, escaped");
	buf_free(&b);
	X509_NAME_free(n);
}

static void
day(void)
{
	static const struct {
		const char *der, *text;
	} days[] = {
		{ "\x17\x0d" "260801120000Z", "2026-08-01" },
		{ "\x18\x0f" "20991231235959Z", "2099-12-31" },
		{ "\x17\x0d" "269901120000Z", "an unreadable day" },
		{ "\x17\x01" "2", "an unreadable day" },
		{ "\x17\x00", "an unreadable day" },
	};
	struct buf b = { .max = 4096 };
	const unsigned char *p;
	ASN1_TIME *at;
	size_t i;

	for (i = 0; i < sizeof days / sizeof *days; i++) {
		p = (const unsigned char *)days[i].der;
		at = d2i_ASN1_TIME(NULL, &p, (long)p[1] + 2);
		b.n = 0;
		tls_text_day(&b, at);
		is_str(b.p, days[i].text, "day %zu", i);
		ASN1_TIME_free(at);
	}
	buf_free(&b);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		name(i);
	dn();
	day();
	return done();
}
