/* resolv_conf.c: the text of resolv.conf: who is asked, and who is believed */
#include "dns_system.c"

#include "tap.h"

static const struct {
	const char *name, *text, *want;	/* the servers */
	bool trust_ad, rotate;
} texts[] = {
	{ "nothing", "", "", false, false },
	{ "a server", "nameserver 192.0.2.1\n", "192.0.2.1:53", false, false },
	{ "without a line end", "nameserver 192.0.2.1", "192.0.2.1:53", false,
	    false },
	{ "after a tab, with more behind", "nameserver\t192.0.2.1 192.0.2.2\n",
	    "192.0.2.1:53", false, false },
	{ "in order", "nameserver 192.0.2.2\nnameserver 192.0.2.1\n",
	    "192.0.2.2:53 192.0.2.1:53", false, false },
	{ "IPv6", "nameserver 2001:db8::1\n", "[2001:db8::1]:53", false,
	    false },
	{ "an old way to write an address", "nameserver 127.1\n",
	    "127.0.0.1:53", false, false },
	{ "a name is no address", "nameserver a.test\nnameserver 192.0.2.1\n",
	    "192.0.2.1:53", false, false },
	{ "nothing behind the word", "nameserver\n", "", false, false },
	{ "another word", "nameservers 192.0.2.1\nNameserver 192.0.2.1\n", "",
	    false, false },
	{ "a comment", "#nameserver 192.0.2.1\n; nameserver 192.0.2.1\n", "",
	    false, false },
	{ "a blank before it", " nameserver 192.0.2.1\n", "", false, false },
	{ "a tab before it", "\tnameserver 192.0.2.1\n", "", false, false },
	{ "an empty line between", "\n\nnameserver 192.0.2.1\n",
	    "192.0.2.1:53", false, false },
	{ "trust-ad", "options trust-ad\n", "", true, false },
	{ "among others", "options edns0 trust-ad\ttimeout:1\n", "", true,
	    false },
	{ "twice", "options trust-ad trust-ad\n", "", true, false },
	{ "rotate", "options rotate\n", "", false, true },
	{ "in two lines", "options rotate\noptions trust-ad\n", "", true,
	    true },
	{ "the last line does not take back", "options trust-ad\noptions x\n",
	    "", true, false },
	{ "no such word", "options trust-ads no-rotate TRUST-AD\n", "", false,
	    false },
	{ "options of nothing", "option trust-ad\n options rotate\n", "",
	    false, false },
	{ "eight servers and one more", "nameserver 192.0.2.1\n"
	    "nameserver 192.0.2.2\nnameserver 192.0.2.3\n"
	    "nameserver 192.0.2.4\nnameserver 192.0.2.5\n"
	    "nameserver 192.0.2.6\nnameserver 192.0.2.7\n"
	    "nameserver 192.0.2.8\nnameserver 192.0.2.9\noptions rotate\n",
	    "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53 192.0.2.4:53 "
	    "192.0.2.5:53 192.0.2.6:53 192.0.2.7:53 192.0.2.8:53", false,
	    true },
};

int
main(void)
{
	struct dns_system y;
	bool trust_ad;
	struct buf b;
	unsigned k;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		y = (struct dns_system){ .n = 0 };
		b = (struct buf){ .n = 0 };
		trust_ad = false;
		read_system(&y, str_of(texts[i].text), "/x", &trust_ad);
		for (k = 0; k < y.n; k++)
			buf_printf(&b, "%s%s", k > 0 ? " " : "",
			    y.server[k].text);
		buf_c(&b, '\0');
		is_str(b.p, texts[i].want, "%s", texts[i].name);
		is_int(trust_ad, texts[i].trust_ad, "trust-ad");
		is_int(y.rotate, texts[i].rotate, "rotate");
		ok(y.n == 0 || strcmp(y.server[0].source, "/x") == 0,
		    "where it comes from");
		buf_free(&b);
	}
	return done();
}
