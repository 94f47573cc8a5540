/* idn.h: internationalised domain names, by libidn2 when the machine has it */
#ifndef IDN_H
#define IDN_H

#include <stdbool.h>

/*
 * libidn2 is loaded at the first name that needs it: most runs meet none, and
 * loading it costs every program more than the rest of its start.
 * Thread-safe.
 */
bool idn_here(void);

/*
 * Only if it is here.  name to A-labels (IDNA 2008, not transitional), or
 * A-labels to UTF-8: 0 and a string for idn_free, else an error for
 * idn_error.
 */
int idn_ascii(const char *name, char **ascii);
int idn_unicode(const char *name, char **utf8);
const char *idn_error(int);
void idn_free(char *);

#endif
