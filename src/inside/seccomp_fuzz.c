/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of a filter. Input: a line of names to allow, one of names to deny, and one of the rest: "sync" for
 * --suppress-sync=, "~" for families to deny, and numbers of address families. Whatever the words, the kernel would
 * take the program, and what is denied, allowed, or in neither list comes out as such.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/spec.h"
#include "inside/seccomp_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FAMILIES = 256 };

static void check(int holds)
{
    if (!holds)
        abort();
}

/* Cuts the first line off *text and splits it at blanks. */
static void take_line(char **text, struct strings *ret)
{
    char *line = *text, *end = line + strcspn(line, "\n");

    *text = *end ? end + 1 : end;
    *end = '\0';
    strings_split(ret, line, " \t\r");
}

static void read_rest(const struct strings *words, struct seccomp_request *request, int *families)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->item[i];
        int32_t family;

        if (strcmp(word, "sync") == 0)
            request->suppress_sync = true;
        else if (strcmp(word, "~") == 0)
            request->families_given = request->families_deny = true;
        else if (parse_i32(word, &family) == 0 && request->n_families < MAX_FAMILIES) {
            request->families_given = true;
            families[request->n_families++] = family;
        }
    }
    request->families = families;
}

/* Whether CALL is what one of NAMES stands for. */
static bool names_hold(const struct strings *names, const struct syscall_name *call)
{
    for (size_t i = 0; i < names->count; i++)
        for (const struct syscall_name *named = NULL; (named = syscall_next(names->item[i], named));)
            if (named == call)
                return true;
    return false;
}

static void check_call(const struct filter *filter, const struct syscall_abi *abi, int32_t number, bool allowed,
                       bool denied)
{
    uint8_t class = abi->class[syscall_index(abi, number)];
    uint32_t action = filter_judge(filter, abi, (uint32_t) number, NULL).action;

    if (class == SYSCALL_UNKNOWN && (denied || !allowed))
        check(action == ERRNO_VERDICT(ENOSYS));
    else if (denied || !(allowed || class_is_allowed(class, CAPABILITIES_DEFAULT)))
        check(action == ERRNO_VERDICT(EPERM));
    else if (class == SYSCALL_SYNC || class == SYSCALL_SYNC_FD || class == SYSCALL_SOCKET)
        check(action == SECCOMP_RET_ALLOW || action == ERRNO_VERDICT(0) || action == ERRNO_VERDICT(EAFNOSUPPORT));
    else
        check(action == SECCOMP_RET_ALLOW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_error struct error *ignored = NULL;
    auto_free char *text = mem_copy_bytes(data, size < 4096 ? size : 4096);
    auto_free struct filter *filter = mem_alloc(sizeof *filter);
    CLEANUP(strings_done) struct strings allow = {0}, deny = {0}, rest = {0};
    struct seccomp_request request = {.capabilities = CAPABILITIES_DEFAULT, .allowed = &allow, .denied = &deny};
    int families[MAX_FAMILIES];
    char *at = text;

    take_line(&at, &allow);
    take_line(&at, &deny);
    take_line(&at, &rest);
    read_rest(&rest, &request, families);

    check(seccomp_build(&request, filter->program, COUNT_OF(filter->program), &filter->length, &ignored) == 0);
    check(bpf_is_valid(filter->program, filter->length));
    for (const struct syscall_name *call = NULL; (call = syscall_next("@known", call));) {
        bool allowed = names_hold(&allow, call), denied = names_hold(&deny, call);

        for (size_t abi = 0; abi < n_syscall_abis; abi++)
            if (call->number[abi] >= 0)
                check_call(filter, &syscall_abis[abi], call->number[abi], allowed, denied);
    }
    return 0;
}
