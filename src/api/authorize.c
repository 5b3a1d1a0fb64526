/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/authorize.h"

#include <errno.h>

#include "base/mem.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define AUTHORITY POLKIT, "/org/freedesktop/PolicyKit1/Authority", POLKIT ".Authority"

/* A person may have to find a password. */
#define PATIENCE_US ((uint64_t) 5 * 60 * 1000000)

static int refuse(struct error **err, const char *action, const char *hint)
{
    int r = fail_plain(err, EACCES, "Access denied: the action %s is not granted", action);

    fail_id(*err, "R4601");
    fail_hint(*err, "%s", hint);
    return r;
}

static int append_details(sd_bus_message *message, const struct authorization *question)
{
    const char *const pairs[][2] = {{"machine", question->machine}, {"verb", question->verb}};
    int r = sd_bus_message_open_container(message, 'a', "{ss}");

    for (size_t i = 0; r >= 0 && i < COUNT_OF(pairs); i++)
        if (pairs[i][1])
            r = sd_bus_message_append(message, "{ss}", pairs[i][0], pairs[i][1]);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* 1: granted. */
static int ask(sd_bus *bus, const struct authorization *question)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL, *reply = NULL;
    int granted = 0, r;

    if ((r = sd_bus_message_new_method_call(bus, &message, AUTHORITY, "CheckAuthorization")) < 0 ||
        (r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s", question->caller,
                                   question->action)) < 0 ||
        (r = append_details(message, question)) < 0 ||
        (r = sd_bus_message_append(message, "us", question->interactive ? 1 : 0, "")) < 0 ||
        (r = sd_bus_call(bus, message, PATIENCE_US, NULL, &reply)) < 0 ||
        (r = sd_bus_message_enter_container(reply, 'r', "bba{ss}")) < 0 ||
        (r = sd_bus_message_read(reply, "b", &granted)) < 0)
        return r;
    return granted;
}

int authorization_read_caller(struct authorization *ret, sd_bus_message *call)
{
    __attribute__((cleanup(sd_bus_creds_unrefp))) sd_bus_creds *creds = NULL;
    const char *caller = sd_bus_message_get_sender(call);
    int r = sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &creds);

    ret->caller = caller ? caller : "";
    ret->interactive = sd_bus_message_get_allow_interactive_authorization(call) > 0;
    return r < 0 ? r : sd_bus_creds_get_euid(creds, &ret->caller_uid);
}

int authorize(const struct authorization *question, struct error **err)
{
    __attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;

    if (question->caller_uid == 0 || (question->owner != 0 && question->caller_uid == question->owner))
        return 0;

    int r = sd_bus_open_system(&bus);
    if (r >= 0)
        r = ask(bus, question);
    if (r < 0)
        return refuse(err, question->action, "call as root: no polkit is running here that could grant it");
    return r > 0 ? 0 : refuse(err, question->action, "call as root, or have a rule of polkit grant it");
}
