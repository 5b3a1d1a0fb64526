/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A packet of the control socket: read, and written again where it could be read. */
#include "ipc/control.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(control_message_done) struct control_message message = {0};
    CLEANUP(control_message_done) struct control_message again = {0};
    auto_error struct error *err = NULL, *unexpected = NULL;
    char packet[CONTROL_SIZE_MAX];

    if (size > CONTROL_SIZE_MAX || control_parse((const char *) data, size, &message, &err) < 0)
        return 0;

    /* the version may be written with leading zeroes, so the copy may be shorter, never longer */
    int n = control_format(&message, packet);
    if (!message.error) {
        assert(n >= 0 && (size_t) n <= size);
        assert(control_parse(packet, (size_t) n, &again, &unexpected) == 0);
        assert(strcmp(again.word, message.word) == 0 && again.fields.count == message.fields.count);
    }
    return 0;
}
