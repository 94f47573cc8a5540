/* idn.h: internationalised domain names, by libidn2 if built with it */
#ifndef IDN_H
#define IDN_H

#include <stdbool.h>

/* Whether this was built with libidn2. */
bool idn_here(void);
const char *idn_version(void);	/* libidn2's; NULL: without */

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
