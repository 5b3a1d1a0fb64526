/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of transfers: one table, long names with their value behind "=" or as the next word. */
#include "transfer/request.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "transfer/url.h"

typedef int read_function(struct request *request, const char *value, struct error **err);

static int read_class(struct request *request, const char *value, struct error **err)
{
    return class_parse(value, &request->class, err);
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static int read_verify(struct request *request, const char *value, struct error **err)
{
    static const char *const names[] = {
        [VERIFY_NO] = "no", [VERIFY_CHECKSUM] = "checksum", [VERIFY_SIGNATURE] = "signature"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(value, names[i]) == 0) {
            request->verify = (enum verify_mode) i;
            return 0;
        }
    if (is_sha256(value)) {
        request->verify = VERIFY_CHECKSUM;
        request->expected = value;
        return 0;
    }
    fail_plain(err, EINVAL, "Failed to parse --verify= setting: %s", value);
    fail_id(*err, "R5041");
    fail_hint(*err, "it is one of no, checksum and signature, or the SHA-256 that the file must have");
    return -EINVAL;
}

static int read_format(struct request *request, const char *value, struct error **err)
{
    static const char *const formats[] = {"uncompressed", "xz", "gzip", "bzip2", "zstd", "zst", "lz4"};

    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(value, formats[i]) == 0) {
            request->format = value;
            return 0;
        }
    fail_plain(err, EINVAL, "Unknown format: %s", value);
    fail_id(*err, "R5042");
    fail_hint(*err, "it is one of uncompressed, xz, gzip, bzip2, zstd and lz4");
    return -EINVAL;
}

static int read_keep(struct request *request, const char *value, struct error **err)
{
    int r = value ? parse_boolean(value) : 0;

    if (r < 0) {
        fail_plain(err, EINVAL, "Failed to parse --keep-download= argument: %s", value);
        fail_id(*err, "R5043");
        fail_hint(*err, "'%s' is neither yes nor no", value);
        return r;
    }
    request->keep_download = r;
    return 0;
}

static int read_mirror(struct request *request, const char *value, struct error **err)
{
    if (url_check(value, err) < 0)
        return -error_code(*err);
    strings_add(&request->mirrors, value);
    return 0;
}

static int read_json(struct request *request, const char *value, struct error **err)
{
    static const char *const names[] = {"off", "short", "pretty"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(value, names[i]) == 0) {
            request->json = i > 0 ? names[i] : NULL;
            return 0;
        }
    fail_plain(err, EINVAL, "Unknown argument to --json= switch: %s", value);
    fail_id(*err, "R5044");
    fail_hint(*err, "it is one of pretty, short and off");
    return -EINVAL;
}

/* clang-format off */
static const struct option_row {
    const char *name;           /* "--class"; "-m" and its like set a value of their own */
    bool takes_value;
    const char *value;          /* given to READ where the option takes none */
    read_function *read;
    size_t flag, text;          /* without READ: a bool or a const char * of struct request; 0: none */
} rows[] = {
    {"--class",         true,  NULL,       read_class, 0, 0},
    {"-m",              false, "machine",  read_class, 0, 0},
    {"-P",              false, "portable", read_class, 0, 0},
    {"-S",              false, "sysext",   read_class, 0, 0},
    {"-C",              false, "confext",  read_class, 0, 0},
    {"--verify",        true,  NULL,       read_verify, 0, 0},
    {"--format",        true,  NULL,       read_format, 0, 0},
    {"--keep-download", true,  NULL,       read_keep, 0, 0},
    {"-N",              false, NULL,       read_keep, 0, 0},
    {"--mirror",        true,  NULL,       read_mirror, 0, 0},
    {"--json",          true,  NULL,       read_json, 0, 0},
    {"-j",              false, "pretty",   read_json, 0, 0},
    {"--read-only",     false, NULL,       NULL, offsetof(struct request, read_only), 0},
    {"--force",         false, NULL,       NULL, offsetof(struct request, force), 0},
    {"--quiet",         false, NULL,       NULL, offsetof(struct request, quiet), 0},
    {"-q",              false, NULL,       NULL, offsetof(struct request, quiet), 0},
    {"--user",          false, NULL,       NULL, offsetof(struct request, user_scope), 0},
    {"--system",        false, NULL,       NULL, 0, 0},
    {"--locked",        false, NULL,       NULL, offsetof(struct request, locked), 0},
    {"--no-pager",      false, NULL,       NULL, 0, 0},
    {"--no-legend",     false, NULL,       NULL, 0, 0},
    {"--no-ask-password", false, NULL,     NULL, 0, 0},
    {"--program",       true,  NULL,       NULL, 0, offsetof(struct request, program)},
    {"--image-root",    true,  NULL,       NULL, 0, offsetof(struct request, image_root)},
    {"--lock-file",     true,  NULL,       NULL, 0, offsetof(struct request, lock_file)},
    {"--platform",      true,  NULL,       NULL, 0, offsetof(struct request, platform)},
    {"--server",        true,  NULL,       NULL, 0, offsetof(struct request, server)},
    {"--key",           true,  NULL,       NULL, 0, offsetof(struct request, key)},
    {"--incremental-since", true, NULL,    NULL, 0, offsetof(struct request, since)},
};
/* clang-format on */

