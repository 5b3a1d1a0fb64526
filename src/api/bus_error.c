/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our errors in the words of the bus. */
#include <errno.h>
#include <string.h>

#include "api/service.h"
#include "base/mem.h"
#include "base/strings.h"

/* Clients tell these apart by name, and people by the sentence, which is ours. */
static const struct {
    int code;
    const char *says;           /* somewhere in the sentence; NULL: anything */
    const char *name;
} rows[] = {
    {ENXIO, "No machine '", MACHINE1_NAME ".NoSuchMachine"},
    {ENOENT, "No image '", MACHINE1_NAME ".NoSuchImage"},
    {EEXIST, "Machine '", MACHINE1_NAME ".MachineExists"},
    {ENONET, NULL, MACHINE1_NAME ".NoPrivateNetworking"},
    {ENXIO, "No transfer by id", IMPORT1_NAME ".NoSuchTransfer"},
    {EINVAL, NULL, SD_BUS_ERROR_INVALID_ARGS},
    {EOPNOTSUPP, NULL, SD_BUS_ERROR_NOT_SUPPORTED},
    {EPERM, NULL, SD_BUS_ERROR_ACCESS_DENIED},
};

int bus_error_of(sd_bus_error *ret, struct error **err)
{
    auto_error struct error *taken = TAKE(*err);
    const char *hint = error_hint(taken);
    auto_free char *text = hint ? mem_format("%s (%s)", error_text(taken), hint) : mem_copy_string(error_text(taken));

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].code == error_code(taken) && (!rows[i].says || strstr(text, rows[i].says)))
            return sd_bus_error_set(ret, rows[i].name, text);
    return sd_bus_error_set_errnof(ret, error_code(taken), "%s", text);
}

int fail_bus(struct error **err, int r, const char *doing)
{
    return fail(err, -r, "cannot %s", doing);
}
