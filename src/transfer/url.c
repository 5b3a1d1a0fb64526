/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No library: what is fetched is handed to one as it stands, only the ends of paths are looked at here. */
#include "transfer/url.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

#define URL_MAX 4096u

bool url_is_one(const char *text)
{
    return strstr(text, "://") != NULL;
}

int url_check(const char *url, struct error **err)
{
    static const char *const schemes[] = {"http://", "https://", "file:///"};
    const char *rest = NULL;

    for (size_t i = 0; i < COUNT_OF(schemes) && !rest; i++)
        rest = string_after(url, schemes[i]);
    bool valid = rest && *rest && *rest != '/' && strlen(url) < URL_MAX;
    for (const char *p = url; *p && valid; p++)
        valid = (unsigned char) *p > ' ' && *p != 127;
    if (valid)
        return 0;
    fail_plain(err, EINVAL, "URL '%s' is not valid.", url);
    fail_id(*err, "R5100");
    fail_hint(*err, "it begins with https://, http:// or file:///, and has no blanks");
    return -EINVAL;
}

char *url_file_path(const char *url)
{
    const char *from = string_after(url, "file://");
    char *path, *to;

    if (!from)
        return NULL;
    path = to = mem_copy_string(from);
    for (; *from; from++) {
        int high = *from == '%' ? hex_digit_value(from[1]) : -1, low = high < 0 ? -1 : hex_digit_value(from[2]);

        if (low >= 0 && high + low > 0) {       /* a NUL stays as it is written */
            *to++ = (char) (high * 16 + low);
            from += 2;
        } else
            *to++ = *from;
    }
    *to = '\0';
    return path;
}

/* How much of URL is scheme, host and path. */
static size_t path_size(const char *url)
{
    return strcspn(url, "?#");
}

char *url_with_suffix(const char *url, const char *suffix)
{
    return mem_format("%.*s%s", (int) path_size(url), url, suffix);
}

static size_t folder_size(const char *url)
{
    size_t size = path_size(url);

    while (size > 0 && url[size - 1] != '/')
        size--;
    return size;
}

char *url_beside(const char *url, const char *name)
{
    return mem_format("%.*s%s", (int) folder_size(url), url, name);
}

char *url_file_name(const char *url)
{
    size_t folder = folder_size(url);

    return mem_copy_bytes(url + folder, path_size(url) - folder);
}

char *url_escape_for_name(const char *url)
{
    enum { MAX = 160 };
    char *name = mem_alloc(4 * strlen(url) + 1), *to = name;

    for (; *url && to - name < MAX; url++) {
        unsigned char c = (unsigned char) *url;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_-.", c);

        if (plain)
            *to++ = (char) c;
        else {
            *to++ = '\\';
            *to++ = 'x';
            *to++ = "0123456789abcdef"[c >> 4];
            *to++ = "0123456789abcdef"[c & 15];
        }
    }
    *to = '\0';
    return name;
}
