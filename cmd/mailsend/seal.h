/* seal.h: DKIM signatures on what is sent, and keys for them */
#ifndef SEAL_H
#define SEAL_H

#include "fail.h"
#include "letter.h"
#include "mem.h"
#include "opt.h"

/* The keys of --dkim; they live until seal_close. */
struct seal;

/*
 * Reads the keys of a list of SELECTOR:DOMAIN:KEYFILE: before the sandbox.  NULL
 * if the list is empty, or EX_USAGE, EX_NOINPUT, EX_CONFIG.
 */
struct seal *seal_open(const struct opt_list *, struct arena *, struct err *);
void seal_close(struct seal *);

/*
 * Signs the letter in its 7-bit form (RFC 6376 section 5.3), which it has from
 * then on, with each key whose domain is that of From or above it.  Once: a
 * letter that was signed stays as it is.  quiet: not told if no key fits.
 */
int seal_letter(const struct seal *, struct letter *, bool quiet,
    struct err *);

/*
 * --dkim-new SELECTOR:DOMAIN[:TYPE]: a new key in SELECTOR.DOMAIN.pem, never
 * over another file, and its DNS record on standard output.
 */
int seal_new(const char *spec, bool quiet, struct arena *, struct err *);

#endif
