"""Throw-away certificates for the scripted peers, made once per run with the
openssl command. One key serves all; what differs is who signed and for whom."""
import base64
import hashlib
import os
import subprocess
import threading

CONF = """
[ca]
default_ca = lab
[lab]
database = {d}/index
crlnumber = {d}/crlnumber
serial = {d}/serial
new_certs_dir = {d}
certificate = {d}/ca.pem
private_key = {d}/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[good]
subjectAltName = DNS:localhost,DNS:mx.test,IP:127.0.0.1,IP:::1
[idn]
subjectAltName = DNS:xn--mil-qla.test
[strict]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost,DNS:mx.test,IP:127.0.0.1,IP:::1
[loose]
authorityKeyIdentifier = none
subjectAltName = DNS:localhost,DNS:mx.test,IP:127.0.0.1,IP:::1
[oddip]
subjectAltName = DER:30:03:87:01:7f
[nulname]
subjectAltName = DER:30:15:82:13:6c:6f:63:61:6c:68:6f:73:74:00:2e:65:76:69:6c:2e:74:65:73
[many]
subjectAltName = {many}
[wrongname]
subjectAltName = DNS:other.test
[cnonly]
basicConstraints = CA:false
"""

# name: (extensions, common name, not before, not after)
LEAVES = {
    "good": ("good", "mx.test", "20200101000000Z", "20990101000000Z"),
    "expired": ("good", "mx.test", "20200101000000Z", "20200201000000Z"),
    "future": ("good", "mx.test", "20980101000000Z", "20990101000000Z"),
    "wrongname": ("wrongname", "other.test", "20200101000000Z",
                  "20990101000000Z"),
    "strict": ("strict", "mx.test", "20200101000000Z", "20490101000000Z"),
    "loose": ("loose", "mx.test", "20200101000000Z", "20490101000000Z"),
    "revoked": ("good", "mx.test", "20200101000000Z", "20990101000000Z"),
    "oddip": ("oddip", "mx.test", "20200101000000Z", "20990101000000Z"),
    "nulname": ("nulname", "mx.test", "20200101000000Z", "20990101000000Z"),
    "idn": ("idn", "mx.test", "20200101000000Z", "20990101000000Z"),
    "many": ("many", "mx.test", "20200101000000Z", "20990101000000Z"),
    "cnonly": ("cnonly", "127.0.0.1", "20200101000000Z", "20990101000000Z"),
}
lock = threading.Lock()


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_root(d, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-config", d + "/conf",
            "-extensions", "root", "-subj", "/CN=" + name, "-days", "30",
            "-keyout", d + "/ca.key", "-out", d + "/ca.pem")


def make_all(d):
    many = ",".join("DNS:name%d.test" % i for i in range(60))
    for name, text in (("conf", CONF.format(d=d, many=many)), ("index", ""),
                       ("serial", "01\n"), ("crlnumber", "01\n")):
        with open(os.path.join(d, name), "w") as f:
            f.write(text)
    make_root(d, "postbag test root")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", d + "/key.pem")
    for leaf, (ext, cn, since, until) in LEAVES.items():
        req = d + "/req"
        openssl("req", "-new", "-key", d + "/key.pem", "-config", d + "/conf",
                "-subj", "/CN=" + cn, "-out", req)
        openssl("ca", "-batch", "-config", d + "/conf", "-extensions", ext,
                "-startdate", since, "-enddate", until, "-notext",
                "-in", req, "-out", "%s/%s.pem" % (d, leaf))
    openssl("req", "-x509", "-key", d + "/key.pem", "-config", d + "/conf",
            "-extensions", "good", "-subj", "/CN=mx.test", "-days", "30",
            "-out", d + "/selfsigned.pem")
    make_pin(d, "selfsigned")
    make_lists(d)
    make_locked(d)


def make_pin(d, name):
    """What --pin takes, in a file: the digest of the key's DER."""
    pem = subprocess.run(("openssl", "x509", "-noout", "-pubkey", "-in",
                          "%s/%s.pem" % (d, name)), check=True,
                         stdout=subprocess.PIPE).stdout
    der = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))
    with open("%s/%s.pin" % (d, name), "w") as f:
        f.write("sha256//" + base64.b64encode(
            hashlib.sha256(der).digest()).decode() + "\n")


def make_lists(d):
    """What the root has revoked, and the same in DER; the other root's."""
    conf = ("ca", "-config", d + "/conf")
    make_below(d, conf)
    openssl(*conf, "-revoke", d + "/revoked.pem")
    openssl(*conf, "-gencrl", "-crldays", "30", "-out", d + "/crl.pem")
    openssl("crl", "-in", d + "/crl.pem", "-outform", "DER",
            "-out", d + "/crl.der")
    openssl("req", "-x509", "-key", d + "/key.pem", "-config", d + "/conf",
            "-extensions", "root", "-subj", "/CN=another", "-days", "30",
            "-out", d + "/another.pem")
    openssl(*conf, "-gencrl", "-crldays", "30", "-cert", d + "/another.pem",
            "-keyfile", d + "/key.pem", "-out", d + "/another.crl")


    for name, text in (
            ("chain.crl", pem(d, "crl.pem") + pem(d, "below.crl")),
            ("cut.crl", pem(d, "another.crl") + pem(d, "crl.pem")[:-60]),
            ("two.der", pem(d, "crl.der") * 2)):
        with open("%s/%s" % (d, name), "wb") as f:
            f.write(text)


def make_below(d, conf):
    """An authority that the root has revoked, what it signed, its list."""
    for name in "below", "leaf":
        openssl("req", "-new", "-key", d + "/key.pem", "-config", d + "/conf",
                "-subj", "/CN=" + name, "-out", d + "/req." + name)
    openssl(*conf, "-batch", "-extensions", "root", "-days", "30", "-notext",
            "-in", d + "/req.below", "-out", d + "/below.pem")
    openssl("x509", "-req", "-in", d + "/req.leaf", "-CA", d + "/below.pem",
            "-CAkey", d + "/key.pem", "-CAcreateserial", "-days", "30",
            "-extfile", d + "/conf", "-extensions", "good",
            "-out", d + "/leaf.pem")
    with open(d + "/under.pem", "wb") as f:
        f.write(pem(d, "leaf.pem") + pem(d, "below.pem"))
    openssl(*conf, "-gencrl", "-crldays", "30", "-cert", d + "/below.pem",
            "-keyfile", d + "/key.pem", "-out", d + "/below.crl")
    openssl(*conf, "-revoke", d + "/below.pem")


def pem(d, name):
    with open("%s/%s" % (d, name), "rb") as f:
        return f.read()


def make_locked(d):
    """The key once more, for clients: open, and with the passphrase."""
    openssl("pkey", "-in", d + "/key.pem", "-out", d + "/open.key")
    openssl("pkey", "-in", d + "/key.pem", "-aes256",
            "-passout", "pass:opensesame", "-out", d + "/locked.key")
    for name in "open", "locked":
        os.chmod("%s/%s.key" % (d, name), 0o600)


def ensure(d):
    """The folder with ca.pem, key.pem and one NAME.pem per certificate."""
    with lock:
        if not os.path.exists(d + "/done"):
            os.makedirs(d, exist_ok=True)
            make_all(d)
            open(d + "/done", "w").close()
    return d
