/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/elsewhere.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* ssh(1) joins its words and has a shell part them again. */
static char *quoted(const char *word)
{
    auto_free char *text = mem_alloc(4 * strlen(word) + 3);
    char *at = text;

    *at++ = '\'';
    for (; *word; word++)
        if (*word == '\'') {
            memcpy(at, "'\\''", 4);
            at += 4;
        } else
            *at++ = *word;
    *at++ = '\'';
    return TAKE(text);
}

static int fail_host(const char *host, struct error **err)
{
    int r = fail_plain(err, EINVAL, "'%s' is no host", host);

    fail_id(*err, "R1015");
    fail_hint(*err, "as in: -H [USER@]HOST[:PORT][/MACHINE]");
    return r;
}

int elsewhere_ssh_words(const char *host, const struct strings *words, bool terminal, struct strings *ret,
                        struct error **err)
{
    auto_free char *place = mem_copy_string(host);
    char *machine = strchr(place, '/'), *port = NULL;
    uint32_t number;

    if (machine)
        *machine++ = '\0';
    /* an IPv6 address has colons of its own, and brackets where a port follows */
    char *colon = strrchr(place, ':');
    if (colon && (colon == strchr(place, ':') || colon[-1] == ']')) {
        *colon = '\0';
        port = colon + 1;
    }
    /* a leading dash would be an option of ssh's */
    if (!*place || *place == '-' || (machine && !*machine) || (port && parse_u32(port, &number) < 0))
        return fail_host(host, err);

    strings_add(ret, "ssh");
    strings_add(ret, terminal ? "-xt" : "-xT");
    if (port) {
        strings_add(ret, "-p");
        strings_add(ret, port);
    }
    strings_add(ret, "--");
    strings_add(ret, place);
    for (size_t i = 0; i < words->count; i++) {
        strings_take(ret, quoted(words->item[i]));
        if (i == 0 && machine) {
            auto_free char *option = mem_format("--machine=%s", machine);
            strings_take(ret, quoted(option));
        }
    }
    return 0;
}

static int call_over_ssh(const char *host, const struct strings *words, bool terminal, struct error **err)
{
    CLEANUP(strings_done) struct strings call = {0};

    if (elsewhere_ssh_words(host, words, terminal, &call, err) < 0)
        return -error_code(*err);
    (void) execvp(call.item[0], call.item);

    int r = fail(err, errno, "cannot start ssh");
    fail_id(*err, "R1016");
    if (r == -ENOENT)
        fail_hint(*err, "install an ssh client, for instance the package openssh-client");
    return r;
}

static int call_inside(const char *machine, const struct strings *words, bool terminal, struct error **err)
{
    CLEANUP(strings_done) struct strings call = {0};

    strings_add(&call, "redd");
    strings_add(&call, "exec");
    if (terminal)
        strings_add(&call, "--tty");
    strings_add(&call, machine);
    strings_add(&call, "--");
    for (size_t i = 0; i < words->count; i++)
        strings_add(&call, words->item[i]);
    (void) execv("/proc/self/exe", call.item);
    return fail(err, errno, "cannot start redd once more");
}

int elsewhere_call(const char *host, const char *machine, const struct strings *words, bool terminal,
                   struct error **err)
{
    return host ? call_over_ssh(host, words, terminal, err) : call_inside(machine, words, terminal, err);
}
