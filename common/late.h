/* late.h: a library loaded when the first of its functions is called */
#ifndef LATE_H
#define LATE_H

#include <stddef.h>

/*
 * What a program is linked with it pays for at every start: the libraries
 * are most of what --version costs.  Loads so and puts its n functions, in
 * the order of names, into the n pointers at table.  NULL when all are there;
 * otherwise the loader's own words, and table may be half full.  Stays loaded.
 */
const char *late_load(const char *so, const char *const *names, size_t n,
    void *table);

/*
 * The same for what postbag cannot do without: if it is not there the program
 * ends with status 71, as one that is linked with it would not begin.
 */
void late_need(const char *so, const char *const *names, size_t n,
    void *table);

#endif
