#!/usr/bin/env -S python3 -B
"""Programs that mail through sendmail(8), as mailsend(1) has their configuration:
each is run, and what it says arrives.  In a mount namespace, in which mailsend is
/usr/sbin/sendmail.  git, PHP and mail(1) are in sendmail.t."""
import email
import email.policy
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.dirname(os.path.abspath(__file__)) + '/../..')
if os.geteuid() != 0 or subprocess.run(['unshare', '-m', 'true'],
                                       stderr=subprocess.DEVNULL).returncode:
    print('1..0 # SKIP needs root and mount namespaces')
    sys.exit(0)
if 'PROGRAMS_T' not in os.environ:
    os.environ['PROGRAMS_T'] = '1'
    os.execvp('unshare', ['unshare', '-m', '--propagation', 'private',
                          sys.executable, '-B', os.path.abspath(__file__)])
sys.path.insert(0, ROOT + '/tests/lab')
from fetchfake import Case  # noqa: E402
from queuefake import BUILD, Smtp  # noqa: E402

case = Case()
d = tempfile.mkdtemp(prefix='programs.')
os.chmod(d, 0o755)
shutil.copy(BUILD + '/mailsend', d + '/sendmail')


def mount(*args):
    return subprocess.run(['mount'] + list(args)).returncode


def hide(path, mode=0o755, owner=(0, 0)):
    """A folder of ours in place of the system's."""
    os.makedirs(path, exist_ok=True)
    mount('-t', 'tmpfs', 'tmpfs', path)
    os.chmod(path, mode)
    os.chown(path, *owner)


s = Smtp()
s.start()
if not os.path.exists('/usr/sbin/sendmail'):
    hide('/usr/sbin')           # of nothing else there is any need
    shutil.copy(d + '/sendmail', '/usr/sbin/sendmail')
mount('--bind', d + '/sendmail', os.path.realpath('/usr/sbin/sendmail'))
hide('/etc/postbag')
with open('/etc/postbag/config', 'w') as f:
    f.write('account default\nsmtp smtp://127.0.0.1:%d\ntls off\n'
            'from machine@x.test\naliases /etc/postbag/aliases\n' % s.port)
with open('/etc/postbag/aliases', 'w') as f:
    f.write('root: admin@x.test\n')
ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': d, 'LC_ALL': 'C.UTF-8'}


def run(*args, text='', **env):
    p = subprocess.run(list(args), input=text.encode(), cwd=d, timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env=dict(ENV, **env))
    return p.returncode, p.stdout.decode('utf-8', 'replace')


def arrives(name, word, subject, to='admin@x.test', said=''):
    end = time.time() + 40
    while not s.got and time.time() < end:
        time.sleep(0.05)
    m = email.message_from_bytes(s.got[0][2], policy=email.policy.default) \
        if s.got else None
    body = m.get_body(('plain',)) if m else None
    case.check(m is not None and s.got[0][1] == [to] and
               subject in str(m['subject']) and body is not None and
               word in body.get_content() and '@' in str(m['from']),
               name + ': arrives', (said, s.got))
    s.got = []


def there(program):
    if shutil.which(program, path=ENV['PATH']):
        return True
    case.n += 1
    print('ok %d - %s # SKIP it is not here' % (case.n, program))
    return False


if there('cron'):
    hide('/run')
    hide('/var/spool/cron')
    hide('/etc/cron.d')
    os.makedirs('/var/spool/cron/crontabs')
    with open('/etc/cron.d/test', 'w') as f:
        f.write('MAILTO=root\n@reboot root printf "10\\r20\\nGr\\303\\266\\303'
                '\\237e\\n"\n')
    os.chmod('/etc/cron.d/test', 0o644)
    p = subprocess.Popen(['cron', '-f'], env=ENV)
    arrives('cron', 'Größe', 'Cron <root@')
    p.terminate()
    p.wait()

if there('atd'):
    import pwd
    who = pwd.getpwnam('daemon')
    hide('/var/spool/cron/atjobs', 0o1770, (who.pw_uid, who.pw_gid))
    hide('/var/spool/cron/atspool', 0o1770, (who.pw_uid, who.pw_gid))
    with open('/var/spool/cron/atjobs/.SEQ', 'w') as f:
        f.write('0\n')
    os.chown('/var/spool/cron/atjobs/.SEQ', who.pw_uid, who.pw_gid)
    said = run('at', '-m', 'now', text='echo said by at\n')
    said += run('atd', '-s')
    arrives('at', 'said by at', 'Output from your job', said=said)

if there('s-nail'):
    with open(d + '/nailrc', 'w') as f:
        f.write('set mta=/usr/sbin/sendmail\n')
    said = run('s-nail', '-s', 'by s-nail ü', '-r', 'jo@x.test', 'al@x.test',
               text='said ü\n.\n', MAILRC=d + '/nailrc')
    arrives('s-nail', 'said ü', 'by s-nail ü', 'al@x.test', said)

if there('mutt'):
    with open(d + '/.muttrc', 'w') as f:
        f.write('set sendmail="/usr/sbin/sendmail -oem -oi"\nset record=\n'
                'set use_envelope_from=yes\nset from=jo@x.test\n')
    said = run('mutt', '-F', d + '/.muttrc', '-s', 'by mutt', 'al@x.test',
               text='said by mutt\n')
    arrives('mutt', 'said by mutt', 'by mutt', 'al@x.test', said)

warn = '/usr/share/smartmontools/smartd_warning.sh'
if os.path.exists(warn) and there('mail'):
    said = run('sh', warn, SMARTD_MAILER='mail', SMARTD_ADDRESS='root',
               SMARTD_DEVICE='/dev/sda', SMARTD_DEVICESTRING='/dev/sda',
               SMARTD_DEVICETYPE='sat', SMARTD_FAILTYPE='EmailTest',
               SMARTD_MESSAGE='TEST EMAIL from smartd for device: /dev/sda',
               SMARTD_PREVCNT='0', SMARTD_NEXTDAYS='', SMARTD_TFIRST='now',
               SMARTD_DEVICEINFO='a disk', SMARTD_TFIRSTEPOCH='1')
    arrives('smartd', 'TEST EMAIL from smartd', 'SMART error', said=said)
else:
    case.n += 1
    print('ok %d - smartd # SKIP it is not here' % case.n)

if there('monit'):
    with open(d + '/told', 'w') as f:
        f.write('#!/bin/sh\nprintf "To: root\\nSubject: monit: %s\\n\\n%s\\n" '
                '"$MONIT_SERVICE" "$MONIT_DESCRIPTION" | /usr/sbin/sendmail -t\n')
    os.chmod(d + '/told', 0o755)
    with open(d + '/monitrc', 'w') as f:
        f.write('set daemon 1\nset pidfile %(d)s/pid\nset statefile %(d)s/state\n'
                'set idfile %(d)s/id\ncheck file gone with path %(d)s/gone\n'
                '  if does not exist then exec "%(d)s/told"\n' % {'d': d})
    os.chmod(d + '/monitrc', 0o600)
    p = subprocess.Popen(['monit', '-I', '-c', d + '/monitrc'], env=ENV,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    arrives('monit', 'exist', 'monit: gone')
    p.terminate()
    p.wait()
s.stop()
os.chdir('/')
shutil.rmtree(d, ignore_errors=True)
case.end()
