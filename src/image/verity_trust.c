/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/verity_trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "image/pkcs7.h"

enum { CERTIFICATE_MAX = 64 * 1024 };

const char *const verity_trust_folders[] = {"/etc/verity.d", "/run/verity.d", "/usr/lib/verity.d", NULL};

/* One signature, and how it fared with the certificates so far. */
struct trial {
    struct pkcs7 signature;
    unsigned char digest[SHA256_SIZE];
    struct strings names;       /* of files that were tried */
    unsigned tried;
    bool is_accepted;
    int reason;                 /* why the last certificate could not be used at all */
};

/* The bytes of the first certificate in TEXT. */
static int decode(const char *text, unsigned char **ret, size_t *ret_size)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----";
    const char *at = strstr(text, head), *end = at ? strstr(at, "-----END CERTIFICATE-----") : NULL;

    if (!end)
        return -EBADMSG;
    at += strlen(head);
    auto_free char *digits = mem_alloc((size_t) (end - at) + 1);
    size_t n = 0;
    for (; at < end; at++)
        if (!strchr(" \t\r\n", *at))
            digits[n++] = *at;
    return base64_decode(digits, n, ret, ret_size);
}

/* 0: the key KEY made the signature. */
static int verify(const struct trial *trial, long key)
{
    const struct keyctl_pkey_params params = {
        .key_id = (int32_t) key, .in_len = SHA256_SIZE, .in2_len = (uint32_t) trial->signature.signature_size,
    };
    const char *how = trial->signature.key == PKCS7_RSA ? "enc=pkcs1 hash=sha256" : "enc=x962 hash=sha256";

    return syscall(SYS_keyctl, KEYCTL_PKEY_VERIFY, &params, how, trial->digest, trial->signature.signature) < 0 ? -errno
                                                                                                                 : 0;
}

static int try_certificate(struct trial *trial, int dir_fd, const char *name)
{
    auto_free char *text = NULL;
    auto_free unsigned char *bytes = NULL;
    size_t size = 0;

    int r = file_read_quiet(dir_fd, name, CERTIFICATE_MAX, &text);
    if (r < 0 || *text == '\0')
        return r;
    r = decode(text, &bytes, &size);
    if (r < 0)
        return r;
    trial->tried++;
    long key = syscall(SYS_add_key, "asymmetric", "redd:verity.d", bytes, size, KEY_SPEC_THREAD_KEYRING);
    if (key < 0)
        return -errno;
    r = verify(trial, key);
    (void) syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_THREAD_KEYRING, 0, 0);
    trial->is_accepted = r == 0;
    /* of another kind, or of somebody else: that is no trouble of the certificate */
    return r == -EKEYREJECTED || r == -EINVAL || r == -EBADMSG ? 0 : r;
}

static void try_folder(struct trial *trial, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        fd_closep(&fd);
        return;
    }
    for (struct dirent *entry; !trial->is_accepted && (entry = readdir(dir));) {
        if (!string_ends(entry->d_name, ".crt") || strings_contain(&trial->names, entry->d_name))
            continue;
        strings_add(&trial->names, entry->d_name);
        int r = try_certificate(trial, dirfd(dir), entry->d_name);
        if (r == 0)
            continue;
        log_debug("cannot use the certificate %s/%s: %s", folder, entry->d_name, strerror(-r));
        trial->reason = r;
    }
    (void) closedir(dir);
}

static int refuse(const struct trial *trial, struct error **err)
{
    if (trial->reason < 0)
        return fail(err, -trial->reason, "of their certificates one could not be used");
    if (trial->tried == 0)
        return fail_plain(err, ENOKEY, "there is no certificate in them");
    return fail_plain(err, EKEYREJECTED, "of their certificates (%u) none belongs to it, or the hash was changed",
                      trial->tried);
}

int verity_trust_check(const char *hash, const unsigned char *signature, size_t size, const char *const folders[],
                       struct error **err)
{
    struct trial trial = {0};

    if (pkcs7_parse(signature, size, &trial.signature, err) < 0)
        return -error_code(*err);
    sha256(hash, strlen(hash), trial.digest);
    for (size_t i = 0; folders[i] && !trial.is_accepted; i++)
        try_folder(&trial, folders[i]);
    strings_done(&trial.names);
    return trial.is_accepted ? 0 : refuse(&trial, err);
}
