#!/usr/bin/env -S python3 -B
"""--import-state: what a run does then, by folders and by places."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg, subjects  # noqa: E402

case = Case()
# Each folder of it has the same messages.
s = Serve(Imap({i: msg(i) for i in (5, 7, 9)},
               folders=('INBOX', 'Lists/a', 'Odd:/x')))


def comes(name, text, want, *folders):
    r, file = Run(), name.replace('PORT', str(s.port))
    r.write(file, text)
    which = [x for f in folders for x in ('-f', f)]
    r.go('imap', s, '--import-state', r.d + '/' + file, *which, maildir=False)
    case.check(r.rc == 0, '%s, %s: taken over' % (name, folders),
               (r.rc, r.err))
    r.go('imap', s, *which, '-d', "exec:sh -c 'echo \"$POSTBAG_FOLDER "
         "$POSTBAG_UID\"'", maildir=False)
    case.check(sorted(r.out.splitlines()) == want, 'the others come',
               (r.rc, r.out, r.err))


OLD = 'oldmail-127.0.0.1-PORT-a'
comes(OLD + '-Lists.a', '7/5\0001\n7/Lists/a/7\0001\n', [
    'INBOX 5', 'INBOX 7', 'INBOX 9', 'Lists/a 9'], 'INBOX', 'Lists/a')
comes(OLD + '-Odd.x', '7/5\0001\n', ['Odd:/x 7', 'Odd:/x 9'], 'Odd:/x')
comes(OLD + '-INBOX', '8/5\0001\n', ['INBOX 5', 'INBOX 7', 'INBOX 9'], 'INBOX')
comes('seen', '7/5\0001\n', ['Lists/a 7', 'Lists/a 9'], 'Lists/a')
comes('seen', '7/5\0001\n', ['INBOX 7', 'INBOX 9', 'Lists/a 5', 'Lists/a 7',
                             'Lists/a 9'], 'Lists/a', 'INBOX')
s.close()

# For each place, those that are added later as well.
r, s = Run(), Serve(Pop())
ids = r.write('ids', 'a@127.0.0.1 u1\nb@127.0.0.1 u2\na@127.0.0.1 u4\n')
r.go('pop3', s, '--import-state', ids, maildir=False)
r.go('pop3', s, '-d', 'maildir:%s/M2' % r.d)
case.check(r.rc == 0 and sorted(subjects(r.files())) == [2, 3, 5] and
           len(os.listdir(r.d + '/M2/new')) == 3, 'by POP3, in no place',
           (r.rc, r.err, subjects(r.files())))
s.close()
case.end()
