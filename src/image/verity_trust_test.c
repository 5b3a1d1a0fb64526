/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures of root hashes, made by openssl as pkcs7.h says, and the certificates they are checked by. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sha256.h"
#include "image/pkcs7.h"
#include "image/remove_tree.h"
#include "image/verity_trust.h"

#include "base/test.h"

#define HASH "aabbccdd00112233aabbccdd00112233aabbccdd00112233aabbccdd00112233"

static const char signer[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIC+zCCAeOgAwIBAgIUSaYCRtfwMdwYJag7KSmk4yuJxScwDQYJKoZIhvcNAQEL\n"
    "BQAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjUxNzUyNTJaGA8yMTI2MTEwMTE3NTI1\n"
    "MlowDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEB\n"
    "AJbCbvK+CfXz9j26iqJtVXb8eZHOttdF/DVJMQeuLPikNkHvkoVDRorQM58afte+\n"
    "XXMfwrrQR6vb9QdqesxCNP/pIzK7UtxTR2xCRqnBbSzelXLN15D0nOcwt5amPOSY\n"
    "PJye0YB3I4e/9trDC4Ve34JUX+/3KAEdy9dmRmXYP84qrClBybkWiDGRHNSDIM78\n"
    "AxSYbfyE0sqxoeo+78gsog5eiTNG6A0HX25YujcHlSlBwQgVcVy5hsRbffVA8T6N\n"
    "yvz0hCYSubx4sY99ADt12JTNx6AknN5W03ZY/4dZYMBZ+CFsOmNMqQFNBPJujY3T\n"
    "NWlJfYfBe/igML2Ka6qeNn8CAwEAAaNTMFEwHQYDVR0OBBYEFAwnHyLRR3WkbGJa\n"
    "IuB1xIyqfbYiMB8GA1UdIwQYMBaAFAwnHyLRR3WkbGJaIuB1xIyqfbYiMA8GA1Ud\n"
    "EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAJQ55LULI55rpW9WsojvQg9d\n"
    "wms7o5Xq166GY1quwJaTtib8KuQ3ksoluBRIx22dgfenwN7Xbei1LtrR7ccPKDcl\n"
    "fiuAJ4NErB38iGLjm9UC0TI4uTj4xyZzxMH1yv/wiCmM2z5WESDUNpBFtYevcowu\n"
    "uCipGde6reCK9dpFhkzi2SZ/IEOW3POfEt+TsPqIPxn1Pw9UQ9qmoAxziMXtvXtm\n"
    "j5u+5f4wnDGV5XQT8p1vNyx9CFcQe0IQD8odqp34Qu+xAUdVOhxoosi0ZMQFtE0G\n"
    "O/6i039rTrqrmk10GnPwnmc7H+vNFTJPz/cthZk3OVa59lLN5u5Et+SQcP27MaI=\n"
    "-----END CERTIFICATE-----\n";

static const char somebody_else[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIC+zCCAeOgAwIBAgIUcx/ubJsBhGuL4Ei22iLnFzH4G6gwDQYJKoZIhvcNAQEL\n"
    "BQAwDDEKMAgGA1UEAwwBYjAgFw0yNjExMjUxNzUyNTNaGA8yMTI2MTEwMTE3NTI1\n"
    "M1owDDEKMAgGA1UEAwwBYjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEB\n"
    "AK6svi4QhUqO0uuE3Qq56MGCI36gKKka1Tdxna55eaRGmKl4Pubwkybmo+bWZOkB\n"
    "CM4QMji+SWaeaQBhCOjDbeiHNwxo1fT+tcmfsK3f1acIQNcWTPJd9tJE0rGuPPOI\n"
    "PtSOvuFc7FgwRUu2X3so/AfQDWi+u8VIWu7J3EYR99azzK4wERXHRPEGyQ3Y9nRG\n"
    "JhoA5RbXrhbWZVChuuQtcbRg/8WgJyQQEuJWWuWFbcmhDrs3Ire53pc6lV+0Uw/T\n"
    "OYeeVJ5WrTnZPZOTcD+1ILzUhzJ3xLKJPPvRE3W/6+LMXXpEctUfO+C8+HZy9vtc\n"
    "DMt95oPZRh57NYOTUpbrLeECAwEAAaNTMFEwHQYDVR0OBBYEFJ0ef8x8r3U+KH0A\n"
    "qdzOyU0CwMXCMB8GA1UdIwQYMBaAFJ0ef8x8r3U+KH0AqdzOyU0CwMXCMA8GA1Ud\n"
    "EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAIxzefIC3tp2Gk99XkUuaN/p\n"
    "q4swqqBI4GH2wnExTCaKTgbmyWD2ARu/+HE3uBQSTgq6QXd3K1R2rwd7FVvo5Stu\n"
    "Dp9F9klkdC1wNRw6NN9zXMnqDBrEDO93wNMwfGDvJomnQfjOHJPyCnQoS8gVXTKS\n"
    "EuL+bL8CMSxWqYee6yyLwMrQ0sBzXl+r4J7siwC7rQ87kf2UPpyC2lNPDYrXbbec\n"
    "+lCmfYhAO18QOIsxGv7ZtXM/plAOF8M6NT22kvqdJAs6JtskKaYbpvW7zQuOX+FP\n"
    "A3iE6P1CYKxgUwBqzqU2mgn1zzdvt4gcN8SKBH1zgwKm3oAYxXwRBmk2v8dv9pQ=\n"
    "-----END CERTIFICATE-----\n";

static const unsigned char signature[] = {
    0x30, 0x82, 0x01, 0x87, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x82, 0x01,
    0x78, 0x30, 0x82, 0x01, 0x74, 0x02, 0x01, 0x01, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
    0x07, 0x01, 0x31, 0x82, 0x01, 0x4f, 0x30, 0x82, 0x01, 0x4b, 0x02, 0x01, 0x01, 0x30, 0x24, 0x30, 0x0c, 0x31,
    0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 0x61, 0x02, 0x14, 0x49, 0xa6, 0x02, 0x46, 0xd7,
    0xf0, 0x31, 0xdc, 0x18, 0x25, 0xa8, 0x3b, 0x29, 0x29, 0xa4, 0xe3, 0x2b, 0x89, 0xc5, 0x27, 0x30, 0x0d, 0x06,
    0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x04, 0x82, 0x01, 0x00, 0x41, 0x5f, 0xfb, 0x84, 0x07,
    0xe0, 0xb1, 0x37, 0x43, 0x86, 0x91, 0x30, 0x5d, 0x0d, 0x72, 0x06, 0x4b, 0x2c, 0x57, 0x4f, 0xd4, 0x1d, 0x11,
    0x9a, 0x2a, 0x58, 0x58, 0xce, 0x04, 0x08, 0x7c, 0xe2, 0x47, 0x94, 0x1f, 0x47, 0xb3, 0x6a, 0x41, 0xda, 0x90,
    0x53, 0xcb, 0xf3, 0x33, 0x2b, 0x45, 0x17, 0x56, 0xbc, 0x72, 0x08, 0xdd, 0x9b, 0x5c, 0x13, 0x84, 0x6d, 0x4c,
    0x59, 0xab, 0x4c, 0xa9, 0xa3, 0x9f, 0xa3, 0xcd, 0x96, 0x2f, 0xfb, 0x88, 0xe0, 0xe7, 0xea, 0xf8, 0x89, 0xf5,
    0x1f, 0x71, 0xed, 0x73, 0xda, 0x57, 0xf4, 0x9c, 0xa0, 0x3f, 0x93, 0x95, 0xc3, 0x36, 0x51, 0x2a, 0xc8, 0x6b,
    0xee, 0x7e, 0x06, 0x46, 0xc0, 0x2e, 0x03, 0x44, 0x59, 0x48, 0xd3, 0xbf, 0x8f, 0x68, 0xbc, 0x69, 0xb6, 0xe7,
    0xf8, 0x00, 0xb7, 0x62, 0xe0, 0x78, 0x09, 0x10, 0x56, 0xa2, 0x0d, 0x90, 0xc5, 0x31, 0x5d, 0x3b, 0x37, 0x63,
    0x3c, 0xbb, 0x50, 0x54, 0x08, 0xff, 0x3f, 0x41, 0x16, 0x22, 0x42, 0xd3, 0xe6, 0xe6, 0x0c, 0xf7, 0xfb, 0xfc,
    0x22, 0xeb, 0xf1, 0x7e, 0x72, 0xe9, 0xfb, 0xc1, 0x7c, 0x16, 0x3e, 0xb7, 0x48, 0x8d, 0xec, 0x77, 0xd1, 0x39,
    0xd8, 0xc8, 0xfe, 0x04, 0xbe, 0xe4, 0x96, 0x4c, 0x29, 0xd5, 0xf4, 0x42, 0x5e, 0xdc, 0x18, 0x7c, 0x75, 0x30,
    0x9b, 0x11, 0x1e, 0xbe, 0xf0, 0x0e, 0x59, 0x94, 0x85, 0x15, 0x87, 0xfa, 0x68, 0xc7, 0xcf, 0xed, 0x71, 0x34,
    0x3d, 0xea, 0xcf, 0x14, 0xdb, 0xae, 0xf5, 0x13, 0xc7, 0x08, 0x14, 0x69, 0xde, 0x1a, 0x0b, 0xe7, 0xa4, 0xa1,
    0x84, 0xbc, 0x95, 0xe5, 0x49, 0x41, 0xc5, 0x37, 0x61, 0x4f, 0x05, 0x3d, 0xdd, 0xa1, 0x43, 0x64, 0x61, 0x1c,
    0x74, 0x47, 0x6e, 0x6f, 0x88, 0x26, 0xea, 0x30, 0x0c, 0x46, 0x33, 0x60, 0x74, 0x46, 0xd1, 0x80, 0x63,
};

TEST(digests_are_those_that_are_published)
{
    static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}, of_nothing[] = {0xe3, 0xb0};
    static const unsigned char of_56[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8};
    static const char text_56[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    unsigned char digest[SHA256_SIZE];

    sha256("abc", 3, digest);
    EXPECT_TRUE(memcmp(digest, of_abc, sizeof of_abc) == 0);
    sha256("", 0, digest);
    EXPECT_TRUE(memcmp(digest, of_nothing, sizeof of_nothing) == 0);
    sha256(text_56, strlen(text_56), digest);
    EXPECT_TRUE(memcmp(digest, of_56, sizeof of_56) == 0);
    /* as sha256sum(1) says of 200 bytes "x": more than a block before the last */
    auto_free char *many = mem_alloc(200);
    memset(many, 'x', 200);
    sha256(many, 200, digest);
    EXPECT_INT(digest[0], 0xaa);
    EXPECT_INT(digest[31], 0x6d);
}

TEST(a_signature_is_taken_apart)
{
    struct pkcs7 parsed;

    EXPECT_OK(pkcs7_parse(signature, sizeof signature, &parsed, ERR));
    EXPECT_INT(parsed.key, PKCS7_RSA);
    EXPECT_INT(parsed.signature_size, 256);
    EXPECT_TRUE(parsed.signature + 256 == signature + sizeof signature);
}

TEST(a_signature_that_is_cut_is_none)
{
    struct pkcs7 parsed;

    for (size_t size = 0; size < sizeof signature; size++)
        EXPECT_FAIL(pkcs7_parse(signature, size, &parsed, ERR), EBADMSG, "it is damaged");
}

static void write_file(const char *folder, const char *name, const char *text)
{
    auto_free char *path = path_join(folder, name);
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
}

/* Kernels without certificates, and sandboxes that keep keys from us. */
static bool kernel_has_keys(void)
{
    return syscall(SYS_add_key, "asymmetric", "redd:test", "none", 4, KEY_SPEC_THREAD_KEYRING) < 0 && errno == EBADMSG;
}

TEST(only_the_owners_of_certificates_are_trusted)
{
    char first[] = "/tmp/redd-trust-XXXXXX", second[] = "/tmp/redd-trust-XXXXXX";
    unsigned char spoilt[sizeof signature];

    if (!kernel_has_keys())
        skip();
    EXPECT_TRUE(mkdtemp(first) && mkdtemp(second));
    const char *const folders[] = {"/nowhere", first, second, NULL};

    EXPECT_FAIL(verity_trust_check(HASH, signature, sizeof signature, folders, ERR), ENOKEY, "no certificate");
    write_file(first, "other.crt", somebody_else);
    write_file(first, "signer.pem", signer);            /* not called as it should be */
    EXPECT_FAIL(verity_trust_check(HASH, signature, sizeof signature, folders, ERR), EKEYREJECTED, "(1) none belongs");
    write_file(second, "signer.crt", signer);
    EXPECT_OK(verity_trust_check(HASH, signature, sizeof signature, folders, ERR));
    EXPECT_FAIL(verity_trust_check("b" HASH, signature, sizeof signature, folders, ERR), EKEYREJECTED, "none belongs");
    memcpy(spoilt, signature, sizeof signature);
    spoilt[sizeof signature - 1] ^= 1;
    EXPECT_FAIL(verity_trust_check(HASH, spoilt, sizeof spoilt, folders, ERR), EKEYREJECTED, "none belongs");
    write_file(first, "signer.crt", "");                /* hides the other of that name */
    EXPECT_FAIL(verity_trust_check(HASH, signature, sizeof signature, folders, ERR), EKEYREJECTED, "(1) none belongs");
    write_file(first, "signer.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_FAIL(verity_trust_check(HASH, signature, sizeof signature, folders, ERR), EBADMSG, "one could not be used");
    (void) remove_tree(AT_FDCWD, first);
    (void) remove_tree(AT_FDCWD, second);
}

TESTS(RUN(digests_are_those_that_are_published), RUN(a_signature_is_taken_apart),
      RUN(a_signature_that_is_cut_is_none), RUN(only_the_owners_of_certificates_are_trusted))
