// What Swift cannot see of libcurl: its variadic functions, given a type each, and a few macros.
// No logic lives here.

#ifndef PORTOLAN_CLIBCURL_SHIM_H
#define PORTOLAN_CLIBCURL_SHIM_H

// Opaque handle types instead of `void`, so that an easy handle is never taken for a multi handle.
#define CURL_STRICTER 1
#define CURL_DISABLE_TYPECHECK 1

#include <curl/curl.h>
#include <sys/socket.h>

typedef size_t (*portolan_data_callback)(char *_Nullable, size_t, size_t, void *_Nullable);
typedef curl_socket_t (*portolan_socket_callback)(void *_Nullable, curlsocktype, struct curl_sockaddr *_Nullable);
typedef int (*portolan_ready_callback)(void *_Nullable, char *_Nullable, char *_Nullable, int, int);

static const long portolan_global_all = CURL_GLOBAL_ALL;
static const long portolan_sslversion_tls12 = CURL_SSLVERSION_TLSv1_2;
static const long portolan_http_1_1 = CURL_HTTP_VERSION_1_1;
static const long portolan_http_2_tls = CURL_HTTP_VERSION_2TLS;
static const long portolan_http_2_prior_knowledge = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
static const long portolan_multiplex = CURLPIPE_MULTIPLEX;
static const curl_socket_t portolan_socket_bad = CURL_SOCKET_BAD;

static inline CURLcode portolan_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode portolan_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode portolan_easy_set_string(CURL *easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode portolan_easy_set_pointer(CURL *easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode portolan_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode portolan_easy_set_data_callback(
    CURL *easy, CURLoption option, portolan_data_callback _Nonnull callback) {
    return curl_easy_setopt(easy, option, callback);
}

static inline CURLcode portolan_easy_set_socket_callback(CURL *easy, portolan_socket_callback _Nonnull callback) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode portolan_easy_set_ready_callback(CURL *easy, portolan_ready_callback _Nonnull callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

static inline CURLcode portolan_easy_get_long(CURL *easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode portolan_easy_get_offset(CURL *easy, CURLINFO info, curl_off_t *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode portolan_easy_get_string(CURL *easy, CURLINFO info, const char *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode portolan_easy_get_private(CURL *easy, void *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, value);
}

static inline CURLMcode portolan_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// libcurl declares the address as a plain `sockaddr`; the object behind it is as long as `addrlen` says.
static inline const struct sockaddr *_Nonnull portolan_socket_address(const struct curl_sockaddr *_Nonnull address) {
    return &address->addr;
}

// The result lives in a C union, which Swift would import as a pair of overlapping optionals.
static inline CURLcode portolan_message_result(const CURLMsg *_Nonnull message) {
    return message->data.result;
}

#endif
