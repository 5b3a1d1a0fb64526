/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bound users as JSON. The order of the members is that of the reference, for readers with grep. */
#include "runtime/bind_user_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SERVICE "io.systemd.NSpawn"

/* Length of the UTF-8 character at P, 0 when there is none (RFC 3629: shortest form, no surrogates). */
static size_t utf8_length(const unsigned char *p)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (*p < forms[i].first_low || *p > forms[i].first_high)
            continue;
        if (forms[i].length > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

char *json_quote(const char *text)
{
    auto_free char *quoted = mem_alloc(6 * strlen(text) + 3);
    char *out = quoted;

    *out++ = '"';
    for (const unsigned char *p = (const unsigned char *) text; *p;) {
        size_t length = utf8_length(p);

        if (length == 0)
            return NULL;
        if (*p < ' ')
            out += snprintf(out, 7, "\\u%04x", *p);
        else {
            if (*p == '"' || *p == '\\')
                *out++ = '\\';
            memcpy(out, p, length);
            out += length;
        }
        p += length;
    }
    *out++ = '"';
    *out = '\0';
    return TAKE(quoted);
}

/* The texts of LIST as a JSON array, without those that are not UTF-8. */
static char *quote_list(const struct strings *list)
{
    char *array = mem_copy_string("[");
    const char *separator = "";

    for (size_t i = 0; i < list->count; i++) {
        auto_free char *quoted = json_quote(list->item[i]);

        if (quoted) {
            char *longer = mem_format("%s%s%s", array, separator, quoted);

            free(array);
            array = longer;
            separator = ",";
        }
    }

    char *closed = mem_format("%s]", array);
    free(array);
    return closed;
}

/* ,"KEY":"TEXT" or nothing. */
static char *optional_member(const char *key, const char *text)
{
    auto_free char *quoted = text ? json_quote(text) : NULL;

    return quoted ? mem_format(",\"%s\":%s", key, quoted) : mem_copy_string("");
}

char *user_record(const struct bound_user *user, const struct strings *groups)
{
    auto_free char *name = json_quote(user->name), *home = json_quote(user->home);
    auto_free char *real_name = optional_member("realName", user->real_name);
    auto_free char *shell = optional_member("shell", user->shell);
    auto_free char *member_of = quote_list(groups);

    return mem_format("{\"userName\":%s,\"uid\":%u,\"gid\":%u%s,\"homeDirectory\":%s,\"service\":\"" SERVICE
                      "\"%s,\"memberOf\":%s}\n",
                      name, user->id, user->id, real_name, home, shell, member_of);
}

char *user_privileged_record(const struct bound_user *user)
{
    auto_free char *password = user->password ? json_quote(user->password) : NULL;
    auto_free char *keys = quote_list(&user->ssh_keys);
    bool has_keys = strcmp(keys, "[]") != 0;

    return mem_format("{\"privileged\":{%s%s%s%s%s%s}}\n", password ? "\"hashedPassword\":[" : "",
                      password ? password : "", password ? "]" : "", password && has_keys ? "," : "",
                      has_keys ? "\"sshAuthorizedKeys\":" : "", has_keys ? keys : "");
}

char *group_record(const struct bound_user *user)
{
    auto_free char *name = json_quote(user->name);

    return mem_format("{\"groupName\":%s,\"gid\":%u,\"service\":\"" SERVICE "\"}\n", name, user->id);
}