static const struct option_row *find_row(const char *word, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strlen(rows[i].name) == size && strncmp(rows[i].name, word, size) == 0)
            return &rows[i];
    return NULL;
}

/* Reads the option at **WORDS, which is moved over its value. */
static int read_option(struct request *request, char ***words, struct error **err)
{
    const char *word = **words, *value = NULL;
    size_t size = strcspn(word, "=");
    const struct option_row *row = find_row(word, size);

    if (!row) {
        fail_plain(err, EINVAL, "unrecognized option '%.*s'", (int) size, word);
        fail_id(*err, "R5045");
        return -EINVAL;
    }
    if (row->takes_value) {
        value = word[size] ? word + size + 1 : *++*words;
        if (!value) {
            fail_plain(err, EINVAL, "option '%s' requires an argument", row->name);
            fail_id(*err, "R5046");
            return -EINVAL;
        }
    } else if (word[size]) {
        fail_plain(err, EINVAL, "option '%s' doesn't allow an argument", row->name);
        fail_id(*err, "R5047");
        return -EINVAL;
    }
    if (row->read)
        return row->read(request, row->takes_value ? value : row->value, err);
    if (row->flag)
        *(bool *) ((char *) request + row->flag) = true;
    if (row->text)
        *(const char **) ((char *) request + row->text) = value;
    return 0;
}

static int check(const struct request *request, struct error **err)
{
    int n = (int) request->words.count;
    int most = request->locked ? 1 : request->verb->max_words;     /* a line has its own source and name */

    if (n < request->verb->min_words || (most >= 0 && n > most)) {
        fail_plain(err, EINVAL, n < request->verb->min_words ? "Too few arguments." : "Too many arguments.");
        fail_id(*err, "R5048");
        return -EINVAL;
    }
    if (request->verb->needs_class && request->class == CLASS_NONE) {
        fail_plain(err, EINVAL,
                   "No image class specified, retry with --class= set to one of: machine (downloads to "
                   "/var/lib/machines/), portable (downloads to /var/lib/portables/), sysext (downloads to "
                   "/var/lib/extensions/), confext (downloads to /var/lib/confexts/).");
        fail_id(*err, "R5049");
        return -EINVAL;
    }
    return 0;
}

int request_read(struct request *request, const struct transfer_verb *verbs, size_t n_verbs, char **words,
                 struct error **err)
{
    bool only_words = false;

    request->keep_download = -1;
    request->verify = VERIFY_SIGNATURE;
    for (; *words; words++) {
        if (!only_words && strcmp(*words, "--") == 0)
            only_words = true;
        else if (!only_words && (*words)[0] == '-' && (*words)[1]) {
            if (read_option(request, &words, err) < 0)
                return -error_code(*err);
        } else if (!request->verb) {
            for (size_t i = 0; i < n_verbs; i++)
                if (strcmp(verbs[i].name, *words) == 0)
                    request->verb = &verbs[i];
            if (!request->verb) {
                fail_plain(err, EINVAL, "Unknown command verb '%s'", *words);
                fail_id(*err, "R5040");
                return -EINVAL;
            }
        } else
            strings_add(&request->words, *words);
    }
    if (!request->verb) {
        fail_plain(err, EINVAL, "it takes a verb: import-tar, import-raw, import-fs, export-tar, export-raw, …");
        fail_id(*err, "R5040");
        return -EINVAL;
    }
    if (geteuid() != 0)
        request->user_scope = true;
    return check(request, err);
}

void request_done(struct request *request)
{
    strings_done(&request->mirrors);
    strings_done(&request->words);
}

const char *request_word(const struct request *request, size_t index)
{
    if (index >= request->words.count || strcmp(request->words.item[index], "-") == 0)
        return NULL;
    return request->words.item[index];
}
