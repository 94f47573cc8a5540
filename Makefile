# postbag.  The daily words: make, make check, make bench, make fuzz, make lint,
# make install (DESTDIR, PREFIX).  SAN=1 builds with ASan and UBSan in build-san,
# SAN=thread with TSan in build-tsan.  OS=posix builds in build-posix.

VERSION = 0.1
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
SHAREDIR = $(PREFIX)/share/postbag
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

TOOLS = $(sort $(basename $(notdir $(wildcard cmd/*.c))) $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c))))
# What users run beside the tools; each has a manual page, too.
SCRIPTS = mail-shard mx-shard mail-doctor mail-ports check_mail_ports cert-watch mail-forward mail-alert mail-token mail-setup mail-ping

OPTIMISE = -O2
# OS=posix: without what only Linux has, in build-posix; see common/os.h.
OS = linux
NOT_OS = $(filter-out $(OS),linux posix)
ifeq ($(OS),posix)
OS_FLAG = -DOS_POSIX
endif
B = build$(OS:%=-%)
B := $(B:%-linux=%)
ifeq ($(SAN),thread)
B := $(B)-tsan
OPTIMISE = -O1
SANITIZE := -fsanitize=thread -fno-omit-frame-pointer
HARDEN =
else ifdef SAN
B := $(B)-san
OPTIMISE = -O1
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DJSON_CHECK
HARDEN =
# gcc's sanitizers in the program, where it has them so (Fedora packages them
# apart): a start takes a fifth less, and the tests start thousands.  clang's
# are there in any case.
STATIC_SAN := $(if $(or $(findstring clang,$(shell $(CC) --version)),$(filter-out /%,$(foreach l,asan ubsan,$(shell $(CC) -print-file-name=lib$(l).a)))),,-static-libasan -static-libubsan)
else
HARDEN = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection $(BRANCHES)
# Tables for exceptions are an eighth of a program, and C has none: debuggers
# take theirs from the debugging information, and no thread is cancelled.
UNWIND = -fno-asynchronous-unwind-tables
endif
# Where jumps may go, as far as the processor can check it.
MACHINE := $(shell $(CC) -dumpmachine)
BRANCHES = $(if $(filter x86_64-%,$(MACHINE)),-fcf-protection) $(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)

# What pkg-config finds is used: $(call found,PACKAGE,MACRO).
pkg = $(shell pkg-config $(1) 2>/dev/null)
define found
ifeq ($$(shell pkg-config --exists $(1) 2>/dev/null && echo yes),yes)
FOUND_FLAGS := $$(FOUND_FLAGS) -D$(2) $$(call pkg,--cflags $(1))
FOUND_LIBS := $$(FOUND_LIBS) $$(call pkg,--libs $(1))
endif
endef
$(eval $(call found,zlib,HAVE_ZLIB))
$(eval $(call found,libidn2,HAVE_IDN2))
OPENSSL_FLAGS := $(call pkg,--cflags openssl)
OPENSSL_LIBS := $(or $(call pkg,--libs openssl),-lssl -lcrypto)

WARN = -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wformat=2 -Wvla -Wundef -Wimplicit-fallthrough
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OS_FLAG) -DVERSION='"$(VERSION)"' -iquote common $(OPTIMISE) $(WARN) $(HARDEN) $(UNWIND) -fPIE -fno-strict-aliasing '-ffile-prefix-map=$(CURDIR)=.' -ffunction-sections -fdata-sections $(OPENSSL_FLAGS) $(FOUND_FLAGS) $(SANITIZE) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections $(SANITIZE) $(STATIC_SAN) $(LDFLAGS)
LIBS = $(OPENSSL_LIBS) $(FOUND_LIBS) -pthread

LIBRARY = $(filter-out %_$(NOT_OS).c,$(wildcard common/*.c))
COMMON = $(LIBRARY:%.c=$(B)/%.o)
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c))
LAB = $(patsubst tests/lab/%.c,$(B)/lab/%,$(wildcard tests/lab/*.c)) $(B)/lab/killn.so $(B)/lab/starve.so $(B)/lab/swap.so $(B)/lab/failn.so $(B)/lab/imapbox

all: $(TOOLS:%=$(B)/%)

# A tool is cmd/NAME.c or all of cmd/NAME/*.c.
define tool
$(B)/$(1): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/$(1).c cmd/$(1)/*.c)) $(B)/libpostbag.a
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

$(B)/libpostbag.a: $(COMMON)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/%: tests/unit/%.c $(B)/libpostbag.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -iquote tests -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(B)/libpostbag.a $(LIBS)

# Parts of a tool are tested as a library, without its main: of an archive, so
# that a test may have its own in the place of one.
define parts
$(B)/cmd/$(1)/parts.a: $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(wildcard cmd/$(1)/*.c)))
	rm -f $$@
	$$(AR) rcs $$@ $$^
$(filter $(B)/tests/$(1)_%,$(UNIT)): $(B)/tests/$(1)_%: tests/unit/$(1)_%.c $(B)/cmd/$(1)/parts.a $(B)/libpostbag.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -iquote tests -iquote cmd/$(1) -MMD -MP $$(ALL_LDFLAGS) -o $$@ $$< $(B)/cmd/$(1)/parts.a $(B)/libpostbag.a $$(LIBS)
endef
$(foreach t,$(sort $(foreach u,$(notdir $(UNIT)),$(filter $(firstword $(subst _, ,$(u))),$(TOOLS)))),$(eval $(call parts,$(t))))

$(B)/lab/%: tests/lab/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS)

$(B)/lab/imapbox: tests/server/imapbox.c $(B)/libpostbag.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -iquote tests -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(B)/libpostbag.a $(LIBS)

$(B)/lab/%.so: tests/crash/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -shared -fPIC $(WARN) -o $@ $< -ldl

tests: all $(UNIT) $(LAB)

# Quick: layers, circles, sizes, names, keys, manual against options, unit tests.  scripts/test is all.
check: tests
	scripts/dev/layers
	scripts/dev/circles $(B)
	scripts/dev/structs
	scripts/dev/statics
	scripts/dev/account-keys
	scripts/dev/check-man $(B)
	scripts/dev/schema $(B)
	prove -Q --exec '' $(UNIT)

# What a machine can run that has a compiler and no servers.
unit: $(UNIT)
	prove -Q --exec '' $(UNIT)

bench: tests
	tests/bench/run

# The manual as plain pages, build/html/index.html first.
PAGES = $(notdir $(wildcard man/*.[157]))
HTML = build/html
html:
	@mkdir -p $(HTML)
	for p in $(PAGES); do mandoc -T html -O 'style=postbag.css,man=%N.%S.html;https://man7.org/linux/man-pages/man%S/%N.%S.html' \
	    man/$$p > $(HTML)/$$p.html || exit 1; done
	cp share/html/postbag.css $(HTML)/postbag.css
	{ sed 's/@VERSION@/$(VERSION)/' share/html/head; \
	    for p in $(PAGES); do printf '<tr><td><a href="%s.html">%s</a></td><td>%s</td></tr>\n' \
		$$p "$${p%.*}($${p##*.})" "$$(sed -n 's/^\.Nd //p' man/$$p)"; done; \
	    echo '</table></body></html>'; } > $(HTML)/index.html

# The same tree gives the same bytes: sorted, nobody's, as old as the last commit.
DIST = postbag-$(VERSION)
DIST_TIME := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null))
dist:
	@mkdir -p build-dist
	{ git ls-files -z 2>/dev/null || find . ! -type d ! -path './build*' ! -name '*.pyc' -print0; } | \
	    LC_ALL=C sort -z | tar --null --no-recursion --files-from=- \
	    --format=ustar --owner=0 --group=0 --numeric-owner \
	    --mode=u+rw,go=rX,a-s --mtime=@$(or $(DIST_TIME),0) \
	    --transform='s,^\./,,S;s,^,$(DIST)/,S' -cf - | gzip -9n > build-dist/$(DIST).tar.gz
	@echo build-dist/$(DIST).tar.gz

# The packages for Debian: of what dist packs, in build-deb.
deb: dist
	rm -rf build-deb
	mkdir -p build-deb
	tar -C build-deb -xzf build-dist/$(DIST).tar.gz
	cd build-deb/$(DIST) && dpkg-buildpackage -b -us -uc $(DEB_FLAGS)
	@ls build-deb/*.deb

FUZZ = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_SECONDS = 30
FUZZ_FLAGS = $(filter-out -fPIE,$(ALL_CFLAGS)) -iquote tests -iquote cmd/imapsync -iquote cmd/mailfetch -iquote cmd/mailsend -iquote cmd/mxlookup -O1 -fno-sanitize-recover=all
# An archive: a target may have its own in place of a module (server.h).
FUZZ_LIB = build-fuzz/libpostbag.a
$(FUZZ_LIB): $(LIBRARY:%.c=build-fuzz/%.o)
	$(AR) rcs $@ $^
# What a target named for a tool needs of it, beside the library.
SYNC_FUZZ = $(patsubst %,build-fuzz/cmd/imapsync/%.o,state state_log state_recs index import import_ways import_mbsync import_offlineimap import_regex map map_regex)
FETCH_FUZZ = $(patsubst %,build-fuzz/cmd/mailfetch/%.o,state import import_mpop import_getmail import_fetchmail fetchmail_lex)
SEND_FUZZ = $(patsubst %,build-fuzz/cmd/mailsend/%.o,batch_in pieces letter envelope aliases sendmail options unsubscribe import)
# All of mxlookup, but for its main and what the target has its own of.
MX_FUZZ = $(patsubst %.c,build-fuzz/%.o,$(filter-out %/main.c %/message_read.c,$(wildcard cmd/mxlookup/*.c)))
$(filter build-fuzz/mx%,$(FUZZ:%=build-fuzz/%)): $(MX_FUZZ)
$(filter build-fuzz/sync%,$(FUZZ:%=build-fuzz/%)): $(SYNC_FUZZ)
$(filter build-fuzz/fetch%,$(FUZZ:%=build-fuzz/%)): $(FETCH_FUZZ)
$(filter build-fuzz/send%,$(FUZZ:%=build-fuzz/%)): $(SEND_FUZZ)
build-fuzz/%.o: %.c $(wildcard common/*.h cmd/*/*.h)
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
build-fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) $(FUZZ_LIB)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $(filter-out %.h %.a,$^) $(FUZZ_LIB) $(LIBS)
# The same targets over their seeds alone, in the sanitized build.
need = $(patsubst build-fuzz/%,$(B)/%,$(if $(filter sync%,$(1)),$(SYNC_FUZZ)) $(if $(filter fetch%,$(1)),$(FETCH_FUZZ)) $(if $(filter send%,$(1)),$(SEND_FUZZ)) $(if $(filter mx%,$(1)),$(MX_FUZZ)))
define replay
$(B)/fuzz/$(1): tests/fuzz/$(1).c tests/replay.c $(call need,$(1)) $(B)/libpostbag.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -iquote tests -iquote cmd/imapsync -iquote cmd/mailfetch -iquote cmd/mailsend -iquote cmd/mxlookup $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach t,$(FUZZ),$(eval $(call replay,$(t))))
tests: $(if $(filter build-san,$(B)),$(FUZZ:%=$(B)/fuzz/%))
fuzz: $(FUZZ:%=build-fuzz/%)
	for t in $(FUZZ); do mkdir -p build-fuzz/corpus/$$t && \
	    build-fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -max_len=8192 \
	    -rss_limit_mb=512 -timeout=2 -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix=build-fuzz/$$t- build-fuzz/corpus/$$t \
	    $$(ls tests/fuzz/$$t.dict 2>/dev/null | sed 's/^/-dict=/') \
	    $$(ls -d tests/fuzz/seeds/$$t 2>/dev/null) || exit 1; \
	done

lint:
	scripts/dev/lint

# The completion for a shell, as it is installed.
COMPLETED = $(TOOLS) $(SCRIPTS)
complete = sed 's,@SHAREDIR@,$(SHAREDIR),; s,@COMMANDS@,$(COMPLETED),' scripts/completion/postbag.
install: all install-share
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7
	install -m 755 $(TOOLS:%=$(B)/%) $(SCRIPTS:%=scripts/%) $(DESTDIR)$(BINDIR)
	install -m 644 $(wildcard man/*.1) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(wildcard man/*.5) $(DESTDIR)$(MANDIR)/man5
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(MANDIR)/man7
	install -m 755 scripts/completion/complete $(DESTDIR)$(SHAREDIR)
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	for t in $(COMPLETED); do \
	    $(complete)bash > $(DESTDIR)$(BASHDIR)/$$t && $(complete)fish > $(DESTDIR)$(FISHDIR)/$$t.fish && \
	    chmod 644 $(DESTDIR)$(BASHDIR)/$$t $(DESTDIR)$(FISHDIR)/$$t.fish || exit 1; done
	$(complete)zsh > $(DESTDIR)$(ZSHDIR)/_postbag
	chmod 644 $(DESTDIR)$(ZSHDIR)/_postbag

# They name the programs where these are.
install-share:
	install -d $(DESTDIR)$(SHAREDIR)/systemd $(DESTDIR)$(SHAREDIR)/cron
	cd share && for f in systemd/* cron/*; do \
	    sed 's,/usr/bin/,$(BINDIR)/,' $$f > $(DESTDIR)$(SHAREDIR)/$$f && \
	    chmod 644 $(DESTDIR)$(SHAREDIR)/$$f || exit 1; done

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(BINDIR)/%) $(SCRIPTS:%=$(DESTDIR)$(BINDIR)/%) $(COMPLETED:%=$(DESTDIR)$(BASHDIR)/%) $(COMPLETED:%=$(DESTDIR)$(FISHDIR)/%.fish) $(DESTDIR)$(ZSHDIR)/_postbag $(DESTDIR)$(SHAREDIR)/complete
	cd share && for f in */*; do rm -f $(DESTDIR)$(SHAREDIR)/$$f; done
	for s in 1 5 7; do for m in man/*.$$s; do \
	    rm -f $(DESTDIR)$(MANDIR)/man$$s/$${m#man/}; done; done

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all tests check unit html dist deb bench fuzz lint install install-share uninstall clean
.SECONDARY:
