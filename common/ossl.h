/* ossl.h: OpenSSL, loaded when the first of its functions is called */
#ifndef OSSL_H
#define OSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/*
 * These two libraries are most of what a start costs, and many a start needs
 * neither: --version, a wrong option, a lookup, a plaintext probe.  The code
 * calls their functions by their names, as their manuals have them; the names
 * lead to this table.  One that is new here is added to both lists: without
 * the first it does not compile, without the second it does not link.
 */
#define OSSL_ALL(X) \
	X(ASN1_STRING_get0_data) X(ASN1_STRING_length) X(ASN1_TIME_to_tm) \
	X(BIO_clear_flags) X(BIO_ctrl) X(BIO_free) X(BIO_get_data) \
	X(BIO_meth_free) X(BIO_meth_new) X(BIO_meth_set_create) \
	X(BIO_meth_set_ctrl) X(BIO_meth_set_read) X(BIO_meth_set_write) \
	X(BIO_new) X(BIO_s_mem) X(BIO_set_data) X(BIO_set_flags) \
	X(BIO_set_init) X(CRYPTO_free) X(CRYPTO_memcmp) X(ERR_clear_error) \
	X(ERR_peek_error) X(ERR_peek_last_error) X(ERR_reason_error_string) \
	X(EVP_Digest) X(EVP_DigestFinal_ex) X(EVP_DigestInit_ex) \
	X(EVP_DigestUpdate) X(EVP_MD_CTX_free) X(EVP_MD_CTX_new) \
	X(EVP_MD_get_size) X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) \
	X(EVP_PKEY_get_bits) X(EVP_PKEY_get_group_name) \
	X(EVP_PKEY_get_security_bits) X(EVP_get_digestbyname) X(EVP_md5) \
	X(EVP_sha1) X(EVP_sha256) X(EVP_sha512) X(GENERAL_NAMES_free) \
	X(HMAC) X(OBJ_nid2sn) X(OPENSSL_sk_num) X(OPENSSL_sk_value) \
	X(PEM_write_bio_X509) X(PKCS5_PBKDF2_HMAC) X(RAND_bytes) \
	X(SSL_CIPHER_get_name) X(SSL_CTX_ctrl) X(SSL_CTX_dane_enable) \
	X(SSL_CTX_free) X(SSL_CTX_get_cert_store) \
	X(SSL_CTX_get_security_level) X(SSL_CTX_load_verify_file) \
	X(SSL_CTX_new) X(SSL_CTX_set_cert_verify_callback) \
	X(SSL_CTX_set_cipher_list) X(SSL_CTX_set_client_cert_cb) \
	X(SSL_CTX_set_options) X(SSL_CTX_set_security_level) \
	X(SSL_CTX_use_PrivateKey_file) \
	X(SSL_CTX_use_certificate_chain_file) X(SSL_alert_desc_string_long) \
	X(SSL_ctrl) X(SSL_dane_enable) X(SSL_dane_set_flags) \
	X(SSL_dane_tlsa_add) X(SSL_do_handshake) \
	X(SSL_export_keying_material) X(SSL_free) X(SSL_free_buffers) \
	X(SSL_get0_alpn_selected) X(SSL_get0_dane_authority) \
	X(SSL_get0_param) X(SSL_get0_peer_certificate) \
	X(SSL_get_current_cipher) X(SSL_get_error) X(SSL_get_ex_data) \
	X(SSL_get_ex_data_X509_STORE_CTX_idx) X(SSL_get_peer_cert_chain) \
	X(SSL_get_peer_signature_type_nid) X(SSL_get_version) \
	X(SSL_group_to_name) X(SSL_is_init_finished) X(SSL_new) X(SSL_read) \
	X(SSL_set_alpn_protos) X(SSL_set_bio) X(SSL_set_connect_state) \
	X(SSL_set_ex_data) X(SSL_set_verify) X(SSL_shutdown) X(SSL_version) \
	X(SSL_write) X(TLS_client_method) X(X509_LOOKUP_ctrl) \
	X(X509_LOOKUP_hash_dir) X(X509_NAME_print_ex) \
	X(X509_STORE_CTX_free) X(X509_STORE_CTX_get0_param) \
	X(X509_STORE_CTX_get_current_cert) X(X509_STORE_CTX_get_error) \
	X(X509_STORE_CTX_get_error_depth) X(X509_STORE_CTX_get_ex_data) \
	X(X509_STORE_CTX_init) X(X509_STORE_CTX_new) \
	X(X509_STORE_CTX_set_default) X(X509_STORE_CTX_set_ex_data) \
	X(X509_STORE_CTX_set_verify_cb) X(X509_STORE_add_lookup) \
	X(X509_VERIFY_PARAM_set1_host) X(X509_VERIFY_PARAM_set1_ip_asc) \
	X(X509_VERIFY_PARAM_set_auth_level) \
	X(X509_VERIFY_PARAM_set_hostflags) X(X509_check_ca) \
	X(X509_check_host) X(X509_check_ip_asc) X(X509_digest) X(X509_free) \
	X(X509_get0_notAfter) X(X509_get0_notBefore) X(X509_get0_pubkey) \
	X(X509_get_X509_PUBKEY) X(X509_get_default_cert_dir) \
	X(X509_get_ext_by_NID) X(X509_get_ext_d2i) X(X509_get_issuer_name) \
	X(X509_get_signature_info) X(X509_get_signature_nid) \
	X(X509_get_subject_name) X(X509_self_signed) X(X509_up_ref) \
	X(X509_verify_cert) X(X509_verify_cert_error_string) X(d2i_PUBKEY) \
	X(d2i_PublicKey) X(i2d_X509) X(i2d_X509_PUBKEY)

