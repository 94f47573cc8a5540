/* program.h: how each of the tools begins and ends */
#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * First of all: the name for fail_print, and whoever closed one of the first
 * three descriptors does not find a connection or a file under its number.
 * Signals are as in a shell, whatever we inherited, and those that ask us to
 * end are heard from here on (stop.h); nobody else can write what we make;
 * $HOME is set if anybody knows it.
 */
void program_begin(const char *argv0);

/*
 * For who has a password: no core with it inside, no debugger of another
 * process, no file that others can read.  A pipe that is closed is an error
 * of write(2), not the end.
 */
void program_private(void);

/* Closes a descriptor of our caller's; 0, 1 and 2 stay taken, but useless. */
void program_close(int fd);

/* As many descriptors as may be had; how many that is. */
unsigned long program_files(void);

/*
 * Last of all: the exit status, at least EX_IOERR where stdout could not be
 * written.  An answer that is no failure (1 of --check, a plugin's) stays.
 * After a stop: EX_TEMPFAIL for any failure, and a line that says so.
 */
int program_end(int status);

#endif
