/* near_file.h: folders and files below the root, by names of one part */
#ifndef NEAR_FILE_H
#define NEAR_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * A descriptor of the folder, which is no symbolic link, made with mode 0700 if
 * make is set and it is not there; or -1 and errno.
 */
int near_file_enter(int at, const char *name, bool make);
/*
 * From here on near_file_enter follows that symbolic link, path below root, to
 * the folder where it leads now, and nowhere else.  0, also if it does so
 * already; 1: it is none; -1 and errno, EEXIST if another one that is followed
 * leads there.  *to is the folder.
 */
int near_file_follow(int root, const char *path, struct stat *to);
/* Closes *fd if it is open, and sets it to -1. */
void near_file_shut(int *fd);

/*
 * From one folder to another, never over another file.  To another file system
 * it is copied, with its time: durable there, also by its name, before it is
 * removed here.  *ino becomes its inode if that changed; it may be NULL.
 * 0, 1 it is not there, 2 the other is there, -1 and errno.
 */
int near_file_rename(int from, const char *, int to, const char *,
    uint64_t *ino);

#endif
