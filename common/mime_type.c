/* mime_type.c: what is in a file, by the end of its name */
#include "mime.h"

static const char *const types[][2] = {
	{ "7z", "application/x-7z-compressed" },
	{ "asc", "text/plain" }, { "avi", "video/x-msvideo" },
	{ "avif", "image/avif" }, { "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" }, { "c", "text/x-c" },
	{ "conf", "text/plain" }, { "css", "text/css" },
	{ "csv", "text/csv" }, { "diff", "text/x-diff" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "eml", "message/rfc822" }, { "eps", "application/postscript" },
	{ "epub", "application/epub+zip" }, { "flac", "audio/flac" },
	{ "gif", "image/gif" }, { "gz", "application/gzip" },
	{ "h", "text/x-c" }, { "heic", "image/heic" },
	{ "htm", "text/html" }, { "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" }, { "ics", "text/calendar" },
	{ "jpeg", "image/jpeg" }, { "jpg", "image/jpeg" },
	{ "js", "text/javascript" }, { "json", "application/json" },
	{ "log", "text/plain" }, { "m4a", "audio/mp4" },
	{ "md", "text/markdown" }, { "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" }, { "mp4", "video/mp4" },
	{ "mpeg", "video/mpeg" }, { "mpg", "video/mpeg" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ogg", "audio/ogg" }, { "opus", "audio/opus" },
	{ "p7m", "application/pkcs7-mime" },
	{ "p7s", "application/pkcs7-signature" },
	{ "patch", "text/x-diff" }, { "pdf", "application/pdf" },
	{ "pgp", "application/pgp-encrypted" }, { "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "ps", "application/postscript" }, { "rtf", "application/rtf" },
	{ "sh", "text/x-sh" }, { "sig", "application/pgp-signature" },
	{ "svg", "image/svg+xml" }, { "tar", "application/x-tar" },
	{ "tgz", "application/gzip" }, { "tif", "image/tiff" },
	{ "tiff", "image/tiff" }, { "tsv", "text/tab-separated-values" },
	{ "txt", "text/plain" }, { "vcf", "text/vcard" },
	{ "wav", "audio/x-wav" }, { "webm", "video/webm" },
	{ "webp", "image/webp" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "xml", "application/xml" }, { "xz", "application/x-xz" },
	{ "yaml", "application/yaml" }, { "yml", "application/yaml" },
	{ "zip", "application/zip" }, { "zst", "application/zstd" }
};

const char *
mime_type(struct str name)
{
	size_t i;

	for (i = name.n; i > 0 && name.p[i - 1] != '.'; i--)
		;
	name = str_from(name, i);
	if (i < 2)				/* no dot, or a hidden file */
		return NULL;
	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (str_is(name, types[i][0]))
			return types[i][1];
	return NULL;
}