struct ossl {
#define OSSL_MEMBER(f) __typeof__(f) *f;
	OSSL_ALL(OSSL_MEMBER)
#undef OSSL_MEMBER
};

extern const struct ossl *ossl_here;	/* NULL until ossl_load */

/*
 * Loads libssl and libcrypto of the version this was compiled for, once, and
 * looks all functions up; the table cannot be written to after that.  Ends
 * the program with status 71 if they cannot be had, as one that is linked
 * with them would not begin.  Never NULL.  Any thread.
 */
const struct ossl *ossl_load(void);

static inline const struct ossl *
ossl(void)
{
	const struct ossl *here = __atomic_load_n(&ossl_here, __ATOMIC_ACQUIRE);

	return here != NULL ? here : ossl_load();
}

#define ASN1_STRING_get0_data (*ossl()->ASN1_STRING_get0_data)
#define ASN1_STRING_length (*ossl()->ASN1_STRING_length)
#define ASN1_TIME_to_tm (*ossl()->ASN1_TIME_to_tm)
#define BIO_clear_flags (*ossl()->BIO_clear_flags)
#define BIO_ctrl (*ossl()->BIO_ctrl)
#define BIO_free (*ossl()->BIO_free)
#define BIO_get_data (*ossl()->BIO_get_data)
#define BIO_meth_free (*ossl()->BIO_meth_free)
#define BIO_meth_new (*ossl()->BIO_meth_new)
#define BIO_meth_set_create (*ossl()->BIO_meth_set_create)
#define BIO_meth_set_ctrl (*ossl()->BIO_meth_set_ctrl)
#define BIO_meth_set_read (*ossl()->BIO_meth_set_read)
#define BIO_meth_set_write (*ossl()->BIO_meth_set_write)
#define BIO_new (*ossl()->BIO_new)
#define BIO_s_mem (*ossl()->BIO_s_mem)
#define BIO_set_data (*ossl()->BIO_set_data)
#define BIO_set_flags (*ossl()->BIO_set_flags)
#define BIO_set_init (*ossl()->BIO_set_init)
#define CRYPTO_free (*ossl()->CRYPTO_free)
#define CRYPTO_memcmp (*ossl()->CRYPTO_memcmp)
#define ERR_clear_error (*ossl()->ERR_clear_error)
#define ERR_peek_error (*ossl()->ERR_peek_error)
#define ERR_peek_last_error (*ossl()->ERR_peek_last_error)
#define ERR_reason_error_string (*ossl()->ERR_reason_error_string)
#define EVP_Digest (*ossl()->EVP_Digest)
#define EVP_DigestFinal_ex (*ossl()->EVP_DigestFinal_ex)
#define EVP_DigestInit_ex (*ossl()->EVP_DigestInit_ex)
#define EVP_DigestUpdate (*ossl()->EVP_DigestUpdate)
#define EVP_MD_CTX_free (*ossl()->EVP_MD_CTX_free)
#define EVP_MD_CTX_new (*ossl()->EVP_MD_CTX_new)
#define EVP_MD_get_size (*ossl()->EVP_MD_get_size)
#define EVP_PKEY_free (*ossl()->EVP_PKEY_free)
#define EVP_PKEY_get_base_id (*ossl()->EVP_PKEY_get_base_id)
#define EVP_PKEY_get_bits (*ossl()->EVP_PKEY_get_bits)
#define EVP_PKEY_get_group_name (*ossl()->EVP_PKEY_get_group_name)
#define EVP_PKEY_get_security_bits (*ossl()->EVP_PKEY_get_security_bits)
#define EVP_get_digestbyname (*ossl()->EVP_get_digestbyname)
#define EVP_md5 (*ossl()->EVP_md5)
#define EVP_sha1 (*ossl()->EVP_sha1)
#define EVP_sha256 (*ossl()->EVP_sha256)
#define EVP_sha512 (*ossl()->EVP_sha512)
#define GENERAL_NAMES_free (*ossl()->GENERAL_NAMES_free)
#define HMAC (*ossl()->HMAC)
#define OBJ_nid2sn (*ossl()->OBJ_nid2sn)
#define OPENSSL_sk_num (*ossl()->OPENSSL_sk_num)
#define OPENSSL_sk_value (*ossl()->OPENSSL_sk_value)
#define PEM_write_bio_X509 (*ossl()->PEM_write_bio_X509)
#define PKCS5_PBKDF2_HMAC (*ossl()->PKCS5_PBKDF2_HMAC)
#define RAND_bytes (*ossl()->RAND_bytes)
#define SSL_CIPHER_get_name (*ossl()->SSL_CIPHER_get_name)
#define SSL_CTX_ctrl (*ossl()->SSL_CTX_ctrl)
#define SSL_CTX_dane_enable (*ossl()->SSL_CTX_dane_enable)
#define SSL_CTX_free (*ossl()->SSL_CTX_free)
#define SSL_CTX_get_cert_store (*ossl()->SSL_CTX_get_cert_store)
#define SSL_CTX_get_security_level (*ossl()->SSL_CTX_get_security_level)
#define SSL_CTX_load_verify_file (*ossl()->SSL_CTX_load_verify_file)
#define SSL_CTX_new (*ossl()->SSL_CTX_new)
#define SSL_CTX_set_cert_verify_callback (*ossl()->SSL_CTX_set_cert_verify_callback)
#define SSL_CTX_set_cipher_list (*ossl()->SSL_CTX_set_cipher_list)
#define SSL_CTX_set_client_cert_cb (*ossl()->SSL_CTX_set_client_cert_cb)
#define SSL_CTX_set_options (*ossl()->SSL_CTX_set_options)
#define SSL_CTX_set_security_level (*ossl()->SSL_CTX_set_security_level)
#define SSL_CTX_use_PrivateKey_file (*ossl()->SSL_CTX_use_PrivateKey_file)
#define SSL_CTX_use_certificate_chain_file (*ossl()->SSL_CTX_use_certificate_chain_file)
#define SSL_alert_desc_string_long (*ossl()->SSL_alert_desc_string_long)
#define SSL_ctrl (*ossl()->SSL_ctrl)
#define SSL_dane_enable (*ossl()->SSL_dane_enable)
#define SSL_dane_set_flags (*ossl()->SSL_dane_set_flags)
#define SSL_dane_tlsa_add (*ossl()->SSL_dane_tlsa_add)
#define SSL_do_handshake (*ossl()->SSL_do_handshake)
#define SSL_export_keying_material (*ossl()->SSL_export_keying_material)
#define SSL_free (*ossl()->SSL_free)
#define SSL_free_buffers (*ossl()->SSL_free_buffers)
#define SSL_get0_alpn_selected (*ossl()->SSL_get0_alpn_selected)
#define SSL_get0_dane_authority (*ossl()->SSL_get0_dane_authority)
#define SSL_get0_param (*ossl()->SSL_get0_param)
#define SSL_get0_peer_certificate (*ossl()->SSL_get0_peer_certificate)
#define SSL_get_current_cipher (*ossl()->SSL_get_current_cipher)
#define SSL_get_error (*ossl()->SSL_get_error)
#define SSL_get_ex_data (*ossl()->SSL_get_ex_data)
#define SSL_get_ex_data_X509_STORE_CTX_idx (*ossl()->SSL_get_ex_data_X509_STORE_CTX_idx)
#define SSL_get_peer_cert_chain (*ossl()->SSL_get_peer_cert_chain)
#define SSL_get_peer_signature_type_nid (*ossl()->SSL_get_peer_signature_type_nid)
#define SSL_get_version (*ossl()->SSL_get_version)
#define SSL_group_to_name (*ossl()->SSL_group_to_name)
#define SSL_is_init_finished (*ossl()->SSL_is_init_finished)
#define SSL_new (*ossl()->SSL_new)
#define SSL_read (*ossl()->SSL_read)
#define SSL_set_alpn_protos (*ossl()->SSL_set_alpn_protos)
#define SSL_set_bio (*ossl()->SSL_set_bio)
#define SSL_set_connect_state (*ossl()->SSL_set_connect_state)
#define SSL_set_ex_data (*ossl()->SSL_set_ex_data)
#define SSL_set_verify (*ossl()->SSL_set_verify)
#define SSL_shutdown (*ossl()->SSL_shutdown)
#define SSL_version (*ossl()->SSL_version)
#define SSL_write (*ossl()->SSL_write)
#define TLS_client_method (*ossl()->TLS_client_method)
#define X509_LOOKUP_ctrl (*ossl()->X509_LOOKUP_ctrl)
#define X509_LOOKUP_hash_dir (*ossl()->X509_LOOKUP_hash_dir)
#define X509_NAME_print_ex (*ossl()->X509_NAME_print_ex)
#define X509_STORE_CTX_free (*ossl()->X509_STORE_CTX_free)
#define X509_STORE_CTX_get0_param (*ossl()->X509_STORE_CTX_get0_param)
#define X509_STORE_CTX_get_current_cert (*ossl()->X509_STORE_CTX_get_current_cert)
#define X509_STORE_CTX_get_error (*ossl()->X509_STORE_CTX_get_error)
#define X509_STORE_CTX_get_error_depth (*ossl()->X509_STORE_CTX_get_error_depth)
#define X509_STORE_CTX_get_ex_data (*ossl()->X509_STORE_CTX_get_ex_data)
#define X509_STORE_CTX_init (*ossl()->X509_STORE_CTX_init)
#define X509_STORE_CTX_new (*ossl()->X509_STORE_CTX_new)
#define X509_STORE_CTX_set_default (*ossl()->X509_STORE_CTX_set_default)
#define X509_STORE_CTX_set_ex_data (*ossl()->X509_STORE_CTX_set_ex_data)
#define X509_STORE_CTX_set_verify_cb (*ossl()->X509_STORE_CTX_set_verify_cb)
#define X509_STORE_add_lookup (*ossl()->X509_STORE_add_lookup)
#define X509_VERIFY_PARAM_set1_host (*ossl()->X509_VERIFY_PARAM_set1_host)
#define X509_VERIFY_PARAM_set1_ip_asc (*ossl()->X509_VERIFY_PARAM_set1_ip_asc)
#define X509_VERIFY_PARAM_set_auth_level (*ossl()->X509_VERIFY_PARAM_set_auth_level)
#define X509_VERIFY_PARAM_set_hostflags (*ossl()->X509_VERIFY_PARAM_set_hostflags)
#define X509_check_ca (*ossl()->X509_check_ca)
#define X509_check_host (*ossl()->X509_check_host)
#define X509_check_ip_asc (*ossl()->X509_check_ip_asc)
#define X509_digest (*ossl()->X509_digest)
#define X509_free (*ossl()->X509_free)
#define X509_get0_notAfter (*ossl()->X509_get0_notAfter)
#define X509_get0_notBefore (*ossl()->X509_get0_notBefore)
#define X509_get0_pubkey (*ossl()->X509_get0_pubkey)
#define X509_get_X509_PUBKEY (*ossl()->X509_get_X509_PUBKEY)
#define X509_get_default_cert_dir (*ossl()->X509_get_default_cert_dir)
#define X509_get_ext_by_NID (*ossl()->X509_get_ext_by_NID)
#define X509_get_ext_d2i (*ossl()->X509_get_ext_d2i)
#define X509_get_issuer_name (*ossl()->X509_get_issuer_name)
#define X509_get_signature_info (*ossl()->X509_get_signature_info)
#define X509_get_signature_nid (*ossl()->X509_get_signature_nid)
#define X509_get_subject_name (*ossl()->X509_get_subject_name)
#define X509_self_signed (*ossl()->X509_self_signed)
#define X509_up_ref (*ossl()->X509_up_ref)
#define X509_verify_cert (*ossl()->X509_verify_cert)
#define X509_verify_cert_error_string (*ossl()->X509_verify_cert_error_string)
#define d2i_PUBKEY (*ossl()->d2i_PUBKEY)
#define d2i_PublicKey (*ossl()->d2i_PublicKey)
#define i2d_X509 (*ossl()->i2d_X509)
#define i2d_X509_PUBKEY (*ossl()->i2d_X509_PUBKEY)

#endif
