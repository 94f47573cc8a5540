/* import.h: other programs' configuration as ours */
#ifndef IMPORT_H
#define IMPORT_H

#include "fail.h"

/* Prints it; what kind of file it is its name says. */
int import_run(const char *path, struct err *);

#endif
