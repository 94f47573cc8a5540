/* utf7.c: mailbox names in modified UTF-7, both ways */
#include "tap.h"
#include "utf7.h"

static const struct {
	const char *utf8, *utf7;
} same[] = {
	{ "INBOX", "INBOX" }, { "", "" }, { "Tom & Jerry", "Tom &- Jerry" },
	{ "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8"
	    "\xaa\x9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
	{ "Entw\xc3\xbcrfe", "Entw&APw-rfe" },
	{ "\xc3\xa4", "&AOQ-" }, { "\xc3\xa4&\xc3\xa4", "&AOQ-&-&AOQ-" },
	{ "\xf0\x9f\x93\xa7", "&2D3c5w-" }, { "a\xe2\x82\xac-", "a&IKw--" },
};

static const char *const bad[] = {
	"&", "&AOQ", "\xc3\xa4", "&AGE-", "&2D0-", "&3Oc-", "&AOQ-&AOQ-",
	"&AOR-", "&A-", "&AOQ*-", "&AAAA-x&",
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof same / sizeof *same; i++) {
		struct buf a = { 0 }, b = { 0 };

		buf_s(&a, "");
		buf_s(&b, "");
		is_int(utf7_encode(&a, str_of(same[i].utf8)), 0, "%s: taken",
		    same[i].utf7);
		is_str(a.p, same[i].utf7, "%s: encoded", same[i].utf8);
		is_int(utf7_decode(&b, str_of(same[i].utf7)), 0, "%s: taken "
		    "back", same[i].utf7);
		ok(str_eq(BUF_STR(b), str_of(same[i].utf8)), "%s: decoded",
		    same[i].utf7);
		buf_free(&a);
		buf_free(&b);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf b = { 0 };

		is_int(utf7_decode(&b, str_of(bad[i])), -1, "bad %zu is "
		    "refused", i);
		is_int(b.n, 0, "bad %zu leaves nothing", i);
		buf_free(&b);
	}
	return done();
}
