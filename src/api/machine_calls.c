/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending machines, and asking about them. */
#include "api/machine_calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/worker.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/os_release.h"
#include "machine/look.h"
#include "machine/running.h"
#include "net/address_list.h"

#define MANAGE "org.freedesktop.machine1.manage-machines"
#define INSPECT "org.freedesktop.machine1.inspect-machines"

/* Work on the machine of the call. */
static struct work work_on(const struct service *service, const char *action, const char *verb)
{
    return (struct work){
        .action = action, .machine = service->machine.name, .verb = verb, .owner = service->machine.uid,
    };
}

/* -- ends -- */

static int run_terminate(const struct service *service, const void *data, struct control_message *answer,
                         struct error **err)
{
    CLEANUP(running_done) struct running machine = RUNNING_INIT;

    (void) data, (void) answer;
    return running_open(service->registry, service->machine.name, &machine, err) < 0 ? -error_code(*err)
                                                                                    : running_terminate(&machine, err);
}

int machine_terminate(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = work_on(service, MANAGE, "terminate");

    work.run = run_terminate;
    return service_machine_is_host(service) ? refuse_host(ret) : worker_start(service, call, &work, ret);
}

struct kill_order {
    enum kill_whom whom;
    int signal;
};

static int run_kill(const struct service *service, const void *data, struct control_message *answer, struct error **err)
{
    CLEANUP(running_done) struct running machine = RUNNING_INIT;
    const struct kill_order *order = data;

    (void) answer;
    return running_open(service->registry, service->machine.name, &machine, err) < 0
               ? -error_code(*err) : running_kill(&machine, order->whom, order->signal, err);
}

int machine_kill(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    static const char *const words[] = {[KILL_LEADER] = "leader", [KILL_SUPERVISOR] = "supervisor", [KILL_ALL] = "all"};
    struct work work = work_on(service, MANAGE, "kill");
    struct kill_order order = {.whom = KILL_ALL};
    const char *whom;
    int signal, r = sd_bus_message_read(call, "si", &whom, &signal);

    if (r < 0)
        return r;
    size_t i = 0;
    while (*whom && i < COUNT_OF(words) && strcmp(whom, words[i]) != 0)
        i++;
    if (i == COUNT_OF(words))
        return sd_bus_error_setf(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid kill parameter '%s'", whom);
    if (signal < 1 || signal > 64)
        return sd_bus_error_setf(ret, SD_BUS_ERROR_INVALID_ARGS, "Invalid signal %i", signal);
    if (service_machine_is_host(service))
        return refuse_host(ret);
    order = (struct kill_order){*whom ? (enum kill_whom) i : KILL_ALL, signal};
    work.run = run_kill;
    work.data = &order;
    return worker_start(service, call, &work, ret);
}

/* -- questions -- */

static int run_get_addresses(const struct service *service, const void *data, struct control_message *answer,
                             struct error **err)
{
    CLEANUP(address_reader_done) struct address_reader reader = ADDRESS_READER_INIT;
    CLEANUP(addresses_done) struct addresses addresses = {0};
    const struct machine_state *machine = &service->machine;

    (void) data;
    int r = string_equal(machine->class, "host") ? addresses_read_own(&addresses, err)
                                                 : addresses_read(&reader, (pid_t) machine->leader, &addresses, err);
    if (r == -ENONET) {
        error_freep(err);
        return fail_plain(err, ENONET, "Machine %s does not use private networking", machine->name);
    }
    for (size_t i = 0; r == 0 && i < addresses.count; i++) {
        char text[ADDRESS_TEXT_SIZE];

        control_add(answer, "ADDRESS", "%i %s", addresses.item[i].family, address_text(&addresses.item[i], text));
    }
    return r;
}

static int reply_addresses(sd_bus_message *reply, const struct control_message *answer)
{
    int r = sd_bus_message_open_container(reply, 'a', "(iay)");

    for (size_t i = 0; r >= 0 && i < answer->fields.count; i++) {
        const char *text = string_after(answer->fields.item[i], "ADDRESS=");
        unsigned char bytes[16];
        int family = text ? atoi(text) : 0;

        text = text ? strchr(text, ' ') : NULL;
        if (!text || inet_pton(family, text + 1, bytes) != 1)
            continue;
        if ((r = sd_bus_message_open_container(reply, 'r', "iay")) < 0 ||
            (r = sd_bus_message_append(reply, "i", family)) < 0 ||
            (r = sd_bus_message_append_array(reply, 'y', bytes, family == AF_INET ? 4 : 16)) < 0 ||
            (r = sd_bus_message_close_container(reply)) < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

int machine_get_addresses(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = {.run = run_get_addresses, .reply = reply_addresses};

    return worker_start(service, call, &work, ret);
}

int machine_get_ssh_info(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    (void) call;
    return sd_bus_error_setf(ret, SD_BUS_ERROR_FILE_NOT_FOUND, "Machine '%s' has no SSH access of its own",
                             service->machine.name);
}

static int run_get_os_release(const struct service *service, const void *data, struct control_message *answer,
                              struct error **err)
{
    CLEANUP(strings_done) struct strings pairs = {0};
    auto_close int root_fd = machine_open_root(&service->machine);

    (void) data;
    if (root_fd < 0 || os_release_read_all(root_fd, &pairs) < 0)
        return fail_plain(err, ENOENT, "Machine '%s' has no os-release file", service->machine.name);
    for (size_t i = 0; i < pairs.count; i++)
        control_add(answer, "PAIR", "%s", pairs.item[i]);
    return 0;
}

int work_reply_pairs(sd_bus_message *reply, const struct control_message *answer)
{
    int r = sd_bus_message_open_container(reply, 'a', "{ss}");

    for (size_t i = 0; r >= 0 && i < answer->fields.count; i++) {
        const char *pair = string_after(answer->fields.item[i], "PAIR=");
        const char *equals = pair ? strchr(pair, '=') : NULL;

        if (equals) {
            auto_free char *key = mem_copy_bytes(pair, (size_t) (equals - pair));
            r = sd_bus_message_append(reply, "{ss}", key, equals + 1);
        }
    }
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

int machine_get_os_release(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct work work = {.run = run_get_os_release, .reply = work_reply_pairs};

    return worker_start(service, call, &work, ret);
}

int machine_get_uid_shift(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    int64_t shift = service_machine_is_host(service) ? 0 : machine_read_id_shift(&service->machine);

    (void) ret;
    return sd_bus_reply_method_return(call, "u", shift < 0 ? 0 : (uint32_t) shift);
}
