/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids for file systems only (setfsuid(2)), with the capabilities that go with a change of them taken back. */
#include "enter/file_maker.h"

#include <errno.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "enter/guest.h"

int file_maker_of_guest(const struct guest *guest, struct file_maker *ret, struct error **err)
{
    uint32_t uid, gid;

    if (guest_host_id(guest, GUEST_UIDS, 0, &uid, err) < 0 || guest_host_id(guest, GUEST_GIDS, 0, &gid, err) < 0)
        return -error_code(*err);
    *ret = (struct file_maker){.uid = uid, .gid = gid};
    return 0;
}

int file_maker_become(const struct file_maker *maker, struct error **err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (maker->uid == geteuid() && maker->gid == getegid())
        return 0;
    /* neither call tells whether it worked, but by what the next one says the id was */
    (void) setfsgid(maker->gid);
    (void) setfsuid(maker->uid);
    if ((gid_t) setfsgid((gid_t) -1) != maker->gid || (uid_t) setfsuid((uid_t) -1) != maker->uid)
        return fail(err, EPERM, "cannot make files as user %u", (unsigned) maker->uid);
    if (syscall(SYS_capget, &header, data) < 0)
        return fail(err, errno, "cannot read our own capabilities");
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    return syscall(SYS_capset, &header, data) < 0 ? fail(err, errno, "cannot keep our own capabilities") : 0;
}
