// OpenSSL 3's libcrypto for Swift: the headers used, and functions for the macros Swift cannot import.
#ifndef PORTCULLIS_COPENSSL_SHIM_H
#define PORTCULLIS_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/opensslv.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "OpenSSL 3.0 or later is needed"
#endif

/// OPENSSL_free
static inline void copenssl_free(void *pointer) { OPENSSL_free(pointer); }

/// OPENSSL_clear_free: wipes, then frees.
static inline void copenssl_clear_free(void *pointer, size_t count) { OPENSSL_clear_free(pointer, count); }

/// EVP_PKEY_PUBLIC_KEY, the selection for EVP_PKEY_fromdata.
static inline int copenssl_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

// The builder keeps the pointer to a parameter's name. A Swift string lends one for the length of the call only, so
// names have to be literals of C.

/// Adds modulus and exponent; the numbers must outlive the builder.
static inline int copenssl_push_rsa_public_key(OSSL_PARAM_BLD *builder, const BIGNUM *modulus, const BIGNUM *exponent)
{
    return OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
}

/// Adds the curve's name and an encoded point; both must outlive the builder.
static inline int copenssl_push_elliptic_public_key(OSSL_PARAM_BLD *builder, const char *group_name,
                                                    const void *point, size_t point_byte_count)
{
    return OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group_name, 0)
        && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_byte_count);
}

#endif
