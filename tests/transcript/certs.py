"""Throw-away certificates for the scripted peers, made once per run with the
openssl command. One key serves all; what differs is who signed and for whom."""
import os
import subprocess
import threading

CONF = """
[ca]
default_ca = lab
[lab]
database = {d}/index
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
[good]
subjectAltName = DNS:localhost,DNS:mx.test,IP:127.0.0.1,IP:::1
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
    for name, text in (("conf", CONF.format(d=d)), ("index", ""),
                       ("serial", "01\n")):
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


def ensure(d):
    """The folder with ca.pem, key.pem and one NAME.pem per certificate."""
    with lock:
        if not os.path.exists(d + "/done"):
            os.makedirs(d, exist_ok=True)
            make_all(d)
            open(d + "/done", "w").close()
    return d
