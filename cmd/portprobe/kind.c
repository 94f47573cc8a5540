/* kind.c: the kinds of findings, with reference and help */
#include "kind.h"

#include <stddef.h>

#include "fail.h"
#include "word.h"

/* finding comes first: kind_status relies on it. */
static const struct kind_row {
	struct finding_kind finding;
	int status;
} kind_rows[KINDS] = {
	[FIND_PREAUTH] = { { "PREAUTH", FINDING_ERROR, "RFC9051#11.1",
	    "The server says before TLS that the client is logged in already: TLS is then no longer possible. Somebody may be between." },
	    EX_PROTOCOL },
	[FIND_PLAIN_AFTER_STARTTLS] = { { "PLAIN_AFTER_STARTTLS", FINDING_ERROR, "RFC3207#6",
	    "Bytes in the clear came behind the answer to STARTTLS, as if to be read within TLS. The server, or somebody between, is at fault." },
	    EX_PROTOCOL },
	[FIND_STARTTLS_INJECTION] = { { "STARTTLS_INJECTION", FINDING_ERROR, "RFC3207#6",
	    "A command sent in the clear behind STARTTLS was carried out within TLS: CVE-2011-0411 and its like. Update the server." },
	    EX_PROTOCOL },
	[FIND_AUTH_BEFORE_TLS] = { { "AUTH_BEFORE_TLS", FINDING_WARN, "RFC8314#3.3",
	    "Login is offered before TLS: clients that take it send passwords in the clear. Offer it within TLS only." },
	    EX_PROTOCOL },
	[FIND_NO_STARTTLS] = { { "NO_STARTTLS", FINDING_WARN, "RFC8314#3",
	    "TLS is not offered." },
	    EX_NOPERM },
	[FIND_STARTTLS_REFUSED] = { { "STARTTLS_REFUSED", FINDING_ERROR, "RFC3207#4",
	    "TLS is offered, but refused when asked for." },
	    EX_NOPERM },
	[FIND_EHLO_REFUSED] = { { "EHLO_REFUSED", FINDING_HINT, "RFC5321#3.2",
	    "The server does not know EHLO: no extensions, and so no TLS." },
	    EX_PROTOCOL },
	[FIND_EHLO_NOT_US] = { { "EHLO_NOT_US", FINDING_WARN, "RFC5321#4.1.4",
	    "EHLO is refused, and not as unknown: the server does not like this machine or its name. What it offers to others, TLS among it, is not known. Give another name with --ehlo, or ask from elsewhere." },
	    EX_UNAVAILABLE },
	[FIND_STARTTLS_FILTERED] = { { "STARTTLS_FILTERED", FINDING_WARN, "RFC3207#6",
	    "A firewall on the way rewrites SMTP: X or asterisks stand in the place of words, so that STARTTLS cannot be seen. Turn its inspection of SMTP off (Cisco: fixup or inspect esmtp)." },
	    EX_NOPERM },
	[FIND_TLS_FIRST] = { { "TLS_FIRST", FINDING_HINT, "RFC8314#3",
	    "The server keeps silent, and answers TLS from the first byte: clients that begin in the clear, with STARTTLS, wait for ever. Give the port its other protocol, or set the server to STARTTLS." },
	    EX_PROTOCOL },
	[FIND_LMTP_ONLY] = { { "LMTP_ONLY", FINDING_ERROR, "RFC2033#4.1",
	    "LMTP is spoken at a port of SMTP: no mail server can deliver here." },
	    EX_PROTOCOL },
	[FIND_BANNER_CONTROL] = { { "BANNER_CONTROL", FINDING_WARN, "RFC5321#4.2",
	    "Control characters in the greeting, which may do things to a terminal." },
	    EX_PROTOCOL },
	[FIND_CERT_EXPIRED] = { { "CERT_EXPIRED", FINDING_ERROR, "RFC5280#4.1.2.5",
	    "The certificate has expired. Renew it, and reload the server." },
	    EX_NOPERM },
	[FIND_CERT_NOT_YET] = { { "CERT_NOT_YET", FINDING_ERROR, "RFC5280#4.1.2.5",
	    "The certificate is not valid yet: look at the clocks." },
	    EX_NOPERM },
	[FIND_CERT_SOON] = { { "CERT_SOON", FINDING_WARN, "RFC5280#4.1.2.5",
	    "The certificate will expire soon. Renew it, and reload the server." },
	    EX_NOPERM },
	[FIND_CERT_SELF_SIGNED] = { { "CERT_SELF_SIGNED", FINDING_ERROR, "RFC5280#6",
	    "The certificate is self-signed: nobody says whose it is." },
	    EX_NOPERM },
	[FIND_CERT_INCOMPLETE] = { { "CERT_INCOMPLETE", FINDING_ERROR, "RFC5246#7.4.2",
	    "The issuer of the certificate is neither sent nor trusted: the server should send the intermediate certificates, too (the full chain)." },
	    EX_NOPERM },
	[FIND_CERT_UNTRUSTED] = { { "CERT_UNTRUSTED", FINDING_ERROR, "RFC5280#6",
	    "The chain ends in an authority that is not trusted here." },
	    EX_NOPERM },
	[FIND_CERT_WEAK] = { { "CERT_WEAK", FINDING_ERROR, "RFC8301",
	    "A key that is too short, or a signature with a broken digest." },
	    EX_NOPERM },
	[FIND_CERT_PURPOSE] = { { "CERT_PURPOSE", FINDING_ERROR, "RFC5280#4.2.1.12",
	    "The certificate is not one for servers." },
	    EX_NOPERM },
	[FIND_CERT_REVOKED] = { { "CERT_REVOKED", FINDING_ERROR, "RFC5280#5",
	    "The issuer has revoked the certificate. Get a new one, with a new key." },
	    EX_NOPERM },
	[FIND_CERT_BAD] = { { "CERT_BAD", FINDING_ERROR, "RFC5280#6",
	    "The chain does not verify." },
	    EX_NOPERM },
	[FIND_CERT_NAME] = { { "CERT_NAME", FINDING_ERROR, "RFC9525#6",
	    "The certificate is for other names than the one that clients use." },
	    EX_NOPERM },
	[FIND_CERT_CN_ONLY] = { { "CERT_CN_ONLY", FINDING_ERROR, "RFC9525#6.3",
	    "The name is in the common name only; clients look at subjectAltName." },
	    EX_NOPERM },
	[FIND_CERT_NONE] = { { "CERT_NONE", FINDING_ERROR, "RFC5246#7.4.2",
	    "The server has no certificate." },
	    EX_NOPERM },
	[FIND_CHAIN_ORDER] = { { "CHAIN_ORDER", FINDING_HINT, "RFC5246#7.4.2",
	    "The certificates are not sent in order, each behind the one that it has issued, or one does not belong there; some clients then find no way to an authority." },
	    EX_NOPERM },
	[FIND_ROOT_SENT] = { { "ROOT_SENT", FINDING_HINT, "RFC8446#4.4.2",
	    "An authority's own certificate is sent: who trusts it has it, and others do not believe it. It costs bytes in each handshake." },
	    EX_NOPERM },
	[FIND_MUST_STAPLE] = { { "MUST_STAPLE", FINDING_WARN, "RFC7633#4.2",
	    "The certificate promises an OCSP answer with each handshake, and none came: strict clients refuse it. Turn stapling on, or get a certificate without that promise." },
	    EX_NOPERM },
	[FIND_CIPHER_WEAK] = { { "CIPHER_WEAK", FINDING_WARN, "RFC9325#4.1",
	    "The server chose a cipher that can be broken, out of a list with better ones." },
	    EX_NOPERM },
	[FIND_KEX_WEAK] = { { "KEX_WEAK", FINDING_WARN, "RFC9325#4.1",
	    "The server chose a weak key exchange, out of a list with better ones: offer ECDHE." },
	    EX_NOPERM },
	[FIND_CLIENT_CERT] = { { "CLIENT_CERT", FINDING_HINT, "RFC8446#4.3.2",
	    "The server asks for a certificate of the client." },
	    EX_NOPERM },
	[FIND_TLS_OLD] = { { "TLS_OLD", FINDING_ERROR, "RFC8996",
	    "The best TLS version that the server has is too old." },
	    EX_NOPERM },
	[FIND_TLS_OLD_OFFERED] = { { "TLS_OLD_OFFERED", FINDING_WARN, "RFC8996",
	    "The server still takes a TLS version that is too old." },
	    EX_NOPERM },
	[FIND_TLS_HYBRID] = { { "TLS_HYBRID", FINDING_WARN, "RFC8446#4.2.8",
	    "A first message with a hybrid group, which is longer, is not answered: something before the server loses its second packet, and many clients wait long." },
	    EX_NOPERM },
	[FIND_TLS_NO_13] = { { "TLS_NO_13", FINDING_HINT, "RFC8446",
	    "The server does not have TLS 1.3." },
	    EX_NOPERM },
	[FIND_DANE_MISMATCH] = { { "DANE_MISMATCH", FINDING_ERROR, "RFC7672#3.1",
	    "No TLSA record fits what the server sent: senders with DANE do not deliver." },
	    EX_NOPERM },
	[FIND_DANE_STALE] = { { "DANE_STALE", FINDING_HINT, "RFC7671#8.1",
	    "A TLSA record fits nothing that the server sent: old, or for the next key." },
	    EX_NOPERM },
	[FIND_DANE_UNUSABLE] = { { "DANE_UNUSABLE", FINDING_WARN, "RFC7672#3.1.3",
	    "None of the TLSA records is of use: senders with DANE demand TLS, and cannot tell who is there." },
	    EX_NOPERM },
	[FIND_DANE_TEMP] = { { "DANE_TEMP", FINDING_ERROR, "RFC7672#2.1.2",
	    "The TLSA record of a signed host cannot be looked up: senders with DANE keep the mail." },
	    EX_TEMPFAIL },
	[FIND_DANE_NO_TLS] = { { "DANE_NO_TLS", FINDING_ERROR, "RFC7672#2.2",
	    "The host has TLSA records, but the server has no TLS: senders with DANE do not deliver. If it has, somebody between takes STARTTLS away." },
	    EX_NOPERM },
	[FIND_DANE_REQUIRED] = { { "DANE_REQUIRED", FINDING_ERROR, "RFC7672",
	    "DANE is demanded by --dane require, and does not apply." },
	    EX_NOPERM },
	[FIND_DANE_UNBELIEVED] = { { "DANE_UNBELIEVED", FINDING_HINT, "RFC6840#5.7",
	    "The resolver says that its answers are secure, but it is reached over a network and not trusted, so nothing is known of DANE. Use one on this machine, or trust it: options trust-ad in resolv.conf(5), or --trust-ad." },
	    EX_NOPERM },
	[FIND_STS_FAIL] = { { "STS_FAIL", FINDING_ERROR, "RFC8461#4",
	    "The policy is in enforce mode, and this server does not satisfy it: senders with MTA-STS do not deliver." },
	    EX_NOPERM },
	[FIND_STS_TESTING] = { { "STS_TESTING", FINDING_WARN, "RFC8461#5",
	    "The policy is in testing mode; enforced, mail would not be delivered here." },
	    EX_NOPERM },
	[FIND_STS_ERROR] = { { "STS_ERROR", FINDING_WARN, "RFC8461#3.3",
	    "There is a record for MTA-STS, but no policy." },
	    EX_NOPERM },
	[FIND_PORT25_BLOCKED] = { { "PORT25_BLOCKED", FINDING_HINT, "RFC5068#3.1",
	    "Port 25 does not answer, but others of the same address do: it is probably blocked on the way out of this network, as many providers do. Ask from elsewhere." },
	    EX_TEMPFAIL },
	[FIND_FAMILY_SILENT] = { { "FAMILY_SILENT", FINDING_HINT, "RFC8305#1",
	    "Nothing of the host answers by one family of addresses, and some of it does by the other: its address record may be wrong, or the network on the way, for this family." },
	    EX_TEMPFAIL },
	[FIND_NO_ROUTE] = { { "NO_ROUTE", FINDING_WARN, "RFC6724",
	    "This machine itself has no way to the address: no route, or a --source of the other family. Nothing is known about the server there. -4 or -6 leaves a family out." },
	    EX_UNAVAILABLE },
	[FIND_LATENCY] = { { "LATENCY", FINDING_WARN, "RFC5321#4.5.3.2",
	    "The probe took longer than --lat-warn or --lat-crit allows." },
	    EX_TEMPFAIL },
	[FIND_CAPS_MISSING] = { { "CAPS_MISSING", FINDING_ERROR, "RFC5321#4.1.1.1",
	    "A capability of --caps-expect is not there." },
	    EX_PROTOCOL },
	[FIND_VRFY_OFFERED] = { { "VRFY_OFFERED", FINDING_HINT, "RFC5321#7.3",
	    "VRFY or EXPN is offered, by which strangers learn who has a mailbox. Most servers can turn it off (Postfix: disable_vrfy_command)." },
	    EX_PROTOCOL },
	[FIND_SUBMIT_AUTH] = { { "SUBMIT_AUTH", FINDING_HINT, "RFC6409#4.3",
	    "The server takes mail only after login." },
	    EX_UNAVAILABLE },
	[FIND_SUBMIT_DEFERRED] = { { "SUBMIT_DEFERRED", FINDING_WARN, "RFC5321#4.2.1",
	    "The test of --submit-test was put off." },
	    EX_TEMPFAIL },
	[FIND_SUBMIT_REFUSED] = { { "SUBMIT_REFUSED", FINDING_ERROR, "RFC5321#4.2.1",
	    "The test of --submit-test was refused." },
	    EX_UNAVAILABLE },
};

const struct finding_kind *
kind_finding(enum kind k)
{
	return &kind_rows[k].finding;
}

int
kind_status(const struct finding_kind *k)
{
	return ((const struct kind_row *)k)->status;
}

bool
kind_policy(const struct finding_kind *k)
{
	return kind_status(k) == EX_NOPERM;
}

void
kind_list(struct buf *b)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		finding_line(b, &kind_rows[i].finding,
		    word_severity(kind_rows[i].finding.sev),
		    kind_policy(&kind_rows[i].finding) ? "cert" : "probe");
}
