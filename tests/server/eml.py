"""What Python's email package reads in a message: one fact a line."""
import email
import email.policy
import hashlib
import sys

with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f, policy=email.policy.default)
for name in ("From", "To", "Cc", "Subject", "Date", "Bcc"):
    if m[name] is not None:
        print(f"{name}: {m[name]}")
for part in m.walk():
    if part.is_multipart():
        print("multipart", part.get_content_type())
        continue
    data = part.get_payload(decode=True)
    print("part", part.get_content_type(), part.get_filename(),
          hashlib.sha256(data).hexdigest())
    if part.get_content_type() == "text/plain" and not part.get_filename():
        print("text:", part.get_content().strip())
    for d in part.defects:
        print("defect", d)
