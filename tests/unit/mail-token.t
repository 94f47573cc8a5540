#!/usr/bin/env -S python3 -B
"""mail-token: logins and tokens, with an authorization server over HTTPS that
does what real ones do now and then."""
import base64
import concurrent.futures
import fcntl
import hashlib
import http.server
import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT + '/tests/lab')
from fetchfake import Case  # noqa: E402

case = Case()
T = tempfile.TemporaryDirectory()
SCRIPT = ROOT + '/scripts/mail-token'


def sh(*args):
    subprocess.run(args, check=True, capture_output=True)


sh('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
   'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
   '-addext', 'subjectAltName=DNS:localhost', '-keyout', T.name + '/key.pem',
   '-out', T.name + '/ca.pem')
sh('openssl', 'genrsa', '-out', T.name + '/rsa.pem', '2048')
sh('openssl', 'rsa', '-in', T.name + '/rsa.pem', '-pubout', '-out',
   T.name + '/rsa.pub')

LOG = []		# (path, fields)
PLAN = []		# answers to come: (status, object or bytes)
PLANS = {}		# client id -> what PLAN is, for it alone
HOOK = {}		# path -> function(fields) -> answer
META = {}


def token(n, **more):
    return 200, dict({'access_token': 'at-%s' % n, 'token_type': 'Bearer',
                      'expires_in': 3600}, **more)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, what=None):
        if status is None:
            self.close_connection = True
            return
        data = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        LOG.append((self.path, None))
        if self.path in META.get('_status', {}):
            return self.answer(META['_status'][self.path], {})
        if self.path == '/.well-known/oauth-authorization-server/t1' and META:
            return self.answer(200, META)
        if self.path == '/t1/.well-known/openid-configuration' and META:
            return self.answer(200, META)
        return self.answer(404, {})

    def do_POST(self):
        data = self.rfile.read(int(self.headers['Content-Length'])).decode()
        fields = json.loads(data) if data[:1] == '{' else {
            k: v[0] for k, v in urllib.parse.parse_qs(
                data, strict_parsing=True).items()}
        LOG.append((self.path, fields))
        if self.path in HOOK:
            return self.answer(*HOOK[self.path](fields))
        plan = PLANS.get(fields.get('client_id'), PLAN)
        return self.answer(*((plan.pop(0) or (None,)) if plan else (
            400, {'error': 'invalid_grant', 'error_description': 'no plan'})))

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass


