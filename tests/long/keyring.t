#!/usr/bin/env bash
# mail-setup with GNOME's keyring, which brings a hundred packages.
. "$(dirname "$0")/../lib.sh"
for p in gnome-keyring-daemon secret-tool dbus-daemon; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
KEYRING=1 exec "$(dirname "$0")/../server/setup.t"
