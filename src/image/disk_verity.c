/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/disk_verity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/verity_signature.h"
#include "image/verity_super.h"
#include "image/verity_trust.h"

enum { HASH_FILE_MAX = 4096 };

struct disk_verity *disk_verity_new(void)
{
    struct disk_verity *verity = mem_alloc(sizeof *verity);

    *verity = (struct disk_verity){.data_fd = -1, .loop = LOOP_NONE, .device = DM_NONE};
    return verity;
}

/* -- what is known -- */

static bool is_switched_off(const char *variable)
{
    const char *value = getenv(variable);

    return value && parse_boolean(value) == 0;
}

/* NAME.SUFFIX for NAME.raw, and for any other file. */
static char *beside(const char *path, const char *suffix)
{
    auto_free char *stem = mem_copy_bytes(path, strlen(path) - (string_ends(path, ".raw") ? strlen(".raw") : 0));

    return mem_format("%s%s", stem, suffix);
}

static int take_hash(const char *text, const char *where, struct disk_verity *verity, struct error **err)
{
    verity->hash = verity_hash_parse(text);
    if (verity->hash)
        return 0;

    int r = fail_plain(err, EINVAL, "what %s has is no root hash", where);
    fail_id(*err, "R3214");
    fail_hint(*err,
              "a root hash is 32 hex digits or more, normally 64: the last line that 'veritysetup format' prints");
    return r;
}

static int find_hash(int fd, const char *path, bool is_usr, struct disk_verity *verity, struct error **err)
{
    auto_free char *file = beside(path, is_usr ? ".usrhash" : ".roothash"), *text = NULL;
    const char *name = is_usr ? "user.verity.usrhash" : "user.verity.roothash";
    char value[VERITY_HASH_DIGITS_MAX + 1] = "";

    if (fgetxattr(fd, name, value, sizeof value - 1) > 0)
        return take_hash(value, name, verity, err);

    int r = file_read_quiet(AT_FDCWD, file, HASH_FILE_MAX, &text);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? fail(err, -r, "cannot read %s", file) : take_hash(text, file, verity, err);
}

static int read_signature(const char *path, struct disk_verity *verity, struct error **err)
{
    char *text;

    if (file_read_at(AT_FDCWD, path, VERITY_SIGNATURE_MAX, &text, &verity->signature_size, err) < 0)
        return -error_code(*err);
    verity->signature = (unsigned char *) text;
    return 0;
}

static int find_signature(const char *path, bool is_usr, const char *asked, struct disk_verity *verity,
                          struct error **err)
{
    const char *data = asked ? string_after(asked, "base64:") : NULL;
    auto_free char *file = beside(path, is_usr ? ".usrhash.p7s" : ".roothash.p7s");

    if (data)       /* the option was checked */
        return base64_decode(data, strlen(data), &verity->signature, &verity->signature_size) < 0
                   ? fail(err, EINVAL, "cannot read the signature") : 0;
    if (asked)
        return read_signature(asked, verity, err);
    return access(file, F_OK) < 0 ? 0 : read_signature(file, verity, err);
}