server = Server(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(T.name + '/ca.pem', T.name + '/key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
BASE = 'https://localhost:%d/t1' % server.server_address[1]


def meta(**change):
    META.clear()
    META.update({'issuer': BASE, 'token_endpoint': BASE + '/token',
                 'authorization_endpoint': BASE + '/auth',
                 'device_authorization_endpoint': BASE + '/device',
                 'revocation_endpoint': BASE + '/revoke',
                 'registration_endpoint': BASE + '/register'})
    META.update(change)


meta()
# A sleep that takes no time, and says how long it was asked for.
os.mkdir(T.name + '/bin')
with open(T.name + '/bin/sleep', 'w') as f:
    f.write('#!/bin/sh\necho "$1" >> %s/slept\n' % T.name)
os.chmod(T.name + '/bin/sleep', 0o755)
ENV = dict(os.environ, PATH=T.name + '/bin:' + os.environ['PATH'],
           XDG_CONFIG_HOME=T.name + '/config', XDG_STATE_HOME=T.name + '/state',
           TMPDIR=T.name)
for v in ('http_proxy', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY'):
    ENV.pop(v, None)
os.makedirs(T.name + '/config/postbag/token')


def conf(name, *lines, mode=0o600, provider=BASE):
    path = T.name + '/config/postbag/token/' + name
    with open(path, 'w') as f:
        f.write('\n'.join(['provider ' + provider, 'ca %s/ca.pem' % T.name] +
                          list(lines)))
    os.chmod(path, mode)


def kept(name):
    try:
        with open(T.name + '/state/postbag/token/' + name) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def keep(name, **v):
    os.makedirs(T.name + '/state/postbag/token', exist_ok=True)
    with open(T.name + '/state/postbag/token/' + name, 'w') as f:
        json.dump(v, f)


# A disk that is full: nothing of more than 8 kB can be written.
FULL = ['sh', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$@"', 'sh']


def run(*args, stdin='', env=ENV, disk=()):
    LOG.clear()
    if os.path.exists(T.name + '/slept'):
        os.remove(T.name + '/slept')
    p = subprocess.run([*disk, SCRIPT, *args], input=stdin, env=env,
                       capture_output=True, text=True, timeout=60)
    return {'rc': p.returncode, 'out': p.stdout, 'err': p.stderr,
            'log': list(LOG)}


def start(args, env=ENV):
    p = subprocess.run([SCRIPT, *args], env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=60)
    return {'rc': p.returncode, 'out': p.stdout, 'err': p.stderr}


def beside(one, cases):
    """The results for all, in their order: most of a run is waiting."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return list(pool.map(one, cases))


def each(cases, login=False):
    """Runs for (name, plan) at the same time.  Each name is a client of its
    own."""
    def one(x):
        name, PLANS[name] = x
        conf(name, 'client-id ' + name, 'user jo@x.test')
        return start(['-l'] * login + [name])
    return beside(one, cases)


NOW = int(time.time())

# ---- a login by device
conf('dev', 'client-id cid', 'user jo@x.test', 'scope mail offline')
g = run('dev')
case.check(g['rc'] == 77 and 'mail-token -l dev' in g['err'] and not g['out'],
           'no login yet: who must do what', g)
CODE = (200, {'device_code': 'dc', 'user_code': 'ABCD', 'interval': 2,
              'verification_uri': 'https://x.test/device', 'expires_in': 900})
PENDING = (400, {'error': 'authorization_pending'})
PLAN[:] = [CODE, PENDING, (400, {'error': 'slow_down'}), None, PENDING,
           token(1, refresh_token='rt-1')]
g = run('-l', 'dev')
with open(T.name + '/slept') as f:
    slept = f.read().split()
case.check(g['rc'] == 0 and 'https://x.test/device' in g['err'] and
           'ABCD' in g['err'], 'a login by device', g)
case.check(slept == ['2', '2', '7', '14', '14'],
           'slow_down: 5 s more; one that hangs up is asked less often', slept)
case.check(g['log'][1][1] == {'client_id': 'cid', 'scope': 'mail offline'} and
           g['log'][2][1]['device_code'] == 'dc', 'what is asked', g)
case.check(os.stat(T.name + '/state/postbag/token/dev').st_mode & 0o77 == 0,
           'nobody else can read it')
g = run('dev')
case.check(g['rc'] == 0 and g['out'] == 'at-1\n' and not g['err'] and
           not [x for x in g['log'] if x[1]], 'the token, unasked', g)
# A signal between two questions ends it: nothing is under way then.
os.mkdir(T.name + '/ends')
with open(T.name + '/ends/sleep', 'w') as f:
    f.write('#!/bin/sh\necho x >> %s/ends/slept\n'
            '[ "$(grep -c . %s/ends/slept)" -lt 2 ] || kill -TERM $PPID\n' %
            ((T.name,) * 2))
os.chmod(T.name + '/ends/sleep', 0o755)
PLAN[:] = [CODE, PENDING, token(1)]
g = run('-l', 'dev', env=dict(ENV, PATH=T.name + '/ends:' + ENV['PATH']))
case.check(g['rc'] == 75 and len(PLAN) == 1,
           'a signal while nobody has logged in', g)
os.remove(T.name + '/ends/slept')
PLAN[:] = [CODE, None, token(1)]
g = run('-l', 'dev', env=dict(ENV, PATH=T.name + '/ends:' + ENV['PATH']))
case.check(g['rc'] == 75 and len(PLAN) == 1,
           'and after a question that had no answer', g)
GOOD = token(1, refresh_token='rt-1')


def code(**change):
    return 200, dict(CODE[1], **change)


DEVICE = (		# what is answered, the status, what is said and what not
    ([CODE, PENDING, (400, {'error': 'access_denied'})], 77, 'access_denied',
     None),
    ([CODE, PENDING, (400, {'error': 'expired_token'})], 77, 'expired_token',
     None),
    ([CODE, PENDING, (400, {'error': 'invalid_client'})], 78,
     'invalid_client', None),
    ([code(user_code='')], 76, 'without a code', None),
    ([code(device_code=None)], 76, 'without a code', None),
    ([code(verification_uri=None, verification_url='https://y.test/'), GOOD], 0,
     'https://y.test/', None),
    ([(400, {'error': 'invalid_scope'})], 78, 'invalid_scope', 'browser'),
    ([code(expires_in=0)], 77, 'nobody has logged in', None),
    ([code(expires_in='0900'), GOOD], 0, '', 'llegal'),
    ([code(expires_in='9' * 20), GOOD], 0, '', 'llegal'),
    ([code(user_code='\x9b31mX\u202eY'), GOOD], 0, '31mXY', '\x9b'),
    ([code(user_code='\x1b[31mX', interval='soon'), GOOD], 0, '', '\x1b'))
for i, g in enumerate(each([('code%d' % i, list(x[0])) for i, x in
                            enumerate(DEVICE)], login=True)):
    plan, rc, word, no = DEVICE[i]
    case.check(g['rc'] == rc and word in g['err'] and g['err'].isascii() and
               (no is None or no not in g['err']),
               'device: %d %s %s' % (rc, word, plan[0]), g)

# ---- renewal
keep('dev', access_token='old', refresh_token='rt-1', got=NOW - 3600,
     until=NOW + 30)
PLAN[:] = [token(2)]
g = run('dev')
case.check(g['out'] == 'at-2\n' and g['log'][-1][1] ==
           {'grant_type': 'refresh_token', 'refresh_token': 'rt-1',
            'client_id': 'cid'}, 'renewed in its last minute', g)
case.check(kept('dev')['refresh_token'] == 'rt-1',
           'a refresh token that is not repeated stays')
keep('dev', access_token='old', refresh_token='rt-1', got=NOW - 3600,
     until=NOW - 1)
PLAN[:] = [token(3, refresh_token='rt-2', expires_in='60')]
g = run('dev')
case.check(g['out'] == 'at-3\n' and kept('dev')['refresh_token'] == 'rt-2',
           'a new one takes its place', g)
PLAN[:] = [token(4)]
case.check(run('dev')['out'] == 'at-4\n', 'a token of a minute: each time')
LASTS = ((None, 300), ('soon', 300), (70, 70), ('3600', 3600))
for i in range(len(LASTS)):
    keep('lasts%d' % i, access_token='old', refresh_token='rt-1', got=0, until=1)
each([('lasts%d' % i, [token('4a', expires_in=x[0])])
      for i, x in enumerate(LASTS)])
for i, (said, lasts) in enumerate(LASTS):
    k = kept('lasts%d' % i)
    case.check(k['until'] - k['got'] == lasts,
               'a token of %r lasts %d s' % (said, lasts), k)
TAKEN = (		# what came, and which refresh token is kept
    ({'token_type': 'BEARER'}, 'rt-1'), ({'token_type': None}, 'rt-1'),
    ({'refresh_token': ''}, 'rt-1'), ({'refresh_token': None}, 'rt-1'))
for i in range(len(TAKEN)):
    keep('taken%d' % i, access_token='old', refresh_token='rt-1', got=0, until=1)
for i, g in enumerate(each([('taken%d' % i, [token(i, **x[0])])
                            for i, x in enumerate(TAKEN)])):
    case.check(g['out'] == 'at-%d\n' % i and
               kept('taken%d' % i)['refresh_token'] == TAKEN[i][1],
               'an answer with %s' % TAKEN[i][0], g)
keep('dev', access_token='old', refresh_token='rt-1', got=NOW + 86400,
     until=NOW + 90000)
PLAN[:] = [token(5)]
case.check(run('dev')['out'] == 'at-5\n', 'a clock that was set back')
BAD = (
    ((400, {'error': 'invalid_grant', 'error_description': 'revoked\r\n\x1b'}),
     77, 'jo@x.test must log in: mail-token -l bad0'),
    ((401, {'error': 'invalid_client'}), 78, 'invalid_client'),
    ((400, {'error': 'temporarily_unavailable'}), 75, 'unavailable'),
    ((503, b'<html>'), 75, 'HTTP status 503'),
    ((429, b''), 75, 'HTTP status 429'),
    ((400, {'error': 'server_error'}), 75, 'server_error'),
    ((400, {'error': 'slow_down'}), 75, 'slow_down'),
    ((400, {'error': 'interaction_required'}), 77, 'must log in'),
    ((400, {'error': 'consent_required'}), 77, 'must log in'),
    ((400, {'error': 'login_required'}), 77, 'must log in'),
    ((400, {'error': 'invalid_scope', 'error_description': 'none'}), 78,
     'invalid_scope: none'),
    ((503, {'error': 'invalid_grant'}), 77, 'must log in'),
    ((400, b'<html>'), 76, 'HTTP status 400'),
    ((302, {}), 76, 'HTTP status 302'),
    ((200, {}), 76, 'without access_token'),
    ((200, []), 76, 'without access_token'),
    ((200, {'access_token': ['x']}), 76, 'without access_token'),
    ((200, {'access_token': 'x', 'token_type': 'mac'}), 76, 'Bearer'),
    ((200, b'{"access_token": "x"'), 76, 'without access_token'))
for i in range(len(BAD)):
    keep('bad%d' % i, access_token='old', refresh_token='rt-s3cret', got=0,
         until=1)
for i, g in enumerate(each([('bad%d' % i, [x[0]]) for i, x in
                            enumerate(BAD)])):
    answer, rc, word = BAD[i]
    case.check(g['rc'] == rc and word in g['err'] and not g['out'] and
               '\x1b' not in g['err'] and 's3cret' not in g['err'],
               'renewal: %d %s' % (answer[0], word), g)
    case.check(kept('bad%d' % i)['refresh_token'] == 'rt-s3cret',
               'and the login is kept')
DAMAGED = ('', '[]', '{"until": "x", "got": {}}')
for i, bad in enumerate(DAMAGED):
    with open(T.name + '/state/postbag/token/torn%d' % i, 'w') as f:
        f.write(bad)
for bad, g in zip(DAMAGED, each([('torn%d' % i, []) for i in
                                 range(len(DAMAGED))])):
    case.check(g['rc'] == 77 and not g['out'], 'a damaged state: %.20s' % bad,
               g)

# Two at once: one renewal
keep('dev', access_token='old', refresh_token='rt-1', got=0, until=1)
LOG.clear()


def slow(fields):
    time.sleep(0.3)
    return token(6, refresh_token='rt-6')


HOOK['/t1/token'] = slow
two = [subprocess.Popen([SCRIPT, 'dev'], env=ENV, stdout=subprocess.PIPE,
                        text=True) for i in range(4)]
outs = [p.communicate(timeout=60)[0] for p in two]
asks = [x for x in LOG if x[0] == '/t1/token']
case.check(outs == ['at-6\n'] * 4 and len(asks) == 1,
           'four at once: one renewal, four tokens', (outs, asks))

# A signal while the server changes the refresh token: what it gave is kept, for
# the old one may be good no more.
def interrupt(p, fields):
    os.killpg(p[0].pid, signal.SIGINT)
    os.kill(p[0].pid, signal.SIGTERM)
    time.sleep(0.2)
    return token('held', refresh_token='rt-held')


held = [None]
HOOK['/t1/token'] = lambda fields: interrupt(held, fields)
for args, line in ((['dev'], None), (['-l', 'dev'], None),
                   (['-lp', 'held'], 'grant code')):
    if line:
        conf('held', 'client-id cid', line)
    keep(args[-1], access_token='old', refresh_token='rt-1', got=0, until=1)
    PLAN[:] = [CODE]
    held[0] = subprocess.Popen([SCRIPT, *args], env=ENV, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    if line:
        url = [held[0].stderr.readline() for i in range(3)][1]
        q = urllib.parse.parse_qs(urllib.parse.urlsplit(url.strip()).query)
        held[0].stdin.write('/?code=c&state=%s\n' % q['state'][0])
    out, err = held[0].communicate(timeout=60)
    case.check(held[0].returncode == 0 and
               kept(args[-1])['refresh_token'] == 'rt-held',
               'a signal in the middle of %s' % args, (out, err))
del HOOK['/t1/token']
PLAN[:] = []

# No secret in a command line
keep('dev', access_token='old', refresh_token='rt-s3cret', got=0, until=1)
seen = []


def peek(fields):
    for pid in os.listdir('/proc'):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as f:
                line = f.read()
            with open('/proc/%s/environ' % pid, 'rb') as f:
                line += f.read()
        except OSError:
            continue
        if b's3cret' in line or b's3same' in line:
            seen.append(line)
    return token(7)


HOOK['/t1/token'] = peek
conf('sec', 'client-id cid', 'client-secret-command echo s3$(echo same)',
     'grant client-credentials')
run('dev')
g = run('sec')
case.check(g['out'] == 'at-7\n' and g['log'][-1][1] == {
    'grant_type': 'client_credentials', 'client_id': 'cid',
    'client_secret': 's3same'}, 'client credentials', g)
case.check(not seen, 'no secret in a command line or environment', seen)

# ---- a signed assertion
conf('jwt', 'client-id svc@x.test', 'user jo@x.test', 'scope mail',
     'grant jwt-bearer', 'key %s/rsa.pem' % T.name)


def check_jwt(fields):
    head, claims, signed = fields['assertion'].split('.')
    with open(T.name + '/sig', 'wb') as f:
        f.write(base64.urlsafe_b64decode(signed + '=='))
    p = subprocess.run(['openssl', 'dgst', '-sha256', '-verify',
                        T.name + '/rsa.pub', '-signature', T.name + '/sig'],
                       input=(head + '.' + claims).encode(),
                       capture_output=True)
    c = json.loads(base64.urlsafe_b64decode(claims + '=='))
    good = p.returncode == 0 and c['iss'] == 'svc@x.test' and \
        c['sub'] == 'jo@x.test' and c['aud'] == BASE + '/token' and \
        0 < c['exp'] - c['iat'] <= 3600
    return token('jwt') if good else (400, {'error': 'invalid_request'})


HOOK['/t1/token'] = check_jwt
g = run('jwt')
case.check(g['out'] == 'at-jwt\n', 'a signed assertion', g)
del HOOK['/t1/token']

for lines, rc, word in (
        (('grant jwt-bearer',), 78, 'key is missing'),
        (('grant jwt-bearer', 'key /none'), 78, '/none: cannot be read'),
        (('grant jwt-bearer', 'key %s/ca.pem' % T.name), 78, 'cannot sign'),
        (('grant client-credentials', 'client-secret-command :'), 78,
         'says nothing'), (('port x',), 78, 'port: a number'),
        (('store box',), 78, 'store: file or keyring')):
    conf('odd', 'client-id cid', *lines)
    g = run('odd')
    case.check(g['rc'] == rc and word in g['err'] and
               not [x for x in g['log'] if x[1]], 'a file: %s' % lines[-1], g)
conf('odd', 'client-id cid', 'grant client-credentials')
g = run('-l', 'odd')
case.check(g['rc'] == 64 and 'needs no login' in g['err'] and
           not [x for x in g['log'] if x[1]], 'nobody can log in there', g)

# ---- a login by browser
conf('web', 'client-id c&id', 'user jo+x@x.test', 'scope a b', 'grant code')


def browse(change=lambda q: q, **more):
    """mail-token -lp web, and what the browser was sent to."""
    LOG.clear()
    p = subprocess.Popen([SCRIPT, '-lp', 'web'], env=ENV, text=True,
                         stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [p.stderr.readline() for i in range(3)]
    url = urllib.parse.urlsplit(lines[1].strip())
    q = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
    back = dict({'code': 'co/de+1%', 'state': q.get('state', '')}, **more)
    to = q.get('redirect_uri', '') + '?' + urllib.parse.urlencode(change(back))
    err = p.communicate(to + '\n', timeout=60)[1]
    return p.returncode, q, err, list(LOG)


PLAN[:] = [token('web', refresh_token='rt-web')]
rc, q, err, log = browse()
case.check(rc == 0 and q['client_id'] == 'c&id' and q['scope'] == 'a b' and
           q['login_hint'] == 'jo+x@x.test' and
           q['code_challenge_method'] == 'S256', 'a login by browser',
           (rc, q, err))
sent = log[-1][1] or {}
want = base64.urlsafe_b64encode(hashlib.sha256(sent.get(
    'code_verifier', '').encode()).digest()).decode().rstrip('=')
case.check(want == q['code_challenge'] and sent['code'] == 'co/de+1%' and
           sent['redirect_uri'] == q['redirect_uri'], 'with its proof', sent)
case.check(run('web')['out'] == 'at-web\n', 'and then there is a token')
for what, change, word, code in (
        ('another state', lambda b: dict(b, state='x'), 'state differs', 77),
        ('no state', lambda b: {'code': 'x'}, 'state differs', 77),
        ('a refusal', lambda b: {'error': 'access_denied',
                                 'state': b['state']}, 'access_denied', 77),
        ('another server', lambda b: dict(b, iss='https://evil.test'),
         'another server', 76)):
    rc, q, err, log = browse(change)
    case.check(rc == code and word in err and
               not [x for x in log if x[0] == '/t1/token'],
               'browser: %s' % what, (rc, err, log))
PLAN[:] = [token('web2')]
os.remove(T.name + '/state/postbag/token/web')
rc, q, err, log = browse(iss=BASE)
case.check(rc == 0, 'the right server names itself', err)
case.check('no refresh token came' in err, 'a login without a refresh token', err)
rc, q, err, log = browse(lambda b: {'state': b['state']})
case.check(rc == 77 and 'has no code' in err and
           not [x for x in log if x[0] == '/t1/token'], 'no code', err)
if subprocess.run(['sh', '-c', 'nc -h 2>&1 | grep -q OpenBSD']).returncode == 0:
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
    s.close()
    conf('nc', 'client-id cid', 'grant code', 'port %d' % port)
    p = subprocess.Popen([SCRIPT, '-l', 'nc'], env=ENV, text=True,
                         stderr=subprocess.PIPE)
    lines = [p.stderr.readline() for i in range(3)]
    q = urllib.parse.parse_qs(urllib.parse.urlsplit(lines[1].strip()).query)
    PLAN[:] = [token('nc', refresh_token='x')]
    end = time.monotonic() + 20
    page = b''
    while time.monotonic() < end and not page:
        try:
            c = socket.create_connection(('127.0.0.1', port), 5)
            c.sendall(b'GET /?code=abc&state=%s HTTP/1.1\r\nHost: x\r\n\r\n' %
                      q['state'][0].encode())
            page = c.recv(1000)
            c.close()
        except OSError:
            time.sleep(0.05)
    p.wait(30)
    case.check(p.returncode == 0 and b'can be closed' in page and
               kept('nc')['access_token'] == 'at-nc', 'by loopback',
               (p.returncode, page, p.stderr.read()))
else:
    case.check(False, 'netcat-openbsd is not installed')

# Without random numbers any address would have the empty state.
os.mkdir(T.name + '/noise')
with open(T.name + '/noise/openssl', 'w') as f:
    f.write('#!/bin/sh\nexit 1\n')
os.chmod(T.name + '/noise/openssl', 0o755)
PLAN[:] = [token('odd')]
g = run('-lp', 'web', stdin='/?code=x\n',
        env=dict(ENV, PATH=T.name + '/noise:' + ENV['PATH']))
case.check(g['rc'] == 71 and 'With a browser' not in g['err'],
           'no random numbers: no login', g)
PLAN[:] = []

# A keyring that takes nothing: the refresh token is not spent.
with open(T.name + '/bin/secret-tool', 'w') as f:
    f.write('#!/bin/sh\n[ $1 = lookup ] || exit 1\necho \'{"refresh_token":'
            '"rt-ring","got":0,"until":1}\'\n')
os.chmod(T.name + '/bin/secret-tool', 0o755)
conf('ring', 'client-id cid', 'store keyring')
g = run('ring')
case.check(g['rc'] == 75 and 'the keyring does not take it' in g['err'] and
           not [x for x in g['log'] if x[0] == '/t1/token'],
           'a keyring that takes nothing is not asked for', g)

# ---- clients, and the end
conf('reg', 'scope mail')
g = run('-l', 'reg')
case.check(g['rc'] == 78 and 'client-id' in g['err'], 'no client', g)
for answer, rc, word in (
        ((400, {'error': 'invalid_redirect_uri'}), 78, 'invalid_redirect_uri'),
        ((503, {}), 75, 'register: HTTP status 503'),
        ((201, {}), 76, 'no client_id')):
    PLAN[:] = [answer]
    g = run('-r', 'reg')
    case.check(g['rc'] == rc and word in g['err'] and not kept('reg'),
               'not registered: %s' % word, g)
PLAN[:] = [(201, {'client_id': 'made'})]
g = run('-r', 'reg')
case.check(g['rc'] == 0 and g['log'][-1][1]['client_name'] == 'postbag',
           'registered', g)
PLAN[:] = [CODE, token(9, refresh_token='rt-9')]
g = run('-l', 'reg')
case.check(g['rc'] == 0 and g['log'][1][1]['client_id'] == 'made',
           'and used', g)
PLAN[:] = [(200, b'')]
g = run('-f', 'reg')
case.check(g['rc'] == 0 and g['log'][-1] == ('/t1/revoke', {
    'token': 'rt-9', 'client_id': 'made'}) and kept('reg') == {
        'client_id': 'made'}, 'forgotten, and revoked', g)
case.check(not g['err'], 'and nothing is said', g)
case.check(run('reg')['rc'] == 77, 'then somebody must log in')
keep('reg', refresh_token='rt-10', client_id='made')
PLAN[:] = [(503, {})]
g = run('-f', 'reg')
case.check(g['rc'] == 0 and 'HTTP status 503: forgotten here alone' in g['err']
           and kept('reg') == {'client_id': 'made'}, 'not revoked is said', g)

for status, rc in ((503, 75), (429, 75), (403, 76)):
    meta(_status={path: status for path in (
        '/.well-known/oauth-authorization-server/t1',
        '/t1/.well-known/openid-configuration')})
    keep('dev', access_token='old', refresh_token='rt', got=0, until=1)
    g = run('dev')
    case.check(g['rc'] == rc and 'HTTP status %d' % status in g['err'],
               'metadata: %d' % status, g)
meta(_status={'/.well-known/oauth-authorization-server/t1': 404})
PLAN[:] = [token(11)]
g = run('dev')
case.check(g['out'] == 'at-11\n', 'metadata at the place of OpenID', g)
meta()
# What is not on the disk for certain takes no place.
with open(T.name + '/bin/sync', 'w') as f:
    f.write('#!/bin/sh\nexit 1\n')
os.chmod(T.name + '/bin/sync', 0o755)
keep('dev', access_token='old', refresh_token='rt', got=0, until=1)
PLAN[:] = [token(12, refresh_token='rt-12')]
g = run('dev')
case.check(g['rc'] == 73 and 'cannot be written' in g['err'] and
           kept('dev')['refresh_token'] == 'rt', 'a disk that fails', g)
os.remove(T.name + '/bin/sync')

# ---- where things are
# A curl that says what it is asked, and reaches nobody.
os.mkdir(T.name + '/ask')
with open(T.name + '/ask/curl', 'w') as f:
    f.write('#!/bin/sh\ncat >> "$ASKED"\nexit 7\n')
os.chmod(T.name + '/ask/curl', 0o755)
MS = 'https://login.microsoftonline.com/'
PLACES = (	# provider, lines, options, status, what is said, what is asked
    ('microsoft', (), '-l', 75, MS, (
        MS + 'common/oauth2/v2.0/devicecode"', 'scope=offline_access https://'
        'outlook.office.com/IMAP.AccessAsUser.All ', 'POP.', 'SMTP.Send"')),
    ('microsoft', ('tenant t9', 'scope own'), '-l', 75, '', (
        MS + 't9/oauth2/v2.0/devicecode"', '"scope=own"')),
    ('microsoft', ('grant client-credentials',), '', 75, '', (
        MS + 'common/oauth2/v2.0/token"',
        '"scope=https://outlook.office.com/.default"')),
    ('microsoft', ('grant code',), '-lp', 77, MS +
     'common/oauth2/v2.0/authorize?response_type=code&', ()),
    ('microsoft', (), '-f', 0, '', ()),
    ('google', (), '', 75, '', ('"https://oauth2.googleapis.com/token"',
                                '"refresh_token=rt"')),
    ('google', (), '-f', 0, 'cannot be asked: forgotten here alone', (
        '"https://oauth2.googleapis.com/revoke"', '"token=rt"')),
    ('google', (), '-lp', 77, 'https://accounts.google.com/o/oauth2/v2/auth?'
     'response_type=code&', ()),
    ('google', (), '-lp', 77, '&scope=https%3A%2F%2Fmail.google.com%2F&', ()),
    ('google', ('scope own',), '-lp', 77, '&scope=own&', ()),
    ('google', ('grant device',), '-lp', 78, 'no logins by device', ()),
    ('google', (), '-r', 78, 'registers nobody', ()),
    ('gogle', (), '', 78, 'provider: microsoft, google or', ()),
    ('', (), '', 78, 'provider is missing', ()))


def place(i):
    name = 'place%d' % i
    provider, lines, options, rc, word, asked = PLACES[i]
    conf(name, 'client-id cid', *lines, provider=provider)
    keep(name, access_token='old', refresh_token='rt', got=0, until=1)
    g = start(options.split() + [name], dict(
        ENV, PATH=T.name + '/ask:' + ENV['PATH'], ASKED=T.name + '/' + name))
    g['asked'] = ''
    if os.path.exists(T.name + '/' + name):
        with open(T.name + '/' + name) as f:
            g['asked'] = f.read()
    return g


for x, g in zip(PLACES, beside(place, range(len(PLACES)))):
    case.check(g['rc'] == x[3] and x[4] in g['err'] and bool(g['err']) == (
        x[2:4] != ('-f', 0) or x[4] != '') and bool(g['asked']) == bool(x[5])
               and all(w in g['asked'] for w in x[5]),
               'place: %s %s %s' % (x[0], x[1], x[2]), g)
meta(device_authorization_endpoint=None,
     authorization_endpoint=BASE + '/auth?x=1', issuer=BASE + '/')
conf('dev', 'client-id cid', provider=BASE + '/')
g = run('-lp', 'dev')
case.check(g['rc'] == 77 and '/t1/auth?x=1&response_type=code&' in g['err'] and
           'nobody has logged in' in g['err'],
           'no login by device: one by browser; a / at the end', g)
meta(authorization_endpoint=None)
conf('dev', 'client-id cid', 'grant code')
g = run('-lp', 'dev')
case.check(g['rc'] == 78 and 'no logins by browser' in g['err'],
           'no login by browser', g)
meta(token_endpoint=None)
conf('dev', 'client-id cid')
g = run('dev')
case.check(g['rc'] == 76 and 'has no token_endpoint' in g['err'],
           'no place for tokens', g)
meta()
# A keyring that works: nothing is in a file.
os.mkdir(T.name + '/keys')
with open(T.name + '/keys/secret-tool', 'w') as f:
    f.write('#!/bin/sh\ncase $1 in\nlookup) cat %s/keys/$5 ;;\n'
            'store) cat > %s/keys/$6 ;;\nesac\n' % ((T.name,) * 2))
os.chmod(T.name + '/keys/secret-tool', 0o755)
with open(T.name + '/keys/kept', 'w') as f:
    f.write('{"refresh_token": "rt-a", "got": 0, "until": 1}')
conf('kept', 'client-id cid', 'store keyring')
RING = dict(ENV, PATH=T.name + '/keys:' + ENV['PATH'])
PLAN[:] = [token('ring', refresh_token='rt-b')]
g = run('kept', env=RING)
with open(T.name + '/keys/kept') as f:
    k = json.load(f)
case.check(g['out'] == 'at-ring\n' and k['refresh_token'] == 'rt-b' and
           kept('kept') is None, 'a keyring that works', (g, k))
g = run('kept', env=RING)
case.check(g['out'] == 'at-ring\n' and not g['log'], 'and has the token', g)
g = run('--help')
case.check(g['rc'] == 0 and 'mail-token -l' in g['out'] and not g['err'],
           'help', g)

# ---- what is wrong here
keep('dev', access_token='old', refresh_token='rt', got=0, until=1)
meta(issuer='https://evil.test')
g = run('dev')
case.check(g['rc'] == 76 and 'says it is https://evil.test' in g['err'],
           'another issuer', g)
meta(token_endpoint='http://localhost/token')
keep('dev', access_token='old', refresh_token='rt', got=0, until=1)
g = run('dev')
case.check(g['rc'] == 78 and 'is not https' in g['err'], 'no clear text', g)
meta(token_endpoint='https://localhost:1/\x1b[31m\x9b\u202e')
g = run('dev', env=dict(ENV, patient='x'))	# a variable of the script's
case.check(g['rc'] == 75 and 'https://localhost:1/[31m: ' in g['err'] and
           g['err'].isascii() and '\x1b' not in g['err'],
           'a URL that is none, for a terminal', g)
META.clear()
g = run('dev')
case.check(g['rc'] == 76 and 'RFC 8414' in g['err'], 'no metadata', g)
meta()
conf('dev', 'client-id cid', 'password s3cret')
g = run('dev')
case.check(g['rc'] == 78 and 'line 4' in g['err'] and 's3cret' not in g['err'],
           'an unknown key', g)
conf('dev', '\r', 'client-id cid\r', 'grant device\r', 'port 0\r')
keep('dev')
g = run('dev')
case.check(g['rc'] == 77, 'a file from Windows', g)
MODES = 0o640, 0o604, 0o602, 0o620
for mode in MODES:
    conf('mode%o' % mode, 'client-id cid', mode=mode)
for mode, g in zip(MODES, beside(start, [['mode%o' % m] for m in MODES])):
    case.check(g['rc'] == 78 and 'chmod 600' in g['err'],
               'others can get at it: %o' % mode, g)
conf('dev', 'client-id cid', 'grant jwt')
case.check(run('dev')['rc'] == 78, 'an unknown grant')
conf('dev', 'client-id cid', provider='http://x.test')
case.check(run('dev')['rc'] == 78, 'a provider without TLS')
conf('dev', 'client-id cid')
with open(T.name + '/config/postbag/token/dev') as f:
    text = f.read().replace('ca %s/ca.pem' % T.name, '')
with open(T.name + '/config/postbag/token/dev', 'w') as f:
    f.write(text)
g = run('dev')
case.check(g['rc'] == 75 and 'ertificate' in g['err'] and not g['log'],
           'a certificate that nobody vouches for', g)
for bad in ([], ['../x'], ['a', 'b'], ['-z', 'a'], ['.x'], ['']):
    case.check(run(*bad)['rc'] == 64, 'usage: %s' % bad)
case.check(run('nobody')['rc'] == 78, 'no such file')

# ---- what is there already, and what there is no room for
conf('dev', 'client-id cid')
META.clear()
keep('dev', access_token='good', got=int(time.time()), until=int(time.time()) + 3600)
g = run('dev')
case.check(g['rc'] == 0 and g['out'] == 'good\n' and not g['log'],
           'a token that is good needs no server', g)
g = run('dev', env=dict(ENV, TMPDIR=T.name + '/none'))
case.check(g['rc'] == 0 and g['out'] == 'good\n', 'no room', g)
with open(T.name + '/state/postbag/token/dev.lock', 'w') as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    g = run('dev')
case.check(g['rc'] == 0 and g['out'] == 'good\n', 'and no end of a login', g)
meta()
keep('dev', access_token='old', refresh_token='rt', got=0, until=1)
before = kept('dev')
g = run('dev', disk=FULL)
case.check(g['rc'] == 73 and not g['log'] and kept('dev') == before,
           'no room: nothing is asked for that cannot be kept', g)
case.check(not [x for x in os.listdir(T.name + '/state/postbag/token')
                if x.endswith('.new')], 'and what there is of it is not taken')
home = {k: v for k, v in ENV.items() if k not in ('HOME', 'XDG_CONFIG_HOME')}
g = run('nobody-at-all', env=home)
case.check(g['err'].startswith('mail-token: ' + pwd.getpwuid(os.getuid()).pw_dir),
           'no HOME: that of the user', g)
case.check(not [x for x in os.listdir(T.name) if x.startswith('tmp.')],
           'nothing is left behind', os.listdir(T.name))
case.end()
