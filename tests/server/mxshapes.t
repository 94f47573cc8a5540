#!/usr/bin/env python3
"""Domains that are run well, as the big providers and careful hosts have them:
mxlookup -a finds nothing there that deserves a warning."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
KEY = ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqIPRO4q4seh26QVfoYoJuv"
       "H5a+Tqs+KMzuAwokMEjoPpSMPJmu8uFLccyfypb9wQLm54OAoUInMKgn7RGFJXLvmC"
       "+x3902yBIzYeOZ+WmX+VaK5fLRqGbUql+vakQp92/tCq0Smk66ttdh9Ck0UtXh8od0"
       "KmJBfVZ3pk0t8B2Er6drz2Dk3xaAf86ZIt1fsVB+vAwEf55nqthH6/5RETBt33EThl"
       "WtJCjJDg4pqbBEI0s61Y5aCzPx2mb2RPNgfjk1cSHQx8E481Od6GrRKIvqCXTigfMg"
       "rXHpKwdU2XC7rBov3EpwvbJleounVY+lwXqOtJDU0ZEA4PX/0e5yWLIwIDAQAB")
DKIM = "v=DKIM1; k=rsa; p=" + KEY


def reverse(ip):
    return ".".join(reversed(ip.split("."))) + ".in-addr.arpa"


def host(name, ip, six=None, ptr=None):
    """Addresses, and the names of these, which lead back."""
    ptr = ptr or name
    lab.add(name, "A", ip)
    lab.add(reverse(ip), "PTR", ptr)
    if ptr != name:
        lab.add(ptr, "A", ip)
    if six:
        lab.add(name, "AAAA", six)
        nibbles = mxlab.socket.inet_pton(mxlab.socket.AF_INET6, six).hex()
        lab.add(".".join(reversed(nibbles)) + ".ip6.arpa", "PTR", ptr)
        if ptr != name:
            lab.add(ptr, "AAAA", six)


def zone(domain, *records):
    for name, type, data in records:
        lab.add(name + "." + domain if name else domain, type, data)


# ---- Google Workspace
host("smtp.google.com", "142.250.102.26", "2a00:1450:4025:402::1b",
     "rb-in-f26.1e100.net")
zone("google.com", ("_spf", "TXT", "v=spf1 ip4:74.125.0.0/16 ip4:209.85.128.0/17 "
                    "ip6:2001:4860:4864::/56 ip6:2404:6800:4864::/56 "
                    "ip6:2607:f8b0:4864::/56 ~all"))
zone("workspace.test", ("", "MX", "1 smtp.google.com"),
     ("", "A", "198.185.159.144"),
     ("", "TXT", "v=spf1 include:_spf.google.com ~all"),
     ("", "TXT", "google-site-verification=4ibFUgB-wXLQ_S7vsXVomSTVamuOXBi"),
     ("google._domainkey", "TXT", [DKIM[:255], DKIM[255:]]),
     ("_dmarc", "TXT", "v=DMARC1; p=reject; pct=100; adkim=s; aspf=s; "
      "rua=mailto:dmarc@workspace.test"))

# ---- Microsoft 365
host("m365-test.mail.protection.outlook.com", "52.101.68.0", None,
     "mail-am0eur020.inbound.protection.outlook.com")
zone("protection.outlook.com",
     ("spf", "TXT", "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 "
      "ip4:52.100.0.0/15 ip4:52.102.0.0/16 ip4:52.103.0.0/17 "
      "ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/49 "
      "ip6:2a01:111:f403:8000::/51 ip6:2a01:111:f403:c000::/51 "
      "ip6:2a01:111:f403:f000::/52 -all"))
lab.add("autodiscover.outlook.com", "A", "52.96.1.8")
for i in "12":
    lab.add("selector%s-m365-test._domainkey.m365.onmicrosoft.com" % i,
            "TXT", DKIM)
zone("m365.test", ("", "MX", "0 m365-test.mail.protection.outlook.com"),
     ("", "TXT", "MS=ms12345678"),
     ("", "TXT", "v=spf1 include:spf.protection.outlook.com -all"),
     ("autodiscover", "CNAME", "autodiscover.outlook.com"),
     ("selector1._domainkey", "CNAME",
      "selector1-m365-test._domainkey.m365.onmicrosoft.com"),
     ("selector2._domainkey", "CNAME",
      "selector2-m365-test._domainkey.m365.onmicrosoft.com"),
     ("_dmarc", "TXT", "v=DMARC1; p=quarantine; rua=mailto:a@m365.test; "
      "ruf=mailto:a@m365.test; fo=1; ri=86400; rf=afrf"))

# ---- Fastmail
for i in 1, 2:
    host("in%d-smtp.messagingengine.com" % i, "103.168.172.21%d" % i,
         "2403:6d00:3:0:103:168:172:%d" % i)
lab.add("spf.messagingengine.com", "TXT", "v=spf1 ip4:103.168.172.128/27 "
        "ip4:202.12.124.128/27 -all")
for n, p in ("smtp", 465), ("imap", 993), ("pop", 995), ("api", 443), \
        ("autodiscover", 443):
    lab.add(n + ".fastmail.com", "A", "103.168.172.60")
zone("fastmail.test", ("", "MX", "10 in1-smtp.messagingengine.com"),
     ("", "MX", "20 in2-smtp.messagingengine.com"),
     ("", "TXT", "v=spf1 include:spf.messagingengine.com ?all"),
     ("_submission._tcp", "SRV", "0 0 0 ."), ("_imap._tcp", "SRV", "0 0 0 ."),
     ("_pop3._tcp", "SRV", "0 0 0 ."),
     ("_submissions._tcp", "SRV", "0 1 465 smtp.fastmail.com"),
     ("_imaps._tcp", "SRV", "0 1 993 imap.fastmail.com"),
     ("_pop3s._tcp", "SRV", "10 1 995 pop.fastmail.com"),
     ("_jmap._tcp", "SRV", "0 1 443 api.fastmail.com"),
     ("_autodiscover._tcp", "SRV", "0 1 443 autodiscover.fastmail.com"),
     ("_dmarc", "TXT", "v=DMARC1; p=reject;"))
for i in "123":
    lab.add("fm%s._domainkey.fastmail.test" % i, "CNAME",
            "fm%s.fastmail.test.dkim.fmhosted.com" % i)
    lab.add("fm%s.fastmail.test.dkim.fmhosted.com" % i, "TXT", DKIM)

# ---- Proton
host("mail.protonmail.ch", "176.119.200.128")
host("mailsec.protonmail.ch", "176.119.200.129")
lab.add("_spf.protonmail.ch", "TXT", "v=spf1 ip4:185.70.40.0/24 "
        "ip4:185.70.41.0/24 ip4:185.70.43.0/24 ip4:79.135.106.0/24 -all")
zone("proton.test", ("", "MX", "10 mail.protonmail.ch"),
     ("", "MX", "20 mailsec.protonmail.ch"),
     ("", "TXT", "protonmail-verification=0123456789abcdef"),
     ("", "TXT", "v=spf1 include:_spf.protonmail.ch ~all"),
     ("_dmarc", "TXT", "v=DMARC1; p=quarantine"))
for i in "", "2", "3":
    lab.add("protonmail%s._domainkey.proton.test" % i, "CNAME",
            "protonmail%s.domainkey.d.domains.proton.ch" % i)
    lab.add("protonmail%s.domainkey.d.domains.proton.ch" % i, "TXT", DKIM)

# ---- iCloud: both hosts have the same pool
for n in "mx01", "mx02":
    lab.add(n + ".mail.icloud.com", "A", "17.57.155.25")
    lab.add(n + ".mail.icloud.com", "A", "17.57.156.30")
for ip in "17.57.155.25", "17.57.156.30":
    p = "mx-%s.mail.icloud.com" % ip.replace(".", "-")
    lab.add(reverse(ip), "PTR", p)
    lab.add(p, "A", ip)
lab.add("icloud.com", "TXT", "v=spf1 ip4:17.41.0.0/16 ip4:17.58.0.0/16 "
        "ip4:17.142.0.0/15 ip4:17.57.155.0/24 ip4:17.57.156.0/24 ip4:144.178.36.0/24 ~all")
lab.add("sig1.dkim.icloud.test.at.icloudmailadmin.com", "TXT", DKIM)
zone("icloud.test", ("", "MX", "10 mx01.mail.icloud.com"),
     ("", "MX", "10 mx02.mail.icloud.com"),
     ("", "TXT", "apple-domain=abcdefghijklmnop"),
     ("", "TXT", "v=spf1 include:icloud.com ~all"),
     ("sig1._domainkey", "CNAME",
      "sig1.dkim.icloud.test.at.icloudmailadmin.com"),
     ("_dmarc", "TXT", "v=DMARC1; p=quarantine; rua=mailto:a@icloud.test"))

# ---- OVH: ptr in the provider's own record
for i, ip in enumerate(("188.165.36.237", "87.98.160.167", "91.121.53.175"), 1):
    host("mx%d.mail.ovh.net" % i, ip)
lab.add("mx.ovh.com", "TXT", "v=spf1 ptr:mail-out.ovh.net ptr:mail.ovh.net "
        "ip4:8.33.137.105/32 ip4:192.99.77.81/32 ?all")
lab.add("zimbra1.mail.ovh.net", "A", "91.121.53.176")
zone("ovh.test", ("", "MX", "1 mx1.mail.ovh.net"),
     ("", "MX", "5 mx2.mail.ovh.net"), ("", "MX", "100 mx3.mail.ovh.net"),
     ("", "TXT", "v=spf1 include:mx.ovh.com -all"),
     ("_autodiscover._tcp", "SRV", "0 0 443 zimbra1.mail.ovh.net"),
     ("ovhmo1-selector1._domainkey", "CNAME", "ovhmo1.dkim.mail.ovh.net"),
     ("_dmarc", "TXT", "v=DMARC1; p=none; rua=mailto:a@ovh.test"))
lab.add("ovhmo1.dkim.mail.ovh.net", "TXT", DKIM)

# ---- signed, on a host of its own, with DANE and MTA-STS
lab.signed |= {"self.test", "200.51.198.in-addr.arpa"}
host("mx.self.test", "185.199.110.25", "2a06:98c1:3120::25")
zone("self.test", ("", "MX", "10 mx.self.test"),
     ("", "SOA", mxlab.SOA), ("", "DS", bytes.fromhex("30390d02") + b"\xab" * 32),
     ("", "DNSKEY", bytes.fromhex("0100030d") + b"key" * 20),
     ("", "TXT", "v=spf1 mx -all"),
     ("_25._tcp.mx", "TLSA", bytes.fromhex("030101") + b"\xcd" * 32),
     ("_25._tcp.mx", "TLSA", bytes.fromhex("030101") + b"\xce" * 32),
     ("s1._domainkey", "TXT", DKIM),
     ("_mta-sts", "TXT", "v=STSv1; id=20260101T000000;"),
     ("mta-sts", "A", "185.199.110.25"),
     ("_smtp._tls", "TXT", "v=TLSRPTv1; rua=mailto:tls@self.test"),
     ("_imaps._tcp", "SRV", "0 1 993 mx.self.test"),
     ("_submissions._tcp", "SRV", "0 1 465 mx.self.test"),
     ("default._bimi", "TXT", "v=BIMI1; l=https://self.test/logo.svg;"),
     ("_dmarc", "TXT", "v=DMARC1; p=reject; np=reject; rua=mailto:d@self.test"))

# ---- parked
zone("parked.test", ("", "MX", "0 ."), ("", "A", "185.199.108.153"),
     ("", "TXT", "v=spf1 -all"), ("*._domainkey", "TXT", "v=DKIM1; p="),
     ("_dmarc", "TXT", "v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s"))

# ---- no mail at the domain, a web server there, mail below it alone
host("web.apex.test", "185.199.109.153")
host("mx.mail.apex.test", "185.199.111.25", "2a06:98c1:3120::26")
zone("apex.test", ("", "A", "185.199.109.1"), ("", "TXT", "v=spf1 -all"),
     ("_dmarc", "TXT", "v=DMARC1; p=reject; sp=quarantine; "
      "rua=mailto:d@mail.apex.test"),
     ("mail", "MX", "10 mx.mail.apex.test"),
     ("mail", "TXT", "v=spf1 mx a:four1.apex.test a:four2.apex.test "
      "a:four3.apex.test -all"),
     ("k1._domainkey.mail", "TXT", DKIM))
for i in 1, 2, 3:
    host("four%d.apex.test" % i, "185.199.111.%d" % i)

SHAPES = (("workspace.test",), ("m365.test",), ("fastmail.test",),
          ("proton.test",), ("icloud.test",), ("ovh.test",),
          ("self.test", "--dkim", "s1", "--trust-ad"), ("parked.test",),
          ("apex.test",), ("mail.apex.test", "--dkim", "k1"))
for domain, *args in SHAPES:
    r = lab.json("-a", *args, domain)
    f = ["%s %s %s: %s" % (x["sev"], x["id"], x["at"], x["text"])
         for x in r["findings"]]
    lab.ok([x for x in f if not x.startswith("hint")] == [] and
           r["unknown"] == [], domain + ": nothing to warn of", f)
    lab.ok(len(f) <= 5, "%s: at most five hints" % domain, f)
    if os.environ.get("SHOW"):
        print("\n".join("# " + x for x in f))

lab.end()
