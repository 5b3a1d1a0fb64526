/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about what container and host see of each other: resolver, clock, journal, console, credentials. */
#include <errno.h>
#include <string.h>

#include "config/credential_parse.h"
#include "config/modes.h"
#include "config/option_parsers.h"
#include "config/quantity.h"

DEFINE_PATH(option_forward_journal, forward_journal)

PARSER(option_resolv_conf)
{
    if (resolv_mode_parse(value, &spec->resolv_method, &spec->resolv_source, err) < 0)
        return refuse(err, "R1155", mem_format("Failed to parse /etc/resolv.conf mode: %s", value));
    return 0;
}

PARSER(option_timezone)
{
    if (timezone_mode_parse(value, &spec->timezone, err) < 0)
        return refuse(err, "R1156", mem_format("Failed to parse /etc/localtime mode: %s", value));
    return 0;
}

PARSER(option_link_journal)
{
    if (journal_mode_parse(value, &spec->journal, err) < 0)
        return refuse(err, "R1157", mem_format("Failed to parse link journal mode %s", value));
    return 0;
}

static int journal_size_set(const char *flag, const char *value, uint64_t *ret, struct error **err)
{
    if (quantity_parse_bytes(value, ret) == 0)
        return 0;
    (void) fail_plain(err, EINVAL, "it is a number of bytes, with K, M, G or T: 512M");
    return refuse(err, "R1158", mem_format("Failed to parse --%s= value: %s", flag, value));
}

PARSER(option_forward_journal_max_use)
{
    return journal_size_set("forward-journal-max-use", value, &spec->forward_journal_max_use, err);
}

PARSER(option_forward_journal_keep_free)
{
    return journal_size_set("forward-journal-keep-free", value, &spec->forward_journal_keep_free, err);
}

PARSER(option_forward_journal_max_file_size)
{
    return journal_size_set("forward-journal-max-file-size", value, &spec->forward_journal_max_file_size, err);
}

PARSER(option_forward_journal_max_files)
{
    if (parse_u64(value, &spec->forward_journal_max_files) < 0) {
        (void) fail_plain(err, EINVAL, "it is a plain number");
        return refuse(err, "R1158", mem_format("Failed to parse --forward-journal-max-files= value: %s", value));
    }
    return 0;
}

PARSER(option_console)
{
    if (console_mode_parse(value, &spec->console, err) < 0)
        return refuse(err, "R1159", mem_format("Unknown console mode: %s", value));
    return 0;
}

/* What the string means is the console's business; here it only has to be one that could be typed. */
PARSER(option_console_escape)
{
    bool typed = true;

    for (const char *p = value; *p; p++)
        typed = typed && *p > ' ' && *p < 127;
    if (!typed || strlen(value) > 16) {
        (void) fail_plain(err, EINVAL,
                          "an escape is up to 16 printable ASCII characters without blanks, as in ~. or ^A");
        return refuse(err, "R1166", mem_format("Failed to parse --console-escape= argument: %s", value));
    }
    text_set(&spec->escape, value);
    return 0;
}

/* Parameters of the terminal's SGR sequence: numbers parted by ";". Empty: no background. */
PARSER(option_background)
{
    bool digit_next = *value != '\0';

    for (const char *p = value; *p; p++) {
        bool digit = *p >= '0' && *p <= '9';

        if (!digit && (*p != ';' || digit_next)) {
            digit_next = true;
            break;
        }
        digit_next = !digit;
    }
    if (digit_next) {
        (void) fail_plain(err, EINVAL, "a colour is numbers parted by ';', as in 44 or 48;2;0;0;64");
        return refuse(err, "R1167", mem_format("Invalid --background= argument: %s", value));
    }
    free(spec->background);
    spec->background = mem_copy_string(value);
    return 0;
}

static int credential_add(struct spec *spec, struct credential credential, struct error **err)
{
    for (size_t i = 0; i < spec->n_credentials; i++)
        if (strcmp(spec->credentials[i].id, credential.id) == 0) {
            (void) fail_plain(err, EEXIST, "Duplicated credential '%s', refusing.", credential.id);
            fail_id(*err, "R1168");
            credential_done(&credential);
            return -EEXIST;
        }
    MEM_GROW(spec->credentials, spec->n_credentials);
    spec->credentials[spec->n_credentials++] = credential;
    return 0;
}

PARSER(option_set_credential)
{
    struct credential credential;

    if (credential_parse_set(value, &credential, err) < 0)
        return -error_code(*err);
    return credential_add(spec, credential, err);
}

PARSER(option_load_credential)
{
    struct credential credential;

    if (credential_parse_load(value, &credential, err) < 0)
        return -error_code(*err);
    return credential_add(spec, credential, err);
}