/* Only of the root: /usr has its hashes in the image. */
static int find_hashes(const char *path, const char *asked, struct disk_verity *verity, struct error **err)
{
    auto_free char *file = asked ? mem_copy_string(asked) : beside(path, ".verity");

    verity->data_fd = file_open(file, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    return verity->data_fd < 0 && (asked || errno != ENOENT) ? fail(err, errno, "cannot open %s", file) : 0;
}

int disk_verity_find(int fd, const char *path, bool is_usr, const struct disk_request *request,
                     struct disk_verity *verity, struct error **err)
{
    static const struct disk_request nothing;
    struct stat st;
    bool has_beside =
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_switched_off("SYSTEMD_DISSECT_VERITY_SIDECAR");

    if (is_usr)
        request = &nothing;
    verity->is_asked = request->root_hash;
    if (verity->is_asked ? take_hash(request->root_hash, "--root-hash=", verity, err) < 0
                         : has_beside && find_hash(fd, path, is_usr, verity, err) < 0)
        return -error_code(*err);
    if (!verity->hash && (request->root_hash_sig || request->verity_data)) {
        int r = fail_plain(err, EINVAL, "--root-hash-sig= and --verity-data= are of no use without a root hash");

        fail_id(*err, "R3214");
        fail_hint(*err, "--root-hash= gives it: the last line that 'veritysetup format' prints");
        return r;
    }
    if (!verity->hash)
        return 0;
    if ((has_beside || request->root_hash_sig) && !is_switched_off("SYSTEMD_DISSECT_VERITY_SIGNATURE") &&
        find_signature(path, is_usr, request->root_hash_sig, verity, err) < 0)
        return -error_code(*err);
    return is_usr || !(has_beside || request->verity_data) ? 0 : find_hashes(path, request->verity_data, verity, err);
}

void disk_verity_ids(const char *hash, struct id128 *ret_data, struct id128 *ret_hashes)
{
    auto_free char *first = mem_copy_bytes(hash, VERITY_HASH_DIGITS_MIN);

    (void) id128_parse(first, ret_data);        /* both have the right length and digits only */
    (void) id128_parse(hash + strlen(hash) - VERITY_HASH_DIGITS_MIN, ret_hashes);
}

/* -- the device -- */

static int open_hashes(struct disk_verity *verity, int image_fd, struct error **err)
{
    struct stat st;

    if (verity->has_place)
        return loop_attach(image_fd, verity->offset, verity->size, true, false, &verity->loop, err);
    if (fstat(verity->data_fd, &st) < 0)
        return fail(err, errno, "cannot look at the hashes (verity)");
    return loop_attach(verity->data_fd, 0, S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0, true, false, &verity->loop,
                       err);
}

/* The kernel looks for the signature among the keys of the thread that loads the table. */
static int add_key(const struct disk_verity *verity, const char *name, struct error **err)
{
    long key = syscall(SYS_add_key, "user", name, verity->signature, verity->signature_size, KEY_SPEC_THREAD_KEYRING);

    return key < 0 ? fail(err, errno, "cannot hand the signature of the root hash to the kernel") : (int) key;
}

static int fail_unsigned(struct error **err)
{
    int r = fail_in(err, "the root hash is not accepted without a signature");

    fail_id(*err, "R3215");
    fail_hint(*err, "this kernel was started with dm_verity.require_signatures=1: --root-hash-sig= names it");
    return r;
}

/* KERNEL and OURS are why neither accepts the signature. */
static int fail_trust(struct error *kernel, struct error *ours, struct error **err)
{
    int r = fail_plain(err, EKEYREJECTED,
                       "the signature of the root hash is not accepted: not by the kernel's keyrings (%s), nor by the "
                       "certificates in /etc/verity.d, /run/verity.d and /usr/lib/verity.d (%s)",
                       strerror(error_code(kernel)), error_text(ours));

    fail_id(*err, "R3215");
    fail_hint(*err, "the signer's certificate belongs into /etc/verity.d/NAME.crt (PEM), or into a keyring that the "
                    "kernel trusts; --image-policy=root=verity goes without the signature");
    return r;
}

/* The first read is the first check: a wrong hash would else show as a damaged file system. */
static int check_data(const struct disk_verity *verity, uint32_t block_size, struct error **err)
{
    auto_free char *block = mem_alloc(block_size);

    if (pread(verity->device.fd, block, block_size, 0) == (ssize_t) block_size)
        return 0;

    int r = fail_plain(err, EKEYREJECTED, "the data has not the root hash %s", verity->hash);
    fail_id(*err, "R3216");
    fail_hint(*err, "it was changed since the hash was made, the hash is of another image, or the hashes (verity) are; "
                    "'veritysetup verify' finds out where");
    return r;
}

static int make_device(struct disk_verity *verity, const struct loop *data, const struct verity_super *super,
                       const char *key, struct undo *undo, struct error **err)
{
    struct stat data_st, hash_st;

    if (fstat(data->fd, &data_st) < 0 || fstat(verity->loop.fd, &hash_st) < 0)
        return fail(err, errno, "cannot look at a loop device");
    auto_free char *table = verity_super_table(super, data_st.st_rdev, hash_st.st_rdev, verity->hash, key);
    return dm_create("verity", table, super->data_blocks * super->data_block_size, undo, &verity->device, err);
}

static bool is_distrust(int r)
{
    return r == -ENOKEY || r == -EKEYREJECTED || r == -EBADMSG || r == -ENOPKG;
}

/* The kernel is asked first: it may be told to run nothing that it does not trust itself. */
static int make_signed(struct disk_verity *verity, const struct loop *data, const struct verity_super *super,
                       struct undo *undo, struct error **err)
{
    auto_free char *key_name = mem_format("redd:%s", verity->hash);
    auto_error struct error *refused = NULL, *ours = NULL;
    int key = add_key(verity, key_name, err);

    if (key < 0)
        return key;
    int r = make_device(verity, data, super, key_name, undo, &refused);
    (void) syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_THREAD_KEYRING, 0, 0);
    if (r == 0)
        return 0;
    /* -EINVAL: a kernel that does not check signatures */
    if (!is_distrust(r) && r != -EINVAL) {
        *err = TAKE(refused);
        return r;
    }
    if (is_switched_off("SYSTEMD_ALLOW_USERSPACE_VERITY"))
        (void) fail_plain(&ours, EKEYREJECTED, "switched off by SYSTEMD_ALLOW_USERSPACE_VERITY");
    else if (verity_trust_check(verity->hash, verity->signature, verity->signature_size, verity_trust_folders,
                                &ours) == 0)
        return make_device(verity, data, super, NULL, undo, err);
    return fail_trust(refused, ours, err);
}

int disk_verity_open(struct disk_verity *verity, int image_fd, const struct loop *data, uint64_t size,
                     bool with_signature, struct undo *undo, struct error **err)
{
    unsigned char head[VERITY_SUPER_SIZE] = {0};
    struct verity_super super;

    if (open_hashes(verity, image_fd, err) < 0)
        return -error_code(*err);
    if (pread(verity->loop.fd, head, sizeof head, 0) < 0)
        return fail(err, errno, "cannot read the hashes (verity)");
    if (verity_super_parse(head, size, &super, err) < 0)
        return -error_code(*err);
    int r = with_signature ? make_signed(verity, data, &super, undo, err)
                           : make_device(verity, data, &super, NULL, undo, err);
    if (!with_signature && is_distrust(r))
        return fail_unsigned(err);
    return r < 0 ? r : check_data(verity, super.data_block_size, err);
}

struct disk_verity *disk_verity_free(struct disk_verity *verity)
{
    if (!verity)
        return NULL;
    dm_done(&verity->device);
    loop_done(&verity->loop);
    fd_closep(&verity->data_fd);
    free(TAKE(verity->hash));
    free(TAKE(verity->signature));
    free(verity);
    return NULL;
}

void disk_verity_freep(struct disk_verity **verity)
{
    *verity = disk_verity_free(*verity);
}
